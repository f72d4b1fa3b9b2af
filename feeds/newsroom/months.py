"""Counts releases in the months that list them, in the transaction that changes the releases."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from feeds.categories import Catalogue
from feeds.model.months import Month
from feeds.model.release import Release, ReleaseId
from feeds.store.database import Transaction
from feeds.store.months import MonthKey

#: The feeds (slugs) that each release is in.
FeedsByRelease = Mapping[ReleaseId, Sequence[str]]

_Assigned = Sequence[tuple[Release, Sequence[str]]]


def count_months(
    tx: Transaction, *, before: _Assigned, after: _Assigned, zone: ZoneInfo, now: datetime
) -> None:
    """Changes the counts of the months that listed releases before, or list them after a change.

    Call this after the feed entries are written.

    Args:
        tx: A transaction that holds the works (``Releases.hold_works``).
        before: The releases as they were stored, with their feeds; without new ones.
        after: The same releases and the new ones as they are stored now.
        zone: The time zone that the counts go by, as this transaction has read it.
        now: The moment of the change.
    """
    changes: Counter[MonthKey] = Counter()
    for key in _keys(after, zone):
        changes[key] += 1
    # Where a release was only corrected, 0 is left: the page of the month is another one.
    for key in _keys(before, zone):
        changes[key] -= 1
    tx.months.change(changes, now=now)


def count_written(
    tx: Transaction,
    written: Sequence[tuple[Release | None, Release]],
    feeds_before: FeedsByRelease,
    catalogue: Catalogue,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Counts what a batch of documents changes; see `count_months`.

    Args:
        tx: A transaction that has stored the releases.
        written: The releases before and after each change, in its order; None before a new one.
        feeds_before: The feeds of the releases that were stored before.
        catalogue: Has the feeds that they are in now.
        zone: The time zone that the counts go by.
        now: The moment of intake.
    """
    # A batch may correct a release more than once.
    first = {release.id: stored for stored, release in reversed(written)}
    last = {release.id: release for _, release in written}
    count_months(
        tx,
        before=[(one, feeds_before.get(one.id, ())) for one in first.values() if one is not None],
        after=[(one, catalogue.feeds_of(one.content)) for one in last.values()],
        zone=zone,
        now=now,
    )


def _keys(assigned: _Assigned, zone: ZoneInfo) -> Iterator[MonthKey]:
    for release, feeds in assigned:
        if release.retraction is None:
            content = release.content
            month = Month.of(content.published, zone).key
            yield from (MonthKey(feed, month, content.language) for feed in feeds)
