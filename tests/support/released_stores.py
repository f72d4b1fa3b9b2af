"""Stores as released versions made them, as SQL, in ``tests/data/stores``.

When a version is cut, ``python -m tests.support.released_stores`` writes its two files, which then
stay as they are: a change of the tables needs a migration.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from feeds.store.database import Database
from feeds.store.search import FULL_TEXT
from tests.support import postgres
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.ready_stores import PostgresStores, make_sqlite

FOLDER = Path(__file__).parents[1] / "data" / "stores"

#: When the embargo of *id:4* ends.
MINUTE = later(days=1)


def fill(database: Database) -> None:
    """Publish three releases, of which one is corrected and one retracted; a fourth waits."""
    office = Office(database)
    office.add(draft("id:1", "finance"), draft("id:2", "health"), draft("id:3", title="Wrong"))
    office.publish(now=NOON)
    office.add(draft("id:2", "health", title="A treaty is not signed"), now=later(minutes=1))
    office.newsroom.retract("id:3", reason="In error.", by="test", now=later(minutes=2))
    office.add(
        replace(draft("id:4", "finance", title="It is over"), embargoed_until=MINUTE),
        now=later(minutes=3),
    )
    office.publish(now=later(minutes=4))


def load_sqlite(file: Path, path: Path) -> Database:
    """Open the store of an SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(file.read_text(encoding="utf-8"))
    return Database.open(f"sqlite:///{path}")


def load_postgres(file: Path, url: str) -> Database:
    """Open the store of a PostgreSQL file, in an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(file.read_bytes())
    return Database.open(url)


def write() -> None:
    """Write the files of this version."""
    FOLDER.mkdir(exist_ok=True)
    name = version("communique")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        database = make_sqlite(path)
        fill(database)
        database.close()
        with closing(sqlite3.connect(path)) as connection:
            lines = _lines(connection)
    (FOLDER / f"{name}.sqlite.sql").write_text(f"{lines}\n", encoding="utf-8")
    binaries = postgres.binaries()
    assert binaries is not None, "PostgreSQL is missing"
    with postgres.server(binaries) as server, PostgresStores(server).made() as url:
        database = Database.open(url)
        fill(database)
        database.close()
        dumped = _dump(binaries, url)
    (FOLDER / f"{name}.postgres.sql").write_text(dumped, encoding="utf-8")


def _lines(connection: sqlite3.Connection) -> str:
    """The store in statements. The full-text table is made anew from the table that it indexes."""
    found = "SELECT sql FROM sqlite_master WHERE name = ?"
    [created] = connection.execute(found, (FULL_TEXT,)).fetchone()
    anew = f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}) VALUES ('rebuild')"
    others = [
        line
        for line in connection.iterdump()
        if FULL_TEXT not in line and "writable_schema" not in line and line != "COMMIT;"
    ]
    return "\n".join([*others, f"{created};", f"{anew};", "COMMIT;"])


def _dump(binaries: Path, url: str) -> str:
    """The database in statements that any client may send, not in COPY or for psql alone."""
    program = shutil.which("pg_dump") or binaries / "pg_dump"
    dump = [os.fspath(program), "--inserts", "--no-owner", "--no-privileges", url]
    text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    own = ("\\", "--", "SET ", "SELECT pg_catalog.set_config")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(own))


if __name__ == "__main__":
    write()
