"""``communique export``: the public site as files."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service.cli.output import plain
from service.processes.locks import export_lock
from tests.support.command_line import CommandLine
from tests.support.newsrooms import COOPERATION


def wait_for_dates() -> None:
    """Pages that changed within one second are dated ahead, and have no date until that comes."""
    time.sleep(3)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "public"


@pytest.fixture
def filled(line: CommandLine, seed: Path) -> CommandLine:
    """A newsroom with one release, published."""
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    return line


def test_each_address_that_changed_is_a_line(filled: CommandLine, target: Path) -> None:
    wait_for_dates()
    answer = filled.run("export", str(target))
    assert answer.code == 0, answer
    assert answer.columns[0] == ["written", "/feeds/all.atom"]
    assert {columns[0] for columns in answer.columns} == {"written"}
    sums, reload = answer.talk.splitlines()
    assert sums.startswith(f"written {len(answer.lines)}  unchanged 0  removed 0")
    assert reload == "nginx must reload its configuration: nginx -t && nginx -s reload"
    again = filled.run("export", str(target))
    assert (again.code, again.out) == (0, "")
    assert again.talk.startswith(f"written 0  unchanged {len(answer.lines)}  ")


def test_a_program_is_told_what_an_upload_needs(filled: CommandLine, target: Path) -> None:
    wait_for_dates()
    *records, last = filled.results("export", str(target))
    assert last["summary"]["written"] == len(records)
    assert last["summary"]["reload"] is True
    for record in records:
        assert {"Content-Type", "Cache-Control", "ETag", "Vary"} <= record["fields"].keys()
        assert record["files"].keys() == {"identity", "gzip", "br", "zstd"}
        assert all((target / name).is_file() for name in record["files"].values())
    *again, last = filled.results("export", str(target), "--unchanged")
    assert [dict(record, result="written") for record in again] == records
    assert last["summary"]["reload"] is False


def test_a_feed_without_an_edition_is_told_and_the_others_are_written(
    line: CommandLine, seed: Path, target: Path
) -> None:
    line.run("release", "add", str(seed))
    line.run("feed", "render", "all")
    answer = line.run("export", str(target))
    assert answer.code == 1
    assert ["failed", "/feeds/finance.atom", "answers 503"] in answer.columns
    assert ["written", "/feeds/all.atom"] in answer.columns
    line.run("feed", "render")
    assert line.run("export", str(target)).code == 0


def test_a_folder_of_somebody_else_is_refused(filled: CommandLine, target: Path) -> None:
    target.mkdir()
    (target / "letters.txt").touch()
    answer = filled.run("export", str(target))
    assert (answer.code, answer.out) == (1, "")
    assert answer.talk.startswith(f"communique: {plain(target)} is not empty")
    assert [path.name for path in target.iterdir()] == ["letters.txt"]


def test_a_folder_of_another_newsroom_is_refused(filled: CommandLine, target: Path) -> None:
    filled.run("export", str(target))
    moved = filled.run("--set", "site.base_url=https://other.example", "export", str(target))
    assert moved.code == 1
    assert "name another folder" in moved.talk
    kept = json.loads((target / "communique-export.json").read_text("utf-8"))
    assert kept["site"] == filled.service.base_url


def test_a_second_export_at_the_same_time_is_refused(filled: CommandLine, target: Path) -> None:
    filled.run("export", str(target))
    with export_lock(target):
        answer = filled.run("export", str(target))
    assert (answer.code, answer.talk) == (1, f"communique: another export works on {target}\n")


def test_a_file_is_no_folder(filled: CommandLine, target: Path) -> None:
    target.touch()
    assert filled.run("export", str(target)).code == 2


def test_pages_that_were_written_before_releases_were_filed_anew_are_written_again(
    filled: CommandLine, target: Path
) -> None:
    """Whoever exports a configuration that the service has not read yet is ahead of it."""
    filled.run("export", str(target))
    _let_finance_claim(filled.service.categories, COOPERATION)
    filled.run("export", str(target))
    _let_an_hour_pass(target)
    assert filled.run("feed", "render").code == 0  # files the release by the new configuration
    wait_for_dates()
    written = [path for _, path, *_ in filled.run("export", str(target)).columns]
    assert any(path.startswith("/releases/") for path in written)
    assert filled.run("export", "--full", str(target)).columns == []


def _let_finance_claim(categories: Path, name: str) -> None:
    before = categories.read_text("utf-8")
    renamed = before.replace(f"title: {name}", "title: Working together")
    named = renamed.replace("title: Finance", f'title: Finance\n    names: ["{name}"]')
    assert named != renamed != before
    categories.write_text(named, encoding="utf-8")


def _let_an_hour_pass(target: Path) -> None:
    """What a run remembers holds for releases that were old when it began."""
    memory = target / "last-run.json"
    if memory.exists():
        said = json.loads(memory.read_text("utf-8"))
        began_at = datetime.fromisoformat(said["began_at"]) + timedelta(hours=1)
        memory.write_text(json.dumps({**said, "began_at": began_at.isoformat()}), encoding="utf-8")
