"""Canaries are asked for, renewed, and ended: with a real store, and a real hub on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest

from feeds.model.feed import ALL, Format
from feeds.model.subscription import Canary
from feeds.store.database import Database
from service.outbound import Credentials, HttpClient
from service.websub.hub_monitor import HubMonitor
from tests.support.hub_server import HubServer, Manner, running_hub
from tests.support.newsrooms import NOON, SITE, Office, catalogue, later

WEEK_S = 7 * 86_400


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub that takes all that it is asked."""
    with running_hub() as hub:
        hub.manner = Manner(status=202)
        yield hub


@pytest.fixture
def office(sqlite_database: Database) -> Office:
    """A newsroom whose store knows the feeds."""
    return Office(sqlite_database, catalogue())


def hub_monitor(office: Office, *hubs: str, base_url: str = SITE.base_url) -> HubMonitor:
    """What looks after the canaries at these hubs."""
    return HubMonitor(
        office.database,
        HttpClient([ip_network("127.0.0.0/8")], 5, 1000, "suite"),
        site=replace(SITE, base_url=base_url),
        hubs=hubs,
        feed=ALL,
        feed_format=Format.ATOM,
        lease_s=WEEK_S,
        own_lease_s=3600,
    )


def canaries(office: Office) -> list[Canary]:
    """As they stand."""
    with office.database.read() as tx:
        return tx.canaries.listed()


def tend(hub_monitor: HubMonitor, at: datetime = NOON) -> list[str]:
    """Look after them; the states of those that were asked for."""
    return [canary.state for canary in hub_monitor.run(now=lambda: at)]


def test_a_hub_is_asked_and_asked_again_with_growing_pauses(office: Office, hub: HubServer) -> None:
    kept = hub_monitor(office, hub.url)
    assert tend(kept) == ["asked"]
    asked = dict(hub.arrivals[0].fields)
    [canary] = canaries(office)
    assert asked["hub.callback"] == SITE.canary(canary.token)
    assert (asked["hub.secret"], asked["hub.lease_seconds"]) == (canary.secret, str(WEEK_S))
    assert canary.last_result == "202 Accepted"
    moments = [second for second in range(80) if tend(kept, later(seconds=second))]
    assert moments == [10, 30, 70]
    assert len({dict(arrival.fields)["hub.callback"] for arrival in hub.arrivals}) == 1


def test_it_is_renewed_when_its_time_has_come(office: Office, hub: HubServer) -> None:
    kept = hub_monitor(office, hub.url)
    tend(kept)
    [canary] = canaries(office)
    with office.database.transaction() as tx:
        tx.canaries.verified(
            canary.token,
            now=NOON,
            expires_at=later(days=7),
            renew_at=later(days=3.5),
            result="verified",
        )
    assert tend(kept, later(days=3.4)) == []
    assert tend(kept, later(days=3.5)) == ["verified"]
    assert len(hub.arrivals) == 2
    assert canaries(office)[0].is_good(later(days=6))


@pytest.mark.parametrize(
    ("manner", "state", "said"),
    [
        (Manner(status=400, body=b"no such topic"), "denied", "400 Bad Request: no such topic"),
        (Manner(status=429), "asked", "429 Too Many Requests"),
        (Manner(status=503, body=b"later"), "asked", "503 Service Unavailable: later"),
        (Manner(closes=True), "asked", ""),
    ],
)
def test_what_a_hub_says_is_kept(
    office: Office, hub: HubServer, manner: Manner, state: str, said: str
) -> None:
    hub.manner = manner
    assert tend(hub_monitor(office, hub.url)) == [state]
    result = canaries(office)[0].last_result
    assert result
    assert said in result


def test_our_own_hub_is_asked_in_the_store(office: Office) -> None:
    assert tend(hub_monitor(office, SITE.hub)) == ["asked"]
    [canary] = canaries(office)
    with office.database.read() as tx:
        [pending] = tx.subscriptions.pending()
    asked = pending.request
    assert (asked.feed, asked.format, asked.topic) == (ALL, Format.ATOM, canary.topic)
    assert asked.callback == SITE.canary(canary.token)
    assert (asked.host, asked.secret, asked.lease_s) == ("news.example.org", canary.secret, 3600)


def test_another_address_is_another_subscription(office: Office, hub: HubServer) -> None:
    tend(hub_monitor(office, hub.url))
    [before] = canaries(office)
    assert tend(hub_monitor(office, hub.url, base_url="https://moved.example")) == ["asked"]
    [after] = canaries(office)
    assert after.topic == "https://moved.example/feeds/all.atom"
    assert {after.token, after.secret}.isdisjoint({before.token, before.secret})


def test_a_hub_that_is_no_longer_there_has_none(office: Office, hub: HubServer) -> None:
    tend(hub_monitor(office, hub.url, SITE.hub))
    assert len(canaries(office)) == 2
    assert tend(hub_monitor(office), later(seconds=1)) == []
    assert canaries(office) == []


def test_two_keepers_ask_once(office: Office, hub: HubServer) -> None:
    assert tend(hub_monitor(office, hub.url)) == ["asked"]
    assert tend(hub_monitor(office, hub.url)) == []
    assert len(hub.arrivals) == 1


def test_nothing_is_written_while_nothing_is_to_be_done(office: Office, hub: HubServer) -> None:
    """A web process looks for news whenever something is written."""
    kept = hub_monitor(office, hub.url)
    tend(kept)
    with office.database.read() as tx:
        before = tx.connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        assert tend(kept, later(seconds=1)) == []
        assert tx.connection.exec_driver_sql("PRAGMA data_version").scalar_one() == before


def test_old_pushes_are_swept_out(office: Office, hub: HubServer) -> None:
    kept = hub_monitor(office, hub.url)
    tend(kept)
    office.publish()
    [canary] = canaries(office)
    with office.database.transaction() as tx:
        assert tx.canaries.arrived(canary, digest="of a hub's own making", now=NOON) is None
        version = tx.documents.version(ALL, Format.ATOM)
        assert version is not None
        tx.canaries.arrived(canary, digest=version.digest, now=NOON)
    for at, left in ((timedelta(days=29), 1), (timedelta(days=31), 0)):
        tend(kept, NOON + at)
        with office.database.read() as tx:
            assert len(tx.canaries.pushes(canary, limit=10)) == left


def test_a_hub_that_asks_who_is_there_is_told_and_no_other(database: Database) -> None:
    credentials = Credentials("me", "open-sesame")
    with running_hub() as asking, running_hub() as other:
        hubs = (asking.url, other.url)
        Office(database, catalogue(hubs=hubs)).publish()
        hub_monitor = HubMonitor(
            database,
            HttpClient([ip_network("127.0.0.0/8")], 5.0, 1000, "communique-test"),
            site=SITE,
            hubs=hubs,
            feed=ALL,
            feed_format=Format.ATOM,
            lease_s=86_400,
            own_lease_s=86_400,
            credentials={asking.url: credentials},
        )
        hub_monitor.run(now=lambda: NOON)
        [asked], [plain] = asking.arrivals, other.arrivals
    assert asked.headers["authorization"] == credentials.authorization
    assert "authorization" not in plain.headers
