"""Where the two databases differ: upserts, row locks and their order, time limits."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

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
from sqlalchemy.dialects import sqlite

from feeds.store.pipelining import send_later
from feeds.store.prepared import Prepared

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# ``INSERT … ON CONFLICT``: both databases write it alike, but SQLAlchemy has one per dialect.


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Inserts *rows*; updates those whose primary key exists.

    Args:
        connection: A connection inside a transaction.
        table: The table whose primary key decides what exists.
        rows: Rows that all have the same column names; no two with the same key.
        keep: Columns that are not changed in existing rows. When every column outside the key
            is kept, existing rows are not changed at all.
    """
    if rows:
        statement = _upsert_of_rows(connection.dialect.name, table, tuple(rows[0]), tuple(keep))
        send_later(connection, statement, list(rows))


# One statement for any number of rows: with the rows in it, it would be compiled again for each
# number of rows, which takes longer than running it.
@cache
def _upsert_of_rows(
    dialect: str, table: Table, names: tuple[str, ...], keep: tuple[str, ...]
) -> Prepared:
    return Prepared(insert_or_update(dialect, table, names, keep=keep))


def insert_into(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Returns an ``INSERT`` that can have ``ON CONFLICT``; *dialect* is SQLAlchemy's name."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    # A service over a file does without PostgreSQL's dialects: 2.7 MiB.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def insert_or_update(
    dialect: str,
    table: Table,
    names: Sequence[str],
    *,
    keep: Sequence[str] = (),
    query: Select[Any] | None = None,
) -> Insert:
    """Returns the statement of `upsert`, which takes its rows from *query* if there is one.

    Args:
        dialect: The name of SQLAlchemy's dialect.
        table: The table whose primary key decides what exists.
        names: The columns of the rows.
        keep: Columns that are not changed in existing rows.
        query: Gives these columns in this order. It must have a condition: SQLite takes
            ``ON CONFLICT`` for one of a join otherwise.
    """
    statement = insert_into(dialect, table)
    if query is not None:
        statement = statement.from_select(list(names), query)
    keys = [column.name for column in table.primary_key]
    changed = {
        name: statement.excluded[name] for name in names if name not in keys and name not in keep
    }
    if changed:
        return statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return statement.on_conflict_do_nothing(index_elements=keys)


# Row locks, taken in one order by all transactions, so that two of them cannot deadlock.
#
# A transaction writes to its tables in the order of ``TABLES`` and locks rows of one table by
# ascending key. Rows that are already locked may be written at any time, and inserting a row waits
# for nobody: a row that others refer to is locked without its key (FOR NO KEY UPDATE), because the
# check of a foreign key locks the key. SQLite has one writer at a time and needs none of this. The
# test suite checks every transaction on PostgreSQL against these rules
# (``tests/support/lock_order.py``).

#: The tables in the order in which a transaction may lock their rows.
TABLES = (
    "intake_files",
    "embargoes",
    "names",
    "releases",
    "revisions",
    "release_names",
    "release_search",
    "unindexed",
    "media_uses",
    "media",
    "media_chunks",
    "acts",
    "refusals",
    "doubtful_filings",
    "filings",
    "month_counts",
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
    "redirects",
    "upstreams",
    "upstream_items",
    "upstream_subscriptions",
    "upstream_pushes",
    "tokens",
    "drafts",
    "users",
    "sessions",
    "sign_in_attempts",
    "desk_key",
    "configuration",
    "processes",
    "alarm_channels",
    "alarms",
    "backups",
    "readership_salts",
    "readership_days",
    "readership_agents",
    "readership_reports",
    "redirect_uses",
    "missing_feeds",
)

#: Tuples in one statement of `lock_keys`.
TUPLES_AT_ONCE = 200

#: Tables whose rows are locked in any order: they are written only by transactions that hold
#: ``Releases.hold_works``, or that lock a single row.
BEHIND_THE_WORKS = frozenset(
    {
        "embargoes",
        "names",
        "releases",
        "revisions",
        "release_names",
        "release_search",
        "unindexed",
        "media_uses",
        "media",
        "acts",
        "refusals",
        "doubtful_filings",
        "month_counts",
        "departures",
        "configuration",
    }
)

#: Tables written in any order after locking a row of another table: table to that other table.
BEHIND_ANOTHER = {
    "media_chunks": "media",
    "documents": "feeds",
    "former_documents": "feeds",
    "archive_documents": "archives",
    "pushes": "hub_tallies",
    "upstream_items": "upstreams",
    "upstream_subscriptions": "upstreams",
    "upstream_pushes": "upstreams",
    "alarms": "alarm_channels",
    "readership_days": "readership_salts",
    "readership_agents": "readership_salts",
    "readership_reports": "readership_salts",
}


def by_key(column: Column[Any]) -> ColumnElement[Any]:
    """Returns the sort key for locking: the same order in every database and in Python."""
    return collate(column, "C") if isinstance(column.type, Text) else column


def lock_in_order(connection: Connection, key: Column[Any], values: Sequence[Any]) -> None:
    """Locks the rows with these keys until the end of the transaction, in ascending order."""
    if values and not has_one_writer(connection):
        lock(connection, _with_keys((key,)), {"keys": list(values)})


def lock_of_feeds(connection: Connection, feed: Column[str], slugs: Sequence[str]) -> None:
    """Locks a table's rows of these feeds until the end of the transaction, in ascending order."""
    if slugs and not has_one_writer(connection):
        lock(connection, _of_feeds(feed), {"slugs": list(slugs)})


def lock_keys(connection: Connection, keys: Sequence[Column[Any]], values: Sequence[Any]) -> None:
    """Locks the rows with these composite keys, in ascending order.

    PostgreSQL compares each row that it finds with each tuple. So a few are asked for at a time:
    twice as many then take twice as long.
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
    """Locks the rows of a sorted query; inserts of rows that refer to them do not wait."""
    if not has_one_writer(connection):
        send_later(connection, ordered.with_for_update(key_share=True), dict(parameters))


def has_one_writer(connection: Connection) -> bool:
    """Whether this is SQLite. Checked before building a query, which takes longer than running."""
    return connection.dialect.name == "sqlite"


@cache
def _of_feeds(feed: Column[str]) -> Select[Any]:
    keys = list(feed.table.primary_key)
    query = select(*keys).where(feed.in_(bindparam("slugs", expanding=True)))
    return query.order_by(*map(by_key, keys))


@cache
def _with_keys(keys: tuple[Column[Any], ...]) -> Select[Any]:
    found = keys[0] if len(keys) == 1 else tuple_(*keys)
    query = select(*keys).where(found.in_(bindparam("keys", expanding=True)))
    return query.order_by(*map(by_key, keys))


# Time limits of PostgreSQL, and detection of a network that drops packets.
#
# A database that vanishes without closing its connections (power failure, a firewall that forgets
# a connection) looks like a slow one: Linux waits two hours (tcp_keepalive_time, tcp(7)), or a
# quarter of an hour with unsent data. With these settings it is noticed within seconds, and no
# forgotten lock, query or transaction blocks all others for good.
#
# An operator can override each setting in the store's URL
# (``?tcp_user_timeout=20000&options=-c%20statement_timeout%3D0``) or, for the limits of a session,
# on the server: ``ALTER ROLE … SET``, ``ALTER DATABASE … SET``, ``postgresql.conf``.

#: Timeouts of the connection (libpq, "Parameter Key Words"), in seconds; ``tcp_user_timeout`` in
#: milliseconds. A connection with data or probes unacknowledged for that long is lost.
CONNECTION: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6_000,
}

#: Limits of a session (PostgreSQL, "Client Connection Defaults"). The longest statement moves a
#: large feed to another slug; the longest pause is between two rows of a file.
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

# Applies only where neither the URL nor the role nor the database sets another value. A statement,
# and not the ``options`` of a connection, which a pooler may refuse to pass on.
_LIMIT = (
    "SELECT set_config(name, %s, false) FROM pg_catalog.pg_settings"
    " WHERE name = %s AND source = 'default'"
)


def of_connection(given: Mapping[str, Any]) -> dict[str, int]:
    """Returns the connection arguments that the URL's parameters do not set."""
    return {key: value for key, value in CONNECTION.items() if key not in given}


def limit_session(connection: Any, _record: object) -> None:
    """Applies the limits to a new driver connection."""
    with connection.cursor() as cursor:
        limits = [*SESSION.items(), *SERVER.items()]
        cursor.executemany(_LIMIT, [(value, name) for name, value in limits])
    connection.commit()  # a rollback would undo the settings
