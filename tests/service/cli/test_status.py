"""``communique status``: everything on one screen."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.model.listing import ProcessState
from feeds.store.state import LastBackup
from tests.support.command_line import CommandLine
from tests.support.hub_server import HubServer, Manner
from tests.support.running_service import Service


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Service:
    """A configured service with a hub; it does not run."""
    return Service(folder=tmp_path / "newsroom", hubs=(hub.url,))


def test_everything_is_on_one_screen(line: CommandLine, seed: Path, hub: HubServer) -> None:
    line.run("release", "add", str(seed))
    line.run("release", "add", "-", typed=b"A title alone")
    line.run("feed", "render", "all")
    hub.manner = Manner(status=500)
    line.run("hub", "retry")
    answer = line.run("status")
    assert answer.code == 0
    shown = {columns[0]: columns[1:] for columns in answer.columns}
    assert shown["site"] == ["Test newsroom", f"{line.service.base_url}/"]
    assert shown["store"] == [f"sqlite:///{line.service.folder}/data/communique.db"]
    assert shown["releases"] == ["1, 0 unfiled"]
    assert shown["feeds"] == ["3, 2 stale, 0 in trouble"]
    assert shown["last edition"][1] == "all, edition 1"
    assert shown["pings"] == [hub.url, "3 retrying, 6 waiting"]
    assert shown["refusals"] == ["1", "(communique release refusals)"]
    assert shown["set aside"] == ["0"]
    assert len(answer.lines) <= 24


def test_a_program_gets_the_same(line: CommandLine, seed: Path, hub: HubServer) -> None:
    line.run("release", "add", str(seed))
    [record] = line.results("status")
    assert record["releases"] == {"total": 1, "unfiled": 0}
    assert record["feeds"] == {"total": 3, "stale": 3, "without_edition": 3, "troubles": {}}
    assert record["last_edition"] is None
    assert record["pings"] == {hub.url: {"waiting": 9}}
    assert (record["refusals"], record["set_aside"]) == (0, 0)


def test_a_store_that_others_may_read_is_told(line: CommandLine) -> None:
    line.run("store", "upgrade")
    store = line.service.folder / "data" / "communique.db"
    assert line.results("status")[0]["private"] == {"warnings": []}
    store.chmod(0o640)
    expected = f"others may open {store}: chmod go= {store}"
    assert line.results("status")[0]["private"] == {"warnings": [expected]}
    assert ["not private", expected] in line.run("status").columns


def test_an_empty_store_has_a_status_too(line: CommandLine) -> None:
    line.run("store", "upgrade")
    shown = {columns[0]: columns[1:] for columns in line.run("status").columns}
    assert shown["releases"] == ["0, 0 unfiled"]
    assert shown["last edition"] == ["-"]
    assert shown["pings"] == ["-"]


def test_feeds_that_are_asked_for_in_vain_are_named(line: CommandLine) -> None:
    """Only those of the last days: what nobody asks for any more needs no rule."""
    assert "asked in vain" not in {columns[0] for columns in line.run("status").columns}
    now = datetime.now(UTC)
    with line.service.opened_store() as database, database.transaction() as tx:
        uses = tx.redirect_uses
        uses.add_missing({"/long-ago.xml": 99}, now=now - timedelta(days=8), keep=500)
        asked = {f"/old-{number}/feed": number for number in range(1, 6)}
        uses.add_missing(asked, now=now, keep=500)
    shown = {columns[0]: columns[1:] for columns in line.run("status").columns}
    assert shown["asked in vain"] == [
        "5",
        "(communique redirects list)",
        "/old-5/feed, /old-4/feed, /old-3/feed",
    ]
    [record] = line.results("status")
    assert record["missing_feeds"]["total"] == 5
    assert record["missing_feeds"]["most_asked"][0]["requests"] == 5


def test_that_another_configuration_is_in_force_is_told(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    assert "configuration" not in {columns[0] for columns in line.run("status").columns}
    answer = line.run("status", "--set", "site.title=Another")
    shown = {columns[0]: columns[1:] for columns in answer.columns}
    assert shown["configuration"][0].startswith("another one is active, applied by command at ")
    [record] = line.results("status", "--set", "site.title=Another")
    assert record["configuration"]["in_force"] is False
    assert record["configuration"]["other"]["applied_by"] == "command"


def test_when_each_process_did_its_work_is_told(line: CommandLine) -> None:
    line.run("store", "upgrade")
    assert line.results("status")[0]["processes"] == []
    now, morning = datetime.now(UTC), datetime(2026, 1, 5, 9, tzinfo=UTC)
    works = ProcessState(
        worker="a",
        role="jobs",
        host="one",
        pid=7,
        started_at=now - timedelta(hours=1),
        worked_at=now,
        did="published editions of feeds: 3",
        did_at=morning,
    )
    frozen = replace(works, worker="b", pid=8, worked_at=now - timedelta(hours=1), did=None)
    dies = replace(frozen, worker="c", role="hub", pid=9, worked_at=None, started_at=morning)
    with line.service.opened_store() as database, database.transaction() as tx:
        for one in (works, frozen, dies):
            tx.processes.record(one)
    told = {columns[1]: columns[2] for columns in line.run("status").columns if len(columns) > 2}
    assert told["hub on one, 9"] == "has not worked since it was started at 2026-01-05T09:00:00Z"
    done = "published editions of feeds: 3 at 2026-01-05T09:00:00Z"
    assert re.fullmatch(rf"worked \d+ s ago; {done}", told["jobs on one, 7"])
    assert re.fullmatch(r"does not work: last worked 36\d\d s ago", told["jobs on one, 8"])
    records = line.results("status")[0]["processes"]
    assert [(one["pid"], one["is_at_work"]) for one in records] == [
        (9, False),
        (7, True),
        (8, False),
    ]


def test_the_last_backup_is_told(line: CommandLine) -> None:
    line.run("store", "upgrade")
    assert line.results("status")[0]["last_backup"] is None
    assert ["last backup", "-"] in line.run("status").columns
    taken_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    made = LastBackup(taken_at=taken_at, place="web-1:/backups/one.tar", size_bytes=4096)
    with line.service.opened_store() as database, database.transaction() as tx:
        tx.backups.record(made)
    told = line.results("status")[0]["last_backup"]
    assert 7200 <= told.pop("seconds_ago") < 7260
    at = f"{taken_at:%Y-%m-%dT%H:%M:%SZ}"
    assert told == {"at": at, "place": "web-1:/backups/one.tar", "size_bytes": 4096}
    assert ["last backup", at, "web-1:/backups/one.tar"] in line.run("status").columns
