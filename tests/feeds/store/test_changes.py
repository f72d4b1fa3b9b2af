"""Whether anything was committed by others: the same on both databases."""

import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from feeds.errors import StoreUnavailable
from feeds.store import migrate
from feeds.store.changes import Changes, Waiting
from feeds.store.database import BUSY_TIMEOUT_MS, Database
from tests.support.hub_books import HubBooks, failed
from tests.support.newsrooms import NOON, Office, catalogue, draft, later
from tests.support.ready_stores import make_sqlite


@pytest.fixture
def changes(database: Database) -> Iterator[Changes]:
    """A look at the database that knows how it is now."""
    opened = Changes(database)
    opened.poll()
    yield opened
    opened.close()


def test_the_first_look_is_news(database: Database) -> None:
    changes = Changes(database)
    assert changes.poll()
    assert not changes.poll()
    changes.close()


def test_what_is_committed_is_seen_once(database: Database, changes: Changes) -> None:
    office = Office(database)
    assert changes.poll()
    assert not changes.poll()
    office.add(draft())
    assert changes.poll()
    assert office.publish()
    assert changes.poll()
    assert not changes.poll()


def test_what_is_not_committed_is_not_seen(database: Database, changes: Changes) -> None:
    """A look in the middle sees nothing; the one after the commit does, however long it took."""
    with database.transaction() as tx:
        tx.connection.execute(text("CREATE TABLE other (number INTEGER)"))
        changes.poll()
        assert not changes.poll()
    assert changes.poll()
    assert not changes.poll()


def test_an_older_transaction_that_commits_last_is_seen(postgres_url: str) -> None:
    """PostgreSQL gives numbers at the first write: the later number may be committed first."""
    database = Database.open(postgres_url)
    changes = Changes(database)
    with database.transaction() as older:
        older.connection.execute(text("CREATE TABLE older (number INTEGER)"))
        changes.poll()
        with database.transaction() as younger:
            younger.connection.execute(text("CREATE TABLE younger (number INTEGER)"))
        assert changes.poll()
        assert not changes.poll()
    assert changes.poll()
    assert not changes.poll()
    changes.close()
    database.close()


def test_reading_changes_nothing(database: Database, changes: Changes) -> None:
    with database.read() as tx:
        tx.feeds.stale(now=NOON)
    assert not changes.poll()


def test_only_a_file_says_that_it_is_quiet_and_only_until_a_commit(database: Database) -> None:
    office = Office(database)
    changes = Changes(database, of_documents=True)
    assert not changes.is_quiet(), "never looked at"
    changes.poll()
    assert changes.is_quiet() is database.is_sqlite
    office.add(draft())
    assert not changes.is_quiet()
    assert not changes.poll(), "no document"
    assert changes.is_quiet() is database.is_sqlite
    changes.close()
    assert not changes.is_quiet(), "the state before is not known"


def test_a_connection_that_was_not_to_wait_waits_for_locks_when_others_have_it(
    tmp_path: Path,
) -> None:
    database = make_sqlite(tmp_path / "a.db")
    changes = Changes(database, of_documents=True)
    changes.poll()
    assert changes.is_quiet()
    changes.close()
    with database.read() as one, database.read() as another:
        for tx in (one, another):
            assert tx.connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS
    database.close()


def test_of_documents_only_what_is_published_counts(database: Database) -> None:
    """Whoever keeps documents at hand is not troubled by the rest: the hub writes all the time."""
    office = Office(database)
    changes = Changes(database, of_documents=True)
    assert changes.poll()
    assert not changes.poll()
    office.add(draft())
    assert not changes.poll()
    assert office.publish()
    assert changes.poll()
    assert not changes.poll()
    office.add(draft("Another one"))
    assert not changes.poll()
    assert office.publish()
    assert changes.poll()
    with database.transaction() as tx:
        tx.feeds.lock(["all"])
        tx.connection.execute(text("DELETE FROM documents WHERE format = 'json'"))
    assert changes.poll()
    assert not changes.poll()
    changes.close()


def publish_in(url: str) -> None:
    """Publish an edition, in whatever process this is."""
    database = Database.open(url)
    office = Office(database)
    office.add(draft())
    office.publish()
    database.close()


def test_another_process_is_heard(database_url: str) -> None:
    database = Database.open(database_url)
    migrate.upgrade(database)
    changes = Changes(database)
    changes.poll()
    assert not changes.poll()
    other = multiprocessing.get_context("spawn").Process(target=publish_in, args=(database_url,))
    other.start()
    other.join(30)
    assert other.exitcode == 0
    assert changes.poll()
    assert not changes.poll()
    changes.close()
    database.close()


@pytest.mark.parametrize("of_documents", [False, True])
def test_a_store_that_is_lost_is_told_and_found_again(
    postgres_url: str, of_documents: bool
) -> None:
    database, other = Database.open(postgres_url), Database.open(postgres_url)
    migrate.upgrade(database)
    changes = Changes(database, of_documents=of_documents)
    changes.poll()
    changes.poll()
    with other.read() as tx, suppress(StoreUnavailable):
        tx.connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND query LIKE 'SELECT pg_current_snapshot%'"
            )
        )
    with pytest.raises(StoreUnavailable):
        changes.poll()
    assert changes.poll(), "what happened in between is not known"
    assert not changes.poll()
    changes.close()
    database.close()
    other.close()


def test_a_closed_look_gives_its_connection_back(database: Database) -> None:
    """More looks than there are connections."""
    for _ in range(40):
        changes = Changes(database)
        changes.poll()
        changes.close()


def test_work_that_waits_is_found_whether_or_not_it_is_due(
    database: Database, changes: Changes
) -> None:
    def waiting() -> set[Waiting]:
        return {one for one in Waiting if changes.has(one)}

    office = Office(database, catalogue(hubs=("https://hub.example.net/",)))
    books = HubBooks(database)
    assert waiting() == {Waiting.EDITIONS}  # the first ones
    office.publish()
    assert waiting() == {Waiting.PINGS}  # held until all web processes serve them
    with database.transaction() as tx:
        for ping in tx.pings.due(now=later(hours=1)):
            tx.pings.accepted(ping, now=NOON, result="204")
    assert waiting() == set()
    office.add(draft())
    assert waiting() == {Waiting.EDITIONS, Waiting.WORDS}
    office.publish()
    assert waiting() == {Waiting.PINGS, Waiting.WORDS}
    office.index()
    assert waiting() == {Waiting.PINGS}
    with database.transaction() as tx:
        for ping in tx.pings.due(now=later(hours=1)):
            tx.pings.accepted(ping, now=NOON, result="204")
    pending = books.ask()
    assert waiting() == {Waiting.REQUESTS}
    books.confirm(pending)
    assert waiting() == set()
    books.open(1)
    assert waiting() == {Waiting.DELIVERIES}
    [due] = books.due()
    books.claim(due.subscription_id, worker="one")
    assert waiting() == {Waiting.DELIVERIES}  # the claim may expire
    books.settle(failed(due.subscription_id), worker="one")
    assert waiting() == {Waiting.DELIVERIES}  # it is tried again
