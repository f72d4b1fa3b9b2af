"""A database that is slow, locked or gone keeps nobody waiting for good."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest

from feeds.errors import StoreUnavailable
from feeds.store import dialects, migrate
from feeds.store.database import Database
from service.sockets import Sockets
from tests.support import postgres
from tests.support.running_service import wait_until
from tests.support.silent_line import SilentLine, silent_line

#: What is gone has to be noticed after so long: probes and what was sent go unanswered.
NOTICED_AFTER_S = 12

#: An address of loopback where nobody else has a PostgreSQL.
LONELY = f"127.7.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"


def _option(name: str, value: str) -> str:
    """What an operator adds to the URL; the suite's has options already."""
    return f"%20-c%20{name}%3D{value}"


def _ask(database: Database, statement: str) -> object:
    with database.read() as tx:
        return tx.connection.exec_driver_sql(statement).scalar()


def _lost(ask: Callable[[], object]) -> float:
    """How long it takes to hear that the database is gone, in seconds."""
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):
        ask()
    return time.monotonic() - begun


def test_a_database_that_vanishes_without_a_word_is_noticed_within_seconds(
    postgres_url: str,
) -> None:
    """Who waits for an answer, who asks over a connection that lay idle, and who connects anew."""
    with silent_line(postgres_url) as line, ThreadPoolExecutor() as threads:
        waiting, idle = Database.open(line.url), Database.open(line.url)
        assert _ask(idle, "SELECT 1") == 1
        answer = threads.submit(_lost, lambda: _ask(waiting, "SELECT pg_sleep(60)"))
        time.sleep(0.5)
        line.fall_silent()
        asked = threads.submit(_lost, lambda: _ask(idle, "SELECT 1"))
        anew = threads.submit(_lost, lambda: _ask(Database.open(line.url), "SELECT 1"))
        assert max(answer.result(), asked.result(), anew.result()) < NOTICED_AFTER_S
        _is_back(line, waiting, idle)


def _is_back(line: SilentLine, *databases: Database) -> None:
    line.hear_again()
    for database in databases:
        begun = time.monotonic()
        assert _ask(database, "SELECT 1") == 1
        assert time.monotonic() - begun < 2
        database.close()


def test_a_machine_that_vanishes_within_a_transaction_holds_no_locks_for_long() -> None:
    """Not even within a pipeline, where the server has no limit for a client that says nothing."""
    programs = postgres.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server")
    with (
        postgres.server(programs, address=LONELY) as url,
        silent_line(f"postgresql://suite@{LONELY}:5432/postgres") as line,
        psycopg.connect(line.url) as vanishing,
        psycopg.connect(url, autocommit=True) as other,
    ):
        dialects.limit_session(vanishing, None)
        with pytest.raises(psycopg.OperationalError, match="closed"), vanishing.pipeline():
            took_s = _time_to_lock_when_it_vanishes(vanishing, other, line)
        assert took_s < NOTICED_AFTER_S


def _time_to_lock_when_it_vanishes(
    vanishing: "psycopg.Connection[tuple[object, ...]]",
    other: "psycopg.Connection[tuple[object, ...]]",
    line: SilentLine,
) -> float:
    vanishing.execute("SELECT pg_advisory_xact_lock(12)")
    vanishing.execute("SELECT 1")
    vanishing.pgconn.send_flush_request()
    vanishing.pgconn.flush()
    _wait_until_held(other)
    line.fall_silent()
    took_s = _time_to_lock(other)
    vanishing.pgconn.finish()
    return took_s


def _time_to_lock(other: "psycopg.Connection[tuple[object, ...]]") -> float:
    begun = time.monotonic()
    other.execute(f"SET lock_timeout = '{2 * NOTICED_AFTER_S}s'")
    with suppress(psycopg.errors.LockNotAvailable):
        other.execute("SELECT pg_advisory_xact_lock(12)")
    return time.monotonic() - begun


def _wait_until_held(other: "psycopg.Connection[tuple[object, ...]]") -> None:
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 12 AND granted"
    wait_until(lambda: other.execute(held).fetchone())


def test_sessions_have_limits_that_an_operator_may_set(postgres_url: str) -> None:
    ours, theirs = (
        Database.open(url)
        for url in (postgres_url, postgres_url + _option("statement_timeout", "7min"))
    )
    for name, value in dialects.SESSION.items():
        wanted = "SELECT setting::int FROM pg_settings WHERE name = "
        assert _ask(ours, f"{wanted}'{name}'") == int(value.removesuffix("s")) * 1000
    assert _ask(theirs, "SHOW statement_timeout") == "7min"
    assert _ask(theirs, "SHOW lock_timeout") == dialects.SESSION["lock_timeout"]
    for database in (ours, theirs):
        database.close()


def test_parameters_of_the_url_go_first() -> None:
    assert dialects.of_connection({}) == dialects.CONNECTION
    assert "connect_timeout" not in dialects.of_connection({"connect_timeout": "30"})


def test_no_lock_is_waited_for_without_end(postgres_url: str) -> None:
    database = Database.open(postgres_url + _option("lock_timeout", "100ms"))
    migrate.upgrade(database)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("LOCK TABLE tokens")
        other = database.transaction()
        with pytest.raises(StoreUnavailable, match="lock timeout"), other as late:
            late.connection.exec_driver_sql("LOCK TABLE tokens")
    database.close()


def test_a_transaction_that_somebody_forgot_ends(postgres_url: str) -> None:
    """It may hold locks that all wait for. The next one has another connection."""
    name = "idle_in_transaction_session_timeout"
    database = Database.open(postgres_url + _option(name, "100ms"))
    with pytest.raises(StoreUnavailable) as caught:
        _dawdle(database)
    assert caught.value.is_connection_lost
    assert _ask(database, "SELECT 1") == 1
    database.close()


def _dawdle(database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("SELECT 1")
        time.sleep(0.5)
        tx.connection.exec_driver_sql("SELECT 1")


def test_a_migration_takes_as_long_as_it_takes(postgres_url: str) -> None:
    """Another machine is at it, and slow."""
    limits = _option("statement_timeout", "500ms") + _option("lock_timeout", "500ms")
    other, database = Database.open(postgres_url), Database.open(postgres_url + limits)
    with ThreadPoolExecutor() as threads:
        with other.transaction() as tx:
            tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({migrate.UPGRADE_LOCK})")
            upgraded = threads.submit(migrate.upgrade, database)
            time.sleep(1.5)
        assert upgraded.result() > "0000"
    for each in (other, database):
        each.close()


def test_nobody_waits_for_a_database_that_is_known_to_be_silent(postgres_url: str) -> None:
    """Neither who has asked, nor who connects, nor who comes later; but who probes may ask."""
    with silent_line(postgres_url) as line, ThreadPoolExecutor() as threads:
        database = Database.open(line.url, connections=Sockets())
        try:
            assert _ask(database, "SELECT 1") == 1
            line.freeze()
            asked = [threads.submit(_lost, lambda: _ask(database, "SELECT 1")) for _ in range(3)]
            time.sleep(0.3)
            database.suspend("it does not answer")
            assert max(each.result() for each in asked) < 1
            assert _lost(lambda: _ask(database, "SELECT 1")) < 0.1
            assert _lost(database.now) < 0.1
            line.thaw()
            with database.probe() as tx:
                assert tx.connection.exec_driver_sql("SELECT 1").scalar() == 1
            assert _lost(lambda: _ask(database, "SELECT 1")) < 0.1
            database.resume()
            assert _ask(database, "SELECT 1") == 1
        finally:
            database.close()
