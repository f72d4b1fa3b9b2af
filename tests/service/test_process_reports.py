"""A process writes into the store what it does, and nobody has to wait for it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feeds.model.listing import ProcessState
from feeds.store.database import Database
from service.liveness import Liveness
from service.processes.jobs import Jobs
from service.processes.reports import ProcessReporter, reporting
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import NOON, later
from tests.support.process_states import JOBS
from tests.support.running_service import wait_until
from tests.support.set_clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def liveness(clock: Clock) -> Liveness:
    return Liveness(monotonic=clock)


@pytest.fixture
def prover(database: Database, liveness: Liveness, clock: Clock) -> ProcessReporter:
    """Says it is noon when the clock stands at 1000 s."""

    def now() -> datetime:
        return NOON + timedelta(seconds=clock.now_s - 1000)

    return ProcessReporter(database, liveness, JOBS, now=now, monotonic=clock)


def listed(database: Database) -> list[ProcessState]:
    with database.read() as tx:
        return tx.processes.listed()


def test_what_it_did_stands_there_with_the_moment_at_which_it_did_it(
    database: Database, prover: ProcessReporter, liveness: Liveness, clock: Clock
) -> None:
    part = liveness.part("one")
    prover.report()
    assert listed(database) == [JOBS]
    part.worked("published editions of feeds: 3")
    clock.now_s += 7
    part.worked()
    clock.now_s += 2
    prover.report()
    [state] = listed(database)
    assert (state.did, state.did_at) == ("published editions of feeds: 3", NOON)
    assert state.worked_at == later(seconds=7)


def test_its_predecessor_is_known_until_it_has_worked_itself(
    sqlite_database: Database, clock: Clock, liveness: Liveness
) -> None:
    """On SQLite it is the only one. Else a restart would look as if nobody had worked."""
    former = replace(JOBS, worker="one:0:z", worked_at=later(seconds=-40))
    with sqlite_database.unsynced() as tx:
        tx.processes.record(former)
    prover = ProcessReporter(sqlite_database, liveness, JOBS, now=lambda: NOON, monotonic=clock)
    part = liveness.part("one")
    prover.report()
    assert {one.worker for one in listed(sqlite_database)} == {former.worker, JOBS.worker}
    part.worked()
    clock.now_s += 1
    prover.report()
    assert [one.worker for one in listed(sqlite_database)] == [JOBS.worker]


def test_the_first_work_is_told_at_once(sqlite_database: Database) -> None:
    liveness = Liveness()
    part = liveness.part("one")
    with reporting(ProcessReporter(sqlite_database, liveness, JOBS, now=lambda: NOON)):
        wait_until(lambda: listed(sqlite_database))
        assert listed(sqlite_database)[0].worked_at is None
        part.worked()
        wait_until(lambda: listed(sqlite_database)[0].worked_at, within_s=3)


@pytest.fixture
def jobs(tmp_path: Path, sqlite_database: Database) -> Iterator[tuple[Jobs, Liveness]]:
    """The job process's timers, running."""
    liveness = Liveness()
    jobs = Jobs(sqlite_database, liveness)
    files = ConfigFolder(tmp_path)
    main = "site: {base_url: https://news.example, title: News}\nown_hub: {offered: false}\n"
    jobs.start(files.load(main, "categories: [{slug: finance, title: Finance}]\n"))
    yield jobs, liveness
    jobs.stop()


def test_the_jobs_have_worked_when_editions_were_looked_after(
    jobs: tuple[Jobs, Liveness],
) -> None:
    _, liveness = jobs
    wait_until(liveness.did)
    did = liveness.did()
    assert did is not None
    assert did.words == "published editions of feeds: 2"
    wait_until(liveness.worked_s)


def test_jobs_that_cannot_make_editions_live_but_have_not_worked(
    jobs: tuple[Jobs, Liveness],
) -> None:
    """As when a lock is never given back, or every round ends in an error."""
    running, liveness = jobs
    wait_until(liveness.worked_s)
    with running._edition_lock:
        first = liveness.worked_s() or 0
        time.sleep(1.5)
        assert (liveness.worked_s() or 0) <= first + 1
    wait_until(lambda: (liveness.worked_s() or 0) > first + 1.0)
