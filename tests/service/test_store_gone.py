"""SQLite's file is deleted, replaced or copied while the service runs."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.running_service import Service, document, running, wait_until


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that is not running yet."""
    made = Service(folder=tmp_path / "newsroom")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def store_of(service: Service) -> Path:
    """Where its store is."""
    return service.folder / "data" / "communique.db"


def put(service: Service, token: str, number: int) -> tuple[int, dict[str, object]]:
    """What a PUT of a release is answered with."""
    content = {"title": f"Release {number}", "body": "Words.", "published": "2026-01-05"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        path = f"/api/v1/releases/put-{number}"
        connection.request("PUT", path, body=json.dumps(content), headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def saved(service: Service) -> dict[str, bytes]:
    """The deleted store and its log, from a process that has them open (docs/configuration.md)."""
    [worker, *_] = service.process_ids("jobs")
    found = {}
    for handle in Path(f"/proc/{worker}/fd").iterdir():
        name = handle.readlink().name.removesuffix(" (deleted)")
        if name in ("communique.db", "communique.db-wal"):
            found[name] = handle.read_bytes()
    return found


def serve(service: Service) -> subprocess.CompletedProcess[str]:
    """A start that is refused."""
    return service.run("serve")


def test_nothing_is_acknowledged_into_a_file_that_is_gone(service: Service) -> None:
    with running(service):
        token = service.run("token", "make", "desk", "--action", "publish").stdout.split()[-1]
        assert put(service, token, 1)[0] == 201
        wait_until(lambda: service.titles() == ["Release 1"])
        for name in ("communique.db", "communique.db-wal", "communique.db-shm"):
            store_of(service).with_name(name).unlink()

        for number in (2, 3, 4):
            status, answer = put(service, token, number)
            assert status == 503
            assert "the store is gone" in str(answer["detail"])
        ready = service.get("/readyz")
        assert ready.status == 503
        assert "the store is gone" in ready.body.decode()
        assert service.titles() == ["Release 1"]  # what is in memory is still served
        told = [line for line in service.log.splitlines() if "/api/v1/releases" in line]
        assert len(told) == 1
        assert "was deleted while the store was in use" in told[0]
        assert not store_of(service).exists()  # no process made an empty one
        kept = saved(service)
        service.stop()

    refused = serve(service)
    assert refused.returncode == 1
    assert "is gone: put it back" in refused.stdout + refused.stderr
    for command in (["store", "check"], ["release", "list"], ["store", "upgrade"], ["status"]):
        answered = service.run(*command)
        assert answered.returncode == 1, command
        assert "is gone: put it back" in answered.stdout + answered.stderr, command
    assert not store_of(service).exists()

    for name, content in kept.items():
        store_of(service).with_name(name).write_bytes(content)
    with running(service):
        assert service.titles() == ["Release 1"]
        assert put(service, token, 2)[0] == 201


def test_jobs_that_cannot_use_the_store_say_so_in_a_sentence(service: Service) -> None:
    """They are started again, with growing pauses; each try is a line and no traceback."""
    with running(service):
        store_of(service).unlink()
        [jobs] = service.process_ids("jobs")
        os.kill(jobs, signal.SIGKILL)
        wait_until(lambda: '"cannot work"' in service.log)
        assert "is gone: put it back" in service.log
        assert "Traceback" not in service.log
        assert not store_of(service).exists()


def test_a_copy_of_the_file_alone_has_what_was_stored(service: Service, tmp_path: Path) -> None:
    """After some seconds in which nobody writes, and without the log."""
    with running(service):
        for number in range(300):
            service.drop(f"{number}.txt", document(f"Release {number}", "Finance"))
        wait_until(lambda: len(service.titles()) == 300 or _count(store_of(service)) == 300)
        log = store_of(service).with_name("communique.db-wal")
        wait_until(lambda: log.stat().st_size == 0)
        copy = tmp_path / "copy.db"
        shutil.copyfile(store_of(service), copy)
        assert _count(copy) == 300
        note = store_of(service).with_name("communique.db-note")
        wait_until(lambda: json.loads(note.read_text())["changes"] == 300)


def _count(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM releases").fetchone()[0])
    finally:
        connection.close()
