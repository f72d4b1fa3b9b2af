"""The outbox of pings: which hub is to be pinged for which topic.

A row is requested in the transaction that makes its feed stale. It is due once the topic's stored
document has a newer edition than the hub was last pinged for. So no ping goes out before its
edition can be fetched, a change that leaves a document's bytes unchanged causes none, and any
number of changes in a burst cause one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from feeds.model.feed import Feed, Format
from feeds.model.listing import DuePing, PingState
from feeds.store.dialects import by_key, insert_or_update, lock, lock_keys, lock_of_feeds
from feeds.store.pipelining import send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import Instant, documents, feeds, pings

# Built once: each edition runs it, and building it takes longer.
_PASS_OVER = Prepared(
    update(pings)
    .where(
        pings.c.feed == bindparam("of_feed"),
        pings.c.format == bindparam("of_format"),
        pings.c.told_edition >= bindparam("former"),
        pings.c.wanted_seq <= bindparam("covered"),
    )
    .values(told_edition=bindparam("edition"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietEdition:
    """An edition of a document in which nothing is news."""

    feed: str
    format: Format
    edition: int
    former_edition: int  #: the edition before; 0 if there is none
    covered_seq: int  #: the ``stale_seq`` that the edition before covered


class Pings:
    """Pings over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def request(self, requested: Sequence[Feed], *, now: datetime) -> None:
        """Requests pings to the hubs of these feeds, to be sent when their next edition is stored.

        Args:
            requested: Feeds that were marked as stale. Those that the store does not have, because
                they were removed a moment ago, are left out.
            now: The current time. Tries start again from here, whatever failed before.
        """
        topics = sorted(
            (feed.slug, feed_format.value, hub)
            for feed in requested
            for feed_format in Format
            for hub in feed.announced_to(feed_format)
        )
        if topics:
            lock_of_feeds(self._connection, pings.c.feed, [feed.slug for feed in requested])
            send_later(
                self._connection,
                _request(self._connection.dialect.name),
                [
                    {"of_feed": feed, "of_format": feed_format, "to_hub": hub, "now": now}
                    for feed, feed_format, hub in topics
                ],
            )

    def lock(self, pings_: Sequence[DuePing]) -> None:
        """Locks these rows until the end of the transaction; see ``dialects``."""
        keys = [(each.feed, each.format.value, each.hub) for each in pings_]
        lock_keys(self._connection, [pings.c.feed, pings.c.format, pings.c.hub], keys)

    def pass_over(self, passed: Sequence[QuietEdition]) -> None:
        """Records that hubs that know a document's last edition need not be told of this one.

        News that came meanwhile has requested its ping, which stays.
        """
        if passed:
            lock_of_feeds(self._connection, pings.c.feed, [each.feed for each in passed])
            send_later(
                self._connection,
                _PASS_OVER,
                [
                    {
                        "of_feed": each.feed,
                        "of_format": each.format.value,
                        "former": each.former_edition,
                        "edition": each.edition,
                        "covered": each.covered_seq,
                    }
                    for each in passed
                ],
            )

    def retain(self, feed: Feed) -> None:
        """Deletes pings to hubs that this feed is no longer announced to."""
        lock_of_feeds(self._connection, pings.c.feed, [feed.slug])
        gone = or_(
            *(
                (pings.c.format == each.value) & pings.c.hub.not_in(feed.announced_to(each))
                for each in Format
            )
        )
        send_later(self._connection, delete(pings).where(pings.c.feed == feed.slug, gone))

    def due(self, *, now: datetime) -> list[DuePing]:
        """Pings to be sent now that no worker has claimed, the longest waiting first."""
        query = (
            _with_edition()
            .where(is_newer(), pings.c.has_failed == 0, pings.c.due_at <= now, _is_free(now))
            .order_by(pings.c.due_at, pings.c.hub, pings.c.feed, pings.c.format)
        )
        return [
            DuePing(
                feed=row.feed,
                format=Format(row.format),
                hub=row.hub,
                edition=row.edition,
                wanted_seq=row.wanted_seq,
                attempts=row.attempts,
                first_failed_at=row.first_failed_at,
            )
            for row in self._connection.execute(query)
        ]

    def oldest_due(self, *, now: datetime) -> datetime | None:
        """Since when the ping that has waited longest is due; None if no ping is due."""
        query = _with_edition().with_only_columns(func.min(pings.c.due_at, type_=Instant))
        is_due = (pings.c.has_failed == 0, pings.c.due_at <= now, _is_free(now))
        due: datetime | None = self._connection.execute(query.where(is_newer(), *is_due)).scalar()
        return due

    def claim(self, ping: DuePing, *, now: datetime, until: datetime) -> bool:
        """Claims one ping for this worker until then; False if another worker claimed it first."""
        taken = (
            update(pings)
            .where(_is(ping), pings.c.told_edition < ping.edition, _is_free(now))
            .where(pings.c.due_at <= now, pings.c.has_failed == 0)
            .values(claimed_until=until)
        )
        return self._connection.execute(taken).rowcount == 1

    def accepted(self, ping: DuePing, *, now: datetime, result: str) -> None:
        """Records that the hub accepted the ping."""
        self._record(
            ping,
            told_edition=ping.edition,
            attempts=0,
            has_failed=0,
            first_failed_at=None,
            last_try_at=now,
            last_result=result,
        )

    def postpone(self, ping: DuePing, *, now: datetime, until: datetime, result: str) -> None:
        """Records a failure. The next try is at *until*, or at once after a newer change."""
        self._record(ping, last_try_at=now, last_result=result)
        self._after_failure(ping, now=now, due_at=until)

    def give_up(self, ping: DuePing, *, now: datetime, result: str) -> None:
        """Records the last failure. The ping stays failed until a change or a person retries it."""
        self._record(ping, last_try_at=now, last_result=result)
        self._after_failure(ping, now=now, has_failed=1)

    def listed(self) -> list[PingState]:
        """The state of each ping, by feed, format and hub."""
        order = (pings.c.feed, pings.c.format, pings.c.hub)
        rows = self._connection.execute(_with_edition().order_by(*order))
        return [_state(row) for row in rows]

    def retry(self, *, now: datetime, feed: str | None = None, hub: str | None = None) -> int:
        """Makes failed and waiting pings due now, for one feed or hub or any. Returns how many."""
        chosen: list[ColumnElement[bool]] = [(pings.c.attempts > 0) | (pings.c.has_failed == 1)]
        if feed is not None:
            chosen.append(pings.c.feed == feed)
        if hub is not None:
            chosen.append(pings.c.hub == hub)
        keys = list(map(by_key, pings.primary_key))
        lock(self._connection, select(*pings.primary_key).where(*chosen).order_by(*keys))
        fresh = {"attempts": 0, "has_failed": 0, "first_failed_at": None, "due_at": now}
        return self._connection.execute(update(pings).where(*chosen).values(fresh)).rowcount

    def release_claims(self) -> None:
        """Releases the claims of a worker that is known to be dead."""
        self._connection.execute(update(pings).values(claimed_until=None))

    def _record(self, ping: DuePing, **values: Any) -> None:
        recorded = update(pings).where(_is(ping)).values(claimed_until=None, **values)
        send_later(self._connection, recorded)

    def _after_failure(self, ping: DuePing, *, now: datetime, **values: Any) -> None:
        first = ping.first_failed_at or now
        is_unchanged = pings.c.wanted_seq == ping.wanted_seq
        send_later(
            self._connection,
            update(pings)
            .where(_is(ping), is_unchanged)
            .values(attempts=ping.attempts + 1, first_failed_at=first, **values),
        )


@cache
def _request(dialect: str) -> Prepared:
    values = {
        pings.c.feed: feeds.c.slug,
        pings.c.format: bindparam("of_format", type_=Text),
        pings.c.hub: bindparam("to_hub", type_=Text),
        # What the edition will cover, as it was just recorded.
        pings.c.wanted_seq: feeds.c.stale_seq,
        pings.c.told_edition: literal_column("0", Integer),
        pings.c.has_failed: literal_column("0", Integer),
        pings.c.attempts: literal_column("0", Integer),
        pings.c.due_at: bindparam("now", type_=Instant),
        pings.c.first_failed_at: null().cast(pings.c.first_failed_at.type),
    }
    of_feed = select(*values.values()).where(feeds.c.slug == bindparam("of_feed"))
    names = [column.name for column in values]
    return Prepared(insert_or_update(dialect, pings, names, keep=["told_edition"], query=of_feed))


def _with_edition() -> Any:
    on_topic = (documents.c.feed == pings.c.feed) & (documents.c.format == pings.c.format)
    return (
        select(pings, documents.c.edition, feeds.c.rendered_seq)
        .join(feeds, feeds.c.slug == pings.c.feed)
        .join(documents, on_topic, isouter=True)
    )


def _is(ping: DuePing) -> ColumnElement[bool]:
    return (
        (pings.c.feed == ping.feed)
        & (pings.c.format == ping.format.value)
        & (pings.c.hub == ping.hub)
    )


def is_newer() -> ColumnElement[bool]:
    """Whether a document is newer than what a hub has accepted a ping for."""
    return documents.c.edition > pings.c.told_edition


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(pings.c.claimed_until.is_(None), pings.c.claimed_until <= now)


def _state(row: Row[Any]) -> PingState:
    edition = row.edition or 0
    is_newer = edition > row.told_edition
    return PingState(
        feed=row.feed,
        format=Format(row.format),
        hub=row.hub,
        edition=edition,
        told_edition=row.told_edition,
        state=_state_name(row, is_newer=is_newer),
        attempts=row.attempts,
        due_at=row.due_at if is_newer and not row.has_failed else None,
        last_try_at=row.last_try_at,
        last_result=row.last_result,
        first_failed_at=row.first_failed_at,
    )


def _state_name(row: Row[Any], *, is_newer: bool) -> str:
    if is_newer and row.has_failed:
        return "failed"
    if is_newer:
        return "retrying" if row.attempts else "due"
    return "waiting" if row.wanted_seq > row.rendered_seq else "told"
