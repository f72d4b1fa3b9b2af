"""Signals of the system, for one thread that waits for them."""

import asyncio
import os
import select
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

#: What asks a process to come to its end: of a service manager, and of a person at a terminal.
STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

#: All that any process of ours takes.
_TAKEN = STOPS | {signal.SIGHUP}

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

    def wait(self, within_s: float | None = None, *, or_end_of: Collection[int] = ()) -> set[int]:
        """Wait for signals; says which came since the last call, each once.

        Args:
            within_s: How long at the most; for ever when it is None. Over at the first signal.
            or_end_of: Numbers of sockets. Over as well when the other side of one is closed.

        Returns:
            Their numbers; none when the time ran out, or a socket's other side was closed.
        """
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        for number in or_end_of:
            poll.register(number, 0)  # their end is told unasked
        ready = poll.poll(None if within_s is None else max(0.0, within_s) * 1000)
        if self._reading not in [number for number, _ in ready]:
            return set()
        return set(os.read(self._reading, _AT_ONCE))

    def send(self, number: signal.Signals) -> None:
        """Act as if this signal had come, if signals are still taken. From any thread."""
        with suppress(OSError):
            os.write(self._writing, bytes([number]))


def _nothing(number: int, frame: object) -> None:
    """Handle a signal: the interpreter has written it down already."""


def hold() -> set[int]:
    """Keep signals for later in this thread; returns what `let_come` is to be given."""
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)}


def let_come(former: set[int]) -> None:
    """Let signals come again as before `hold`, with those that came meanwhile."""
    signal.pthread_sigmask(signal.SIG_SETMASK, former)


def forget() -> None:
    """Let signals do what they do by themselves: in a process that was forked from another one."""
    signal.set_wakeup_fd(-1)
    for number in _TAKEN:
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def stopping(loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> Iterator[None]:
    """Call *stop*, in an event loop of the main thread, at each signal that asks for the end."""
    for number in STOPS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in STOPS:
            loop.remove_signal_handler(number)
