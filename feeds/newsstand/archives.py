"""Archive documents (RFC 5005 section 4): what goes into them, and their bytes on demand."""

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

# What goes into archive documents, and when (RFC 5005 section 4).
#
# A feed's subscription document shows what changed last. Whatever else the feed holds is in an
# archive: before an entry leaves the subscription document, an archive is closed that holds it. So
# a reader that follows ``prev-archive`` from the subscription document has everything, at any
# moment.
#
# A release that is corrected, or filed anew, is taken out of its archive and stands in the
# subscription document again, as the last change; later it comes into a newer archive. The bytes of
# an archive that somebody fetched stay as they are: where an entry stands twice, the document that
# is nearer to the subscription document has the newer one. The one exception is a release that is
# retracted: whatever kept bytes hold it are thrown away, and made without it when they are next
# asked for.

#: Entries of an archive at the most: as many as some readers take of one document.
MAX_ENTRIES = 100

#: What an entry takes in the longest format: JSON Feed has the body twice, and all else once.
BODIES_AN_ENTRY = 2
ENTRY_BYTES = 1_000


def closings_due(
    loose: Sequence[tuple[FeedEntry, int]],
    shown: Collection[ReleaseId],
    *,
    last: int,
    max_bytes: int,
) -> list[ArchiveClosing]:
    """Which archives are to be closed, so that nothing is neither shown nor archived.

    Args:
        loose: What is in no archive, least recent change first, with the length of its body.
        shown: What the subscription document is about to show.
        last: Number of the newest archive so far.
        max_bytes: Of an archive, about; one that holds a single entry may be longer.

    Returns:
        Archives in the order of their numbers, often none. The older half of what is shown goes
        along, so that an archive is closed once in many editions and has more than one entry.
    """
    hidden = [n for n, (filed, _) in enumerate(loose) if filed.release_id not in shown]
    if not hidden:
        return []
    end = max(hidden[-1] + 1, len(loose) - len(shown) // 2)
    parts: list[list[FeedEntry]] = []
    room = 0
    for filed, length in loose[:end]:
        size = BODIES_AN_ENTRY * length + ENTRY_BYTES
        if not parts or size > room or len(parts[-1]) == MAX_ENTRIES:
            parts.append([])
            room = max_bytes
        parts[-1].append(filed)
        room -= size
    return [ArchiveClosing(number, part) for number, part in enumerate(parts, start=last + 1)]


# Archive documents, made when somebody first asks for them and kept from then on.

#: Locks for those who make documents: one is made once, however many ask at the same time.
_LOCKS = 16


class ArchiveStore:
    """The archives of all feeds. Safe to share between threads and, over one store, processes.

    A bulk intake closes thousands of archives at once, of releases of which nothing was ever
    rendered; so their bytes are not made before they are asked for.
    """

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        # Entries of archives are asked for once; the case of the press must not be filled by them.
        self._case = EntryCache(max_bytes=0)
        self._making = [Lock() for _ in range(_LOCKS)]

    def page(self, slug: str, number: int, feed_format: Format, *, now: datetime) -> ArchivePage:
        """An archive document.

        Raises:
            ArchiveNotFound: The feed has no archive of this number.
        """
        with self._database.read() as tx:
            kept = self._kept(tx, tx.archives.get(slug, number), feed_format)
        if kept is not None:
            return kept
        with self._making[hash((slug, number, feed_format)) % _LOCKS]:
            return self._make(slug, number, feed_format, now)

    def listed(self, slug: str) -> list[Archive]:
        """A feed's archives, the oldest first."""
        with self._database.read() as tx:
            return tx.archives.listed(slug)

    def _kept(self, tx: Transaction, archive: Archive, feed_format: Format) -> ArchivePage | None:
        document = tx.archives.document(archive, feed_format)
        # Under another address it is another document, which has other links.
        if document is None or document.links != self._links(archive, feed_format):
            return None
        return ArchivePage(document, is_final=True)

    def _make(self, slug: str, number: int, feed_format: Format, now: datetime) -> ArchivePage:
        entry_loader = EntryLoader(self._catalogue, self._case)
        with self._database.transaction() as tx:
            archive = tx.archives.get(slug, number, is_locked=True)
            kept = self._kept(tx, archive, feed_format)
            if kept is not None:  # Whoever was first has made it.
                return kept
            page = entry_loader.whole_page(tx, tx.archives.members(archive))
            document = self._document(tx, archive, feed_format, page)
            # A release that is set aside today may be rendered by a later version.
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
        """RFC 5005 section 4.

        ``next-archive`` stands there from the first: until it is closed, its address leads to the
        subscription document, which holds what comes next.
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
