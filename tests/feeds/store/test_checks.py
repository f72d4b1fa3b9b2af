"""Whether a store is there, can be worked with, and is sound; on both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import StoreOutdated, StoreUnavailable
from feeds.store import migrate
from feeds.store.database import Database
from tests.support.newsrooms import Office, draft


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without any table."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


def test_a_store_in_use_is_sound(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    office.publish()
    migrate.require_current(database)
    assert migrate.check(database) == []


def test_an_empty_database_is_one_finding(empty: Database) -> None:
    with pytest.raises(StoreOutdated, match="communique store upgrade"):
        migrate.require_current(empty)
    [finding] = migrate.check(empty)
    assert "has schema none" in finding


def test_a_missing_index_is_found(database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("DROP INDEX ix_filings_window")
    [finding] = migrate.check(database)
    assert finding.startswith("schema: ")
    assert "ix_filings_window" in finding


def test_a_row_that_points_nowhere_is_found(tmp_path: Path, sqlite_url: str) -> None:
    """On PostgreSQL nobody can make one."""
    database = _store(sqlite_url)
    Office(database).add(draft())
    with database.read() as tx:
        connection = tx.connection
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("DELETE FROM releases")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    findings = migrate.check(database)
    database.close()
    assert "foreign key: filings points to nothing in releases" in findings


def test_a_table_and_an_index_that_differ_are_found(tmp_path: Path, sqlite_url: str) -> None:
    _fill_file(sqlite_url)
    path = tmp_path / "store" / "communique.db"
    held = path.read_bytes()
    assert b"id:150" in held
    path.write_bytes(held.replace(b"id:150", b"id:15!", 1))
    broken = Database.open(sqlite_url)
    findings = migrate.check(broken)
    broken.close()
    assert "integrity: " in findings[0]
    assert "missing from index" in findings[0]


def test_a_page_that_was_overwritten_is_told(tmp_path: Path, sqlite_url: str) -> None:
    _fill_file(sqlite_url)
    path = tmp_path / "store" / "communique.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    broken = Database.open(sqlite_url)
    with pytest.raises(StoreUnavailable, match="malformed"):
        migrate.check(broken)
    broken.close()


def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear aunt, " * 500, encoding="utf-8")
    database = Database.open(f"sqlite:///{path}")
    for look in (migrate.require_current, migrate.check):
        with pytest.raises(StoreUnavailable, match="file is not a database"):
            look(database)
    database.close()


def test_a_missing_file_is_told_without_making_it(tmp_path: Path) -> None:
    path = tmp_path / "none" / "communique.db"
    assert migrate.missing_file(f"sqlite:///{path}") == path
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "url", ["postgresql://press@db.example.org/news", "sqlite://", "sqlite:///:memory:"]
)
def test_other_stores_are_no_files(url: str) -> None:
    assert migrate.missing_file(url) is None


def test_a_file_that_is_there_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "communique.db"
    path.touch()
    assert migrate.missing_file(f"sqlite:///{path}") is None


def _store(url: str) -> Database:
    database = Database.open(url)
    migrate.upgrade(database)
    return database


def _fill_file(url: str) -> None:
    """Store releases, and leave all of them in the one file."""
    database = _store(url)
    Office(database).add(*(draft(f"id:{i}", title=f"Release {i}") for i in range(300)))
    with database.read() as tx:
        tx.connection.exec_driver_sql("ROLLBACK")
        tx.connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        tx.connection.exec_driver_sql("BEGIN")
    database.close()
