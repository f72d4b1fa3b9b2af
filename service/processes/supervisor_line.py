"""The line between a process and its supervisor: a pair of connected sockets."""

import select
import socket
from contextlib import suppress

#: As many bytes are read at once. They all say the same.
_AT_ONCE = 4096


class Orphaned(Exception):
    """The supervisor is gone."""


class WaitingOver(Exception):
    """Nobody wants to hear any more."""


class SupervisorLine:
    """The end of a process. A process that was started by hand has none, and hears nothing."""

    def __init__(self, end: socket.socket | None = None) -> None:
        """Take over this end."""
        self._end = end
        if end is not None:
            end.settimeout(0)

    @property
    def is_open(self) -> bool:
        """False when nobody is at the other end, and never was."""
        return self._end is not None

    def beat(self) -> None:
        """Give a sign of life. A supervisor that is gone, or does not read, changes nothing."""
        if self._end is not None:
            with suppress(OSError):
                self._end.send(b".")

    def wait(
        self, within_s: float | None = None, *, or_end_of: socket.socket | None = None
    ) -> bool:
        """Wait for word of a newly accepted configuration; False when the time ran out.

        Args:
            within_s: How long at the most; for ever when it is None.
            or_end_of: When the other side of this is closed, waiting is over.

        Raises:
            Orphaned: No word comes any more.
            WaitingOver: As *or_end_of* says.
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
            heard = self._end.recv(_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            heard = b""
        if not heard:
            raise Orphaned
        return True
