"""A process that the supervisor forks, and forks anew when it dies or stands still."""

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
from service.processes.signals import forget, hold, let_come

_log = get_logger(__name__)

#: A process that gives no sign of life for so long is killed. It gives one every second, from a
#: thread that waits for nothing.
FROZEN_AFTER_S = 60.0

#: What lies between two looks counts for no more than this: when the whole machine stood still,
#: or this process, nobody was silent.
LOOK_COUNTS_S = 1.0

#: A process that died is started anew at once. When it dies again, there is a pause before, so that
#: one which cannot live does not burn the machine: twice as long each time, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

#: After a process that lived so long there is no pause.
STEADY_AFTER_S = 60.0

#: What a process may take to finish what it is at.
STOP_WITHIN_S = 15.0

#: How often it is looked whether one that was told to stop has.
_LOOK_EVERY_S = 0.01

#: As many signs of life are read at once; more come at the next look.
_AT_ONCE = 4096

#: What a process calls itself on Linux, for ``ps -o comm`` and ``top``: 15 characters count.
_OWN_NAME = Path("/proc/self/comm")


class ForkedProcess:
    """A process that this one has started, and our end of the line to it."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        """Take it over. Nobody else may wait for it.

        Args:
            pid: Its number.
            line: See `service.processes.supervisor_line`, which has the other end.
        """
        self.pid = pid
        self._line = line
        self._line.settimeout(0)
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, below zero for the signal that ended it; None while it lives."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, within_s: float) -> bool:
        """Wait for its end; False when it did not come."""
        deadline = time.monotonic() + within_s
        while self.poll() is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_EVERY_S)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def is_heard(self) -> bool:
        """Say whether it has given a sign of life since the call before."""
        try:
            return bool(self._line.recv(_AT_ONCE))
        except OSError:
            return False

    def notify(self) -> None:
        """Tell it that another configuration was accepted."""
        with suppress(OSError):  # it is gone, or has been told so often without listening
            self._line.send(b".")

    def hang_up(self) -> None:
        """Close our end of the line."""
        self._line.close()

    def fileno(self) -> int:
        """Return the line's number, to wait for its end; below zero when it is closed."""
        return self._line.fileno()


def fork(main: Callable[[socket.socket], int], *, name: str) -> ForkedProcess:
    """Start a process that shares what this one has imported. To be called without other threads.

    Args:
        main: What it does: gets its end of the line, and returns the exit code. It has to close
            what it is not to share with us.
        name: What it calls itself.
    """
    ours, theirs = socket.socketpair()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # What both have stays where it is: a look for garbage would write to all of it, and so copy it.
    gc.freeze()
    # A signal that is meant for the new process must not come to it while it is set up as we are.
    former = hold()
    try:
        pid = os.fork()
        if not pid:
            ours.close()
            _be(main, theirs, name, former)
    finally:
        let_come(former)
    theirs.close()
    return ForkedProcess(pid, ours)


def _be(
    main: Callable[[socket.socket], int], line: socket.socket, name: str, mask: set[int]
) -> NoReturn:
    """Be the new process, and nothing of the old one: it does not return, whatever happens."""
    code = 1
    try:
        forget()
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops the others in
        # order. Should it be killed, they see that it is gone.
        os.setsid()
        with suppress(OSError):
            _OWN_NAME.write_text(name, encoding="ascii")
        let_come(mask)
        code = main(line)
    except BaseException:
        _log.exception("process broke off")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


class ChildProcess:
    """One process. To be looked at every now and then by one thread."""

    def __init__(
        self,
        role: str,
        start: Callable[[], ForkedProcess],
        *,
        frozen_after_s: float = FROZEN_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it.

        Args:
            role: What it is for, as the log has it.
            start: Starts the process.
            frozen_after_s: For how long it may give no sign of life.
            monotonic: A clock that nobody sets.
        """
        self.role = role
        self._begin = start
        self._frozen_after_s = frozen_after_s
        self._monotonic = monotonic
        self._pause_s = 0.0
        self._looked_at = 0.0
        self._silent_s = 0.0
        self._restart_at: float | None = None
        self._start()

    @property
    def pid(self) -> int:
        """Its number; that of the last one while it is to be started anew."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """True while it lives."""
        return self._process.poll() is None

    @property
    def restarts_in_s(self) -> float | None:
        """How long until it is to be started anew; None while it lives."""
        return None if self._restart_at is None else max(0.0, self._restart_at - self._monotonic())

    @property
    def line(self) -> int:
        """The number of the line, which ends when the process does; below zero without one."""
        return self._process.fileno()

    def check(self) -> None:
        """Start it anew if it died a while ago; kill it if it is frozen."""
        now = self._monotonic()
        passed_s, self._looked_at = min(now - self._looked_at, LOOK_COUNTS_S), now
        if self._restart_at is None:
            code = self._process.poll()
            if code is None:
                self._listen(passed_s)
                return
            self._rest(code, now)
        if self._restart_at is not None and now >= self._restart_at:
            self._start()

    def notify(self) -> None:
        """Tell it that another configuration was accepted."""
        self._process.notify()

    def ask_to_stop(self) -> None:
        """Have it begin to stop, and not be started anew."""
        self._process.signal(signal.SIGTERM)

    def stop(self) -> None:
        """Have it stop, and wait for it."""
        self.ask_to_stop()
        if not self._process.wait(STOP_WITHIN_S):
            _log.warning("killed, it did not stop", pid=self.pid, after_s=STOP_WITHIN_S)
            self._process.signal(signal.SIGKILL)
            self._process.wait(STOP_WITHIN_S)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the line to it."""
        self._process.hang_up()

    def _start(self) -> None:
        self._process = self._begin()
        self._started_at = self._looked_at = self._monotonic()
        self._silent_s = 0.0
        self._restart_at = None

    def _listen(self, passed_s: float) -> None:
        self._silent_s = 0.0 if self._process.is_heard() else self._silent_s + passed_s
        if self._silent_s > self._frozen_after_s:
            _log.error("process frozen, killed", process=self.role, pid=self.pid)
            self._silent_s = 0.0  # one that not even that ends is killed again
            # With all that it started: they would go on without it.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _rest(self, code: int, now: float) -> None:
        """Tell of its death, and when it is started anew."""
        if now - self._started_at >= STEADY_AFTER_S:
            self._pause_s = 0.0
        pause_s = self._pause_s
        self._pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        _log.error("process died", process=self.role, exit=code, restart_s=pause_s)
        self._restart_at = now + pause_s
        self.hang_up()
