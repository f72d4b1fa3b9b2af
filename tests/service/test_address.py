"""A service that was killed may still be letting go of its address; anybody else has it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from service.processes.listening import AddressTaken, ListeningAddress
from tests.support.running_service import ROOT, Service, free_port

HOST = "127.0.0.1"
#: A process of a service, which listens, and goes a moment after it was told to.
LISTENS = """
import socket, sys, time
from pathlib import Path
from service.processes.listening import ListeningAddress

data, port, roles = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split("+")
address = ListeningAddress("127.0.0.1", port, data_folder=data)
for role in filter(None, roles):
    getattr(address, role).acquire()
listener = socket.create_server(("127.0.0.1", port))
print("listening", flush=True)
sys.stdin.read()
time.sleep(0.5)
"""


@contextmanager
def listening(data: Path, port: int, roles: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", LISTENS, str(data), str(port), roles]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield process
        process.kill()


class Pauses:
    """Counts the looks, and tells the process to go at the first one."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.count = 0
        self._process = process

    def __call__(self, _seconds: float) -> bool:
        self.count += 1
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.05)
        return False


def test_the_web_of_a_killed_service_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    with listening(tmp_path, port, "web") as process:
        pauses = Pauses(process)
        address = ListeningAddress(HOST, port, data_folder=tmp_path)
        bound = address.bind(within_s=20, pause=pauses)
        assert bound is not None
        bound.close()
        assert pauses.count > 1
        assert process.wait() == 0


@pytest.mark.parametrize("roles", ["", "web+supervisor"], ids=["foreign", "alive"])
def test_whoever_else_has_it_is_told_at_once(tmp_path: Path, roles: str) -> None:
    port = free_port()
    with listening(tmp_path, port, roles) as process:
        pauses = Pauses(process)
        with pytest.raises(AddressTaken, match=r"cannot listen on 127\.0\.0\.1:"):
            ListeningAddress(HOST, port, data_folder=tmp_path).bind(within_s=20, pause=pauses)
        assert pauses.count == 0


def test_another_folders_service_is_foreign(tmp_path: Path) -> None:
    port = free_port()
    with listening(tmp_path / "theirs", port, "web") as process:
        pauses = Pauses(process)
        with pytest.raises(AddressTaken):
            ListeningAddress(HOST, port, data_folder=tmp_path).bind(within_s=20, pause=pauses)
        assert pauses.count == 0


def test_who_does_not_let_go_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    port = free_port()
    with listening(tmp_path, port, "web"), pytest.raises(AddressTaken):
        ListeningAddress(HOST, port, data_folder=tmp_path).bind(within_s=0.3, pause=lambda _: False)


def test_a_service_that_was_killed_while_somebody_reads_slowly_starts_again(
    tmp_path: Path,
) -> None:
    service = Service(folder=tmp_path)
    service.start()
    slow = slow_reader(service)
    try:
        assert service.process is not None
        service.process.kill()
        service.process.wait()
        service.start()
        assert "cannot listen" not in service.log
    finally:
        slow.close()
        assert service.stop() == 0


def slow_reader(service: Service) -> socket.socket:
    """Somebody who asks for far more than the line holds, and takes nothing of it."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((HOST, service.port))
    slow.settimeout(0.5)
    with suppress(TimeoutError):  # the service takes no more before its answers are taken
        for _ in range(5000):
            slow.sendall(b"GET /feeds/all.atom HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return slow
