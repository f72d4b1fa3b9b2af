"""A changed configuration moves releases, begins and ends feeds, and says so to readers."""

from feeds.model.feed import ALL, Category
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, feed, later

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
        assert tx.filings.counts()["health"] == 1_001


def test_a_feed_that_comes_back_is_the_same_feed(database: Database) -> None:
    """A category commented out for a minute must not make every reader see a new feed."""
    office = Office(database, catalogue([FINANCE, HEALTH], hubs=("https://hub.example.net/",)))
    office.add(draft("id:1", "Health"))
    office.publish()
    with database.read() as tx:
        first = tx.feeds.masthead("health").id
    office.configure(catalogue([FINANCE]), now=later(hours=1))
    office.publish(now=later(hours=1))
    office.configure(
        catalogue([FINANCE, HEALTH], hubs=("https://hub.example.net/",)), now=later(hours=2)
    )
    assert office.publish(now=later(hours=2))["health"] == 2
    with database.read() as tx:
        assert tx.feeds.masthead("health").id == first
        assert [p for p in tx.pings.due(now=later(hours=2, seconds=1)) if p.feed == "health"]
