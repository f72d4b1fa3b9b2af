"""From an asynchronous server (ASGI 3) to the application, which may wait (WSGI, PEP 3333).

A request's body is collected before a thread is taken, so that no slow client holds one; and all
of an answer is made before it is sent, so that no slow reader does. Both are bounded: bodies here,
answers by what the application makes.

Rejected: a2wsgi, which holds a thread for as long as a client dawdles over its body or its answer.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from service.http_rules import Field, names_one_host
from service.web.front import Application, Environ, Front

#: Nothing that is asked of us is larger: a hub form is a few URLs, a release some megabytes.
MAX_BODY_BYTES = 16 * 1024 * 1024

#: Where servers ask to be told of news. Each is looked up in the name system and written down, and
#: they come in storms: they have threads of their own, so that pages do not wait for them.
ASKED_TO_TELL = frozenset({"/hub", "/cloud/pleaseNotify"})
_TELLING_THREADS = 2
#: More than this many would wait for longer than they are patient.
MAX_WAITING_TO_BE_TOLD = 200

#: PEP 3333 has these two without ``HTTP_``.
_OWN_NAMES = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class _Gone(Exception):
    """The client left before its request was complete."""


class _TooLarge(Exception):
    """The body is larger than any that we take."""


class Lane:
    """Threads for requests of one kind, and how many of these may wait for one."""

    def __init__(self, name: str, *, threads: int, max_waiting: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._max_inside = None if max_waiting is None else threads + max_waiting
        self._inside = 0

    @property
    def is_full(self) -> bool:
        """True when one more would be too many."""
        return self._max_inside is not None and self._inside >= self._max_inside

    async def run(self, front: Front, environ: Environ) -> tuple[Message, Message]:
        """Answer a request in one of the threads. To be called from the event loop alone."""
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _run, front, environ)
        finally:
            self._inside -= 1


class Bridge:
    """An ASGI application around a front and all behind it."""

    def __init__(self, front: Front, *, threads: int) -> None:
        """Open a bridge.

        Args:
            front: The application.
            threads: How many requests may be worked at at the same time; others wait.
        """
        self.front = front
        self._usual = Lane("request", threads=threads)
        self._telling = Lane(
            "telling", threads=_TELLING_THREADS, max_waiting=MAX_WAITING_TO_BE_TOLD
        )
        # One each for what the front has done aside: that is not to wait for slow requests, nor a
        # look for the documents that the one before has found to be new.
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="fetch")

    def look(self, work: Callable[[], None], /) -> None:
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
        try:
            body = await _collect(receive)
        except _Gone:
            return
        except _TooLarge:
            # The rest of it is still on its way: this connection is of no more use.
            await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ("Connection", "close"))
            return
        is_to_tell = scope["method"] == "POST" and scope["path"] in ASKED_TO_TELL
        lane = self._telling if is_to_tell else self._usual
        if lane.is_full:
            await _refuse(send, HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", "5"))
            return
        for message in await lane.run(self.front, _environ(scope, body)):
            await send(message)


def _names_one_host(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return names_one_host(hosts, http_version=scope["http_version"])


async def _collect(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise _TooLarge
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


async def _refuse(send: Send, status: HTTPStatus, field: Field) -> None:
    body = f"{status.phrase}\n".encode()
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), field]
    for message in _messages(status, fields, body):
        await send(message)


def _run(application: Application, environ: Environ) -> tuple[Message, Message]:
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


def _environ(scope: Scope, body: bytes) -> Environ:
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
        # The whole body is here, whether it came in chunks or with a length.
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
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
