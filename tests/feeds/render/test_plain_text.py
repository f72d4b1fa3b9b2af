from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.render.plain_text import plain_text
from tests.support.rendering import sample_entries


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("<p> </p>\n<div></div>", "", id="nothing to see"),
        pytest.param("just text", "just text", id="no markup"),
        pytest.param("<p>one</p>\n\n\n<p>two</p>", "one\n\ntwo", id="paragraphs"),
        pytest.param("<p>a\n  <b>b</b>\tc</p>", "a b c", id="white space"),
        pytest.param("<p>a<br>b<br />c</p>", "a\nb\nc", id="line breaks"),
        pytest.param("<p>a&nbsp; b</p>", "a\xa0 b", id="no-break space stays"),
        pytest.param("<p>a &lt;b&gt; &amp;amp; “c”</p>", "a <b> &amp; “c”", id="references"),
        pytest.param("<ul><li>x</li><li>y</li></ul>z", "- x\n- y\n\nz", id="list"),
        pytest.param("<pre>a\n   b\n</pre><p>c</p>", "a\n   b\n\nc", id="preformatted"),
        pytest.param(
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "A B\n1 2",
            id="table",
        ),
        pytest.param('<p><img src="x" alt="A map"></p>', "A map", id="image"),
        pytest.param('<p><a href="https://x/?a&gt;b">Link</a>, and</p>', "Link, and", id="link"),
        pytest.param("<p>a<!-- b --></p>", "a", id="comment"),
        pytest.param("<h2>Titel</h2><p>مرحبا 😀</p>", "Titel\n\nمرحبا 😀", id="any script"),
    ],
)
def test_a_body_is_readable_as_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_no_word_is_lost(text: str) -> None:
    assert plain_text(f"<p>{escape(text)}</p>").split() == text.split()


def test_no_word_of_a_real_text_is_lost() -> None:
    for entry in sample_entries(10):
        words = plain_text(entry.release.content.body)
        assert "\n\n\n" not in words
        assert bool(words) == bool(entry.release.content.body)
