"""Where the two databases differ: upserts, row locks and their order, time limits."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    collate,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

# ``INSERT … ON CONFLICT``, which both databases write alike but SQLAlchemy keeps by dialect.


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert *rows*; where the primary key is there already, take the new values.

    Args:
        connection: Inside a transaction.
        table: Whose primary key tells what is there already.
        rows: All with the same names; no two with the same key.
        keep: Columns left as they are in rows that are there already. When every column that is
            not in the key is kept, such rows are left alone.
    """
    if rows:
        statement = _statement(connection.dialect.name, table, tuple(rows[0]), tuple(keep))
        connection.execute(statement, list(rows))


# One statement for any number of rows: with the rows in it, it would be compiled anew for each
# number of them, which takes longer than to run it.
@cache
def _statement(dialect: str, table: Table, names: tuple[str, ...], keep: tuple[str, ...]) -> Insert:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {
        name: statement.excluded[name] for name in names if name not in keys and name not in keep
    }
    if changed:
        return statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return statement.on_conflict_do_nothing(index_elements=keys)


# Locks on rows, taken in one order by all, so that two that want the same ones cannot deadlock.
#
# A transaction that writes to several tables writes to them in the order of ``TABLES``, and locks
# rows of one table by their keys, the lowest first. Rows that were locked before may be written at
# any time, and new rows wait for nobody: a row that others point to is locked without its key (FOR
# NO KEY UPDATE), which a foreign key's check locks. SQLite has one writer at a time: nothing is to
# be done.
#
# The suite holds every transaction on PostgreSQL to this (``tests/support/lock_order.py``).

#: From the first to the last that a transaction may lock rows of.
TABLES = (
    "intake_files",
    "embargoes",
    "names",
    "releases",
    "revisions",
    "release_names",
    "acts",
    "refusals",
    "doubtful_filings",
    "filings",
    "departures",
    "archives",
    "archive_documents",
    "feeds",
    "fragments",
    "set_aside",
    "former_documents",
    "documents",
    "pings",
    "subscription_requests",
    "subscriptions",
    "deliveries",
    "hub_tallies",
    "canaries",
    "pushes",
    "tokens",
    "configuration",
    "processes",
)

#: Rows that are asked for by tuples in one statement.
TUPLES_AT_ONCE = 200

#: Written only by those that hold the works (``Releases.hold_works``) or lock a single row: among
#: them any order will do.
BEHIND_THE_WORKS = frozenset(
    {
        "embargoes",
        "names",
        "releases",
        "revisions",
        "release_names",
        "acts",
        "refusals",
        "doubtful_filings",
        "departures",
        "configuration",
    }
)

#: Written in any order by those that hold the lock of a row in another table first.
BEHIND_ANOTHER = {
    "documents": "feeds",
    "former_documents": "feeds",
    "archive_documents": "archives",
    "pushes": "hub_tallies",
}


def by_key(column: Column[Any]) -> ColumnElement[Any]:
    """What rows are sorted by before they are locked: alike in every database and in Python."""
    return collate(column, "C") if isinstance(column.type, Text) else column


def lock_in_order(connection: Connection, key: Column[Any], values: Sequence[Any]) -> None:
    """Lock the rows with these keys until the end of the transaction, the lowest key first."""
    if values and not has_one_writer(connection):
        lock(connection, _with_keys((key,)), {"keys": list(values)})


def lock_of_feeds(connection: Connection, feed: Column[str], slugs: Sequence[str]) -> None:
    """Lock a table's rows of these feeds until the end of the transaction, the lowest key first."""
    if slugs and not has_one_writer(connection):
        lock(connection, _of_feeds(feed), {"slugs": list(slugs)})


def lock_keys(connection: Connection, keys: Sequence[Column[Any]], values: Sequence[Any]) -> None:
    """Lock the rows with these keys, which are tuples of texts and numbers, the lowest first.

    PostgreSQL compares each row that it finds with each tuple: a few at a time, so that it takes
    twice as long for twice as many.
    """
    if values and not has_one_writer(connection):
        # By code point, as ``by_key`` has it.
        ordered = sorted(values)
        for start in range(0, len(ordered), TUPLES_AT_ONCE):
            some = ordered[start : start + TUPLES_AT_ONCE]
            lock(connection, _with_keys(tuple(keys)), {"keys": some})


def lock(
    connection: Connection,
    ordered: Select[Any],
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Lock what a sorted question finds; new rows that point to these do not wait."""
    if not has_one_writer(connection):
        connection.execute(ordered.with_for_update(key_share=True), dict(parameters)).all()


def has_one_writer(connection: Connection) -> bool:
    """True for SQLite. Asked before a question is built, which takes longer than to answer it."""
    return connection.dialect.name == "sqlite"


@cache
def _of_feeds(feed: Column[str]) -> Select[Any]:
    keys = list(feed.table.primary_key)
    wanted = select(*keys).where(feed.in_(bindparam("slugs", expanding=True)))
    return wanted.order_by(*map(by_key, keys))


@cache
def _with_keys(keys: tuple[Column[Any], ...]) -> Select[Any]:
    found = keys[0] if len(keys) == 1 else tuple_(*keys)
    wanted = select(*keys).where(found.in_(bindparam("keys", expanding=True)))
    return wanted.order_by(*map(by_key, keys))


# How long PostgreSQL may take, and how a network is found out that has swallowed it.
#
# A database that vanishes without a word, as when its machine loses its power or a firewall forgets
# a connection, is not told from one that is slow: Linux waits for it for two hours
# (tcp_keepalive_time, tcp(7)), or for a quarter of an hour with something unsent. Here it is
# noticed within seconds; and no lock, no question and no transaction that somebody has forgotten
# keeps all others waiting for good.
#
# All of it is the operator's to set in another way, in the store's URL
# (``?tcp_user_timeout=20000&options=-c%20statement_timeout%3D0``) or, for the limits of a session,
# on the server: ``ALTER ROLE … SET``, ``ALTER DATABASE … SET``, ``postgresql.conf``.

#: How the connection itself is watched (libpq, "Parameter Key Words"): seconds, and milliseconds
#: for ``tcp_user_timeout``. What is not acknowledged for so long is lost, probes too.
CONNECTION: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6_000,
}

#: What a session is held to (PostgreSQL, "Client Connection Defaults"). The longest statement is
#: one that moves a large feed to another slug, the longest pause one between two rows of a file.
SESSION: Mapping[str, str] = {
    "lock_timeout": "20s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "60s",
}

#: How the server watches the same connection (PostgreSQL, "TCP Settings"). A machine that loses its
#: network within a transaction would hold its locks, and with them up all other machines, until the
#: server's kernel finds out: by default after two hours. ``idle_in_transaction_session_timeout``
#: does not count between two messages of a pipeline, by which psycopg sends what it sends many of.
SERVER: Mapping[str, str] = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "6000",
}

#: How long a thread waits for a connection that others use, in seconds.
POOL_TIMEOUT_S = 10

# Where nothing says otherwise, and nobody did: not in the URL, nor for the role or the database.
# By statement and not by the ``options`` of a connection, which a pooler may refuse to pass on.
_LIMIT = (
    "SELECT set_config(name, %s, false) FROM pg_catalog.pg_settings"
    " WHERE name = %s AND source = 'default'"
)


def of_connection(given: Mapping[str, Any]) -> dict[str, int]:
    """What to connect with, beside what the URL gives."""
    return {key: value for key, value in CONNECTION.items() if key not in given}


def limit_session(connection: Any, _record: object) -> None:
    """Hold a new connection of the driver's to the limits."""
    with connection.cursor() as cursor:
        limits = [*SESSION.items(), *SERVER.items()]
        cursor.executemany(_LIMIT, [(value, name) for name, value in limits])
    connection.commit()  # what is set in a transaction goes with it when that is rolled back
