"""Checks that apply to every format, and the table of formats."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from types import MappingProxyType
from urllib.parse import urlsplit

from feeds.model.feed import Format
from feeds.render.checks import json_feed, xml_documents
from feeds.render.checks.reading import ParsedEntry, ParsedFeed, Unreadable

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
        Format.JSON: json_feed.read,
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
