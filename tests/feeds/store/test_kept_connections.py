"""Connections to a file are kept outside of SQLAlchemy's pool between two transactions."""

from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event

from feeds.store.database import Database
from tests.support.newsrooms import NOON
from tests.support.ready_stores import url_of


def test_one_transaction_after_another_takes_none_from_the_pool(sqlite_database: Database) -> None:
    with sqlite_database.read():
        pass
    taken: list[Any] = []
    event.listen(sqlite_database._engine, "checkout", lambda *_: taken.append(_))
    for begin in (sqlite_database.read, sqlite_database.transaction, sqlite_database.unsynced):
        with begin() as tx:
            tx.feeds.stale(now=NOON)
    sqlite_database.checkpoint()
    assert taken == []


def test_a_transaction_that_fails_leaves_nothing_open(sqlite_database: Database) -> None:
    def fail() -> None:
        with sqlite_database.transaction() as tx:
            tx.names.add({"never": ("finance",)})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    other = Database.open(url_of(sqlite_database))
    with other.transaction() as tx:  # would wait for a lock that is left
        assert tx.names.known() == []
    other.close()


def test_threads_at_one_time_have_a_connection_each(sqlite_database: Database) -> None:
    found: list[Any] = []

    def read() -> None:
        with sqlite_database.read() as tx:
            found.append(tx.connection)

    with sqlite_database.read() as tx:
        found.append(tx.connection)
        thread = Thread(target=read)
        thread.start()
        thread.join()
    assert found[0] is not found[1]


def test_a_connection_that_cannot_roll_back_is_kept_no_longer(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its file cannot be read any more."""
    taken: list[Any] = []

    def fail() -> None:
        raise OSError("the disk is gone")

    def lose_it() -> None:
        with sqlite_database.transaction() as tx:
            tx.names.add({"never": ("finance",)})
            taken.append(tx.connection)
            monkeypatch.setattr(tx.connection, "rollback", fail)
            raise ZeroDivisionError

    with pytest.raises(OSError, match="the disk is gone"):
        lose_it()
    assert taken[0].closed
    assert sqlite_database._kept == []
    with sqlite_database.transaction() as tx:
        assert tx.names.known() == []
