"""Processes that die or freeze under the supervisor: real ones, by a clock that the tests set."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.processes import child_processes
from service.processes.child_processes import (
    FIRST_PAUSE_S,
    FROZEN_AFTER_S,
    LONGEST_PAUSE_S,
    STEADY_AFTER_S,
    UNHEARD_AFTER,
    ChildProcess,
    ForkedProcess,
)
from service.processes.hub import NICENESS
from tests.support.priorities import is_grouped, standing_back
from tests.support.running_service import ROOT, wait_until
from tests.support.set_clock import Clock

#: A process whose only work is to live.
LIVES = """
import socket, sys, time
from service.processes.background import beating
from service.processes.supervisor_line import SupervisorLine
from service.liveness import Liveness
with beating(SupervisorLine(socket.socket(fileno=int(sys.argv[1]))), Liveness()):
    time.sleep(600)
"""

#: One that lives, and whose work stands still.
STANDS_STILL = """
import socket, sys, time
from service.processes.background import beating
from service.processes.supervisor_line import SupervisorLine
from service.liveness import Liveness
liveness = Liveness(monotonic=iter([0.0, *[10_000.0] * 1000]).__next__)
liveness.part("editions")
with beating(SupervisorLine(socket.socket(fileno=int(sys.argv[1]))), liveness):
    time.sleep(600)
"""


#: One that gives way to others, as the hub does, and takes its time to stop.
STANDS_BACK = """
import signal, time
from service.processes.hub import _lower_priority
signal.signal(signal.SIGTERM, lambda *_: None)
_lower_priority()
time.sleep(600)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spawn(program: str) -> ForkedProcess:
    """A process that shares nothing with this one, which has threads, but the line."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    call = [sys.executable, "-c", program, str(theirs.fileno())]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    pid = os.posix_spawn(sys.executable, call, environ, setsid=True)
    theirs.close()
    return ForkedProcess(pid, ours)


@pytest.fixture
def begin(clock: Clock) -> Iterator[Callable[[str], ChildProcess]]:
    """Starts a program under a supervisor's eyes."""
    with ExitStack() as ends:

        def start(program: str) -> ChildProcess:
            child = ChildProcess("jobs", partial(spawn, program), monotonic=clock)
            ends.callback(child.stop)
            return child

        yield start


def look_for(child: ChildProcess, clock: Clock, seconds: float) -> None:
    """Let time pass, looking all the while."""
    for _ in range(round(seconds)):
        clock.now_s += 1
        child.check()


def wait_until_heard(child: ChildProcess) -> None:
    """Wait for the next sign of life, as real time goes."""
    wait_until(child._process.has_sent_heartbeat)


def wait_until_dead(child: ChildProcess) -> None:
    wait_until(lambda: not child.is_running)


def look_until_dead(child: ChildProcess, clock: Clock, seconds: float) -> None:
    """Let time pass in which it is killed. Nobody looks at a dead one, who would replace it."""
    for _ in range(round(seconds)):
        if child.is_running:
            clock.now_s += 1
            child.check()
    wait_until_dead(child)


def test_a_process_that_is_stopped_is_killed_and_started_anew(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    child = begin(LIVES)
    wait_until_heard(child)
    os.kill(child.pid, signal.SIGSTOP)
    frozen = child.pid
    look_for(child, clock, FROZEN_AFTER_S - 1)
    assert child.is_running
    look_until_dead(child, clock, 3)
    look_for(child, clock, FIRST_PAUSE_S + 1)
    assert child.pid != frozen
    wait_until_heard(child)


def test_one_whose_work_stands_still_gives_no_sign_of_life(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    child = begin(STANDS_STILL)
    look_for(child, clock, FROZEN_AFTER_S - 1)
    assert child.is_running
    look_until_dead(child, clock, 3)


def test_one_that_freezes_again_when_it_was_replaced_is_unheard(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    """So the watchdog is not fed, and the service manager starts the whole service anew."""
    child = begin(STANDS_STILL)
    for _ in range(UNHEARD_AFTER):
        assert child.is_heard
        look_until_dead(child, clock, FROZEN_AFTER_S + 1)
        look_for(child, clock, 2 * FIRST_PAUSE_S)
    assert not child.is_heard


def test_one_that_is_heard_again_and_one_that_only_dies_are_not_unheard(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    child = begin(LIVES)
    os.kill(child.pid, signal.SIGSTOP)
    look_until_dead(child, clock, FROZEN_AFTER_S + 1)
    look_for(child, clock, FIRST_PAUSE_S + 1)
    wait_until(lambda: _has_sent_heartbeat(child))
    look_for(child, clock, FROZEN_AFTER_S / 2)
    assert child.is_heard
    mortal = begin("")
    pauses(mortal, clock, 8)
    assert clock.now_s > UNHEARD_AFTER * FROZEN_AFTER_S
    assert mortal.is_heard


def test_one_that_lives_is_left_alone(begin: Callable[[str], ChildProcess], clock: Clock) -> None:
    child = begin(LIVES)
    before = child.pid
    for _ in range(3):
        wait_until_heard(child)
        look_for(child, clock, FROZEN_AFTER_S / 2)
        wait_until(lambda: _has_sent_heartbeat(child))
    assert child.pid == before
    assert child.is_running


def _has_sent_heartbeat(child: ChildProcess) -> bool:
    child.check()
    return child._silent_s == 0


def test_time_in_which_the_supervisor_stood_still_itself_does_not_count(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    child = begin("import time; time.sleep(600)")
    clock.now_s += 100 * FROZEN_AFTER_S
    child.check()
    time.sleep(0.3)  # as long as a signal takes
    assert child.is_running
    look_until_dead(child, clock, FROZEN_AFTER_S)


def pauses(child: ChildProcess, clock: Clock, deaths: int) -> list[float]:
    """How long after each death the next process was started."""
    seen = []
    for _ in range(deaths):
        wait_until_dead(child)
        died_at, dead = clock.now_s, child.pid
        child.check()
        while child.pid == dead:
            clock.now_s += 0.5
            child.check()
        seen.append(clock.now_s - died_at)
    return seen


def test_one_that_dies_again_and_again_is_started_with_growing_pauses(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    child = begin("raise SystemExit(3)")
    longest = LONGEST_PAUSE_S
    assert pauses(child, clock, 9) == [0, FIRST_PAUSE_S, 2, 4, 8, 16, 32, longest, longest]
    clock.now_s += STEADY_AFTER_S
    assert pauses(child, clock, 3) == [0, FIRST_PAUSE_S, 2]


def test_each_death_is_told_once(
    begin: Callable[[str], ChildProcess], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, object]] = []

    class Log:
        def error(self, event: str, **about: object) -> None:
            told.append((event, about["exit"]))

    monkeypatch.setattr(child_processes, "_log", Log())
    child = begin("raise SystemExit(3)")
    for _ in range(2):
        wait_until_dead(child)
        for _ in range(5):
            child.check()
    assert told == [("process died", 3)] * 2


def test_what_a_frozen_process_started_goes_with_it(
    begin: Callable[[str], ChildProcess], clock: Clock
) -> None:
    """Workers that went on would keep the port, and nobody would look after them."""
    child = begin(
        "import subprocess, sys, time\n"
        "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "import os; os.write(int(sys.argv[1]), b'.')\n"
        "time.sleep(600)\n"
    )
    wait_until_heard(child)
    [worker] = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    look_until_dead(child, clock, FROZEN_AFTER_S + 2)
    wait_until(lambda: _is_gone(worker))


def _is_gone(process_id: str) -> bool:
    """A zombie is gone, too: nobody may be there to reap it."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_one_that_stands_back_is_not_held_up_when_it_is_to_stop(
    begin: Callable[[str], ChildProcess],
) -> None:
    """On a busy machine it would wait for seconds until it could end."""
    if not is_grouped() and os.geteuid():
        pytest.skip("a user cannot take back the niceness of a process")
    child = begin(STANDS_BACK)
    wait_until(lambda: standing_back(child.pid) == NICENESS)
    child.ask_to_stop()
    assert standing_back(child.pid) == 0
    os.kill(child.pid, signal.SIGKILL)


def test_a_stop_says_which_process_it_waits_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child_processes, "USUALLY_STOPS_WITHIN_S", 0.05)
    monkeypatch.setattr(child_processes, "STOP_WITHIN_S", 0.2)
    deaf = "import signal, sys, socket, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    tell = "socket.socket(fileno=int(sys.argv[1])).send(b'.')\ntime.sleep(600)"
    child = ChildProcess("jobs", partial(spawn, deaf + tell))
    wait_until_heard(child)
    caplog.set_level(logging.INFO)
    child.stop()
    assert not child.is_running
    said: list[Any] = [record.msg for record in caplog.records]  # as structlog has it
    assert [(each["event"], each["pid"]) for each in said] == [
        ("waiting for a process to stop", child.pid),
        ("process did not stop, killed", child.pid),
    ]
    assert said[0]["process"] == "jobs"
