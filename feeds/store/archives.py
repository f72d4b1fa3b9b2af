"""The archive documents of feeds (RFC 5005 section 4): their entries and their bytes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from feeds.errors import ArchiveNotFound
from feeds.model.edition import Archive, ArchiveClosing, FeedDocument, FeedEntry
from feeds.model.feed import Format, Link
from feeds.model.release import ReleaseId
from feeds.model.text import whole_second
from feeds.store.dialects import upsert
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import (
    archive_documents,
    archives,
    departures,
    feeds,
    filings,
    releases,
)

_SECOND = timedelta(seconds=1)

#: Feed entries as their archives' index has them. Versions are looked up apart: otherwise SQLite
#: reads the whole feed in the index of its window, because that has the versions too.
_archived = filings.alias("archived")
_ORDER = (_archived.c.placed_at, _archived.c.published, _archived.c.release_id)

# Built once: each edition runs it.
_COUNT_UNARCHIVED = Prepared(
    select(filings.c.feed, func.count().label("unarchived"))
    .where(filings.c.feed.in_(bindparam("slugs", expanding=True)), filings.c.archive.is_(None))
    .group_by(filings.c.feed)
)


def _is_entry(found: FromClause) -> ColumnElement[bool]:
    return (filings.c.release_id == found.c.release_id) & (filings.c.feed == found.c.feed)


class Archives:
    """Archives over one connection. An *unarchived* entry is in no archive yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count_unarchived(self, slugs: Sequence[str]) -> dict[str, int]:
        """The number of unarchived entries of each of these feeds that has any."""
        return self.ask_count_unarchived(slugs)()

    def ask_count_unarchived(self, slugs: Sequence[str]) -> Callable[[], dict[str, int]]:
        """Asks for the number of unarchived entries of these feeds; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _COUNT_UNARCHIVED,
            {"slugs": slugs},
            lambda rows: {row.feed: row.unarchived for row in rows},
        )

    def unarchived(self, feed: str, *, limit: int | None = None) -> list[tuple[FeedEntry, int]]:
        """The unarchived entries, least recent change first, each with the length of its body.

        Args:
            feed: The slug.
            limit: How many, of those that changed least recently; all if not given.
        """
        # Not joined but looked up: PostgreSQL takes a feed that is a parameter for one of middle
        # size, and would join all entries of the largest one to sort out some thousand of them.
        stamp = select(filings.c.stamp).where(_is_entry(_archived)).scalar_subquery()
        body = select(releases.c.body).where(releases.c.id == _archived.c.release_id)
        query = (
            select(_archived.c.release_id, stamp, func.length(body.scalar_subquery()))
            .where(_archived.c.feed == feed, _archived.c.archive.is_(None))
            # PostgreSQL does not see that a column that is null is the same in all rows. Without it
            # here, it goes through all that has an archive already, in the index of the window.
            .order_by(_archived.c.archive, *_ORDER)
            .limit(limit)
        )
        return [
            (FeedEntry(ReleaseId(release_id), stamp, None), length)
            for release_id, stamp, length in self._connection.execute(query)
        ]

    def close(self, feed: str, closings: Sequence[ArchiveClosing], *, now: datetime) -> None:
        """Closes archives, in the order of their numbers.

        A release that was corrected since it was read stays unarchived: its version differs.
        """
        if not closings:
            return
        rows = [{"feed": feed, "number": one.number, "closed_at": now} for one in closings]
        send_later(self._connection, insert(archives), rows)
        assign = (
            update(filings)
            .where(filings.c.feed == bindparam("of_feed"), filings.c.release_id == bindparam("id"))
            .where(filings.c.stamp == bindparam("as_read"))
            .values(archive=bindparam("into"))
        )
        moved = [
            {"of_feed": feed, "id": one.release_id, "as_read": one.version, "into": closing.number}
            for closing in closings
            for one in closing.entries
        ]
        send_later(self._connection, assign, moved)
        last = update(feeds).where(feeds.c.slug == feed).values(archives=closings[-1].number)
        send_later(self._connection, last)

    def last(self, feed: str) -> int:
        """The number of the newest archive; 0 if there is none."""
        query = select(feeds.c.archives).where(feeds.c.slug == feed)
        return self._connection.execute(query).scalar_one_or_none() or 0

    def listed(self, feed: str) -> list[Archive]:
        """A feed's archives, oldest first."""
        query = select(archives).where(archives.c.feed == feed).order_by(archives.c.number)
        rows = self._connection.execute(query)
        return [Archive(row.feed, row.number, row.closed_at, row.purged_at) for row in rows]

    def get(self, feed: str, number: int, *, is_locked: bool = False) -> Archive:
        """The archive with this number.

        Args:
            feed: The slug.
            number: Counted from 1.
            is_locked: Whether to lock the archive until the transaction ends.

        Raises:
            ArchiveNotFound: The feed has no such archive.
        """
        is_match = (archives.c.feed == feed) & (archives.c.number == number)
        query = select(archives).where(is_match)
        if is_locked:
            query = query.with_for_update(key_share=True)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise ArchiveNotFound(feed, number)
        return Archive(row.feed, row.number, row.closed_at, row.purged_at)

    def members(self, archive: Archive) -> list[FeedEntry]:
        """The entries of an archive that have not changed since, most recent change first."""
        query = (
            select(_archived.c.release_id, filings.c.stamp)
            .select_from(_archived)
            .join(filings, _is_entry(_archived))
            .where(_archived.c.feed == archive.feed, _archived.c.archive == archive.number)
            .order_by(*(each.desc() for each in _ORDER))
        )
        found = self._connection.execute(query)
        return [FeedEntry(ReleaseId(row.release_id), row.stamp, archive.number) for row in found]

    def document(self, archive: Archive, feed_format: Format) -> FeedDocument | None:
        """The stored bytes of an archive; None before the first request for them."""
        stored = archive_documents
        is_match = (stored.c.feed == archive.feed) & (stored.c.number == archive.number)
        query = select(stored).where(is_match, stored.c.format == feed_format.value)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return FeedDocument(
            feed=row.feed,
            format=feed_format,
            edition=row.number,
            digest=row.digest,
            modified_at=archive.changed_at,
            links=tuple(Link(**link) for link in row.links),
            size_bytes=row.size_bytes,
            gzip=row.gzip,
            layout=b"",
        )

    def store(self, document: FeedDocument) -> None:
        """Stores the bytes of an archive, in place of earlier ones."""
        row = {
            "feed": document.feed,
            "number": document.edition,
            "format": document.format.value,
            "digest": document.digest,
            "links": [asdict(link) for link in document.links],
            "size_bytes": document.size_bytes,
            "gzip": document.gzip,
        }
        upsert(self._connection, archive_documents, [row])

    def purge(self, release_id: ReleaseId, *, now: datetime) -> None:
        """Deletes stored archive bytes that may contain a release, which is in no archive now.

        They are made again, without the release, at the next request. The archive then counts as
        changed at *now*, and at least one second after its last change, because HTTP dates have
        no smaller unit.
        """
        left = select(departures.c.feed, departures.c.number)
        pages = self._connection.execute(left.where(departures.c.release_id == release_id)).all()
        self._delete_bytes([(row.feed, row.number) for row in pages], now)
        gone = delete(departures).where(departures.c.release_id == release_id)
        self._connection.execute(gone)

    def make_anew(self, ids: Sequence[ReleaseId], *, now: datetime) -> None:
        """Deletes the stored bytes of the archives that these releases are in.

        They are made again, with the releases as they are then, at the next request; see `purge`.
        """
        if not ids:
            return
        inside = select(filings.c.feed, filings.c.archive).distinct()
        pages = self._connection.execute(
            inside.where(filings.c.release_id.in_(ids), filings.c.archive.is_not(None))
        )
        self._delete_bytes([(row.feed, row.archive) for row in pages], now)

    def _delete_bytes(self, pages: Collection[tuple[str, int]], now: datetime) -> None:
        for feed, number in sorted(pages):
            archive = self.get(feed, number, is_locked=True)
            # Lock first: a transaction that is making the bytes from the old content holds this
            # lock and stores them before they are deleted here.
            moment = max(whole_second(now), whole_second(archive.changed_at) + _SECOND)
            is_match = (archives.c.feed == feed) & (archives.c.number == number)
            self._connection.execute(update(archives).where(is_match).values(purged_at=moment))
            stored = archive_documents
            is_of_it = (stored.c.feed == feed) & (stored.c.number == number)
            self._connection.execute(delete(stored).where(is_of_it))
