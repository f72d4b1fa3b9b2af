"""A line to a PostgreSQL that can go silent, as when a machine loses its power.

Nothing is closed and nothing refused: from one moment on, this end hears nothing any more. Its
kernel drops what arrives before it is acknowledged (a socket filter that lets nothing through,
socket(7) SO_ATTACH_FILTER), new connections too. A program that only stopped to read would not do:
its kernel would go on to acknowledge, and answer probes.
"""

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

_ATTACH_FILTER, _DETACH_FILTER = 26, 27
#: One instruction of the classic filter language: return 0, so many bytes are let through.
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
_PROGRAM = struct.pack("HP", 1, ctypes.addressof(_NOTHING))


class SilentLine:
    """Passes everything on until it falls silent."""

    def __init__(self, server: str) -> None:
        """Listen on loopback for who wants the server at this URL."""
        self.server = server  #: its URL, not by this line
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._goes_on = threading.Event()
        self._goes_on.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The server's URL, by this line."""
        parts = urlsplit(self.server)
        given = "&".join(
            each for each in parts.query.split("&") if each and not each.startswith("host=")
        )
        port = self._listener.getsockname()[1]
        return f"{parts.scheme}://{parts.username}@127.0.0.1:{port}{parts.path}?{given}"

    def fall_silent(self) -> None:
        """Hear nothing from here on, on no connection and of no new one."""
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, _PROGRAM)

    def hear_again(self) -> None:
        """Hear who comes anew. What was connected before is as lost as it was."""
        self._listener.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)

    def freeze(self) -> None:
        """Take what is sent, and answer nothing: as a server that is stopped."""
        self._goes_on.clear()

    def thaw(self) -> None:
        """Pass on what was held back."""
        self._goes_on.set()

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Close everything."""
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._goes_on.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._connect()
                self._sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(
                        target=_pass_on, args=(*ends, self._goes_on), daemon=True
                    ).start()

    def _connect(self) -> socket.socket:
        parts = urlsplit(self.server)
        if parts.hostname is not None:
            return socket.create_connection((parts.hostname, parts.port or 5432))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432")
        return server


def _pass_on(source: socket.socket, target: socket.socket, goes_on: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            goes_on.wait()
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def silent_line(server: str) -> Iterator[SilentLine]:
    """A line to the server at this URL, until the end of the block."""
    line = SilentLine(server)
    try:
        yield line
    finally:
        line.close()
