"""A store is moved to the other kind of database and back, and nothing of it changes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from feeds.errors import CopyRefused, StoreOutdated
from feeds.model.feed import ALL, Format
from feeds.store import copying, migrate, search_upkeep
from feeds.store.copying import CopiedTable, copy_store
from feeds.store.database import Database
from feeds.store.schema import acts, releases, subscription_requests
from tests.support.grown_store import GrownStore
from tests.support.newsrooms import NOON, Office, draft
from tests.support.process_states import JOBS
from tests.support.ready_stores import PostgresStores, make_sqlite

ROWS = 40
#: The id of a subscription request that is gone, and must not be used again.
GONE = 1_000

#: Is killed after its fifth batch of three releases.
KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from feeds.store import copying
from feeds.store.database import Database
copying.BATCH_ROWS = copying.BATCH_DOCUMENTS = 3
names = []
def on_batch(name, rows):
    names.append(name)
    if names.count("releases") == 5:
        os.kill(os.getpid(), signal.SIGKILL)
source, target = map(Database.open, sys.argv[1:])
copying.copy_store(source, target, now=datetime.now(UTC), on_batch=on_batch)
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store on SQLite with rows in all tables that grow."""
    folder = tmp_path_factory.mktemp("grown")
    with closing(make_sqlite(folder / "news.db")) as database:
        store = GrownStore(folder, database, rows=ROWS)
        with database.transaction() as tx:
            tx.identity.name("the store")
            request = {**tx.connection.execute(select(subscription_requests)).first()._asdict()}  # type: ignore[union-attr]
            tx.connection.execute(insert(subscription_requests), [request | {"id": GONE}])
            tx.connection.execute(
                delete(subscription_requests).where(subscription_requests.c.id == GONE)
            )
        yield database
        store.close()


def _copy(source: Database, target: Database) -> list[CopiedTable]:
    return copy_store(source, target, now=NOON)


def _rows(copied: list[CopiedTable]) -> dict[str, int]:
    return {one.name: one.rows for one in copied}


def test_there_and_back_although_it_was_killed_in_the_middle(
    grown: Database, postgres_stores: PostgresStores, tmp_path: Path
) -> None:
    with postgres_stores.made(is_empty=True) as url, closing(Database.open(url)) as server:
        killed = subprocess.run([sys.executable, "-c", KILLED, grown.label, url], check=False)
        assert killed.returncode == -signal.SIGKILL
        with pytest.raises(StoreOutdated, match="that was not finished: run the same"):
            migrate.require_current(server)
        with pytest.raises(StoreOutdated, match="not finished"):
            migrate.upgrade(server)
        with closing(make_sqlite(tmp_path / "another.db")) as another:
            with another.transaction() as tx:
                tx.identity.name("another")
            with pytest.raises(CopyRefused, match="unfinished copy of another store"):
                _copy(another, server)
        stored = _count(server)
        assert stored > 0  # it goes on from there
        there = _copy(grown, server)
        assert _rows(there)["releases"] == _count(server) == ROWS
        assert sum(1 for one in there if one.rows) > 20
        _require_usable(server)

        with closing(Database.open(f"sqlite:///{tmp_path}/back.db")) as back:
            changed = _copy(server, back)
            with server.snapshot() as tx:
                expected = [copying.digest_of(tx.connection, table) for table in copying.COPIED]
            assert changed == expected
            _require_usable(back)


def _count(database: Database) -> int:
    with database.read() as tx:
        return int(tx.connection.scalar(select(func.count()).select_from(releases)) or 0)


def _require_usable(database: Database) -> None:
    """It is whole, numbers go on behind those that were given, and a release can be added."""
    assert migrate.check(database) == []
    assert list(search_upkeep.not_as_they_are(database)) == []
    assert search_upkeep.fault_of_full_text(database) is None
    with database.transaction() as tx:
        assert tx.documents.get(ALL, Format.ATOM) is not None
        request = {**tx.connection.execute(select(subscription_requests)).first()._asdict()}  # type: ignore[union-attr]
        del request["id"]
        made = tx.connection.execute(insert(subscription_requests).values(request))
        assert made.inserted_primary_key is not None
        assert made.inserted_primary_key[0] > GONE
        last = tx.connection.scalar(select(func.max(acts.c.id))) or 0
    office = Office(database)
    [added] = office.add(draft(f"id:new on {database.is_sqlite}", title="New"))
    office.newsroom.retract(added.release.id, reason="In error.", by="test", now=NOON)
    with database.read() as tx:
        assert tx.connection.scalar(select(func.max(acts.c.id))) > last


def test_a_target_with_anything_in_it_is_refused(grown: Database, database: Database) -> None:
    Office(database).add(draft("id:1"))
    with pytest.raises(CopyRefused, match="is not empty: name a database without tables"):
        _copy(grown, database)
    assert _count(database) == 1


def test_a_database_of_another_program_is_refused(grown: Database, database_url: str) -> None:
    with closing(Database.open(database_url)) as other:
        with other.transaction() as tx:
            tx.connection.exec_driver_sql("CREATE TABLE theirs (id INTEGER)")
        with pytest.raises(CopyRefused, match="is not empty"):
            _copy(grown, other)
        with other.read() as tx:
            assert migrate.table_names(tx) == ["theirs"]


def test_a_store_that_a_service_works_on_is_refused(
    sqlite_database: Database, tmp_path: Path
) -> None:
    at_work = replace(JOBS, worked_at=NOON - timedelta(seconds=5))
    with sqlite_database.transaction() as tx:
        tx.identity.name("one")
        tx.processes.record(at_work)
    with closing(Database.open(f"sqlite:///{tmp_path}/to.db")) as target:
        with pytest.raises(CopyRefused, match="a service works on"):
            _copy(sqlite_database, target)
        copy_store(sqlite_database, target, now=NOON + timedelta(minutes=1))


def test_what_changes_meanwhile_is_found(grown: Database, tmp_path: Path) -> None:
    """Behind the place that a killed copy had come to."""
    with closing(Database.open(f"sqlite:///{tmp_path}/to.db")) as target:

        def change(name: str, _rows: int) -> None:
            if name == "fragments":
                with target.transaction() as tx:
                    first = select(func.min(releases.c.id)).scalar_subquery()
                    changed = update(releases).where(releases.c.id == first)
                    tx.connection.execute(changed.values(title="Changed"))

        with pytest.raises(CopyRefused, match="table releases differs after the copy"):
            copy_store(grown, target, now=NOON, on_batch=change)
        with pytest.raises(StoreOutdated, match="not finished"):
            migrate.require_current(target)
