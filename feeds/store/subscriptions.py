"""Subscriptions at the built-in hub, and the requests that become them."""

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

#: Numbers of requests have 31 bits, in both databases.
_REQUEST_BITS = 31
_PLACES = 1024

# The first of each topic by its index. Where most are of one topic, SQLite would look for any of
# them by reading all.
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

    def ask(self, request: SubscriptionRequest, *, now: datetime) -> int:
        """Keep a request until its callback has been asked; says its number."""
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
        asked = insert(subscription_requests).returning(subscription_requests.c.id)
        return int(self._connection.execute(asked, row).scalar_one())

    def pending_count(self, *, host: str | None = None) -> int:
        """How many requests wait for their callbacks: of all hosts, or of one."""
        counted = select(func.count()).select_from(subscription_requests)
        if host is not None:
            counted = counted.where(subscription_requests.c.host == host)
        return int(self._connection.execute(counted).scalar_one())

    def due(
        self, *, now: datetime, limit: int, without_hosts: Sequence[str] = ()
    ) -> list[PendingRequest]:
        """Requests whose callbacks are to be asked now, in the order they came.

        Those that gave no answer before stand behind the others, and so hold nobody up.
        """
        wanted = (
            select(subscription_requests)
            .where(subscription_requests.c.due_at <= now)
            .where(subscription_requests.c.host.not_in(without_hosts))
            .order_by(subscription_requests.c.attempts, subscription_requests.c.id)
            .limit(limit)
        )
        return [_pending(row) for row in self._connection.execute(wanted)]

    def pending(self) -> list[PendingRequest]:
        """All requests that wait, in the order they came."""
        wanted = select(subscription_requests).order_by(subscription_requests.c.id)
        return [_pending(row) for row in self._connection.execute(wanted)]

    def claim_requests(
        self, ids: Sequence[int], *, worker: str, now: datetime, until: datetime
    ) -> set[int]:
        """Take requests for this worker until then; says which: others took the rest first."""
        lock_in_order(self._connection, subscription_requests.c.id, ids)
        taken = (
            update(subscription_requests)
            .where(subscription_requests.c.id.in_(ids), subscription_requests.c.due_at <= now)
            .values(claimed_by=worker, due_at=until)
            .returning(subscription_requests.c.id)
        )
        return {row.id for row in self._connection.execute(taken)}

    def put_off(self, request_id: int, *, until: datetime) -> None:
        """The callback gave no answer: ask it again at *until*."""
        self._connection.execute(
            update(subscription_requests)
            .where(subscription_requests.c.id == request_id)
            .values(claimed_by=None, due_at=until, attempts=subscription_requests.c.attempts + 1)
        )

    def drop_requests(self, ids: Sequence[int]) -> None:
        """Forget requests that were answered, or given up."""
        lock_in_order(self._connection, subscription_requests.c.id, ids)
        self._connection.execute(
            delete(subscription_requests).where(subscription_requests.c.id.in_(ids))
        )

    def make_requests_due(self, *, now: datetime) -> int:
        """Have all callbacks asked now that are to be asked later; says how many."""
        free = subscription_requests.c.claimed_by.is_(None)
        made = update(subscription_requests).where(free, subscription_requests.c.due_at > now)
        return self._connection.execute(made.values(due_at=now)).rowcount

    # Subscriptions

    def confirm(self, pending: PendingRequest, *, now: datetime) -> bool:
        """The callback has confirmed a request: it takes effect, and is no longer pending.

        So are those that came before it for the same subscription: they are out of date, and must
        not take effect when they are confirmed after it.

        Returns:
            False when it was no longer pending, as a later one has taken effect before.
        """
        request = self._answer(pending)
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
            self._forgive([held.id], now=now)
        return True

    def get(self, subscription_id: int) -> Subscription | None:
        """The subscription of this number."""
        wanted = select(subscriptions).where(subscriptions.c.id == subscription_id)
        row = self._connection.execute(wanted).one_or_none()
        return None if row is None else subscription_of(row)

    def listed(
        self,
        *,
        feed: str | None = None,
        host: str | None = None,
        callback: str | None = None,
        limit: int | None = None,
    ) -> list[Subscription]:
        """Subscriptions, by feed, format and callback; of one feed, host or callback if named."""
        wanted = select(subscriptions)
        for column, value in (
            (subscriptions.c.feed, feed),
            (subscriptions.c.host, host),
            (subscriptions.c.callback, callback),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        order = (subscriptions.c.feed, subscriptions.c.format, subscriptions.c.callback)
        found = self._connection.execute(wanted.order_by(*order).limit(limit))
        return [subscription_of(row) for row in found]

    def counted(self) -> dict[tuple[str, Format, str], int]:
        """How many subscriptions there are, by feed, format and state."""
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
        """The topics that somebody is subscribed to."""
        # Each topic is looked up. There may be a hundred thousand subscriptions to one.
        return [
            (slug, each)
            for each in Format
            for slug in self._connection.execute(_SUBSCRIBED, {"format": each.value}).scalars()
        ]

    def suspend(self, ids: Sequence[int], *, now: datetime, because: str) -> int:
        """Send nothing to these from here on, until they are renewed or resumed; says how many.

        Nor to those that were given up for their failures: these are forgotten, as they are what
        has the hub try again with a new edition.
        """
        self._lock(ids)
        given_up = select(deliveries.c.subscription_id).where(
            deliveries.c.subscription_id.in_(ids), deliveries.c.is_failing == 1
        )
        running = update(subscriptions).where(
            subscriptions.c.id.in_(ids),
            subscriptions.c.suspended_at.is_(None) | subscriptions.c.id.in_(given_up),
        )
        stopped = self._connection.execute(
            running.values(suspended_at=now, suspended_because=because)
        ).rowcount
        rest = update(deliveries).where(deliveries.c.subscription_id.in_(ids))
        self._connection.execute(
            rest.values(
                due_at=None, claimed_by=None, is_failing=0, attempts=0, first_failed_at=None
            )
        )
        return stopped

    def resume(self, ids: Sequence[int], *, now: datetime) -> int:
        """Send to these again, from the newest edition on; says how many were suspended."""
        stopped = update(subscriptions).where(
            subscriptions.c.id.in_(ids), subscriptions.c.suspended_at.is_not(None)
        )
        self._lock(ids)
        resumed = self._connection.execute(
            stopped.values(suspended_at=None, suspended_because=None).returning(subscriptions.c.id)
        )
        numbers = resumed.scalars().all()
        self._forgive(numbers, now=now)
        return len(numbers)

    def stop(self, slugs: Sequence[str]) -> None:
        """Owe nothing of these feeds to anybody: they have no documents any more."""
        chosen = select(subscriptions.c.id).where(subscriptions.c.feed.in_(slugs))
        ids = self._connection.execute(chosen).scalars().all()
        self._lock(ids)
        rest = update(deliveries).where(deliveries.c.subscription_id.in_(ids))
        self._connection.execute(rest.values(due_at=None, claimed_by=None))

    def end(self, ids: Sequence[int]) -> int:
        """Forget subscriptions, with their deliveries; says how many."""
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
        """Forget subscriptions, with requests to renew them, and keep what callbacks are told."""
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
            self.ask(denial, now=now)

    def end_expired(self, *, now: datetime) -> list[Subscription]:
        """Forget those whose lease is over; says which."""
        is_over = subscriptions.c.expires_at <= now
        self._lock(
            self._connection.execute(select(subscriptions.c.id).where(is_over)).scalars().all()
        )
        ended = delete(subscriptions).where(is_over).returning(subscriptions)
        return [subscription_of(row) for row in self._connection.execute(ended)]

    def release_claims(self, *, now: datetime, worker: str | None = None) -> None:
        """Free what a worker held that is known to be at rest; all, when none is named."""
        for table in (subscription_requests, deliveries):
            [key] = table.primary_key
            is_held = table.c.claimed_by == worker if worker else table.c.claimed_by.is_not(None)
            held = self._connection.execute(select(key).where(is_held)).scalars().all()
            lock_in_order(self._connection, key, held)
            freed = update(table).where(is_held).values(claimed_by=None, due_at=now)
            self._connection.execute(freed)

    def _answer(self, pending: PendingRequest) -> SubscriptionRequest | None:
        """Take a request from those that wait, and what came before it for the same subscription.

        Returns:
            The request, with the slug that its feed has by now; None when it waits no more.
        """
        kept = subscription_requests.c
        by_now = select(kept.feed).where(kept.id == pending.id).scalar_subquery()
        outdated = (
            select(kept.id, kept.feed)
            .where(kept.feed == by_now, kept.format == pending.request.format.value)
            .where(kept.callback == pending.request.callback, kept.id <= pending.id)
            .where(kept.host == pending.request.host)  # by which there is an index
            .order_by(kept.id)
            .with_for_update()
        )
        slugs = {row.id: row.feed for row in self._connection.execute(outdated)}
        if pending.id not in slugs:
            return None
        self._connection.execute(delete(subscription_requests).where(kept.id.in_(slugs)))
        return replace(pending.request, feed=slugs[pending.id])

    def _begin(self, request: SubscriptionRequest, terms: dict[str, Any], *, now: datetime) -> None:
        number = number_of(request.feed, request.format, terms["request_id"])
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
        # The edition of now it has fetched, or can fetch; but it may be one that the hub has not
        # been told of yet, and then it is owed to this one as to all others.
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
        """Lock subscriptions and their deliveries, in the order in which all lock them."""
        lock_in_order(self._connection, subscriptions.c.id, ids)
        lock_in_order(self._connection, deliveries.c.subscription_id, ids)

    def _forgive(self, ids: Sequence[int], *, now: datetime) -> None:
        """Forget failures, and send what is owed at once. What is being sent stays claimed."""
        is_free = deliveries.c.claimed_by.is_(None)
        is_owed = deliveries.c.wanted_edition > deliveries.c.delivered_edition
        forgiven = (
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
        self._connection.execute(forgiven)


def number_of(feed: str, feed_format: Format, request_id: int) -> int:
    """The number of a subscription; those of one topic are near each other.

    No other one had it before: *request_id* is that of the request that it began with.

    On SQLite rows lie in the order of their numbers. In that of their beginnings, each of two
    thousand subscribers among a hundred thousand would lie on a page of its own, and an edition
    for them would read and write all of those pages.
    """
    place = crc32(f"{feed}.{feed_format.value}".encode()) % _PLACES
    return place << _REQUEST_BITS | request_id


def _is_for(request: SubscriptionRequest) -> ColumnElement[bool]:
    return (
        (subscriptions.c.feed == request.feed)
        & (subscriptions.c.format == request.format.value)
        & (subscriptions.c.callback == request.callback)
    )


def subscription_of(row: Row[Any]) -> Subscription:
    """Read a row of ``subscriptions``."""
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
