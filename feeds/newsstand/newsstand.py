"""The newsstand: serves what readers request, and regenerates editions."""

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
from feeds.model.medium import MediumUse
from feeds.model.moment import Monotonic, standing_still
from feeds.model.months import FeedMonths, FeedSummary, MonthPage, MonthPlace, Neighbours
from feeds.model.release import Release
from feeds.newsstand.archives import ArchiveStore
from feeds.newsstand.assembly import GzipAssembler
from feeds.newsstand.edition_builder import EditionBuilder
from feeds.newsstand.entries import EntryCache
from feeds.newsstand.months import MonthLists
from feeds.newsstand.searches import Searches
from feeds.store.database import Database, Transaction
from feeds.store.release_pages import SitemapPart


class Newsstand:
    """Feeds out. Safe to share between threads and, over one store, between processes."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        page_version: str = "",
        monotonic: Monotonic = standing_still,
    ) -> None:
        """Serves the feeds of a catalogue from a store.

        Args:
            database: The store.
            catalogue: Describes the feeds.
            page_version: A digest of the program and templates that make the pages.
            monotonic: Clock in seconds that is never set; it times the making of editions.
        """
        self._page_version = page_version
        self._monotonic = monotonic
        self._database = database
        self._catalogue = catalogue
        self._fingerprints = ConfigurationFingerprints(catalogue)
        self._entry_cache = EntryCache()
        self._assembler = GzipAssembler()
        self._archive_store = ArchiveStore(database, catalogue)
        #: Searches, as pages and as feeds.
        self.searches = Searches(database, catalogue)
        self._month_lists = MonthLists(database, catalogue.site.time_zone)

    def stale(self, *, now: datetime, worker: str = "") -> list[str]:
        """Returns the slugs of feeds that need a new edition and that no process is regenerating.

        Args:
            now: The present moment.
            worker: Name of the caller, which makes one run at a time. Claims that an earlier run of
                the caller did not finish do not count.
        """
        with self._database.read() as tx:
            return tx.feeds.stale(now=now, worker=worker)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        """Makes the next editions of these feeds; see ``EditionBuilder.regenerate``."""
        return self._edition_builder().regenerate(slugs, now=now, worker=worker)

    def forget(self) -> None:
        """Empties the caches of entries and segments. Later editions fill them again by use."""
        self._entry_cache.clear()
        self._assembler.clear()

    def render(self, slug: str, feed_format: Format) -> bytes:
        """Returns the document of the feed's next edition, uncompressed. Stores nothing.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        return self._edition_builder().preview(slug, feed_format)

    def document(self, slug: str, feed_format: Format) -> FeedDocument | None:
        """Returns the current document; None when the feed has no edition yet.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.documents.get(slug, feed_format)

    def version(self, slug: str, feed_format: Format) -> DocumentVersion | None:
        """Returns the version of the current document, with one small query.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.documents.version(slug, feed_format)

    def delta(self, current: FeedDocument, plain: bytes, *, since: Sequence[str]) -> Delta | None:
        """Returns what is new in a document for a client that has one of several former ones.

        Args:
            current: The document.
            plain: Its bytes, uncompressed.
            since: Digests of former documents; the latest known one counts.

        Returns:
            None when none is known. Entries that only left the document are not reported: absence
            from a feed means nothing (RFC 6721).
        """
        layout = edition.Layout.unpack(current.layout)
        with self._database.read() as tx:
            former = tx.documents.former(current.feed, current.format, since)
        if layout is None or former is None:
            return None
        body, entries = edition.without_known(plain, layout, former.marks)
        return Delta(former.digest, render.incomplete(body), entries)

    def archive(self, slug: str, number: int, feed_format: Format, *, now: datetime) -> ArchivePage:
        """Returns an archive document of a feed (RFC 5005 section 4), made on its first request.

        Raises:
            FeedNotFound: No feed has this slug.
            ArchiveNotFound: The feed has no archive with this number.
        """
        self._require(slug)
        return self._archive_store.page(slug, number, feed_format, now=now)

    def last_archive(self, slug: str) -> int:
        """Returns the number of the feed's newest archive, counted from 1; 0 when there is none.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.archives.last(slug)

    def archives(self, slug: str) -> list[Archive]:
        """Returns the feed's archive documents, oldest first, without their bytes.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        return self._archive_store.listed(slug)

    def latest(self, slug: str, *, limit: int) -> list[Release]:
        """Returns the latest releases of a feed that are not retracted, in a document's order.

        For people: a document's window is by last change, and after a bulk import holds whatever
        was imported last.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            found = tx.releases.by_ids(tx.feed_entries.latest(slug, limit=limit))
        return newest_first(list(found.values()))

    def months(self, slug: str) -> FeedMonths:
        """Returns the months in which a feed has releases, and how many.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        with self._database.read() as tx:
            return tx.months.of(slug)

    def month(self, slug: str, place: MonthPlace) -> MonthPage:
        """Returns a page of the list of a feed's releases of a month; see ``MonthLists.page``.

        Raises:
            FeedNotFound: No feed has this slug.
            MonthNotFound: There is no such page.
        """
        self._require(slug)
        return self._month_lists.page(slug, place)

    def neighbours(self, release: Release) -> Neighbours:
        """Returns the releases before and after a public one, by publication."""
        return self._month_lists.neighbours(release)

    def summaries(self) -> Mapping[str, FeedSummary]:
        """Returns the number of releases of each feed, and when the last one was published."""
        with self._database.read() as tx:
            return tx.months.summaries(list(self._catalogue.feeds))

    def release_by_slug(self, slug: str) -> Release:
        """Returns the release whose page has this slug.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.releases.by_slug(slug)

    def history(self, release: Release) -> list[Step]:
        """Returns all revisions of a release, the present one too, newest first, without text."""
        with self._database.read() as tx:
            return tx.revisions.steps(release)

    def revision(self, release: Release, number: int) -> Revision:
        """Returns a former revision of a release.

        Raises:
            RevisionNotFound: It has no former revision with this number.
        """
        with self._database.read() as tx:
            return tx.revisions.one(release, number)

    def release_pages(self, *, behind: PageStub | None, limit: int) -> list[PageStub]:
        """Returns the next pages of releases, by publication; a million can be read in parts."""
        with self._database.read() as tx:
            return tx.release_pages.behind(behind, limit=limit)

    def public_media(
        self, *, behind: MediumUse | None, limit: int
    ) -> list[tuple[MediumUse, datetime]]:
        """Returns the next addresses of stored files that public releases name, and their dates."""
        with self._database.read() as tx:
            return tx.media.public_uses(after=behind, limit=limit)

    def sitemap_parts(self, *, size: int) -> list[int]:
        """Returns the numbers of the parts of all release pages, in order.

        A new part begins when the last one has more than *size* pages.
        """
        return [part.number for part in self._parts(size)]

    def sitemap_part(self, number: int, *, size: int) -> list[PageStub] | None:
        """Returns the pages of a part; None when there is no such part.

        Releases with past dates may have grown it. At twice its *size* it is divided, and the later
        pages form a part of their own from then on.
        """
        part = next((one for one in self._parts(size) if one.number == number), None)
        if part is None:
            return None
        with self._database.read() as tx:
            pages = tx.release_pages.of(part, limit=2 * size + 1)
        if len(pages) <= 2 * size:
            return pages
        self._database.run_in_transaction(lambda tx: tx.sitemap_parts.divide(part, size=size))
        return self.sitemap_part(number, size=size)

    def _parts(self, size: int) -> list[SitemapPart]:
        with self._database.read() as tx:
            parts = tx.sitemap_parts.listed()
            if not tx.sitemap_parts.is_over(parts[-1], size=size):
                return parts
        return self._database.run_in_transaction(partial(_extend, size=size))

    def newest_release_pages(
        self, *, since: datetime, until: datetime, limit: int, is_news: bool = False
    ) -> list[PageStub]:
        """Returns the pages of releases published in this period, newest first.

        With *is_news*, without those that came with an import.
        """
        with self._database.read() as tx:
            return tx.release_pages.published(
                since=since, until=until, limit=limit, is_news=is_news
            )

    def count_release_pages(self) -> int:
        """Returns how many releases have a page. Counts all of them."""
        with self._database.read() as tx:
            return tx.release_pages.count()

    def retracted_pages(self) -> list[str]:
        """Returns the slugs of releases whose pages are gone because of a retraction."""
        with self._database.read() as tx:
            return tx.release_pages.retracted()

    def release_pages_there(self, slugs: Sequence[str]) -> set[str]:
        """Returns those of *slugs* that have a release's page."""
        with self._database.read() as tx:
            return tx.release_pages.existing(slugs)

    def categories_of(self, release: Release) -> tuple[Category, ...]:
        """Returns the categories of a release, by slug, with titles in its language."""
        with self._database.read() as tx:
            slugs = tx.feed_entries.of([release.id]).get(release.id, ())
        return self._catalogue.labels(slugs, language=release.content.language)

    def feeds(self) -> list[FeedState]:
        """Returns the state of each feed in configured order, except feeds not in the store yet."""
        titles = {slug: feed.title for slug, feed in self._catalogue.feeds.items()}
        with self._database.read() as tx:
            return tx.feeds.states(titles=titles)

    def state(self, slug: str) -> FeedState | None:
        """Returns the state of one feed; None when the store does not have it yet.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        self._require(slug)
        titles = {slug: self._catalogue.feeds[slug].title}
        with self._database.read() as tx:
            return next(iter(tx.feeds.states(titles=titles)), None)

    def pages_since(self) -> datetime | None:
        """Returns since when pages look as this configuration and program make them.

        Returns:
            None while another appearance is current.
        """
        with self._database.read() as tx:
            return tx.appearance.since(self._fingerprints.appearance(self._page_version))

    def newest_change(self) -> datetime | None:
        """Returns when a release, or its translations, last changed; None when there is none."""
        with self._database.read() as tx:
            return tx.releases.newest_change()

    def sizes(self) -> Mapping[str, int]:
        """Returns the number of releases of each feed that has any. Counts all of them."""
        with self._database.read() as tx:
            return tx.feed_entries.counts()

    def set_aside(self) -> list[SetAside]:
        """Returns the releases left out of a format because they could not be rendered."""
        with self._database.read() as tx:
            return tx.fragments.failures()

    def _edition_builder(self) -> EditionBuilder:
        return EditionBuilder(
            self._database,
            self._catalogue,
            self._fingerprints,
            self._entry_cache,
            self._assembler,
            self._monotonic,
        )

    def _require(self, slug: str) -> None:
        if slug not in self._catalogue.feeds:
            raise FeedNotFound(slug)


def _extend(tx: Transaction, *, size: int) -> list[SitemapPart]:
    tx.sitemap_parts.divide(tx.sitemap_parts.listed()[-1], size=size)
    return tx.sitemap_parts.listed()
