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
from tests.support.running_service import ROOT, Service, document, running, wait_until


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
    with (service.folder / "log").open("wb") as log:
        service.process = subprocess.Popen(
            service.command("serve"), cwd=ROOT, stdout=log, stderr=log
        )
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
