"""``communique store copy`` and ``size``."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.model.listing import ProcessState
from feeds.store.database import Database
from service.cli.store_copies import await_stopped
from tests.support import command_line
from tests.support.command_line import CommandLine
from tests.support.ready_stores import PostgresStores


def test_a_store_is_copied_by_url_or_by_a_file_with_it(
    line: CommandLine, seed: Path, tmp_path: Path, postgres_stores: PostgresStores
) -> None:
    line.run("store", "upgrade")
    line.run("release", "add", str(seed))
    store = f"sqlite:///{line.service.folder}/data/communique.db"
    with postgres_stores.made(is_empty=True) as url:
        secret = tmp_path / "url"
        secret.write_text(f"{url}\n", encoding="utf-8")
        answer = command_line.run("store", "copy", store, f"@{secret}")
        assert answer.code == 0, answer
        assert ["releases", "1"] in [columns[:2] for columns in answer.columns]
        assert answer.lines[-1].endswith("the same in both stores; now set store.url")
        before = line.results("release", "list")
        assert line.results("release", "list", "--set", f"store.url={url}") == before
        refused = line.run("store", "copy", ".", url)
        assert (refused.code, "is not empty" in refused.talk) == (1, True)
        _shows_sizes(line, f"store.url={url}")


def test_what_is_no_store_is_told(line: CommandLine, tmp_path: Path) -> None:
    to = f"sqlite:///{tmp_path}/to.db"
    assert command_line.run("store", "copy", "communique.db", to).code == 2
    missing = command_line.run("store", "copy", f"sqlite:///{tmp_path}/none.db", to)
    assert (missing.code, "there is no store at" in missing.talk) == (1, True)
    assert not (tmp_path / "none.db").exists()
    line.run("store", "upgrade")


# A service that was stopped a moment before.

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
STOPPED = ProcessState(
    worker="jobs-1",
    role="jobs",
    host="one",
    pid=1,
    started_at=NOON - timedelta(hours=1),
    worked_at=NOON,
    did=None,
    did_at=None,
)


def test_a_store_whose_service_was_just_stopped_is_copied(
    line: CommandLine, tmp_path: Path
) -> None:
    """It was refused for half a minute, as if the service worked."""
    line.run("store", "upgrade")
    with closing(Database.open(f"sqlite:///{line.service.folder}/data/communique.db")) as database:
        now = datetime.now(UTC)
        with database.transaction() as tx:
            tx.processes.record(replace(STOPPED, worked_at=now - timedelta(seconds=28)))
    answer = line.run("store", "copy", ".", f"sqlite:///{tmp_path}/to.db")
    assert answer.code == 0, answer
    assert "(jobs on one): waiting up to 30 s" in answer.talk


@pytest.mark.parametrize("is_running", [False, True])
def test_only_a_service_that_reports_again_ends_the_wait(
    sqlite_database: Database, *, is_running: bool
) -> None:
    seconds = 0.0

    def pause(pause_s: float) -> None:
        nonlocal seconds
        seconds += pause_s
        if is_running and seconds == 5:
            with sqlite_database.transaction() as tx:
                tx.processes.record(replace(STOPPED, worked_at=NOON + timedelta(seconds=5)))

    with sqlite_database.transaction() as tx:
        tx.processes.record(STOPPED)
    await_stopped(sqlite_database, now=lambda: NOON + timedelta(seconds=seconds), pause=pause)
    assert seconds == (5 if is_running else 31)


def _shows_sizes(line: CommandLine, override: str) -> None:
    [found] = line.results("store", "size", "--set", override)
    by_kind = {one["kind"]: one for one in found["kinds"]}
    assert (found["releases"], by_kind["releases"]["rows"]) == (1, 1)
    assert by_kind["releases"]["bytes"] > 0
    assert sum(one["bytes"] for one in found["kinds"]) <= found["total_bytes"]
    sizes = [one["bytes"] for one in found["kinds"]]
    assert sizes == sorted(sizes, reverse=True)
    shown = line.run("store", "size", "--set", override)
    assert shown.columns[-2][:2] == ["total", "1 release"]


def test_the_size_of_a_file_is_told_by_what_is_in_it(line: CommandLine, samples: Path) -> None:
    line.run("release", "add", str(samples))
    line.run("feed", "render")
    store = line.service.folder / "data" / "communique.db"
    [found] = line.results("store", "size")
    kinds = {one["kind"]: one["bytes"] for one in found["kinds"]}
    in_file = found["total_bytes"] - found["free_bytes"]
    assert 0.9 * in_file < sum(kinds.values()) <= in_file
    assert found["total_bytes"] >= store.stat().st_size
    assert kinds["releases"] > kinds["audit log"]
    assert line.run("store", "size").columns[-1][0] == "a release"
