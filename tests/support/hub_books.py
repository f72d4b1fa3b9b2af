"""The hub's books for tests: subscriptions that were confirmed, deliveries that are owed."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, select

from feeds.model.feed import Format
from feeds.model.subscription import (
    DeliveryResult,
    DeliveryState,
    DueDelivery,
    Mode,
    PendingRequest,
    SubscriptionRequest,
)
from feeds.store.database import Database
from feeds.store.schema import deliveries
from tests.support.newsrooms import NOON, later

DAY_S = 86_400
CALLBACK = "https://reader.example.com/push?of=finance"


class HubBooks:
    """What the hub keeps, written as its parts write it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def ask(
        self, callback: str = CALLBACK, *, mode: Mode = Mode.SUBSCRIBE, **terms: Any
    ) -> PendingRequest:
        """Somebody asks for something; says what waits for the callback now."""
        given: dict[str, Any] = {
            "mode": mode,
            "feed": "finance",
            "format": Format.ATOM,
            "topic": "https://news.example.org/feeds/finance.atom",
            "callback": callback,
            "host": urlsplit(callback).hostname,
            "lease_s": DAY_S,
            **terms,
        }
        request = SubscriptionRequest(**given)
        with self.database.transaction() as tx:
            number = tx.subscriptions.add_request(request, now=NOON)
        return PendingRequest(id=number, request=request, asked_at=NOON, attempts=0)

    def confirm(self, pending: PendingRequest, *, now: datetime = NOON) -> bool:
        """The callback confirms it."""
        with self.database.transaction() as tx:
            return tx.subscriptions.confirm(pending, now=now)

    def subscribe(self, callback: str = CALLBACK, *, now: datetime = NOON, **terms: Any) -> int:
        """Somebody subscribes, or renews; says the number of the subscription."""
        pending = self.ask(callback, **terms)
        assert self.confirm(pending, now=now)
        asked = pending.request
        with self.database.read() as tx:
            [number] = [
                held.id
                for held in tx.subscriptions.listed(feed=asked.feed, callback=callback)
                if held.format is asked.format
            ]
        return number

    def open(self, edition: int, *, now: datetime = NOON, feed: str = "finance") -> int:
        """An edition is to be distributed; says to how many it is owed."""
        with self.database.transaction() as tx:
            return tx.deliveries.open(feed, Format.ATOM, edition=edition, now=now)

    def due(self, *, now: datetime = NOON, is_failing: bool = False) -> list[DueDelivery]:
        """What is to be sent."""
        with self.database.read() as tx:
            return tx.deliveries.due(now=now, limit=100_000, is_failing=is_failing)

    def claim(
        self, *ids: int, worker: str = "one", now: datetime = NOON, for_s: float = 60
    ) -> set[int]:
        """A worker takes deliveries, for a minute."""
        with self.database.unsynced() as tx:
            until = now + timedelta(seconds=for_s)
            return tx.deliveries.claim(ids, worker=worker, now=now, until=until)

    def settle(self, *results: DeliveryResult, worker: str = "one") -> set[int]:
        """A worker writes down what became of them; says of which of them anything has changed."""
        before = self._rows()
        with self.database.unsynced() as tx:
            tx.deliveries.complete(results, worker=worker)
        after = self._rows()
        return {number for number in before if before[number] != after.get(number)}

    def _rows(self) -> dict[int, Row[Any]]:
        with self.database.read() as tx:
            return {row.subscription_id: row for row in tx.connection.execute(select(deliveries))}

    def state(self, number: int) -> DeliveryState:
        """How the deliveries of one subscription stand."""
        with self.database.read() as tx:
            [state] = [one for one in tx.deliveries.listed() if one.subscription.id == number]
        return state


def arrived(
    number: int, edition: int, *, at: datetime = NOON, is_well_again: bool = False
) -> DeliveryResult:
    """The callback took an edition; perhaps one that was suspended."""
    return DeliveryResult(
        subscription_id=number,
        at=at,
        result="204",
        took_ms=5,
        delivered_edition=edition,
        is_well_again=is_well_again,
    )


def failed(number: int, *, at: datetime = NOON, retry_s: float = 30) -> DeliveryResult:
    """It did not, and is to be tried again."""
    retry_at = at + timedelta(seconds=retry_s)
    return DeliveryResult(subscription_id=number, at=at, result="500", took_ms=5, retry_at=retry_at)


def given_up(number: int, *, at: datetime = NOON) -> DeliveryResult:
    """It did not for so long that nothing more is sent."""
    return DeliveryResult(
        subscription_id=number, at=at, result="500", took_ms=5, suspended_because="500 for 3 days"
    )


def gone(number: int) -> DeliveryResult:
    """It wants nothing any more."""
    return DeliveryResult(subscription_id=number, at=later(), result="410", took_ms=5, is_gone=True)
