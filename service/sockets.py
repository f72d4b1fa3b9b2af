"""The sockets of a database's connections, so that threads that wait on them can be released.

A driver waits without end for a server process that was stopped: the server's kernel still
acknowledges, so no TCP time limit applies, and a session's time limits are kept by the server.
"""

import os
import select
import socket
from contextlib import suppress
from threading import Lock
from typing import Any


class Sockets:
    """Duplicates of the sockets of all open connections. Safe to share between threads.

    Duplicates, because libpq closes its own socket when a connection breaks, and another file may
    get its number a moment later.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[int, tuple[Any, socket.socket]] = {}

    def opened(self, connection: Any, /) -> None:
        """Records a new connection of psycopg."""
        duplicate = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            # Some are closed without a call of `closed`: if a session's limit could not be set.
            for key, (held, each) in list(self._open.items()):
                if held.closed:
                    del self._open[key]
                    each.close()
            self._open[id(connection)] = connection, duplicate

    def closed(self, connection: Any, /) -> None:
        """Forgets a connection that was closed."""
        with self._lock:
            _, duplicate = self._open.pop(id(connection), (None, None))
        if duplicate is not None:
            duplicate.close()

    def is_quiet(self, connection: Any, /) -> bool:
        """Whether a connection is open, and nothing has arrived over it since it was used.

        A server that ends a session says so and closes its side, and the kernel's keepalive ends a
        connection to a machine that vanished: something arrives in each case. So a quiet connection
        works, as far as a question to the server could tell a moment before it is used.
        """
        if connection.closed:
            return False
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        return not poller.poll(0)

    def shut_down(self) -> None:
        """Breaks all connections: the driver raises an error at once in threads that wait."""
        with self._lock:
            for _, each in self._open.values():
                with suppress(OSError):  # the connection is broken already
                    each.shutdown(socket.SHUT_RDWR)
