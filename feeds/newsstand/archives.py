"""Archive documents (RFC 5005 section 4): which entries they hold, and their bytes on demand."""

from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Lock

from feeds import render
from feeds.categories import Catalogue
from feeds.model.edition import (
    NO_LAYOUT,
    Archive,
    ArchiveClosing,
    ArchivePage,
    FeedDocument,
    FeedEntry,
    FeedHead,
    History,
)
from feeds.model.feed import Format, Link
from feeds.model.release import ReleaseId
from feeds.model.text import whole_second
from feeds.newsstand.entries import EntryCache, EntryLoader, EntryPage
from feeds.store.database import Database, Transaction

# The content of archive documents (RFC 5005 section 4).
#
# The subscription document of a feed shows the latest changes; archives hold everything else. An
# archive is closed before an entry leaves the subscription document, so a reader that follows
# ``prev-archive`` from there always finds every entry.
#
# A release that is corrected or reassigned leaves its archive, returns to the subscription document
# as the latest change, and later enters a newer archive. An archive that was fetched once keeps its
# bytes: of an entry that occurs twice, the document nearer to the subscription document has the
# newer version. The exception is a retraction: stored bytes that contain the release are deleted,
# and made without it on the next request.

#: Maximum number of entries in an archive: as many as some readers accept from one document.
MAX_ENTRIES = 100

#: Estimated size of an entry in the longest format: JSON Feed has the body twice, and all else
#: once.
BODIES_AN_ENTRY = 2
ENTRY_BYTES = 1_000


def closings_due(
    unarchived: Sequence[tuple[FeedEntry, int]],
    shown: Collection[ReleaseId],
    *,
    last: int,
    max_bytes: int,
) -> list[ArchiveClosing]:
    """Returns the archives to close, so that every entry is either shown or archived.

    Args:
        unarchived: Entries that are in no archive, least recent change first, with the length of
            each body.
        shown: The releases that the next subscription document will show.
        last: Number of the newest archive so far.
        max_bytes: Approximate maximum of an archive; an archive with a single entry may be longer.

    Returns:
        Archives in the order of their numbers, often none. They include the older half of what is
        shown, so that an archive is closed once in many editions and has more than one entry.
    """
    hidden = [n for n, (entry, _) in enumerate(unarchived) if entry.release_id not in shown]
    if not hidden:
        return []
    end = max(hidden[-1] + 1, len(unarchived) - len(shown) // 2)
    parts: list[list[FeedEntry]] = []
    room = 0
    for entry, length in unarchived[:end]:
        size = BODIES_AN_ENTRY * length + ENTRY_BYTES
        if not parts or size > room or len(parts[-1]) == MAX_ENTRIES:
            parts.append([])
            room = max_bytes
        parts[-1].append(entry)
        room -= size
    return [ArchiveClosing(number, part) for number, part in enumerate(parts, start=last + 1)]


# The documents, made on the first request and then stored.

#: Number of locks: concurrent requests for one document make it only once.
_LOCKS = 16


class ArchiveStore:
    """The archives of all feeds. Safe to share between threads and, over one store, processes.

    A bulk import closes thousands of archives at once, of releases that were never rendered, so
    their bytes are only made on demand.
    """

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        # No cache: entries of archives are needed once, and must not fill the cache of the
        # editions.
        self._entry_cache = EntryCache(max_bytes=0)
        self._locks = [Lock() for _ in range(_LOCKS)]

    def page(self, slug: str, number: int, feed_format: Format, *, now: datetime) -> ArchivePage:
        """Returns an archive document.

        Raises:
            ArchiveNotFound: The feed has no archive with this number.
        """
        with self._database.read() as tx:
            stored = self._stored(tx, tx.archives.get(slug, number), feed_format)
        if stored is not None:
            return stored
        with self._locks[hash((slug, number, feed_format)) % _LOCKS]:
            return self._make(slug, number, feed_format, now)

    def listed(self, slug: str) -> list[Archive]:
        """Returns the archives of a feed, oldest first."""
        with self._database.read() as tx:
            return tx.archives.listed(slug)

    def _stored(self, tx: Transaction, archive: Archive, feed_format: Format) -> ArchivePage | None:
        document = tx.archives.document(archive, feed_format)
        # A document with other addresses has other links, so it is made again.
        if document is None or document.links != self._links(archive, feed_format):
            return None
        return ArchivePage(document, is_final=True)

    def _make(self, slug: str, number: int, feed_format: Format, now: datetime) -> ArchivePage:
        entry_loader = EntryLoader(self._catalogue, self._entry_cache)
        with self._database.transaction() as tx:
            archive = tx.archives.get(slug, number, is_locked=True)
            stored = self._stored(tx, archive, feed_format)
            if stored is not None:  # Another request made it first.
                return stored
            page = entry_loader.whole_page(tx, tx.archives.members(archive))
            document = self._document(tx, archive, feed_format, page)
            # A later version may be able to render a release that fails today.
            is_final = page.is_whole(feed_format)
            if is_final:
                tx.archives.store(document)
            tx.fragments.put(entry_loader.drain_new(), now=now)
        return ArchivePage(document, is_final=is_final)

    def _document(
        self, tx: Transaction, archive: Archive, feed_format: Format, page: EntryPage
    ) -> FeedDocument:
        links = self._links(archive, feed_format)
        head = FeedHead(
            id=tx.feeds.identity(archive.feed).id,
            feed=self._catalogue.feeds[archive.feed],
            updated=whole_second(archive.changed_at),
            links=links,
            history=History.ARCHIVE,
        )
        bodies = [entry.body or b"" for entry in page.fragments(feed_format)]
        written = render.assemble(head, feed_format, self._catalogue.site, bodies)
        return FeedDocument(
            feed=archive.feed,
            format=feed_format,
            edition=archive.number,
            digest=render.digest(written),
            modified_at=archive.changed_at,
            links=links,
            size_bytes=len(written),
            gzip=render.compress(written),
            layout=NO_LAYOUT,
        )

    def _links(self, archive: Archive, feed_format: Format) -> tuple[Link, ...]:
        """Returns the links of RFC 5005 section 4.

        ``next-archive`` is present from the start: until that archive is closed, its address
        leads to the subscription document, which holds what comes next.
        """
        site, slug, number = self._catalogue.site, archive.feed, archive.number
        links = [
            Link(rel="self", href=site.archive(slug, number, feed_format)),
            Link(rel="current", href=site.topic(slug, feed_format)),
            Link(rel="next-archive", href=site.archive(slug, number + 1, feed_format)),
        ]
        if number > 1:
            links.append(Link(rel="prev-archive", href=site.archive(slug, number - 1, feed_format)))
        return tuple(links)
