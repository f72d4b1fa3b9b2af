"""Processes of the service that are forked from one which has imported it, as in service.

To begin anew takes each of them two seconds. They are not forked from the process that measures: it
has stores open, and threads. It has another one forked from it before, which waits for orders.
"""

import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import TimeoutExpired
from typing import NoReturn, Protocol

from bench import cores
from service.processes import hub, web
from service.processes.active_configuration import ProcessStart

#: What each of them does over an active configuration. Returns the exit code.
MAINS: Mapping[str, Callable[[Path], int]] = {
    "service.processes.web": web.main,
    "service.processes.hub": lambda path: hub.main(ProcessStart.unsupervised(path)),
}


class Process(Protocol):
    """A process that somebody else started; `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None:
        """Something when it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class ForkedProcess:
    """A process that is no child of this one. How it ended is not known here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """0 when it has ended."""
        return None if self._signal(0) else 0

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._signal(0):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.01)
        return 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Send a signal, or none. Whether there is such a process."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


#: To the process that forks, where there is one.
_orders: socket.socket | None = None


def from_here() -> None:
    """From now on processes are forked from what this one is now: no thread, nothing open."""
    global _orders  # noqa: PLW0603  # of this process alone
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        _obey(theirs)
    theirs.close()
    _orders = ours


def can_start(module: str) -> bool:
    """Whether `start` would."""
    return _orders is not None and module in MAINS


def start(module: str, configuration: Path, *, core: int) -> ForkedProcess:
    """Start one of `MAINS` in a session of its own, as the supervisor does; on one core."""
    assert _orders is not None
    _orders.send(json.dumps([module, str(configuration), core]).encode())
    return ForkedProcess(int(_orders.recv(100)))


def _obey(orders: socket.socket) -> NoReturn:
    # Whoever awaits the end of the process that measures, at a pipe, must not await these too.
    os.closerange(3, orders.fileno())
    os.closerange(orders.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when nobody gives orders any more
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for children
    while order := orders.recv(10_000):
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, before)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            orders.close()
            _become(*json.loads(order))
        orders.send(str(pid).encode())
    os._exit(0)


def _become(module: str, configuration: str, core: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        cores.keep_to({core})
        code = MAINS[module](Path(configuration))
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
