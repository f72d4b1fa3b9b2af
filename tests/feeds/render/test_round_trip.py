"""Whatever XML allows comes back from every format as it went in."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import escape, unescape

import feedparser
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.feed import Format
from feeds.model.release import ChangeNote
from feeds.render import assemble, render_fragment
from tests.support.parsers import NAMESPACES, root_of
from tests.support.rendering import SITE, entry_of, head_of

#: XML 1.0 "Char": all that a document may hold.
XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc"])
    | st.sampled_from("\t\n\r<>&\"'\x85\u2028]"),
    max_size=40,
)
#: A title is one line and not empty.
TITLE = XML_TEXT.map(lambda text: " ".join(text.split())).filter(bool)

MAY = datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)

#: What parsers strip around a text.
AROUND = " \t\n\r"


def written(feed_format: Format, title: str, summary: str, body: str) -> bytes:
    entry = entry_of(title=title, summary=summary, body=body)
    fragment = render_fragment(entry, feed_format, SITE)
    return assemble(head_of(feed_format), feed_format, SITE, [fragment])


@given(title=TITLE, summary=XML_TEXT, text=XML_TEXT)
def test_atom_by_a_strict_parser(title: str, summary: str, text: str) -> None:
    body = f"<p>{escape(text)}</p>"
    (entry,) = root_of(written(Format.ATOM, title, summary, body)).iterfind(
        "atom:entry", NAMESPACES
    )
    assert entry.findtext("atom:title", namespaces=NAMESPACES) == title
    assert entry.findtext("atom:summary", "", NAMESPACES) == summary
    assert entry.findtext("atom:content", namespaces=NAMESPACES) == body


@given(title=TITLE, summary=XML_TEXT, text=XML_TEXT)
def test_rss_by_a_strict_parser(title: str, summary: str, text: str) -> None:
    body = f"<p>{escape(text)}</p>"
    (item,) = root_of(written(Format.RSS, title, summary, body)).iterfind("channel/item")
    assert item.findtext("title") == title
    if summary:
        assert item.findtext("description") == escape(summary, quote=False)
        assert item.findtext("content:encoded", namespaces=NAMESPACES) == body
    else:
        assert item.findtext("description") == body


@given(title=TITLE, summary=XML_TEXT, text=XML_TEXT)
def test_json_feed(title: str, summary: str, text: str) -> None:
    body = f"<p>{escape(text)}</p>"
    (item,) = json.loads(written(Format.JSON, title, summary, body))["items"]
    assert item["title"] == title
    assert item.get("summary", "") == summary
    assert item["content_html"] == body


@given(note=TITLE, language=st.sampled_from(["en", "ar", "he", "fr"]))
def test_a_change_note_in_every_format(note: str, language: str) -> None:
    entry = entry_of(body="<p>B</p>", language=language)
    noted = replace(entry.release, notes=(ChangeNote(at=MAY, text=note),))
    for feed_format in Format:
        fragment = render_fragment(replace(entry, release=noted), feed_format, SITE)
        content = content_of(assemble(head_of(feed_format), feed_format, SITE, [fragment]))
        # Leftward languages have a division around all of it.
        content = re.sub(r'^<div lang="\w+" dir="rtl">(.*)</div>$', r"\1", content, flags=re.DOTALL)
        head, body = content.split("\n", 1)
        assert body == "<p>B</p>"
        assert unescape(head.partition("<bdi>")[2].removesuffix("</bdi></p>")) == note
        assert head.startswith(f'<p class="correction" lang="{language}"')


def content_of(document: bytes) -> str:
    """The HTML of the only entry, whatever the format."""
    if document.startswith(b"{"):
        return str(json.loads(document)["items"][0]["content_html"])
    root = root_of(document)
    [content] = root.xpath("//atom:content | //content:encoded", namespaces=NAMESPACES)
    return str(content.text)


def is_taken_literally(text: str) -> bool:
    """False for texts that feedparser mends, on the guess that their author erred.

    It takes U+0085 for the ellipsis of Windows-1252, and text that could be UTF-8 read as
    Latin-1 for just that.
    """
    if "\x85" in text:
        return False
    try:
        return text.encode("latin-1").decode("utf-8") == text
    except UnicodeError:
        return True


LITERAL_TITLE = TITLE.filter(is_taken_literally)
LITERAL_TEXT = XML_TEXT.filter(is_taken_literally).filter(str.strip)

#: feedparser takes an RSS title with a reference or an end tag in it for HTML.
LOOKS_LIKE_HTML = re.compile(r"&#?\w+;|</")


@given(title=LITERAL_TITLE, text=LITERAL_TEXT)
def test_atom_by_feedparser(title: str, text: str) -> None:
    body = f"<p>{escape(text)}</p>"
    document = written(Format.ATOM, title, "", body)
    (entry,) = feedparser.parse(document, sanitize_html=False).entries
    assert entry.title == title.strip(AROUND)
    assert entry.content[0].value == body


@given(title=LITERAL_TITLE.filter(lambda title: not LOOKS_LIKE_HTML.search(title)))
def test_rss_titles_by_feedparser(title: str) -> None:
    document = written(Format.RSS, title, "x", "<p>y</p>")
    (entry,) = feedparser.parse(document, sanitize_html=False).entries
    assert entry.title == title.strip(AROUND)
