"""Statements that are sent together: in their order, all or none, and with the errors they had."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from inspect import Parameter, signature

import psycopg
import pytest
from sqlalchemy import insert, literal, select
from sqlalchemy.exc import InvalidRequestError

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.store.database import Database, Transaction
from feeds.store.pipelining import ask, send_later
from feeds.store.schema import tokens
from service.sockets import Sockets
from tests.support.ready_stores import PostgresStores
from tests.support.round_trips import counted

NOW = datetime(2026, 3, 2, tzinfo=UTC)


#: The minor version that this was tested with. To take another one: run ``tests/feeds/store`` with
#: it, above all ``test_time_limits.py``, and write it here and into pyproject.toml.
TESTED = "3.3"


def test_psycopg_has_the_part_that_is_overridden_and_promised_by_nobody() -> None:
    assert psycopg.__version__.startswith(f"{TESTED}."), "another psycopg: see TESTED"
    [flush] = list(signature(psycopg.Pipeline._fetch_gen).parameters.values())[1:]
    assert (flush.name, flush.kind) == ("flush", Parameter.KEYWORD_ONLY)


def _row(name: str) -> dict[str, object]:
    return {"name": name, "hash": name, "actions": [], "made_at": NOW}


def _names(tx: Transaction) -> Callable[[], list[str]]:
    query = select(tokens.c.name).order_by(tokens.c.name)
    return ask(tx.connection, query, {}, lambda rows: list(rows.scalars()))


@pytest.fixture
def remote(postgres_stores: PostgresStores) -> Iterator[Database]:
    """A PostgreSQL as a process of the service opens it."""
    with postgres_stores.made() as url:
        database = Database.open(url, connections=Sockets())
        yield database
        database.close()


def test_an_answer_is_of_its_place_among_the_statements(database: Database) -> None:
    with database.transaction() as tx:
        before = _names(tx)
        send_later(tx.connection, insert(tokens), _row("first"))
        between = _names(tx)
        send_later(tx.connection, insert(tokens), [_row("second"), _row("third")])
        after = _names(tx)
        assert (after(), before(), between()) == (["first", "second", "third"], [], ["first"])
    with database.read() as tx:
        assert _names(tx)() == ["first", "second", "third"]


def test_what_is_sent_with_the_commit_is_committed_or_raises(database: Database) -> None:
    def add_twice() -> None:
        with database.transaction() as tx:
            send_later(tx.connection, insert(tokens), _row("other"))
            send_later(tx.connection, insert(tokens), _row("same"))
            send_later(tx.connection, insert(tokens), _row("same"))
            send_later(tx.connection, insert(tokens), _row("later"))

    with pytest.raises(StoreConflict, match=r"same|UNIQUE"):
        add_twice()
    with database.transaction() as tx:
        assert _names(tx)() == []
        send_later(tx.connection, insert(tokens), _row("same"))
    with database.read() as tx:
        assert _names(tx)() == ["same"]


def test_an_error_counts_and_not_that_others_were_skipped(
    remote: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def divide() -> None:
        with remote.transaction() as tx:
            send_later(tx.connection, select(literal(1) / literal(0)))
            send_later(tx.connection, insert(tokens), _row("skipped"))
            _names(tx)()

    with pytest.raises(Exception, match="division by zero"):
        divide()
    assert not caplog.records
    with remote.read() as tx:
        assert _names(tx)() == []


def test_a_query_that_was_skipped_is_asked_again(remote: Database) -> None:
    with remote.read() as tx:
        failing = ask(tx.connection, select(literal(1) / literal(0)), {}, list)
        names = _names(tx)
        with pytest.raises(Exception, match="division by zero"):
            failing()
        assert names() == []


def test_what_was_rolled_back_is_not_sent_with_the_next_transaction(remote: Database) -> None:
    def break_off() -> None:
        with remote.transaction() as tx:
            send_later(tx.connection, insert(tokens), _row("dropped"))
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            break_off()
        with remote.transaction() as tx:
            assert _names(tx)() == []


def test_round_trips_are_those_that_are_waited_for(remote: Database) -> None:
    with remote.read() as tx:  # its first connection is made
        assert _names(tx)() == []
    with counted(remote) as since:
        with remote.read() as tx:
            first, second = _names(tx), _names(tx)
            assert first() == second() == []
        assert since() == 1
        with remote.transaction():
            pass
        assert since() == 0
        with remote.unsynced() as tx:
            send_later(tx.connection, insert(tokens), _row("first"))
            send_later(tx.connection, insert(tokens), [_row("second"), _row("third")])
        assert since() == 1
        with remote.transaction() as tx:
            assert len(_names(tx)()) == 3
        assert since() == 2


def test_a_transaction_that_reads_cannot_write(remote: Database) -> None:
    with remote.read() as tx, pytest.raises(InvalidRequestError):
        tx.connection.execute(insert(tokens), _row("never"))
    with remote.read() as tx:
        assert _names(tx)() == []


def test_commits_that_need_not_be_durable_are_those_that_say_so(remote: Database) -> None:
    setting = "SHOW synchronous_commit"
    with remote.unsynced() as tx:
        assert tx.connection.exec_driver_sql(setting).scalar() == "off"
    with remote.transaction() as tx:
        assert tx.connection.exec_driver_sql(setting).scalar() == "on"


def test_a_session_that_the_server_ended_is_replaced_before_it_is_used(remote: Database) -> None:
    with remote.read() as tx:
        backend = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    url = remote._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])
    with remote.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() != backend


def test_a_connection_that_is_lost_with_the_commit_is_said_to_be_lost(remote: Database) -> None:
    def lose() -> None:
        with remote.unsynced() as tx:
            driver = tx.connection.connection.driver_connection
            send_later(tx.connection, insert(tokens), _row("lost"))
            assert driver is not None
            driver.close()

    with pytest.raises(StoreUnavailable) as caught:
        lose()
    assert caught.value.is_connection_lost
    with remote.read() as tx:
        assert _names(tx)() == []
