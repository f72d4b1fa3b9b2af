"""What processes prove of their work: written in place, and forgotten when they are gone."""

from dataclasses import replace
from datetime import timedelta

from feeds.model.listing import AT_WORK_WITHIN, ProcessState, idle_reason
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later
from tests.support.process_states import JOBS


def note(database: Database, *states: ProcessState) -> None:
    for state in states:
        with database.unsynced() as tx:
            tx.processes.record(state)


def listed(database: Database) -> list[ProcessState]:
    with database.read() as tx:
        return tx.processes.listed()


def test_a_process_stands_there_once_as_it_is_now(database: Database) -> None:
    worked = replace(
        JOBS, worked_at=later(seconds=5), did="published editions of feeds: 3", did_at=NOON
    )
    note(database, JOBS, worked)
    assert listed(database) == [worked]


def test_those_that_did_nothing_for_long_are_forgotten_by_another_of_their_role(
    database: Database,
) -> None:
    mine = replace(JOBS, worker="one:2:b", pid=2, started_at=NOON)
    crashed = replace(JOBS, worker="one:3:c", pid=3, started_at=later(minutes=-20))
    gone = replace(crashed, worker="two:4:d", host="two", worked_at=later(minutes=-11))
    works = replace(crashed, worker="two:5:e", host="two", worked_at=later(minutes=-9))
    hub = replace(crashed, worker="one:6:f", role="hub")
    note(database, mine, crashed, gone, works, hub)
    with database.unsynced() as tx:
        tx.processes.forget_others(mine, before=later(minutes=-10))
    assert listed(database) == [hub, mine, works]


def test_one_process_at_work_is_enough_on_whatever_machine() -> None:
    dead = replace(JOBS, worked_at=later(hours=-3))
    works = replace(JOBS, host="two", worked_at=NOON)
    assert idle_reason("jobs", [dead, works], NOON + AT_WORK_WITHIN) is None
    after = NOON + AT_WORK_WITHIN + timedelta(seconds=1)
    assert idle_reason("jobs", [dead, works], after) == "no jobs process has worked for 31 s"


def test_of_a_role_that_nobody_ever_had_nothing_is_said() -> None:
    assert idle_reason("hub", [JOBS], NOON) is None


def test_one_that_dies_before_it_worked_is_told() -> None:
    told = idle_reason("jobs", [JOBS], later(seconds=3))
    assert told == "no jobs process has worked yet; one was started 3 s ago"


def test_a_clock_that_is_behind_doubts_nobody() -> None:
    assert idle_reason("jobs", [replace(JOBS, worked_at=later(seconds=9))], NOON) is None
