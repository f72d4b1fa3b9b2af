"""A WebSub subscriber on loopback: thousands of callbacks, each with the manners a test gives it.

What arrives is kept byte for byte. A callback without manners of its own confirms whatever it is
asked (WebSub 5.3) and takes whatever it is sent (WebSub 7).
"""

import asyncio
import hashlib
import hmac
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

GET, POST = "GET", "POST"

#: The heads of requests are a few hundred bytes, and some tests have long callbacks.
_MAX_HEAD_BYTES = 1 << 20
_BLOCK = b"endless " * 8192
_DOT = ord(".")
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that reached a callback."""

    at: float  #: of the monotonic clock, in seconds, when it was read whole
    method: str
    target: str  #: as it was sent: path and query
    headers: tuple[tuple[str, str], ...]  #: as they were sent, in that order
    body: bytes
    host: str  #: the address that was connected to

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query as it was sent."""
        return self.target.partition("?")[2]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Names and values in the query, in the order sent."""
        return parse_qsl(self.query, keep_blank_values=True)

    def values(self, name: str) -> list[str]:
        """All values that the query has for *name*."""
        return [value for given, value in self.fields if given == name]

    def field(self, name: str) -> str:
        """The last value that the query has for *name*: ours come after the callback's own."""
        return self.values(name)[-1]

    def all_headers(self, name: str) -> list[str]:
        """The values of all headers of this name."""
        return [value for given, value in self.headers if given.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of the only header of this name; None when there is none."""
        values = self.all_headers(name)
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    def is_signed_with(self, secret: str, method: str = "sha256") -> bool:
        """Whether the body is signed with *secret*, as WebSub 7.1 wants it."""
        digest = hmac.new(secret.encode(), self.body, getattr(hashlib, method)).hexdigest()
        return self.header("X-Hub-Signature") == f"{method}={digest}"


def challenge(call: Call) -> bytes:
    """What a subscriber that agrees has to answer: the challenge, to the byte."""
    values = call.values("hub.challenge")
    return values[-1].encode() if call.method == GET and values else b""


def nothing(_call: Call) -> bytes:
    """An empty body."""
    return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one request is answered."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[Call], bytes] = challenge
    gate: threading.Event | None = None  #: answers when this is set
    delay_s: float = 0.0  #: before the answer
    hangs: bool = False  #: never answers, and holds the connection until the other side ends it
    drips: str | None = (
        None  #: ``head`` or ``body``: from there on a byte at a time, without an end
    )
    drip_s: float = 1.0  #: between two bytes
    is_endless: bool = False  #: the body goes on and on, as fast as it is read
    endless_bytes: int = 10 * 10**9  #: what an endless body says is its length
    closes: bool = False  #: closes the connection instead of answering


#: One manner for all requests, or one for each in turn; the last one stays.
Manners: TypeAlias = Manner | Sequence[Manner]

WELL = Manner()
HANGS = Manner(hangs=True)
CLOSES = Manner(closes=True)
DRIPS_HEAD = Manner(drips="head")
DRIPS_BODY = Manner(drips="body")
ENDLESS = Manner(is_endless=True)

#: Answers that are no confirmation (WebSub 5.3.1), each by what is wrong with it.
UNCONFIRMED = {
    "wrong challenge": Manner(body=lambda call: challenge(call)[::-1]),
    "shortened challenge": Manner(body=lambda call: challenge(call)[:-1]),
    "extended challenge": Manner(body=lambda call: challenge(call) + b"x"),
    "challenge twice": Manner(body=lambda call: challenge(call) * 2),
    "challenge in a page": Manner(body=lambda call: b"<p>" + challenge(call) + b"</p>"),
    "challenge with a line break": Manner(body=lambda call: challenge(call) + b"\r\n"),
    "challenge with a line break within": Manner(
        body=lambda call: challenge(call)[:4] + b"\r\n" + challenge(call)[4:]
    ),
    "challenge after a space": Manner(body=lambda call: b" " + challenge(call)),
    "challenge in upper case": Manner(body=lambda call: challenge(call).swapcase()),
    "empty": Manner(body=nothing),
    "no content": Manner(status=204),
    "404": Manner(status=404),
    "410": Manner(status=410),
    "500": Manner(status=500),
    "503": Manner(status=503),
}


def answers(status: int, **headers: str) -> Manner:
    """Answers with this status; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Manner(status=status, headers=named)


def redirects(to: str, status: int = 302) -> Manner:
    """Answers with a redirect, and the right body to it."""
    return answers(status, Location=to)


class Subscriber:
    """Callbacks at one port of some loopback addresses. Start it with `running_subscriber`.

    It keeps its port while it is down, so that nobody else can take it.
    """

    def __init__(self, hosts: Sequence[str], tls: ssl.SSLContext | None) -> None:
        self.hosts = tuple(hosts)
        self._tls = tls
        self._manners: dict[tuple[str, str], list[Manner]] = {}
        self._calls: list[Call] = []
        self._calls_by_key: dict[tuple[str, str | None], list[Call]] = {}
        self._called = threading.Condition()
        self._sent_bytes: Counter[str] = Counter()
        self._connections = 0
        self._unanswered = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._servers: list[asyncio.Server] = []
        self._listeners = _bound_alike(self.hosts)
        self.port: int = self._listeners[0].getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.come_up()

    def url(self, path: str = "/callback", host: str | None = None) -> str:
        """A callback of this subscriber.

        Args:
            path: With a query, if there is to be one.
            host: The first of the addresses, when none is named.
        """
        scheme = "http" if self._tls is None else "https"
        named = self.hosts[0] if host is None else host
        return f"{scheme}://{f'[{named}]' if ':' in named else named}:{self.port}{path}"

    def behave(
        self, path: str, *, verify: Manners | None = None, deliver: Manners | None = None
    ) -> None:
        """Say how the callback at *path* answers from now on.

        Args:
            path: Without a query.
            verify: To questions whether a request is meant, by GET.
            deliver: To documents, by POST.
        """
        with self._called:
            for method, manners in ((GET, verify), (POST, deliver)):
                if manners is not None:
                    row = [manners] if isinstance(manners, Manner) else list(manners)
                    self._manners[method, path] = row

    @property
    def calls(self) -> list[Call]:
        """All requests so far, in the order of arrival."""
        with self._called:
            return list(self._calls)

    def verifications(self, path: str | None = None) -> list[Call]:
        """The GET requests so far, to all callbacks or to one."""
        with self._called:
            return list(self._calls_by_key.get((GET, path), ()))

    def deliveries(self, path: str | None = None) -> list[Call]:
        """The POST requests so far, to all callbacks or to one."""
        with self._called:
            return list(self._calls_by_key.get((POST, path), ()))

    def wait_for_verifications(
        self, count: int, path: str | None = None, *, within_s: float = 90.0
    ) -> list[Call]:
        """Wait for so many GET requests in all; AssertionError when they do not come."""
        return self._wait(count, (GET, path), within_s)

    def wait_for_deliveries(
        self, count: int, path: str | None = None, *, within_s: float = 90.0
    ) -> list[Call]:
        """Wait for so many POST requests in all; AssertionError when they do not come."""
        return self._wait(count, (POST, path), within_s)

    def wait_until(
        self, is_enough: Callable[[Sequence[Call]], object], *, within_s: float = 90.0
    ) -> list[Call]:
        """Wait until *is_enough* says so of all requests; AssertionError when it does not."""
        with self._called:
            came = self._called.wait_for(lambda: is_enough(self._calls), within_s)
            assert came, f"not within {within_s} s, after {len(self._calls)} requests"
            return list(self._calls)

    def forget(self) -> None:
        """Begin to count anew. Manners stay."""
        with self._called:
            self._calls.clear()
            self._calls_by_key.clear()

    @property
    def connections(self) -> int:
        """How often anybody connected, whether a request came of it or not."""
        return self._connections

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._writers)

    @property
    def unanswered(self) -> int:
        """How many requests have no whole answer yet, and somebody still waits for it."""
        return self._unanswered

    def sent_bytes(self, path: str) -> int:
        """What of endless answers at *path* was taken from us; buffers on the way count too."""
        return self._sent_bytes[path]

    def go_down(self) -> None:
        """Refuse connections. Requests under way are dropped without an answer."""
        if self._servers:
            self._call(self._close())
            # Bound but not listening: connections are refused, and the port stays ours.
            self._listeners = [_bound(host, self.port) for host in self.hosts]

    def come_up(self) -> None:
        """Accept connections (again), at the same port."""
        if not self._servers:
            self._call(self._open())

    def stop(self) -> None:
        """Go down for good."""
        self.go_down()
        for listener in self._listeners:
            listener.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        for listener in self._listeners:
            server = await asyncio.start_server(
                self._serve, sock=listener, ssl=self._tls, limit=_MAX_HEAD_BYTES, backlog=2048
            )
            self._servers.append(server)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        await asyncio.sleep(0.01)  # what was aborted is closed in a later turn of the loop
        self._servers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        self._writers.add(writer)
        try:
            # An end of the connection, by either side, is what some tests are about.
            with suppress(OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
                is_open = True
                while is_open:
                    call = await _read(reader, writer)
                    self._unanswered += 1
                    try:
                        is_open = await self._answer(call, self._note(call), reader, writer)
                    finally:
                        self._unanswered -= 1
        finally:
            self._writers.discard(writer)
            writer.close()

    def _note(self, call: Call) -> Manner:
        with self._called:
            self._calls.append(call)
            for path in (call.path, None):
                self._calls_by_key.setdefault((call.method, path), []).append(call)
            self._called.notify_all()
            manners = self._manners.get((call.method, call.path), [WELL])
            return manners.pop(0) if len(manners) > 1 else manners[0]

    async def _answer(
        self,
        call: Call,
        manner: Manner,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer; says whether another request may come by the same connection."""
        while manner.gate and not manner.gate.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(manner.delay_s)
        if manner.hangs:
            await reader.read()  # the other side's end
        if manner.hangs or manner.closes:
            return False
        if manner.drips == "head":
            await _drip(writer, chain(b"HTTP/1.1 200 OK\r\nX-Slow: ", repeat(_DOT)), manner.drip_s)
        body = b"" if manner.status in _BODILESS else manner.body(call)
        length = manner.endless_bytes if manner.drips or manner.is_endless else len(body)
        writer.write(_head(manner, length) + body)
        if manner.drips == "body":
            await _drip(writer, repeat(_DOT), manner.drip_s)
        while manner.is_endless and self._sent_bytes[call.path] < manner.endless_bytes:
            writer.write(_BLOCK)
            await writer.drain()
            self._sent_bytes[call.path] += len(_BLOCK)
        await writer.drain()
        return not manner.is_endless and call.header("Connection") != "close"

    def _wait(self, count: int, key: tuple[str, str | None], within_s: float) -> list[Call]:
        with self._called:
            came = self._called.wait_for(
                lambda: len(self._calls_by_key.get(key, ())) >= count, within_s
            )
            calls = list(self._calls_by_key.get(key, ()))
        assert came, f"{len(calls)} of {count} {key} within {within_s} s"
        return calls


@contextmanager
def running_subscriber(*hosts: str, tls: ssl.SSLContext | None = None) -> Iterator[Subscriber]:
    """A subscriber at these loopback addresses (127.0.0.1 unless named), until the block ends."""
    subscriber = Subscriber(hosts or ("127.0.0.1",), tls)
    try:
        yield subscriber
    finally:
        subscriber.stop()


def loopback_hosts(count: int) -> list[str]:
    """So many addresses of this machine: 127.0.0.1, 127.0.0.2 and so on."""
    return [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(count)]


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _bound_alike(hosts: Sequence[str]) -> list[socket.socket]:
    """A socket at each of these addresses, all at one port."""
    for _ in range(20):
        with ExitStack() as bound:
            port = 0
            listeners = []
            # Somebody else may have this port at another of the addresses.
            with suppress(OSError):
                for host in hosts:
                    listeners.append(bound.enter_context(_bound(host, port)))
                    port = listeners[0].getsockname()[1]
                bound.pop_all()
                return listeners
    raise AssertionError(f"no port is free at all of {hosts}")


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Call:
    """The next request; EOFError when there is none."""
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1")
    line, *lines = head.split("\r\n")
    method, target, _ = line.split(" ")
    headers = []
    for text in lines:
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))
    lower = {name.lower(): value for name, value in headers}
    if lower.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert "transfer-encoding" not in lower, "chunked requests are not read here"
    body = await reader.readexactly(int(lower.get("content-length", "0")))
    return Call(
        at=time.monotonic(),
        method=method,
        target=target,
        headers=tuple(headers),
        body=body,
        host=writer.get_extra_info("sockname")[0],
    )


def _head(manner: Manner, length: int) -> bytes:
    lines = [f"HTTP/1.1 {manner.status} {_phrase(manner.status)}"]
    lines += [f"{name}: {value}" for name, value in manner.headers.items()]
    if manner.status not in _BODILESS:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Odd"


async def _drip(writer: asyncio.StreamWriter, what: Iterable[int], pause_s: float) -> None:
    """Send a byte at a time, until the other side has had enough."""
    for byte in what:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(pause_s)
