"""The feeds' archive documents (RFC 5005 section 4): what is in which, and their bytes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from feeds.errors import ArchiveNotFound
from feeds.model.edition import Archive, ArchiveClosing, FeedDocument, FeedEntry
from feeds.model.feed import Format, Link
from feeds.model.release import ReleaseId
from feeds.model.text import whole_second
from feeds.store.dialects import upsert
from feeds.store.schema import (
    archive_documents,
    archives,
    departures,
    feeds,
    filings,
    releases,
)

_SECOND = timedelta(seconds=1)

# Built once: each edition asks for it.
_COUNT_LOOSE = (
    select(filings.c.feed, func.count().label("loose"))
    .where(filings.c.feed.in_(bindparam("slugs", expanding=True)), filings.c.archive.is_(None))
    .group_by(filings.c.feed)
)


class Archives:
    """Archives over one connection. What is in none yet is *loose*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count_loose(self, slugs: Sequence[str]) -> dict[str, int]:
        """How many filings of each of these feeds are in no archive; feeds without any are out."""
        counted = self._connection.execute(_COUNT_LOOSE, {"slugs": slugs})
        return {row.feed: row.loose for row in counted}

    def loose(self, feed: str) -> list[tuple[FeedEntry, int]]:
        """What is in no archive, least recent change first, each with the length of its body."""
        order = (filings.c.changed_at, filings.c.published, filings.c.release_id)
        wanted = (
            select(filings.c.release_id, filings.c.stamp, func.length(releases.c.body))
            .join(releases, releases.c.id == filings.c.release_id)
            .where(filings.c.feed == feed, filings.c.archive.is_(None))
            .order_by(*order)
        )
        return [
            (FeedEntry(ReleaseId(release_id), stamp, None), length)
            for release_id, stamp, length in self._connection.execute(wanted)
        ]

    def close(self, feed: str, closings: Sequence[ArchiveClosing], *, now: datetime) -> None:
        """Close archives, in the order of their numbers.

        A release that was corrected since it was read stays loose: its stamp is another one.
        """
        if not closings:
            return
        rows = [{"feed": feed, "number": one.number, "closed_at": now} for one in closings]
        self._connection.execute(insert(archives), rows)
        put = (
            update(filings)
            .where(filings.c.feed == bindparam("of_feed"), filings.c.release_id == bindparam("id"))
            .where(filings.c.stamp == bindparam("as_read"))
            .values(archive=bindparam("into"))
        )
        moved = [
            {"of_feed": feed, "id": one.release_id, "as_read": one.version, "into": closing.number}
            for closing in closings
            for one in closing.filed
        ]
        self._connection.execute(put, moved)
        last = update(feeds).where(feeds.c.slug == feed).values(archives=closings[-1].number)
        self._connection.execute(last)

    def last(self, feed: str) -> int:
        """Number of the newest archive; 0 when there is none."""
        wanted = select(feeds.c.archives).where(feeds.c.slug == feed)
        return self._connection.execute(wanted).scalar_one_or_none() or 0

    def listed(self, feed: str) -> list[Archive]:
        """A feed's archives, the oldest first."""
        wanted = select(archives).where(archives.c.feed == feed).order_by(archives.c.number)
        rows = self._connection.execute(wanted)
        return [Archive(row.feed, row.number, row.closed_at, row.purged_at) for row in rows]

    def get(self, feed: str, number: int, *, is_locked: bool = False) -> Archive:
        """The archive of this number.

        Args:
            feed: Slug.
            number: From 1.
            is_locked: Nobody else gets it locked until the transaction ends.

        Raises:
            ArchiveNotFound: The feed has none.
        """
        is_it = (archives.c.feed == feed) & (archives.c.number == number)
        wanted = select(archives).where(is_it)
        if is_locked:
            wanted = wanted.with_for_update(key_share=True)
        row = self._connection.execute(wanted).one_or_none()
        if row is None:
            raise ArchiveNotFound(feed, number)
        return Archive(row.feed, row.number, row.closed_at, row.purged_at)

    def members(self, archive: Archive) -> list[FeedEntry]:
        """What is in an archive and has not changed since, most recent change first."""
        wanted = (
            select(filings.c.release_id, filings.c.stamp)
            .where(filings.c.feed == archive.feed, filings.c.archive == archive.number)
            .order_by(
                filings.c.changed_at.desc(), filings.c.published.desc(), filings.c.release_id.desc()
            )
        )
        found = self._connection.execute(wanted)
        return [FeedEntry(ReleaseId(row.release_id), row.stamp, archive.number) for row in found]

    def document(self, archive: Archive, feed_format: Format) -> FeedDocument | None:
        """The kept bytes of an archive; None when nobody asked for them yet."""
        kept = archive_documents
        is_it = (kept.c.feed == archive.feed) & (kept.c.number == archive.number)
        wanted = select(kept).where(is_it, kept.c.format == feed_format.value)
        row = self._connection.execute(wanted).one_or_none()
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

    def keep(self, document: FeedDocument) -> None:
        """Keep the bytes of an archive; those that are there already go."""
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
        """Throw away whatever kept bytes may hold a release, which is filed in no archive now.

        They are made anew, without it, when somebody asks for them. What they then are is new
        since *now*, and a second later than before at least: HTTP dates have no smaller unit.
        """
        left = select(departures.c.feed, departures.c.number)
        pages = self._connection.execute(left.where(departures.c.release_id == release_id)).all()
        for feed, number in sorted(map(tuple, pages)):
            archive = self.get(feed, number, is_locked=True)
            # Locked first: whoever makes the bytes just now does so under this lock, of what the
            # release said, and keeps them before we come to throw them away.
            moment = max(whole_second(now), whole_second(archive.changed_at) + _SECOND)
            is_it = (archives.c.feed == feed) & (archives.c.number == number)
            self._connection.execute(update(archives).where(is_it).values(purged_at=moment))
            kept = archive_documents
            is_of_it = (kept.c.feed == feed) & (kept.c.number == number)
            self._connection.execute(delete(kept).where(is_of_it))
        gone = delete(departures).where(departures.c.release_id == release_id)
        self._connection.execute(gone)
