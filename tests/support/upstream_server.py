"""A server of feeds on loopback: each path answers as a test wants, and requests are recorded."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(slots=True, kw_only=True)
class Page:
    """What one path answers."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None  #: a request that has it is answered 304


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """A request that came."""

    path: str
    headers: Mapping[str, str]  #: by lower-case name
    client: str


class UpstreamServer(ThreadingHTTPServer):
    """Serves `pages` by path; anything else is 404."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.requests: list[SeenRequest] = []

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"http://{host}:{self.server_port}{path}"

    def asked(self, path: str) -> list[SeenRequest]:
        """The requests for one path."""
        return [each for each in self.requests if each.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: UpstreamServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(
            SeenRequest(path=self.path, headers=headers, client=self.client_address[0])
        )
        page = self.server.pages.get(self.path) or self.server.pages.get(urlsplit(self.path).path)
        page = page or Page(status=404, body=b"not here")
        status, body = page.status, page.body
        if page.etag is not None and headers.get("if-none-match") == page.etag:
            status, body = 304, b""
        self.send_response(status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if page.etag is not None:
            self.send_header("ETag", page.etag)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def upstream_server(host: str = "127.0.0.1") -> Iterator[UpstreamServer]:
    """A running server."""
    with UpstreamServer(host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def atom(
    *entries: str,
    head: str = "",
    title: str = "City Council",
    updated: str = "2026-03-02T10:00:00Z",
) -> bytes:
    """An Atom document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
        ' xmlns:fh="http://purl.org/syndication/history/1.0">'
        f"<id>tag:council.example.org,2020:news</id><title>{title}</title>"
        f"<updated>{updated}</updated>"
        '<link rel="alternate" href="https://council.example.org/"/>'
        f"{head}{''.join(entries)}</feed>"
    ).encode()


def entry(
    number: int | str,
    *,
    title: str | None = None,
    body: str = "<p>The council has decided.</p>",
    published: str | None = "2026-03-01T08:00:00Z",
    updated: str | None = None,
    entry_id: str | None = None,
    link: str | None = None,
    categories: tuple[str, ...] = (),
    more: str = "",
) -> str:
    """An entry of it."""
    text = body.replace("&", "&amp;").replace("<", "&lt;")
    terms = "".join(f'<category term="{each}"/>' for each in categories)
    dates = f"<published>{published}</published>" if published else ""
    dates += f"<updated>{updated or published}</updated>" if updated or published else ""
    address = link or f"https://council.example.org/{number}"
    return (
        f"<entry><id>{entry_id or f'tag:council.example.org,2020:{number}'}</id>"
        f"<title>{title or f'Decision {number}'}</title>{dates}{terms}"
        f'<link rel="alternate" href="{address}"/><content type="html">{text}</content>{more}'
        "</entry>"
    )
