"""The HTTP/1.1 server: cached documents are answered on the event loop, the rest in threads.

A request for a cached document is parsed by llhttp and answered in the same turn of the event loop,
without a task, a thread or a framework. All other requests go through uvicorn's own protocol and
the WSGI adapter to a thread that may wait.

The protocol also adds what uvicorn's lacks: limits on the bytes and the time that a client may
take. They need one timer a connection, which checks from time to time, instead of one a request.

This is the only module that imports uvicorn. Its server is not used, because that wakes an idle
process ten times a second; `HttpServer` does not. `HttpProtocol` overrides and reads parts of
uvicorn's protocol that are not public: ``pyproject.toml`` requires the tested minor version, and
``tests/service/test_uvicorn.py`` lists what is relied on. Why uvicorn was chosen, and what else was
measured, is in ``docs/figures.md``.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from email.utils import formatdate
from typing import Any

import uvloop
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.http_rules import names_one_host
from service.logs import get_logger
from service.processes.signals import stopping
from service.web import (
    IGNORED_HEADERS,
    CountedAnswer,
    HeaderLine,
    KnownRequest,
    Reply,
    RequestCounter,
    Tally,
    WsgiAdapter,
)

_log = get_logger(__name__)

#: The largest request head (everything before the body). Legitimate requests are far smaller, and
#: our own rules can process this much.
MAX_HEAD_BYTES = 128 * 1024

#: How long a client may take to send the head of its request.
HEAD_WITHIN_S = 30.0
#: How long a client may take to send a request's head while the service is stopping.
LAST_HEAD_WITHIN_S = 1.0
#: How long a connection may be idle: between two requests, within a body, or while the client does
#: not read the response. It is longer than the 60 s for which nginx, as a proxy, keeps one open.
IDLE_TIMEOUT_S = 75.0
#: How often a connection is checked.
CHECK_EVERY_S = 5.0

#: How long a request may be that a connection remembers; pollers send a tenth of it.
MAX_KNOWN_BYTES = 4096

#: How many connections the system accepts ahead of the server.
BACKLOG = 2048

#: How long a stopping server may take to finish its responses, and how often it checks.
STOP_WITHIN_S = 10.0
_CHECK_STOP_EVERY_S = 0.05

#: The fields that say who asks, in the two spellings that clients use.
_AGENT = frozenset({b"User-Agent", b"user-agent"})
_AGENT_CHARS = len("User-Agent")
_FORWARDED = frozenset({b"X-Forwarded-For", b"x-forwarded-for"})

#: How often a running server sends a heartbeat.
BEAT_EVERY_S = 1.0

#: The logger of all of uvicorn's messages. Clients' mistakes are answered and not logged: with a
#: line each, anybody could fill the log.
_SERVER_LOG = "uvicorn.error"


class _Date:
    """The current ``Date``, formatted once a second.

    uvicorn's own may be a second old. A document may be younger than that, and RFC 9110 section
    8.8.2.1 forbids a ``Last-Modified`` that is later than ``Date``.
    """

    def __init__(self) -> None:
        self._second = 0
        self._written = b""

    def now(self) -> bytes:
        """Returns the date in the preferred format (RFC 9110 section 5.6.7)."""
        second = int(time.time())
        if second != self._second:
            self._written = formatdate(second, usegmt=True).encode()
            self._second = second
        return self._written


_DATE = _Date()  #: of this process: all connections share one second

_NO_MORE = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large" + _NO_MORE
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout" + _NO_MORE


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    app: WsgiAdapter

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._url = b""
        self._lines: list[HeaderLine] = []
        # The last request, as it came and what it asks, if memory answered it: a connection often
        # repeats its request, and the same bytes need not be parsed again.
        self._known_bytes: bytes | None = None
        self._known: KnownRequest | None = None
        self._tally: Tally | None = None  #: where it was counted
        self._is_between = True  #: no request has begun that is not complete
        self._begun = 0  #: requests, in the bytes that were received last
        self._is_in_head = True  #: also before the head's first byte
        self._is_answered = False  #: whether this class has answered the current request
        self._is_ending = False
        self._is_first_of_head = False
        self._head_bytes = 0
        self._head_began = self._active_at = 0.0
        self._unsent_bytes = 0
        self._next_check: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the connection's timers."""
        super().connection_made(transport)
        self._active_at = self._head_began = self.loop.time()
        self._next_check = self.loop.call_later(CHECK_EVERY_S, self._check)

    def connection_lost(self, error: Exception | None) -> None:
        """Stops the connection's timer."""
        if self._next_check is not None:
            self._next_check.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Parses received bytes: a part of a request, or several requests."""
        self._active_at = self.loop.time()
        if data == self._known_bytes and self._answer_again():
            return
        is_from_start, self._begun = self._is_between, 0
        self._known_bytes = None
        self._is_first_of_head = False
        super().data_received(data)
        is_whole = is_from_start and self._is_between and self._begun == 1
        if is_whole and self._known is not None and len(data) <= MAX_KNOWN_BYTES:
            self._known_bytes = data
        # How much of the first piece belongs to the head is unknown; it is small, and not counted.
        if self._is_in_head and not self._is_first_of_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._reject(_HEAD_TOO_LARGE)

    def shutdown(self) -> None:
        """Closes the connection once the current request, if any, has been answered."""
        self._is_ending = True
        if self._is_in_head:
            # A request may be on its way: wait a little for it.
            self.loop.call_later(LAST_HEAD_WITHIN_S, self._close_if_idle)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Rejects bytes that are not HTTP. The response has a ``Date``, as all have."""
        self.server_state.default_headers = [(b"date", _DATE.now())]
        super().send_400_response(msg)

    # The request

    def on_message_begin(self) -> None:
        """Handles the start of a request."""
        self._url = b""
        self._lines = []
        self._known = self._tally = None
        self._is_between = False
        self._begun += 1
        self._is_in_head = True
        self._is_answered = False
        self._is_first_of_head = True
        self._head_bytes = 0
        self._head_began = self._active_at

    def on_url(self, url: bytes) -> None:
        """Handles a piece of the URL."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handles a header field; trailer fields after a body are ignored."""
        if self._is_in_head:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Handles the end of the head: answers from the cache, or passes the request on."""
        self._is_in_head = False
        if self.transport.is_closing():
            self._is_answered = True  # pipelined behind a request that closed the connection
            return
        request = self._request()
        reply = None if request is None else self._cached_reply(request)
        if reply is None:
            self._pass_on()
            return
        self._is_answered = True
        # HTTP/1.0 ends each connection with its answer.
        is_last = (
            self._is_ending
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() == "1.0"
        )
        if not is_last:
            self._known = request
        self._write(reply, is_last=is_last)

    def on_body(self, body: bytes) -> None:
        """Handles a piece of the body."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Handles the end of the request."""
        self._is_between = True
        if not self._is_answered:
            super().on_message_complete()

    def _answer_again(self) -> bool:
        """Answers a request that is the last one again; returns whether it did.

        Between two requests, what the parser makes of the same bytes is the same.
        """
        if not self._is_between or self._is_ending or self._known is None:
            return False
        reply = self._cached_reply(self._known)
        if reply is None:
            return False
        self._write(reply, is_last=False)
        return True

    def _cached_reply(self, request: KnownRequest) -> Reply | None:
        # Responses must be sent in the order of their requests, and no more may be written to a
        # client that does not read. uvicorn's protocol handles both cases.
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if is_busy or self.flow.write_paused:
            return None
        middleware = self.app.middleware
        reply = middleware.peek(request, self.app)
        if reply is not None and middleware.counter.is_on and reply.counted is not None:
            tally = self._tally
            if tally is not None and tally.is_open and tally.answer is reply.counted:
                tally.number += 1
            else:
                self._tally = self._count(middleware.counter, reply.counted)
        return reply

    def _request(self) -> KnownRequest | None:
        """Returns what decides the answer; None if the request does not name one host."""
        if not self._names_one_host(self.parser.get_http_version()):
            return None
        lines = tuple([line for line in self._lines if line[0] not in IGNORED_HEADERS])
        return KnownRequest((self.parser.get_method(), self._url, lines))

    def _count(self, counter: RequestCounter, answer: CountedAnswer) -> Tally | None:
        # Most names are told apart by their length, which takes a tenth of a hash.
        agent = b""
        for line in self._lines:
            if len(line[0]) == _AGENT_CHARS and line[0] in _AGENT:
                agent = line[1]
                break
        forwarded = self._forwarded() if counter.has_proxies else None
        return counter.count(self.client[0] if self.client else "", forwarded, agent, answer)

    def _forwarded(self) -> bytes | None:
        return b", ".join(value for name, value in self._lines if name in _FORWARDED) or None

    def _names_one_host(self, version: str) -> bool:
        hosts = [
            line[1] for line in self._lines if len(line[0]) == 4 and line[0].lower() == b"host"
        ]
        return names_one_host(hosts, http_version=version)

    def _write(self, reply: Reply, *, is_last: bool) -> None:
        end = b"\r\nconnection: close\r\n\r\n" if is_last else b"\r\n\r\n"
        head, [body] = b"".join((reply.head, b"date: ", _DATE.now(), end)), reply.body
        if body:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head)
        if is_last:
            self.transport.close()

    def _pass_on(self) -> None:
        """Passes the request to uvicorn's protocol."""
        super().on_message_begin()
        super().on_url(self._url)
        for name, value in self._lines:
            super().on_header(name, value)
        self.server_state.default_headers = [(b"date", _DATE.now())]
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False

    # Time limits

    def _check(self) -> None:
        """Closes the connection if the client is too slow or idle."""
        now = self.loop.time()
        if self._is_in_head and now - self._head_began > HEAD_WITHIN_S:
            self._reject(_TOO_SLOW)
        elif self._is_idle(now):
            # Not `close`, which would wait until the client reads what was written.
            self.transport.abort()
        else:
            self._next_check = self.loop.call_later(CHECK_EVERY_S, self._check)

    def _is_idle(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        is_at_work = self.cycle is not None and not (
            self.cycle.response_complete or self.cycle.more_body or self.flow.write_paused
        )
        if is_at_work or unsent != self._unsent_bytes:
            self._active_at, self._unsent_bytes = now, unsent
        return now - self._active_at > IDLE_TIMEOUT_S

    def _close_if_idle(self) -> None:
        if self._is_in_head:
            self.transport.close()

    def _reject(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)
            self.transport.close()


class HttpServer:
    """Answers the requests at one listening socket until it is asked to stop."""

    def __init__(self, app: WsgiAdapter, listener: socket.socket) -> None:
        """Creates a server that does not run yet.

        Args:
            app: The application.
            listener: A bound socket; other processes may share it.
        """
        self._listener = listener
        self._state = ServerState()
        # Features that are switched off here are done by `HttpProtocol`, or not needed.
        self._config = Config(
            app,
            interface="asgi3",
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            # uvicorn's own timer for idle connections must not be earlier than ours.
            timeout_keep_alive=int(IDLE_TIMEOUT_S),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_event: asyncio.Event | None = None
        self._is_to_stop = False
        self.is_running = False

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._state.connections)

    def run(self, *, beat: Callable[[], object] = lambda: None) -> None:
        """Answers requests until `stop` is called; in the main thread, a signal stops it as well.

        Args:
            beat: Called every second by the event loop that answers, so not while that is blocked.
        """
        logging.getLogger(_SERVER_LOG).setLevel(logging.ERROR)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(beat))

    def stop(self) -> None:
        """Accepts no more connections, and ends when all current requests are answered.

        May be called by any thread, and before `run`.
        """
        self._is_to_stop = True
        loop, stop_event = self._loop, self._stop_event
        if loop is not None and stop_event is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stop_event.set)

    async def _run(self, beat: Callable[[], object]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        stop_event = self._stop_event = asyncio.Event()
        if self._is_to_stop:
            stop_event.set()

        def beat_again() -> None:
            beat()
            loop.call_later(BEAT_EVERY_S, beat_again)

        with ExitStack() as stack:
            if threading.current_thread() is threading.main_thread():
                stack.enter_context(stopping(loop, stop_event.set))
            beat_again()
            server = await loop.create_server(
                self._connection, sock=self._listener, backlog=BACKLOG
            )
            self.is_running = True
            await stop_event.wait()
            server.close()
            self._listener.close()
            await self._finish()
            self.is_running = False

    def _connection(self) -> HttpProtocol:
        return HttpProtocol(
            config=self._config, server_state=self._state, app_state={}, _loop=self._loop
        )

    async def _finish(self) -> None:
        """Waits for all connections to end, up to `STOP_WITHIN_S`; cancels the rest."""
        state = self._state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + STOP_WITHIN_S
        while (state.connections or state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(_CHECK_STOP_EVERY_S)
        if state.tasks:
            _log.warning("responses not finished", count=len(state.tasks), after_s=STOP_WITHIN_S)
        for task in state.tasks:
            task.cancel()
