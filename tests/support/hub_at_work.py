"""The hub's rounds over a real store and real sockets, in threads of the test."""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from feeds.model.feed import Format
from feeds.model.subscription import (
    DeliveryState,
    HubTally,
    Mode,
    PendingRequest,
    Subscription,
    SubscriptionRequest,
)
from feeds.store.database import Database
from service.outbound import BulkHttpClient
from service.websub import RetryPlan
from service.websub.hub.dispatcher import Dispatcher
from service.websub.hub.distributor import Distributor
from service.websub.hub.verifier import Verifier
from tests.support.newsrooms import SITE, Office, draft
from tests.support.running_service import wait_for_end

PATIENT = RetryPlan(first_s=600, longest_s=3600, give_up_after_s=72 * 3600)
AGENT = "Communique/test"


def now() -> datetime:
    """The clock of these tests goes."""
    return datetime.now(UTC)


class HubAtWork:
    """A newsroom with a hub. Nothing runs until it is begun."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.office = Office(database)
        self._keys = count(1)

    def topic(self, feed: str = "finance", feed_format: Format = Format.ATOM) -> str:
        """A topic's address."""
        return SITE.topic(feed, feed_format)

    # Subscriptions

    def ask(self, callback: str, *, mode: Mode = Mode.SUBSCRIBE, **terms: Any) -> PendingRequest:
        """Somebody asks for something, as the web would note it; says what waits now."""
        given: dict[str, Any] = {
            "mode": mode,
            "feed": "finance",
            "format": Format.ATOM,
            "topic": self.topic(),
            "callback": callback,
            "host": urlsplit(callback).hostname,
            "lease_s": 1000,
            **terms,
        }
        request = SubscriptionRequest(**given)
        with self.database.transaction() as tx:
            asked_at = now()
            number = tx.subscriptions.add_request(request, now=asked_at)
        return PendingRequest(id=number, request=request, asked_at=asked_at, attempts=0)

    def subscribe(self, callback: str, **terms: Any) -> None:
        """A subscription that was confirmed, or renewed."""
        pending = self.ask(callback, **terms)
        with self.database.transaction() as tx:
            assert tx.subscriptions.confirm(pending, now=now())

    @property
    def pending(self) -> list[PendingRequest]:
        """Requests that wait."""
        with self.database.read() as tx:
            return tx.subscriptions.pending()

    @property
    def subscriptions(self) -> list[Subscription]:
        """Those that there are."""
        with self.database.read() as tx:
            return tx.subscriptions.listed()

    @property
    def states(self) -> list[DeliveryState]:
        """How the deliveries stand."""
        with self.database.read() as tx:
            return tx.deliveries.listed()

    @property
    def tally(self) -> HubTally:
        """What was counted."""
        with self.database.read() as tx:
            return tx.hub_tallies.listed().get(SITE.hub, HubTally(hub=SITE.hub))

    # Editions

    def publish(self, title: str = "A treaty is signed") -> bytes:
        """Publish a release about finance, and owe it to all; says the Atom document."""
        self.store_edition(title)
        self.open()
        document = self.office.newsstand.document("finance", Format.ATOM)
        assert document is not None
        return self.office.newsstand.render("finance", Format.ATOM)

    def store_edition(self, title: str) -> None:
        """Make the next edition, of which the hub has not been told yet."""
        self.office.add(draft(f"id:{next(self._keys)}", "Finance", title=title), now=now())
        self.office.publish(now=now())

    def open(self) -> None:
        """Tell the hub of the current editions."""
        with self.database.transaction() as tx:
            for feed_format in Format:
                version = tx.documents.version("finance", feed_format)
                assert version is not None
                tx.deliveries.open("finance", feed_format, edition=version.edition, now=now())

    # Work

    def deliveries(self, *, plan: RetryPlan = PATIENT, **limits: Any) -> Dispatcher[Any]:
        """What delivers; to be run."""
        given: dict[str, Any] = {"at_once": 64, "per_host": 64, "timeout_s": 1.0, **limits}
        distributor = Distributor(
            self.database,
            self.office.catalogue,
            signature_method=given.pop("signature_method", "sha256"),
            plan=plan,
            worker=f"test-{next(self._keys)}",
            now=now,
            random_fraction=random.random,
            **given,
        )
        return Dispatcher(_bulk_client(given), distributor, name="delivery")

    def verifications(self, **limits: Any) -> Dispatcher[Any]:
        """What asks callbacks; to be run."""
        given: dict[str, Any] = {"at_once": 64, "timeout_s": 1.0, **limits}
        verifier = Verifier(
            self.database,
            self.office.catalogue,
            worker=f"test-{next(self._keys)}",
            now=now,
            random_bytes=os.urandom,
            **given,
        )
        return Dispatcher(_bulk_client(given), verifier, name="verification")

    @contextmanager
    def delivering(self, **limits: Any) -> Iterator[None]:
        """Deliver until the end of the block."""
        with _running(self.deliveries(**limits)):
            yield

    @contextmanager
    def verifying(self, **limits: Any) -> Iterator[None]:
        """Ask callbacks until the end of the block."""
        with _running(self.verifications(**limits)):
            yield


@contextmanager
def _running(rounds: Dispatcher[Any]) -> Iterator[None]:
    thread = threading.Thread(target=rounds.run)
    thread.start()
    try:
        yield
    finally:
        rounds.stop(within_s=0.2)
        wait_for_end(thread)


def _bulk_client(limits: dict[str, Any]) -> BulkHttpClient:
    return BulkHttpClient(
        [ip_network("127.0.0.0/8")], limits["timeout_s"], AGENT, at_once=limits["at_once"]
    )
