"""A changed configuration moves releases, begins and ends feeds, and says so to readers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from feeds.errors import StoreUnavailable
from feeds.model.edition import DocumentVersion
from feeds.model.feed import ALL, Category, Format
from feeds.newsroom import Newsroom, assignment
from feeds.store.database import Database, Transaction
from service.wiring import mint_id
from tests.support.newsrooms import NOON, Office, catalogue, draft, feed, later, tell_hubs

FINANCE = Category(slug="finance", title="Finance")
HEALTH = Category(slug="health", title="Health")


def test_a_release_is_filed_by_itself_when_the_configuration_learns_its_name(
    database: Database,
) -> None:
    office = Office(database, catalogue([FINANCE]))
    office.add(draft("id:1", "Health"))
    office.publish()
    refiled = office.configure(catalogue([FINANCE, HEALTH]), now=later(hours=1))
    assert refiled == 1
    assert office.newsroom.release("id:1").feeds == ("all", "health")
    assert office.newsroom.releases(is_unfiled=True) == []
    assert {"all", "health"} <= set(office.publish(now=later(hours=1)))


def test_applying_the_same_configuration_again_changes_nothing(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    office.publish()
    assert office.configure(catalogue(), now=later(hours=1)) == 0
    assert office.newsstand.stale(now=later(hours=1)) == []


def test_a_union_takes_these_but_not_those(database: Database) -> None:
    office = Office(database, catalogue([FINANCE, HEALTH]))
    office.add(draft("id:1", "Finance"), draft("id:2", "Finance", "Health"))
    union = feed("money-only", "finance", none_of=("health",))
    office.configure(catalogue([FINANCE, HEALTH], [union]), now=later(hours=1))
    [listed] = office.newsroom.releases(feed="money-only")
    assert listed.release.source_key == "id:1"
    everything = feed("money-only", ALL)
    office.configure(catalogue([FINANCE, HEALTH], [everything]), now=later(hours=2))
    assert len(office.newsroom.releases(feed="money-only")) == 2


def test_a_feed_that_is_no_longer_configured_ends(database: Database) -> None:
    office = Office(database, catalogue([FINANCE, HEALTH]))
    office.add(draft("id:1", "Health"))
    office.publish()
    office.configure(catalogue([FINANCE]), now=later(hours=1))
    assert [state.slug for state in office.newsstand.feeds()] == ["all", "finance"]
    assert office.newsroom.release("id:1").feeds == ("all",)


def test_a_new_title_of_a_category_reaches_every_feed_that_names_it(database: Database) -> None:
    office = Office(database, catalogue([FINANCE, HEALTH]))
    office.add(draft("id:1", "Finance", "Health"))
    office.publish()
    renamed = Category(slug="finance", title="Public finance", names=("Finance",))
    office.configure(catalogue([renamed, HEALTH]), now=later(hours=1))
    assert set(office.publish(now=later(hours=1))) == {"all", "finance", "health"}


def test_a_new_hub_is_announced_and_told(database: Database) -> None:
    office = Office(database, catalogue([FINANCE]))
    office.publish()
    hub = "https://hub.example.net/"
    office.configure(catalogue([FINANCE], hubs=(hub,)), now=later(hours=1))
    office.publish(now=later(hours=1))
    with database.read() as tx:
        assert {ping.hub for ping in tx.pings.due(now=later(hours=1, seconds=1))} == {hub}
    office.configure(catalogue([FINANCE]), now=later(hours=2))
    with database.read() as tx:
        assert tx.pings.listed() == []


def test_many_releases_are_refiled_page_by_page(database: Database) -> None:
    office = Office(database, catalogue([FINANCE]))
    office.add(*(draft(f"id:{n}", "Health", title=f"Release {n}") for n in range(1_001)), now=NOON)
    assert office.configure(catalogue([FINANCE, HEALTH]), now=later(hours=1)) == 1_001
    with database.read() as tx:
        assert tx.feed_entries.counts()["health"] == 1_001


def test_a_feed_that_comes_back_is_the_same_feed(database: Database) -> None:
    """A category commented out for a minute must not make every reader see a new feed."""
    office = Office(database, catalogue([FINANCE, HEALTH], hubs=("https://hub.example.net/",)))
    office.add(draft("id:1", "Health"))
    office.publish()
    with database.read() as tx:
        first = tx.feeds.identity("health").id
    office.configure(catalogue([FINANCE]), now=later(hours=1))
    office.publish(now=later(hours=1))
    office.configure(
        catalogue([FINANCE, HEALTH], hubs=("https://hub.example.net/",)), now=later(hours=2)
    )
    assert office.publish(now=later(hours=2))["health"] == 2
    with database.read() as tx:
        assert tx.feeds.identity("health").id == first
        assert [p for p in tx.pings.due(now=later(hours=2, seconds=1)) if p.feed == "health"]


def test_feeds_gain_and_lose_entries_and_each_topic_is_pushed_once(database: Database) -> None:
    """A name that moves from one category to another: validators move, hubs hear of it once."""
    hubs = ("https://hub.example.net/",)
    budget = replace(FINANCE, names=("Budget",))
    office = Office(database, catalogue([budget, HEALTH], hubs=hubs))
    office.add(draft("id:1", "Budget"), draft("id:2", "Finance", title="Stays"))
    office.publish()
    tell_hubs(database, now=later(seconds=1))
    held = versions(database)
    moved = catalogue([FINANCE, replace(HEALTH, names=("Budget",))], hubs=hubs)
    assert office.configure(moved, now=later(hours=1)) == 1
    office.publish(now=later(hours=1))
    assert entries(office, "finance") == ["Stays"]
    assert entries(office, "health") == ["A treaty is signed"]
    new = versions(database)
    assert new.keys() == held.keys()
    for topic, version in new.items():
        assert version.digest != held[topic].digest, topic
        assert version.modified_at > held[topic].modified_at, topic
    pushed = tell_hubs(database, now=later(hours=1, seconds=1))
    assert sorted(pushed) == sorted(held)
    assert tell_hubs(database, now=later(hours=2)) == []


def test_a_feed_that_refiling_does_not_concern_keeps_its_validators(database: Database) -> None:
    office = Office(database, catalogue([FINANCE, HEALTH]))
    office.add(draft("id:1", "Budget"), draft("id:2", "Health"))
    office.publish()
    held = versions(database)
    office.configure(catalogue([replace(FINANCE, names=("Budget",)), HEALTH]), now=later(hours=1))
    assert set(office.publish(now=later(hours=1))) == {"all", "finance"}
    new = versions(database)
    assert all(new[topic] == held[topic] for topic in held if topic[0] == "health")


def test_no_edition_is_made_of_the_half_of_a_refiling(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that runs between two steps would else make one more edition, and one more push."""
    monkeypatch.setattr(assignment, "RELEASES_PER_TRANSACTION", 2)
    hubs = ("https://hub.example.net/",)
    office = Office(database, catalogue([FINANCE], hubs=hubs))
    office.add(*(draft(f"id:{n}", "Health", title=f"Release {n}") for n in range(5)))
    office.publish()
    tell_hubs(database, now=later(seconds=1))
    pushed: list[tuple[str, Format]] = []
    moment, transaction = later(hours=1), Database.transaction

    def publish_and_push() -> None:
        with monkeypatch.context() as plain:
            plain.setattr(Database, "transaction", transaction)
            office.publish(now=moment)
            pushed.extend(tell_hubs(database, now=moment + timedelta(seconds=1)))

    @contextmanager
    def followed_by_the_press(itself: Database) -> Iterator[Transaction]:
        with transaction(itself) as tx:
            yield tx
        publish_and_push()

    with monkeypatch.context() as busy:
        busy.setattr(Database, "transaction", followed_by_the_press)
        assert office.configure(catalogue([FINANCE, HEALTH], hubs=hubs), now=moment) == 5
    publish_and_push()
    assert len(entries(office, "health")) == 5
    assert pushed == sorted(set(pushed), key=pushed.index), "one push per topic"
    assert ("health", Format.ATOM) in pushed


def test_a_refiling_that_broke_off_is_finished_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "RELEASES_PER_TRANSACTION", 2)
    office = Office(database, catalogue([FINANCE]))
    office.add(*(draft(f"id:{n}", "Health", title=f"Release {n}") for n in range(5)))
    office.publish()
    step, steps = assignment.CatalogueUpdate._reassign, count(1)

    def break_off(*asked: Any, **named: Any) -> int:
        if next(steps) == 2:
            raise StoreUnavailable("the plug was pulled")
        return step(*asked, **named)

    with monkeypatch.context() as broken:
        broken.setattr(assignment.CatalogueUpdate, "_reassign", break_off)
        with pytest.raises(StoreUnavailable):
            office.configure(catalogue([FINANCE, HEALTH]), now=later(hours=1))
    assert office.configure(catalogue([FINANCE, HEALTH]), now=later(hours=2)) == 3
    office.publish(now=later(hours=2))
    assert len(entries(office, "health")) == 5


@pytest.mark.parametrize("is_long", [False, True], ids=["at first", "after the hold"])
def test_only_a_short_refiling_takes_feeds_from_those_that_make_editions(
    database: Database, *, is_long: bool
) -> None:
    """Each step of a long one used to, and no edition was finished before its end."""
    office = Office(database, catalogue([FINANCE]))
    office.add(draft("id:1", "Health"), draft("id:2", "Finance"))
    with database.transaction() as tx:
        until = later(minutes=1)
        [claimed] = tx.feeds.claim(["all"], worker="host", now=NOON, until=until)
    seconds = count(0, 31 if is_long else 1)
    described = catalogue([FINANCE, HEALTH])
    newsroom = Newsroom(database, described, mint_id=mint_id, monotonic=lambda: next(seconds))
    newsroom.apply_catalogue(now=NOON)
    with database.transaction() as tx:
        settings = tx.feeds.applied()["all"].settings
        stored = tx.feeds.complete([(claimed, 1, settings)], worker="host", now=NOON)
    assert stored == ({"all"} if is_long else set())
    assert "all" in office.newsstand.stale(now=until)


def test_to_file_anew_what_a_former_configuration_filed_takes_no_feed_away(
    database: Database,
) -> None:
    """It comes again as long as another process has not reloaded."""
    office = Office(database, catalogue([FINANCE]))
    former = Newsroom(database, office.catalogue, mint_id=mint_id)
    office.configure(catalogue([FINANCE, HEALTH]), now=NOON)
    former.take_in([draft("id:1", "Health")], now=NOON)
    with database.transaction() as tx:
        [claimed] = tx.feeds.claim(["all"], worker="host", now=NOON, until=later(minutes=1))
    assert office.newsroom.reassign_doubtful(now=NOON) == 1
    with database.transaction() as tx:
        settings = tx.feeds.applied()["all"].settings
        assert tx.feeds.complete([(claimed, 1, settings)], worker="host", now=NOON) == {"all"}
    assert "all" in office.newsstand.stale(now=NOON)


def entries(office: Office, slug: str) -> list[str]:
    """The titles in a feed's document."""
    items = json.loads(office.newsstand.render(slug, Format.JSON))["items"]
    return [item["title"] for item in items]


def versions(database: Database) -> dict[tuple[str, Format], DocumentVersion]:
    """The validators of all documents."""
    with database.read() as tx:
        return dict(tx.documents.versions(["all", "finance", "health"]))
