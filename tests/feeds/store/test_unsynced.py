"""What can be made again is seen by all at once, and does not wait for the disk."""

from sqlite3 import ProgrammingError
from typing import Any

import pytest

from feeds.store.database import Database, Transaction
from tests.support.newsrooms import NOON, Office, later
from tests.support.ready_stores import url_of

#: How each database is asked whether a commit waits for the disk, and what it says if so.
QUESTIONS = {
    "sqlite": ("PRAGMA synchronous", 2),
    "postgresql": ("SHOW synchronous_commit", "on"),
}


def waits(tx: Transaction) -> bool:
    """Whether the commit of this transaction will wait for the disk."""
    question, yes = QUESTIONS[tx.connection.dialect.name]
    return bool(tx.connection.exec_driver_sql(question).scalar_one() == yes)


def test_what_is_written_waits_for_the_disk_and_a_claim_does_not(database: Database) -> None:
    waited = []
    for _ in range(2):  # connections are used again: neither kind may rub off on the other
        with database.unsynced() as tx:
            waited.append(waits(tx))
        with database.transaction() as tx:
            waited.append(waits(tx))
    assert waited == [False, True, False, True]


def test_a_claim_is_seen_by_others_at_once(database: Database) -> None:
    Office(database)
    other = Database.open(url_of(database))
    with database.unsynced() as tx:
        [mine] = tx.feeds.claim(["finance"], worker="one", now=NOON, until=later(seconds=30))
    with other.unsynced() as tx:
        theirs = tx.feeds.claim(["finance", "health"], worker="two", now=NOON, until=later(hours=1))
    other.close()
    assert (mine.slug, [claim.slug for claim in theirs]) == ("finance", ["health"])


def test_a_claim_that_fails_half_way_claims_nothing(database: Database) -> None:
    Office(database)
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(database)
    with database.read() as tx:
        assert "finance" in tx.feeds.stale(now=NOON)


def _fail_half_way(database: Database) -> None:
    with database.unsynced() as tx:
        tx.feeds.claim(["finance"], worker="one", now=NOON, until=later(seconds=30))
        raise ZeroDivisionError


def test_idle_connections_are_closed_with_what_they_have_cached(sqlite_database: Database) -> None:
    """One that is in use stays."""
    with sqlite_database.read() as used:
        with sqlite_database.read() as tx:
            idle: Any = tx.connection.connection.driver_connection
        with sqlite_database.read() as tx:
            assert tx.connection.connection.driver_connection is idle
        sqlite_database.release_memory()
        assert idle is not None
        with pytest.raises(ProgrammingError, match="closed"):
            idle.execute("SELECT 1")
        assert used.feeds.stale(now=NOON) is not None
    with sqlite_database.read() as tx:
        assert tx.feeds.stale(now=NOON) is not None
