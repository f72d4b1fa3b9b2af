"""A process that the supervisor forks, and replaces when it dies or freezes."""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from service.logs import get_logger
from service.processes.signals import block_signals, reset_signals, restore_signals

_log = get_logger(__name__)

#: A process that sends no heartbeat for this long is killed. It sends one every second, from a
#: thread that waits for nothing.
FROZEN_AFTER_S = 60.0

#: After this many times that limit, its replacement has not helped either.
UNHEARD_AFTER = 2

#: The time between two checks counts as no more than this: if the whole machine, or this process,
#: stood still, the child is not to blame.
CHECK_COUNTS_S = 1.0

#: A process that died is restarted at once. If it dies again, there is a pause first, so that one
#: that cannot run does not use up the machine: twice as long each time, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

#: After a process that lived this long, the next restart has no pause.
STEADY_AFTER_S = 60.0

#: How long a process may take to finish its work and stop.
STOP_WITHIN_S = 15.0

#: After this long the log says which process is waited for.
USUALLY_STOPS_WITHIN_S = 1.0

#: How often to check whether a stopping process has ended.
_CHECK_EVERY_S = 0.01

#: How many bytes of heartbeats are read at once; more are read at the next check.
_AT_ONCE = 4096

#: The name of a process on Linux, for ``ps -o comm`` and ``top``, of at most 15 characters.
_OWN_NAME = Path("/proc/self/comm")


class ForkedProcess:
    """A process that this one has started, and this end of the line to it."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        """Takes over a process. No other code may wait for it.

        Args:
            pid: The process id.
            line: This end of the line; see `service.processes.supervisor_line` for the other.
        """
        self.pid = pid
        self._line = line
        self._line.settimeout(0)
        self._code: int | None = None

    def poll(self) -> int | None:
        """Returns the exit code, negative for the signal that ended it; None while it lives."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, within_s: float) -> bool:
        """Waits for the process to end; returns False if it did not."""
        deadline = time.monotonic() + within_s
        while self.poll() is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_CHECK_EVERY_S)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if the process lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def hurry(self) -> None:
        """Gives the process the usual priority, as far as this user may.

        One that stands back gets a thirtieth of a busy processor. Linux lets a user take back the
        niceness of a session's group, but not that of a process (sched(7), "The autogroup
        feature"; ``RLIMIT_NICE``).
        """
        if self.poll() is None:
            with suppress(OSError):
                Path(f"/proc/{self.pid}/autogroup").write_text("0")
            with suppress(OSError):
                os.setpriority(os.PRIO_PGRP, self.pid, 0)

    def has_sent_heartbeat(self) -> bool:
        """Whether the process has sent a heartbeat since the last call."""
        try:
            return bool(self._line.recv(_AT_ONCE))
        except OSError:
            return False

    def notify(self) -> None:
        """Sends word of a new active configuration."""
        with suppress(OSError):  # the process is gone, or has not read many such messages
            self._line.send(b".")

    def close_line(self) -> None:
        """Closes this end of the line."""
        self._line.close()

    def fileno(self) -> int:
        """Returns the line's file descriptor, to wait for its end; negative if it is closed."""
        return self._line.fileno()


def fork(main: Callable[[socket.socket], int], *, name: str) -> ForkedProcess:
    """Starts a process that shares what this one has imported. No other thread may be running.

    Args:
        main: The new process's work: gets its end of the line and returns the exit code. It must
            close whatever it should not share with this process.
        name: The new process's name.
    """
    ours, theirs = socket.socketpair()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # Keep the garbage collector off shared objects: it would write to them, and so copy them.
    gc.freeze()
    # A signal to the new process must not arrive while that still has this one's handlers.
    former = block_signals()
    try:
        pid = os.fork()
        if not pid:
            ours.close()
            _run_child(main, theirs, name, former)
    finally:
        restore_signals(former)
    theirs.close()
    return ForkedProcess(pid, ours)


def _run_child(
    main: Callable[[socket.socket], int], line: socket.socket, name: str, mask: set[int]
) -> NoReturn:
    """Runs *main* in the new process and exits. Never returns to the code of the old process."""
    code = 1
    try:
        reset_signals()
        # A session of its own: Ctrl-C reaches the supervisor only, which stops the others in
        # order. If the supervisor is killed, its children notice.
        os.setsid()
        with suppress(OSError):
            _OWN_NAME.write_text(name, encoding="ascii")
        restore_signals(mask)
        code = main(line)
    except BaseException:
        _log.exception("process failed")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


class ChildProcess:
    """One supervised process. One thread calls `check` regularly."""

    def __init__(
        self,
        role: str,
        start: Callable[[], ForkedProcess],
        *,
        frozen_after_s: float = FROZEN_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts the process.

        Args:
            role: The role of the process, for the log.
            start: Starts the process.
            frozen_after_s: How long the process may send no heartbeat.
            monotonic: A clock that is never set.
        """
        self.role = role
        self._fork = start
        self._frozen_after_s = frozen_after_s
        self._monotonic = monotonic
        self._pause_s = 0.0
        self._checked_at = 0.0
        self._silent_s = 0.0
        self._unheard_s = 0.0  #: like `_silent_s`, and goes on through restarts
        self._restart_at: float | None = None
        self._start()

    @property
    def pid(self) -> int:
        """The process id; the former one's while a restart is due."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process.poll() is None

    @property
    def restarts_in_s(self) -> float | None:
        """The time until the restart; None while the process lives."""
        return None if self._restart_at is None else max(0.0, self._restart_at - self._monotonic())

    @property
    def line(self) -> int:
        """The file descriptor of the line, which ends with the process; negative if closed."""
        return self._process.fileno()

    @property
    def is_heard(self) -> bool:
        """False if the process is frozen although it was, or should have been, replaced.

        A process that dies again and again is not meant: to restart the whole service for it would
        only disturb the others.
        """
        return self._unheard_s <= UNHEARD_AFTER * self._frozen_after_s

    def check(self) -> None:
        """Restarts the process if it has died and the pause is over; kills it if it is frozen."""
        now = self._monotonic()
        passed_s, self._checked_at = min(now - self._checked_at, CHECK_COUNTS_S), now
        if self._restart_at is None:
            code = self._process.poll()
            if code is None:
                self._check_heartbeat(passed_s)
                return
            self._plan_restart(code, now)
        if self._restart_at is not None and now >= self._restart_at:
            self._start()

    def notify(self) -> None:
        """Sends word of a new active configuration."""
        self._process.notify()

    def ask_to_stop(self) -> None:
        """Asks the process to stop, and gives it the processor time for that."""
        self._process.signal(signal.SIGTERM)
        self._process.hurry()

    def stop(self) -> None:
        """Stops the process and waits for its end; kills it if it takes too long."""
        self.ask_to_stop()
        if not self._process.wait(USUALLY_STOPS_WITHIN_S):
            _log.info("waiting for a process to stop", process=self.role, pid=self.pid)
        if not self._process.wait(STOP_WITHIN_S):
            _log.warning("process did not stop, killed", pid=self.pid, after_s=STOP_WITHIN_S)
            self._process.signal(signal.SIGKILL)
            self._process.wait(STOP_WITHIN_S)
        self.close_line()

    def close_line(self) -> None:
        """Closes the line to the process."""
        self._process.close_line()

    def _start(self) -> None:
        self._process = self._fork()
        self._started_at = self._checked_at = self._monotonic()
        self._silent_s = 0.0
        self._restart_at = None

    def _check_heartbeat(self, passed_s: float) -> None:
        self._silent_s += passed_s
        self._unheard_s += passed_s
        if self._process.has_sent_heartbeat():
            self._silent_s = self._unheard_s = 0.0
        if self._silent_s > self._frozen_after_s:
            _log.error("process frozen, killed", process=self.role, pid=self.pid)
            self._silent_s = 0.0  # a process that survives this is killed again later
            # Its whole group: processes that it started would otherwise go on.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _plan_restart(self, code: int, now: float) -> None:
        """Logs the process's death and sets the time of the restart."""
        if now - self._started_at >= STEADY_AFTER_S:
            self._pause_s = 0.0
        pause_s = self._pause_s
        self._pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        _log.error("process died", process=self.role, exit=code, restart_s=pause_s)
        self._restart_at = now + pause_s
        self.close_line()
