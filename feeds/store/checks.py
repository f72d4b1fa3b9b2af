"""Whether a store is there, can be worked with, and is sound."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import make_url

from feeds.errors import StoreOutdated
from feeds.store import migrate
from feeds.store.database import Database, Transaction
from feeds.store.store_file import StoreFile

#: A broken file can break in thousands of places; the first ones tell enough.
MAX_FINDINGS = 100


def sqlite_file(url: str) -> Path | None:
    """The file that *url* names; None for every store that is none."""
    file = StoreFile.of(make_url(url))
    return None if file is None else file.path


def missing_file(url: str) -> Path | None:
    """The SQLite file that *url* names, when it is not there yet; None for every other store.

    To connect would make the file, which is no business of who only wants to look.
    """
    path = sqlite_file(url)
    return None if path is None or path.exists() else path


def check(database: Database) -> list[str]:
    """What is wrong with a store, for a person; empty when it is sound. Reads all of SQLite's file.

    Raises:
        StoreUnavailable: The database cannot be reached, or is too broken to be searched.
    """
    return list(islice(_findings(database), MAX_FINDINGS))


def _findings(database: Database) -> Iterator[str]:
    if database.is_sqlite:
        with database.read() as tx:
            yield from _sqlite_findings(tx)
    try:
        migrate.require_current(database)
    except StoreOutdated as error:
        # Every table would differ: the one reason tells more.
        yield str(error)
    else:
        yield from (f"schema: {difference}" for difference in migrate.differences(database))


def _sqlite_findings(tx: Transaction) -> Iterator[str]:
    """What SQLite itself finds (https://sqlite.org/pragma.html, two pragmas of these names)."""
    pragma = f"PRAGMA integrity_check({MAX_FINDINGS})"
    for row in tx.connection.exec_driver_sql(pragma):
        if row[0] != "ok":
            yield f"integrity: {row[0]}"
    for table, row_id, parent, _ in tx.connection.exec_driver_sql("PRAGMA foreign_key_check"):
        where = table if row_id is None else f"{table}, row {row_id}"
        yield f"foreign key: {where} points to nothing in {parent}"
