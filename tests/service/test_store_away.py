"""While PostgreSQL is away or frozen, readers are given what a worker has in memory."""

import json
import logging
import socket
import time
from collections.abc import Iterator

import pytest

from feeds.store.changes import Changes
from feeds.store.database import Database
from feeds.store.migrate import upgrade
from service.web import Front, Shelf, Watch, create_app
from tests.service.test_wire import ATOM, field, get, statuses
from tests.support.newsrooms import Office, draft, later
from tests.support.running_service import wait_until
from tests.support.silent_line import SilentLine, silent_line
from tests.support.wire_server import make_server, port_of, running


class Remote:
    """A newsroom whose database is at the other end of a line."""

    def __init__(self, line: SilentLine) -> None:
        self.line = line
        self.database = Database.open(line.url)
        upgrade(self.database)
        self.office = Office(self.database)
        self.office.add(draft())
        self.office.publish(now=later(minutes=1))
        changes = Changes(self.database, of_documents=True)
        shelf = Shelf(watch=Watch(changes, clock=time.monotonic))
        front = Front(create_app(self.office, shelf), state=self.office, shelf=shelf)
        self.server = make_server(front)

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
        assert time.monotonic() - began < 2
        return said


@pytest.fixture
def remote(postgres_url: str) -> Iterator[Remote]:
    with silent_line(postgres_url) as line:
        remote = Remote(line)
        with running(remote.server):
            yield remote
            line.close()
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
    getattr(remote.line, way)()
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
        remote.line.thaw()
        wait_until(lambda: b"\r\nage:" not in remote.ask(ATOM).lower())
        told = [each for each in caplog.records if "store answers again" in each.getMessage()]
        assert len(told) == 1


@pytest.mark.parametrize("way", ["freeze", "cut"])
def test_a_worker_that_has_all_feeds_in_memory_is_ready(remote: Remote, way: str) -> None:
    """And says that they may be old."""
    for slug in remote.office.catalogue.feeds:
        remote.ask(f"/feeds/{slug}.atom")
    getattr(remote.line, way)()
    time.sleep(1.2)
    ready = remote.ask("/readyz")
    assert statuses(ready) == [200]
    [warning] = json.loads(ready.partition(b"\r\n\r\n")[2])["warnings"]
    assert warning.startswith("the store cannot be reached: documents are served from memory")
