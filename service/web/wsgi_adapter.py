"""The adapter from an asynchronous server (ASGI 3) to the WSGI application (PEP 3333)."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from service.http_rules import Field, names_one_host, split_base
from service.web.cache_middleware import CacheMiddleware, Environ, WsgiApplication
from service.web.request_bodies import BodyMemory, BodyRefused, ClientGone, RequestBody

#: The paths of subscription requests. Each takes a DNS lookup and a write, and they come in bursts:
#: they have threads of their own, so that pages do not wait for them.
SUBSCRIPTION_PATHS = frozenset({"/hub", "/cloud/pleaseNotify"})
_SUBSCRIPTION_THREADS = 2
#: The limit of waiting subscription requests; with more of them, clients would time out.
MAX_WAITING_SUBSCRIPTIONS = 200

#: How long the rest of a refused body is read and discarded before the connection is closed.
#: RFC 9112 9.6: a client that is still sending would otherwise lose the answer.
LINGER_S = 10.0

#: A response that comes in several pieces is sent piece by piece from this size on.
STREAM_FROM_BYTES = 256 * 1024

#: PEP 3333 has these two without ``HTTP_``.
_OWN_NAMES = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


#: How often the store is polled while requests are running that may be waiting for it.
POLL_EVERY_S = 0.25


class ResponseMessages(NamedTuple):
    """A response of the application: its messages, and the pieces that follow the second one."""

    start: Message
    content: Message
    rest: Iterator[bytes] | None = None  #: has ``close``; None if the response is complete


class ThreadLane:
    """Threads for requests of one kind, and a limit of requests that may wait for one."""

    def __init__(self, name: str, *, threads: int, max_waiting: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._max_inside = None if max_waiting is None else threads + max_waiting
        self._inside = 0

    @property
    def is_full(self) -> bool:
        """Whether a further request has to be refused."""
        return self._max_inside is not None and self._inside >= self._max_inside

    async def run(self, middleware: CacheMiddleware, environ: Environ) -> "ResponseMessages":
        """Answers a request in one of the threads. Must be called from the event loop."""
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _call, middleware, environ)
        finally:
            self._inside -= 1

    async def next_piece(self, rest: Iterator[bytes]) -> bytes | None:
        """Returns the next piece of a response, made in one of the threads; None at its end."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, next, rest, None)


class WsgiAdapter:
    """An ASGI application that wraps the middleware and the application behind it."""

    def __init__(self, middleware: CacheMiddleware, *, threads: int) -> None:
        """Makes an adapter.

        Args:
            middleware: The WSGI application.
            threads: How many requests may run at the same time; others wait.
        """
        self.middleware = middleware
        self._requests = ThreadLane("request", threads=threads)
        self._subscriptions = ThreadLane(
            "subscription", threads=_SUBSCRIPTION_THREADS, max_waiting=MAX_WAITING_SUBSCRIPTIONS
        )
        # One thread each for the two kinds of background work: neither may wait for slow requests,
        # and a poll must not wait for the fetches that an earlier poll has caused.
        self._poller = ThreadPoolExecutor(1, thread_name_prefix="store-poll")
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="fetch")
        self._body_memory = BodyMemory()
        self._running = 0
        self._next_poll: asyncio.TimerHandle | None = None

    def check_store(self, work: Callable[[], None], /) -> None:
        """Runs a poll of the store in the thread for polls."""
        self._poller.submit(work)

    def fetch(self, work: Callable[[], None], /) -> None:
        """Runs the fetch of a document in the thread for fetches."""
        self._fetcher.submit(work)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if not _names_one_host(scope):
            # RFC 9112 3.2 and 11.2: a proxy in between may have read another request in these
            # bytes, and so in those that follow.
            await _refuse(send, HTTPStatus.BAD_REQUEST, ("Connection", "close"))
            return
        body = RequestBody(dict(scope["headers"]), receive, self._body_memory)
        try:
            await self._answer(scope, send, body)
        except ClientGone:
            return
        except BodyRefused as refused:
            messages = _refusal(refused.status, *refused.fields)
            await _answer_and_close(send, messages, body)
        finally:
            body.release()

    async def _answer(self, scope: Scope, send: Send, body: RequestBody) -> None:
        environ = _environ(scope, base_path=self.middleware.base_path)
        is_subscription = scope["method"] == "POST" and environ["PATH_INFO"] in SUBSCRIPTION_PATHS
        lane = self._subscriptions if is_subscription else self._requests
        if await body.is_large():
            refused = await self._run(lane, body.awaited(environ))
            if refused.start["status"] != HTTPStatus.CONTINUE:
                await _answer_and_close(send, refused, body)
                return
        content = await body.collect()
        answer = await self._run(lane, body.read(environ, content))
        await send(answer.start)
        if answer.rest is None:
            await send(answer.content)
        else:
            gone = asyncio.ensure_future(body.client_gone())
            try:
                await _stream(lane, send, answer.content, answer.rest, gone=gone)
            finally:
                gone.cancel()
                _close(answer.rest)

    async def _run(self, lane: ThreadLane, environ: Environ) -> ResponseMessages:
        if lane.is_full:
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", "5"))
        self._running += 1
        if self._next_poll is None:
            self._schedule_poll()
        try:
            return await lane.run(self.middleware, environ)
        finally:
            self._running -= 1

    def _schedule_poll(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_poll = loop.call_later(POLL_EVERY_S, self._poll_store)

    def _poll_store(self) -> None:
        self._next_poll = None
        if self._running:
            self.middleware.check_store_in_background(self)
            self._schedule_poll()


def _names_one_host(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return names_one_host(hosts, http_version=scope["http_version"])


async def _refuse(send: Send, status: HTTPStatus, *fields: Field) -> None:
    refusal = _refusal(status, *fields)
    await send(refusal.start)
    await send(refusal.content)


def _refusal(status: HTTPStatus, *fields: Field) -> ResponseMessages:
    body = f"{status.phrase}\n".encode()
    own = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *fields]
    return _messages(status, own, body)


async def _stream(
    lane: ThreadLane,
    send: Send,
    content: Message,
    rest: Iterator[bytes],
    *,
    gone: asyncio.Future[None],
) -> None:
    """Sends a response piece by piece, at the pace of its client: `send` waits for room.

    No thread is held meanwhile. An error breaks the connection off, so that the client does not
    take a part for the whole.
    """
    await send({**content, "more_body": True})
    while not gone.done() and (piece := await lane.next_piece(rest)) is not None:
        await send({**content, "body": piece, "more_body": True})
    await send({**content, "body": b""})


async def _answer_and_close(send: Send, answer: ResponseMessages, body: RequestBody) -> None:
    """Answers before the whole body was read; the connection cannot be used again."""
    start, content = answer.start, answer.content
    await send({**start, "headers": [*start["headers"], (b"connection", b"close")]})
    if not body.is_held_back:
        await send({**content, "more_body": True})
        await body.discard(within_s=LINGER_S)
        content = {**content, "body": b""}
    await send(content)


def _call(application: WsgiApplication, environ: Environ) -> ResponseMessages:
    """Calls the application and collects its response, or the beginning of a long one."""
    began: list[tuple[str, list[Field]]] = []

    def start_response(status: str, headers: list[Field], _: object = None) -> object:
        began.append((status, headers))
        return None

    answer = application(environ, start_response)
    pieces: list[bytes] = []
    is_long = False
    try:
        rest = iter(answer)
        for piece in rest:
            pieces.append(piece)
            # Most responses are one piece, however large.
            is_long = len(pieces) > 1 and sum(map(len, pieces)) > STREAM_FROM_BYTES
            if is_long:
                break
    finally:
        if not is_long:
            _close(answer)
    # PEP 3333: the last call counts; in case of an error it replaces the response that was begun.
    status, headers = began[-1]
    made = _messages(int(status[:3]), headers, b"".join(pieces))
    return made._replace(rest=_Rest(answer, rest)) if is_long else made


class _Rest(Iterator[bytes]):
    """What is left of a response."""

    def __init__(self, answer: Iterable[bytes], rest: Iterator[bytes]) -> None:
        self._answer = answer
        self._rest = rest

    def __next__(self) -> bytes:
        return next(self._rest)

    def close(self) -> None:
        """Closes the response."""
        _close(self._answer)


def _close(answer: Iterable[bytes]) -> None:
    """Calls ``close`` of the response if it has one, as PEP 3333 requires of servers."""
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _messages(status: int, fields: list[Field], body: bytes) -> ResponseMessages:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return ResponseMessages(
        {"type": "http.response.start", "status": status, "headers": raw},
        {"type": "http.response.body", "body": body},
    )


def _environ(scope: Scope, *, base_path: str) -> Environ:
    # As it was sent: the application refuses paths that are not UTF-8.
    path = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
    script_name, path_info = split_base(path, base_path)
    server, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    return {
        **_fields(scope["headers"]),
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path_info,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server),
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _fields(headers: Iterable[tuple[bytes, bytes]]) -> Environ:
    fields: Environ = {}
    for raw_name, raw_value in headers:
        # Otherwise "X_Forwarded_For" would pass for "X-Forwarded-For", and a proxy strips only one.
        if b"_" in raw_name or raw_name == b"transfer-encoding":
            continue
        name = "HTTP_" + raw_name.decode("latin-1").upper().replace("-", "_")
        name, value = _OWN_NAMES.get(name, name), raw_value.decode("latin-1")
        # RFC 9110 5.2: the lines of a field, joined, are its value.
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields
