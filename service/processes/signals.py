"""Signal handling for one thread that waits for signals."""

import asyncio
import os
import select
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

#: The signals that ask a process to stop: from a service manager, and from a terminal.
STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

#: All signals that any of the service's processes handles.
_HANDLED = STOPS | {signal.SIGHUP}

#: How many signals are read at once; more are read at the next call.
_AT_ONCE = 4096


class Signals:
    """Receives signals within a ``with`` block. For the main thread only."""

    def __init__(self, numbers: Collection[signal.Signals] = STOPS) -> None:
        """Prepares to receive these signals; the block begins to do so."""
        self._numbers = numbers
        self._former: dict[signal.Signals, object] = {}
        self._former_pipe = -1
        self._reading = self._writing = -1

    def __enter__(self) -> "Signals":
        """Starts to receive signals."""
        self._reading, self._writing = os.pipe()
        # The pipe holds thousands of signals. A handler must never block until they are read.
        os.set_blocking(self._writing, False)
        # The pipe first: a signal that arrives between the two lines would be lost.
        self._former_pipe = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _do_nothing) for number in self._numbers}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restores the former handlers."""
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]  # a former return value
        signal.set_wakeup_fd(self._former_pipe)
        os.close(self._reading)
        os.close(self._writing)
        self._reading = self._writing = -1

    def wait(self, within_s: float | None = None, *, or_end_of: Collection[int] = ()) -> set[int]:
        """Waits for signals and returns those that arrived since the last call, each once.

        Args:
            within_s: The longest time to wait; without limit if None. The first signal ends it.
            or_end_of: File descriptors of sockets. The end of a peer ends the wait as well.

        Returns:
            The signals' numbers; none if the time was over, or a socket's peer has closed it.
        """
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        for number in or_end_of:
            poll.register(number, 0)  # a hang-up is always reported
        ready = poll.poll(None if within_s is None else max(0.0, within_s) * 1000)
        if self._reading not in [number for number, _ in ready]:
            return set()
        return set(os.read(self._reading, _AT_ONCE))

    def send(self, number: signal.Signals) -> None:
        """Acts as if this signal had arrived, within the block. May be called by any thread."""
        with suppress(OSError):
            os.write(self._writing, bytes([number]))


def _do_nothing(number: int, frame: object) -> None:
    """Handles a signal: the interpreter has already written it to the pipe."""


def block_signals() -> set[int]:
    """Defers signals in this thread; returns the former mask for `restore_signals`."""
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)}


def restore_signals(former: set[int]) -> None:
    """Restores the mask from before `block_signals`; deferred signals arrive now."""
    signal.pthread_sigmask(signal.SIG_SETMASK, former)


def reset_signals() -> None:
    """Restores the default handlers, in a process that was forked from another one."""
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def stopping(loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> Iterator[None]:
    """Calls *stop*, in an event loop of the main thread, at each signal that asks to stop."""
    for number in STOPS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in STOPS:
            loop.remove_signal_handler(number)
