"""Deliveries: the last edition that each subscriber received, and what is due to whom.

There is one row per subscriber and not one per edition: a subscriber that is behind gets the newest
edition once, however many came in the meantime.

A transaction that locks rows of both tables locks subscriptions before deliveries, and each in the
order of their ids: two transactions on the same rows then wait for each other instead of failing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    select,
    type_coerce,
    update,
)

from feeds.model.feed import Format
from feeds.model.listing import FailingHost
from feeds.model.subscription import DeliveryResult, DeliveryState, DueDelivery, PushProtocol
from feeds.store.dialects import has_one_writer, lock_in_order
from feeds.store.pipelining import run, send_later
from feeds.store.prepared import Prepared
from feeds.store.row_parameters import RowsParameter, is_among, numbers
from feeds.store.schema import (
    Instant,
    deliveries,
    from_microseconds,
    microseconds,
    subscriptions,
)
from feeds.store.subscriptions import subscription_of

_Row = tuple[int | str, ...]

_NOW = bindparam("now", type_=Instant)
_WORKER = bindparam("worker", type_=Text)
_EDITION: BindParameter[int] = bindparam("edition", type_=Integer)

# Built once: each batch of a distribution runs these, and building one takes longer.
_OF_TOPIC = (
    (subscriptions.c.id == deliveries.c.subscription_id)
    & (subscriptions.c.feed == bindparam("feed"))
    & (subscriptions.c.format == bindparam("format"))
    & (subscriptions.c.expires_at > _NOW)
    & (deliveries.c.wanted_edition < _EDITION)
)
_LOCK_TOPIC = select(func.count()).select_from(
    select(deliveries.c.subscription_id)
    .where(_OF_TOPIC)
    .order_by(deliveries.c.subscription_id)
    .with_for_update(of=deliveries)
    .subquery("locked")
)
_SCHEDULE = (
    update(deliveries)
    .where(_OF_TOPIC, subscriptions.c.suspended_at.is_(None))
    .values(wanted_edition=_EDITION, due_at=func.coalesce(deliveries.c.due_at, _NOW))
)
# WebSub section 7: a subscriber that the hub has given up is tried once more with each edition. One
# that an operator has suspended has no recorded failures and is not tried; see
# `Subscriptions.suspend`.
_SCHEDULE_SUSPENDED = (
    update(deliveries)
    .where(_OF_TOPIC, subscriptions.c.suspended_at.is_not(None))
    .values(
        wanted_edition=_EDITION,
        due_at=case(
            (deliveries.c.is_failing == 1, func.coalesce(deliveries.c.due_at, _NOW)),
            else_=deliveries.c.due_at,
        ),
    )
)
# Claims and results of many deliveries are one statement each.


@cache
def _claim(dialect: str) -> Prepared:
    """Returns the statement that claims those of the ids that are due."""
    claimed = update(deliveries).where(_is_named(dialect), deliveries.c.due_at <= _NOW)
    claimed = claimed.values(claimed_by=_WORKER, due_at=bindparam("until", type_=Instant))
    return Prepared(claimed.returning(deliveries.c.subscription_id))


@cache
def _free(dialect: str) -> Prepared:
    """Returns the query that locks those of the ids that are due.

    Rows that other transactions hold are skipped until the next batch.
    """
    due = select(deliveries.c.subscription_id).where(_is_named(dialect))
    due = due.where(deliveries.c.due_at <= _NOW).order_by(deliveries.c.subscription_id)
    return Prepared(due.with_for_update(skip_locked=True))


@cache
def _held(dialect: str) -> Prepared:
    """Returns the query that locks those of the ids that the worker has claimed."""
    held = select(deliveries.c.subscription_id, deliveries.c.first_failed_at)
    held = held.where(_is_named(dialect), deliveries.c.claimed_by == _WORKER)
    return Prepared(held.order_by(deliveries.c.subscription_id).with_for_update())


def _is_named(dialect: str) -> ColumnElement[bool]:
    return is_among(deliveries.c.subscription_id, "ids", dialect=dialect)


#: Id, time of the result, time taken and text of each result; and the edition that arrived.
_ARRIVALS = RowsParameter("arrival", BigInteger(), Instant(), Integer(), Text(), Integer())

#: The same; and the time of the next try.
_FAILURES = RowsParameter("failure", BigInteger(), Instant(), Integer(), Text(), Instant())


@cache
def _arrived(dialect: str) -> Prepared:
    """Returns the statement that stores `_ARRIVALS`."""
    of, at, took, result, sent = _ARRIVALS.columns(dialect)
    wanted, delivered = deliveries.c.wanted_edition, deliveries.c.delivered_edition
    return _ended(
        of,
        # The newest edition is sent, which may be later than the one that was due.
        wanted_edition=case((wanted > sent, wanted), else_=sent),
        delivered_edition=sent,
        # An edition that came out in the meantime is due at once. But a subscriber that received
        # the same edition twice already has the newest one, whatever is recorded as due.
        due_at=case(((wanted > sent) & (delivered < sent), at), else_=null()),
        claimed_by=None,
        is_failing=0,
        attempts=0,
        first_failed_at=None,
        last_try_at=at,
        delivered_at=at,
        last_result=result,
        last_took_ms=took,
    )


@cache
def _failed(dialect: str) -> Prepared:
    """Returns the statement that stores `_FAILURES`."""
    of, at, took, result, retry_at = _FAILURES.columns(dialect)
    return _ended(
        of,
        due_at=retry_at,
        claimed_by=None,
        is_failing=1,
        attempts=deliveries.c.attempts + 1,
        first_failed_at=func.coalesce(deliveries.c.first_failed_at, at),
        last_try_at=at,
        last_result=result,
        last_took_ms=took,
    )


def _ended(of: ColumnElement[int], **values: Any) -> Prepared:
    is_held = deliveries.c.claimed_by == _WORKER
    ended = update(deliveries).where(deliveries.c.subscription_id == of, is_held)
    return Prepared(ended.values(values))


# An edition that came out during the last attempt gets one attempt of its own.
_GIVE_UP = (
    update(deliveries)
    .where(deliveries.c.subscription_id == bindparam("of"))
    .values(
        due_at=case(
            (deliveries.c.wanted_edition > bindparam("tried", type_=Integer), _NOW), else_=null()
        )
    )
)
_SUSPENDED = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("of"))
    .values(
        suspended_at=func.coalesce(subscriptions.c.suspended_at, _NOW),
        suspended_because=bindparam("because"),
    )
)
_RECOVER = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("of"))
    .values(suspended_at=null(), suspended_because=null())
)
_DUE = (
    select(
        subscriptions.c.id,
        subscriptions.c.feed,
        subscriptions.c.format,
        subscriptions.c.callback,
        subscriptions.c.host,
        subscriptions.c.wire,
        subscriptions.c.secret,
        deliveries.c.wanted_edition,
        deliveries.c.attempts,
        # As they are stored: converting what is seldom there takes as long as all the rest.
        type_coerce(deliveries.c.first_failed_at, BigInteger),
        type_coerce(subscriptions.c.suspended_at.is_not(None), Integer),
    )
    .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
    .where(deliveries.c.is_failing == bindparam("is_failing"), deliveries.c.due_at <= _NOW)
    .where(subscriptions.c.expires_at > _NOW)
    .where(subscriptions.c.suspended_at.is_(None) | (deliveries.c.is_failing == 1))
    .order_by(deliveries.c.due_at, deliveries.c.subscription_id)
    .limit(bindparam("at_most"))
)
_ANY_DUE = Prepared(_DUE)
_DUE_TO_SOME = Prepared(
    _DUE.where(deliveries.c.host.not_in(bindparam("without_hosts", expanding=True)))
)


class Deliveries:
    """Deliveries over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._locks_rows = not has_one_writer(connection)

    def open(self, feed: str, feed_format: Format, *, edition: int, now: datetime) -> int:
        """Schedules a topic's new edition for all its subscribers. Returns how many.

        A subscriber that is being sent an earlier edition, or waits for a retry, keeps its time
        and gets the newest edition then. One that already received the newest edition is skipped.
        One that the hub has given up is tried once and not counted. One that an operator has
        suspended gets the edition when it is resumed.
        """
        parameters = {"feed": feed, "format": feed_format.value, "edition": edition, "now": now}
        if self._locks_rows:
            self._connection.execute(_LOCK_TOPIC, parameters)
        self._connection.execute(_SCHEDULE_SUSPENDED, parameters)
        return self._connection.execute(_SCHEDULE, parameters).rowcount

    def due(
        self,
        *,
        now: datetime,
        limit: int,
        is_failing: bool = False,
        without_hosts: Sequence[str] = (),
    ) -> list[DueDelivery]:
        """Deliveries to be sent now that no worker has claimed, the longest waiting first.

        Args:
            now: The current time.
            limit: The largest number to return.
            is_failing: Whether to return those whose last try failed, or only the others.
            without_hosts: Callback hosts to leave out.
        """
        parameters = {"now": now, "at_most": limit, "is_failing": int(is_failing)}
        query = _ANY_DUE
        if without_hosts:
            query, parameters["without_hosts"] = _DUE_TO_SOME, list(without_hosts)
        return [_due(row) for row in run(self._connection, query, parameters)]

    def oldest_due(self, *, now: datetime) -> datetime | None:
        """Since when the delivery that has waited longest is due; None if none is due."""
        found: list[datetime] = []
        for is_failing in (0, 1):  # the index is in the order of ``due_at`` for each of the two
            query = _DUE.with_only_columns(deliveries.c.due_at, maintain_column_froms=True)
            given = {"now": now, "is_failing": is_failing, "at_most": 1}
            found += self._connection.execute(query, given).scalars().all()
        return min(found, default=None)

    def failing_hosts(self, *, before: datetime, limit: int) -> list[FailingHost]:
        """Hosts to which deliveries have failed since before then, by name.

        Subscribers that the hub has given up, or that an operator suspended, do not count. Only
        deliveries that fail are read.
        """
        since = func.min(deliveries.c.first_failed_at, type_=Instant)
        query = (
            select(deliveries.c.host, since.label("since"), func.count().label("number"))
            .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
            .where(deliveries.c.is_failing == literal_column("1"))
            .where(subscriptions.c.suspended_at.is_(None))
            .group_by(deliveries.c.host)
            .having(since < before)
            .order_by(deliveries.c.host)
            .limit(limit)
        )
        return [
            FailingHost(host=row.host, since=row.since, subscribers=row.number)
            for row in self._connection.execute(query)
        ]

    def claim(self, ids: Sequence[int], *, worker: str, now: datetime, until: datetime) -> set[int]:
        """Claims deliveries for this worker until then. Returns the ids that were still free."""
        if not ids:
            return set()
        given = {"ids": numbers(self._dialect, ids), "now": now}
        claim = {**given, "worker": worker, "until": until}
        if not self._locks_rows:
            return set(run(self._connection, _claim(self._dialect), claim).scalars())
        free = list(run(self._connection, _free(self._dialect), given).scalars())
        if free:
            # Locked by now, so that all of them are claimed.
            claim["ids"] = numbers(self._dialect, free)
            send_later(self._connection, _claim(self._dialect), claim)
        return set(free)

    def complete(self, results: Sequence[DeliveryResult], *, worker: str) -> None:
        """Records the results of deliveries that this worker claimed.

        Deliveries that another worker claimed after a timeout, or that no longer exist, are
        skipped.
        """
        if not results:
            return
        # Results that also change the row of the subscription.
        changing = [
            one.subscription_id
            for one in results
            if one.is_gone or one.suspended_because or one.is_well_again
        ]
        lock_in_order(self._connection, subscriptions.c.id, changing)
        asked = [one.subscription_id for one in results] if self._locks_rows else changing
        first_failures = self._first_failures(asked, worker=worker)
        moments = {at: microseconds(at) for at in {one.at for one in results}}
        arrived, failed = list[_Row](), list[_Row]()
        given_up = list[DeliveryResult]()
        for one in results:
            at = moments[one.at]
            row = one.subscription_id, at, one.took_ms, one.result
            if one.delivered_edition is not None:
                arrived.append((*row, one.delivered_edition))
            elif not one.is_gone:
                failed.append((*row, at if one.retry_at is None else microseconds(one.retry_at)))
                # A subscription renewed during the delivery has no earlier failures: not given up.
                if one.suspended_because and first_failures.get(one.subscription_id):
                    given_up.append(one)
        self._write(_arrived, _ARRIVALS, arrived, worker=worker)
        self._write(_failed, _FAILURES, failed, worker=worker)
        held = [one for one in results if one.subscription_id in first_failures]
        well_again = [{"of": one.subscription_id} for one in held if one.is_well_again]
        for statement, rows in (
            (_GIVE_UP, [_given_up(one) for one in given_up]),
            (_SUSPENDED, [_suspended(one) for one in given_up]),
            (_RECOVER, well_again),
        ):
            if rows:
                send_later(self._connection, statement, rows)
        if gone := [one.subscription_id for one in held if one.is_gone]:
            send_later(self._connection, delete(subscriptions).where(subscriptions.c.id.in_(gone)))

    def _first_failures(self, ids: Sequence[int], *, worker: str) -> Mapping[int, datetime | None]:
        """Returns, of those that the worker has claimed, when their failures began. Locks them."""
        if not ids:
            return {}
        given = {"ids": numbers(self._dialect, ids), "worker": worker}
        return dict(run(self._connection, _held(self._dialect), given).all())

    def _write(
        self,
        statement: Callable[[str], Prepared],
        parameter: RowsParameter,
        rows: Sequence[_Row],
        *,
        worker: str,
    ) -> None:
        if rows:
            given = {**parameter.given(self._dialect, rows), "worker": worker}
            send_later(self._connection, statement(self._dialect), given)

    def listed(self, *, feed: str | None = None, host: str | None = None) -> list[DeliveryState]:
        """The delivery state of each subscriber, by feed, format and callback."""
        query = select(subscriptions, *_STATE_COLUMNS).join(
            deliveries, deliveries.c.subscription_id == subscriptions.c.id
        )
        if feed is not None:
            query = query.where(subscriptions.c.feed == feed)
        if host is not None:
            query = query.where(subscriptions.c.host == host)
        order = (subscriptions.c.feed, subscriptions.c.format, subscriptions.c.callback)
        return [_state(row) for row in self._connection.execute(query.order_by(*order))]

    def page(
        self, *, behind: int = 0, limit: int, is_in_trouble: bool = False
    ) -> list[DeliveryState]:
        """One page of delivery states, in the order of subscription ids.

        Args:
            behind: Only ids greater than this.
            limit: The largest number to return.
            is_in_trouble: Only subscribers whose last try failed, or that are suspended.
        """
        query = select(subscriptions, *_STATE_COLUMNS).join(
            deliveries, deliveries.c.subscription_id == subscriptions.c.id
        )
        query = query.where(subscriptions.c.id > behind)
        if is_in_trouble:
            query = query.where(
                (deliveries.c.is_failing == 1) | subscriptions.c.suspended_at.is_not(None)
            )
        rows = self._connection.execute(query.order_by(subscriptions.c.id).limit(limit))
        return [_state(row) for row in rows]

    def counted(self) -> dict[str, int]:
        """The number of subscribers in each state."""
        counted = dict.fromkeys(("delivered", "due", "sending", "retrying", "suspended"), 0)
        kinds = (
            subscriptions.c.suspended_at.is_not(None).label("is_suspended"),
            deliveries.c.due_at.is_not(None).label("is_owed"),
            deliveries.c.claimed_by.is_not(None).label("is_claimed"),
            deliveries.c.is_failing,
        )
        grouped = (
            select(*kinds, func.count().label("number"))
            .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
            .group_by(*kinds)
        )
        for row in self._connection.execute(grouped):
            counted[_state_name(row)] += row.number
        return counted

    def retry(self, *, now: datetime, feed: str | None = None, host: str | None = None) -> int:
        """Makes waiting retries due now, for one feed or host or any. Returns how many."""
        is_waiting = (deliveries.c.due_at > now) & deliveries.c.claimed_by.is_(None)
        chosen = (
            select(deliveries.c.subscription_id)
            .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
            .where(is_waiting)
            .order_by(deliveries.c.subscription_id)
            .with_for_update(of=deliveries)
        )
        if feed is not None:
            chosen = chosen.where(subscriptions.c.feed == feed)
        if host is not None:
            chosen = chosen.where(subscriptions.c.host == host)
        ids = self._connection.execute(chosen).scalars().all()
        waiting = update(deliveries).where(deliveries.c.subscription_id.in_(ids))
        return self._connection.execute(waiting.values(due_at=now)).rowcount


_STATE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    deliveries.c.wanted_edition,
    deliveries.c.delivered_edition,
    deliveries.c.due_at,
    deliveries.c.is_failing,
    deliveries.c.claimed_by,
    deliveries.c.attempts,
    deliveries.c.last_try_at,
    deliveries.c.last_result,
    deliveries.c.last_took_ms,
    deliveries.c.delivered_at,
    subscriptions.c.suspended_at.is_not(None).label("is_suspended"),
    deliveries.c.due_at.is_not(None).label("is_owed"),
    deliveries.c.claimed_by.is_not(None).label("is_claimed"),
)


def _given_up(one: DeliveryResult) -> dict[str, Any]:
    return {"of": one.subscription_id, "now": one.at, "tried": one.tried_edition}


def _suspended(one: DeliveryResult) -> dict[str, Any]:
    return {"of": one.subscription_id, "now": one.at, "because": one.suspended_because}


def _due(row: Any) -> DueDelivery:
    # In the order of `_DUE`: access by name takes twenty times as long, and so do enumerations.
    number, feed, form, callback, host, wire, secret, wanted, attempts, failed_at, suspended = row
    return DueDelivery(
        number,
        feed,
        _FORMATS[form],
        callback,
        host,
        _PROTOCOLS[wire],
        secret,
        wanted,
        attempts,
        None if failed_at is None else from_microseconds(failed_at),
        bool(suspended),
    )


_FORMATS = {each.value: each for each in Format}
_PROTOCOLS = {each.value: each for each in PushProtocol}


def _state(row: Row[Any]) -> DeliveryState:
    return DeliveryState(
        subscription=subscription_of(row),
        wanted_edition=row.wanted_edition,
        delivered_edition=row.delivered_edition,
        state=_state_name(row),
        attempts=row.attempts,
        due_at=row.due_at,
        last_try_at=row.last_try_at,
        last_result=row.last_result,
        last_took_ms=row.last_took_ms,
        delivered_at=row.delivered_at,
    )


def _state_name(row: Row[Any]) -> str:
    if row.is_suspended:
        return "suspended"
    if row.is_claimed:
        return "sending"
    if row.is_failing:
        return "retrying"
    return "due" if row.is_owed else "delivered"
