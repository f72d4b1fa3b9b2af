"""A server of pictures and recordings on loopback, with the manners that such servers have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, and how it is served."""

    length: int = 1234
    media_type: str = "audio/mpeg"
    head_status: int = 200
    get_status: int = 200
    tells_length: bool = True  #: in answers to HEAD; GET always tells it
    knows_ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)  #: besides
    gate: threading.Event | None = None  #: nothing is answered before it is set


class MediaServer(ThreadingHTTPServer):
    """Serves `files`, and keeps what it was asked for."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, File] = {}
        self.asked: list[tuple[str, str]] = []  #: method and path
        self.under_way = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        """The address of a file."""
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        file = self._arrived()
        self._leave()
        self._begin(file, file.head_status if file else 404)
        if file and file.tells_length:
            self.send_header("Content-Length", str(file.length))
        self.end_headers()

    def do_GET(self) -> None:
        file = self._arrived()
        self._leave()
        if file is None or file.get_status >= 300:
            self._begin(file, 404 if file is None else file.get_status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        is_part = file.knows_ranges and self.headers.get("Range") == "bytes=0-0"
        self._begin(file, 206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes 0-0/{file.length}")
        self.send_header("Content-Length", "1" if is_part else str(file.length))
        self.end_headers()
        self.wfile.write(b"x" if is_part else b"x" * file.length)

    def _arrived(self) -> File | None:
        server = cast("MediaServer", self.server)
        with server.lock:
            server.asked.append((self.command, self.path))
            server.under_way += 1
            server.most_at_once = max(server.most_at_once, server.under_way)
        file = server.files.get(self.path)
        if file and file.gate:
            file.gate.wait(30)
        return file

    def _leave(self) -> None:
        server = cast("MediaServer", self.server)
        with server.lock:
            server.under_way -= 1

    def _begin(self, file: File | None, status: int) -> None:
        self.send_response(status)
        if file is not None:
            if file.media_type:
                self.send_header("Content-Type", file.media_type)
            for name, value in file.headers.items():
                self.send_header(name, value)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests look at `MediaServer.asked` instead."""


@contextmanager
def running_media_server() -> Iterator[MediaServer]:
    """A server, until the end of the block."""
    server = MediaServer()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
