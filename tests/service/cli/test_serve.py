"""``communique serve``; what it serves is tested in ``tests/service/test_serving.py``."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import fork_server
from tests.support.running_service import Service, wait_until


@contextmanager
def serving(
    service: Service, *arguments: str
) -> Iterator[subprocess.Popen[bytes] | fork_server.Process]:
    """``communique serve`` from when it says that it watches its folders."""
    process = service.begin(*arguments)
    try:
        wait_until(lambda: "watching for documents" in service.log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_half_of_it_can_be_run_alone(service: Service) -> None:
    with serving(service, "--only", "jobs"):
        wait_until(lambda: service.process_ids("jobs"))
        assert not service.process_ids("web")


def test_what_stands_behind_the_command_counts(service: Service) -> None:
    service.write_main({"log": {"format": "text"}})
    address = "https://set.example.org"
    with serving(service, "--only", "jobs", "--json", "--set", f"site.base_url={address}"):
        pass
    events = [json.loads(line) for line in service.log.splitlines()]
    assert address in [event.get("site") for event in events if event["event"] == "serving"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_it_ends_in_order_when_told_to(service: Service, number: signal.Signals) -> None:
    with serving(service, "--only", "jobs") as process:
        process.send_signal(number)
        assert process.wait(30) == 0
        assert not service.process_ids()


def test_a_data_folder_that_cannot_be_made_is_told_in_a_sentence(service: Service) -> None:
    """Here by a file that stands in its place. What cannot be written is served: test_disk."""
    (service.folder / "file").touch()
    ran = service.run("serve", "--set", f"data_folder={service.folder / 'file'}")
    assert ran.returncode == 1
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said
    assert json.loads(said.splitlines()[-1])["reason"].startswith("cannot create /")


def test_who_has_a_lock_need_not_be_written_down(service: Service) -> None:
    """On a full disk it cannot be: ``/dev/full`` answers every write as one does."""
    run = service.folder / "data" / "run"
    run.mkdir(parents=True)
    (run / "jobs.pid").symlink_to("/dev/full")
    with serving(service, "--only", "jobs"):
        wait_until(lambda: service.process_ids("jobs"))


def test_a_port_that_is_taken_is_code_1(service: Service) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", service.port))
        other.listen()
        ran = service.run("serve")
    assert ran.returncode == 1
    assert "--set http.port" in ran.stderr
