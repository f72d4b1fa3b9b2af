"""Subscriptions at the built-in hub, and subscription requests that wait for verification."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from feeds.model.feed import Format
from feeds.model.subscription import (
    Mode,
    PendingRequest,
    PushProtocol,
    Subscription,
    SubscriptionRequest,
)
from feeds.store.dialects import lock_in_order
from feeds.store.schema import (
    Instant,
    deliveries,
    feeds,
    subscription_requests,
    subscriptions,
)

#: Bits of a request id: it has 31 in both databases.
_REQUEST_BITS = 31
_TOPIC_SLOTS = 1024

# Looks for one subscription of each topic in the index. When most are for one topic, SQLite would
# otherwise read all of them.
_FIRST = (
    select(subscriptions.c.callback)
    .where(subscriptions.c.feed == feeds.c.slug, subscriptions.c.format == bindparam("format"))
    .order_by(subscriptions.c.callback)
    .limit(1)
    .scalar_subquery()
)
_SUBSCRIBED = select(feeds.c.slug).where(_FIRST.is_not(None))


class Subscriptions:
    """Subscriptions over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # Requests, before the callback has confirmed them

    def add_request(self, request: SubscriptionRequest, *, now: datetime) -> int:
        """Stores a request until its callback was verified. Returns its id."""
        row = {
            "mode": request.mode.value,
            "feed": request.feed,
            "format": request.format.value,
            "topic": request.topic,
            "callback": request.callback,
            "host": request.host,
            "wire": request.wire.value,
            "secret": request.secret,
            "lease_s": request.lease_s,
            "reason": request.reason,
            "client": request.client,
            "asked_at": now,
            "due_at": now,
            "attempts": 0,
        }
        inserted = insert(subscription_requests).returning(subscription_requests.c.id)
        return int(self._connection.execute(inserted, row).scalar_one())

    def pending_count(self, *, host: str | None = None) -> int:
        """The number of waiting requests: for all callback hosts, or one."""
        counted = select(func.count()).select_from(subscription_requests)
        if host is not None:
            counted = counted.where(subscription_requests.c.host == host)
        return int(self._connection.execute(counted).scalar_one())

    def due(
        self, *, now: datetime, limit: int, without_hosts: Sequence[str] = ()
    ) -> list[PendingRequest]:
        """Requests to be verified now, in the order of arrival.

        Requests whose callbacks failed to answer before come last, so that they delay no others.
        """
        query = (
            select(subscription_requests)
            .where(subscription_requests.c.due_at <= now)
            .where(subscription_requests.c.host.not_in(without_hosts))
            .order_by(subscription_requests.c.attempts, subscription_requests.c.id)
            .limit(limit)
        )
        return [_pending(row) for row in self._connection.execute(query)]

    def pending(self) -> list[PendingRequest]:
        """All waiting requests, in the order of arrival."""
        query = select(subscription_requests).order_by(subscription_requests.c.id)
        return [_pending(row) for row in self._connection.execute(query)]

    def claim_requests(
        self, ids: Sequence[int], *, worker: str, now: datetime, until: datetime
    ) -> set[int]:
        """Claims requests for this worker until then. Returns the ids that no other had claimed."""
        lock_in_order(self._connection, subscription_requests.c.id, ids)
        taken = (
            update(subscription_requests)
            .where(subscription_requests.c.id.in_(ids), subscription_requests.c.due_at <= now)
            .values(claimed_by=worker, due_at=until)
            .returning(subscription_requests.c.id)
        )
        return {row.id for row in self._connection.execute(taken)}

    def postpone(self, request_id: int, *, until: datetime) -> None:
        """Postpones a request whose callback gave no answer: it is verified again at *until*."""
        self._connection.execute(
            update(subscription_requests)
            .where(subscription_requests.c.id == request_id)
            .values(claimed_by=None, due_at=until, attempts=subscription_requests.c.attempts + 1)
        )

    def drop_requests(self, ids: Sequence[int]) -> None:
        """Deletes requests that were answered or given up."""
        lock_in_order(self._connection, subscription_requests.c.id, ids)
        self._connection.execute(
            delete(subscription_requests).where(subscription_requests.c.id.in_(ids))
        )

    def make_requests_due(self, *, now: datetime) -> int:
        """Makes all waiting requests due now. Returns how many."""
        free = subscription_requests.c.claimed_by.is_(None)
        made = update(subscription_requests).where(free, subscription_requests.c.due_at > now)
        return self._connection.execute(made.values(due_at=now)).rowcount

    # Subscriptions

    def confirm(self, pending: PendingRequest, *, now: datetime) -> bool:
        """Applies a request that its callback has confirmed, and deletes it.

        Earlier requests for the same subscription are deleted as well: they are outdated, and must
        not take effect when they are confirmed later.

        Returns:
            False when the request was deleted already because a later one took effect.
        """
        request = self._take_request(pending)
        if request is None:
            return False
        held = self._connection.execute(
            select(subscriptions.c.id, subscriptions.c.request_id)
            .where(_is_for(request))
            .with_for_update(key_share=True)
        ).one_or_none()
        if held is not None and held.request_id > pending.id:
            return False
        if request.mode is not Mode.SUBSCRIBE:
            if held is not None:
                self.end([held.id])
            return True
        terms = {
            "wire": request.wire.value,
            "secret": request.secret,
            "lease_s": request.lease_s,
            "request_id": pending.id,
            "confirmed_at": now,
            "expires_at": now + timedelta(seconds=request.lease_s),
            "suspended_at": None,
            "suspended_because": None,
        }
        if held is None:
            self._begin(request, terms, now=now)
        else:
            renewed = update(subscriptions).where(subscriptions.c.id == held.id)
            self._connection.execute(renewed.values(terms))
            self._clear_failures([held.id], now=now)
        return True

    def get(self, subscription_id: int) -> Subscription | None:
        """The subscription with this id; None if there is none."""
        query = select(subscriptions).where(subscriptions.c.id == subscription_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else subscription_of(row)

    def listed(
        self,
        *,
        feed: str | None = None,
        host: str | None = None,
        callback: str | None = None,
        limit: int | None = None,
    ) -> list[Subscription]:
        """Subscriptions by feed, format and callback; only those with the given values."""
        query = select(subscriptions)
        for column, value in (
            (subscriptions.c.feed, feed),
            (subscriptions.c.host, host),
            (subscriptions.c.callback, callback),
        ):
            if value is not None:
                query = query.where(column == value)
        order = (subscriptions.c.feed, subscriptions.c.format, subscriptions.c.callback)
        found = self._connection.execute(query.order_by(*order).limit(limit))
        return [subscription_of(row) for row in found]

    def counted(self) -> dict[tuple[str, Format, str], int]:
        """The number of subscriptions by feed, format and state."""
        is_suspended = subscriptions.c.suspended_at.is_not(None)
        grouped = (
            select(
                subscriptions.c.feed,
                subscriptions.c.format,
                is_suspended.label("is_suspended"),
                func.count().label("number"),
            )
            .group_by(subscriptions.c.feed, subscriptions.c.format, is_suspended)
            .order_by(subscriptions.c.feed, subscriptions.c.format)
        )
        return {
            (
                row.feed,
                Format(row.format),
                "suspended" if row.is_suspended else "active",
            ): row.number
            for row in self._connection.execute(grouped)
        }

    def topics(self) -> list[tuple[str, Format]]:
        """The topics with subscriptions."""
        # One lookup for each topic: a single one may have a hundred thousand subscriptions.
        return [
            (slug, each)
            for each in Format
            for slug in self._connection.execute(_SUBSCRIBED, {"format": each.value}).scalars()
        ]

    def suspend(self, ids: Sequence[int], *, now: datetime, because: str) -> int:
        """Sends nothing to these until they are renewed or resumed. Returns how many were active.

        This includes subscriptions that were given up after failures. Their failures are cleared,
        because the hub would otherwise try them again with each new edition.
        """
        self._lock(ids)
        given_up = select(deliveries.c.subscription_id).where(
            deliveries.c.subscription_id.in_(ids), deliveries.c.is_failing == 1
        )
        active = update(subscriptions).where(
            subscriptions.c.id.in_(ids),
            subscriptions.c.suspended_at.is_(None) | subscriptions.c.id.in_(given_up),
        )
        suspended = self._connection.execute(
            active.values(suspended_at=now, suspended_because=because)
        ).rowcount
        rest = update(deliveries).where(deliveries.c.subscription_id.in_(ids))
        self._connection.execute(
            rest.values(
                due_at=None, claimed_by=None, is_failing=0, attempts=0, first_failed_at=None
            )
        )
        return suspended

    def resume(self, ids: Sequence[int], *, now: datetime) -> int:
        """Sends to these again, from the newest edition on. Returns how many were suspended."""
        suspended = update(subscriptions).where(
            subscriptions.c.id.in_(ids), subscriptions.c.suspended_at.is_not(None)
        )
        self._lock(ids)
        resumed = self._connection.execute(
            suspended.values(suspended_at=None, suspended_because=None).returning(
                subscriptions.c.id
            )
        )
        numbers = resumed.scalars().all()
        self._clear_failures(numbers, now=now)
        return len(numbers)

    def stop(self, slugs: Sequence[str]) -> None:
        """Cancels all deliveries of these feeds, which have no documents any more."""
        chosen = select(subscriptions.c.id).where(subscriptions.c.feed.in_(slugs))
        ids = self._connection.execute(chosen).scalars().all()
        self._lock(ids)
        rest = update(deliveries).where(deliveries.c.subscription_id.in_(ids))
        self._connection.execute(rest.values(due_at=None, claimed_by=None))

    def end(self, ids: Sequence[int]) -> int:
        """Deletes subscriptions and their deliveries. Returns how many."""
        self._lock(ids)
        ended = delete(subscriptions).where(subscriptions.c.id.in_(ids))
        return self._connection.execute(ended).rowcount

    def drop(
        self,
        held: Sequence[Subscription],
        denials: Sequence[SubscriptionRequest],
        *,
        now: datetime,
    ) -> None:
        """Deletes subscriptions and renewal requests, and stores denials for the callbacks."""
        for one in held:
            outdated = select(subscription_requests.c.id).where(
                subscription_requests.c.host == one.host,
                subscription_requests.c.callback == one.callback,
                subscription_requests.c.feed == one.feed,
                subscription_requests.c.format == one.format.value,
            )
            self.drop_requests(self._connection.execute(outdated).scalars().all())
        self.end([one.id for one in held])
        for denial in denials:
            self.add_request(denial, now=now)

    def end_expired(self, *, now: datetime) -> list[Subscription]:
        """Deletes expired subscriptions and returns them."""
        is_over = subscriptions.c.expires_at <= now
        self._lock(
            self._connection.execute(select(subscriptions.c.id).where(is_over)).scalars().all()
        )
        ended = delete(subscriptions).where(is_over).returning(subscriptions)
        return [subscription_of(row) for row in self._connection.execute(ended)]

    def release_claims(self, *, now: datetime, worker: str | None = None) -> None:
        """Releases the claims of a worker that no longer runs; of all workers if none is named."""
        for table in (subscription_requests, deliveries):
            [key] = table.primary_key
            is_held = table.c.claimed_by == worker if worker else table.c.claimed_by.is_not(None)
            held = self._connection.execute(select(key).where(is_held)).scalars().all()
            lock_in_order(self._connection, key, held)
            freed = update(table).where(is_held).values(claimed_by=None, due_at=now)
            self._connection.execute(freed)

    def _take_request(self, pending: PendingRequest) -> SubscriptionRequest | None:
        """Deletes a waiting request and earlier ones for the same subscription.

        Returns:
            The request with the current slug of its feed; None if it is no longer waiting.
        """
        columns = subscription_requests.c
        by_now = select(columns.feed).where(columns.id == pending.id).scalar_subquery()
        outdated = (
            select(columns.id, columns.feed)
            .where(columns.feed == by_now, columns.format == pending.request.format.value)
            .where(columns.callback == pending.request.callback, columns.id <= pending.id)
            .where(columns.host == pending.request.host)  # uses the index
            .order_by(columns.id)
            .with_for_update()
        )
        slugs = {row.id: row.feed for row in self._connection.execute(outdated)}
        if pending.id not in slugs:
            return None
        self._connection.execute(delete(subscription_requests).where(columns.id.in_(slugs)))
        return replace(pending.request, feed=slugs[pending.id])

    def _begin(self, request: SubscriptionRequest, terms: dict[str, Any], *, now: datetime) -> None:
        number = new_subscription_id(request.feed, request.format, terms["request_id"])
        row = {
            "id": number,
            "feed": request.feed,
            "format": request.format.value,
            "callback": request.callback,
            "host": request.host,
            "since": now,
            **terms,
        }
        self._connection.execute(insert(subscriptions), row)
        # The subscriber has the current edition or can fetch it. If the hub was not yet pinged for
        # that edition, it is delivered to this subscriber as to all others.
        delivery = {
            "subscription_id": number,
            "host": request.host,
            "wanted_edition": 0,
            "delivered_edition": 0,
            "is_failing": 0,
            "attempts": 0,
        }
        self._connection.execute(insert(deliveries), delivery)

    def _lock(self, ids: Sequence[int]) -> None:
        """Locks subscriptions and their deliveries, in the order common to all transactions."""
        lock_in_order(self._connection, subscriptions.c.id, ids)
        lock_in_order(self._connection, deliveries.c.subscription_id, ids)

    def _clear_failures(self, ids: Sequence[int], *, now: datetime) -> None:
        """Clears failures and makes pending editions due now. Running deliveries stay claimed."""
        is_free = deliveries.c.claimed_by.is_(None)
        is_owed = deliveries.c.wanted_edition > deliveries.c.delivered_edition
        cleared = (
            update(deliveries)
            .where(deliveries.c.subscription_id.in_(ids))
            .values(
                is_failing=0,
                attempts=0,
                first_failed_at=None,
                due_at=case(
                    (is_free & is_owed, bindparam("now", now, Instant)),
                    (is_free, None),
                    else_=deliveries.c.due_at,
                ),
            )
        )
        self._connection.execute(cleared)


def new_subscription_id(feed: str, feed_format: Format, request_id: int) -> int:
    """Returns a unique id for a subscription, close to those of the same topic.

    The id is unique because it contains the id of the request that created the subscription.

    On SQLite rows are stored in the order of their ids. If they were numbered in the order of
    creation, each of two thousand subscribers among a hundred thousand would lie on a database
    page of its own, and a delivery to all of them would read and write all of those pages.
    """
    slot = crc32(f"{feed}.{feed_format.value}".encode()) % _TOPIC_SLOTS
    return slot << _REQUEST_BITS | request_id


def _is_for(request: SubscriptionRequest) -> ColumnElement[bool]:
    return (
        (subscriptions.c.feed == request.feed)
        & (subscriptions.c.format == request.format.value)
        & (subscriptions.c.callback == request.callback)
    )


def subscription_of(row: Row[Any]) -> Subscription:
    """Converts a row of ``subscriptions``."""
    return Subscription(
        id=row.id,
        feed=row.feed,
        format=Format(row.format),
        callback=row.callback,
        host=row.host,
        wire=PushProtocol(row.wire),
        secret=row.secret,
        lease_s=row.lease_s,
        since=row.since,
        confirmed_at=row.confirmed_at,
        expires_at=row.expires_at,
        suspended_at=row.suspended_at,
        suspended_because=row.suspended_because,
    )


def _pending(row: Row[Any]) -> PendingRequest:
    return PendingRequest(
        id=row.id,
        request=SubscriptionRequest(
            mode=Mode(row.mode),
            feed=row.feed,
            format=Format(row.format),
            topic=row.topic,
            callback=row.callback,
            host=row.host,
            wire=PushProtocol(row.wire),
            secret=row.secret,
            lease_s=row.lease_s,
            reason=row.reason,
            client=row.client,
        ),
        asked_at=row.asked_at,
        attempts=row.attempts,
    )
