"""A WebSub hub on loopback that can be ill in many ways, over real sockets."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request that reached the hub."""

    at: float  #: of the monotonic clock, in seconds
    path: str
    headers: dict[str, str]  #: by lower-case name
    fields: list[tuple[str, str]]  #: of the form, in the order sent

    @property
    def topic(self) -> str:
        """What `hub.url` names, once."""
        [topic] = self.named("hub.url")
        return topic

    def named(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for field, value in self.fields if field == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the hub answers."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    gate: threading.Event | None = None  #: answers when this is set
    delay_s: float = 0.0  #: before the answer
    hangs: bool = False  #: never answers
    drips: str | None = None  #: ``headers`` or ``body``: a byte at a time, without an end
    is_endless: bool = False  #: the body goes on and on, as fast as it is read
    closes: bool = False  #: closes the connection instead of answering


WELL = Manner()


class HubServer:
    """A hub at a port of its own. Start it with `running_hub`.

    It keeps its port while it is down, so that nobody else can take it.
    """

    def __init__(self, host: str, tls: ssl.SSLContext | None) -> None:
        self.manner = WELL
        self.manners_by_topic: dict[str, Manner] = {}  #: where it behaves otherwise than that
        self._host = host
        self._tls = tls
        self._arrivals: list[Arrival] = []
        self._arrived = threading.Condition()
        self._stopping = threading.Event()
        self._listener = _bound(host, 0)
        self.port: int = self._listener.getsockname()[1]
        self._server: ThreadingHTTPServer | None = None
        self.come_up()

    @property
    def url(self) -> str:
        """Where to ping it."""
        return self.url_at(self._host)

    def url_at(self, host: str) -> str:
        """Its address by another name of its host."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/hub"

    @property
    def arrivals(self) -> list[Arrival]:
        """All requests so far, in the order of arrival."""
        with self._arrived:
            return list(self._arrivals)

    @property
    def topics(self) -> list[str]:
        """The topics pinged so far, in the order of arrival."""
        return [arrival.topic for arrival in self.arrivals]

    def wait_for(self, count: int, *, within_s: float = 90.0) -> list[Arrival]:
        """Wait until *count* requests have arrived in all; AssertionError when they do not."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self._arrivals) >= count, within_s)
            assert came, f"{len(self._arrivals)} of {count} requests within {within_s} s"
            return list(self._arrivals)

    def forget(self) -> None:
        """Begin to count anew."""
        with self._arrived:
            self._arrivals.clear()

    def go_down(self) -> None:
        """Refuse connections. Requests under way are dropped without an answer."""
        if self._server is None:
            return
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        # Bound but not listening: connections are refused, and the port stays ours.
        self._listener = _bound(self._host, self.port)

    def come_up(self) -> None:
        """Accept connections (again), at the same port."""
        if self._server is not None:
            return
        self._stopping = threading.Event()
        server = _Server((self._host, self.port), _Handler, bind_and_activate=False)
        server.socket.close()
        tls = self._tls
        server.socket = tls.wrap_socket(self._listener, server_side=True) if tls else self._listener
        server.server_name, server.server_port = self._host, self.port
        server.hub = self
        server.server_activate()
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Go down for good."""
        self.go_down()
        self._listener.close()

    def _note(self, arrival: Arrival) -> tuple[Manner, threading.Event]:
        with self._arrived:
            self._arrivals.append(arrival)
            self._arrived.notify_all()
            topic = dict(arrival.fields).get("hub.url", "")
            return self.manners_by_topic.get(topic, self.manner), self._stopping


@contextmanager
def running_hub(
    host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None
) -> Iterator[HubServer]:
    """A hub that is well, until the end of the block."""
    hub = HubServer(host, tls)
    try:
        yield hub
    finally:
        hub.stop()


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads that hang end by themselves when the hub goes down; nobody has to wait for them.
    block_on_close = False
    request_queue_size = 128
    hub: HubServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = self.rfile.read(length).decode()
        arrival = Arrival(
            at=time.monotonic(),
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            fields=parse_qsl(form, keep_blank_values=True),
        )
        manner, stopping = cast("_Server", self.server).hub._note(arrival)
        self._answer(manner, stopping)

    def do_GET(self) -> None:
        """For redirects: whoever follows one to here is seen."""
        self.do_POST()

    def _answer(self, manner: Manner, stopping: threading.Event) -> None:
        self.close_connection = True
        while manner.gate and not (manner.gate.is_set() or stopping.is_set()):
            manner.gate.wait(0.01)
        stopping.wait(None if manner.hangs else manner.delay_s)
        if stopping.is_set() or manner.closes:
            return
        if manner.drips == "headers":
            self._drip(stopping, b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.send_response(manner.status)
        for name, value in manner.headers.items():
            self.send_header(name, value)
        if not (manner.is_endless or manner.drips or manner.status == 204):
            self.send_header("Content-Length", str(len(manner.body)))
        self.end_headers()
        self.wfile.write(manner.body)
        if manner.drips == "body":
            self._drip(stopping, b"")
        while manner.is_endless and not stopping.is_set():
            self.wfile.write(b"endless " * 512)

    def _drip(self, stopping: threading.Event, start: bytes) -> None:
        self.wfile.write(start)
        while not stopping.wait(0.02):
            self.wfile.write(b".")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests look at `HubServer.arrivals` instead."""
