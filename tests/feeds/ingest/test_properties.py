"""Properties of any input: nothing raises, and the output is clean."""

import html
import re
from html.parser import HTMLParser
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.errors import DocumentRefused
from feeds.ingest.bodies.cleaning import clean_html
from feeds.ingest.characters import clean, is_blank
from feeds.model.release import Draft
from feeds.model.text import is_xml_text
from tests.feeds.ingest.intake import read, record

#: Text with what hurts: controls, newlines of all sorts, combining characters, lone surrogates.
TEXT = st.text(
    st.characters(exclude_categories=[])
    | st.sampled_from("\x00\x0b\x85\u2028\u2029\ufffe\ud800\u0338\u0327<>&\"' \n\r\t;#x")
)
#: What HTML is made of, good and bad, in pieces that end at each bar; newlines do not count.
PIECES = r"""
<a href=|<a href="|<img src=|<img srcset='|<p title="|javascript:x|JaVa&Tab;Script:x|data:x|//x|
/y|#z|?q|x 1x,|>|"|'| |=|/>|</a>|</p>|<script>|</script>|<svg>|<style>|<math><mi>|<!--|-->|
<![CDATA[|<table><td>|<b>|</b>|<div onclick=x>| onerror=x | style=x|<form action=|<iframe src=|
<base href=//x>|<meta http-equiv=refresh>|<noscript>|</noscript>|<template>|<textarea>|<title>|
<xmp>|<plaintext>|<select><option>|&lt;|&#60;|&#x338;|<source src=|<video poster=|http://[|
<blockquote cite=|https:x|\\|&#xd;|&#1;|é|<b style=font-weight:normal>|<span style='|
vertical-align:super;|white-space:pre-line;|font-size:0;|visibility:hidden;|visibility:visible;|
text-decoration:line-through;|font-weight:700;|display:block;|display:none;|direction:rtl;|
unicode-bidi:bidi-override;|<p>|<p hidden>|</span>|</b>|<picture>|</picture>|<img data-src=a alt=b>|
<img alt="c d">|<iframe src=/v title=w>|<object data=/o>|</object>|<svg><text>|</svg>|<dialog open>|
<a name=z>|<p id=z>|<a href=#z>|<video src=/v>|<video>|<audio>|</video>|<xml>|<w:x>|<o:p>|<xmp>|
</xmp>|<marquee>|<button>|</button>|<canvas>|<address>|<math><msup><mi>x</mi><mn>2</mn></msup>|
</math>|<ruby>|<rt>|<li>|<ul>|<table>|<tr>|]]>|&lt;p&gt;|&lt;/p&gt;|<img src=data:x alt=e>|<h1>|
<script type="math/tex">|<menu>|<legend>|<details>|<nobr>|<applet>|<embed src=//e>"""
HTML = st.lists(
    st.sampled_from(PIECES.replace("\n", "").split("|"))
    | st.sampled_from(["\u0338", "\u0327", "e\u0301", "\x00", "\ud800"])
    | TEXT,
    max_size=25,
).map("".join)


@given(title=TEXT, body=TEXT)
def test_any_text_comes_out_clean_with_all_its_words(title: str, body: str) -> None:
    (outcome,) = read(record(title=title, body=body), "a.json")
    if not isinstance(outcome, Draft):
        return
    content = outcome.content
    for text in (content.title, content.body, content.summary):
        assert is_xml_text(text)
        assert is_normalized("NFC", text)
    assert "\n" not in content.title
    words = html.unescape(re.sub("</?p>|<br>", "\n", content.body)).split()
    written = clean(body, field="body", warnings=[]).replace("\u2029", "\n")
    assert visible(words) == visible(normalize("NFC", written).split())


def visible(words: list[str]) -> list[str]:
    """An invisible line is not a paragraph."""
    return [normalize("NFC", word) for word in words if not is_blank(word)]


@given(data=st.binary() | HTML.map(lambda text: text.encode(errors="surrogatepass")))
@pytest.mark.parametrize("document", ["a.txt", "a.json", "a.jsonl", "-"])
def test_no_bytes_raise(document: str, data: bytes) -> None:
    for outcome in read(data, document):
        assert str(outcome.origin).startswith(document)


@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["title", "body", "body_format", "published", "updated", "categories", "language",
             "url", "summary", "author", "authors", "enclosures", "id", "components"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["url", "type", "length", "name", "email"]), inner),
            max_leaves=5,
        ),
    )
)  # fmt: skip
def test_no_record_raises(fields: dict[str, object]) -> None:
    (outcome,) = read(record(**fields), "a.json")
    if isinstance(outcome, Draft):
        assert is_xml_text(outcome.source_key)
        assert all(is_xml_text(name) for name in outcome.content.category_names)
        assert all(is_xml_text(person.name) for person in outcome.content.authors)
    else:
        assert is_xml_text(outcome.reason)


@settings(max_examples=5 * settings().max_examples)
@given(body=HTML)
def test_no_html_stays_dangerous_or_relative(body: str) -> None:
    try:
        markup = clean_html(body, url="https://e.org/a/b", base_url="https://n.org", warnings=[])
    except DocumentRefused:
        return
    assert is_xml_text(markup)
    assert is_normalized("NFC", markup)
    seen = _Seen()
    seen.feed(normalize("NFC", markup))
    seen.close()
    assert not seen.faults
    assert set(seen.ids) == set(seen.places)
    assert len(set(seen.ids)) == len(seen.ids)
    assert all(re.fullmatch("n[0-9a-f]{8}-[A-Za-z0-9_.-]+", name) for name in seen.ids)
    # Cleaning is idempotent: nothing was only half undone.
    assert clean_html(markup, url=None, base_url="https://n.org", warnings=[]) == markup


#: Written out once more: what comes out is no more than docs/releases-in.md promises.
ALLOWED = frozenset(
    """
    a abbr acronym article aside audio b bdi bdo blockquote br caption center cite code col
    colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr
    i img ins kbd li mark ol p picture pre q rp rt ruby s samp section small source span strike
    strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr
    """.split()  # noqa: SIM905
)


class _Seen(HTMLParser):
    """Examines clean HTML with another parser."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.places: list[str] = []  #: that links lead to

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.faults.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "class"}:
                self.faults.append(f"{tag} {name}")
            if name in {"src", "cite", "poster"} and not re.match("https?://[^/]", value or ""):
                self.faults.append(f"{tag} {name}={value}")
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and (value or "").startswith("#"):
                self.places.append((value or "")[1:])
            elif name == "href" and not re.match(
                r"(?:https?|ftp)://[^/]|mailto:|tel:", value or ""
            ):
                self.faults.append(f"{tag} {name}={value}")
            if name == "srcset" and not re.match("https?://", value or ""):
                self.faults.append(f"{tag} srcset={value}")
