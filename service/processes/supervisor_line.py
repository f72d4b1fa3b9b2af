"""The line between a process and its supervisor: a pair of connected sockets."""

import select
import socket
from contextlib import suppress

#: How many bytes are read at once. All bytes mean the same.
_AT_ONCE = 4096


class Orphaned(Exception):
    """The supervisor is gone."""


class WaitingOver(Exception):
    """The wait was ended by this process."""


class SupervisorLine:
    """The process's end of the line. A process without a supervisor has no socket."""

    def __init__(self, end: socket.socket | None = None) -> None:
        """Takes over the socket of this end, if there is one."""
        self._end = end
        if end is not None:
            end.settimeout(0)

    @property
    def is_open(self) -> bool:
        """False in a process that was started without a supervisor."""
        return self._end is not None

    def beat(self) -> None:
        """Sends a heartbeat. It is lost if the supervisor is gone or does not read."""
        if self._end is not None:
            with suppress(OSError):
                self._end.send(b".")

    def wait(
        self, within_s: float | None = None, *, or_end_of: socket.socket | None = None
    ) -> bool:
        """Waits for word of a new active configuration; returns False if the time was over.

        Args:
            within_s: The longest time to wait; without limit if None.
            or_end_of: A socket; the wait ends when its peer is closed.

        Raises:
            Orphaned: The supervisor is gone.
            WaitingOver: The peer of *or_end_of* was closed.
        """
        if self._end is None:
            raise Orphaned
        waited_for = [self._end] if or_end_of is None else [self._end, or_end_of]
        ready, _, _ = select.select(waited_for, [], [], within_s)
        if or_end_of in ready:
            raise WaitingOver
        if not ready:
            return False
        try:
            received = self._end.recv(_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            received = b""
        if not received:
            raise Orphaned
        return True
