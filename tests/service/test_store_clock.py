"""One clock for all machines over one store: that of PostgreSQL."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.store import migrate
from feeds.store.database import Database
from service.processes.jobs import Jobs
from service.store_clock import StoreClock
from tests.support.newsrooms import Office, draft
from tests.support.running_service import Service, document, wait_until
from tests.support.wrong_clock import WrongClock, compiler

#: What two looks at one clock may be apart, on a machine that is full.
NEAR = timedelta(seconds=2)


def clock_of_a_machine(database: Database, **ahead: float) -> StoreClock:
    """A clock on a machine whose own is so much ahead."""
    clock = StoreClock(database, own=lambda: datetime.now(UTC) + timedelta(**ahead))
    clock.compare()
    return clock


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_machine_goes_by_the_clock_of_the_database(
    postgres_database: Database, hours: int
) -> None:
    clock = clock_of_a_machine(postgres_database, hours=hours)
    assert abs(clock() - datetime.now(UTC)) < NEAR
    assert abs(clock.ahead - timedelta(hours=hours)) < NEAR


def test_a_clock_that_is_set_meanwhile_changes_no_moment(postgres_database: Database) -> None:
    """Between two comparisons: claims and releases of ten seconds would be dated an hour ahead."""
    set_ahead = timedelta(0)
    clock = StoreClock(postgres_database, own=lambda: datetime.now(UTC) + set_ahead)
    clock.compare()
    set_ahead = timedelta(hours=1)
    assert abs(clock() - datetime.now(UTC)) < NEAR
    assert abs(clock.ahead - timedelta(hours=1)) < NEAR
    assert not clock.is_trusted


def test_a_first_answer_counts_however_long_it_took(postgres_database: Database) -> None:
    """On a machine that is full: its own clock may be wrong by more than that."""
    passed_s = 0.0

    def steady() -> float:
        nonlocal passed_s
        passed_s += 5.0
        return passed_s

    ahead = timedelta(minutes=20)
    clock = StoreClock(postgres_database, own=lambda: datetime.now(UTC) + ahead, steady=steady)
    clock.compare()
    assert clock.ahead > timedelta(minutes=19)


def test_a_stopped_clock_asks_no_more_and_goes_on(postgres_database: Database) -> None:
    clock = StoreClock(postgres_database, own=lambda: datetime.now(UTC) + timedelta(hours=1))
    clock.follow()
    following = [each for each in threading.enumerate() if each.name == "store clock"]
    wait_until(lambda: clock.ahead > timedelta(minutes=59))
    clock.stop()
    assert [each.is_alive() for each in following] == [False]
    assert clock.ahead > timedelta(minutes=59)


def test_with_sqlite_there_is_one_machine_and_one_clock(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    clock = clock_of_a_machine(database, hours=1)
    assert clock.ahead == timedelta(0)
    assert clock.warnings() == []
    database.close()


def test_a_difference_is_told_from_two_seconds_on(
    postgres_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    right = clock_of_a_machine(postgres_database)
    assert (right.warnings(), right.is_trusted, caplog.records) == ([], True, [])
    behind = clock_of_a_machine(postgres_database, seconds=-20)
    behind.compare()
    [warning] = behind.warnings()
    assert warning.startswith("this machine's clock is 20.0 s behind the store's")
    assert behind.is_trusted
    [told] = [record for record in caplog.records if "clock is wrong" in record.getMessage()]
    assert told.levelname == "WARNING"


def test_a_machine_that_is_far_ahead_does_no_jobs(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, done = Jobs(postgres_database), list[str]()
    jobs._do(lambda: done.append("right"))
    monkeypatch.setattr(jobs, "_clock", clock_of_a_machine(postgres_database, seconds=31))
    jobs._do(lambda: done.append("wrong"))
    assert done == ["right"]


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_a_command_goes_by_the_clock_of_the_store(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(postgres_url)
    migrate.upgrade(database)
    service = Service(folder=tmp_path, store_url=postgres_url)
    clock = WrongClock(tmp_path / "clock")
    clock.set(3600)
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    written = tmp_path / "one.txt"
    written.write_text(document("One", "Finance"), encoding="utf-8")
    added = service.run("release", "add", str(written))
    assert added.returncode == 0, added.stderr
    with database.read() as tx:
        [release] = tx.releases.latest(limit=1, feed=None, is_unfiled=False)
    database.close()
    assert release.changed_at < datetime.now(UTC) + NEAR


def test_an_embargo_ends_by_the_clock_of_the_store(postgres_database: Database) -> None:
    """On a machine that is an hour ahead it must not end an hour early."""
    office = Office(postgres_database)
    clock = clock_of_a_machine(postgres_database, hours=1)
    end = datetime.now(UTC) + timedelta(minutes=30)
    waiting = draft("id:1", "Finance", published=datetime.now(UTC) - timedelta(hours=2))
    office.add(replace(waiting, embargoed_until=end), now=clock())
    assert office.newsroom.embargoes.release(now=clock()) == 0
    assert office.newsroom.embargoes.release(now=clock() + timedelta(hours=1)) == 1
