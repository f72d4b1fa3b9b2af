"""The ping to the built-in hub: no request, but the opening of a distribution."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from feeds.model.feed import Category, Format, Site
from feeds.model.listing import PingState
from feeds.model.subscription import DeliveryResult, Mode, SubscriptionRequest
from feeds.store.database import Database
from service.outbound import HttpClient
from service.websub import PingSender, PingVerdict, Publisher, RetryPlan
from tests.support.hub_server import HubServer, Manner, running_hub
from tests.support.newsrooms import NOON, SITE, Office, catalogue, draft, later
from tests.support.running_service import wait_until
from tests.support.set_clock import Clock

PLAN = RetryPlan(first_s=30, longest_s=3600, give_up_after_s=86_400)
WORKER = "test"

#: When everything is owed that will be: a round has a clock that goes on.
AFTERWARDS = later(minutes=10)

#: So many hubs hang, and so many hubs may be told at the same time.
HANGING = 2


@pytest.fixture
def hubs() -> Iterator[list[HubServer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running_hub()) for _ in range(HANGING)]


def make_teller(database: Database, *, site: Site = SITE) -> PingSender:
    """What talks to the hubs."""
    door = HttpClient([ip_network("127.0.0.0/8")], 30.0, 1000, "communique-test")
    return PingSender(
        database, door, site=site, plan=PLAN, random_fraction=lambda: 0.5, own_hub=SITE.hub
    )


@pytest.fixture
def publisher(database: Database) -> Iterator[Publisher]:
    publisher = Publisher(
        database, make_teller(database), max_hubs_at_once=HANGING, spread=timedelta(0)
    )
    yield publisher
    publisher.close()


def newsroom(database: Database, *hubs: str) -> Office:
    """A newsroom with two subscribers to one feed and one to another, and all first pings told."""
    finance = Category(slug="finance", title="Finance")
    office = Office(database, catalogue([finance], hubs=(SITE.hub, *hubs)))
    office.publish(now=NOON)
    for slug, reader in (("all", "a"), ("all", "b"), ("finance", "c")):
        subscribe(office, slug, reader)
    with database.transaction() as tx:
        for ping in tx.pings.due(now=NOON):
            tx.pings.accepted(ping, now=NOON, result="first edition")
    return office


def subscribe(office: Office, slug: str, reader: str) -> None:
    """A subscription that its callback has confirmed."""
    request = SubscriptionRequest(
        mode=Mode.SUBSCRIBE,
        feed=slug,
        format=Format.ATOM,
        topic=SITE.topic(slug, Format.ATOM),
        callback=f"https://reader.example/{reader}",
        host="reader.example",
        lease_s=10 * 86_400,
    )
    with office.database.transaction() as tx:
        tx.subscriptions.add_request(request, now=NOON)
        [pending] = tx.subscriptions.pending()
        assert tx.subscriptions.confirm(pending, now=NOON)


def publish(office: Office, key: str, *, now: datetime) -> None:
    """Publish a release in both feeds."""
    office.add(draft(key, "Finance"), now=now)
    office.publish(now=now)


def owed(office: Office) -> list[tuple[str, str]]:
    """Who is owed what."""
    with office.database.read() as tx:
        due = tx.deliveries.due(now=AFTERWARDS, limit=100)
    return sorted((one.feed, one.callback.rpartition("/")[2]) for one in due)


def deliver(office: Office, *, edition: int) -> None:
    """Deliver all that is owed."""
    now = AFTERWARDS
    with office.database.transaction() as tx:
        due = [one.subscription_id for one in tx.deliveries.due(now=now, limit=100)]
        tx.deliveries.claim(due, worker=WORKER, now=now, until=now + timedelta(minutes=1))
        results = [
            DeliveryResult(
                subscription_id=one, at=now, result="200", took_ms=1, delivered_edition=edition
            )
            for one in due
        ]
        tx.deliveries.complete(results, worker=WORKER)


def listed(office: Office, hub: str = SITE.hub) -> list[PingState]:
    with office.database.read() as tx:
        return [ping for ping in tx.pings.listed() if ping.hub == hub]


ALL_OWED = [("all", "a"), ("all", "b"), ("finance", "c")]


def test_a_ping_owes_the_new_edition_to_all_that_are_subscribed(
    database: Database, publisher: Publisher
) -> None:
    office = newsroom(database)
    assert owed(office) == []
    publish(office, "id:1", now=later(seconds=1))
    results = publisher.send_all_due(now=later(seconds=1))
    assert {result.verdict for result in results} == {PingVerdict.ACCEPTED}
    assert owed(office) == ALL_OWED
    said = {(ping.feed, ping.format): ping.last_result for ping in listed(office)}
    assert said["all", Format.ATOM] == "to be delivered to 2"
    assert said["finance", Format.ATOM] == "to be delivered to 1"
    assert said["all", Format.RSS] == "to be delivered to 0"
    assert {ping.state for ping in listed(office)} == {"told"}


def test_nobody_is_owed_an_edition_before_the_public_has_it(database: Database) -> None:
    """The document is in the store, but who has read it may ask a web worker for more."""
    office, clock = newsroom(database), Clock()
    publisher = Publisher(database, make_teller(database), monotonic=clock)
    with closing(publisher):
        office.add(draft("id:1", "Finance"), now=later(seconds=1))
        assert publisher.send_due(now=later(seconds=1)) is None
        office.publish(now=later(seconds=2))
        wait_s = publisher.send_due(now=later(seconds=2))
        assert wait_s == pytest.approx(publisher.spread.total_seconds())
        assert owed(office) == []
        clock.passes(publisher.spread.total_seconds() + 0.001)
        assert publisher.send_due(now=later(seconds=2)) is None
        wait_until(lambda: owed(office) == ALL_OWED)


class Killing(Site):
    """Ends whoever asks for a topic of a certain feed."""

    def topic(self, slug: str, feed_format: Format) -> str:
        """Its address, for all others."""
        if slug == "finance":
            raise KeyboardInterrupt
        return super().topic(slug, feed_format)


def test_claims_distributions_and_what_is_noted_are_one_transaction(
    database: Database, publisher: Publisher
) -> None:
    """Killed inside of it, nothing of it is there, and the pings are due at once."""
    office, now = newsroom(database), later(seconds=1)
    publish(office, "id:1", now=now)
    killing = Killing(**asdict(SITE) | {"author": SITE.author})
    with pytest.raises(KeyboardInterrupt), database.read() as tx:
        make_teller(database, site=killing).send(tx.pings.due(now=now), now=lambda: now)
    assert owed(office) == []
    assert {ping.state for ping in listed(office)} == {"due"}
    with database.read() as tx:
        assert tx.hub_tallies.listed() == {}
    assert len(publisher.send_all_due(now=now)) == len(listed(office))
    assert owed(office) == ALL_OWED


def test_who_has_an_edition_is_not_owed_it_again(database: Database, publisher: Publisher) -> None:
    """As when the store came back from a copy that had not noted the ping."""
    office, now = newsroom(database), later(seconds=1)
    publish(office, "id:1", now=now)
    with database.read() as tx:
        due = tx.pings.due(now=now)
    publisher.send_all_due(now=now)
    deliver(office, edition=due[0].edition)
    with database.transaction() as tx:
        for ping in due:
            tx.deliveries.open(ping.feed, ping.format, edition=ping.edition, now=now)
    assert owed(office) == []


def test_several_workers_open_a_distribution_once(database: Database, publisher: Publisher) -> None:
    office, now = newsroom(database), later(seconds=1)
    publish(office, "id:1", now=now)
    for _ in range(5):
        publisher.send_due(now=now)
    publisher.send_all_due(now=now)
    wait_until(lambda: {ping.state for ping in listed(office)} == {"told"})
    with database.read() as tx:
        tally = tx.hub_tallies.listed()[SITE.hub]
    assert tally.pings_sent == tally.pings_accepted == len(listed(office))


def test_it_does_not_wait_for_hubs_that_hang(
    database: Database, publisher: Publisher, hubs: list[HubServer]
) -> None:
    """Although every thread for the other hubs is held by one."""
    for hub in hubs:
        hub.manner = Manner(hangs=True)
    office = newsroom(database, *(hub.url for hub in hubs))
    publish(office, "id:1", now=later(seconds=1))
    publisher.send_due(now=later(seconds=1))
    for hub in hubs:
        hub.wait_for(1)
    wait_until(lambda: owed(office) == ALL_OWED)
    deliver(office, edition=listed(office)[0].edition)
    publish(office, "id:2", now=later(seconds=2))
    publisher.send_due(now=later(seconds=2))
    wait_until(lambda: owed(office) == ALL_OWED)
    for hub in hubs:
        assert len(hub.arrivals) == 1
        hub.go_down()


def test_to_how_many_it_goes_is_said_to_who_looks_closely(
    database: Database, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    office = newsroom(database)
    publish(office, "id:1", now=later(seconds=1))
    caplog.set_level(logging.DEBUG)
    publisher.send_all_due(now=later(seconds=1))
    events: list[dict[str, Any]] = [
        dict(record.msg) for record in caplog.records if isinstance(record.msg, dict)
    ]
    [told] = [event for event in events if event.get("topic") == SITE.topic("all", Format.ATOM)]
    assert told["event"] == "distribution opened"
    assert told["result"] == "to be delivered to 2"
