"""An SQLite file that is deleted or replaced in use; a store that is not the expected one."""

import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feeds.errors import StoreBehind, StoreNotWritable, StoreReplaced
from feeds.store import migrate
from feeds.store.backup import accept_restored
from feeds.store.changes import Changes
from feeds.store.database import Database, Transaction
from feeds.store.state import StoreState
from tests.support.newsrooms import NOON, Office, draft


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "store" / "communique.db"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Database]:
    """A store in use, with one release."""
    database = _made(sqlite_url, "first")
    Office(database).add(draft("id:1"))
    yield database
    database.close()


def _made(url: str, store_id: str) -> Database:
    database = Database.open(url)
    migrate.upgrade(database)
    with database.transaction() as tx:
        tx.identity.name(store_id)
    return database


def _state(database: Database) -> StoreState:
    with database.read() as tx:
        state = tx.identity.state()
    assert state is not None
    return state


def _delete(path: Path) -> None:
    path.unlink()


def _delete_all(path: Path) -> None:
    for one in path.parent.glob("communique.db*"):
        one.unlink()


def _rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def _put_another(path: Path) -> None:
    other = path.with_name("other.db")
    _made(f"sqlite:///{other}", "other").close()
    other.replace(path)


def _restore_in_place(path: Path) -> None:
    """As many manuals say: copy the file over the one that is there, delete the log."""
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)
    shutil.copyfile(copy, path)
    path.with_name("communique.db-wal").unlink()


@pytest.mark.parametrize(
    "happens", [_delete, _delete_all, _rename, _put_another, _restore_in_place]
)
def test_nothing_is_acknowledged_any_more(
    store: Database, path: Path, happens: Callable[[Path], None]
) -> None:
    happens(path)
    for begin in (store.transaction, store.unsynced, store.read):
        with pytest.raises(StoreReplaced, match=r"was (deleted|replaced) while"), begin():
            pass
    with pytest.raises(StoreReplaced):
        store.checkpoint()


def test_what_is_under_way_meanwhile_is_not_acknowledged_either(
    store: Database, path: Path
) -> None:
    def write(tx: Transaction) -> None:
        tx.identity.name("never")
        _delete(path)

    with pytest.raises(StoreReplaced, match="was deleted"):
        store.run_in_transaction(write)


def test_no_new_connection_makes_an_empty_file(store: Database, path: Path) -> None:
    """Threads that have none yet, or workers whose connections were given back."""
    _delete(path)
    store.close()
    with pytest.raises(StoreReplaced, match="was deleted"), store.read():
        pass
    assert not path.exists()


def test_a_file_that_is_back_is_used_again(store: Database, path: Path) -> None:
    _rename(path)
    with pytest.raises(StoreReplaced), store.read():
        pass
    path.with_name("elsewhere.db").rename(path)
    with store.transaction() as tx:
        assert tx.releases.count() == 1


def test_the_expected_store_is_used(store: Database, sqlite_url: str) -> None:
    state = _state(store)
    assert state == StoreState(id="first", changes=1)
    again = Database.open(sqlite_url, expected=state)
    with again.transaction() as tx:
        assert tx.releases.count() == 1
    again.close()


def test_another_store_is_not(database_url: str) -> None:
    _made(database_url, "first").close()
    other = Database.open(database_url, expected=StoreState(id="second", changes=0))
    for begin in (other.read, other.transaction):
        with (
            pytest.raises(StoreReplaced, match=r"is another one .* 'communique store adopt'"),
            begin(),
        ):
            pass
    other.close()


def test_an_empty_database_is_another_store(database_url: str) -> None:
    Database.open(database_url).close()
    expecting = Database.open(database_url, expected=StoreState(id="first", changes=0))
    with pytest.raises(StoreReplaced):
        migrate.upgrade(expecting)
    expecting.close()


def test_a_missing_file_is_not_made_where_a_store_is_expected(sqlite_url: str, path: Path) -> None:
    expecting = Database.open(sqlite_url, expected=StoreState(id="first", changes=0))
    with pytest.raises(StoreReplaced, match="is gone"):
        migrate.upgrade(expecting)
    assert not path.exists()


def test_an_older_copy_is_refused(store: Database, sqlite_url: str) -> None:
    ahead = replace(_state(store), changes=301)
    behind = Database.open(sqlite_url, expected=ahead)
    with pytest.raises(StoreReplaced, match=r"lacks the last 300 of 301 changes"), behind.read():
        pass
    behind.close()


def test_a_server_that_took_over_without_all_changes_is_refused(postgres_url: str) -> None:
    made = _made(postgres_url, "first")
    office = Office(made)
    office.add(draft("id:1"))
    before = _state(made)
    office.add(draft("id:2"))
    held = _state(made)
    assert held.is_behind(replace(held, restores=1))
    assert before.is_behind(held)
    made.close()

    same = Database.open(postgres_url, expected=before)
    assert _state(same) == same.known_state == held
    same.close()
    behind = Database.open(postgres_url, expected=replace(held, changes=held.changes + 5))
    for begin in (behind.read, behind.transaction):
        with pytest.raises(StoreBehind, match="lacks the last 5 of"), begin():
            pass
    behind.close()


def test_what_another_query_saw_is_expected_of_each_new_connection(postgres_url: str) -> None:
    made = _made(postgres_url, "first")
    Office(made).add(draft("id:1"))
    database = Database.open(postgres_url, expected=replace(_state(made), changes=0))
    changes = Changes(database, of_documents=True)
    changes.poll()
    Office(made).add(draft("id:2"))
    changes.poll()
    assert database.known_state == _state(made)
    database.saw_changes(_state(made).changes + 1)
    changes.close()
    database.close()  # the next connection is a new one
    with pytest.raises(StoreBehind, match="lacks the last 1 of"), database.read():
        pass
    made.close()


def test_a_copy_that_was_accepted_is_accepted_by_all(database_url: str) -> None:
    made = _made(database_url, "first")
    known = replace(_state(made), changes=9, restores=2)
    accept_restored(made, now=NOON, known=known)
    made.close()
    elsewhere = Database.open(database_url, expected=known)
    assert _state(elsewhere).restores == 3
    elsewhere.close()


def test_a_store_has_one_id_for_good(store: Database) -> None:
    with store.transaction() as tx:
        tx.identity.name("another")
    assert _state(store).id == "first"


def test_the_file_alone_is_whole_after_a_checkpoint(
    store: Database, path: Path, tmp_path: Path
) -> None:
    assert store.checkpoint()
    assert path.with_name("communique.db-wal").stat().st_size == 0
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)
    copied = Database.open(f"sqlite:///{copy}")
    assert _state(copied) == _state(store)
    copied.close()


def test_a_checkpoint_waits_for_no_reader(store: Database) -> None:
    with store.read() as tx:
        assert tx.releases.count() == 1
        Office(store).add(draft("id:2"))
        assert not store.checkpoint(wait_ms=1)
    assert store.checkpoint()


def test_a_file_that_takes_no_more_is_named(store: Database) -> None:
    """A limit of the process does as a quota does: the write fails, and the disk has room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    office = Office(store)
    long = draft("id:2", body=f"<p>{'long ' * 200_000}</p>")
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
    try:
        with pytest.raises(StoreNotWritable) as caught:
            office.newsroom.take_in([long], now=NOON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "a quota is used up" in caught.value.in_short
    assert office.add(long)
