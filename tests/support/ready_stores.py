"""Stores that have this version's tables already: copies of one that was migrated once.

Migrations take some 60 ms of processor time on SQLite and twice that on PostgreSQL. A copy takes
1 ms, and 40 to 70 with what follows when it is dropped. To empty one that a test has used takes 5.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from feeds.store import migrate
from feeds.store.database import Database


def make_sqlite(path: Path) -> Database:
    """Make a store at *path*, and open it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # As the product makes it: for its owner alone.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(_sqlite_bytes())
    return Database.open(f"sqlite:///{path}")


def url_of(database: Database) -> str:
    """The URL of one that is open."""
    return database._engine.url.render_as_string(hide_password=False)


@cache
def _sqlite_bytes() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        database = Database.open(f"sqlite:///{path}")
        migrate.upgrade(database)
        assert database.checkpoint()
        database.close()
        return path.read_bytes()


#: Has a row in each store with tables, which no test may leave changed.
_NOT_EMPTIED = "alembic_version"

#: What a store has beside rows, in a number: each change of it gives a row of these another xmin.
#: Rows of pg_statistic, and counts of rows, are there where it was analysed.
_SHAPE = f"""
    SELECT sum(one.count), sum(one.changed)
    FROM (
        SELECT count(*), sum(xmin::text::bigint) + sum(reltuples::bigint) AS changed
        FROM pg_class WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_constraint WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_trigger WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_namespace WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM pg_extension WHERE oid >= 16384
        UNION ALL SELECT count(*), sum(starelid::bigint) FROM pg_statistic WHERE starelid >= 16384
        UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM {_NOT_EMPTIED}
        UNION ALL SELECT count(*), 0 FROM pg_db_role_setting AS setting
            JOIN pg_database ON setdatabase = pg_database.oid WHERE datname = current_database()
    ) AS one
"""

#: Up to so many pages the planner takes a table that was never analysed for one of ten pages.
_LARGE = """
    SELECT count(*) FROM pg_class
    WHERE oid >= 16384 AND relkind = 'r' AND pg_relation_size(oid) > 9 * 8192
"""


class PostgresStores:
    """Databases of one server, all copied from one."""

    def __init__(self, server: str) -> None:
        """Copy within the server at this URL."""
        self._server = server
        self._template: str | None = None
        # One connection for all: each new one takes the server a sixth of what a copy takes.
        self._connection = psycopg.connect(server, autocommit=True)
        # Files that are copied need no log of each page: half the time. PostgreSQL 14 knows no
        # other way, and no word for it.
        has_choice = self._connection.info.server_version >= 15_00_00
        self._strategy = "STRATEGY file_copy" if has_choice else ""
        self._shape: object = None
        self._deletions: str | None = None
        self._idle: dict[str, psycopg.Connection] = {}  #: emptied ones, and a session in each

    @contextmanager
    def made(self, *, is_empty: bool = False) -> Iterator[str]:
        """Make a store, or a database without tables; its URL is good to the end of the block."""
        if self._template is None and not is_empty:
            self._template = self._make_template()
        name = f"suite_{uuid4().hex}"
        template = "template1" if is_empty else self._template
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}")
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """As `made`, but it may be one that was lent before and is empty again.

        To the planner it is as a new one: a store whose tables were changed, have grown beyond a
        few pages, or were analysed is dropped.
        """
        if self._template is None:
            self._template = self._make_template()
        if self._idle:
            name, session = self._idle.popitem()
        else:
            name = f"suite_{uuid4().hex}"
            self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template} {self._strategy}")
            session = psycopg.connect(self._url(name), autocommit=True)
            self._shape = self._shape or session.execute(_SHAPE).fetchone()
        try:
            yield self._url(name)
        finally:
            if self._empty(session):
                self._idle[name] = session
            else:
                session.close()
                self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _empty(self, session: psycopg.Connection) -> bool:
        """Delete all rows; says whether the store is as good as new then."""
        try:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if session.execute(_SHAPE).fetchone() != self._shape:
                return False
            if session.execute(_LARGE).fetchone() != (0,):
                return False
            session.execute(self._emptying(session))
        except psycopg.Error:  # it was frozen, or has gone; or this role may not do so
            return False
        return True

    def _emptying(self, session: psycopg.Connection) -> str:
        """What deletes all rows, in any order, and has numbers begin again."""
        if self._deletions is None:
            tables = session.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                f" AND tablename <> '{_NOT_EMPTIED}'"
            )
            deletions = [f'DELETE FROM "{name}"' for (name,) in tables]
            sequences = session.execute("SELECT sequencename FROM pg_sequences")
            restarts = [f"SELECT setval('{name}', 1, false)" for (name,) in sequences]
            begin = [
                "SET LOCAL session_replication_role = replica",
                "SET LOCAL lock_timeout = '5s'",
            ]
            self._deletions = "; ".join(["BEGIN", *begin, *deletions, *restarts, "COMMIT"])
        return self._deletions

    def close(self) -> None:
        """Drop what was copied from, and what was lent."""
        for name, session in self._idle.items():
            session.close()
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._idle.clear()
        if self._template is not None:
            self._execute(f"DROP DATABASE {self._template} WITH (FORCE)")
        self._connection.close()

    def _make_template(self) -> str:
        name = f"suite_template_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        database = Database.open(self._url(name))
        migrate.upgrade(database)
        database.close()
        return name

    def _url(self, name: str) -> str:
        """The server's URL with another database."""
        before, mark, parameters = self._server.partition("?")
        start, _, _ = before.rpartition("/")
        return f"{start}/{name}{mark}{parameters}"

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement, prepare=False)
