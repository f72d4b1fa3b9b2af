"""Starts ``python -m MODULE …`` by a fork of a process that has imported the program already.

To import it takes 1.4 s of processor time, and the suite starts hundreds of processes. One that is
started here is a process like any other, with its own arguments, environment and files, a child of
this one; only its modules were loaded before. Those that begin anew, as an operator begins them,
are started with `subprocess`: where that is what is tested, and wherever `start` cannot.
"""

import atexit
import ctypes
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.support import compiled_pages

ROOT = Path(__file__).parents[2]

#: Room for the arguments of a process that is forked: it cannot have more than it began with.
_ROOM = "." * 4_000

#: Variables that the program reads when it needs them. By others, Python or a library may have
#: begun in another way.
_READ_LATE = ("COMMUNIQUE_", "NEXT_VERSION_", "PYTEST_")

_PR_SET_CHILD_SUBREAPER = 36


class Process:
    """What `subprocess.Popen` is of a process: as much of it as tests need."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with self._lock:
            if self._code is None:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                if ended:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it has ended; TimeoutExpired if that takes longer."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        """Signal it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """``kill -9``."""
        self.send_signal(signal.SIGKILL)


def can_start(command: Sequence[str]) -> bool:
    """Whether `start` would start the same as `subprocess` does."""
    is_module = list(command[:2]) == [sys.executable, "-m"]
    return (
        sys.platform == "linux" and is_module and _fixed_part(os.environ) == _server().environment
    )


def start(command: Sequence[str], *, stdout: int, stderr: int) -> Process:
    """Start ``python -m`` with arguments, in the project's folder, with nothing to read."""
    return Process(_server().fork(command[2:], stdout, stderr))


def _fixed_part(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if not name.startswith(_READ_LATE)}


@cache
def usual_environment() -> Mapping[str, str]:
    """What processes of the suite begin with. To be asked before the first test changes it."""
    return dict(os.environ)


@cache
def _server() -> "_Server":
    return _Server()


class _Server:
    """The process that forks, as long as this one lives."""

    def __init__(self) -> None:
        # Not that of the test which happens to be the first: no other one would have it.
        environment = usual_environment()
        self.environment = _fixed_part(environment)
        self._lock = threading.Lock()
        self._line, other = socket.socketpair()
        with other:
            command = [sys.executable, "-m", __name__, str(other.fileno()), _ROOM]
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[other.fileno()],
                )
            except BaseException:  # such as a skip: --no-processes
                self._line.close()
                raise
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        atexit.register(self._end)

    def fork(self, arguments: Sequence[str], stdout: int, stderr: int) -> int:
        """Have it fork; the process id of what is now a child of this process."""
        with self._lock:
            mask = os.umask(0o077)
            os.umask(mask)
            asked = {"arguments": arguments, "environment": dict(os.environ), "umask": mask}
            # An orphan goes to the next of its forefathers that asks for it.
            self._prctl(_PR_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._line, [json.dumps(asked).encode()], [stdout, stderr])
                return int(self._line.recv(100))
            finally:
                self._prctl(_PR_SET_CHILD_SUBREAPER, 0)

    def _end(self) -> None:
        self._line.close()
        self._process.wait()


def _serve(line: socket.socket) -> list[str] | None:
    """Fork whenever it is asked; in a process that was forked, its arguments."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(line, 1_000_000, 2)
        if not asked:
            return None
        source, sink = os.pipe()
        between = os.fork()
        if not between:
            between = os.getpid()
            pid = os.fork()
            if not pid:
                while os.getppid() == between:
                    time.sleep(0.001)
                return _begin(json.loads(asked), descriptors)
            os.write(sink, str(pid).encode())
            os._exit(0)  # its child is an orphan
        os.waitpid(between, 0)
        line.send(os.read(source, 100))
        for each in (*descriptors, source, sink):
            os.close(each)


def _begin(asked: dict[str, object], descriptors: list[int]) -> list[str]:
    """Become what was asked for, but for its code."""
    arguments, environment, mask = asked["arguments"], asked["environment"], asked["umask"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    assert isinstance(mask, int)
    for number, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    _name([sys.executable, "-m", *arguments])
    return arguments


def _name(arguments: Sequence[str]) -> None:
    """Have ``ps`` and ``/proc`` show these arguments."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    said = b"\0".join(os.fsencode(each) for each in arguments) + b"\0"
    assert len(said) < end - start, "more arguments than _ROOM is for"
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, said, len(said))


def _import_all() -> None:
    for package in ("feeds", "service"):
        path = import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    compiled_pages.share()
    # As a service does at its start: those that are forked from here find them compiled.
    import_module("service.web.app").shared_routes.__wrapped__()
    gc.collect()
    # Or each process that is forked looks through all of it once more at its end: 0.5 s of the
    # 0.65 that a short command took.
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _called = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _called is not None:
        runpy.run_module(_called[0], run_name="__main__", alter_sys=True)
