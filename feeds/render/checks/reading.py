"""What a checker reads off a document, whatever its format."""

from dataclasses import dataclass, field
from datetime import datetime


class Unreadable(Exception):
    """The bytes are no document of this format at all; the message says why."""


@dataclass(slots=True, kw_only=True)
class Said:
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
class Reading:
    """A document as a reader understands it."""

    self_urls: list[str]  #: what it names as its own address
    feed: Said
    entries: list[Said]
