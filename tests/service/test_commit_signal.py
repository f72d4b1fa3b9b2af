"""Commits that the system reports, and what is done where it reports none."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feeds.store.database import Database
from service import commit_signal
from service.commit_signal import CommitSignal
from tests.support.running_service import wait_for_end, wait_until
from tests.support.set_clock import Clock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reports are Linux's")


@contextmanager
def started(database: Database, poll_every_s: float | None = None) -> Iterator[CommitSignal]:
    signal = CommitSignal(database, poll_every_s=poll_every_s)
    signal.start()
    with closing(signal):
        if database.is_sqlite:
            # A commit before the first answer is part of it, and is not reported.
            wait_until(lambda: signal._is_known)
        yield signal


def commit(database: Database, number: int) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def another(database: Database) -> Database:
    """The same file, as another process has it."""
    return Database.open(f"sqlite:///{database.file}")


def test_a_commit_of_others_is_reported_at_once(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_signal, "DOUBT_EVERY_S", 60.0)
    others = another(sqlite_database)
    with started(sqlite_database) as signal:
        called = threading.Event()
        signal.subscribe(called.set)
        for number in range(1, 4):
            called.clear()
            commit(others, number)
            assert called.wait(10)
        assert signal.is_reliable
    others.close()


def test_a_commit_soon_after_another_is_reported_at_once(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next question about the one before is a long time off."""
    monkeypatch.setattr(commit_signal, "DOUBT_EVERY_S", 60.0)
    monkeypatch.setattr(commit_signal, "ASK_AGAIN_S", (0.001, 0.001, 60.0))
    with started(sqlite_database) as signal:
        called = threading.Event()
        signal.subscribe(called.set)
        for number in range(1, 4):
            called.clear()
            commit(sqlite_database, number)
            assert called.wait(10)
            time.sleep(0.05)  # the short pause is over


def test_a_stream_of_writes_has_the_store_asked_less_often() -> None:
    clock = Clock()
    limit = commit_signal._Limit(clock)
    for _ in range(commit_signal.SOON_QUESTIONS):
        assert limit.pause_s() == commit_signal.SOON_S
    for _ in range(100):
        assert limit.pause_s() == commit_signal.AT_MOST_EVERY_S
        clock.passes(commit_signal.AT_MOST_EVERY_S * 0.9)
        assert limit.pause_s() in {commit_signal.AT_MOST_EVERY_S, commit_signal.SOON_S}
        clock.passes(commit_signal.AT_MOST_EVERY_S * 0.1)
    clock.passes(10.0)
    assert [limit.pause_s() for _ in range(40)].count(commit_signal.SOON_S) == 32


def test_a_commit_that_becomes_visible_late_is_reported(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk takes a while: the log was written, and its commit is not there yet."""
    monkeypatch.setattr(commit_signal, "DOUBT_EVERY_S", 60.0)
    is_visible, asked = threading.Event(), threading.Event()
    with started(sqlite_database) as signal:
        called = threading.Event()
        signal.subscribe(called.set)
        poll = signal._changes.poll

        def poll_late() -> bool:
            asked.set()
            return is_visible.is_set() and poll()

        monkeypatch.setattr(signal._changes, "poll", poll_late)
        commit(sqlite_database, 1)
        assert asked.wait(10)
        assert not called.is_set()
        is_visible.set()
        assert called.wait(10)


def test_where_writes_are_not_reported_nobody_relies_on_them(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system is asked for deleted files, so that it keeps silent about writes."""
    monkeypatch.setattr(commit_signal, "_MODIFIED", 0x200)
    monkeypatch.setattr(commit_signal, "DOUBT_EVERY_S", 0.01)
    with started(sqlite_database) as signal:
        wait_until(lambda: signal._is_known)
        commit(sqlite_database, 1)
        assert signal._thread is not None
        wait_for_end(signal._thread)
        assert not signal.is_reliable


def test_a_folder_that_goes_ends_the_reports(tmp_path: Path, sqlite_database: Database) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with closing(commit_signal._Writes(folder / "communique.db")) as writes:
        folder.rmdir()
        with pytest.raises(FileNotFoundError):
            writes.read()


def test_after_the_end_nobody_is_called(sqlite_database: Database) -> None:
    called: list[None] = []
    with started(sqlite_database) as signal:
        signal.subscribe(lambda: called.append(None))
        commit(sqlite_database, 1)
        wait_until(lambda: called)
    assert not signal.is_reliable
    called.clear()
    commit(sqlite_database, 2)
    assert called == []


def test_a_server_reports_nothing(postgres_database: Database) -> None:
    with started(postgres_database) as signal:
        assert signal._thread is None
        assert not signal.is_reliable


def test_a_server_is_asked_for_commits_where_somebody_wants_that(
    postgres_database: Database,
) -> None:
    called = threading.Event()
    with started(postgres_database, 0.01) as signal:
        signal.subscribe(called.set)
        assert called.wait(10)  # the first answer says nothing
        wait_until(lambda: signal._is_known)
        called.clear()
        with postgres_database.transaction() as tx:
            tx.connection.exec_driver_sql("CREATE TABLE something (number int)")
            tx.connection.exec_driver_sql("INSERT INTO something VALUES (1)")
        assert called.wait(10)
        assert not signal.is_reliable


def test_a_file_whose_writes_are_not_reported_is_asked_as_well(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_signal, "_MODIFIED", 0x200)
    monkeypatch.setattr(commit_signal, "DOUBT_EVERY_S", 0.01)
    called = threading.Event()
    with started(sqlite_database, 0.01) as signal:
        signal.subscribe(called.set)
        wait_until(lambda: signal._is_known)
        for number in range(1, 4):
            called.clear()
            commit(sqlite_database, number)
            assert called.wait(10)
