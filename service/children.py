"""A process that the supervisor starts, and starts anew when it dies or comes to a standstill."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from service.logs import get_logger

_log = get_logger(__name__)

#: A process that gives no sign of life for so long is killed. It gives one every second, from a
#: thread that waits for nothing, and once its libraries are loaded.
FROZEN_AFTER_S = 60.0

#: What lies between two looks counts for no more than this: when the whole machine stood still,
#: or this process, nobody was silent.
LOOK_COUNTS_S = 1.0

#: The pause before a process that died is started anew, so that one which cannot live does not
#: burn the machine: twice as long each time, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

#: A process that lived so long begins again with the first pause.
STEADY_AFTER_S = 60.0

#: What a process may take to finish what it is at.
STOP_WITHIN_S = 15.0

#: As many signs of life are read at once; more come at the next look.
_AT_ONCE = 4096


class ChildProcess:
    """One process. To be looked at every now and then by one thread."""

    def __init__(
        self,
        role: str,
        command: Sequence[str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it.

        Args:
            role: What it is for, as the log has it.
            command: Its call. What comes last is added: the number of the pipe to beat into.
            monotonic: A clock that nobody sets.
        """
        self.role = role
        self._command = command
        self._monotonic = monotonic
        self._pause_s = FIRST_PAUSE_S
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

    def check(self) -> None:
        """Start it anew if it died a while ago; kill it if it is frozen."""
        now = self._monotonic()
        passed_s, self._looked_at = min(now - self._looked_at, LOOK_COUNTS_S), now
        if self._restart_at is not None:
            if now >= self._restart_at:
                self._start()
            return
        code = self._process.poll()
        if code is not None:
            self._rest(code, now)
            return
        self._silent_s = 0.0 if self._is_heard() else self._silent_s + passed_s
        if self._silent_s > FROZEN_AFTER_S:
            _log.error("process frozen, killed", process=self.role, pid=self.pid)
            self._silent_s = 0.0  # one that not even that ends is killed again
            # With all that it started: they would go on without it, and keep its port.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Have it stop, and wait for it."""
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                _log.warning("killed, it did not stop", pid=self.pid, after_s=STOP_WITHIN_S)
                self._process.kill()
                self._process.wait()
        self._close()

    def _start(self) -> None:
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        try:
            # A session of its own: Ctrl-C reaches the supervisor alone, which stops the others in
            # order. Should it be killed, they see that it is gone.
            self._process = subprocess.Popen(  # noqa: S603  # all of it ours
                [*self._command, str(writing)], start_new_session=True, pass_fds=[writing]
            )
        finally:
            os.close(writing)
        self._started_at = self._looked_at = self._monotonic()
        self._silent_s = 0.0
        self._restart_at = None

    def _rest(self, code: int, now: float) -> None:
        """Tell of its death, and when it is started anew."""
        if now - self._started_at >= STEADY_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        _log.error("process died", process=self.role, exit=code, restart_s=pause_s)
        self._restart_at = now + pause_s
        self._close()

    def _is_heard(self) -> bool:
        try:
            return bool(os.read(self._reading, _AT_ONCE))
        except BlockingIOError:
            return False

    def _close(self) -> None:
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1
