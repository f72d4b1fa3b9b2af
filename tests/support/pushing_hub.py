"""A whole hub on loopback: verifies who subscribes, and pushes what it is pinged for.

Or it does not: it can be mute, slow, unwilling, or send on something else than the document.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

#: As long as a hub goes on asking a callback that does not answer yet.
PATIENCE_S = 10.0


@dataclass(slots=True)
class PushingHub:
    """Who subscribed, and how it behaves. Start it with `running_pushing_hub`."""

    port: int = 0
    is_mute: bool = False  #: takes pings, and pushes nothing
    is_deaf: bool = False  #: takes subscriptions, and never verifies them
    denies: str | None = None  #: tells callbacks so, with this reason
    delay_s: float = 0.0  #: before each push
    make: Callable[[bytes], bytes] = bytes  #: what it sends of a document
    secret: Callable[[str], str] = str  #: what it signs with, of the secret that it was given
    subscribers: dict[str, tuple[str, str]] = field(default_factory=dict)  #: secret, by callback
    asked: list[dict[str, str]] = field(default_factory=list)  #: subscription requests
    pinged: list[str] = field(default_factory=list)  #: topics
    pushed: list[int] = field(default_factory=list)  #: the statuses that it was answered

    @property
    def url(self) -> str:
        """Where to ping it."""
        return f"http://127.0.0.1:{self.port}/"

    def take(self, form: dict[str, str]) -> None:
        """What happens after the answer."""
        if form["hub.mode"] == "publish":
            self.pinged.append(form["hub.url"])
            if not self.is_mute:
                self._push(form["hub.url"])
        else:
            self.asked.append(form)
            if not self.is_deaf:
                self._verify(form)

    def _verify(self, form: dict[str, str]) -> None:
        challenge = secrets.token_hex(16)
        asked = {"hub.topic": form["hub.topic"], "hub.challenge": challenge}
        asked |= {"hub.mode": "subscribe", "hub.lease_seconds": form["hub.lease_seconds"]}
        if self.denies is not None:
            asked = {"hub.mode": "denied", "hub.topic": form["hub.topic"]}
            asked |= {"hub.reason": self.denies}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                status, body = ask("GET", f"{form['hub.callback']}?{urlencode(asked)}")
            except OSError:
                time.sleep(0.05)  # it is only just starting
                continue
            if status == 200 and body.decode() == challenge:
                self.subscribers[form["hub.callback"]] = form["hub.topic"], form["hub.secret"]
            return

    def _push(self, topic: str) -> None:
        time.sleep(self.delay_s)
        with suppress(OSError):  # the newsroom may be closed by then
            self._push_now(topic)

    def _push_now(self, topic: str) -> None:
        _, document = ask("GET", topic)
        body = self.make(document)
        for callback, (subscribed, secret) in list(self.subscribers.items()):
            if subscribed == topic:
                made = hmac.new(self.secret(secret).encode(), body, "sha256").hexdigest()
                fields = {"X-Hub-Signature": f"sha256={made}"}
                self.pushed.append(ask("POST", callback, body, fields)[0])


def ask(
    method: str, url: str, body: bytes | None = None, fields: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Ask a server; status and body of its answer."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, fields or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def running_pushing_hub() -> Iterator[PushingHub]:
    """A hub that is well, until the end of the block."""
    hub = PushingHub()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub = hub
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hub: PushingHub


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        hub = cast("_Server", self.server).hub
        threading.Thread(target=hub.take, args=(form,), daemon=True).start()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests look at the hub instead."""
