"""What readers make of our documents: three parsers, one shape."""

import json
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from time import struct_time
from typing import Any

import atoma
import feedparser
from lxml import etree

from feeds.model.feed import Format

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntry:
    """An entry as a reader sees it. Texts have no white space around them."""

    id: str
    title: str
    link: str
    published: datetime
    labels: tuple[str, ...]  #: sorted
    content: str  #: HTML
    summary: str  #: plain text


def by_feedparser(document: bytes) -> list[ReadEntry]:
    """Read Atom or RSS with feedparser, which guesses kindly; a guess that it had to make fails."""
    read = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not read.bozo, read.get("bozo_exception")
    return [_from_feedparser(entry, is_atom=read.version == "atom10") for entry in read.entries]


def by_atoma(document: bytes, feed_format: Format) -> list[ReadEntry]:
    """Read any format with atoma, which is strict."""
    return _ATOMA[feed_format](document)


def root_of(document: bytes) -> Any:
    """The root of an XML document, by a parser that forgives nothing."""
    return etree.fromstring(document, etree.XMLParser(recover=False, resolve_entities=False))


def items_of(document: bytes) -> list[dict[str, Any]]:
    """The items of a JSON Feed."""
    items: list[dict[str, Any]] = json.loads(document)["items"]
    return items


def by_hand(document: bytes) -> list[ReadEntry]:
    """Read JSON Feed 1.1 as its specification has it, with nothing but a JSON parser."""
    return [
        ReadEntry(
            id=item["id"],
            title=item["title"],
            link=item["url"],
            published=datetime.fromisoformat(item["date_published"]),
            labels=tuple(sorted(item.get("tags", []))),
            content=item["content_html"].strip(),
            summary=item.get("summary", ""),
        )
        for item in items_of(document)
    ]


def _from_feedparser(entry: Any, *, is_atom: bool) -> ReadEntry:
    summary = entry.get("summary", "")
    content = entry.content[0].value if "content" in entry else summary
    # Of summary and content, feedparser gives the one that is there for the one that is missing.
    summary = "" if summary == content else summary
    return ReadEntry(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        published=_utc(entry.published_parsed),
        labels=tuple(sorted(tag.label or tag.term for tag in entry.get("tags", []))),
        content=content.strip(),
        summary=(summary if is_atom else unescape(summary)).strip(),
    )


def _atom_by_atoma(document: bytes) -> list[ReadEntry]:
    return [
        ReadEntry(
            id=entry.id_,
            title=entry.title.value,
            link=next(link.href for link in entry.links if link.rel == "alternate"),
            published=entry.published.astimezone(UTC),
            labels=tuple(sorted(category.label for category in entry.categories)),
            content=(entry.content.value or "").strip(),
            summary=entry.summary.value if entry.summary else "",
        )
        for entry in atoma.parse_atom_bytes(document).entries
    ]


def _rss_by_atoma(document: bytes) -> list[ReadEntry]:
    return [
        ReadEntry(
            id=item.guid,
            title=item.title,
            link=item.link,
            published=item.pub_date.astimezone(UTC),
            labels=tuple(sorted(item.categories)),
            content=(item.content_encoded or item.description or "").strip(),
            summary=unescape(item.description if item.content_encoded else ""),
        )
        for item in atoma.parse_rss_bytes(document).items
    ]


def _json_by_atoma(document: bytes) -> list[ReadEntry]:
    return [
        ReadEntry(
            id=item.id_,
            title=item.title,
            link=item.url,
            published=item.date_published.astimezone(UTC),
            labels=tuple(sorted(item.tags)),
            content=item.content_html.strip(),
            summary=item.summary or "",
        )
        for item in atoma.parse_json_feed_bytes(document).items
    ]


def _utc(moment: struct_time) -> datetime:
    return datetime.fromtimestamp(timegm(moment), tz=UTC)


_ATOMA: dict[Format, Callable[[bytes], list[ReadEntry]]] = {
    Format.ATOM: _atom_by_atoma,
    Format.RSS: _rss_by_atoma,
    Format.JSON: _json_by_atoma,
}
