"""Deliveries: how far each subscriber is, and what is owed to whom.

One row a subscriber, not one an edition: who is behind gets the newest edition once, however many
came meanwhile.

Who locks rows of both tables takes the subscriptions before the deliveries, and each in the order
of their numbers: two that are after the same ones then wait for each other instead of failing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
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
    null,
    select,
    update,
)

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryResult, DeliveryState, DueDelivery, PushProtocol
from feeds.store.dialects import has_one_writer, lock_in_order
from feeds.store.schema import Instant, deliveries, subscriptions
from feeds.store.subscriptions import subscription_of

_NOW = bindparam("now", type_=Instant)
_WORKER = bindparam("worker", type_=Text)
_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_EDITION: BindParameter[int] = bindparam("edition", type_=Integer)
_SENT: BindParameter[int] = bindparam("sent", type_=Integer)

# Built once: each turn of a distribution runs them, and to build one takes longer.
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
_OPEN = (
    update(deliveries)
    .where(_OF_TOPIC, subscriptions.c.suspended_at.is_(None))
    .values(wanted_edition=_EDITION, due_at=func.coalesce(deliveries.c.due_at, _NOW))
)
# WebSub section 7: whom the hub has given up is tried once more with each edition. Whom an operator
# has suspended has no failures in the books, and is left alone; see `Subscriptions.suspend`.
_OPEN_SUSPENDED = (
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
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.subscription_id.in_(_IDS), deliveries.c.due_at <= _NOW)
    .values(claimed_by=_WORKER, due_at=bindparam("until", type_=Instant))
    .returning(deliveries.c.subscription_id)
)
# What others hold at this moment is left to them, or to the next turn.
_FREE = (
    select(deliveries.c.subscription_id)
    .where(deliveries.c.subscription_id.in_(_IDS), deliveries.c.due_at <= _NOW)
    .order_by(deliveries.c.subscription_id)
    .with_for_update(skip_locked=True)
)
_HELD = (
    select(deliveries.c.subscription_id, deliveries.c.first_failed_at)
    .where(deliveries.c.subscription_id.in_(_IDS), deliveries.c.claimed_by == _WORKER)
    .order_by(deliveries.c.subscription_id)
    .with_for_update()
)
_OF: ColumnElement[bool] = deliveries.c.subscription_id == bindparam("of")
_ARRIVED = (
    update(deliveries)
    .where(_OF)
    .values(
        # It may be a later one than was owed: the newest is sent, and that one may be as new.
        wanted_edition=case(
            (deliveries.c.wanted_edition > _SENT, deliveries.c.wanted_edition), else_=_SENT
        ),
        delivered_edition=_SENT,
        # An edition that came out meanwhile is owed at once. But the newest is what is sent: who
        # has got the same one twice waits for the next, whatever the books say is owed.
        due_at=case(
            (
                (deliveries.c.wanted_edition > _SENT) & (deliveries.c.delivered_edition < _SENT),
                _NOW,
            ),
            else_=null(),
        ),
        claimed_by=None,
        is_failing=0,
        attempts=0,
        first_failed_at=None,
        last_try_at=_NOW,
        delivered_at=_NOW,
        last_result=bindparam("result"),
        last_took_ms=bindparam("took"),
    )
)
_FAILED = (
    update(deliveries)
    .where(_OF)
    .values(
        due_at=bindparam("retry_at", type_=Instant),
        claimed_by=None,
        is_failing=1,
        attempts=deliveries.c.attempts + 1,
        first_failed_at=func.coalesce(deliveries.c.first_failed_at, _NOW),
        last_try_at=_NOW,
        last_result=bindparam("result"),
        last_took_ms=bindparam("took"),
    )
)
# An edition that came out during the last try has one of its own.
_GIVEN_UP = (
    update(deliveries)
    .where(_OF)
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
_WELL_AGAIN = (
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
        deliveries.c.attempts,
        deliveries.c.first_failed_at,
        subscriptions.c.suspended_at,
    )
    .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
    .where(deliveries.c.is_failing == bindparam("is_failing"), deliveries.c.due_at <= _NOW)
    .where(subscriptions.c.expires_at > _NOW)
    .where(subscriptions.c.suspended_at.is_(None) | (deliveries.c.is_failing == 1))
    .order_by(deliveries.c.due_at, deliveries.c.subscription_id)
    .limit(bindparam("at_most"))
)
_DUE_TO_SOME = _DUE.where(deliveries.c.host.not_in(bindparam("without_hosts", expanding=True)))


class Deliveries:
    """Deliveries over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._locks_rows = not has_one_writer(connection)

    def open(self, feed: str, feed_format: Format, *, edition: int, now: datetime) -> int:
        """Owe a topic's new edition to all that are subscribed to it; says to how many.

        Who is being sent an earlier edition, or failed and waits for its next try, keeps its time
        and gets the newest one then. Who has it already, because the newest is what is sent, is
        not owed it again. Whom the hub has given up is tried once, and is not counted; whom an
        operator has suspended is owed it when it is resumed.
        """
        asked = {"feed": feed, "format": feed_format.value, "edition": edition, "now": now}
        if self._locks_rows:
            self._connection.execute(_LOCK_TOPIC, asked)
        self._connection.execute(_OPEN_SUSPENDED, asked)
        return self._connection.execute(_OPEN, asked).rowcount

    def due(
        self,
        *,
        now: datetime,
        limit: int,
        is_failing: bool = False,
        without_hosts: Sequence[str] = (),
    ) -> list[DueDelivery]:
        """What is to be sent now and nobody is sending, the longest waiting first.

        Args:
            now: The moment.
            limit: No more than so many.
            is_failing: Those whose last try failed; else those whose last one did not.
            without_hosts: Nothing for these.
        """
        asked = {
            "now": now,
            "at_most": limit,
            "is_failing": int(is_failing),
            "without_hosts": list(without_hosts),
        }
        wanted = _DUE_TO_SOME if without_hosts else _DUE
        return [_due(row) for row in self._connection.execute(wanted, asked).all()]

    def claim(self, ids: Sequence[int], *, worker: str, now: datetime, until: datetime) -> set[int]:
        """Take deliveries for this worker until then; says which: others took the rest first."""
        if not ids:
            return set()
        asked = {"ids": list(ids), "worker": worker, "now": now, "until": until}
        if self._locks_rows:
            free = self._connection.execute(_FREE, asked).scalars().all()
            if not free:
                return set()
            asked["ids"] = free
        return set(self._connection.execute(_CLAIM, asked).scalars().all())

    def complete(self, results: Sequence[DeliveryResult], *, worker: str) -> set[int]:
        """Write down what became of deliveries that this worker has claimed; says of which.

        What others claimed when its time ran out, or is owed to nobody any more, is left alone.
        """
        if not results:
            return set()
        # Rows of subscriptions, too, are written for these.
        turning = [
            one.subscription_id
            for one in results
            if one.is_gone or one.suspended_because or one.is_well_again
        ]
        lock_in_order(self._connection, subscriptions.c.id, turning)
        asked = {"ids": [one.subscription_id for one in results], "worker": worker}
        failing = {
            number: first_failed_at is not None
            for number, first_failed_at in self._connection.execute(_HELD, asked).all()
        }
        settled = [one for one in results if one.subscription_id in failing]
        arrived = [_arrived(one) for one in settled if one.delivered_edition is not None]
        failed = [one for one in settled if one.delivered_edition is None and not one.is_gone]
        # One that was renewed while it was being sent has failed for the first time.
        given_up = [one for one in failed if one.suspended_because and failing[one.subscription_id]]
        gone = [one.subscription_id for one in settled if one.is_gone]
        well_again = [{"of": one.subscription_id} for one in settled if one.is_well_again]
        for statement, rows in (
            (_ARRIVED, arrived),
            (_FAILED, [_failed(one) for one in failed]),
            (_GIVEN_UP, [_given_up(one) for one in given_up]),
            (_SUSPENDED, [_suspended(one) for one in given_up]),
            (_WELL_AGAIN, well_again),
        ):
            if rows:
                self._connection.execute(statement, rows)
        if gone:
            ended = delete(subscriptions).where(subscriptions.c.id.in_(gone))
            self._connection.execute(ended)
        return set(failing)

    def listed(self, *, feed: str | None = None, host: str | None = None) -> list[DeliveryState]:
        """How each subscriber stands, by feed, format and callback."""
        wanted = select(subscriptions, *_STATE_COLUMNS).join(
            deliveries, deliveries.c.subscription_id == subscriptions.c.id
        )
        if feed is not None:
            wanted = wanted.where(subscriptions.c.feed == feed)
        if host is not None:
            wanted = wanted.where(subscriptions.c.host == host)
        order = (subscriptions.c.feed, subscriptions.c.format, subscriptions.c.callback)
        return [_state(row) for row in self._connection.execute(wanted.order_by(*order))]

    def page(
        self, *, behind: int = 0, limit: int, is_in_trouble: bool = False
    ) -> list[DeliveryState]:
        """How subscribers stand, by their numbers, so many at a time.

        Args:
            behind: Those whose numbers are higher than this.
            limit: No more than so many.
            is_in_trouble: Only those whose last try failed, or to whom nothing is sent any more.
        """
        wanted = select(subscriptions, *_STATE_COLUMNS).join(
            deliveries, deliveries.c.subscription_id == subscriptions.c.id
        )
        wanted = wanted.where(subscriptions.c.id > behind)
        if is_in_trouble:
            wanted = wanted.where(
                (deliveries.c.is_failing == 1) | subscriptions.c.suspended_at.is_not(None)
            )
        rows = self._connection.execute(wanted.order_by(subscriptions.c.id).limit(limit))
        return [_state(row) for row in rows]

    def counted(self) -> dict[str, int]:
        """How many subscribers there are in each state."""
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
        """Make failed deliveries that wait due now; says how many. None stands for any."""
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


def _arrived(one: DeliveryResult) -> dict[str, Any]:
    return {**_tried(one), "sent": one.delivered_edition}


def _failed(one: DeliveryResult) -> dict[str, Any]:
    return {**_tried(one), "retry_at": one.retry_at or one.at}


def _tried(one: DeliveryResult) -> dict[str, Any]:
    return {
        "of": one.subscription_id,
        "now": one.at,
        "result": one.result,
        "took": one.took_ms,
    }


def _given_up(one: DeliveryResult) -> dict[str, Any]:
    return {"of": one.subscription_id, "now": one.at, "tried": one.tried_edition}


def _suspended(one: DeliveryResult) -> dict[str, Any]:
    return {"of": one.subscription_id, "now": one.at, "because": one.suspended_because}


def _due(row: Any) -> DueDelivery:
    # In the order of `_DUE`: by name, a row takes twenty times as long.
    number, feed, form, callback, host, wire, secret, attempts, first_failed_at, suspended = row
    return DueDelivery(
        subscription_id=number,
        feed=feed,
        format=Format(form),
        callback=callback,
        host=host,
        wire=PushProtocol(wire),
        secret=secret,
        attempts=attempts,
        first_failed_at=first_failed_at,
        is_suspended=suspended is not None,
    )


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
