"""Our subscriptions to the hubs of upstreams, and the documents that hubs pushed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from feeds.model.upstream import UpstreamPush, UpstreamSubscription
from feeds.store.dialects import lock_in_order
from feeds.store.schema import upstream_pushes, upstream_subscriptions, upstreams

#: Documents of one upstream that wait to be read. More come only from a hub that runs wild; what is
#: lost by that comes with the next poll.
MAX_WAITING = 20


class UpstreamSubscriptions:
    """Subscriptions over one connection: at most one for each upstream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self) -> dict[str, UpstreamSubscription]:
        """All subscriptions, by upstream."""
        query = select(upstream_subscriptions).order_by(upstream_subscriptions.c.upstream)
        return {row.upstream: _subscription(row) for row in self._connection.execute(query)}

    def of(self, upstream: str) -> UpstreamSubscription | None:
        """The subscription of one upstream."""
        is_of = upstream_subscriptions.c.upstream == upstream
        row = self._connection.execute(select(upstream_subscriptions).where(is_of)).one_or_none()
        return None if row is None else _subscription(row)

    def by_token(self, token: str) -> UpstreamSubscription | None:
        """The subscription whose callback ends in *token*."""
        is_of = upstream_subscriptions.c.token == token
        row = self._connection.execute(select(upstream_subscriptions).where(is_of)).one_or_none()
        return None if row is None else _subscription(row)

    def ensure(self, wanted: UpstreamSubscription) -> bool:
        """Adds a subscription; returns False if there is one to this hub and topic already.

        One to another hub or topic is replaced: its callback becomes invalid. Its counts stay if
        the hub does.
        """
        lock_in_order(self._connection, upstreams.c.slug, [wanted.upstream])
        held = self.of(wanted.upstream)
        if held is not None and (held.hub, held.topic) == (wanted.hub, wanted.topic):
            return False
        if held is not None and held.hub == wanted.hub:
            wanted = replace(
                wanted,
                pushes=held.pushes,
                came_by_push=held.came_by_push,
                missed=held.missed,
            )
        if held is not None:
            self.drop(wanted.upstream)
        self._connection.execute(insert(upstream_subscriptions).values(_row(wanted)))
        return True

    def drop(self, upstream: str) -> None:
        """Deletes the subscription of an upstream. The hub gets 410 at its next push."""
        gone = delete(upstream_subscriptions).where(upstream_subscriptions.c.upstream == upstream)
        self._connection.execute(gone)

    def due(self, *, now: datetime, limit: int) -> list[UpstreamSubscription]:
        """Subscriptions whose hubs are to be asked now."""
        query = (
            select(upstream_subscriptions)
            .where(upstream_subscriptions.c.due_at <= now)
            .order_by(upstream_subscriptions.c.due_at, upstream_subscriptions.c.upstream)
            .limit(limit)
        )
        return [_subscription(row) for row in self._connection.execute(query)]

    def ask(self, one: UpstreamSubscription, *, now: datetime, again_at: datetime) -> bool:
        """Records that a hub is being asked; False if another worker does so."""
        asked = update(upstream_subscriptions).where(
            upstream_subscriptions.c.token == one.token,
            upstream_subscriptions.c.due_at == one.due_at,
        )
        values = {"asked_at": now, "due_at": again_at, "attempts": one.attempts + 1}
        return self._connection.execute(asked.values(values)).rowcount == 1

    def answered(self, token: str, result: str) -> None:
        """Records what a hub answered, unless it has verified meanwhile."""
        self._change(token, only_unverified=True, last_result=result)

    def verified(
        self, token: str, *, now: datetime, expires_at: datetime, renew_at: datetime, result: str
    ) -> None:
        """Records that the hub has verified the subscription."""
        self._change(
            token,
            verified_at=now,
            expires_at=expires_at,
            due_at=renew_at,
            attempts=0,
            last_result=result,
        )

    def denied(self, token: str, *, again_at: datetime, result: str) -> None:
        """Records that the hub denied the subscription, or ended it."""
        self._change(token, expires_at=None, due_at=again_at, last_result=result)

    def remark(self, token: str, result: str) -> None:
        """Records something for operators."""
        self._change(token, last_result=result)

    def push(
        self, one: UpstreamSubscription, body: bytes, *, content_type: str, now: datetime
    ) -> None:
        """Stores a document that the hub pushed, until it is read."""
        lock_in_order(self._connection, upstreams.c.slug, [one.upstream])
        self._change(one.token, pushes=upstream_subscriptions.c.pushes + 1)
        self._connection.execute(
            insert(upstream_pushes).values(
                upstream=one.upstream, arrived_at=now, content_type=content_type, body=body
            )
        )
        newest = (
            select(upstream_pushes.c.id)
            .where(upstream_pushes.c.upstream == one.upstream)
            .order_by(upstream_pushes.c.id.desc())
            .limit(MAX_WAITING)
        )
        oldest = upstream_pushes.c.id.not_in(newest.scalar_subquery())
        is_of = upstream_pushes.c.upstream == one.upstream
        self._connection.execute(delete(upstream_pushes).where(is_of, oldest))

    def has_pushes(self) -> bool:
        """Whether `take_push` may find one."""
        return self._connection.execute(select(upstream_pushes.c.id).limit(1)).first() is not None

    def take_push(self) -> UpstreamPush | None:
        """Takes out the document that has waited longest; None if none waits.

        If it cannot be read after all, the next poll brings what was in it.
        """
        first = (
            select(upstream_pushes.c.id)
            .order_by(upstream_pushes.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        number = self._connection.execute(first).scalar()
        if number is None:
            return None
        taken = delete(upstream_pushes).where(upstream_pushes.c.id == number)
        row = self._connection.execute(taken.returning(upstream_pushes)).one_or_none()
        return None if row is None else UpstreamPush(**row._asdict())

    def count(self, upstream: str, *, came_by_push: int = 0, missed: int = 0) -> None:
        """Adds to the counts of items that a push brought, and that it should have brought."""
        changed = update(upstream_subscriptions).where(
            upstream_subscriptions.c.upstream == upstream
        )
        self._connection.execute(
            changed.values(
                came_by_push=upstream_subscriptions.c.came_by_push + came_by_push,
                missed=upstream_subscriptions.c.missed + missed,
            )
        )

    def _change(self, token: str, *, only_unverified: bool = False, **values: Any) -> None:
        changed = update(upstream_subscriptions).where(upstream_subscriptions.c.token == token)
        if only_unverified:
            changed = changed.where(upstream_subscriptions.c.attempts > 0)
        self._connection.execute(changed.values(values))


def _subscription(row: Row[Any]) -> UpstreamSubscription:
    return UpstreamSubscription(**row._asdict())


def _row(one: UpstreamSubscription) -> dict[str, Any]:
    names: Sequence[str] = [column.name for column in upstream_subscriptions.columns]
    return {name: getattr(one, name) for name in names}
