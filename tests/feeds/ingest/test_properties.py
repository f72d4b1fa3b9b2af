"""Whatever comes in: nothing raises, and what comes out is clean."""

import html
import re
from html.parser import HTMLParser
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.errors import DocumentRefused
from feeds.ingest.characters import clean, is_blank
from feeds.ingest.html_bodies import clean_html
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
<blockquote cite=|https:x|\\|&#xd;|&#1;|é"""
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
    written = clean(body, field="body", mended=[]).replace("\u2029", "\n")
    assert visible(words) == visible(normalize("NFC", written).split())


def visible(words: list[str]) -> list[str]:
    """A line that shows nothing is no paragraph."""
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


@settings(max_examples=500)
@given(body=HTML)
def test_no_html_stays_dangerous_or_relative(body: str) -> None:
    try:
        markup = clean_html(body, url="https://e.org/a/b", base_url="https://n.org", mended=[])
    except DocumentRefused:
        return
    assert is_xml_text(markup)
    assert is_normalized("NFC", markup)
    seen = _Seen()
    seen.feed(normalize("NFC", markup))
    seen.close()
    assert not seen.faults
    # What was cleaned is clean: nothing was only half undone.
    assert clean_html(markup, url=None, base_url="https://n.org", mended=[]) == markup


class _Seen(HTMLParser):
    """Looks at clean HTML with another parser."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "iframe", "form", "svg", "math", "object", "base", "meta"}:
            self.faults.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "class", "id"}:
                self.faults.append(f"{tag} {name}")
            if name in {"href", "src", "cite", "poster"} and not re.match(
                r"(?:https?|ftp)://[^/]|mailto:|tel:", value or ""
            ):
                self.faults.append(f"{tag} {name}={value}")
            if name == "srcset" and not re.match("https?://", value or ""):
                self.faults.append(f"{tag} srcset={value}")
