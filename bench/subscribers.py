"""Stores with very many subscribers, filled by the row: the real tables and the real indexes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import insert, update

from bench.figure import Unmeasurable
from bench.sink import Sink
from feeds.model.feed import Format
from feeds.model.subscription import PushProtocol
from feeds.store.database import Database
from feeds.store.schema import deliveries, subscriptions
from feeds.store.subscriptions import new_subscription_id

#: What all of them are subscribed to.
FORMAT = Format.ATOM

LEASE = timedelta(days=10)

Row = dict[str, Any]


class Subscribers:
    """Subscribers of some feeds, each with a secret and a callback of its own at the sink."""

    def __init__(self, database: Database, sink: Sink) -> None:
        self._database = database
        self._sink = sink
        self._count = 0

    def subscribe(self, feeds: Sequence[str], count: int) -> None:
        """So many more, who came to these feeds in turn."""
        numbers = range(self._count + 1, self._count + 1 + count)
        subscribed = [self._subscription(number, feeds) for number in numbers]
        with self._database.transaction() as tx:
            tx.connection.execute(insert(subscriptions), subscribed)
            tx.connection.execute(insert(deliveries), [_delivery(row) for row in subscribed])
        self._count += count

    def owe(self, feed: str, *, edition: int) -> int:
        """Owe them an edition, as the service does when it has come out; says to how many."""
        with self._database.transaction() as tx:
            now = datetime.now(UTC)
            return tx.deliveries.open(feed, FORMAT, edition=edition, now=now)

    def owe_again(self) -> None:
        """Owe all of them the edition that they have, as if it had just come out."""
        with self._database.transaction() as tx:
            wanted = deliveries.c.wanted_edition
            owed = update(deliveries).values(delivered_edition=wanted - 1, due_at=datetime.now(UTC))
            tx.connection.execute(owed)

    def owe_nothing(self) -> None:
        """What has not been sent need not be."""
        with self._database.transaction() as tx:
            wanted = deliveries.c.wanted_edition
            tx.connection.execute(update(deliveries).values(delivered_edition=wanted, due_at=None))

    def in_want(self) -> int:
        """How many have not got what they are owed."""
        counted = self._counted()
        return counted["due"] + counted["sending"] + counted["retrying"]

    def being_served(self) -> int:
        """To how many something is under way."""
        return self._counted()["sending"]

    def require_served(self) -> None:
        """See that each has got all, and that the store knows.

        Raises:
            Unmeasurable: Somebody has not.
        """
        counted = self._counted()
        if counted["delivered"] != self._count:
            raise Unmeasurable(f"of {self._count} subscribers: {counted}")

    def _counted(self) -> dict[str, int]:
        with self._database.read() as tx:
            return tx.deliveries.counted()

    def _subscription(self, number: int, feeds: Sequence[str]) -> Row:
        callback, now = self._sink.callback(number), datetime.now(UTC)
        feed = feeds[number % len(feeds)]
        return {
            "id": new_subscription_id(feed, FORMAT, number),
            "feed": feed,
            "format": FORMAT.value,
            "callback": callback,
            "host": urlsplit(callback).hostname,
            "wire": PushProtocol.WEBSUB.value,
            "secret": f"known to number {number:015}",
            "lease_s": int(LEASE.total_seconds()),
            "request_id": number,
            "since": now,
            "confirmed_at": now,
            "expires_at": now + LEASE,
        }


def _delivery(subscription: Row) -> Row:
    return {
        "subscription_id": subscription["id"],
        "host": subscription["host"],
        "wanted_edition": 0,
        "delivered_edition": 0,
        "is_failing": 0,
        "attempts": 0,
    }
