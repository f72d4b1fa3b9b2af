"""What is published together: editions with their entries, documents, archives and deltas."""

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

# Feed entries: which releases a feed holds.

#: Hex digits of an entry version: 128 bits.
ENTRY_VERSION_LENGTH = 32


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A release in a feed, without its text."""

    release_id: ReleaseId
    #: see `entry_version`; an entry with the same version is the same, under one configuration
    version: str
    archive: int | None  #: number of the archive document that holds it; None when none does


def entry_version(
    digest: str, updated: datetime, feeds: Iterable[str], *, notice_since: datetime | None = None
) -> str:
    """Returns a digest of all that an entry, and its notice, depend on except the configuration.

    It is stored with each feed entry, so that a feed's window shows which of its entries are
    already rendered without reading any release.

    Args:
        digest: `Release.face` of the release.
        updated: `Release.updated`, in whole seconds.
        feeds: Slugs of all feeds that hold the release. The categories among them are labels.
        notice_since: `Release.notice_since`. Together with *updated* it identifies the notice.
    """
    parts: list[object] = [digest, int(updated.timestamp()), sorted(feeds)]
    if notice_since is not None:
        parts.append(int(notice_since.timestamp()))
    return sha256(json.dumps(parts).encode("ascii")).hexdigest()[:ENTRY_VERSION_LENGTH]


# Layouts: where the entries of a document are, so that some of them can be sent alone.

#: Length of the head, and of the bytes between two entries.
_HEAD = struct.Struct(">IB")
#: Mark and length of an entry.
_CUT = struct.Struct(">8sI")

#: Bytes of a mark. With 64 bits, two entries of one feed do not collide in practice.
MARK_BYTES = 8


#: The layout of a document that is never split into entries.
NO_LAYOUT = b""


@dataclass(frozen=True, slots=True)
class Cut:
    """One entry of a document, as a range of bytes."""

    mark: bytes  #: equal in two documents of one format exactly when the entry's bytes are equal
    length: int  #: in bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """The positions of the entries in a document."""

    head: int  #: bytes before the first entry
    between: int  #: bytes between two entries
    cuts: tuple[Cut, ...]  #: in the document's order

    @property
    def marks(self) -> frozenset[bytes]:
        """The marks of all entries in the document, without their order."""
        return frozenset(cut.mark for cut in self.cuts)

    @classmethod
    def unpack(cls, packed: bytes) -> "Layout | None":
        """Reads what `pack_layout` wrote; None for a document stored before layouts existed."""
        if not packed:
            return None
        head, between = _HEAD.unpack_from(packed)
        cuts = _CUT.iter_unpack(packed[_HEAD.size :])
        return cls(head, between, tuple(Cut(mark, length) for mark, length in cuts))


def pack_layout(head: int, between: int, marks: bytes, lengths: Sequence[int]) -> bytes:
    """Returns a layout in its stored form, 12 bytes an entry.

    Every edition writes its layouts and few are ever read, so packing must be cheap.

    Args:
        head: Bytes before the first entry.
        between: Bytes between two entries.
        marks: Of all entries, in the order of the document.
        lengths: The length of each entry in bytes.
    """
    cuts: list[bytes | int] = []
    for number, length in enumerate(lengths):
        cuts += (marks[MARK_BYTES * number : MARK_BYTES * (number + 1)], length)
    return struct.pack(">IB" + "8sI" * len(lengths), head, between, *cuts)


def without_known(document: bytes, layout: Layout, known: AbstractSet[bytes]) -> tuple[bytes, int]:
    """Returns the document without the entries in *known*, and the number of entries left.

    Args:
        document: The document, uncompressed.
        layout: The layout of this document.
        known: Marks of another document of the same feed and format.
    """
    parts: list[bytes] = []
    start, between = layout.head, b""
    for number, cut in enumerate(layout.cuts):
        if number:
            between = document[start : start + layout.between]
            start += layout.between
        if cut.mark not in known:
            parts.append(document[start : start + cut.length])
        start += cut.length
    return b"".join((document[: layout.head], between.join(parts), document[start:])), len(parts)


# Deltas: what is new in a document since an earlier one (RFC 3229).


@dataclass(frozen=True, slots=True)
class FormerDocument:
    """A document that is no longer current."""

    digest: str
    marks: AbstractSet[bytes]  #: marks of the entries that it held, see `Cut`


@dataclass(frozen=True, slots=True)
class Delta:
    """A feed with only the entries that are new or changed since a former document."""

    base: str  #: digest of the former document
    body: bytes  #: uncompressed; a whole document in its format
    entries: int


# Editions and their documents.


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A release as an entry of a feed. It is the same in all feeds, so it is rendered only once."""

    release: Release
    categories: tuple[Category, ...]  #: sorted by slug
    #: address of its page for people, if that is not the release's own page
    page: str | None = None

    def page_at(self, site: Site) -> str:
        """Returns the address of its page for people."""
        return self.page or site.release_page(self.release.slug)

    def pages(self, site: Site) -> list[tuple[str, str]]:
        """Returns language and address of its page, then of the pages of its translations."""
        own = (self.release.content.language, self.page_at(site))
        others = self.release.translations
        return [own, *((each.language, site.release_page(each.slug)) for each in others)]


class History(Enum):
    """Which part of its feed's history a document holds (RFC 5005)."""

    PARTIAL = "partial"  #: the newest part; the rest, if any, is in archives
    COMPLETE = "complete"  #: everything (section 2): what is not in the document is not in the feed
    ARCHIVE = "archive"  #: a closed part (section 4), which does not change


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a document says before its entries."""

    id: str  #: permanent ``atom:id`` of the feed, minted once, the same in all editions
    feed: Feed
    updated: datetime  #: last change of the feed for any reason; aware, UTC, whole seconds
    links: tuple[Link, ...]  #: one ``self``, then the hubs in order, then the links of RFC 5005
    history: History = History.PARTIAL
    is_expired: bool = False  #: the feed has ended; its closing entry is the last one
    #: address of its page for people, if that is not the page of ``feed``
    page: str | None = None

    def page_at(self, site: Site) -> str:
        """Returns the address of its page for people."""
        return self.page or site.feed_page(self.feed.slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed in one format, as it is served."""

    feed: str  #: slug
    format: Format
    edition: int  #: number of the edition that introduced these bytes
    digest: str  #: hex digest of the uncompressed bytes; the ETag is derived from it
    modified_at: datetime  #: when these bytes became current; never goes back
    links: tuple[Link, ...]
    size_bytes: int  #: uncompressed
    gzip: bytes
    layout: bytes  #: see `pack_layout`; empty for a document stored before layouts existed
    #: The date of the feed's last change as the document states it. None for archives, and for
    #: documents stored before it was recorded.
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """Identifies the current document, without its bytes."""

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
    changed: tuple[Format, ...]  #: formats whose bytes differ from those of the edition before
    entries: int
    set_aside: int  #: releases that could not be rendered in at least one format


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTrouble:
    """A failed regeneration. The last good edition remains in service."""

    feed: str
    error: Exception
    retry_at: datetime


def newest_first(releases: Sequence[Release]) -> list[Release]:
    """Returns releases in the order of a document: by publication, then by id, newest first.

    Atom gives the order no meaning, but readers truncate documents at a limit and lose the end.
    """
    return sorted(
        releases, key=lambda release: (release.content.published, release.id), reverse=True
    )


# Archive documents: the entries that the subscription document no longer shows (RFC 5005 section
# 4).


@dataclass(frozen=True, slots=True)
class ArchiveClosing:
    """An archive document that is about to be closed, and its entries."""

    number: int
    entries: Sequence[FeedEntry]


@dataclass(frozen=True, slots=True)
class Archive:
    """A closed archive document. Its number and its address never change.

    Its bytes change only when a release in it is retracted.
    """

    feed: str  #: slug
    number: int  #: 1 for the oldest; archives are numbered without gaps
    closed_at: datetime
    purged_at: datetime | None = None  #: when a retracted release was last removed from it

    @property
    def changed_at(self) -> datetime:
        """The moment from which the archive has its present bytes."""
        return self.purged_at or self.closed_at


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """An archive document as it is served."""

    document: FeedDocument
    is_final: bool  #: these bytes are stored and never change
