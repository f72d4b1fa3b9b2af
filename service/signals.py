"""Signals of the system, for one thread that waits for them.

A handler of Python's runs between any two steps of the main thread, also within another handler:
one that takes a lock, as ``threading.Event.set`` does, waits for ever for the one that it
interrupted. So handlers do nothing here. The interpreter itself writes the number of each signal
into a pipe (``signal.set_wakeup_fd``), which the main thread reads when it is ready to.
"""

import os
import select
import signal
from collections.abc import Collection
from contextlib import suppress
from types import TracebackType

#: What asks a process to come to its end: of a service manager, and of a person at a terminal.
STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

#: As many as came since the last look; more than this are read at the next one.
_AT_ONCE = 4096


class Signals:
    """Takes signals from when it is entered until it is left. For the main thread alone."""

    def __init__(self, numbers: Collection[signal.Signals] = STOPS) -> None:
        """Prepare to take these signals; nothing is taken yet."""
        self._numbers = numbers
        self._former: dict[signal.Signals, object] = {}
        self._former_pipe = -1
        self._reading = self._writing = -1

    def __enter__(self) -> "Signals":
        """Take signals from here on."""
        self._reading, self._writing = os.pipe()
        # Thousands fit into it. No handler may wait until somebody reads them.
        os.set_blocking(self._writing, False)
        # The pipe first: a signal between the two would be taken, and told to nobody.
        self._former_pipe = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _nothing) for number in self._numbers}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let them do again what they did before."""
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]  # what it returned before
        signal.set_wakeup_fd(self._former_pipe)
        os.close(self._reading)
        os.close(self._writing)
        self._reading = self._writing = -1

    def wait(self, within_s: float | None = None) -> set[int]:
        """Wait for signals; says which came since the last call, each once.

        Args:
            within_s: How long at the most; for ever when it is None. Over at the first signal.

        Returns:
            Their numbers; none when the time ran out.
        """
        ready, _, _ = select.select([self._reading], [], [], within_s)
        return set(os.read(self._reading, _AT_ONCE)) if ready else set()

    def send(self, number: signal.Signals) -> None:
        """Act as if this signal had come, if signals are still taken. From any thread."""
        with suppress(OSError):
            os.write(self._writing, bytes([number]))


def _nothing(number: int, frame: object) -> None:
    """Handle a signal: the interpreter has written it down already."""
