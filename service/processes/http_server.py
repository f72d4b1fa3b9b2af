"""HTTP/1.1 on a connection: documents at hand are answered where they are asked for.

A request is read by llhttp, and its answer written, in the same turn of the event loop: no task,
no thread and no framework is between them. All else goes the long way, by uvicorn's own protocol
and the bridge into a thread that may wait.

What uvicorn's protocol lacks stands here as well: limits in bytes and in time to what a client may
take. It has one timer a connection that looks now and then, instead of one a request.

The only importer of uvicorn. Its server is not used: `HttpServer` has no clockwork that wakes an
idle process ten times a second. What `HttpProtocol` overrides and reads of its protocol is not
public: ``pyproject.toml`` asks for the minor version that was tested, and
``tests/service/test_uvicorn.py`` says what is relied on. Why uvicorn, and what else was measured,
is in ``docs/figures.md``.
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
from service.web import IGNORED_HEADERS, Reply, WsgiAdapter

_log = get_logger(__name__)

#: Everything before the body. Nobody honest comes near it; our own rules bear it.
MAX_HEAD_BYTES = 128 * 1024

#: What a client may take to send the head of its request.
HEAD_WITHIN_S = 30.0
#: And how long, when the service is about to end.
LAST_HEAD_WITHIN_S = 1.0
#: How long a connection may be silent: between two requests, in a body, while an answer waits to
#: be taken. More than the 60 s for which nginx, as a proxy, keeps one open.
SILENCE_S = 75.0
#: How often a connection is looked at.
LOOK_EVERY_S = 5.0

#: Connections that the system takes for us before we do.
BACKLOG = 2048

#: What a stopping server may take to finish the answers it is at, and how often it looks.
STOP_WITHIN_S = 10.0
_LOOK_AT_STOP_S = 0.05

#: How often a running server gives a sign of life.
BEAT_EVERY_S = 1.0

#: Where uvicorn says all that it says. What a client does wrong is answered; a line each would let
#: anybody fill the log.
_SERVER_LOG = "uvicorn.error"


class _Date:
    """``Date`` as it is now, written once a second.

    uvicorn's own may be a second old, and RFC 9110 8.8.2.1 allows no ``Last-Modified`` that is
    later: a document may be younger than that.
    """

    def __init__(self) -> None:
        self._second = 0
        self._written = b""

    def now(self) -> bytes:
        """Return it in the preferred form (RFC 9110 5.6.7)."""
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
    """One connection. `app` is a bridge."""

    app: WsgiAdapter

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._url = b""
        self._lines: list[tuple[bytes, bytes]] = []
        self._is_in_head = True  #: one that has not begun yet counts
        self._is_answered = False  #: the request that is being read, here
        self._is_ending = False
        self._is_first_of_head = False
        self._head_bytes = 0
        self._head_began = self._heard_at = 0.0
        self._unsent_bytes = 0
        self._look_later: asyncio.TimerHandle | None = None

    # Of the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to listen."""
        super().connection_made(transport)
        self._heard_at = self._head_began = self.loop.time()
        self._look_later = self.loop.call_later(LOOK_EVERY_S, self._look)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        if self._look_later is not None:
            self._look_later.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Read what came: a part of a request, or several."""
        self._heard_at = self.loop.time()
        self._is_first_of_head = False
        super().data_received(data)
        # What of the first piece belongs to the head is not known, and it is no large piece.
        if self._is_in_head and not self._is_first_of_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._turn_away(_HEAD_TOO_LARGE)

    def shutdown(self) -> None:
        """End, when the request that is being read or answered has been answered."""
        self._is_ending = True
        if self._is_in_head:
            # It may be on its way. Who has sent none by then has none.
            self.loop.call_later(LAST_HEAD_WITHIN_S, self._end_unasked)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; it has a date as all answers."""
        self.server_state.default_headers = [(b"date", _DATE.now())]
        super().send_400_response(msg)

    # Of the request

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._lines = []
        self._is_in_head = True
        self._is_answered = False
        self._is_first_of_head = True
        self._head_bytes = 0
        self._head_began = self._heard_at

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of a field; those behind a body say nothing that we look at."""
        if self._is_in_head:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: answer here, or go the long way."""
        self._is_in_head = False
        if self.transport.is_closing():
            self._is_answered = True  # pipelined behind a request that closed the connection
            return
        reply = self._at_hand()
        if reply is None:
            self._go_the_long_way()
        else:
            self._is_answered = True
            self._write(reply)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if not self._is_answered:
            super().on_message_complete()

    def _at_hand(self) -> Reply | None:
        # Answers leave in the order of their requests; and who does not take what was written
        # gets no more written before it does, which the long way sees to.
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if is_busy or self.flow.write_paused or not self._names_one_host():
            return None
        lines = tuple([line for line in self._lines if line[0] not in IGNORED_HEADERS])
        return self.app.middleware.peek((self.parser.get_method(), self._url, lines), self.app)

    def _names_one_host(self) -> bool:
        hosts = [
            line[1] for line in self._lines if len(line[0]) == 4 and line[0].lower() == b"host"
        ]
        return names_one_host(hosts, http_version=self.parser.get_http_version())

    def _write(self, reply: Reply) -> None:
        is_last = (
            self._is_ending
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() == "1.0"
        )
        end = b"\r\nconnection: close\r\n\r\n" if is_last else b"\r\n\r\n"
        head, [body] = b"".join((reply.head, b"date: ", _DATE.now(), end)), reply.body
        if body:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head)
        self.server_state.total_requests += 1
        if is_last:
            self.transport.close()

    def _go_the_long_way(self) -> None:
        super().on_message_begin()
        super().on_url(self._url)
        for name, value in self._lines:
            super().on_header(name, value)
        self.server_state.default_headers = [(b"date", _DATE.now())]
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False

    # Of time

    def _look(self) -> None:
        """See whether the client still takes part."""
        now = self.loop.time()
        if self._is_in_head and now - self._head_began > HEAD_WITHIN_S:
            self._turn_away(_TOO_SLOW)
        elif self._is_silent(now):
            # Not `close`, which would wait for what the client does not take.
            self.transport.abort()
        else:
            self._look_later = self.loop.call_later(LOOK_EVERY_S, self._look)

    def _is_silent(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        is_at_work = self.cycle is not None and not (
            self.cycle.response_complete or self.cycle.more_body or self.flow.write_paused
        )
        if is_at_work or unsent != self._unsent_bytes:
            self._heard_at, self._unsent_bytes = now, unsent
        return now - self._heard_at > SILENCE_S

    def _end_unasked(self) -> None:
        if self._is_in_head:
            self.transport.close()

    def _turn_away(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


class HttpServer:
    """Answers what comes in at one listening socket, until it is told to stop."""

    def __init__(self, app: WsgiAdapter, listener: socket.socket) -> None:
        """Make one that does not run yet.

        Args:
            app: The application.
            listener: A socket that is bound; other processes may have it as well.
        """
        self._listener = listener
        self._state = ServerState()
        # What is left out here is done by `HttpProtocol`, or not needed.
        self._config = Config(
            app,
            interface="asgi3",
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            # Its timer ends a connection that nobody uses: as late as ours does.
            timeout_keep_alive=int(SILENCE_S),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_stop: asyncio.Event | None = None
        self._is_to_stop = False
        self.is_running = False

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._state.connections)

    def run(self, *, beat: Callable[[], object] = lambda: None) -> None:
        """Answer until `stop` is called; in the main thread, until a signal says so, too.

        Args:
            beat: Called every second by the loop that answers: while it stands still, nobody is.
        """
        logging.getLogger(_SERVER_LOG).setLevel(logging.ERROR)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(beat))

    def stop(self) -> None:
        """Take no more connections, and end when those there are have their answers.

        May be called by any thread, and before it runs.
        """
        self._is_to_stop = True
        loop, told = self._loop, self._told_to_stop
        if loop is not None and told is not None and not loop.is_closed():
            loop.call_soon_threadsafe(told.set)

    async def _run(self, beat: Callable[[], object]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        told = self._told_to_stop = asyncio.Event()
        if self._is_to_stop:
            told.set()

        def beat_again() -> None:
            beat()
            loop.call_later(BEAT_EVERY_S, beat_again)

        with ExitStack() as stack:
            if threading.current_thread() is threading.main_thread():
                stack.enter_context(stopping(loop, told.set))
            beat_again()
            server = await loop.create_server(
                self._connection, sock=self._listener, backlog=BACKLOG
            )
            self.is_running = True
            await told.wait()
            server.close()
            self._listener.close()
            await self._finish()
            self.is_running = False

    def _connection(self) -> HttpProtocol:
        return HttpProtocol(
            config=self._config, server_state=self._state, app_state={}, _loop=self._loop
        )

    async def _finish(self) -> None:
        """Let all connections come to their end, if they do in time."""
        state = self._state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + STOP_WITHIN_S
        while (state.connections or state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_AT_STOP_S)
        if state.tasks:
            _log.warning("answers were not finished", count=len(state.tasks), after_s=STOP_WITHIN_S)
        for task in state.tasks:
            task.cancel()
