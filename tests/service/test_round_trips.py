"""What a release costs where the database is on another machine: how often it is waited for.

The numbers are a specification. A change that needs more says why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from feeds.model.feed import ALL, Format
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.processes.jobs import Jobs
from service.sockets import Sockets
from service.web import ChangeDetector, DocumentCache
from tests.service.web.api.pressroom import Pressroom, served
from tests.support import ready_stores
from tests.support.ready_stores import PostgresStores
from tests.support.round_trips import counted

#: Category names by the number of them.
NAMES = {1: ["Finance"], 3: ["Finance", "Health", "Money"]}


@contextmanager
def _postgres(stores: PostgresStores) -> Iterator[Database]:
    with stores.made() as url:
        # As processes of the service have it: without a question before each use of a connection.
        database = Database.open(url, connections=Sockets())
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A store as a process of the service opens it."""
    if request.param == "sqlite":
        database = ready_stores.make_sqlite(tmp_path / "news.db")
        yield database
        database.close()
    else:
        with _postgres(request.getfixturevalue("postgres_stores")) as database:
            yield database


class Way:
    """The way of a release, from the PUT to a reader, each part as its process has it."""

    def __init__(self, room: Pressroom) -> None:
        self._room = room
        self._jobs = Jobs(room.database)
        self._jobs._application = room.office.application
        self._changes = Changes(room.database, of_documents=True)
        detector = ChangeDetector(self._changes, clock=monotonic, poll_every_s=0)
        self._cache = DocumentCache(detector=detector)

    def put(self, key: str, names: list[str]) -> None:
        assert self._room.put(key, title=f"Release {key}", categories=names).status == 201

    def publish(self) -> None:
        self._jobs._make_editions(self._room.office.application)

    def read(self) -> bytes:
        cached = self._cache.fetch(self._room.office.newsstand, ALL, Format.JSON)
        assert cached is not None
        return cached.document.gzip

    def close(self) -> None:
        self._jobs._change_poller.close()
        self._changes.close()


@pytest.fixture
def way(store: Database) -> Iterator[Way]:
    """A way that releases have gone before."""
    with served(Pressroom(store)) as room:
        way = Way(room)
        yield way
        way.close()


#: PUT, editions stored, document read; for SQLite statements, without what begins transactions.
LIMITS = {
    ("sqlite", 1): (17, 17, 2),
    ("sqlite", 3): (17, 19, 2),
    ("postgres", 1): (5, 10, 5),
    ("postgres", 3): (5, 10, 5),
}


@pytest.mark.parametrize("categories", [1, 3])
def test_the_store_is_waited_for_no_more_often_than_it_is_today(
    store: Database, way: Way, categories: int
) -> None:
    with counted(store) as since:
        for number in range(7):  # psycopg prepares what it sends often
            way.put(f"earlier-{number}", NAMES[categories])
            way.publish()
            former = way.read()
        since()
        found = []
        for step in (lambda: way.put("new", NAMES[categories]), way.publish, way.read):
            step()
            found.append(since())
    assert way.read() != former
    kind = "sqlite" if store.is_sqlite else "postgres"
    assert tuple(found) == LIMITS[kind, categories]
