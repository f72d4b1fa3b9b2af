"""The newsroom's page: how many bytes it takes, and how soon a browser has painted it.

The newsroom is the shipped one with its categories, and shows the newest of the shipped samples.
"""

import gzip
import re
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from flask.testing import FlaskClient

from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.samples import FOLDER
from feeds.ingest import read_documents
from feeds.model.release import Draft
from feeds.store import migrate
from feeds.store.database import Database
from service.application import Application, CurrentApplication
from service.settings import load
from service.web import CacheMiddleware, DocumentCache, create_app
from service.wiring import build_application
from tests.support.chromium import Chromium, chromium
from tests.support.wire_server import make_server, port_of, running

CONFIG = Path(__file__).parent.parent / "config" / "communique.yaml"

#: A kilobyte, as in the bound.
KB = 1000

#: The page shows the newest twenty.
RELEASES = 60

#: The time of the last large text or picture, once the page is loaded and has been painted.
PAINTED_MS = """
new Promise((done) => {
  let last = 0;
  new PerformanceObserver((list) => { last = list.getEntries().at(-1).startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  const wait = () => last ? done(last) : setTimeout(wait, 5);
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(wait, 20)));
})
"""


@contextmanager
def newsroom(folder: Path) -> Iterator[tuple[Flask, Application]]:
    """The shipped newsroom with sample releases, published."""
    settings = load(CONFIG, environ={})
    with closing(Database.open(f"sqlite:///{folder}/news.db")) as database:
        migrate.upgrade(database)
        application = build_application(settings, database)
        now = datetime.now(UTC)
        application.newsroom.apply_catalogue(now=now)
        for name in ("us-digitalgov.jsonl", "us-doj.jsonl", "govuk-examples.jsonl"):
            with (FOLDER / name).open("rb") as stream:
                read = read_documents(stream, document=name, rules=application.rules)
                drafts = [each for each in islice(read, RELEASES) if isinstance(each, Draft)]
            application.newsroom.take_in(drafts, now=now)
        stale = application.newsstand.stale(now=now, worker="bench")
        application.newsstand.regenerate(stale, now=now, worker="bench")
        current = CurrentApplication(application)
        yield create_app(current, has_hub=True, has_search=True), application


def _weigh(client: FlaskClient, path: str) -> tuple[int, str]:
    """The bytes of an answer, compressed, and its text."""
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    if answer.headers.get("Content-Encoding") != "gzip":
        raise Unmeasurable(f"{path} did not come as gzip")
    return len(answer.data), gzip.decompress(answer.data).decode()


def measure_bytes(scale: float) -> float:  # noqa: ARG001  # the page is as large at any scale
    """Kilobytes of the page, its style sheet and its script, as gzip."""
    with TemporaryDirectory() as name, newsroom(Path(name)) as (app, _):
        client = app.test_client(use_cookies=False)
        sizes = {}
        sizes["/"], html = _weigh(client, "/")
        for path in re.findall(r'(?:rel="stylesheet" href|script src)="([^"]+)"', html):
            sizes[path], _ = _weigh(client, path)
    for path, size in sizes.items():
        tell(f"{path}: {size} bytes")
    if len(sizes) != 3:
        raise Unmeasurable(f"expected a page, a style sheet and a script: {sorted(sizes)}")
    return sum(sizes.values()) / KB


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """The page, and plain text of the same size."""

    page: str
    text: str


@contextmanager
def _rivals() -> Iterator[Rivals]:
    with TemporaryDirectory() as name, ExitStack() as stack:
        app, application = stack.enter_context(newsroom(Path(name)))
        _, html = _weigh(app.test_client(use_cookies=False), "/")
        front = CacheMiddleware(
            app, current=CurrentApplication(application), document_cache=DocumentCache()
        )
        server = make_server(front)
        stack.enter_context(running(server))
        plain = stack.enter_context(_serving_text(html))
        yield Rivals(page=f"http://127.0.0.1:{port_of(server)}/", text=plain)


@contextmanager
def _serving_text(html: str) -> Iterator[str]:
    # The page's own words, and as many bytes: repeated where its markup was.
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
    body = (words * (len(html) // len(words) + 1)).encode()[: len(html.encode())]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def _painted_ms(browser: Chromium, url: str) -> float:
    """How long after the address was opened the largest text was painted, with an empty cache."""
    browser.visit("about:blank")
    browser.order("Network.clearBrowserCache")
    browser.visit(url)
    return float(browser.run(PAINTED_MS))


def measure_paint(scale: float) -> float:
    """The median time to the largest paint of the page, over that of plain text."""
    if not any(map(shutil.which, ("chromium", "chromium-browser"))):
        raise Unmeasurable("no Chromium: apt-get install chromium")
    rounds = max(3, round(scale * 15))
    with _rivals() as rivals, TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        browser.resize(1280)
        for url in (rivals.page, rivals.text):  # both servers, and the browser, are warm
            _painted_ms(browser, url)
        pairs = [
            (_painted_ms(browser, rivals.page), _painted_ms(browser, rivals.text))
            for _ in range(rounds)
        ]
    page, text = zip(*pairs, strict=True)
    tell(
        f"largest paint: page {statistics.median(page):.1f} ms, "
        f"text {statistics.median(text):.1f} ms, medians of {rounds}"
    )
    return Ratio.between(page, text)


BYTES = Figure(name="page_bytes", bound=40, measure=measure_bytes)
PAINT = Figure(name="largest_paint", bound=2, measure=measure_paint)
FIGURES = (BYTES, PAINT)
