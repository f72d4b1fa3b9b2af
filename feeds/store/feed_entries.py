"""Feed entries (which release is in which feed), and the category names that decide it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from feeds.model.edition import FeedEntry, entry_version
from feeds.model.feed import Window
from feeds.model.release import Release, ReleaseId
from feeds.model.text import fold
from feeds.store.dialects import by_key, lock, lock_keys, lock_of_feeds, upsert
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared, Rows
from feeds.store.schema import Instant, departures, doubtful_filings, filings, names, releases

# Category names as releases give them, with the categories that match each.


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownName:
    """A name that a release gave, and the categories (slugs) its releases were assigned to."""

    name: str
    categories: tuple[str, ...]


class Names:
    """Known names over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Adds new names as written, with the categories that match each.

        Known names are not changed: `record_reassigned` changes their categories, after their
        releases were moved.
        """
        self._write(claims, keep=["name", "categories", "is_claimed"])

    def record_reassigned(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Records that all releases with these names are assigned to these categories now."""
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

    def unclaimed(self, *, limit: int) -> list[str]:
        """Names as written that no category matches, in their order."""
        query = select(names.c.name).where(names.c.is_claimed == 0).order_by(names.c.folded)
        return list(self._connection.execute(query.limit(limit)).scalars())

    def known(self) -> list[KnownName]:
        """All names, with the categories that their releases were last assigned to."""
        query = select(names.c.name, names.c.categories).order_by(names.c.folded)
        return [
            KnownName(name=row.name, categories=tuple(row.categories))
            for row in self._connection.execute(query)
        ]


# Which release is in which feed, and the window of a feed.

#: The largest number of entries in a document, whatever their size and age.
MAX_WINDOW_ENTRIES = 1_000

# Built once: these run for each feed of each edition, and building one takes as long as running it.
_FEEDS_OF = Prepared(
    select(filings.c.release_id, filings.c.feed).where(
        filings.c.release_id.in_(bindparam("ids", expanding=True))
    )
)
_newest = (
    select(
        filings.c.release_id,
        filings.c.stamp,
        filings.c.archive,
        type_coerce(filings.c.placed_at, BigInteger).label("placed_at_us"),
    )
    .where(filings.c.feed == bindparam("feed"))
    .order_by(filings.c.placed_at.desc(), filings.c.published.desc(), filings.c.release_id.desc())
    .limit(bindparam("limit"))
)
_TO_REASSIGN = Prepared(
    select(doubtful_filings.c.release_id)
    .order_by(doubtful_filings.c.release_id)
    .limit(bindparam("limit"))
)
_ADD = Prepared(insert(filings))
_OF_RELEASES = (
    select(filings.c.release_id, filings.c.feed)
    .where(filings.c.release_id.in_(bindparam("ids", expanding=True)))
    .order_by(by_key(filings.c.release_id), by_key(filings.c.feed))
)
#: Entries that leave an archive: its stored bytes still contain them, which must be remembered.
_ADD_DEPARTURES = Prepared(
    insert(departures).from_select(
        ["release_id", "feed", "number"],
        select(filings.c.release_id, filings.c.feed, filings.c.archive).where(
            filings.c.release_id.in_(bindparam("ids", expanding=True)),
            filings.c.archive.is_not(None),
        ),
    )
)
_REMOVE = Prepared(
    delete(filings).where(filings.c.release_id.in_(bindparam("ids", expanding=True)))
)
_KEEP = Prepared(
    update(filings)
    .where(filings.c.release_id == bindparam("release"))
    .values(stamp=bindparam("version"), published=bindparam("dated", type_=Instant))
)
_NEWEST = Prepared(_newest)
_NEWEST_SINCE = Prepared(
    # In microseconds, as it is stored.
    _newest.where(filings.c.placed_at >= bindparam("since", type_=BigInteger))
)
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)


class FeedEntries:
    """Feed entries over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, tuple[str, ...]]:
        """The feeds (slugs, sorted) that each of these releases is in."""
        return self.ask_of(ids)() if ids else {}

    def ask_of(self, ids: Sequence[ReleaseId]) -> Callable[[], dict[ReleaseId, tuple[str, ...]]]:
        """Asks for the feeds that each of these releases is in; see ``pipelining.ask``."""
        return ask(self._connection, _FEEDS_OF, {"ids": ids}, _slugs_by_release)

    def last_published(self, feed: str) -> datetime | None:
        """When the latest release of a feed was published; None if it has none."""
        query = select(func.max(filings.c.published, type_=Instant)).where(filings.c.feed == feed)
        last: datetime | None = self._connection.execute(query).scalar()
        return last

    def add(self, assigned: Sequence[tuple[Release, Sequence[str]]]) -> None:
        """Adds releases that are in no feed yet to these feeds."""
        rows = [
            {
                "release_id": release.id,
                "feed": slug,
                "placed_at": release.placed_at,
                "published": release.content.published,
                "stamp": version,
            }
            for release, slugs in assigned
            for version in [_version(release, slugs)]
            for slug in slugs
        ]
        if rows:
            send_later(self._connection, _ADD, rows)

    def lock(self, assigned: Sequence[tuple[ReleaseId, str]]) -> None:
        """Locks these rows until the end of the transaction; see ``dialects``.

        Args:
            assigned: Pairs of release id and feed.
        """
        lock_keys(self._connection, [filings.c.release_id, filings.c.feed], assigned)

    def _lock_of(self, ids: Sequence[ReleaseId]) -> None:
        lock(self._connection, _OF_RELEASES, {"ids": list(ids)})

    def replace(self, assigned: Sequence[tuple[Release, Sequence[str]]]) -> None:
        """Moves each release into exactly these feeds; its new content is in no archive yet."""
        if assigned:
            ids = [release.id for release, _ in assigned]
            self._lock_of(ids)
            send_later(self._connection, _ADD_DEPARTURES, {"ids": ids})
            send_later(self._connection, _REMOVE, {"ids": ids})
            self.add(assigned)

    def keep(self, corrected: Sequence[Release]) -> None:
        """Updates the entries of corrected releases that keep feeds, places and archives."""
        if corrected:
            self._lock_of(sorted(release.id for release in corrected))
            feeds = self.of([release.id for release in corrected])
            rows = [
                {
                    "release": one.id,
                    "version": _version(one, feeds.get(one.id, ())),
                    "dated": one.content.published,
                }
                for one in corrected
            ]
            send_later(self._connection, _KEEP, rows)

    def mark_for_reassignment(self, ids: Sequence[ReleaseId]) -> None:
        """Records that these were assigned by a configuration that is not in force."""
        upsert(self._connection, doubtful_filings, [{"release_id": one} for one in sorted(ids)])

    def to_reassign(self, *, limit: int) -> list[ReleaseId]:
        """Some of the releases that are to be reassigned, by id."""
        return self.ask_to_reassign(limit=limit)()

    def ask_to_reassign(self, *, limit: int) -> Callable[[], list[ReleaseId]]:
        """Asks for some of the releases that are to be reassigned; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _TO_REASSIGN,
            {"limit": limit},
            lambda rows: [ReleaseId(each) for each in rows.scalars()],
        )

    def clear_reassignment(self, ids: Sequence[ReleaseId]) -> None:
        """Records that these are assigned by the configuration in force."""
        cleared = doubtful_filings.delete().where(doubtful_filings.c.release_id.in_(ids))
        self._connection.execute(cleared)

    def window(self, feed: str, window: Window) -> list[FeedEntry]:
        """The entries that a feed's document may contain, most recent change first."""
        return self.windows({feed: window})[feed]

    def windows(self, windows: Mapping[str, Window]) -> dict[str, list[FeedEntry]]:
        """The entries that the documents of these feeds may contain, most recent change first.

        At least ``window.entries``, and all that changed in the ``window.days`` days before the
        feed's newest change; what came with an import counts by its own date. The days end there
        and not today, because the bytes of a document must not depend on the day it is made. The
        caller limits the size in bytes.
        """
        # A query for each feed: each reads no more than its own end of the index.
        asked = {
            feed: ask(self._connection, _NEWEST, {"feed": feed, "limit": window.entries}, _all)
            for feed, window in windows.items()
        }
        found = {feed: answer() for feed, answer in asked.items()}
        longer = {}
        for feed, window in windows.items():
            rows = found[feed]
            if len(rows) == window.entries:
                since = rows[0].placed_at_us - window.days * _DAY_US
                if rows[-1].placed_at_us >= since:
                    parameters = {"feed": feed, "limit": MAX_WINDOW_ENTRIES, "since": since}
                    longer[feed] = ask(self._connection, _NEWEST_SINCE, parameters, _all)
        found |= {feed: answer() for feed, answer in longer.items()}
        return {
            feed: [FeedEntry(ReleaseId(row.release_id), row.stamp, row.archive) for row in rows]
            for feed, rows in found.items()
        }

    def latest(self, feed: str, *, limit: int) -> list[ReleaseId]:
        """The latest published releases of a feed, newest first, without retracted ones."""
        order = (filings.c.published.desc(), filings.c.release_id.desc())
        # Checked for each row that is read, not for the whole feed.
        is_match = releases.c.id == filings.c.release_id
        stands = ~exists().where(is_match, releases.c.retracted_at.is_not(None))
        query = select(filings.c.release_id).where(filings.c.feed == feed, stands)
        query = query.order_by(*order)
        rows = self._connection.execute(query.limit(limit))
        return [ReleaseId(row.release_id) for row in rows]

    def of_releases(self, feed: str, ids: Sequence[ReleaseId]) -> list[FeedEntry]:
        """The entries of these releases in a feed; none for a release that is not in it."""
        columns = (filings.c.release_id, filings.c.stamp, filings.c.archive)
        query = select(*columns).where(filings.c.feed == feed, filings.c.release_id.in_(ids))
        return [
            FeedEntry(ReleaseId(row.release_id), row.stamp, row.archive)
            for row in self._connection.execute(query)
        ]

    def counts(self) -> Mapping[str, int]:
        """The number of releases in each feed that has any."""
        query = select(filings.c.feed, func.count().label("releases")).group_by(filings.c.feed)
        return {row.feed: row.releases for row in self._connection.execute(query)}

    def rename(self, former: str, slug: str) -> None:
        """Moves the entries of a renamed feed to its new slug."""
        lock_of_feeds(self._connection, filings.c.feed, [former, slug])
        self.forget([slug])
        moved = update(filings).where(filings.c.feed == former)
        self._connection.execute(moved.values(feed=slug))

    def update_versions(self, releases: Sequence[Release]) -> None:
        """Updates the versions of these releases' entries in the feeds that they are in now."""
        feeds = self.of([release.id for release in releases])
        versions = [
            {"release": one.id, "version": _version(one, feeds[one.id])}
            for one in releases
            if one.id in feeds
        ]
        if versions:
            self._lock_of(sorted(feeds))
            is_match = filings.c.release_id == bindparam("release")
            updated = update(filings).where(is_match).values(stamp=bindparam("version"))
            send_later(self._connection, updated, versions)

    def forget(self, feeds: Sequence[str]) -> None:
        """Removes all entries of these feeds."""
        lock_of_feeds(self._connection, filings.c.feed, feeds)
        self._connection.execute(filings.delete().where(filings.c.feed.in_(feeds)))


def _all(rows: Rows) -> Sequence[Any]:
    return rows.all()


def _slugs_by_release(rows: Rows) -> dict[ReleaseId, tuple[str, ...]]:
    found: dict[ReleaseId, list[str]] = defaultdict(list)
    for row in rows:
        found[ReleaseId(row.release_id)].append(row.feed)
    return {release_id: tuple(sorted(slugs)) for release_id, slugs in found.items()}


def _version(release: Release, feeds: Sequence[str]) -> str:
    return entry_version(release.face, release.updated, feeds, notice_since=release.notice_since)
