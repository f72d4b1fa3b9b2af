"""What a checker reads off a document, whatever its format."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# What a checker reads off a document, whatever its format.


class Unreadable(Exception):
    """The bytes are no document of this format at all; the message says why."""


@dataclass(slots=True, kw_only=True)
class ParsedEntry:
    """What the feed or one of its entries says of itself.

    Lists rather than single values: that something stands twice is a finding too.
    """

    place: str  #: for a person: ``feed``, or ``entry 3``
    ids: list[str] = field(default_factory=list)
    #: Text and the moment that it means; None when it is not written as the format asks.
    moments: list[tuple[str, datetime | None]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  #: must be absolute
    bodies: list[str] = field(default_factory=list)  #: HTML, its addresses likewise
    findings: list[str] = field(default_factory=list)  #: rules of this format that are broken

    def require_one(self, name: str, count: int) -> None:
        """Note a finding unless *name* stands there exactly once."""
        if count == 0:
            self.findings.append(f"has no {name}")
        elif count > 1:
            self.findings.append(f"has {count} times {name}, which may stand once")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A document as a reader understands it."""

    self_urls: list[str]  #: what it names as its own address
    feed: ParsedEntry
    entries: list[ParsedEntry]


# Dates as the formats ask for them, read back without any kindness.

#: RFC 4287 section 3.3: RFC 3339 with an upper-case T, and Z or an offset.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

#: RFC 822 with a year of four digits, English names, and a zone in numbers (RSS profile).
_RFC822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)


def rfc3339(text: str) -> tuple[str, datetime | None]:
    """*Text* with the moment that it means; None when it is no date of Atom or JSON Feed."""
    if not _RFC3339.fullmatch(text):
        return text, None
    try:
        return text, datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February
        return text, None


def rfc822(text: str) -> tuple[str, datetime | None]:
    """*Text* with the moment that it means; None when it is no date of RSS."""
    if not _RFC822.fullmatch(text):
        return text, None
    try:
        moment = parsedate_to_datetime(text)
        # "-0000" says that the zone is unknown: such a moment comes without one.
        return text, moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return text, None
