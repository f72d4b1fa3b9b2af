"""A server on loopback that takes webhooks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass(kw_only=True)
class WebhookServer:
    """What arrived, and what is answered."""

    status: int = 204
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)  #: by lower-case name
    url: str = ""


class _WebhookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = cast("_WebhookListener", self.server).hook
        hook.headers.append({name.lower(): text for name, text in self.headers.items()})
        hook.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(hook.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _WebhookListener(ThreadingHTTPServer):
    hook: WebhookServer


@contextmanager
def running_webhook(hook: WebhookServer | None = None) -> Iterator[WebhookServer]:
    """A server that runs until the end of the block."""
    hook = hook or WebhookServer()
    with _WebhookListener(("127.0.0.1", 0), _WebhookHandler) as server:
        server.hook = hook
        hook.url = f"http://127.0.0.1:{server.server_address[1]}/alarms"
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
