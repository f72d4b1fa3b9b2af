"""What systemd is told: over a real socket, by a real service."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.processes.service_manager import ServiceManager
from tests.support.running_service import ROOT, Service
from tests.support.set_clock import Clock

#: The watchdog's limit for a test; the service looks after its processes every second.
WATCHDOG_S = 2.0


class Manager:
    """A service manager's socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(20)

    def told(self) -> dict[str, str]:
        """The next message."""
        lines = self._socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def told_but_feedings(self) -> dict[str, str]:
        """The next message about something else than the watchdog."""
        while (message := self.told()) == {"WATCHDOG": "1"}:
            pass
        return message

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def address() -> Iterator[str]:
    with TemporaryDirectory() as folder:  # pytest's folders have names too long for a socket
        yield f"{folder}/notify"


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    yield manager
    manager.close()


@pytest.fixture
def service(tmp_path: Path, address: str, manager: Manager) -> Iterator[Service]:
    """A service that its manager has just started."""
    service = Service(folder=tmp_path)
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    with (tmp_path / "log").open("wb") as log:
        service.process = subprocess.Popen(
            service.command("serve", "--only", "web"),
            cwd=ROOT, env={**os.environ, **environ}, stdout=log, stderr=log,
        )  # fmt: skip
    yield service
    if service.process.poll() is None:
        service.stop()


def test_systemd_is_told_what_the_service_does(service: Service, manager: Manager) -> None:
    """Type=notify with a watchdog, and the reload of Type=notify-reload."""
    assert service.process is not None
    assert manager.told() == {"STATUS": "preparing the store"}
    ready = manager.told()
    assert ready == {"READY": "1", "STATUS": f"serving {service.base_url} (web)"}
    assert service.get("/livez").status == 200  # when it says so, it is so
    fed_at = []
    for _ in range(3):
        assert manager.told() == {"WATCHDOG": "1"}
        fed_at.append(time.monotonic())
    assert fed_at[2] - fed_at[0] < 2 * WATCHDOG_S

    before_us = time.monotonic_ns() // 1000
    service.process.send_signal(signal.SIGHUP)
    reloading = manager.told_but_feedings()
    assert reloading["RELOADING"] == "1"
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.told_but_feedings() == ready

    service.main.write_text("site: none", encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)
    assert manager.told_but_feedings()["RELOADING"] == "1"
    assert "in the new configuration" in manager.told_but_feedings()["STATUS"]

    assert service.stop() == 0
    assert manager.told_but_feedings() == {"STOPPING": "1", "STATUS": "stopping"}


def test_a_name_with_an_at_is_in_the_abstract_namespace() -> None:
    """As containers and user managers have it."""
    name = f"@communique-test-{os.getpid()}"
    manager = Manager(name)
    ServiceManager({"NOTIFY_SOCKET": name}).starting("waiting")
    assert manager.told() == {"STATUS": "waiting"}
    manager.close()


def test_the_watchdog_is_fed_twice_within_its_time(address: str, manager: Manager) -> None:
    clock = Clock()
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"}
    fed = ServiceManager(environ, monotonic=clock)
    assert environ == {}  # no child process may pass for this one
    for passed_s, is_due in ((0, True), (29, False), (1, True), (1, False)):
        clock.passes(passed_s)
        fed.feed_watchdog()
        fed.starting("a mark")
        assert manager.told() == ({"WATCHDOG": "1"} if is_due else {"STATUS": "a mark"})
        if is_due:
            manager.told()


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"},
     {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}],
)  # fmt: skip
def test_nobody_else_is_fed(environ: dict[str, str], address: str, manager: Manager) -> None:
    """Such as the watchdog of a parent, whose variables were inherited."""
    started = ServiceManager({**environ, "NOTIFY_SOCKET": address})
    started.feed_watchdog()
    started.stopping()
    assert manager.told()["STOPPING"] == "1"


def test_without_a_manager_nothing_happens_and_a_lost_one_is_logged_once(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    ServiceManager({}).ready("serving")
    assert caplog.messages == []
    lost = ServiceManager({"NOTIFY_SOCKET": address})
    lost.ready("serving")
    lost.stopping()
    [line] = caplog.messages
    assert "service manager not reached" in line
