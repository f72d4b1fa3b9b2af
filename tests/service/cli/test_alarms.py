"""``communique alarms``: what is wrong, who was told, and whether they can be."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.model.listing import ProcessState
from tests.support.command_line import CommandLine
from tests.support.mail_server import MailServer, running_mail_server
from tests.support.running_service import Service
from tests.support.webhook_server import WebhookServer, running_webhook


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[WebhookServer]:
    with running_webhook() as hook:
        yield hook


@pytest.fixture
def told(service: Service, mail: MailServer, hook: WebhookServer) -> Path:
    """Configure all channels; returns the file that the command writes."""
    target = service.folder / "told"
    (service.folder / "webhook_secret").write_text("a secret\n", encoding="utf-8")
    service.write_main(
        {
            "alarms": {
                "mail": {
                    "to": ["ops@example.org"],
                    "sender": "news@example.org",
                    "host": "localhost",
                    "port": mail.port,
                    "security": "none",
                },
                "webhook": {"url": hook.url, "secret_file": "webhook_secret"},
                "command": {"argv": ["sh", "-c", f"cat >> {target}; echo >> {target}"]},
            }
        }
    )
    return target


def test_a_test_goes_through_every_channel_and_tells_the_outcome_of_each(
    line: CommandLine, told: Path, mail: MailServer, hook: WebhookServer
) -> None:
    line.run("store", "upgrade")
    answer = line.run("alarms", "test")
    assert answer.code == 0, answer
    assert answer.columns == [
        ["mail", "sent", "250 accepted"],
        ["webhook", "sent", "204 No Content"],
        ["command", "sent", "exit code 0"],
    ]
    assert mail.mails[0]["Subject"] == "[Test newsroom] test of alarms"
    assert json.loads(hook.bodies[0])["is_test"] is True
    assert told.read_bytes().strip() == hook.bodies[0]
    hook.status = 500
    answer = line.run("--json", "alarms", "test")
    assert answer.code == 1
    assert [(one["channel"], one["sent"]) for one in answer.records] == [
        ("mail", True),
        ("webhook", False),
        ("command", True),
    ]
    assert line.run("alarms").columns == []  # a test is no alarm


def test_a_test_without_channels_fails(line: CommandLine) -> None:
    line.run("store", "upgrade")
    answer = line.run("alarms", "test")
    assert answer.code == 1
    assert answer.talk.startswith("communique: no channel is configured: set alarms.mail")


def test_a_refused_document_is_told_once_listed_and_named_here_alone(
    line: CommandLine, told: Path, mail: MailServer, hook: WebhookServer
) -> None:
    line.run("release", "add", "-", typed=b"A title alone")
    for _ in range(2):
        line.run("alarms", "check")
    assert len(mail.mails) == len(hook.bodies) == len(told.read_bytes().splitlines()) == 1
    [alarm] = json.loads(hook.bodies[0])["alarms"]
    assert (alarm["kind"], alarm["event"]) == ("document_refused", "begun")
    shown = line.run("alarms")
    [row, detail, *channels] = shown.columns
    assert row[:2] == ["open", "document_refused"]
    assert detail[:3] == ["detail", "document_refused", "-"]
    assert detail[3].startswith("-:1: published: ")
    assert [(one[0], one[1]) for one in channels] == [
        ("channel", "command"),
        ("channel", "mail"),
        ("channel", "webhook"),
    ]
    record, *states = line.results("alarms")
    assert (record["is_open"], record["over_at"]) == (True, None)
    assert {one["is_failing"] for one in states} == {False}
    status = line.results("status")[0]["alarms"]
    assert status["open"] == 1


def test_a_channel_that_fails_is_shown_by_status(line: CommandLine, told: Path) -> None:
    told.mkdir()
    line.run("release", "add", "-", typed=b"A title alone")
    assert line.run("alarms", "check").code == 1
    [row] = [columns for columns in line.run("status").columns if columns[0] == "channel"]
    assert row[1].startswith("command failing since ")
    [alarms] = [columns for columns in line.run("status").columns if columns[0] == "alarms"]
    assert alarms[1:] == ["1 open", "(communique alarms)"]
    failing = [one for one in line.results("alarms") if one.get("is_failing")]
    assert [one["channel"] for one in failing] == ["command"]
    assert line.run("alarms").code == 0


def test_status_says_first_whether_the_service_runs_and_fails_when_something_is_late(
    line: CommandLine, seed: Path
) -> None:
    line.run("store", "upgrade")
    first = line.run("status")
    assert (first.code, first.columns[0][0]) == (0, "service")
    assert first.columns[0][1].startswith("does not run, and never worked on this store")
    now = datetime.now(UTC)
    jobs = ProcessState(
        worker="a",
        role="jobs",
        host="one",
        pid=7,
        started_at=now - timedelta(hours=1),
        worked_at=now - timedelta(minutes=5),
        did=None,
        did_at=None,
    )
    with line.service.opened_store() as database, database.transaction() as tx:
        tx.processes.record(jobs)
    answer = line.run("status")
    assert answer.code == 1
    assert answer.columns[0][1].startswith("does not run: last worked at ")
    [late] = [columns for columns in answer.columns if columns[0] == "late"]
    assert late[1].startswith("no jobs process has worked for 30")
    line.run("release", "add", str(seed))
    answer = line.run("--json", "status")
    [record] = answer.records
    assert (answer.code, record["service"]["runs"]) == (1, False)
    assert record["waiting"]["stale_feed"] == "all"
    assert len(record["late"]) == 1
    line.service.write_main({"alarms": {"late_minutes": 0.0001}})
    [record] = line.run("--json", "status").records
    assert [one.partition(" for ")[0] for one in record["late"]] == [
        "no jobs process has worked",
        "feed 'all' has been stale",
    ]
