"""Deliveries: how far each subscriber is, and what is owed to whom.

One row a subscriber, not one an edition: who is behind gets the newest edition once, however many
came meanwhile.
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
    bindparam,
    case,
    delete,
    func,
    null,
    select,
    update,
)

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryResult, DeliveryState, DueDelivery, Wire
from feeds.store.schema import Instant, deliveries, subscriptions
from feeds.store.subscriptions import subscription_of

_NOW = bindparam("now", type_=Instant)
_SENT: BindParameter[int] = bindparam("sent", type_=Integer)

# Built once: each turn of a distribution runs them, and to build one takes longer.
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.subscription_id.in_(bindparam("ids", expanding=True)))
    .where(deliveries.c.due_at <= _NOW)
    .values(claimed_by=bindparam("worker"), due_at=bindparam("until", type_=Instant))
    .returning(deliveries.c.subscription_id)
)
_OURS = (deliveries.c.subscription_id == bindparam("of")) & (
    deliveries.c.claimed_by == bindparam("worker")
)
_ARRIVED = (
    update(deliveries)
    .where(_OURS)
    .values(
        delivered_edition=_SENT,
        # An edition that came out meanwhile is owed at once.
        due_at=case((deliveries.c.wanted_edition > _SENT, _NOW), else_=null()),
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
    .where(_OURS)
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
    )
    .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
    .where(deliveries.c.is_failing == bindparam("is_failing"), deliveries.c.due_at <= _NOW)
    .where(subscriptions.c.expires_at > _NOW, subscriptions.c.suspended_at.is_(None))
    .where(deliveries.c.host.not_in(bindparam("without_hosts", expanding=True)))
    .order_by(deliveries.c.due_at, deliveries.c.subscription_id)
    .limit(bindparam("at_most"))
)


class Deliveries:
    """Deliveries over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, feed: str, feed_format: Format, *, edition: int, now: datetime) -> int:
        """Owe a topic's new edition to all that are subscribed to it; says to how many.

        Who is being sent an earlier edition, or failed and waits for its next try, keeps its time
        and gets the newest one then.
        """
        subscribed = select(subscriptions.c.id).where(
            subscriptions.c.feed == feed,
            subscriptions.c.format == feed_format.value,
            subscriptions.c.suspended_at.is_(None),
        )
        owed = update(deliveries).where(
            deliveries.c.subscription_id.in_(subscribed),
            deliveries.c.wanted_edition < edition,
        )
        opened = owed.values(
            wanted_edition=edition, due_at=func.coalesce(deliveries.c.due_at, _NOW)
        )
        return self._connection.execute(opened, {"now": now}).rowcount

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
        return [_due(row) for row in self._connection.execute(_DUE, asked)]

    def claim(self, ids: Sequence[int], *, worker: str, now: datetime, until: datetime) -> set[int]:
        """Take deliveries for this worker until then; says which: others took the rest first."""
        if not ids:
            return set()
        asked = {"ids": list(ids), "worker": worker, "now": now, "until": until}
        return {row.subscription_id for row in self._connection.execute(_CLAIM, asked)}

    def settle(self, results: Sequence[DeliveryResult], *, worker: str) -> None:
        """Write down what became of deliveries that this worker has claimed."""
        arrived, failed, gone = [], [], []
        for one in results:
            row = {
                "of": one.subscription_id,
                "worker": worker,
                "now": one.at,
                "result": one.result,
                "took": one.took_ms,
            }
            if one.delivered_edition is not None:
                arrived.append({**row, "sent": one.delivered_edition})
            elif one.is_gone:
                gone.append(one.subscription_id)
            else:
                failed.append({**row, "retry_at": one.retry_at})
        if arrived:
            self._connection.execute(_ARRIVED, arrived)
        if failed:
            self._connection.execute(_FAILED, failed)
        for one in results:
            if one.suspended_because is not None:
                self._suspend(one)
        if gone:
            ended = delete(subscriptions).where(subscriptions.c.id.in_(gone))
            self._connection.execute(ended)

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
        chosen = select(subscriptions.c.id)
        if feed is not None:
            chosen = chosen.where(subscriptions.c.feed == feed)
        if host is not None:
            chosen = chosen.where(subscriptions.c.host == host)
        waiting = update(deliveries).where(
            deliveries.c.subscription_id.in_(chosen),
            deliveries.c.due_at > now,
            deliveries.c.claimed_by.is_(None),
        )
        return self._connection.execute(waiting.values(due_at=now)).rowcount

    def _suspend(self, result: DeliveryResult) -> None:
        stopped = update(subscriptions).where(subscriptions.c.id == result.subscription_id)
        self._connection.execute(
            stopped.values(suspended_at=result.at, suspended_because=result.suspended_because)
        )


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


def _due(row: Any) -> DueDelivery:
    return DueDelivery(
        subscription_id=row.id,
        feed=row.feed,
        format=Format(row.format),
        callback=row.callback,
        host=row.host,
        wire=Wire(row.wire),
        secret=row.secret,
        attempts=row.attempts,
        first_failed_at=row.first_failed_at,
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
