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
    """A closed archive document. Its number and its address never change."""

    feed: str  #: slug
    number: int  #: 1 for the oldest; all numbers below it are archives of the feed, too
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """An archive document as it is served."""

    document: FeedDocument
    is_final: bool  #: these bytes are kept, and served for ever
