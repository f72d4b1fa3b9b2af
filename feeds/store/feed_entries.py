"""Which release is in which feed, and the category names by which it came there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from feeds.model.edition import FeedEntry, entry_version
from feeds.model.feed import Window
from feeds.model.release import Release, ReleaseId
from feeds.model.text import fold
from feeds.store.dialects import by_key, lock, lock_keys, lock_of_feeds, upsert
from feeds.store.schema import departures, doubtful_filings, filings, names, releases

# Category names as releases give them, and which categories claim each.


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownName:
    """A name that a release gave, and the categories (slugs) that it was last filed under."""

    name: str
    categories: tuple[str, ...]


class Names:
    """Known names over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def learn(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Note names that are new, as written, with the categories that claim each.

        Of a known name nothing changes: which categories its releases were filed under is for
        ``refiled`` to say, which moves them.
        """
        self._write(claims, keep=["name", "categories", "is_claimed"])

    def refiled(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Note that all releases with these names are filed under these categories now."""
        self._write(claims, keep=["name"])

    def _write(self, claims: Mapping[str, Sequence[str]], *, keep: Sequence[str]) -> None:
        rows = {
            fold(name): {
                "folded": fold(name),
                "name": name,
                "categories": list(categories),
                "is_claimed": int(bool(categories)),
            }
            for name, categories in claims.items()
        }
        # Sorted, so that two intakes at once take their locks in the same order.
        upsert(self._connection, names, [rows[key] for key in sorted(rows)], keep=keep)

    def known(self) -> list[KnownName]:
        """All names, with the categories that they were last filed under."""
        wanted = select(names.c.name, names.c.categories).order_by(names.c.folded)
        return [
            KnownName(name=row.name, categories=tuple(row.categories))
            for row in self._connection.execute(wanted)
        ]


# Which release is in which feed, and a feed's window of them.

#: A document never lists more, however small its entries and however many days it covers.
MAX_WINDOW_ENTRIES = 1_000

# Built once: they are asked for each feed of each edition, and to build them takes as long as to
# run them.
_FEEDS_OF = select(filings.c.release_id, filings.c.feed).where(
    filings.c.release_id.in_(bindparam("ids", expanding=True))
)
_NEWEST = (
    select(filings.c.release_id, filings.c.stamp, filings.c.archive, filings.c.changed_at)
    .where(filings.c.feed == bindparam("feed"))
    .order_by(filings.c.changed_at.desc(), filings.c.published.desc(), filings.c.release_id.desc())
    .limit(bindparam("limit"))
)
_ADD = insert(filings)
_OF_RELEASES = (
    select(filings.c.release_id, filings.c.feed)
    .where(filings.c.release_id.in_(bindparam("ids", expanding=True)))
    .order_by(by_key(filings.c.release_id), by_key(filings.c.feed))
)
#: What leaves its archive: the bytes of that stay as they are, and it must be known that it is in.
_DEPART = insert(departures).from_select(
    ["release_id", "feed", "number"],
    select(filings.c.release_id, filings.c.feed, filings.c.archive).where(
        filings.c.release_id.in_(bindparam("ids", expanding=True)),
        filings.c.archive.is_not(None),
    ),
)
_TAKE_OUT = delete(filings).where(filings.c.release_id.in_(bindparam("ids", expanding=True)))
_NEWEST_SINCE = _NEWEST.where(filings.c.changed_at >= bindparam("since"))


class FeedEntries:
    """Filings over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, tuple[str, ...]]:
        """The feeds (slugs, sorted) that each of these releases is in."""
        if not ids:
            return {}
        found: dict[ReleaseId, list[str]] = defaultdict(list)
        for release_id, feed in self._connection.execute(_FEEDS_OF, {"ids": ids}):
            found[ReleaseId(release_id)].append(feed)
        return {release_id: tuple(sorted(slugs)) for release_id, slugs in found.items()}

    def add(self, filed: Sequence[tuple[Release, Sequence[str]]]) -> None:
        """File each release, which is in no feed yet, into these feeds."""
        rows = [
            {
                "release_id": release.id,
                "feed": slug,
                "changed_at": release.changed_at,
                "published": release.content.published,
                "stamp": known_by,
            }
            for release, slugs in filed
            for known_by in [_stamp(release, slugs)]
            for slug in slugs
        ]
        if rows:
            self._connection.execute(_ADD, rows)

    def lock(self, filed: Sequence[tuple[ReleaseId, str]]) -> None:
        """Have these rows to oneself until the end of the transaction; see ``row_locks``.

        Args:
            filed: Releases with the feed that each is in.
        """
        lock_keys(self._connection, [filings.c.release_id, filings.c.feed], filed)

    def _lock_of(self, ids: Sequence[ReleaseId]) -> None:
        lock(self._connection, _OF_RELEASES, {"ids": list(ids)})

    def replace(self, filed: Sequence[tuple[Release, Sequence[str]]]) -> None:
        """File each release into exactly these feeds; what it says now is in no archive yet."""
        if filed:
            ids = [release.id for release, _ in filed]
            self._lock_of(ids)
            self._connection.execute(_DEPART, {"ids": ids})
            self._connection.execute(_TAKE_OUT, {"ids": ids})
            self.add(filed)

    def doubt(self, ids: Sequence[ReleaseId]) -> None:
        """Note that these were filed by a configuration that is not in force."""
        upsert(self._connection, doubtful_filings, [{"release_id": one} for one in sorted(ids)])

    def doubtful(self, *, limit: int) -> list[ReleaseId]:
        """Some of those that are to be filed again, by id."""
        wanted = select(doubtful_filings.c.release_id).order_by(doubtful_filings.c.release_id)
        return [ReleaseId(each) for each in self._connection.execute(wanted.limit(limit)).scalars()]

    def clear_doubt(self, ids: Sequence[ReleaseId]) -> None:
        """Note that these are filed by the configuration in force."""
        settled = doubtful_filings.delete().where(doubtful_filings.c.release_id.in_(ids))
        self._connection.execute(settled)

    def window(self, feed: str, window: Window) -> list[FeedEntry]:
        """The releases that a feed's document may hold, most recent change first.

        At least ``window.entries``, and all that changed in the ``window.days`` days before the
        feed's newest change. Days count from there and not from today: a document's bytes must
        not depend on the day it is made. Bytes are the caller's to count.
        """
        asked: dict[str, object] = {"feed": feed, "limit": window.entries}
        rows = self._connection.execute(_NEWEST, asked).all()
        if len(rows) == window.entries:
            since: datetime = rows[0].changed_at - timedelta(days=window.days)
            if rows[-1].changed_at >= since:
                asked = {"feed": feed, "limit": MAX_WINDOW_ENTRIES, "since": since}
                rows = self._connection.execute(_NEWEST_SINCE, asked).all()
        return [FeedEntry(ReleaseId(row[0]), row[1], row[2]) for row in rows]

    def latest(self, feed: str, *, limit: int) -> list[ReleaseId]:
        """The releases of a feed that were published last and stand, the newest first."""
        order = (filings.c.published.desc(), filings.c.release_id.desc())
        # Of each that comes up, and not of all that there are.
        is_it = releases.c.id == filings.c.release_id
        stands = ~exists().where(is_it, releases.c.retracted_at.is_not(None))
        wanted = select(filings.c.release_id).where(filings.c.feed == feed, stands)
        wanted = wanted.order_by(*order)
        rows = self._connection.execute(wanted.limit(limit))
        return [ReleaseId(row.release_id) for row in rows]

    def counts(self) -> Mapping[str, int]:
        """How many releases each feed has that has any."""
        wanted = select(filings.c.feed, func.count().label("releases")).group_by(filings.c.feed)
        return {row.feed: row.releases for row in self._connection.execute(wanted)}

    def rename(self, former: str, slug: str) -> None:
        """File under its new slug what is filed into a feed that was renamed."""
        lock_of_feeds(self._connection, filings.c.feed, [former, slug])
        self.forget([slug])
        moved = update(filings).where(filings.c.feed == former)
        self._connection.execute(moved.values(feed=slug))

    def update_versions(self, releases: Sequence[Release]) -> None:
        """Have these releases known by the feeds that they are in now; they stay where they are."""
        feeds = self.of([release.id for release in releases])
        stamps = [
            {"release": one.id, "known_by": _stamp(one, feeds[one.id])}
            for one in releases
            if one.id in feeds
        ]
        if stamps:
            self._lock_of(sorted(feeds))
            is_it = filings.c.release_id == bindparam("release")
            restamped = update(filings).where(is_it).values(stamp=bindparam("known_by"))
            self._connection.execute(restamped, stamps)

    def forget(self, feeds: Sequence[str]) -> None:
        """Take all releases out of these feeds, which were refiled before."""
        lock_of_feeds(self._connection, filings.c.feed, feeds)
        self._connection.execute(filings.delete().where(filings.c.feed.in_(feeds)))


def _stamp(release: Release, feeds: Sequence[str]) -> str:
    return entry_version(release.face, release.updated, feeds, notice_since=release.notice_since)
