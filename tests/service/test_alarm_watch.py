"""That no jobs process works is told by the web processes: it cannot tell so itself."""

import threading
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from feeds.model.alarm import AlarmKind
from feeds.store.database import Database
from service.alarms import AlarmRounds
from service.processes import web
from tests.support.newsrooms import NOON, Office, later
from tests.support.process_states import JOBS
from tests.support.running_service import wait_until


class HandClock:
    """The store's clock, set by hand."""

    is_trusted = True

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_a_web_process_tells_that_no_jobs_process_works_and_when_one_does(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "CHECK_EVERY_S", 0.005)
    monkeypatch.setattr(web, "AlarmRounds", partial(AlarmRounds, grace_s=0.0))
    office, clock, is_over = Office(sqlite_database), HandClock(), threading.Event()

    def open_alarms() -> list[AlarmKind]:
        with sqlite_database.read() as tx:
            return [one.condition.kind for one in tx.alarms.open()]

    def note(at: datetime) -> None:
        with sqlite_database.transaction() as tx:
            tx.processes.record(replace(JOBS, worked_at=at))

    note(NOON)
    watch = threading.Thread(target=web._watch_jobs, args=[office.current, clock, is_over])
    watch.start()
    try:
        clock.now = later(minutes=3)
        wait_until(lambda: open_alarms() == [AlarmKind.JOBS_IDLE])
        note(later(minutes=3))
        clock.now = later(minutes=4)
        wait_until(lambda: _is_absent(sqlite_database))
        clock.now = later(minutes=5)
        wait_until(lambda: open_alarms() == [])
    finally:
        is_over.set()
        watch.join()
        # Sending has a thread of its own.
        wait_until(lambda: all(one.name != "alarms" for one in threading.enumerate()))


def _is_absent(database: Database) -> bool:
    with database.read() as tx:
        return all(one.absent_since is not None for one in tx.alarms.open())
