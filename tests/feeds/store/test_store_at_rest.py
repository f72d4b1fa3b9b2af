"""An SQLite file on a disk that cannot be written: SQLite cannot make the index of its log there.

Here a link that leads nowhere stands in the place of that index. SQLite follows no links there, so
it can neither open nor make one; root cannot either.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import StoreNotWritable, StoreUnavailable
from feeds.store import migrate
from feeds.store.changes import Changes
from feeds.store.database import Database


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}-shm")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that was closed in order, where nobody can make an index any more."""
    path = tmp_path / "communique.db"
    database = Database.open(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.transaction() as tx:
        tx.identity.name("first")
    database.close()
    _index(path).symlink_to(tmp_path / "nowhere")
    return path


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """The same, as a new process opens it."""
    opened = Database.open(f"sqlite:///{path}", write_fault=lambda _: "its disk is full")
    yield opened
    opened.close()


def _store_id(database: Database) -> str | None:
    with database.read() as tx:
        state = tx.identity.state()
    return None if state is None else state.id


def test_what_is_stored_is_read(database: Database) -> None:
    assert _store_id(database) == "first"
    assert migrate.require_current(database)


def test_to_write_is_refused_with_the_reason(database: Database) -> None:
    with pytest.raises(StoreNotWritable) as refused, database.transaction():
        pass
    assert refused.value.in_short == "the store cannot be written: its disk is full"


def test_looks_for_changes_go_on(path: Path, database: Database) -> None:
    changes = Changes(database, of_documents=True)
    assert [changes.poll(), changes.poll()] == [True, False]
    _index(path).unlink()
    with database.transaction() as tx:
        tx.identity.rewrite()
    assert changes.poll()
    changes.close()


def test_what_is_in_the_log_alone_is_read(path: Path, tmp_path: Path) -> None:
    """As a crash leaves it."""
    _index(path).unlink()
    database = Database.open(f"sqlite:///{path}")
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE store_identity SET id = 'second'")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        shutil.copy(path.with_name(name), crashed / name)
    database.close()
    _index(crashed / path.name).symlink_to(tmp_path / "nowhere")
    left = Database.open(f"sqlite:///{crashed / path.name}")
    assert _store_id(left) == "second"
    changes = Changes(left)
    assert [changes.poll(), changes.poll()] == [True, False]
    changes.close()
    left.close()


def test_what_was_read_while_another_process_wrote_does_not_count(
    path: Path, database: Database
) -> None:
    writer = Database.open(f"sqlite:///{path}")

    def look() -> None:
        with database.read():
            _index(path).unlink()
            with writer.transaction() as tx:
                tx.connection.exec_driver_sql("UPDATE store_identity SET id = 'second'")

    with pytest.raises(StoreUnavailable, match="opened by another process"):
        look()
    assert _store_id(database) == "second"
    writer.close()
