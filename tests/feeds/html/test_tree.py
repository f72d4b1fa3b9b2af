"""The tree of HTML nodes, on which all reading and cleaning of HTML rests."""

import pytest

from feeds.html import tree


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(" <p>a<p>b", " <p>a</p><p>b</p>", id="unclosed, space before"),
        pytest.param("<style>a</style>b", "<style>a</style>b", id="what may stand in a head"),
        pytest.param("<html><head><title>a</title></head><body>b</body></html>",
                     "<title>a</title>b", id="a whole document"),
        pytest.param("<frameset>a", "a", id="frames"),
        pytest.param("<p>a<table></table>", "<p>a</p><table></table>", id="no quirks"),
        pytest.param("<noscript><img></noscript>", "<noscript><img></noscript>", id="noscript"),
        pytest.param("a &lt; b", "a &lt; b", id="text"),
        pytest.param("", "", id="nothing"),
    ],
)  # fmt: skip
def test_a_fragment_stands_in_a_container(html: str, expected: str) -> None:
    body = tree.parse(html)
    assert body.tag == "body"
    assert tree.inner_html(body) == expected


def test_a_walk_sees_elements_and_texts_in_their_order() -> None:
    body = tree.parse("a<p>b<br><!-- c --><i title>d</i></p>")
    assert [node.tag for node in tree.walk(body) if node.tag != "-comment"] == (
        [tree.TEXT, "p", tree.TEXT, "br", "i", tree.TEXT]
    )
    (italic,) = tree.find(body, "[title]")
    assert [node.tag for node in tree.ancestors(italic)] == ["p", "body"]
    assert [node.tag for node in tree.children(body)] == [tree.TEXT, "p"]
    assert tree.text_of(body) == "abd"


def test_to_find_is_to_find_inside() -> None:
    body = tree.parse("<p><i><p>a</p><p>b</p></i></p>")
    first = tree.find(body, "i")[0]
    assert tree.find(first, "i, p") == []
    assert len(tree.find(body, "i")) == 3


def test_attributes_are_text_whether_they_have_a_value_or_not() -> None:
    (found,) = tree.find(tree.parse("<p hidden title='a&amp;\"b' Lang=en>"), "p")
    assert tree.attributes(found) == {"hidden": "", "title": 'a&"b', "lang": "en"}
    assert tree.attribute(found, "hidden") == ""
    assert tree.attribute(found, "dir") is None
    tree.drop_attribute(found, "hidden")
    tree.drop_attribute(found, "id")
    tree.set_attribute(found, "title", "<")
    assert found.html == '<p title="&lt;" lang="en"></p>'


def test_changes() -> None:
    body = tree.parse("<p>a<b>b<i>c</i></b>d</p>")
    (bold,) = tree.find(body, "b")
    (italic,) = tree.find(body, "i")
    tree.insert_before(bold, "<1>")
    tree.insert_after(bold, tree.new(bold, "br"))
    tree.wrap(italic, "sup")
    tree.wrap_content(bold, "s")
    assert tree.inner_html(body) == ("<p>a&lt;1&gt;<b><s>b<sup><i>c</i></sup></s></b><br>d</p>")
    strong = tree.rename(bold, "strong")
    tree.unwrap(tree.find(body, "s")[0])
    tree.replace(italic, "e")
    tree.append(strong, tree.new(strong, "a", {"href": "/"}))
    assert tree.inner_html(body) == (
        '<p>a&lt;1&gt;<strong>b<sup>e</sup><a href="/"></a></strong><br>d</p>'
    )
    tree.unwrap(tree.find(body, "a")[0])
    assert "<a" not in tree.inner_html(body)


def test_nodes_that_look_alike_are_two() -> None:
    first, second = tree.find(tree.parse("<p>a</p><p>a</p>"), "p")
    assert not tree.same(first, second)
    assert tree.same(first, tree.find(first.parent or first, "p")[0])
    assert len({first, second}) == 2
    assert tree.find(first.parent or first, "p")[1] in {second: "a node found twice is one key"}


def test_what_was_removed_can_be_looked_at() -> None:
    body = tree.parse("<div><p>a <b>b</b></p></div>c")
    division, paragraph, bold = tree.find(body, "div, p, b")
    tree.remove(division)
    assert tree.inner_html(body) == "c"
    assert tree.text_of(division) == "a b"
    assert tree.is_in(bold, paragraph)
    assert not tree.is_in(bold, body)
