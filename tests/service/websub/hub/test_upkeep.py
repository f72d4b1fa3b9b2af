"""What is over ends: leases that ran out, topics that are gone (WebSub 5.1, 5.2)."""

from datetime import timedelta

import pytest

from feeds.model.feed import FeedClosure
from feeds.model.subscription import Mode
from feeds.store.database import Database
from service.websub.hub import upkeep
from service.websub.hub.upkeep import end_lapsed_subscriptions
from tests.support.hub_at_work import HubAtWork, now
from tests.support.newsrooms import SITE, catalogue, feed


def callbacks(hub: HubAtWork) -> list[str]:
    """Who is subscribed."""
    return [held.callback for held in hub.subscriptions]


def test_a_lease_ends_in_its_time(database: Database) -> None:
    hub = HubAtWork(database)
    hub.subscribe("https://a.example/cb", lease_s=100)
    hub.subscribe("https://b.example/cb", lease_s=200)
    assert end_lapsed_subscriptions(database, hub.office.catalogue, now=now()) == 0
    soon = now() + timedelta(seconds=150)
    assert end_lapsed_subscriptions(database, hub.office.catalogue, now=soon) == 1
    assert callbacks(hub) == ["https://b.example/cb"]
    assert hub.pending == []


def test_subscribers_of_a_feed_that_is_no_more_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_STEP", 2)
    hub = HubAtWork(database)
    for number in range(5):
        hub.subscribe(f"https://r{number}.example/cb", feed="health")
    hub.subscribe("https://stays.example/cb")
    less = catalogue(list(catalogue().categories.values())[:2])
    # A process that knows the new configuration before the store does: nothing has ended yet.
    assert end_lapsed_subscriptions(database, less, now=now()) == 0
    hub.office.configure(less, now=now())
    assert end_lapsed_subscriptions(database, less, now=now()) == 5
    assert callbacks(hub) == ["https://stays.example/cb"]
    assert {one.request.callback for one in hub.pending} == {
        f"https://r{number}.example/cb" for number in range(5)
    }
    for one in hub.pending:
        assert one.request.mode is Mode.DENIED
        assert one.request.topic == SITE.topic("health", one.request.format)
        assert "health" in (one.request.reason or "")


def test_an_ended_feed_keeps_its_subscribers_until_it_is_gone(sqlite_database: Database) -> None:
    """Its farewell is still to be delivered."""
    hub = HubAtWork(sqlite_database)
    ended_on = now()
    ending = FeedClosure(on=ended_on, gone_at=ended_on + timedelta(days=30), words="It is over.")
    hub.office.configure(catalogue(feeds=[feed("archive", "finance", ending=ending)]), now=ended_on)
    hub.subscribe("https://a.example/cb", feed="archive", lease_s=86_400 * 60)
    assert end_lapsed_subscriptions(sqlite_database, hub.office.catalogue, now=now()) == 0
    gone = ended_on + timedelta(days=30, seconds=1)
    assert end_lapsed_subscriptions(sqlite_database, hub.office.catalogue, now=gone) == 1
    assert [one.request.mode for one in hub.pending] == [Mode.DENIED]


def test_a_feed_with_a_new_slug_keeps_its_subscribers(database: Database) -> None:
    hub = HubAtWork(database)
    hub.subscribe("https://a.example/cb", feed="health")
    categories = list(catalogue().categories.values())[:2]
    renamed = catalogue(categories, [feed("medicine", "finance", was=("health",))])
    assert end_lapsed_subscriptions(database, renamed, now=now()) == 0
    hub.office.configure(renamed, now=now())
    assert end_lapsed_subscriptions(database, renamed, now=now()) == 0
    assert [held.feed for held in hub.subscriptions] == ["medicine"]
