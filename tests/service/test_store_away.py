"""While PostgreSQL is away or frozen, readers are given what a worker has in memory."""

import json
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from feeds.categories import Catalogue
from feeds.model.feed import Window
from feeds.model.release import Draft
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.sockets import Sockets
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, change_detector, create_app
from service.web.replies import STALE_CACHE_CONTROL
from tests.service.test_wire import ATOM, field, get, statuses
from tests.service.web.api.pressroom import Pressroom
from tests.support.command_line import run
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import SITE, catalogue, draft, later
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import Service, wait_until
from tests.support.silent_line import SilentLine, silent_line
from tests.support.wire_server import make_server, port_of, running

ARCHIVE = "/feeds/all/archive/1.atom"
#: What a worker asks the store for each time.
PAGES = ("/", "/feeds/finance", "/feeds.opml", "/sitemap.xml", "/news-sitemap.xml", ARCHIVE)


class Remote:
    """A newsroom whose database is at the other end of a line."""

    def __init__(self, line: SilentLine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.line = line
        self._poll_timeout_s = change_detector.POLL_TIMEOUT_S
        self._monkeypatch = monkeypatch
        self.be_patient()
        self.database = Database.open(line.url, connections=Sockets())
        self.room = Pressroom(self.database)
        self.office = self.room.office
        small = Window(entries=2, days=0, bytes=1_000_000)
        known = catalogue()
        feeds = [replace(feed, window=small) for feed in known.feeds.values()]
        described = Catalogue(SITE, list(known.categories.values()), feeds)
        self.office.configure(described, now=later(hours=0))
        for hour in range(5):
            [taken] = self.office.add(draft(f"id:{hour}"), now=later(hours=hour))
            self.office.publish(now=later(hours=hour))
        self.release = f"/releases/{taken.release.slug}"
        self.catalogue = described
        limits = self.room.api
        settings = ConfigFolder(folder).load().model_copy(update={"api": limits})
        self.office.change(settings=settings)
        self.changes = Changes(self.database, of_documents=True)
        detector = ChangeDetector(self.changes, clock=time.monotonic)
        document_cache = DocumentCache(detector=detector)
        app = create_app(
            self.office.current,
            document_cache,
            clock=lambda: self.room.now,
            has_api=True,
            has_hub=True,
        )
        self.server = make_server(
            CacheMiddleware(app, current=self.office.current, document_cache=document_cache)
        )

    def start(self) -> None:
        """Tell the API's client where the server listens, once it does."""
        self.room.port = port_of(self.server)

    def be_patient(self) -> None:
        """While the store is there, a busy machine is not taken for a store that is away."""
        self._monkeypatch.setattr(change_detector, "POLL_TIMEOUT_S", 30.0)

    def lose(self, way: str = "freeze") -> None:
        """The store answers nothing any more, or ("cut") refuses connections."""
        self._monkeypatch.setattr(change_detector, "POLL_TIMEOUT_S", self._poll_timeout_s)
        getattr(self.line, way)()

    def find(self) -> None:
        """The store answers again."""
        self.be_patient()
        self.line.thaw()

    def send(self, path: str, *lines: str) -> socket.socket:
        """A client that has asked."""
        client = socket.create_connection(("127.0.0.1", port_of(self.server)), timeout=10)
        client.sendall(get(path, *lines, "Connection: close").encode())
        return client

    def ask(self, path: str, *lines: str) -> bytes:
        """The answer to one request, at once."""
        began = time.monotonic()
        said = b""
        with self.send(path, *lines) as client:
            while piece := client.recv(65_536):
                said += piece
        assert time.monotonic() - began < 5  # who waits for the store does so for good
        return said


@pytest.fixture
def remote(
    postgres_stores: PostgresStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remote]:
    with postgres_stores.made() as url, silent_line(url) as line:
        remote = Remote(line, tmp_path, monkeypatch)
        with running(remote.server):
            remote.start()
            yield remote
            line.close()
        remote.changes.close()
        remote.database.close()


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_readers_are_answered_from_memory(
    remote: Remote, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At once, with their conditions, and told how old it may be."""
    caplog.set_level(logging.INFO)
    current = remote.ask(ATOM)
    assert b"\r\nage:" not in current.lower()
    etag = field(current, "ETag")
    remote.lose(way)
    time.sleep(1.2)
    remote.ask(ATOM)
    # These may wait, in all the threads that there are.
    pages = [remote.send("/") for _ in range(4)]
    for _ in range(10):
        old, unchanged = remote.ask(ATOM), remote.ask(ATOM, f"If-None-Match: {etag}")
        assert (statuses(old), statuses(unchanged)) == ([200], [304])
    for said in (old, unchanged):
        assert 1 <= int(field(said, "Age")) <= 20
        assert field(said, "Cache-Control").startswith("public, max-age=10,")
        assert field(said, "ETag") == etag
    for page in pages:
        page.close()
    told = [record for record in caplog.records if "store does not answer" in record.getMessage()]
    assert len(told) == 1
    if way == "freeze":
        remote.find()
        wait_until(lambda: b"\r\nage:" not in remote.ask(ATOM).lower())
        told = [each for each in caplog.records if "store answers again" in each.getMessage()]
        assert len(told) == 1


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_a_worker_that_has_all_feeds_in_memory_is_ready(remote: Remote, way: str) -> None:
    """And says that they may be old."""
    for slug in remote.office.catalogue.feeds:
        remote.ask(f"/feeds/{slug}.atom")
    remote.lose(way)
    time.sleep(1.2)
    ready = remote.ask("/readyz")
    assert statuses(ready) == [200]
    [warning] = json.loads(ready.partition(b"\r\n\r\n")[2])["warnings"]
    assert warning.startswith("the store cannot be reached since 20")
    assert "documents and pages are served from memory" in warning
    numbers = remote.ask("/metrics").decode()
    assert statuses(numbers.encode()) == [200]
    assert "\ncommunique_store_up 0.0\n" in numbers
    assert float(numbers.partition("\ncommunique_store_away_seconds ")[2].split()[0]) > 0


def told(caplog: pytest.LogCaptureFixture, text: str) -> int:
    """How often the log says so."""
    return sum(text in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_pages_lists_and_archives_come_from_memory(
    remote: Remote, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As soon as the store is away, with their conditions and their age; and are fresh after."""
    caplog.set_level(logging.INFO)
    paths = [*PAGES, remote.release]
    tags = {}
    for path in paths:
        current = remote.ask(path, "Accept: text/html")
        assert (statuses(current), b"\r\nage:" in current.lower()) == ([200], False), path
        tags[path] = field(current, "ETag")
    remote.lose(way)
    for path in paths:
        old = remote.ask(path, "Accept: text/html")
        unchanged = remote.ask(path, "Accept: text/html", f"If-None-Match: {tags[path]}")
        assert (statuses(old), statuses(unchanged)) == ([200], [304]), path
        for said in (old, unchanged):
            assert field(said, "ETag") == tags[path]
            assert 0 <= int(field(said, "Age")) <= 20
            assert field(said, "Cache-Control") == STALE_CACHE_CONTROL
    if way == "freeze":
        remote.find()
        wait_until(lambda: b"\r\nage:" not in remote.ask("/").lower(), within_s=10)
        assert remote.room.put().status == 201
        assert told(caplog, "store answers again") == 1
    assert told(caplog, "store does not answer") == 1


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_who_cannot_be_answered_is_told_so_at_once(
    remote: Remote, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However many they are: they hold up neither each other nor anybody else."""
    remote.ask("/")
    remote.lose(way)
    release, sitemap = remote.release, "/sitemap-2.xml"
    with ThreadPoolExecutor(8) as readers:
        for said in readers.map(remote.ask, [release, sitemap, "/feeds.opml", ARCHIVE] * 4):
            assert statuses(said) == [503]
            assert int(field(said, "Retry-After")) > 0
    began = time.monotonic()
    for method in ("GET", "PUT", "DELETE"):
        refused = remote.room.ask(method, "/releases/id:1?reason=Wrong", {"title": "A title"})
        assert (refused.status, refused.headers["content-type"]) == (
            503,
            "application/problem+json",
        )
        assert refused.json["detail"] == "the store cannot be reached"
        assert int(refused.headers["retry-after"]) > 0
    assert time.monotonic() - began < 5
    assert statuses(remote.ask("/livez")) == [200]
    assert statuses(remote.ask("/")) == [200]
    assert told(caplog, "store does not answer") == 1
    assert told(caplog, "store unavailable") <= 1  # of a request that met the cut itself


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_a_write_that_may_be_done_is_said_to_be(remote: Remote, way: str) -> None:
    """The store falls silent between the look for the release and its storing."""

    def lose(drafts: Sequence[Draft]) -> list[Draft]:
        remote.lose(way)
        return list(drafts)

    remote.office.change(measure=lose)
    began = time.monotonic()
    lost = remote.room.put()
    assert time.monotonic() - began < 5
    assert lost.status == 503
    assert "may be stored or not" in lost.json["detail"]
    assert int(lost.headers["retry-after"]) > 0
    if way == "freeze":
        remote.office.change(measure=list)
        remote.find()
        wait_until(lambda: remote.room.put().status in (200, 201))


def test_status_says_that_the_store_is_away_and_since_when(remote: Remote, tmp_path: Path) -> None:
    """In one sentence, with what the web process on this machine knows."""
    for slug in remote.office.catalogue.feeds:
        remote.ask(f"/feeds/{slug}.atom")
    url = f"{remote.line.url}&connect_timeout=2"
    service = Service(folder=tmp_path / "away", store_url=url, port=remote.room.port)
    remote.lose()
    remote.ask("/readyz")
    began = time.monotonic()
    said = run("--config", str(service.main), "status")
    assert time.monotonic() - began < 8
    assert (said.code, said.out) == (1, "")
    [sentence] = said.talk.splitlines()
    assert f"the store at {urlsplit(url).scheme}" in sentence
    assert "web process: the store cannot be reached since 20" in sentence


def test_what_was_retracted_is_in_no_page_from_memory(remote: Remote) -> None:
    """However long ago a worker made it; and no page of another configuration is, either."""
    remote.ask(remote.release)
    remote.ask("/feeds.opml")
    remote.office.newsroom.retract("id:0", reason="Wrong.", by="desk", now=later(hours=6))
    remote.office.publish(now=later(hours=6))
    remote.ask("/")
    remote.lose()
    for path, expected in (("/", 200), (remote.release, 503), ("/feeds.opml", 503)):
        assert statuses(remote.ask(path)) == [expected], path
    remote.office.change(catalogue=catalogue())
    assert statuses(remote.ask("/")) == [503]


def test_what_is_gone_is_gone_from_memory_too(remote: Remote) -> None:
    remote.ask(remote.release)
    remote.office.newsroom.retract("id:4", reason="Wrong.", by="desk", now=later(hours=6))
    remote.office.publish(now=later(hours=6))
    remote.room.now = later(hours=7)
    assert statuses(remote.ask(remote.release)) == [410]
    remote.lose()
    assert statuses(remote.ask("/")) == [503]  # nobody has asked for it
    said = remote.ask(remote.release)
    assert statuses(said) == [410]
    assert b"this release was retracted" in said


def test_a_connection_that_was_lost_alone_is_no_store_that_is_away(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """As a server or a firewall ends one that was idle."""
    assert statuses(remote.ask("/")) == [200]
    with psycopg.connect(remote.line.server, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND query LIKE '%pg_current_snapshot()%'"
        )
    said = remote.ask(ATOM)
    assert (statuses(said), b"\r\nage:" in said.lower()) == ([200], False)
    assert told(caplog, "store does not answer") == 0
