"""The newsstand: what readers are given, and the regeneration behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import FeedNotFound
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model import edition
from feeds.model.edition import (
    Archive,
    ArchivePage,
    Delta,
    DocumentVersion,
    Edition,
    FeedDocument,
    RenderTrouble,
    newest_first,
)
from feeds.model.feed import Category, Format
from feeds.model.history import Revision, Step
from feeds.model.listing import FeedState, PageStub, SetAside
from feeds.model.moment import Monotonic, standing_still
from feeds.model.release import Release
from feeds.newsstand.archives import ArchiveStore
from feeds.newsstand.assembly import GzipAssembler
from feeds.newsstand.edition_builder import EditionBuilder
from feeds.newsstand.entries import EntryCache
from feeds.store.database import Database, Transaction
from feeds.store.release_pages import SitemapPart


class Newsstand:
    """Feeds out. Safe to share between threads and, over one store, between processes."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        look: str = "",
        monotonic: Monotonic = standing_still,
    ) -> None:
        """Have the feeds of a catalogue, as they are in a store.

        Args:
            database: The store.
            catalogue: Describes the feeds.
            look: What pages look like, in a few characters.
            monotonic: Tells how long an edition has been in the making.
        """
        self._look = look
        self._monotonic = monotonic
        self._database = database
        self._catalogue = catalogue
        self._descriptions = ConfigurationFingerprints(catalogue)
        self._case = EntryCache()
        self._assembler = GzipAssembler()
        self._archive_store = ArchiveStore(database, catalogue)

    def stale(self, *, now: datetime, worker: str = "") -> list[str]:
        """Slugs of the feeds whose edition is behind and that nobody regenerates now.

        Args:
            now: The moment.
            worker: Name of the caller, who makes one run at a time: what an earlier run of its
                claimed and could not finish is free to it.
        """
        with self._database.read() as tx:
            return tx.feeds.stale(now=now, worker=worker)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        """Make the next editions of these feeds; see ``EditionBuilder.regenerate``."""
        return self._edition_builder().regenerate(slugs, now=now, worker=worker)

    def render(self, slug: str, feed_format: Format) -> bytes:
        """The document that the feed's next edition would have, uncompressed. Stores nothing.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        return self._edition_builder().preview(slug, feed_format)

    def document(self, slug: str, feed_format: Format) -> FeedDocument | None:
        """The current document; None when the feed has no edition yet.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.documents.get(slug, feed_format)

    def version(self, slug: str, feed_format: Format) -> DocumentVersion | None:
        """Which document is current: one small query.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.documents.version(slug, feed_format)

    def delta(self, current: FeedDocument, plain: bytes, *, since: Sequence[str]) -> Delta | None:
        """What is new in a document to a reader that holds one of these former ones.

        Args:
            current: The document.
            plain: Its bytes, uncompressed.
            since: Digests; the latest of them counts that is remembered.

        Returns:
            None when none is. Entries that only left the document are not told of: absence from
            a feed means nothing (RFC 6721).
        """
        cut = edition.Layout.unpack(current.layout)
        with self._database.read() as tx:
            former = tx.documents.former(current.feed, current.format, since)
        if cut is None or former is None:
            return None
        body, entries = edition.without_known(plain, cut, former.marks)
        return Delta(former.digest, render.incomplete(body), entries)

    def archive(self, slug: str, number: int, feed_format: Format, *, now: datetime) -> ArchivePage:
        """An archive document of a feed (RFC 5005 section 4), made when it is first asked for.

        Raises:
            FeedNotFound: No feed has this slug.
            ArchiveNotFound: The feed has no archive of this number.
        """
        self._require(slug)
        return self._archive_store.page(slug, number, feed_format, now=now)

    def last_archive(self, slug: str) -> int:
        """Number of the feed's newest archive, to which they count from 1; 0 when there is none.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.archives.last(slug)

    def archives(self, slug: str) -> list[Archive]:
        """The feed's archive documents, the oldest first, without their bytes.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        return self._archive_store.listed(slug)

    def latest(self, slug: str, *, limit: int) -> list[Release]:
        """The releases of a feed that were published last and stand, in a document's order.

        For a person: a document's window is by last change, and after a bulk intake holds
        whatever came with it.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            found = tx.releases.by_ids(tx.feed_entries.latest(slug, limit=limit))
        return newest_first(list(found.values()))

    def release_by_slug(self, slug: str) -> Release:
        """The release whose page has this slug.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.releases.by_slug(slug)

    def history(self, release: Release) -> list[Step]:
        """All revisions of a release, the present one too, the newest first; without text."""
        with self._database.read() as tx:
            return tx.revisions.steps(release)

    def revision(self, release: Release, number: int) -> Revision:
        """What a release was before it was corrected.

        Raises:
            RevisionNotFound: It has no former revision of this number.
        """
        with self._database.read() as tx:
            return tx.revisions.one(release, number)

    def release_pages(self, *, behind: PageStub | None, limit: int) -> list[PageStub]:
        """The next pages of releases, by publication: a million are walked through in parts."""
        with self._database.read() as tx:
            return tx.release_pages.behind(behind, limit=limit)

    def sitemap_parts(self, *, size: int) -> list[int]:
        """Numbers of the parts of all pages of releases, in the same order.

        A new one begins when the last has more than *size* pages.
        """
        return [part.number for part in self._parts(size)]

    def sitemap_part(self, number: int, *, size: int) -> list[PageStub] | None:
        """The pages of a part; None when there is none of this number.

        Late-coming releases of former days may have filled it. At double its *size* it is divided,
        and what no longer belongs to it is in a part of its own from then on.
        """
        part = next((one for one in self._parts(size) if one.number == number), None)
        if part is None:
            return None
        with self._database.read() as tx:
            pages = tx.release_pages.of(part, limit=2 * size + 1)
        if len(pages) <= 2 * size:
            return pages
        self._database.in_one_go(lambda tx: tx.sitemap_parts.divide(part, size=size))
        return self.sitemap_part(number, size=size)

    def _parts(self, size: int) -> list[SitemapPart]:
        with self._database.read() as tx:
            parts = tx.sitemap_parts.listed()
            if not tx.sitemap_parts.is_over(parts[-1], size=size):
                return parts
        return self._database.in_one_go(partial(_extend, size=size))

    def newest_release_pages(
        self, *, since: datetime, until: datetime, limit: int
    ) -> list[PageStub]:
        """The pages of the releases that were published in that time, the newest first."""
        with self._database.read() as tx:
            return tx.release_pages.published(since=since, until=until, limit=limit)

    def count_release_pages(self) -> int:
        """How many releases have a page. Counts them all."""
        with self._database.read() as tx:
            return tx.release_pages.count()

    def retracted_pages(self) -> list[str]:
        """Slugs of the releases whose pages are gone because they were retracted."""
        with self._database.read() as tx:
            return tx.release_pages.retracted()

    def release_pages_there(self, slugs: Sequence[str]) -> set[str]:
        """Those of *slugs* under which there is a release's page."""
        with self._database.read() as tx:
            return tx.release_pages.there(slugs)

    def categories_of(self, release: Release) -> tuple[Category, ...]:
        """The categories that a release is filed under, by slug, with titles in its language."""
        with self._database.read() as tx:
            slugs = tx.feed_entries.of([release.id]).get(release.id, ())
        return self._catalogue.labels(slugs, language=release.content.language)

    def feeds(self) -> list[FeedState]:
        """How each feed stands, in configured order; feeds the store does not know yet are out."""
        titles = {slug: feed.title for slug, feed in self._catalogue.feeds.items()}
        with self._database.read() as tx:
            return tx.feeds.states(titles=titles)

    def state(self, slug: str) -> FeedState | None:
        """How one feed stands; None when the store does not know it yet.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        titles = {slug: self._catalogue.feeds[slug].title}
        with self._database.read() as tx:
            return next(iter(tx.feeds.states(titles=titles)), None)

    def pages_since(self) -> datetime | None:
        """Since when pages look as our configuration and program make them look.

        Returns:
            None while another look is the one that counts.
        """
        with self._database.read() as tx:
            return tx.appearance.since(self._descriptions.appearance(self._look))

    def newest_change(self) -> datetime | None:
        """When a release last changed, or its translations; None when there is none."""
        with self._database.read() as tx:
            return tx.releases.newest_change()

    def sizes(self) -> Mapping[str, int]:
        """How many releases each feed has that has any, in the window or not. Counts them all."""
        with self._database.read() as tx:
            return tx.feed_entries.counts()

    def aside(self) -> list[SetAside]:
        """Releases left out of a format because they could not be rendered."""
        with self._database.read() as tx:
            return tx.fragments.aside()

    def _edition_builder(self) -> EditionBuilder:
        return EditionBuilder(
            self._database,
            self._catalogue,
            self._descriptions,
            self._case,
            self._assembler,
            self._monotonic,
        )

    def _require(self, slug: str) -> None:
        if slug not in self._catalogue.feeds:
            raise FeedNotFound(slug)


def _extend(tx: Transaction, *, size: int) -> list[SitemapPart]:
    tx.sitemap_parts.divide(tx.sitemap_parts.listed()[-1], size=size)
    return tx.sitemap_parts.listed()
