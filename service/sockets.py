"""The sockets of a database's connections, so that threads that wait on them can be released.

A driver waits for a server that was stopped for as long as that lasts: the server's kernel goes on
to acknowledge, so no time limit of TCP ends it, and those of a session are kept by the server.
"""

import os
import socket
from contextlib import suppress
from threading import Lock
from typing import Any


class Sockets:
    """Duplicates of the sockets of all open connections. Safe to share between threads.

    Duplicates, because libpq closes its own when a connection breaks, and another file may have its
    number a moment later.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[int, tuple[Any, socket.socket]] = {}

    def opened(self, connection: Any, /) -> None:
        """Note a new connection of psycopg's."""
        duplicate = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            # Some are closed without a word, as when a limit of the session could not be set.
            for key, (held, each) in list(self._open.items()):
                if held.closed:
                    del self._open[key]
                    each.close()
            self._open[id(connection)] = connection, duplicate

    def closed(self, connection: Any, /) -> None:
        """Forget one."""
        with self._lock:
            _, duplicate = self._open.pop(id(connection), (None, None))
        if duplicate is not None:
            duplicate.close()

    def shut_down(self) -> None:
        """Break all: whoever waits on one is told so by the driver, at once."""
        with self._lock:
            for _, each in self._open.values():
                with suppress(OSError):  # of one that is broken already
                    each.shutdown(socket.SHUT_RDWR)
