"""HTML as plain text: what elements express becomes words and characters."""

import re
import unicodedata
from html import escape
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.html.plain_text import one_line, plain_text
from feeds.html.tree import parse, text_of
from tests.support.rendering import sample_entries


def written(html: str, language: str = "en") -> str:
    """Returns *html* as text on several lines."""
    return plain_text(html, language=language)


def lined(html: str, language: str = "en") -> str:
    """Returns *html* as text on one line."""
    return one_line(html, language=language)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("<p> </p>\n<div></div>", "", id="nothing to see"),
        pytest.param("<p>&nbsp;</p><p>a</p>", "a", id="a paragraph of a space"),
        pytest.param("just text", "just text", id="no markup"),
        pytest.param("<p>one</p>\n\n\n<p>two</p>", "one\n\ntwo", id="paragraphs"),
        pytest.param("<p>a\n  <b>b</b>\tc</p>", "a b c", id="white space"),
        pytest.param("<p>a<br>b<br />c</p>", "a\nb\nc", id="line breaks"),
        pytest.param("<p>a<br> <br>\n<br><br>b<br></p>", "a\n\nb", id="many line breaks"),
        pytest.param("<p>a&nbsp; b</p>", "a\xa0 b", id="no-break space stays"),
        pytest.param("<p>a &lt;b&gt; &amp;amp; “c”</p>", "a <b> &amp; “c”", id="references"),
        pytest.param("<ul><li>x</li><li>y</li></ul>z", "- x\n- y\n\nz", id="list"),
        pytest.param("<pre>a\n   b\n</pre><p>c</p>", "a\n   b\n\nc", id="preformatted"),
        pytest.param("<pre>  a<br>   b</pre>", "  a\n   b", id="line break in preformatted"),
        pytest.param('<p><img src="x" alt="A map"></p>', "A map", id="image"),
        pytest.param('<p><a href="https://x/?a&gt;b">Link</a>, and</p>', "Link, and", id="link"),
        pytest.param("<p>a<!-- b --></p>", "a", id="comment"),
        pytest.param("<h2>Titel</h2><p>مرحبا 😀</p>", "Titel\n\nمرحبا 😀", id="any script"),
        pytest.param("<p>a</p><hr><p>b</p><hr>", "a\n\n* * *\n\nb", id="rule"),
        pytest.param("<hr><p>a</p>", "a", id="rule before everything"),
        pytest.param(
            "a<hr><ol><li>b</li></ol>", "a\n\n* * *\n\n1. b", id="rule between text and a list"
        ),
        pytest.param("<p>ex<wbr>ample so\xadft</p>", "example so\xadft", id="where words may end"),
        pytest.param('<p><abbr title="United">UN</abbr></p>', "UN", id="abbreviation"),
        pytest.param("<p>a \u2067ב\u2069 <bdi>ג</bdi></p>", "a \u2067ב\u2069 ג", id="isolates"),
    ],
)
def test_a_body_is_readable_as_text(html: str, text: str) -> None:
    assert written(html) == text


@pytest.mark.parametrize(
    "name",
    """
    address article aside caption center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu nav ol option p pre search
    section summary ul
    """.split(),  # noqa: SIM905
)
def test_every_block_stands_apart(name: str) -> None:
    html = f"a<{name}>b</{name}>c"
    if name in {"caption"}:
        html = f"a<table><{name}>b</{name}></table>c"
    assert [line.lstrip("-0123456789. ") for line in written(html).split("\n") if line] == [*"abc"]
    assert re.sub(r"[-0-9.]+ ", "", lined(html)) == "a b c"


def test_blocks_and_alternative_texts_do_not_run_together() -> None:
    html = (
        "<center>FOR IMMEDIATE RELEASE</center><center>Office opens</center>"
        "<section>First section.</section><section>Second section.</section>"
        '<figure><img src="a" alt="A"><img src="b" alt="B">'
        "<figcaption>Caption</figcaption></figure>"
        "Text<details><summary>More</summary>Detail</details><address>Street 1</address>End"
    )
    words = (
        "FOR IMMEDIATE RELEASE|Office opens|First section.|Second section.|A B|Caption|Text|More"
        "|Detail|Street 1|End"
    )
    assert written(html) == words.replace("|", "\n\n")
    assert lined(html) == words.replace("|", " ")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('a<img alt="B">c', "a B c"),
        ('a (<img alt="B">), c', "a (B), c"),
        ('a <img alt="B">.', "a B."),
        ('Well done <img alt="👏">!', "Well done 👏!"),
        ('<img alt=""> a', "a"),
        ('a<br><img alt="B"><br>c', "a\nB\nc"),
    ],
)
def test_the_words_of_a_picture_are_parted_from_others(html: str, text: str) -> None:
    assert written(html) == text


# Lists


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param(
            '<ol start="3"><li>Third<ol type="a"><li>sub a</li><li>sub b</li></ol></li>'
            "<li>Fourth</li></ol><p>Point 4</p>",
            "3. Third\n   a. sub a\n   b. sub b\n4. Fourth\n\nPoint 4",
            id="start and letters",
        ),
        pytest.param(
            "<ol reversed><li>a</li><li>b</li></ol>", "2. a\n1. b", id="reversed: counts down to 1"
        ),
        pytest.param(
            '<ol><li>a</li><li value="7">b</li><li>c</li></ol>', "1. a\n7. b\n8. c", id="value"
        ),
        pytest.param(
            '<ol type="I" start="4"><li>a</li></ol><ol type="i" start="9"><li>b</li></ol>',
            "IV. a\n\nix. b",
            id="roman",
        ),
        pytest.param(
            '<ol type="A" start="27"><li>a</li></ol><ol type="a" start="0"><li>b</li></ol>',
            "AA. a\n\n0. b",
            id="beyond the letters",
        ),
        pytest.param('<ol start="x"><li>a</li></ol>', "1. a", id="no number"),
        pytest.param(
            "<ol><li><del>a</del></li><li>b</li></ol>", "2. b", id="what was struck had a number"
        ),
        pytest.param(
            "<ul><li><p>a</p><p>b</p></li><li>c<ul><li>d</li></ul>e</li></ul>f",
            "- a\n  b\n- c\n  - d\n  e\n\nf",
            id="paragraphs in items",
        ),
        pytest.param(
            "<ol><li><ul><li></li><li>a</li></ul></li></ol>", "1. - a", id="list at once in a list"
        ),
        pytest.param(
            "<dl><dt>Term</dt><dd>Meaning<br>of it</dd><dt>Other</dt><dd>b</dd></dl>c",
            "Term\n  Meaning\n  of it\nOther\n  b\n\nc",
            id="terms",
        ),
        pytest.param("<p>a</p><ul><li>b</li></ul>", "a\n\n- b", id="after a paragraph"),
    ],
)
def test_lists_keep_their_numbers_and_nesting(html: str, text: str) -> None:
    assert written(html) == text


def test_on_one_line_numbers_stay_and_dashes_go() -> None:
    assert lined("<ol start=3><li>a</li></ol><ul><li>b</li><li>c</li></ul>") == "3. a b c"


# Tables


def test_columns_stay_columns() -> None:
    html = (
        "<table><tr><th></th><th>2024</th><th>2025</th></tr>"
        "<tr><th>North</th><td>1 200</td><td>1 300</td></tr>"
        "<tr><th>South</th><td></td><td>15</td></tr><tr><th>West</th><td>7</td><td></td></tr></table>"
    )
    assert written(html).split("\n") == [
        "| 2024 | 2025",
        "North | 1 200 | 1 300",
        "South |  | 15",
        "West | 7 |",
    ]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        pytest.param(
            "<caption>Sales</caption><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2</tbody>",
            "Sales\nA | B\n1 | 2",
            id="caption",
        ),
        pytest.param(
            "<tr><th>A<th colspan=2>B<th>C<tr><td>1<td>2<td>3<td>4",
            "A | B |  | C\n1 | 2 | 3 | 4",
            id="colspan",
        ),
        pytest.param(
            "<tr><th rowspan=2>A<th>B<tr><td>1<tr><td>2<td>3",
            "A | B\n | 1\n2 | 3".replace("\n |", "\n|"),
            id="rowspan",
        ),
        pytest.param("<tr><th>a|b<th>c<tr><td>1<td>2", "a|b\tc\n1\t2", id="bar in a cell"),
        pytest.param(
            "<tr><th>A<th>B<tr><td><p>1</p><p>2</p><td>3<br>4", "A | B\n1 2 | 3 4", id="blocks"
        ),
        pytest.param(
            "<tr><td>A</td></tr><tr><td><p>b</p><p>c</p></td></tr>", "A\n\nb\n\nc", id="one column"
        ),
        pytest.param(
            f"<tr><td>menu<td><p>{'word ' * 100}</p><p>b</p>",
            f"menu\n\n{'word ' * 99}word\n\nb",
            id="prose in columns",
        ),
        pytest.param(
            "<tr><td>a<td><table><tr><th>b<th>c<tr><td>1<td>2</table>",
            "a\n\nb | c\n1 | 2",
            id="a table in a layout",
        ),
        pytest.param(
            "<tr><td colspan=1000>a<td>b<tr><td>1<td>2", "a |  | b\n1 | 2", id="a span that lies"
        ),
    ],
)
def test_tables(rows: str, text: str) -> None:
    assert written(f"<table>{rows}</table>") == text


# Superscripts and subscripts


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>6</sup> t", "10⁶ t"),
        ("5<sup>1</sup> per cent", "5¹ per cent"),
        ("10<sup>-6</sup>, 10<sup>−6</sup>", "10⁻⁶, 10⁻⁶"),
        ("2<sup>10</sup> 2<sup>n</sup> 2<sup>n+1</sup> 2<sup>x</sup>", "2¹⁰ 2ⁿ 2ⁿ⁺¹ 2^x"),
        ("10<sup>2,5</sup>", "10^(2,5)"),
        (
            "x<sup>2</sup> e<sup>x</sup> e<sup>x+1</sup> 2<sup>2<sup>n</sup></sup>",
            "x² e^x e^(x+1) 2^(2ⁿ)",
        ),
        ("(a+b)<sup>2</sup>", "(a+b)²"),
        ("m<sup>2</sup>, 20 km<sup>2</sup>, kg/m<sup>3</sup>", "m², 20 km², kg/m³"),
        ("Na<sup>+</sup> Ca<sup>2+</sup>", "Na⁺ Ca²⁺"),
        ("3<sup>1</sup>/<sub>2</sub> km", "3 1/2 km"),
        ("3 <sup>1</sup>⁄<sub>2</sub> km", "3 1/2 km"),
        ("3<sup>1</sup>⁄2 km, <sup>1</sup>/2", "3 1/2 km, 1/2"),
        ("3<sup>1/2</sup> km", "3 1/2 km"),
        ("10<sup>6</sup>/2 and 5 m<sup>3</sup>/24 h", "10⁶/2 and 5 m³/24 h"),
        (
            "the 5<sup>th</sup>, 1<sup>st</sup>, 2<sup>nd</sup>, 93<sup>rd</sup>",
            "the 5th, 1st, 2nd, 93rd",
        ),
        (
            "1<sup>er</sup> et 2<sup>e</sup>, XX<sup>e</sup> siècle, 3<sup>ème</sup>",
            "1er et 2e, XXe siècle, 3ème",
        ),
        (
            "M<sup>me</sup> D<sup>r</sup> n<sup>o</sup> 5 n<sup>os</sup> C<sup>ie</sup>",
            "Mme Dr no 5 nos Cie",
        ),
        ("1.<sup>º</sup> 2<sup>ª</sup> nº", "1.º 2ª nº"),
        ("Brand<sup>TM</sup> Brand<sup>®</sup> Brand<sup>SM</sup>", "Brand™ Brand® Brand℠"),
        ("20<sup>o</sup>C", "20°C"),
        (
            "rose<sup>[1]</sup> fell<sup>1,2</sup> was<sup>a</sup> is*<sup>b)</sup>",
            "rose[1] fell[1,2] was[a] is*[b]",
        ),
        ("word<sup>*</sup> year.<sup>3</sup>", "word* year.³"),
        ("word<sup>new entry</sup>", "word new entry"),
        ("<sup>1</sup> Source", "¹ Source"),
        ("<sub><sup>(Image made by hand)</sup></sub>", "(Image made by hand)"),
        ("CO<sub>2</sub> H<sub>2</sub>O PM<sub>2.5</sub> NO<sub>x</sub>", "CO2 H2O PM2.5 NOx"),
        (
            "x<sub>i</sub> x<sub>i</sub><sup>2</sup> V<sub>max</sub> a<sub>n+1</sub>",
            "x_i x_i² V_max a_(n+1)",
        ),
        ("1010<sub>2</sub>", "1010₂"),
        ("a<sup></sup>b<sup> </sup>c", "ab c"),
    ],
)
def test_raised_and_lowered_text_keeps_its_meaning(html: str, text: str) -> None:
    assert written(f"<p>{html}</p>") == text
    assert lined(f"<p>{html}</p>") == text


def test_ordinals_are_those_of_the_language() -> None:
    assert written("1<sup>o</sup> 2<sup>a</sup>", "pt") == "1o 2a"
    assert written("5<sup>a</sup> per cent", "en") == "5[a] per cent"


@pytest.mark.parametrize(
    "mark",
    [
        '<a href="#_ftn1"><sup>[1]</sup></a>',
        '<sup><a href="https://example.org/#_ftn1">[1]</a></sup>',
        '<sup><a href="#fn:1">1</a></sup>',
        '<a href="#_ftn1">[1]</a>',
    ],
)
def test_the_mark_of_a_note_is_in_brackets(mark: str) -> None:
    assert written(f"<p>Output rose{mark} last year.</p>") == "Output rose[1] last year."


def test_a_link_back_from_a_note_is_no_text() -> None:
    assert written('<p>Source: us. <a href="#r1">↩︎</a></p>') == "Source: us."
    assert written('<p>See <a href="#p3">page 3</a></p>') == "See page 3"


# Quotations


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "a “b ‘c’” d"),
        ("de", "a „b ‚c‘“ d"),
        ("de-CH", "a „b ‚c‘“ d"),
        ("fr", "a «\xa0b «\xa0c\xa0»\xa0» d"),
        ("fr-CH", "a «b ‹c›» d"),
        ("sv", "a ”b ’c’” d"),
        ("ru", "a «b „c“» d"),
        ("ja", "a 「b 『c』」 d"),
        ("zh-Hans", "a “b ‘c’” d"),
        ("zh-Hant-HK", "a 「b 『c』」 d"),
        ("zh-TW", "a 「b 『c』」 d"),
        ("pt", "a “b ‘c’” d"),
        ("pt-PT", "a «b “c”» d"),
        ("pl", "a „b «c»” d"),
        ("ar", "a ”b ’c‘“ d"),
        ("tlh", "a “b ‘c’” d"),
    ],
)
def test_quotations_have_the_marks_of_their_language(language: str, text: str) -> None:
    assert written("<p>a <q>b <q> c </q></q> d</p>", language) == text


def test_the_language_is_that_of_the_text_around() -> None:
    html = '<p lang="de">a <q lang="fr">b</q></p><p>a <q>b</q></p>'
    assert written(html, "en") == "a „b“\n\na “b”"


@pytest.mark.parametrize("html", ["<q>“b”</q>", "“<q>b</q>”", "<q>“b.”</q>", "「<q>b</q>」"])
def test_a_quotation_with_marks_of_its_own_gets_no_others(html: str) -> None:
    assert written(f"<p>a {html} c</p>") == f"a {re.sub('<[^>]*>', '', html)} c"


def test_a_quotation_without_words_has_no_marks() -> None:
    assert written("<p>a <q> </q>b</p>") == "a b"


def test_a_block_quotation_is_marked_line_by_line() -> None:
    html = "<p>a</p><blockquote><p>b<br>c</p><p>d</p><ul><li>e</li></ul></blockquote><p>f</p>"
    assert written(html) == "a\n\n> b\n> c\n>\n> d\n>\n> - e\n\nf"


# Struck text, pictures, formulas and other content without letters


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("The price is <del>CHF 500</del> <ins>CHF 700</ins> now", "The price is CHF 700 now"),
        ("said the office, <s>and no more</s>, to the press", "said the office, to the press"),
        ("so it is <s>not</s>.", "so it is."),
        ("<del>a</del> b", "b"),
        ("colo<del>u</del>r", "color"),
        ("a <strike>b</strike> <del>c</del> d", "a d"),
        ("vraiment <s>non</s> !", "vraiment !"),
    ],
)
def test_what_was_struck_is_gone(html: str, text: str) -> None:
    assert written(f"<p>{html}</p>") == text


def test_ruby_stands_behind_its_base() -> None:
    assert written("<ruby>漢字<rt>kanji</rt></ruby>") == "漢字(kanji)"
    assert written("<ruby>漢字<rp>（</rp><rt>kanji</rt><rp>）</rp></ruby>") == "漢字（kanji）"


@pytest.mark.parametrize(
    ("math", "text"),
    [
        ('<math alttext="3.5"><mn>3,5</mn></math>', "3.5"),
        ('<math><mi>x</mi><annotation encoding="application/x-tex">y</annotation></math>', "y"),
        ("<math><mi>x</mi><annotation-xml>y</annotation-xml></math>", "x"),
        ("<math><mi>x</mi>\u2062<mo>=</mo><mn>2</mn></math>", "x=2"),
    ],
)
def test_a_formula_is_what_its_author_wrote_for_it(math: str, text: str) -> None:
    assert written(f"<p>by {math} per cent</p>") == f"by {text} per cent"


# Properties of every text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_no_word_is_lost(text: str) -> None:
    assert written(f"<p>{escape(text)}</p>").split() == text.split()


_INLINE = ["b", "i", "sup", "sub", "q", "a", "span", "ruby", "rt", "small"]
_BLOCKS = ["p", "div", "ul", "ol", "li", "blockquote", "table", "tr", "td", "th", "dl", "dt", "dd"]
_TREES = st.recursive(
    st.text("ab1 ,.\n|(", min_size=1, max_size=6).map(escape),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from([*_INLINE, *_BLOCKS, "pre", "figure", "h2"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


@given(_TREES)
def test_every_letter_of_any_tree_is_there_in_its_order(html: str) -> None:
    """Item numbers and superscript signs are added; nothing is lost."""
    kept = iter(unicodedata.normalize("NFKC", written(html)))
    assert all(letter in kept for letter in text_of(parse(html)) if letter.isalnum())
    assert not re.search("[\x01-\x08\x0b]| \n", written(html))
    assert "<pre>" in html or "\n\n\n" not in written(html)


def test_no_word_of_a_real_text_is_lost() -> None:
    for entry in sample_entries(10):
        body = entry.release.content.body
        words = written(body)
        assert "\n\n\n" not in words
        assert bool(words) == bool(body)


_MANY = 8_000


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * 400 + "a " * _MANY, id="deep"),
        pytest.param("a<sup>" * _MANY, id="open superscripts"),
        pytest.param("a<sup>1</sup>" * _MANY, id="superscripts"),
        pytest.param("<p>a<q>b" * 400 + "</q>" * 400, id="open quotations"),
        pytest.param("<del>a</del> , " * _MANY, id="struck"),
        pytest.param("<br> " * _MANY + "a", id="line breaks"),
        pytest.param('<img alt="a">' * _MANY, id="pictures"),
        pytest.param("<table>" + "<tr><td colspan=1000>a<td>b" * _MANY + "</table>", id="wide"),
        pytest.param(
            "<table><tr>" + "<td>a" * 900 + "<tr><td colspan=900>b<td>c" * _MANY, id="wide below"
        ),
        pytest.param(
            "<table>" + "<tr><td rowspan=1000 colspan=1000>a<td>b" * 1000 + "</table>", id="tall"
        ),
        pytest.param("<table><tr><td>a<td>" * 100, id="tables in tables"),
        pytest.param("\xa0" * 200_000 + "<sup>1</sup>", id="no-break spaces"),
        pytest.param("<blockquote>" * 400 + "<p>a" * _MANY, id="quotations in quotations"),
    ],
)
def test_odd_input_costs_no_more_than_its_length(html: str) -> None:
    begun = process_time()
    words = written(html)
    assert process_time() - begun < 3
    assert len(words) < 20 * len(html) + 1000
