"""Pictures and files of imports: copied or checked, politely, and never the cause of a loss."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ipaddress import ip_network
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from feeds.imports.drafting import ImportSource
from feeds.imports.wxr import read_wxr
from feeds.store.database import Database
from service.imports import FileCopier, ImportOptions, ImportTally, MediaChoice, run_import
from service.imports.files import FILES_A_HOST_AT_ONCE, MAX_FAILURES_A_HOST, USUAL_WAIT_S
from service.outbound import HttpClient
from tests.support.newsrooms import Office, later
from tests.support.pictures import png
from tests.support.wordpress import attachment, export, post


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.under_way = self.most_at_once = 0
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        server = cast("_Server", self.server)
        with server.lock:
            server.asked.append((self.command, self.path))
            server.under_way += 1
            server.most_at_once = max(server.most_at_once, server.under_way)
        status, headers, body = server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)
        with server.lock:
            server.under_way -= 1

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    thread = threading.Thread(target=made.serve_forever, args=[0.01], daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def office(database: Database) -> Office:
    opened = Office(database)
    opened.change(clock=lambda: later(minutes=5))
    return opened


def bring(
    office: Office,
    *items: str,
    media: MediaChoice = MediaChoice.COPY,
    is_dry_run: bool = False,
    key: str = "1",
    max_bytes: int = 1_000_000,
    slept: list[object] | None = None,
) -> ImportTally:
    head, read = read_wxr(BytesIO(export(*items)), zone=ZoneInfo("UTC"))
    source = ImportSource.of(head, document="export.xml", name=None, language=None)
    client = HttpClient([ip_network("127.0.0.0/8")], 5.0, 1000, "test")
    pauses = [] if slept is None else slept
    copier = FileCopier(
        office.database,
        office.application.media,
        client,
        media,
        max_bytes=max_bytes,
        own_media=office.catalogue.site.medium("/media/"),
        by="x",
        is_dry_run=is_dry_run,
        sleep=pauses.append,
    )
    options = ImportOptions(source=source, key=key, is_dry_run=is_dry_run)
    return run_import(office.application, read, options, files=copier)


def body_of(office: Office, number: int = 1) -> str:
    return office.newsroom.release(f"https://old.example/?p={number}").release.content.body


PICTURE = png(4, 3)


def test_pictures_and_files_are_copied_and_named_anew(office: Office, server: _Server) -> None:
    server.answers = {
        "/wp-content/uploads/a%20b.png": (200, {"Content-Type": "image/png"}, PICTURE),
        "/wp-content/uploads/a.pdf": (200, {"Content-Type": "text/plain"}, b"%PDF-1.4\n%%EOF\n"),
        "/front.png": (200, {}, PICTURE + b"\0"),
    }
    picture, pdf = (
        server.url("/wp-content/uploads/a%20b.png"),
        server.url("/wp-content/uploads/a.pdf"),
    )
    text = (
        f'<img src="{picture}" srcset="{picture} 1x, {server.url("/b.png")} 2x" alt="A">'
        f' <a href="{pdf}">PDF</a> <a href="{server.url("/page")}">Page</a>'
    )
    front = attachment(7, server.url("/front.png"), alt="Front")
    tally = bring(office, front, post(1, body=text, meta=[("_thumbnail_id", "7")]))

    body = body_of(office)
    assert (tally.files_found, tally.files_missing) == (3, {})
    assert picture not in body
    assert pdf not in body
    assert "srcset" not in body
    assert server.url("/page") in body
    assert body.count("https://news.example.org/media/") == 2
    [enclosure] = office.newsroom.release("https://old.example/?p=1").release.content.enclosures
    assert enclosure.url.startswith("https://news.example.org/media/")
    assert (enclosure.media_type, enclosure.alt) == ("image/png", "Front")
    assert enclosure.length_bytes == len(PICTURE) + 1


def test_no_release_is_lost_for_a_file(office: Office, server: _Server) -> None:
    server.answers = {
        "/page.png": (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"),
        "/large.png": (200, {}, PICTURE * 100),
        "/loop": (302, {"Location": "/loop"}, b""),
    }
    urls = [server.url(path) for path in ("/gone.png", "/page.png", "/large.png", "/loop")]
    urls += [
        "http://127.0.0.1:1/unreachable.png",
        "http://10.0.0.1/private.png",
        "https://no.invalid/x.png",
    ]
    text = " ".join(f'<img src="{url}" alt="x">' for url in urls)
    meta = [("enclosure", f"{server.url('/lost.mp3')}\n\n\n")]
    tally = bring(office, post(1, body=text, meta=meta), max_bytes=len(PICTURE) * 10)

    assert tally.taken == 1
    assert all(url in body_of(office) for url in urls)
    assert tally.files_found == 0
    assert sum(each.count for each in tally.files_missing.values()) == len(urls) + 1
    assert tally.files_missing["its server answers 404"].count == 2
    assert tally.warnings["enclosures"].count == 1


def test_a_dry_run_finds_the_same_files_and_stores_none(office: Office, server: _Server) -> None:
    server.answers = {"/a.png": (200, {}, PICTURE)}
    items = [post(1, body=f'<img src="{server.url("/a.png")}"> <img src="{server.url("/b.png")}">')]
    said = bring(office, *items, is_dry_run=True)
    with office.database.read() as tx:
        assert tx.media.count()[0] == 0
    assert bring(office, *items).as_json() == said.as_json()
    assert (said.files_found, len(said.files_missing)) == (1, 1)


def test_a_second_run_fetches_only_what_was_missing(office: Office, server: _Server) -> None:
    server.answers = {"/a.png": (200, {}, PICTURE)}
    items = [post(1, body=f'<img src="{server.url("/a.png")}"> <img src="{server.url("/b.png")}">')]
    bring(office, *items)
    server.answers["/b.png"] = (200, {}, PICTURE + b"\0")
    server.asked.clear()
    tally = bring(office, *items, key="2")
    assert server.asked == [("GET", "/b.png")]
    assert (tally.updated, tally.files_found) == (1, 2)
    assert server.url("/b.png") not in body_of(office)
    del server.answers["/a.png"]
    assert bring(office, *items, key="3").unchanged == 1


def test_files_that_are_kept_are_checked(office: Office, server: _Server) -> None:
    server.answers = {"/a.mp3": (200, {"Content-Type": "audio/mpeg"}, b"x" * 99)}
    meta = [("enclosure", f"{server.url('/a.mp3')}\n\n")]
    items = [post(1, body=f'<img src="{server.url("/gone.png")}"> Words.', meta=meta)]
    tally = bring(office, *items, media=MediaChoice.KEEP)
    assert {method for method, _ in server.asked} == {"HEAD"}
    assert (tally.files_found, tally.files_missing["its server answers 404"].count) == (1, 1)
    [enclosure] = office.newsroom.release("https://old.example/?p=1").release.content.enclosures
    assert (enclosure.url, enclosure.length_bytes) == (server.url("/a.mp3"), 99)
    with office.database.read() as tx:
        assert tx.media.count()[0] == 0


def test_one_server_gets_few_requests_at_once_and_is_left_when_it_is_down(
    office: Office, server: _Server
) -> None:
    server.answers = {f"/{n}.png": (200, {}, PICTURE + bytes([n])) for n in range(20)}
    text = " ".join(f'<img src="{server.url(f"/{n}.png")}">' for n in range(20))
    down = " ".join(f'<img src="http://127.0.0.1:1/{n}.png">' for n in range(20))
    tally = bring(office, post(1, body=text + down))
    assert tally.files_found == 20
    assert server.most_at_once <= FILES_A_HOST_AT_ONCE
    failed = sum(
        each.count for name, each in tally.files_missing.items() if "does not answer" not in name
    )
    assert failed <= MAX_FAILURES_A_HOST + FILES_A_HOST_AT_ONCE


@pytest.mark.parametrize(
    ("asked", "pause_s"),
    [("7", 7.0), ("Mon, 02 Mar 2026 12:05:00 GMT", 0.0), ("\u00b2", USUAL_WAIT_S)],
    ids=["seconds", "a date that is past", "no number"],
)
def test_a_busy_server_is_given_the_pause_that_it_asks_for(
    office: Office, server: _Server, asked: str, pause_s: float
) -> None:
    server.answers = {"/a.png": (503, {"Retry-After": asked}, b"")}
    slept: list[object] = []
    tally = bring(office, post(1, body=f'<img src="{server.url("/a.png")}"> Words.'), slept=slept)
    assert slept == [pause_s]
    assert len(server.asked) == 2
    assert tally.files_missing["its server answers 503"].count == 1


def test_the_same_file_in_many_texts_is_fetched_once(office: Office, server: _Server) -> None:
    server.answers = {"/logo.png": (200, {}, PICTURE)}
    text = f'<img src="{server.url("/logo.png")}"> Words.'
    tally = bring(office, *(post(n, body=text) for n in range(1, 6)))
    assert server.asked == [("GET", "/logo.png")]
    assert tally.files_found == 5


def test_an_address_in_a_sentence_stays_as_it_was_written(office: Office, server: _Server) -> None:
    server.answers = {"/a.png": (200, {}, PICTURE)}
    url = server.url("/a.png")
    bring(office, post(1, body=f'<img src="{url}">\n\nWrite &lt;img src="{url}"&gt;.'))
    body = body_of(office)
    assert body.count(url) == 1
    assert json.dumps(body).count("/media/") == 1
