"""The outbox: due when there is news that can be fetched, one ping for a burst, none lost."""

import pytest

from feeds.model.feed import Cloud, Format
from feeds.model.listing import DuePing
from feeds.render import decompress
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, later

HUB = "https://hub.example.net/"


@pytest.fixture
def office(database: Database) -> Office:
    """A newsroom with one hub that has been told of the first editions."""
    office = Office(database, catalogue(hubs=(HUB,)))
    office.publish()
    for ping in due(office):
        tell(office, ping)
    return office


def due(office: Office, *, at: float = 1) -> list[DuePing]:
    """What is to be sent, that many seconds after noon."""
    with office.database.read() as tx:
        return tx.pings.due(now=later(seconds=at))


def tell(office: Office, ping: DuePing) -> None:
    """Have the hub accept a ping."""
    with office.database.transaction() as tx:
        tx.pings.accepted(ping, now=NOON, result="204 No Content")


def states(office: Office, slug: str = "finance") -> set[str]:
    """How the hub stands with the topics of a feed."""
    with office.database.read() as tx:
        return {ping.state for ping in tx.pings.listed() if ping.feed == slug}


def test_a_ping_is_due_only_when_its_edition_can_be_fetched(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    assert due(office) == []
    assert states(office) == {"waiting"}
    office.publish()
    expected = {(slug, feed_format) for slug in ("all", "finance") for feed_format in Format}
    assert {(ping.feed, ping.format) for ping in due(office)} == expected
    assert states(office) == {"due"}
    assert states(office, "health") == {"told"}


def test_a_burst_is_one_ping_for_each_topic(office: Office) -> None:
    for number in range(5):
        office.add(draft(f"id:{number}", "Finance"))
        office.publish()
    assert len([ping for ping in due(office) if ping.feed == "finance"]) == len(Format)


def test_the_same_document_again_asks_for_no_ping(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    for ping in due(office):
        tell(office, ping)
    office.add(draft("id:1", "Finance"), now=later(seconds=10))
    office.publish(now=later(seconds=10))
    assert due(office, at=10) == []
    assert states(office) == {"told"}


def test_an_edition_that_comes_while_a_ping_is_on_its_way_is_told_too(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    [on_its_way, *_] = due(office)
    office.add(draft("id:2", "Finance"))
    office.publish()
    tell(office, on_its_way)
    assert (on_its_way.feed, on_its_way.format) in {(p.feed, p.format) for p in due(office)}


def test_a_ping_is_claimed_by_one_worker_and_free_again_when_that_one_dies(
    office: Office,
) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    [ping, *others] = due(office)
    with office.database.transaction() as tx:
        assert tx.pings.claim(ping, now=later(seconds=1), until=later(seconds=30))
        assert not tx.pings.claim(ping, now=later(seconds=1), until=later(seconds=30))
    assert due(office) == others
    assert ping in due(office, at=30)


def test_a_failed_ping_waits_counts_and_is_tried_again(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    [ping, *_] = due(office)
    with office.database.transaction() as tx:
        tx.pings.postpone(ping, now=NOON, until=later(seconds=5), result="500")
    assert ping not in due(office, at=4)
    [again] = [p for p in due(office, at=5) if (p.feed, p.format) == (ping.feed, ping.format)]
    assert (again.attempts, again.first_failed_at) == (1, NOON)
    assert "retrying" in states(office, ping.feed)


def test_a_change_makes_a_failing_ping_due_at_once(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    for ping in due(office):
        with office.database.transaction() as tx:
            tx.pings.postpone(ping, now=NOON, until=later(hours=5), result="500")
    office.add(draft("id:2", "Finance"), now=later(seconds=1))
    office.publish(now=later(seconds=1))
    assert {ping.attempts for ping in due(office, at=2)} == {0}


def test_a_change_during_a_try_that_fails_is_not_put_off(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    [ping, *_] = due(office)
    office.add(draft("id:2", "Finance"), now=later(seconds=1))
    office.publish(now=later(seconds=1))
    with office.database.transaction() as tx:
        tx.pings.postpone(ping, now=later(seconds=2), until=later(hours=5), result="500")
    assert (ping.feed, ping.format) in {(p.feed, p.format) for p in due(office, at=2)}


def test_a_ping_given_up_stands_as_failed_until_somebody_asks(office: Office) -> None:
    office.add(draft("id:1", "Finance"))
    office.publish()
    for ping in due(office):
        with office.database.transaction() as tx:
            tx.pings.give_up(ping, now=NOON, result="500")
    assert due(office, at=1_000_000) == []
    assert states(office) == {"failed"}
    with office.database.transaction() as tx:
        assert tx.pings.retry(feed="finance", hub=HUB, now=NOON) == len(Format)
    assert {ping.feed for ping in due(office)} == {"finance"}


CLOUD = Cloud.at("https://cloud.example/r", ping_url="https://cloud.example/ping")


def told_of(office: Office, slug: str = "finance") -> set[tuple[str, Format]]:
    """Who is told of which documents of a feed."""
    with office.database.read() as tx:
        return {(ping.hub, ping.format) for ping in tx.pings.listed() if ping.feed == slug}


def test_an_rsscloud_server_is_told_of_rss_alone(database: Database) -> None:
    office = Office(database, catalogue(hubs=(HUB,), cloud=CLOUD))
    office.publish()
    assert told_of(office) == {
        *((HUB, each) for each in Format),
        (CLOUD.ping_url, Format.RSS),
    }


def test_a_hub_that_becomes_an_rsscloud_server_is_told_of_nothing_else(
    database: Database,
) -> None:
    """And of nothing at all when it is none any more."""
    assert CLOUD.ping_url is not None
    office = Office(database, catalogue(hubs=(HUB, CLOUD.ping_url)))
    office.publish()
    office.configure(catalogue(hubs=(HUB,), cloud=CLOUD), now=NOON)
    expected = {(HUB, each) for each in Format}
    assert told_of(office) == {*expected, (CLOUD.ping_url, Format.RSS)}
    office.configure(catalogue(hubs=(HUB,)), now=NOON)
    assert told_of(office) == expected


def test_documents_name_another_cloud_as_soon_as_it_is_configured(database: Database) -> None:
    """As the cloud, and not among the hubs."""
    office = Office(database, catalogue(hubs=(HUB,)))
    office.publish()
    office.configure(catalogue(hubs=(HUB,), cloud=CLOUD), now=NOON)
    assert set(office.publish()) == {"all", "cooperation", "finance", "health"}
    held = office.newsstand.document("finance", Format.RSS)
    assert held is not None
    assert b'domain="cloud.example"' in decompress(held.gzip)
    assert [link.href for link in held.links if link.rel == "hub"] == [HUB]
