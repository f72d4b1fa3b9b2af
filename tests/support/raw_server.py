"""A server on loopback that keeps every byte it is sent, and answers as badly as a test wants."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A request as it came."""

    head: bytes  #: request line and headers, with the empty line
    body: bytes
    connection: int  #: 0 is the first that came

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case name."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}


class Line:
    """The connection to one client."""

    def __init__(self, sock: socket.socket, number: int, stopping: threading.Event) -> None:
        self._socket = sock
        self.number = number
        self._stopping = stopping
        self.sent = 0  #: bytes

    def say(self, piece: bytes) -> None:
        """Send *piece*; OSError when the client has gone."""
        self._socket.sendall(piece)
        self.sent += len(piece)

    def say_for_ever(self, piece: bytes, *, pause_s: float = 0.0) -> None:
        """Send *piece* again and again, until the client has gone."""
        while not self._stopping.wait(pause_s) if pause_s else not self._stopping.is_set():
            self.say(piece)

    def hang(self) -> None:
        """Say nothing until the client has gone."""
        while self._socket.recv(65_536):
            pass

    def hang_up(self) -> None:
        """Close the connection at once; what was not read makes it a reset."""
        self._socket.close()

    def read_request(self) -> RawRequest:
        """The next request; EOFError when there is none."""
        head = self.read_head()
        length = _LENGTH.search(head)
        body = self._read(int(length[1])) if length else b""
        return RawRequest(head=head, body=body, connection=self.number)

    def read_head(self) -> bytes:
        """Line and headers of the next request; EOFError when there is none."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        return head

    def _read(self, count: int) -> bytes:
        pieces = []
        while count:
            piece = self._socket.recv(min(count, 65_536))
            if not piece:
                raise EOFError
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


#: Answers one request; the connection goes on when it returns True.
Answer: TypeAlias = Callable[[Line], bool | None]


def well(line: Line) -> bool:
    """Nothing to complain about."""
    line.say(b"HTTP/1.1 204 No Content\r\n\r\n")
    return True


def saying(answer: bytes) -> Answer:
    """Says these bytes and closes."""

    def say(line: Line) -> None:
        line.say(answer)

    return say


class RawServer:
    """Runs while the block of `running_raw_server` does."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.answer: Answer = well
        self.reads_bodies = True  #: otherwise it answers when it has seen the headers
        self.lines: list[Line] = []  #: connections, also those that have ended
        self.ended: list[Line] = []  #: connections that have ended
        self._requests: list[RawRequest] = []
        self._tls = tls
        self._stopping = threading.Event()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.host = host
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, rest: str = "/cb", *, host: str | None = None) -> str:
        """An address here; by another name, if one is given."""
        host = host or self.host
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}{rest}"

    @property
    def requests(self) -> list[RawRequest]:
        """All requests so far, in the order of arrival."""
        return list(self._requests)

    def stop(self) -> None:
        """Drop all connections."""
        self._stopping.set()
        # Wakes the thread that accepts, which a mere close does not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(sock)
            line = Line(sock, len(self.lines), self._stopping)
            self.lines.append(line)
            threading.Thread(target=self._talk, args=(sock, line), daemon=True).start()

    def _talk(self, sock: socket.socket, line: Line) -> None:
        with suppress(OSError, EOFError):
            if self._tls is not None:
                sock = line._socket = self._tls.wrap_socket(sock, server_side=True)
            goes_on: bool | None = True
            while goes_on:
                if self.reads_bodies:
                    request = line.read_request()
                else:
                    request = RawRequest(head=line.read_head(), body=b"", connection=line.number)
                self._requests.append(request)
                goes_on = self.answer(line)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        self._open.discard(sock)
        self.ended.append(line)


@contextmanager
def running_raw_server(
    host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """A server that answers 204 until told otherwise."""
    server = RawServer(host, port, tls)
    try:
        yield server
    finally:
        server.stop()
