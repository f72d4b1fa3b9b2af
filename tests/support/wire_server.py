"""The server as it ships, in a thread, over a real socket."""

import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from service.processes.http_server import HttpServer
from service.web import CacheMiddleware, WsgiAdapter
from tests.support.running_service import wait_for_end, wait_until

Environ = dict[str, Any]


def make_server(front: CacheMiddleware) -> HttpServer:
    """A server that is not running yet, on a port that nobody else listens at."""
    listener = socket.create_server(("127.0.0.1", 0))
    return HttpServer(WsgiAdapter(front, threads=2), listener)


def port_of(server: HttpServer) -> int:
    """Where a server listens."""
    return server.port


@contextmanager
def running(server: HttpServer) -> Iterator[threading.Thread]:
    """The server, running until the end of the block."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.is_running)
        yield thread
    finally:
        server.stop()
        wait_for_end(thread, within_s=20)
        _end_threads(server)


def _end_threads(server: HttpServer) -> None:
    """Wait for what the server does aside: it may still ask the store, which is closed next.

    A process that served leaves its threads behind; a test goes on in the same process.
    """
    adapter = server._config.app
    assert isinstance(adapter, WsgiAdapter)
    requests, subscriptions = adapter._requests._threads, adapter._subscriptions._threads
    # Requests have documents fetched, and polls do: so the fetcher comes last.
    for threads in (requests, subscriptions, adapter._poller, adapter._fetcher):
        threads.shutdown()


class Forwarded:
    """A WSGI application that asks a server: so a client of Werkzeug's asks over the wire."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Ask, and give back what was answered; ``Date`` alone is the server's own."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            # Werkzeug's client takes what follows two slashes for a host.
            target = re.sub("^//[^/]*", "", environ["REQUEST_URI"])
            connection.putrequest(
                environ["REQUEST_METHOD"],
                target,
                skip_host=True,
                skip_accept_encoding=True,
            )
            for name, value in environ.items():
                if name.startswith("HTTP_"):
                    field = name.removeprefix("HTTP_").replace("_", "-").title()
                    connection.putheader(field, value.encode("latin-1"))
            connection.endheaders()
            answer = connection.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name != "date"]
            start_response(f"{answer.status} {answer.reason}", headers)
            return [answer.read()]
        finally:
            connection.close()
