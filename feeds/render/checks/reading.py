"""The common form of a parsed document, and strict parsers for its dates."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class Unreadable(Exception):
    """The bytes are not a document of the format; the message says why."""


@dataclass(slots=True, kw_only=True)
class ParsedEntry:
    """What the feed, or one of its entries, contains.

    Lists and not single values, because a repeated element is a finding too.
    """

    place: str  #: ``feed`` or ``entry 3``, for messages
    ids: list[str] = field(default_factory=list)
    #: Each date as text and parsed; None if it is not in the form that the format requires.
    moments: list[tuple[str, datetime | None]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  #: must be absolute
    bodies: list[str] = field(default_factory=list)  #: HTML, whose addresses must be absolute too
    findings: list[str] = field(default_factory=list)  #: broken rules of this format

    def require_one(self, name: str, count: int) -> None:
        """Adds a finding unless *name* occurs exactly once."""
        if count == 0:
            self.findings.append(f"has no {name}")
        elif count > 1:
            self.findings.append(f"has {name} {count} times, which is allowed once")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A document as a reader understands it."""

    self_urls: list[str]  #: the addresses that it names as its own
    feed: ParsedEntry
    entries: list[ParsedEntry]


# Strict parsers for the dates of the formats.

#: RFC 4287 section 3.3: RFC 3339 with an upper-case T, and Z or an offset.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

#: RFC 822 with a year of four digits, English names, and a zone in numbers (RSS profile).
_RFC822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)


def rfc3339(text: str) -> tuple[str, datetime | None]:
    """Parses a date of Atom or JSON Feed. Returns *text* with the date; None if it is invalid."""
    if not _RFC3339.fullmatch(text):
        return text, None
    try:
        return text, datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February
        return text, None


def rfc822(text: str) -> tuple[str, datetime | None]:
    """Parses a date of RSS. Returns *text* with the date; None if it is invalid."""
    if not _RFC822.fullmatch(text):
        return text, None
    try:
        moment = parsedate_to_datetime(text)
        # "-0000" says that the zone is unknown: the result then has no zone.
        return text, moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return text, None
