"""Checks that apply to every format, and the table of formats."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from feeds.model.feed import Format
from feeds.render.checks import xml_documents
from feeds.render.checks.reading import ParsedEntry, ParsedFeed, Unreadable, rfc3339

VERSION = "https://jsonfeed.org/version/1.1"


def read(document: bytes) -> ParsedFeed:
    """Parses a document.

    Raises:
        Unreadable: It is not JSON in UTF-8, or not JSON Feed 1.1.
    """
    top = _object(document)
    items = top.get("items")
    if top.get("version") != VERSION or not isinstance(items, list):
        raise Unreadable(f"is not JSON Feed 1.1: its version is {top.get('version')!r}")
    feed = ParsedEntry(place="feed", addresses=_texts(top, "home_page_url", "icon", "favicon"))
    feed.addresses += _of_each(top, "hubs", "url") + _of_each(top, "authors", "url")
    for name in ("title", "home_page_url", "feed_url"):
        feed.require_one(name, len(_texts(top, name)))
    _check_author(top, feed)
    return ParsedFeed(
        self_urls=_texts(top, "feed_url"),
        feed=feed,
        entries=[_item(item, number) for number, item in enumerate(items, 1)],
    )


def _object(document: bytes) -> dict[str, Any]:
    try:
        top = json.loads(document.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not JSON: {error}") from error
    if not isinstance(top, dict):
        raise Unreadable("is not a JSON object")
    return top


def _item(item: Any, number: int) -> ParsedEntry:
    parsed = ParsedEntry(place=f"entry {number}")
    if not isinstance(item, dict):
        parsed.findings.append("is not an object")
        return parsed
    parsed.ids = _texts(item, "id")
    parsed.require_one("id that is text", len(parsed.ids))
    if not isinstance(item.get("content_html", item.get("content_text")), str):
        parsed.findings.append("has neither content_html nor content_text")
    parsed.moments = [rfc3339(text) for text in _texts(item, "date_published", "date_modified")]
    parsed.addresses = _texts(item, "url", "external_url", "image", "banner_image")
    parsed.addresses += _of_each(item, "attachments", "url") + _of_each(item, "authors", "url")
    parsed.bodies = _texts(item, "content_html")
    _check_author(item, parsed)
    for attachment in _objects(item, "attachments"):
        parsed.findings += [
            f"has an attachment without {name}"
            for name in ("url", "mime_type")
            if not _texts(attachment, name)
        ]
        parsed.findings += [
            f"has an attachment whose {name} is not a number of at least 0"
            for name in ("size_in_bytes", "duration_in_seconds")
            if not _is_amount(attachment.get(name, 0))
        ]
    return parsed


def _check_author(members: dict[str, Any], parsed: ParsedEntry) -> None:
    """JSON Feed 1.1, "Top-level": author is allowed beside authors, for readers of version 1."""
    if "author" in members and not _objects(members, "authors"):
        parsed.findings.append("has author without authors, which is its name since 1.1")


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _texts(members: dict[str, Any], *names: str) -> list[str]:
    """Returns the members of these names that are non-empty text."""
    values = (members.get(name) for name in names)
    return [value for value in values if isinstance(value, str) and value]


def _objects(members: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = members.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _of_each(members: dict[str, Any], name: str, key: str) -> list[str]:
    return [text for each in _objects(members, name) for text in _texts(each, key)]


# Addresses in an HTML body.

#: Attributes that contain one address.
_ADDRESS = frozenset({"action", "background", "cite", "data", "href", "poster", "src"})


def addresses_in(body: str) -> list[str]:
    """Returns every address in *body*, of links, images, videos and citations, in order."""
    reader = _AddressCollector()
    reader.feed(body)
    reader.close()
    return reader.found


class _AddressCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        for name, value in attrs:
            if name in _ADDRESS:
                self.found.append(value or "")
            elif name == "srcset":
                self.found += _candidates(value or "")


def _candidates(srcset: str) -> list[str]:
    """Returns the addresses in ``srcset``; each may have a width or density after it.

    HTML, "srcset attributes": a comma inside an address is not followed by white space.
    """
    pieces = (piece.split() for piece in srcset.replace(",\n", ", ").split(", "))
    return [piece[0] for piece in pieces if piece]


# Checks that apply to every format, and the table of formats.

#: Old aggregators stopped reading at 1024 kB; half of it leaves them room.
MAX_DOCUMENT_BYTES = 512_000

#: Tolerance for a clock that is ahead of ours.
CLOCK_SKEW = timedelta(minutes=5)

#: How much of a faulty address or date a message repeats.
_MAX_QUOTED_CHARS = 100

READERS: Mapping[Format, Callable[[bytes], ParsedFeed]] = MappingProxyType(
    {
        Format.ATOM: xml_documents.read_atom,
        Format.RSS: xml_documents.read_rss,
        Format.JSON: read,
    }
)


def format_of(document: bytes) -> Format:
    """Returns the format that a document seems to be in."""
    head = document[:2_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"{", b"[")):
        return Format.JSON
    return Format.RSS if b"<rss" in head else Format.ATOM


def check(
    document: bytes,
    feed_format: Format,
    *,
    now: datetime,
    topic: str | None = None,
    max_bytes: int = MAX_DOCUMENT_BYTES,
) -> list[str]:
    """Returns what is wrong with a document, for a person; empty if nothing is.

    Args:
        document: The uncompressed bytes.
        feed_format: The expected format.
        now: The current time; no date in the document may be later.
        topic: The address that it must name as its own; None accepts any absolute one.
        max_bytes: The size above which a document is reported as too large.
    """
    findings = []
    if len(document) > max_bytes:
        findings.append(f"has {len(document):,} bytes, more than {max_bytes:,}")
    try:
        reading = READERS[feed_format](document)
    except Unreadable as fault:
        return [*findings, str(fault)]
    findings += _self_findings(reading, topic)
    for parsed in (reading.feed, *reading.entries):
        findings += [f"{_place(parsed)}: {finding}" for finding in _findings(parsed, now)]
    return findings + list(_repeated_ids(reading))


def _self_findings(reading: ParsedFeed, topic: str | None) -> Iterator[str]:
    """Checks for exactly one ``self``, which is the topic (WebSub section 4)."""
    urls = reading.self_urls
    if len(urls) != 1:
        yield f"names {len(urls)} self addresses, not one"
    for url in urls:
        if topic is not None and url != topic:
            yield f"names {url!r} as its own address, which is {topic}"
        elif not _is_absolute(url):
            yield f"names {url!r} as its own address, which is not absolute"


def _findings(parsed: ParsedEntry, now: datetime) -> Iterator[str]:
    yield from parsed.findings
    for text, moment in parsed.moments:
        if moment is None:
            yield f"has the date {text[:_MAX_QUOTED_CHARS]!r}, which the format does not allow"
        elif moment > now + CLOCK_SKEW:
            yield f"has the date {text!r}, which lies in the future"
    in_bodies = (address for body in parsed.bodies for address in addresses_in(body))
    for address in (*parsed.addresses, *in_bodies):
        if not _is_absolute(address):
            yield f"has the address {address[:_MAX_QUOTED_CHARS]!r}, which is not absolute"


def _repeated_ids(reading: ParsedFeed) -> Iterator[str]:
    places: dict[str, str] = {}
    for parsed in reading.entries:
        for each in parsed.ids:
            if each in places:
                yield f"{parsed.place}: has the id {each!r} of {places[each]}"
            places.setdefault(each, parsed.place)


def _place(parsed: ParsedEntry) -> str:
    """Returns a label like ``entry 3 (urn:uuid:…)``: its position and its id."""
    is_entry_with_id = parsed.place != "feed" and len(parsed.ids) == 1
    return f"{parsed.place} ({parsed.ids[0]})" if is_entry_with_id else parsed.place


def _is_absolute(address: str) -> bool:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https", "ftp")
    return bool(parts.netloc) if is_web else bool(parts.scheme)
