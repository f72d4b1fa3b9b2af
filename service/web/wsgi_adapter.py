"""From an asynchronous server (ASGI 3) to the application, which may wait (WSGI, PEP 3333)."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from service.http_rules import Field, names_one_host
from service.web.cache_middleware import CacheMiddleware, Environ, WsgiApplication
from service.web.request_bodies import BodyMemory, BodyRefused, ClientGone, RequestBody

#: Where servers ask to be told of news. Each is looked up in the name system and written down, and
#: they come in storms: they have threads of their own, so that pages do not wait for them.
SUBSCRIPTION_PATHS = frozenset({"/hub", "/cloud/pleaseNotify"})
_TELLING_THREADS = 2
#: More than this many would wait for longer than they are patient.
MAX_WAITING_SUBSCRIPTIONS = 200

#: For how long the rest of a body that nobody wants is thrown away before the connection is closed.
#: RFC 9112 9.6: whoever is still sending would else lose the answer.
LINGER_S = 10.0

#: PEP 3333 has these two without ``HTTP_``.
_OWN_NAMES = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


#: How often it is seen whether the store answers, while there are requests that may wait for it.
POLL_EVERY_S = 0.25


class ThreadLane:
    """Threads for requests of one kind, and how many of these may wait for one."""

    def __init__(self, name: str, *, threads: int, max_waiting: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._max_inside = None if max_waiting is None else threads + max_waiting
        self._inside = 0

    @property
    def is_full(self) -> bool:
        """True when one more would be too many."""
        return self._max_inside is not None and self._inside >= self._max_inside

    async def run(self, front: CacheMiddleware, environ: Environ) -> tuple[Message, Message]:
        """Answer a request in one of the threads. To be called from the event loop alone."""
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _call, front, environ)
        finally:
            self._inside -= 1


class WsgiAdapter:
    """An ASGI application around a front and all behind it."""

    def __init__(self, front: CacheMiddleware, *, threads: int) -> None:
        """Open a bridge.

        Args:
            front: The application.
            threads: How many requests may be worked at at the same time; others wait.
        """
        self.middleware = front
        self._usual = ThreadLane("request", threads=threads)
        self._telling = ThreadLane(
            "telling", threads=_TELLING_THREADS, max_waiting=MAX_WAITING_SUBSCRIPTIONS
        )
        # One each for what the front has done aside: that is not to wait for slow requests, nor a
        # look for the documents that the one before has found to be new.
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="fetch")
        self._rooms = BodyMemory()
        self._working = 0
        self._next_look: asyncio.TimerHandle | None = None

    def check_store(self, work: Callable[[], None], /) -> None:
        """Have a look made at the store, in a thread that is there for it."""
        self._looker.submit(work)

    def fetch(self, work: Callable[[], None], /) -> None:
        """Have a document fetched, likewise."""
        self._fetcher.submit(work)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _names_one_host(scope):
            # RFC 9112 3.2 and 11.2: whoever stands between us may have read another request in
            # these bytes, and so in those that follow.
            await _refuse(send, HTTPStatus.BAD_REQUEST, ("Connection", "close"))
            return
        body = RequestBody(dict(scope["headers"]), receive, self._rooms)
        try:
            await self._answer(scope, send, body)
        except ClientGone:
            return
        except BodyRefused as refused:
            messages = _refusal(refused.status, *refused.fields)
            await _turn_away(send, messages, body)
        finally:
            body.release()

    async def _answer(self, scope: Scope, send: Send, body: RequestBody) -> None:
        is_to_tell = scope["method"] == "POST" and scope["path"] in SUBSCRIPTION_PATHS
        lane = self._telling if is_to_tell else self._usual
        environ = _environ(scope)
        if await body.is_large():
            messages = await self._run(lane, body.awaited(environ))
            if messages[0]["status"] != HTTPStatus.CONTINUE:
                await _turn_away(send, messages, body)
                return
        content = await body.collect()
        for message in await self._run(lane, body.read(environ, content)):
            await send(message)

    async def _run(self, lane: ThreadLane, environ: Environ) -> tuple[Message, Message]:
        if lane.is_full:
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", "5"))
        self._working += 1
        if self._next_look is None:
            self._look_later()
        try:
            return await lane.run(self.middleware, environ)
        finally:
            self._working -= 1

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_look = loop.call_later(POLL_EVERY_S, self._look_aside)

    def _look_aside(self) -> None:
        self._next_look = None
        if self._working:
            self.middleware.check_store_in_background(self)
            self._look_later()


def _names_one_host(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return names_one_host(hosts, http_version=scope["http_version"])


async def _refuse(send: Send, status: HTTPStatus, *fields: Field) -> None:
    for message in _refusal(status, *fields):
        await send(message)


def _refusal(status: HTTPStatus, *fields: Field) -> tuple[Message, Message]:
    body = f"{status.phrase}\n".encode()
    own = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *fields]
    return _messages(status, own, body)


async def _turn_away(send: Send, messages: tuple[Message, Message], body: RequestBody) -> None:
    """Answer while the body is on its way: this connection is of no more use."""
    start, content = messages
    await send({**start, "headers": [*start["headers"], (b"connection", b"close")]})
    if not body.is_held_back:
        await send({**content, "more_body": True})
        await body.discard(within_s=LINGER_S)
        content = {**content, "body": b""}
    await send(content)


def _call(application: WsgiApplication, environ: Environ) -> tuple[Message, Message]:
    """Call the application, to its last byte."""
    began: list[tuple[str, list[Field]]] = []

    def start_response(status: str, headers: list[Field], _: object = None) -> object:
        began.append((status, headers))
        return None

    answer = application(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        _close(answer)
    # PEP 3333: the last call counts, an error's replaces what was begun.
    status, headers = began[-1]
    return _messages(int(status[:3]), headers, body)


def _close(answer: Iterable[bytes]) -> None:
    """PEP 3333: a server must call ``close`` where there is one."""
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _messages(status: int, fields: list[Field], body: bytes) -> tuple[Message, Message]:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return (
        {"type": "http.response.start", "status": status, "headers": raw},
        {"type": "http.response.body", "body": body},
    )


def _environ(scope: Scope) -> Environ:
    server, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    return {
        **_fields(scope["headers"]),
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # As it was sent: what is no UTF-8 is the application's to refuse.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
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
        # "X_Forwarded_For" would else be taken for "X-Forwarded-For": a proxy strips only one.
        if b"_" in raw_name or raw_name == b"transfer-encoding":
            continue
        name = "HTTP_" + raw_name.decode("latin-1").upper().replace("-", "_")
        name, value = _OWN_NAMES.get(name, name), raw_value.decode("latin-1")
        # RFC 9110 5.2: the lines of a field, joined, are its value.
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields
