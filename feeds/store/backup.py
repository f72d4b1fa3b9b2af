"""Copies of a store that is in use: an SQLite file, and a snapshot for PostgreSQL's ``pg_dump``.

SQLite's backup interface copies page by page, so the copy keeps row numbers, free pages, the
application id and the mode of its log; ``VACUUM INTO`` would number rows anew, and takes several
times as long. A copy in steps begins again whenever another process writes; within a read
transaction it does not, because the pages that are read are those of that moment
(https://sqlite.org/backup.html). Readers and writers go on meanwhile; only the write-ahead log
grows, because it cannot be emptied.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, func, make_url, select

from feeds.errors import BackupFailed
from feeds.store import migrate
from feeds.store.database import Database, Transaction
from feeds.store.schema import metadata
from feeds.store.state import StoreState

#: Pages of 4 KiB that are copied before somebody may stop the copy: some 30 ms of work.
_PAGES = 4_000

#: The table in which Alembic records the schema.
SCHEMA_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreContents:
    """What a store held at one moment, by which a copy of it is verified."""

    store_id: str
    schema: str
    rows: Mapping[str, int]  #: by table


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSnapshot:
    """A moment of a PostgreSQL store that ``pg_dump --snapshot`` can read."""

    name: str
    contents: StoreContents
    server_version: int  #: major
    schema_name: str  #: the schema, in PostgreSQL's sense, that has the tables


def contents(tx: Transaction) -> StoreContents:
    """Counts what a store holds.

    Raises:
        BackupFailed: The store has no tables of ours, or no id yet.
    """
    schema = migrate.schema_of(tx)
    state = None if schema is None else tx.identity.state()
    if schema is None or state is None:
        raise BackupFailed("there is nothing to back up: the store is empty")
    rows = {
        table.name: int(tx.connection.scalar(select(func.count()).select_from(table)) or 0)
        for table in metadata.sorted_tables
        if migrate.has_table(tx, table.name)
    }
    return StoreContents(store_id=state.id, schema=schema, rows=rows)


def copy_sqlite(
    database: Database, path: Path, *, should_stop: Callable[[], bool] = lambda: False
) -> StoreContents:
    """Copies an SQLite store as it is at this moment into the empty file at *path*.

    The file must exist, with the mode that the copy is to have. It is whole when this returns, but
    not yet synced to the disk.

    Raises:
        BackupFailed: The copy cannot be written, or *should_stop* returned True.
        StoreUnavailable: The store cannot be read.
    """

    def stop_if_asked(*_: object) -> None:
        if should_stop():
            raise BackupFailed("the backup was broken off")

    with database.read() as tx:
        held = contents(tx)  # the first statement fixes the moment
        source = tx.connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError("this is no SQLite store")
        copy = sqlite3.connect(path, isolation_level=None)
        try:
            # The file is worthless until it is whole: it needs no journal of its own.
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA journal_mode = OFF")
            source.backup(copy, pages=_PAGES, progress=stop_if_asked)
        except sqlite3.Error as error:
            raise BackupFailed(f"{path.parent} cannot be written: {error}") from error
        finally:
            copy.close()
    return held


@contextmanager
def server_snapshot(database: Database) -> Iterator[ServerSnapshot]:
    """Holds one moment of a PostgreSQL store until the end of the block, for other connections.

    See PostgreSQL, "Snapshot Synchronization Functions".

    Raises:
        BackupFailed: The store has no tables of ours, or no id yet.
        StoreUnavailable: The database cannot be reached.
    """
    with database.snapshot() as tx:
        run = tx.connection.exec_driver_sql
        version = int(run("SELECT current_setting('server_version_num')").scalar_one())
        yield ServerSnapshot(
            name=str(run("SELECT pg_export_snapshot()").scalar_one()),
            contents=contents(tx),
            server_version=version // 10_000,
            schema_name=current_schema(tx),
        )


def current_schema(tx: Transaction) -> str:
    """Returns the schema, in PostgreSQL's sense, that new tables are created in."""
    return str(tx.connection.exec_driver_sql("SELECT current_schema()").scalar_one())


def tables_of(held: StoreContents) -> list[str]:
    """Returns the names of all tables that a backup of this store has to hold."""
    return [SCHEMA_TABLE, *held.rows]


def open_copy(path: Path) -> Database:
    """Opens an SQLite file at any path, for reading it."""
    return Database.open(URL.create("sqlite", database=str(path)))


def faults_of_copy(copy: Database, expected: StoreContents) -> list[str]:
    """Returns how a copy differs from what it has to hold, and what is broken in it.

    The copy may have the schema of an earlier version. An SQLite file is read as a whole, but its
    indexes are not compared with their tables: a copy of pages has what the store has.

    Raises:
        StoreUnavailable: The copy cannot be read.
    """
    found = migrate.check(copy, is_older_fine=True, is_quick=True)
    if found:
        return found
    with copy.read() as tx:
        held = contents(tx)
    if (held.store_id, held.schema) != (expected.store_id, expected.schema):
        return ["it is another store, or has another schema"]
    return [
        f"table {table}: {held.rows.get(table, 0)} rows instead of {count}"
        for table, count in expected.rows.items()
        if held.rows.get(table, 0) != count
    ]


def is_empty(database: Database) -> bool:
    """Whether a database has no tables at all. Connecting creates a missing SQLite file."""
    with database.read() as tx:
        return not migrate.table_names(tx)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a PostgreSQL store is, as PostgreSQL's own programs are told."""

    uri: str  #: without the password, because others on the machine can see arguments
    password: str | None


def server_address(url: str) -> ServerAddress:
    """Returns the address in a store's URL."""
    parsed = make_url(url)
    bare = URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    )
    password = None if parsed.password is None else str(parsed.password)
    return ServerAddress(uri=bare.render_as_string(hide_password=False), password=password)


def accept_restored(database: Database, *, now: datetime, known: StoreState | None) -> int:
    """Accepts a store that went back in time, and dates all its documents and pages anew.

    A reader may have fetched documents that are newer than the store. It would be told that
    nothing changed, if it asks by date alone (RFC 9110 section 13.1.3). All machines accept the
    store from then on, whatever they have seen of it.

    Args:
        database: The store.
        now: The current time.
        known: What was known of it before; None if nothing.

    Returns:
        The number of documents with a new date.
    """
    with database.transaction() as tx:
        dated = tx.documents.redate(now=now)
        tx.appearance.renew(now=now)
        tx.identity.accept(after=0 if known is None else known.restores)
    return dated
