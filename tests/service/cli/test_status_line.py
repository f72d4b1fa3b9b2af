"""``communique status`` asks the running service, and gets what it would read from the store."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from feeds.model.listing import ProcessState
from service.cli import status
from service.processes import status_line
from service.processes.status import answer_status
from service.processes.status_line import Answer, StatusLine
from service.settings import load
from service.wiring import build_application
from tests.support.command_line import CommandLine
from tests.support.running_service import ROOT


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A memory of the test's own, so that no socket of another test is there."""
    # A socket's path has about a hundred bytes: pytest's folders are longer.
    with TemporaryDirectory() as folder:
        monkeypatch.setattr(status_line, "_MEMORY", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder) / f"communique-status-{os.geteuid()}"


@pytest.fixture
def stored(line: CommandLine, seed: Path) -> CommandLine:
    """With a release, and with a process that worked and one that does not any more."""
    line.run("release", "add", str(seed))
    now = datetime.now(UTC)
    works = ProcessState(
        worker="a", role="jobs", host="one", pid=7, started_at=now - timedelta(hours=1),
        worked_at=now, did="published editions of feeds: 3", did_at=now - timedelta(minutes=5),
    )  # fmt: skip
    with line.service.opened_store() as database, database.transaction() as tx:
        tx.processes.record(works)
    return line


@contextmanager
def answering(line: CommandLine, answer: Answer | None = None) -> Iterator[None]:
    """The service's part of the line, over the same store."""
    settings = load(line.service.main, environ={})
    with line.service.opened_store() as database:
        application = build_application(settings, database)
        served = StatusLine(
            line.service.main, answer or (lambda question: answer_status(question, application))
        )
        served.start()
        try:
            yield
        finally:
            served.stop()


Refuse = Callable[[], None]


@pytest.fixture
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """From when it is called on, the command fails if it reads the store itself."""

    def refuse() -> None:
        def fail(_call: object) -> None:
            raise AssertionError("the command reads the store")

        monkeypatch.setattr(status, "_read", fail)

    return refuse


#: Options, as of a call that has other settings than the service.
CALLS = ((), ("--json",), ("--set", "site.title=Another"), ("--json", "--set", "hubs=[]"))


def test_the_service_says_what_the_store_says(
    stored: CommandLine, nothing_is_read: Refuse, memory: Path
) -> None:
    """In words and as JSON, also to a call that overrides settings; with the same exit code."""
    read = [stored.run("status", *options) for options in CALLS]
    nothing_is_read()
    with answering(stored):
        told = [stored.run("status", *options) for options in CALLS]
    for one, other in zip(read, told, strict=True):
        texts = [re.sub(r"\d+ s\b|_s(econds_ago)?\": \d+", "*", each.out) for each in (one, other)]
        assert texts[0] == texts[1]
        assert (one.code, one.talk) == (other.code, other.talk)
    assert not memory.exists(), "nothing is left"


def test_ages_count_up_to_the_moment_of_asking(
    stored: CommandLine, nothing_is_read: Refuse
) -> None:
    """Nothing is kept: a process that has just stopped is late in the next answer."""
    nothing_is_read()
    with answering(stored):
        [record] = stored.run("--json", "status").records
        [process] = record["processes"]
        assert process["is_at_work"]
        with stored.service.opened_store() as database, database.transaction() as tx:
            [state] = tx.processes.listed()
            hour_ago = datetime.now(UTC) - timedelta(hours=1)
            tx.processes.record(
                ProcessState(
                    **{
                        name: getattr(state, name)
                        for name in ("worker", "role", "host", "pid", "started_at")
                    },
                    worked_at=hour_ago, did=None, did_at=None,
                )
            )  # fmt: skip
        answer = stored.run("--json", "status")
    assert answer.code == 1
    [process] = answer.records[0]["processes"]
    assert not process["is_at_work"]
    assert 3_600 <= process["worked_seconds_ago"] < 3_660


def test_who_does_not_answer_is_not_waited_for(
    stored: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is frozen; the state is read from the store then."""
    monkeypatch.setattr(status_line, "ANSWER_WITHIN_S", 0.2)
    with answering(stored, lambda _question: time.sleep(2)):
        assert stored.results("status")[0]["releases"]["total"] == 1


def _of_another_folder(question: status_line.Question) -> dict[str, object]:
    raise AssertionError(question)


def test_only_this_program_is_asked_for_this_configuration(
    stored: CommandLine, monkeypatch: pytest.MonkeyPatch, memory: Path
) -> None:
    """Not one that ran before an upgrade, nor one that is found by chance under the same name."""
    with answering(stored, _of_another_folder):
        monkeypatch.setattr(status_line, "_name", lambda _config: "same")
        elsewhere = stored.service.folder / "elsewhere.yaml"
        elsewhere.write_text(stored.service.main.read_text(encoding="utf-8"), encoding="utf-8")
    served = StatusLine(elsewhere, _of_another_folder)
    served.start()
    assert len(list(memory.iterdir())) == 1
    assert stored.results("status")[0]["releases"]["total"] == 1
    served.stop()


def test_another_store_is_none_of_its_business(stored: CommandLine) -> None:
    with answering(stored):
        folder = stored.service.folder / "other"
        answer = stored.run("status", "--set", f"data_folder={folder}")
    assert answer.code == 1
    assert "there is no store at" in answer.talk


def test_a_configuration_with_faults_has_them_told(stored: CommandLine) -> None:
    with answering(stored):
        answer = stored.run("status", "--set", "http.port=none")
    assert (answer.code, answer.out) == (1, "")
    assert "http.port" in answer.talk


def test_sockets_of_the_dead_are_removed_and_those_of_others_not_asked(
    stored: CommandLine, nothing_is_read: Refuse, memory: Path
) -> None:
    memory.mkdir(mode=0o700)
    dead = memory / f"{status_line._name(str(stored.service.main))}-1"
    with socket.socket(socket.AF_UNIX) as former:
        former.bind(str(dead))
    assert stored.results("status")[0]["releases"]["total"] == 1
    with answering(stored):
        assert not dead.exists()
        memory.chmod(0o755)
        assert stored.results("status")[0]["releases"]["total"] == 1
        memory.chmod(0o700)
        nothing_is_read()
        assert stored.results("status")[0]["releases"]["total"] == 1


def test_neither_settings_nor_database_code_is_loaded(stored: CommandLine, memory: Path) -> None:
    """They would take ten times as long as the answer."""
    command = [sys.executable, "-X", "importtime", "-c", _ASK, str(memory.parent)]
    with answering(stored):
        arguments = ["--config", str(stored.service.main), "--json", "status"]
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert json.loads(done.stdout)["releases"]["total"] == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    heavy = {"sqlalchemy", "yaml", "flask", "http.client", "service.settings", "feeds.store"}
    assert loaded & heavy == set()


#: With the memory of the test.
_ASK = """
import sys
from service.processes import status_line
status_line._MEMORY = sys.argv.pop(1)
from service.__main__ import main
main()
"""
