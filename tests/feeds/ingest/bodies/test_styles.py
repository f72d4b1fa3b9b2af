"""The meaning of inline styles becomes elements that every reader knows."""

import pytest

from feeds.errors import DocumentRefused
from feeds.ingest.bodies.elements import declarations
from feeds.ingest.nesting import MAX_TAGS
from tests.feeds.ingest.bodies.cleaning import cleaned


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("color:red", {"color": "red"}),
        (" COLOR : Red ;; ", {"color": "red"}),
        ("a:b !important;a:c", {"a": "b"}),
        ("a:b;a:c", {"a": "c"}),
        ("a:url(x;y);b:';';c:\"}\"", {"a": "url(x;y)", "b": "';'", "c": '"}"'}),
        ("/* a:b; */c:d", {"c": "d"}),
        ("a;b:;:c;d:e", {"d": "e"}),
        ("a:'", {"a": "'"}),
        ("a:(", {"a": "("}),
        ("x:y" * 9_000, {}),
        ("", {}),
    ],
)
def test_declarations(style: str, expected: dict[str, str]) -> None:
    assert declarations(style) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            '10<span style="vertical-align:super">6</span>', "10<sup>6</sup>", id="super"
        ),
        pytest.param('CO<span style="vertical-align:sub">2</span>', "CO<sub>2</sub>", id="sub"),
        pytest.param(
            '10<font style="font-size:60%;vertical-align:5px">6</font>', "10<sup>6</sup>",
            id="length",
        ),
        pytest.param(
            'x<span style="vertical-align:-20%;font-size:smaller">1</span>', "x<sub>1</sub>",
            id="per cent",
        ),
        pytest.param(
            '10<span style="position:relative;top:-.5em;font-size:.7em">6</span>', "10<sup>6</sup>",
            id="offset",
        ),
        pytest.param('<span style="vertical-align:5px">a</span>', "a", id="only moved"),
        pytest.param('<span style="vertical-align:baseline">a</span>', "a", id="not moved"),
        pytest.param(
            '10<sup style="vertical-align:super">6</sup>', "10<sup>6</sup>", id="once only"
        ),
        pytest.param(
            '10<span style="vertical-align:super"><sup>6</sup></span>', "10<sup>6</sup>",
            id="once only, inside",
        ),
        pytest.param(
            '10<sup style="vertical-align:baseline;position:relative;top:-.4em">6</sup>',
            "10<sup>6</sup>", id="reset",
        ),
        pytest.param(
            '<table><tr><td style="vertical-align:super">a</td></tr></table>',
            "<table><tbody><tr><td>a</td></tr></tbody></table>", id="cell",
        ),
        pytest.param(
            '<a href="/a" style="vertical-align:super">1</a>',
            '<a href="https://e.org/a"><sup>1</sup></a>', id="link",
        ),
    ],
)  # fmt: skip
def test_superscript_and_subscript(body: str, expected: str) -> None:
    assert cleaned(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<span style="text-decoration:line-through">a</span>', "<s>a</s>"),
        ('<span style="text-decoration:line-through red 2px">a</span>', "<s>a</s>"),
        ('<span style="text-decoration-line:underline line-through">a</span>', "<u><s>a</s></u>"),
        ('<p style="text-decoration:line-through">a</p>', "<p><s>a</s></p>"),
        ('<div style="text-decoration:line-through"><p>a</p>b</div>',
         "<div><p><s>a</s></p><s>b</s></div>"),
        ('<del style="text-decoration:line-through">a</del>', "<del><s>a</s></del>"),
        ("<del>a</del>", "<del><s>a</s></del>"),
        ("<del>a <s>b</s></del>", "<del>a <s>b</s></del>"),
        ("<s><del>a</del></s>", "<s><del>a</del></s>"),
        ('<strike style="text-decoration:none">a</strike>', "a"),
        ('<u style="text-decoration:none">a</u>', "a"),
        ('<span style="text-decoration:underline">a</span>', "<u>a</u>"),
        ('<a href="/" style="text-decoration:underline">a</a>', '<a href="https://e.org/">a</a>'),
        ('<span style="text-decoration:underline"><a href="/">a</a></span>',
         '<a href="https://e.org/">a</a>'),
    ],
)  # fmt: skip
def test_lines_through_and_under(body: str, expected: str) -> None:
    assert cleaned(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<span style="font-weight:bold">a</span>', "<b>a</b>"),
        ('<span style="font-weight:600">a</span>', "<b>a</b>"),
        ('<span style="font-weight:500">a</span>', "a"),
        ('<span style="font-weight:inherit">a</span>', "a"),
        ('<b style="font-weight:normal">a</b>', "a"),
        ('<strong style="font-weight:400">a</strong>', "a"),
        ('<b style="font-weight:normal"><p>a <b>b</b></p></b>', "<p>a <b>b</b></p>"),
        ('<b style="font-weight:bold">a</b>', "<b>a</b>"),
        ('<p style="font-weight:bold">a <span style="font-weight:400">b</span> c</p>',
         "<p><b>a </b>b<b> c</b></p>"),
        ('<p><strong>a <i style="font-weight:400">b</i></strong></p>',
         "<p><strong>a </strong><i>b</i></p>"),
        ('<div style="font-weight:700"><h2>a</h2><p>b</p><ul><li>c</li></ul></div>',
         "<div><h2>a</h2><p><b>b</b></p><ul><li><b>c</b></li></ul></div>"),
        ('<h2><span style="font-weight:bold">a</span></h2>', "<h2>a</h2>"),
        ('<h2><span style="font-weight:400">a</span></h2>', "<h2>a</h2>"),
        ('<span style="font-style:italic">a</span>', "<i>a</i>"),
        ('<span style="font-style:oblique 10deg">a</span>', "<i>a</i>"),
        ('<em style="font-style:normal">a</em>', "a"),
        ('<cite style="font-style:italic">a</cite>', "<cite>a</cite>"),
        ('<p>a<span style="font-weight:bold"> </span>b</p>', "<p>a b</p>"),
        ('<span style="font-weight:bold;font-style:italic;vertical-align:super">a</span>',
         "<sup><i><b>a</b></i></sup>"),
    ],
)  # fmt: skip
def test_bold_and_italic(body: str, expected: str) -> None:
    assert cleaned(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p style="direction:rtl">a</p>', '<p dir="rtl">a</p>'),
        ('<p dir="rtl" style="direction:rtl">a</p>', '<p dir="rtl">a</p>'),
        ('<p dir="rtl" style="direction:ltr">a</p>', '<p dir="ltr">a</p>'),
        ('<div dir="rtl"><p style="direction:rtl">a</p></div>', '<div dir="rtl"><p>a</p></div>'),
        ('<span style="direction:rtl;unicode-bidi:bidi-override">a</span>',
         '<bdo dir="rtl">a</bdo>'),
        ('<span style="unicode-bidi:isolate">a</span>', "<bdi>a</bdi>"),
        ('<p style="unicode-bidi:plaintext">a</p>', '<p dir="auto">a</p>'),
        ('<html lang="ar" dir="rtl"><body><p>a</p></body></html>',
         '<div lang="ar" dir="rtl"><p>a</p></div>'),
        ('<p lang="fr">a <bdi>b</bdi><ruby>c<rp>(</rp><rt>d</rt></ruby></p>',
         '<p lang="fr">a <bdi>b</bdi><ruby>c<rp>(</rp><rt>d</rt></ruby></p>'),
    ],
)  # fmt: skip
def test_direction_and_language(body: str, expected: str) -> None:
    assert cleaned(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<div style="white-space:pre-line">a\nb</div>', "<div>a<br>b</div>"),
        ('<p style="white-space:pre-wrap">\na\n\nb\n</p>', "<p>a<br><br>b</p>"),
        ('<p><span style="white-space:pre">a\nb</span></p>', "<p>a<br>b</p>"),
        ('<p style="white-space:pre-line">a <b>b\nc</b></p>', "<p>a <b>b<br>c</b></p>"),
        ('<p style="white-space:pre-line">a <b style="white-space:normal">b\nc</b></p>',
         "<p>a <b>b\nc</b></p>"),
        ('<div style="white-space:pre-line"><p>a</p>\n<p>b\nc</p></div>',
         "<div><p>a</p>\n<p>b<br>c</p></div>"),
        ('<div style="white-space:pre">a   1\nbb  2</div>', "<pre>a   1\nbb  2</pre>"),
        ('<pre style="white-space:normal">a\nb</pre>', "<div>a\nb</div>"),
        ('<pre style="white-space:pre-wrap">a\nb</pre>', "<pre>a\nb</pre>"),
        ('<p style="white-space:nowrap">a\nb</p>', "<p>a\nb</p>"),
        ('<p><span style="display:block">a</span><span style="display:block">b</span></p>',
         "<p>a<br>b</p>"),
        ("<xmp><b>a</b></xmp>", "<pre>&lt;b&gt;a&lt;/b&gt;</pre>"),
        ("<listing>a\nb</listing>", "<pre>a\nb</pre>"),
    ],
)  # fmt: skip
def test_lines(body: str, expected: str) -> None:
    assert cleaned(body) == expected


def test_more_lines_than_a_body_may_have_are_refused() -> None:
    with pytest.raises(DocumentRefused, match="line ends"):
        cleaned('<div style="white-space:pre">a' + "\na" * (MAX_TAGS + 1) + "</div>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p><span>a</span> <span class=x>b</span></p>", "<p>a b</p>"),
        ('<p><span lang="fr">a</span></p>', '<p><span lang="fr">a</span></p>'),
        ("a<address>b</address>c", "a<div>b</div>c"),
        ("<main><p>a</p></main>", "<p>a</p>"),
        ("<nav>a</nav><fieldset><legend>b</legend>c</fieldset>",
         "<div>a</div><div><div>b</div>c</div>"),
        ("<menu><li>a</li></menu>", "<ul><li>a</li></ul>"),
        ("a<marquee>b</marquee>", "ab"),
        ("<p>a <big>b</big> <nobr>c</nobr> <font color=red>d</font></p>", "<p>a b c d</p>"),
    ],
)  # fmt: skip
def test_wrappers_go_and_words_stay_apart(body: str, expected: str) -> None:
    assert cleaned(body) == expected
