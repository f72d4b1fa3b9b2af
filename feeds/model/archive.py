"""Archive documents: what a feed's subscription document no longer shows (RFC 5005 section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.model.edition import FeedDocument
from feeds.model.filing import Filed


@dataclass(frozen=True, slots=True)
class Closing:
    """An archive document about to be closed, and what goes into it."""

    number: int
    filed: Sequence[Filed]


@dataclass(frozen=True, slots=True)
class Archive:
    """A closed archive document. Its number and its address never change.

    Its bytes do only when a release that stood in it is retracted.
    """

    feed: str  #: slug
    number: int  #: 1 for the oldest; all numbers below it are archives of the feed, too
    closed_at: datetime
    purged_at: datetime | None = None  #: when a retracted release was last taken out of it

    @property
    def changed_at(self) -> datetime:
        """Since when it has the bytes that it has."""
        return self.purged_at or self.closed_at


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """An archive document as it is served."""

    document: FeedDocument
    is_final: bool  #: these bytes are kept, and served for ever
