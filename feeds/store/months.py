"""How many releases each month lists, by feed and language.

The counts change in the transaction that changes the feed entries, by what it adds and removes, so
that no page has to count. A retracted release counts nowhere. The counts go by the months of one
time zone, which is stored with the configuration; when another one is configured, all releases are
counted anew.

Transactions that change counts hold the works (``Releases.hold_works``).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)

from feeds.model.feed import ALL
from feeds.model.months import FeedMonths, FeedSummary, Month, MonthRow
from feeds.model.release import ReleaseId
from feeds.model.text import whole_second
from feeds.store.dialects import insert_into
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import Instant, configuration, filings, month_counts, releases

#: The key of the row that holds the sum of all months.
_SUM = 0

_SECOND = timedelta(seconds=1)
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class MonthKey:
    """A row of counts."""

    feed: str
    month: int  #: see ``Month.key``
    language: str


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place in a list of releases by publication: where this one stands."""

    published: datetime
    release_id: ReleaseId


_ZONE = Prepared(select(configuration.c.month_zone))
_OF_FEED = (
    select(month_counts)
    .where(month_counts.c.feed == bindparam("feed"), month_counts.c.month != _SUM)
    .order_by(month_counts.c.month, month_counts.c.language)
)
#: The order of a list.
_ORDER = (filings.c.published, filings.c.release_id)

_STANDS = ~exists().where(
    releases.c.id == filings.c.release_id, releases.c.retracted_at.is_not(None)
)


class Months:
    """The counts of months over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def zone(self) -> ZoneInfo:
        """The time zone that the counts go by."""
        return self.ask_zone()()

    def ask_zone(self) -> Callable[[], ZoneInfo]:
        """Asks for the time zone that the counts go by; see ``pipelining.ask``."""
        return ask(self._connection, _ZONE, {}, lambda row: ZoneInfo(row.scalar() or "UTC"))

    def change(self, changes: Mapping[MonthKey, int], *, now: datetime) -> None:
        """Adds to the counts what a transaction adds, or removes.

        Args:
            changes: How many releases more, by row; 0 where one was only corrected.
            now: The moment of the change. It counts as at least one second after the last one of
                the same row.
        """
        sums: Counter[MonthKey] = Counter()
        for key, more in changes.items():
            sums[MonthKey(key.feed, _SUM, key.language)] += more
        rows = [_row(key, more, now) for key, more in sorted([*sums.items(), *changes.items()])]
        if rows:
            send_later(self._connection, _add(self._connection.dialect.name), rows)

    def of(self, feed: str) -> FeedMonths:
        """The months of a feed."""
        rows = self._connection.execute(_OF_FEED, {"feed": feed})
        return FeedMonths([_month_row(row) for row in rows])

    def languages(self, feed: str) -> list[str]:
        """The languages that releases of a feed are in."""
        query = select(month_counts.c.language).where(
            month_counts.c.feed == feed, month_counts.c.month == _SUM, month_counts.c.releases > 0
        )
        return list(self._connection.execute(query).scalars())

    def changed_at(self, feed: str, first: Month | None, last: Month | None) -> datetime | None:
        """When a list of a feed in these months last changed; see ``FeedMonths.changed_at``."""
        query = select(func.max(month_counts.c.changed_at, type_=Instant))
        query = query.where(month_counts.c.feed == feed, month_counts.c.month != _SUM)
        if first is not None:
            query = query.where(month_counts.c.month >= first.key)
        if last is not None:
            query = query.where(month_counts.c.month <= last.key)
        changed_at: datetime | None = self._connection.execute(query).scalar()
        return changed_at

    def summaries(self, feeds: Sequence[str]) -> dict[str, FeedSummary]:
        """The number of releases of each feed, and when the last one was published."""
        is_sum = month_counts.c.month == _SUM
        each = (
            select(month_counts.c.feed, func.sum(month_counts.c.releases).label("releases"))
            .where(month_counts.c.feed.in_(feeds), is_sum)
            .group_by(month_counts.c.feed)
            .subquery()
        )
        # For each feed the end of its own index, and not all of it.
        last = (
            select(filings.c.published)
            .where(filings.c.feed == each.c.feed, _STANDS)
            .order_by(filings.c.published.desc(), filings.c.release_id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(each.c.feed, each.c.releases, last.label("last_published"))
        found = {
            row.feed: FeedSummary(releases=int(row.releases), last_published=row.last_published)
            for row in self._connection.execute(query)
        }
        return {
            feed: found.get(feed, FeedSummary(releases=0, last_published=None)) for feed in feeds
        }

    def releases(
        self,
        feed: str,
        month: Month,
        zone: ZoneInfo,
        *,
        language: str | None,
        skip: int,
        limit: int,
        is_latest_first: bool,
    ) -> list[ReleaseId]:
        """Some releases that a month lists, in order of publication.

        Reads the index from the end that is asked for, and no further than *skip* and *limit* say;
        with a language, it may read the whole month.
        """
        query = _listed(feed, month, zone, language).where(_STANDS)
        query = query.order_by(*(each.desc() if is_latest_first else each for each in _ORDER))
        rows = self._connection.execute(query.offset(skip).limit(limit))
        return [ReleaseId(each) for each in rows.scalars()]

    def releases_from(
        self,
        place: ListPlace,
        feed: str,
        month: Month,
        zone: ZoneInfo,
        *,
        language: str | None,
        limit: int,
    ) -> list[ReleaseId]:
        """The releases that a month lists from a place on, in order of publication."""
        query = _listed(feed, month, zone, language, place).where(_STANDS)
        rows = self._connection.execute(query.order_by(*_ORDER).limit(limit))
        return [ReleaseId(each) for each in rows.scalars()]

    def places(
        self, feed: str, month: Month, zone: ZoneInfo, *, language: str | None, every: int
    ) -> list[ListPlace]:
        """Where each so many releases of a month begin. Reads all its feed entries."""
        number = (func.row_number().over(order_by=_ORDER) - 1).label("number")
        # The retracted ones are read first, and all at once, from an index that has no others.
        retracted = select(releases.c.id).where(releases.c.retracted_at.is_not(None))
        listed = _listed(feed, month, zone, language)
        listed = listed.where(filings.c.release_id.not_in(retracted))
        numbered = listed.add_columns(filings.c.published, number).subquery()
        query = select(numbered).where(numbered.c.number % every == 0).order_by(numbered.c.number)
        return [
            ListPlace(row.published, ReleaseId(row.release_id))
            for row in self._connection.execute(query)
        ]

    def beside(self, published: datetime, release_id: str, *, is_later: bool) -> ReleaseId | None:
        """The public release before or after a position in the newsroom, by publication."""
        position = tuple_(*_ORDER)
        here = tuple_(literal(published, Instant), release_id)
        query = select(filings.c.release_id).where(filings.c.feed == ALL, _STANDS)
        query = query.where(position > here if is_later else position < here)
        query = query.order_by(*(each if is_later else each.desc() for each in _ORDER))
        found: str | None = self._connection.execute(query.limit(1)).scalar()
        return None if found is None else ReleaseId(found)

    def rename(self, former: str, slug: str) -> None:
        """Moves the counts of a renamed feed to its new slug."""
        self.forget([slug])
        moved = update(month_counts).where(month_counts.c.feed == former)
        self._connection.execute(moved.values(feed=slug))

    def forget(self, feeds: Sequence[str]) -> None:
        """Removes all counts of these feeds."""
        self._connection.execute(delete(month_counts).where(month_counts.c.feed.in_(feeds)))

    def recount(self, zone: ZoneInfo, *, now: datetime) -> None:
        """Counts all releases anew, by the months of a time zone. Reads all feed entries."""
        counts = self.counted(zone)
        newest = select(func.max(month_counts.c.changed_at, type_=Instant))
        last: datetime | None = self._connection.execute(newest).scalar()
        moment = whole_second(now) if last is None else max(whole_second(now), last + _SECOND)
        self._connection.execute(delete(month_counts))
        rows = [_row(key, count, moment) for key, count in sorted(counts.items())]
        if rows:
            self._connection.execute(insert(month_counts), rows)
        self._connection.execute(update(configuration).values(month_zone=zone.key))

    def faults(self, zone: ZoneInfo) -> list[MonthKey]:
        """The rows that do not say what there is. Reads all feed entries."""
        counts = self.counted(zone)
        stored = {
            MonthKey(row.feed, row.month, row.language): row.releases
            for row in self._connection.execute(select(month_counts))
        }
        keys = counts.keys() | stored.keys()
        return sorted(key for key in keys if counts.get(key, 0) != stored.get(key, 0))

    def counted(self, zone: ZoneInfo) -> Counter[MonthKey]:
        """The true counts, with the sums. Reads all feed entries, a month at a time."""
        counts: Counter[MonthKey] = Counter()
        begins: datetime | None = None
        while (first := self._first(begins)) is not None:
            month = Month.of(first, zone)
            # Not the month's own beginning: at the edges of the calendar that may be later.
            ends = month.ends(zone)
            for row in self._connection.execute(_in_all_feeds(first, ends)):
                counts[MonthKey(row.feed, month.key, row.language)] += row.releases
                counts[MonthKey(row.feed, _SUM, row.language)] += row.releases
            if ends is None:
                break
            begins = ends
        return counts

    def _first(self, begins: datetime | None) -> datetime | None:
        """When the first release at or after a moment was published."""
        query = select(func.min(filings.c.published, type_=Instant)).where(filings.c.feed == ALL)
        if begins is not None:
            query = query.where(filings.c.published >= begins)
        found: datetime | None = self._connection.execute(query).scalar()
        return found


def _listed(
    feed: str, month: Month, zone: ZoneInfo, language: str | None, place: ListPlace | None = None
) -> Select[Any]:
    """The feed entries of a month, or from a place of it on; with those of retracted releases."""
    if place is None:
        is_after = filings.c.published >= month.begins(zone)
    else:
        # Alone: SQLite would begin at the other one.
        here = tuple_(literal(place.published, Instant), place.release_id)
        is_after = tuple_(*_ORDER) >= here
    query = select(filings.c.release_id).where(filings.c.feed == feed, is_after)
    ends = month.ends(zone)
    if ends is not None:
        query = query.where(filings.c.published < ends)
    if language is not None:
        is_match = releases.c.id == filings.c.release_id
        query = query.where(exists().where(is_match, releases.c.language == language))
    return query


def _in_all_feeds(begins: datetime, ends: datetime | None) -> Select[Any]:
    """Counts by feed and language what was published in a period: all of it is in ``all``."""
    listed = filings.alias("listed")
    query = (
        select(filings.c.feed, releases.c.language, func.count().label("releases"))
        .select_from(
            listed.join(releases, releases.c.id == listed.c.release_id).join(
                filings, filings.c.release_id == listed.c.release_id
            )
        )
        .where(listed.c.feed == ALL, listed.c.published >= begins)
        .where(releases.c.retracted_at.is_(None))
        .group_by(filings.c.feed, releases.c.language)
    )
    return query if ends is None else query.where(listed.c.published < ends)


@cache
def _add(dialect: str) -> Prepared:
    made = insert_into(dialect, month_counts)
    new = type_coerce(made.excluded.changed_at, BigInteger)
    next_one = type_coerce(month_counts.c.changed_at, BigInteger) + _SECOND_US
    upserted = made.on_conflict_do_update(
        index_elements=[month_counts.c.feed, month_counts.c.month, month_counts.c.language],
        set_={
            "releases": month_counts.c.releases + made.excluded.releases,
            # HTTP dates have whole seconds: a list that changed has a later one.
            "changed_at": case((new > next_one, new), else_=next_one),
        },
    )
    return Prepared(upserted)


def _row(key: MonthKey, count: int, now: datetime) -> dict[str, Any]:
    return {
        "feed": key.feed,
        "month": key.month,
        "language": key.language,
        "releases": count,
        "changed_at": whole_second(now),
    }


def _month_row(row: Any) -> MonthRow:
    return MonthRow(
        month=Month.from_key(row.month),
        language=row.language,
        releases=row.releases,
        changed_at=row.changed_at,
    )
