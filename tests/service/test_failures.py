"""What fails in the processes of a service, as others on the machine see it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from feeds.errors import StoreNotWritable, StoreUnavailable
from feeds.store.database import Database
from service.failures import Failures, failures_of, in_words
from service.store_writes import REQUESTS, StoreWrites
from service.stores import FULL, known_memory_folder, memory_folder, remove_memory_folder
from tests.support.newsrooms import NOON, later

DISK_FULL = StoreNotWritable("no room in /srv/data", because=FULL)


@pytest.fixture
def moments() -> list[datetime]:
    """What the clock says next."""
    return [NOON, later(minutes=1), later(minutes=2)]


@pytest.fixture
def seconds() -> list[float]:
    """What the clock that nobody sets says, at its end."""
    return [0.0]


@pytest.fixture
def failures(tmp_path: Path, moments: list[datetime], seconds: list[float]) -> Iterator[Failures]:
    """What fails in this process, as the jobs of a service."""
    made = Failures(
        "jobs", now=lambda: moments.pop(0), data_folder=tmp_path, monotonic=lambda: seconds[-1]
    )
    yield made
    made.close()
    remove_memory_folder(tmp_path)
    assert known_memory_folder(tmp_path) is None


def test_it_is_told_with_its_reason_and_since_when(tmp_path: Path, failures: Failures) -> None:
    assert failures_of(tmp_path) == []
    assert failures.failed("scan", DISK_FULL)
    assert not failures.failed("scan", DISK_FULL)
    assert failures.failed("regenerate", DISK_FULL)
    [words] = in_words(failures_of(tmp_path))
    since = f"jobs: regenerate, scan failing since {NOON:%Y-%m-%dT%H:%M:%SZ}"
    assert words == f"{since}: the store cannot be written: its disk is full"


def test_another_reason_is_told_and_has_lasted_as_long(tmp_path: Path, failures: Failures) -> None:
    failures.failed("scan", DISK_FULL)
    assert failures.failed("scan", OSError("anything"))
    [told] = failures_of(tmp_path)
    assert (told.since, told.reason) == (NOON, "unexpected error; see the log")
    assert not failures.failed("scan", DISK_FULL)  # one and the other in turn are no news


def test_it_is_over_when_it_has_not_failed_for_a_while(
    tmp_path: Path, failures: Failures, seconds: list[float]
) -> None:
    failures.failed("scan", DISK_FULL)
    seconds.append(9.0)
    assert not failures.worked("scan")
    assert failures_of(tmp_path)
    seconds.append(10.0)
    assert failures.worked("scan")
    assert failures_of(tmp_path) == []
    assert not failures.worked("scan")


def test_what_a_dead_process_left_is_forgotten(tmp_path: Path, failures: Failures) -> None:
    failures.failed("scan", DISK_FULL)
    [file] = memory_folder(tmp_path).iterdir()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    file.rename(file.with_name(f"failing-jobs-{child.pid}"))
    assert failures_of(tmp_path) == []
    reused = file.with_name(f"failing-jobs-{os.getpid()}")
    reused.write_text(json.dumps({"born": "1", "failures": []}), encoding="utf-8")
    assert failures_of(tmp_path) == []
    assert list(memory_folder(tmp_path).iterdir()) == []


def test_a_folder_that_others_may_look_into_is_not_used(tmp_path: Path) -> None:
    folder = memory_folder(tmp_path)
    folder.chmod(0o755)
    assert known_memory_folder(tmp_path) is None
    assert memory_folder(tmp_path) != folder
    remove_memory_folder(tmp_path)


def test_write_requests_are_tried_until_the_store_can_be_written(
    tmp_path: Path, failures: Failures, sqlite_database: Database, sqlite_url: str
) -> None:
    tries: list[float] = []

    def sleep(seconds: float) -> None:
        assert [one.work for one in failures_of(tmp_path)] == [REQUESTS]
        tries.append(seconds)
        faults.pop()

    faults = [None, FULL, FULL]
    with closing(Database.open(sqlite_url, write_fault=lambda _: faults[-1])) as database:
        writes = StoreWrites(database, failures, data_folder=tmp_path, sleep=sleep)
        writes.failed(StoreUnavailable("no room"))
        writes.wait()
        assert len(tries) == 2
        assert writes.warnings() == []
