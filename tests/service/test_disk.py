"""A disk that takes nothing: the service starts, serves what there is, and works when it can.

Here it is the run folder that cannot be made, and the index that SQLite needs: also root cannot.
"""

import json
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from service.stores import known_memory_folder
from tests.support.running_service import Service, document, running, wait_until
from tests.support.small_disk import SmallDisk, small_disk


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that has published a release, and does not run any more."""
    made = Service(folder=tmp_path / "newsroom")
    with running(made):
        made.drop("1.txt", document("Release 1", "Finance"))
        wait_until(lambda: made.titles() == ["Release 1"])
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def block(service: Service) -> list[Path]:
    """Take away what the service writes; returns what is in the way."""
    data = service.folder / "data"
    for path in (data / "run").iterdir():
        path.unlink()
    (data / "run").rmdir()
    blocks = [data / "run", data / "communique.db-shm"]
    for path in blocks:
        path.symlink_to(data / "nowhere" / "at-all")
    return blocks


def put(service: Service, token: str) -> tuple[int, str]:
    """What a PUT of a release is answered with."""
    content = json.dumps({"title": "Release 2", "body": "Words.", "published": "2026-01-05"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request("PUT", "/api/v1/releases/2", body=content, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def events(service: Service, name: str) -> list[dict[str, object]]:
    """What the log has under this name."""
    records = [json.loads(line) for line in service.log.splitlines()]
    return [record for record in records if record["event"] == name]


def test_what_is_stored_is_served_and_the_rest_is_told_once(service: Service) -> None:
    token = service.run("token", "make", "desk", "--action", "publish").stdout.split()[-1]
    blocks = block(service)
    service.begin()
    wait_until(lambda: (service.folder / "log").exists() and '"serving"' in service.log)
    assert service.titles() == ["Release 1"]
    assert service.get("/", Accept="text/html").status == 200
    assert put(service, token)[0] == 503
    wait_until(lambda: events(service, "cannot work"))
    ready = service.get("/readyz").body.decode()
    assert "jobs: start failing since" in ready
    assert "web: write requests failing since" in ready
    assert "jobs: start failing since" in service.run("status").stdout
    numbers = service.get("/metrics").body.decode()
    assert 'communique_failing_since_timestamp_seconds{role="jobs",work="start"}' in numbers
    assert "Traceback" not in service.log

    for path in blocks:
        path.unlink()
    wait_until(lambda: events(service, "works again"))
    assert put(service, token)[0] == 201
    wait_until(lambda: "Release 2" in service.titles())
    wait_until(lambda: "failing" not in service.get("/readyz").body.decode())
    counts = [len(events(service, name)) for name in ("disk cannot be written", "cannot work")]
    assert counts == [1, 1]
    assert service.stop() == 0
    assert known_memory_folder(service.folder / "data") is None


@pytest.fixture
def room() -> Iterator[SmallDisk]:
    """A disk of its own, which has room at first."""
    with small_disk("64m") as disk:
        yield disk


#: An hour after the first: two of one moment stand in the order of their ids.
LATER = "2026-01-05T10:00:00+00:00"


def test_a_backup_and_a_restore_find_the_disk_full(room: SmallDisk) -> None:
    """One line each, nothing half made, and the service that runs on that disk has lost nothing."""
    service = Service(folder=room.folder / "newsroom")
    backups, place = room.folder / "backups", room.folder / "newsroom-2"
    backups.mkdir()
    with running(service):
        service.drop("1.txt", document("Release 1", "Finance"))
        wait_until(lambda: service.titles() == ["Release 1"])
        room.leave_kib(200)
        failed = service.run("store", "backup", str(backups))
        _check_full(failed)
        assert list(backups.iterdir()) == []
        assert service.titles() == ["Release 1"]
        service.drop("2.txt", document("Release 2", "Finance", published=LATER))
        room.resize("64m")
        wait_until(lambda: service.titles() == ["Release 2", "Release 1"])
        made = service.run("store", "backup", str(backups))
        assert made.returncode == 0, made.stderr
        assert "Traceback" not in service.log
    [backup] = backups.iterdir()

    other = Service(folder=place)
    room.leave_kib(200)
    _check_full(other.run("store", "restore", str(backup)))
    assert not list((place / "data").glob("*communique*"))
    room.resize("64m")
    restored = other.run("store", "restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    with running(other):
        assert other.titles() == ["Release 2", "Release 1"]


def _check_full(failed: subprocess.CompletedProcess[str]) -> None:
    """One sentence, after the line that names the store."""
    assert (failed.returncode, failed.stdout) == (1, "")
    said = [line for line in failed.stderr.splitlines() if not line.startswith("store: ")]
    assert len(said) == 1, failed.stderr
    assert said[0].startswith("communique: ")
    assert "full" in said[0]
