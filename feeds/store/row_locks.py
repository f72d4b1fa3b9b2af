"""Locks on rows, taken in one order by all, so that two that want the same ones cannot deadlock.

A transaction that writes to several tables writes to them in the order of ``TABLES``, and locks
rows of one table by their keys, the lowest first. Rows that were locked before may be written at
any time, and new rows wait for nobody: a row that others point to is locked without its key (FOR NO
KEY UPDATE), which a foreign key's check locks. SQLite has one writer at a time: nothing is to be
done.

The suite holds every transaction on PostgreSQL to this (``tests/support/lock_order.py``).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    collate,
    select,
    tuple_,
)

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
