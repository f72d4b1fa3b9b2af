"""HTML bodies: safe, absolute, in NFC, and still what the press office wrote."""

import time

import pytest

from feeds.errors import DocumentRefused
from feeds.ingest.bodies.cleaning import clean_html, clean_remainder
from feeds.ingest.nesting import MAX_TAGS

PAGE = "https://e.org/news/1"


def cleaned(body: str, url: str | None = PAGE) -> str:
    return clean_html(body, url=url, base_url="https://news.example.org", warnings=[])


@pytest.mark.parametrize(
    "body",
    [
        '<h2>A</h2><p lang="ar" dir="rtl">ب <bdi>x</bdi></p>',
        (
            '<table><thead><tr><th scope="col">a</th></tr></thead>'
            '<tbody><tr><td colspan="2">b</td></tr></tbody></table>'
        ),
        '<figure><img src="https://e.org/a.png" alt="A" width="3" height="4"></figure>',
        '<p><q>a</q> <abbr title="United Nations">UN</abbr> H<sub>2</sub>O <code>x</code></p>',
        '<ol start="3"><li>x</li></ol><dl><dt>a</dt><dd>b</dd></dl><pre>a\n b</pre>',
        '<p><a href="mailto:a@e.org">m</a> <a href="tel:+12">t</a></p>',
    ],
)
def test_what_carries_meaning_is_kept(body: str) -> None:
    assert cleaned(body) == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param('<p class="a" style="b" id="c" onclick="d">x</p>', "<p>x</p>", id="styling"),
        pytest.param("a<script>b</script><style>c</style>", "a", id="active content"),
        pytest.param("a<iframe>b</iframe><svg><a>c</a></svg>", "a", id="embedded"),
        pytest.param("a<iframe src=x>b</iframe>", 'a <a href="https://e.org/news/x">e.org</a>',
                     id="what can be followed"),
        pytest.param("<form><p>a</p><input><button>b</button></form>", "<p>a</p>", id="form"),
        pytest.param("<center><font color=red>a</font></center>", "<center>a</center>", id="font"),
        pytest.param("<!-- a --><p>b<p>c", "<p>b</p><p>c</p>", id="comment, unclosed"),
        pytest.param("<p dir=RTL>a</p><p dir=up>b</p>", '<p dir="rtl">a</p><p>b</p>', id="dir"),
        pytest.param('<img src="data:image/png;base64,A">a', "a", id="data image"),
        pytest.param('<img src="data:image/png;base64,A" alt="x">a', "x a", id="its alt text"),
        pytest.param("<noscript><img src=a.png></noscript>",
                     '<img src="https://e.org/news/a.png">', id="lazy image"),
        pytest.param("<video poster=p.png src=/v.mp4></video>",
                     '<video poster="https://e.org/news/p.png" src="https://e.org/v.mp4" '
                     'controls=""></video>', id="video"),
        pytest.param("<math><mi><style><img src=x onerror=y></style>", "", id="math"),
        pytest.param("e&#x301;&#1;&#xfffe;&#13;x", "é\nx", id="character references"),
    ],
)  # fmt: skip
def test_what_does_not_is_dropped(body: str, expected: str) -> None:
    assert cleaned(body) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        pytest.param("https://x.org/a?b=c&amp;d#e", "https://x.org/a?b=c&amp;d#e", id="absolute"),
        pytest.param("/a", "https://e.org/a", id="path"),
        pytest.param("a b", "https://e.org/news/a%20b", id="relative with a space"),
        pytest.param("../ä?ö", "https://e.org/%C3%A4?%C3%B6", id="not ASCII"),
        pytest.param("//x.org/a", "https://x.org/a", id="without scheme"),
        pytest.param("#n", "https://e.org/news/1#n", id="place on the page"),
        pytest.param(" https://x.org/\n", "https://x.org/", id="white space"),
        pytest.param("https://müller.de:8/", "https://xn--mller-kva.de:8/", id="IDN"),
        pytest.param("ftp://x.org/a", "ftp://x.org/a", id="ftp"),
        pytest.param("javascript:alert(1)", None, id="script"),
        pytest.param("java&#9;script:alert(1)", None, id="script with a tab"),
        pytest.param("&#1;JavaScript:alert(1)", None, id="script behind a control"),
        pytest.param("data:text/html,x", None, id="data"),
        pytest.param("hhttps://x.org", None, id="unknown scheme"),
        pytest.param("http://[x", None, id="broken"),
        pytest.param("ftp:///a", None, id="no host"),
        pytest.param("", None, id="empty"),
    ],
)
def test_links_are_absolute_or_gone(href: str, expected: str | None) -> None:
    attribute = "" if expected is None else f' href="{expected}"'
    assert cleaned(f'<a href="{href}">x</a>') == f"<a{attribute}>x</a>"


def test_without_an_address_links_start_at_ours_and_fragments_lead_nowhere() -> None:
    body = cleaned('<a href="a">x</a><a href=" #b">y</a>', url=None)
    assert body == '<a href="https://news.example.org/a">x</a><a>y</a>'


def test_a_link_without_scheme_is_https_even_on_an_http_page() -> None:
    assert cleaned('<a href="//x.org/">x</a>', url="http://e.org/") == (
        '<a href="https://x.org/">x</a>'
    )


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("a.png 1x, /b.png 2x", "https://e.org/news/a.png 1x, https://e.org/b.png 2x"),
        ("a.png", "https://e.org/news/a.png"),
        ("a.png,b.png 480w", "https://e.org/news/a.png,b.png 480w"),
        ("javascript:x 1x, a.png 2x", "https://e.org/news/a.png 2x"),
        ("," * 9_000, None),
        ("data:x 1x", None),
    ],
)
def test_srcset(srcset: str, expected: str | None) -> None:
    attribute = "" if expected is None else f' srcset="{expected}"'
    assert cleaned(f'<img src="/a" srcset="{srcset}">') == f'<img src="https://e.org/a"{attribute}>'


def test_a_combining_character_does_not_eat_the_tag_before_it() -> None:
    """``>`` and U+0338 would compose, and ``<p>`` would not be a tag any more."""
    assert cleaned("<p>\u0338a e\u0301</p>") == "<p>&#x338;a é</p>"
    assert cleaned("<p>\u0327\u0338a</p>") == "<p>&#x327;\u0338a</p>"


def test_only_a_heading_that_repeats_the_title_goes() -> None:
    def titled(body: str, title: str) -> str:
        return clean_html(body, url=None, base_url="https://n.org", warnings=[], title=title)

    assert titled("<h1>A <b>&amp; b</b></h1>\n<p>x</p>", "a & B") == "<p>x</p>"
    assert titled(" <h1 class=c>A</h1><p>x</p>", "A") == "<p>x</p>"
    assert titled("<h1>A</h1><p>x</p>", "B") == "<h1>A</h1><p>x</p>"
    assert titled("<p>x</p><h1>A</h1>", "A") == "<p>x</p><h1>A</h1>"


@pytest.mark.parametrize(
    "body", ["", " <p>&#8203;</p>", "<p><a href=/x></a><br>", "<hr><!-- a -->"]
)
def test_a_body_that_shows_nothing_is_empty(body: str) -> None:
    assert cleaned(body) == ""


def test_what_is_left_of_a_body_is_as_if_it_had_been_all() -> None:
    """This happens when an embargo notice was removed."""
    assert clean_remainder(" <h1>A</h1><p>&#x338;b</p>", title="a") == "<p>&#x338;b</p>"
    assert clean_remainder("<p> </p>", title="a") == ""


def test_the_only_angle_brackets_are_those_of_tags() -> None:
    """`feeds.ingest.characters` relies on this; older nh3 left them in attributes."""
    body = cleaned('<p title="a<b>c">d &gt; e</p>')
    assert body == '<p title="a&lt;b&gt;c">d &gt; e</p>'


def test_what_a_reader_may_miss_is_told() -> None:
    warnings: list[str] = []
    clean_html("<IFRAME></IFRAME><form><p>x", url=None, base_url="https://n.org", warnings=warnings)
    assert warnings == ["body: removed <form>, <iframe>"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("<div>" * 10_000 + "x", "more than 500 elements open", id="nested"),
        pytest.param("<p>x</p>" * (MAX_TAGS // 2 + 1), "holds 50002 tags", id="many tags"),
        pytest.param(
            f"<p>{''.join(f'<b title={n}>' for n in range(300))}</p>{'<p>x' * 20_000}",
            "leaves too many elements open", id="formatting repeated in each paragraph",
        ),
        pytest.param(
            f"<p><i title='{'>' * 1_000}'></p>{'<p>x' * 20_000}",
            "leaves too many elements open", id="one long tag repeated",
        ),
        pytest.param(
            "<div><!--</div>-->" * 10_000, "more than 500 elements", id="closed in a comment"
        ),
        pytest.param(
            "<div title='</div>'>" * 10_000, "more than 500 elements", id="closed in a value"
        ),
    ],
)  # fmt: skip
def test_html_that_would_explode_is_refused_at_once(body: str, reason: str) -> None:
    began = time.perf_counter()
    with pytest.raises(DocumentRefused, match=reason) as caught:
        cleaned(body)
    assert time.perf_counter() - began < 1
    assert caught.value.field == "body"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<p>x" * 20_000, id="paragraphs without end tags"),
        pytest.param("<ul>" + "<li>x" * 20_000, id="items without end tags"),
        pytest.param("<p><b>x</b> <a href=/>y</a></p>" * 5_000, id="many closed ones"),
        pytest.param("<b>Title<b>\n<p>x</p>" * 200, id="b for /b"),
        pytest.param("</div>" * 20_000 + "x", id="end tags only"),
        pytest.param("x <!-- " * 20_000, id="comments without end"),
        pytest.param('x <a href="' * 20_000, id="quotes without end"),
    ],
)
def test_sloppy_html_is_read(body: str) -> None:
    began = time.perf_counter()
    assert "x" in cleaned(body)
    assert time.perf_counter() - began < 3
