"""What was published together: an edition, and its documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from feeds.model.feed import Category, Feed, Format, Link, Site
from feeds.model.release import Release


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
    layout: bytes  #: packed (``feeds.model.layout``); empty when the edition is older than layouts
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
class Trouble:
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
