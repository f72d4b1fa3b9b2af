"""Transactions that meet on PostgreSQL: none deadlocks, and one that loses is run again at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, text

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.release import ReleaseId
from feeds.store.database import MAX_TRIES, Database, Transaction
from feeds.store.dialects import TUPLES_AT_ONCE
from feeds.store.documents import Fragments
from feeds.store.feeds import Feeds
from service.wiring import mint_id
from tests.support.newsrooms import Office, catalogue, draft, feed, later, tell_hubs

HUBS = ("https://hub.example/", "https://other.example/")
NAMES = ("Finance", "Health", "International, regional, and subregional cooperation")


@pytest.fixture
def newsroom(postgres_database: Database) -> Office:
    described = catalogue(feeds=[feed("union", "finance", "health", hubs=HUBS)], hubs=HUBS)
    office = Office(postgres_database, described)
    office.newsroom._mint_id = mint_id
    return office


def deadlocks(database: Database) -> int:
    """How many the server has seen in this database; it counts with a delay of its own."""
    with database.read() as tx:
        tx.connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(tx.connection.execute(text(count)).scalar_one())


def correct(newsroom: Office, number: int) -> None:
    for turn in range(8):
        one = draft(f"id:{number}", *NAMES[number:], title=f"Title {turn}")
        newsroom.add(one, now=later(seconds=turn))


def publish(newsroom: Office) -> None:
    for turn in range(12):
        newsroom.publish(now=later(minutes=turn))


def tell(newsroom: Office) -> None:
    for turn in range(12):
        tell_hubs(newsroom.database, now=later(minutes=turn))


def reload(newsroom: Office) -> None:
    for turn in range(4):
        newsroom.newsroom.apply_catalogue(now=later(minutes=turn))


def test_intake_editions_pings_and_reloads_at_once(newsroom: Office) -> None:
    """Each locks feeds and pings."""
    before = deadlocks(newsroom.database)
    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(correct, newsroom, number) for number in range(2)]
        work += [pool.submit(each, newsroom) for each in (publish, tell, reload)]
        for each in work:
            each.result()
    assert deadlocks(newsroom.database) == before
    newsroom.publish(now=later(hours=1))
    assert newsroom.newsstand.stale(now=later(hours=2)) == []


def test_many_rows_are_locked_a_few_at_a_time_and_in_order(postgres_database: Database) -> None:
    """PostgreSQL compares each row with each tuple: 10,000 of them took 15 s, with locks held."""
    asked: list[list[Any]] = []

    def executed(*arguments: Any) -> None:
        asked.append([each for each in arguments[3].values() if str(each).startswith("release")])

    rows = 2 * TUPLES_AT_ONCE + 50
    wanted = [ReleaseId(f"release {number:03}") for number in range(rows)]
    with postgres_database.transaction() as tx:
        event.listen(tx.connection, "after_cursor_execute", executed)
        tx.feed_entries.lock([(one, "finance") for one in reversed(wanted)])
    assert [len(some) for some in asked] == [TUPLES_AT_ONCE, TUPLES_AT_ONCE, 50]
    assert [one for some in asked for one in some] == wanted


def test_a_lost_connection_costs_an_edition_nothing(
    newsroom: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, lost = Feeds.complete, list[bool]()

    def settle_badly(self: Feeds, *args: Any, **kwargs: Any) -> set[str]:
        if not lost:
            lost.append(True)
            self._connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return settle(self, *args, **kwargs)

    monkeypatch.setattr(Feeds, "complete", settle_badly)
    assert set(newsroom.publish()) == {"all", "cooperation", "finance", "health", "union"}


def test_a_connection_that_is_lost_while_entries_are_loaded_is_no_failure_of_their_feeds(
    newsroom: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_of, lost = Fragments.ask_of, list[bool]()

    def lose_once(self: Fragments, *args: Any) -> Any:
        if not lost:
            lost.append(True)
            self._connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return ask_of(self, *args)

    monkeypatch.setattr(Fragments, "ask_of", lose_once)
    newsroom.add(draft("id:new", "Finance"), now=later(hours=1))
    assert {"all", "finance"} <= set(newsroom.publish(now=later(hours=1)))
    assert lost


def test_a_run_that_fails_holds_up_its_own_successor_for_no_time(
    newsroom: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> bool:
        raise StoreUnavailable("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Feeds, "complete", fail)
        with pytest.raises(StoreUnavailable):
            newsroom.publish()
    assert len(newsroom.publish()) == 5


def test_who_loses_is_run_again_and_not_for_ever(postgres_database: Database) -> None:
    tries = 0

    def lose(_tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        raise StoreConflict("another one was first")

    with pytest.raises(StoreConflict):
        postgres_database.run_in_transaction(lose)
    assert tries == MAX_TRIES


def test_what_may_have_lasted_is_not_done_twice(postgres_database: Database) -> None:
    tries = 0

    def vanish(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable):
        postgres_database.run_in_transaction(vanish)
    assert tries == 1
