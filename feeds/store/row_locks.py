"""Locks on rows, taken in one order by all, so that two that want the same ones cannot deadlock.

A transaction that writes to several tables writes to them in the order of ``TABLES``, and locks
rows of one table by their keys, the lowest first. Rows that were locked before may be written at
any time, and new rows wait for nobody. SQLite has one writer at a time: nothing is to be done.

The suite holds every transaction on PostgreSQL to this (``tests/support/lock_order.py``).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Text, collate, select, tuple_

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
)

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
    if values:
        lock(connection, select(key).where(key.in_(values)).order_by(by_key(key)))


def lock_of_feeds(connection: Connection, feed: Column[str], slugs: Sequence[str]) -> None:
    """Lock a table's rows of these feeds until the end of the transaction, the lowest key first."""
    keys = [by_key(column) for column in feed.table.primary_key]
    if slugs:
        lock(connection, select(*feed.table.primary_key).where(feed.in_(slugs)).order_by(*keys))


def lock_keys(connection: Connection, keys: Sequence[Column[Any]], values: Sequence[Any]) -> None:
    """Lock the rows with these keys, which are tuples, the lowest first."""
    if values:
        is_one = tuple_(*keys).in_(values)
        lock(connection, select(*keys).where(is_one).order_by(*map(by_key, keys)))


def lock(connection: Connection, ordered: Select[Any]) -> None:
    """Lock what a sorted question finds; new rows that point to these do not wait."""
    if connection.dialect.name != "sqlite":
        connection.execute(ordered.with_for_update(key_share=True)).all()
