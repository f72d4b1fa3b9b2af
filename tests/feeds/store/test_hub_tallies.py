"""Tallies: what was counted of each hub, by any number of processes."""

from concurrent.futures import ThreadPoolExecutor

from feeds.model.subscription import HubTally
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later

OURS = "https://news.example.org/hub"
OTHER = "https://hub.example.net/"


def listed(database: Database) -> dict[str, HubTally]:
    """What was counted of every hub."""
    with database.read() as tx:
        return tx.hub_tallies.listed()


def test_nothing_was_counted_at_first(database: Database) -> None:
    assert listed(database) == {}


def test_counts_add_up_for_each_hub(database: Database) -> None:
    with database.transaction() as tx:
        tx.hub_tallies.add(OURS, pings_sent=2, pings_accepted=1)
        tx.hub_tallies.add(OTHER, pings_sent=5)
    with database.unsynced() as tx:
        tx.hub_tallies.add(OURS, pings_sent=1, deliveries_sent=7, deliveries_accepted=0)
    assert listed(database) == {
        OTHER: HubTally(hub=OTHER, pings_sent=5),
        OURS: HubTally(hub=OURS, pings_sent=3, pings_accepted=1, deliveries_sent=7),
    }


def test_to_add_nothing_writes_nothing(database: Database) -> None:
    with database.transaction() as tx:
        tx.hub_tallies.add(OURS, pings_sent=0)
    assert listed(database) == {}


def test_the_last_failure_is_kept_beside_the_counts(database: Database) -> None:
    with database.transaction() as tx:
        tx.hub_tallies.failed(OURS, at=NOON, why="500")
        tx.hub_tallies.add(OURS, pings_sent=1)
        tx.hub_tallies.failed(OURS, at=later(seconds=1), why="503")
    [tally] = listed(database).values()
    assert (tally.pings_sent, tally.last_failure_at, tally.last_failure) == (
        1,
        later(seconds=1),
        "503",
    )


def test_what_is_counted_at_once_is_all_counted(database: Database) -> None:
    def count(_: int) -> None:
        for _ in range(10):
            with database.transaction() as tx:
                tx.hub_tallies.add(OURS, deliveries_sent=3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert listed(database)[OURS].deliveries_sent == 120
