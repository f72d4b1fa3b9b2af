"""What is published together: an edition with its entries, documents, archives and deltas."""

import json
import struct
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256

from feeds.model.feed import Category, Feed, Format, Link, Site
from feeds.model.release import Release, ReleaseId

# A release's place in a feed.

#: Hex digits of a stamp: 128 bits.
ENTRY_VERSION_LENGTH = 32


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A release in a feed, without its text."""

    release_id: ReleaseId
    version: str  #: while it stays, so does the entry, under one configuration; see `entry_version`
    archive: int | None  #: number of the archive document that it is in, if it is in one


def entry_version(
    digest: str, updated: datetime, feeds: Iterable[str], *, notice_since: datetime | None = None
) -> str:
    """A digest of all that an entry, and a notice of it, are made of beside the configuration.

    It is kept with each filing, so that a feed's window tells which of its entries are known
    without a look at any release.

    Args:
        digest: The release's present face.
        updated: The release's; of whole seconds.
        feeds: Slugs of all feeds that it is filed in: the categories among them are labels.
        notice_since: The release's; with *updated*, it tells which notice stands beside it.
    """
    seen: list[object] = [digest, int(updated.timestamp()), sorted(feeds)]
    if notice_since is not None:
        seen.append(int(notice_since.timestamp()))
    return sha256(json.dumps(seen).encode("ascii")).hexdigest()[:ENTRY_VERSION_LENGTH]


# How a document's bytes are cut into entries, so that some of them can be sent alone.

#: Length of the head, and of what stands between two entries.
_HEAD = struct.Struct(">IB")
#: Mark and length of an entry.
_CUT = struct.Struct(">8sI")

#: Bytes of a mark: with 64 bits, two entries of one feed share one by chance in never.
MARK_BYTES = 8


#: Of a document that is never cut.
NO_LAYOUT = b""


@dataclass(frozen=True, slots=True)
class Cut:
    """One entry of a document."""

    mark: bytes  #: the same in two documents of a format exactly when the entry's bytes are
    length: int  #: in bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a document each of its entries stands."""

    head: int  #: bytes before the first entry
    between: int  #: bytes between two entries
    cuts: tuple[Cut, ...]  #: in the document's order

    @property
    def marks(self) -> frozenset[bytes]:
        """What the document held, without its order."""
        return frozenset(cut.mark for cut in self.cuts)

    @classmethod
    def unpack(cls, packed: bytes) -> "Layout | None":
        """What `pack` wrote; None for the empty bytes of a document older than layouts."""
        if not packed:
            return None
        head, between = _HEAD.unpack_from(packed)
        cuts = _CUT.iter_unpack(packed[_HEAD.size :])
        return cls(head, between, tuple(Cut(mark, length) for mark, length in cuts))


def pack_layout(head: int, between: int, cuts: Iterable[tuple[bytes, int]]) -> bytes:
    """A layout as it is kept, 12 bytes an entry. Each edition needs it; few are ever read.

    Args:
        head: Bytes before the first entry.
        between: Bytes between two entries.
        cuts: Mark and length of each entry, in the document's order.
    """
    return _HEAD.pack(head, between) + b"".join([_CUT.pack(*cut) for cut in cuts])


def without_known(document: bytes, layout: Layout, known: AbstractSet[bytes]) -> tuple[bytes, int]:
    """The document with only those entries whose marks are not *known*, and how many those are.

    Args:
        document: Uncompressed.
        layout: Its own.
        known: Marks of another document of the same feed and format.
    """
    kept: list[bytes] = []
    start, between = layout.head, b""
    for number, cut in enumerate(layout.cuts):
        if number:
            between = document[start : start + layout.between]
            start += layout.between
        if cut.mark not in known:
            kept.append(document[start : start + cut.length])
        start += cut.length
    return b"".join((document[: layout.head], between.join(kept), document[start:])), len(kept)


# What is new in a feed's document since an earlier one.


@dataclass(frozen=True, slots=True)
class FormerDocument:
    """A document that is no longer current."""

    digest: str
    marks: AbstractSet[bytes]  #: of the entries that it held; see ``feeds.model.edition``


@dataclass(frozen=True, slots=True)
class Delta:
    """A feed of those entries alone that are new or changed since a former document."""

    base: str  #: digest of the former document
    body: bytes  #: uncompressed; a whole document in its format
    entries: int


# What was published together: an edition, and its documents.


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A release inside a feed. It is the same in every feed, so it is rendered once a format."""

    release: Release
    categories: tuple[Category, ...]  #: sorted by slug
    page: str | None = None  #: its page for a person, where that is not the release's own

    def page_at(self, site: Site) -> str:
        """The address of its page for a person."""
        return self.page or site.release_page(self.release.slug)

    def pages(self, site: Site) -> list[tuple[str, str]]:
        """Language and address of its page, then those of its translations' pages."""
        own = (self.release.content.language, self.page_at(site))
        others = self.release.translations
        return [own, *((each.language, site.release_page(each.slug)) for each in others)]


class History(Enum):
    """What a document is of its feed's history (RFC 5005)."""

    PARTIAL = "partial"  #: the newest part; the rest is in archives, if anywhere
    COMPLETE = "complete"  #: all there is (section 2): what is not in it is not in the feed
    ARCHIVE = "archive"  #: a closed part (section 4), which does not change


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a document says before its entries."""

    id: str  #: permanent, minted once; ``atom:id`` of the feed, the same in all its editions
    feed: Feed
    updated: datetime  #: last change of the feed, whatever its cause; aware, UTC, whole seconds
    links: tuple[Link, ...]  #: one ``self``, then the hubs in order, then those of RFC 5005
    history: History = History.PARTIAL
    is_expired: bool = False  #: nothing new will ever come; the last thing is a farewell


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed in one format, as it is served."""

    feed: str  #: slug
    format: Format
    edition: int  #: number of the edition that brought these bytes
    digest: str  #: hex digest of the uncompressed bytes; the ETag is made of it
    modified_at: datetime  #: when these bytes became the feed's; never goes back
    links: tuple[Link, ...]
    size_bytes: int  #: uncompressed
    gzip: bytes
    layout: bytes  #: packed (``feeds.model.edition``); empty when the edition is older than layouts
    #: What the document says of the feed's last change; None when it was not noted yet, or is an
    #: archive's.
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """Which document is current, without its bytes."""

    edition: int
    digest: str
    modified_at: datetime
    size_bytes: int  #: uncompressed
    updated: datetime | None  #: as in ``FeedDocument``


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The state of a feed that was published together."""

    feed: str
    number: int
    changed: tuple[Format, ...]  #: formats whose bytes differ from the edition before
    entries: int
    set_aside: int  #: releases that could not be rendered in at least one format


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTrouble:
    """A regeneration that failed. The last good edition goes on being served."""

    feed: str
    error: Exception
    retry_at: datetime


def newest_first(releases: Sequence[Release]) -> list[Release]:
    """Releases as a document lists them: by publication, then by id, newest first.

    Atom gives order no meaning, but readers cut documents at a limit and lose the end.
    """
    return sorted(
        releases, key=lambda release: (release.content.published, release.id), reverse=True
    )


# Archive documents: what a feed's subscription document no longer shows (RFC 5005 section 4).


@dataclass(frozen=True, slots=True)
class ArchiveClosing:
    """An archive document about to be closed, and what goes into it."""

    number: int
    filed: Sequence[FeedEntry]


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
