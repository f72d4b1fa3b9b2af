"""Locks on rows, taken in one order by all, so that two that want the same ones cannot deadlock."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, select


def lock_in_order(connection: Connection, key: Column[Any], values: Sequence[Any]) -> None:
    """Lock the rows with these keys until the end of the transaction, the lowest key first.

    SQLite has one writer at a time: nothing is to be done there.
    """
    if values and connection.dialect.name != "sqlite":
        locked = select(key).where(key.in_(values)).order_by(key).with_for_update()
        connection.execute(locked).all()


def lock_all_in_order(connection: Connection, key: Column[Any]) -> None:
    """Lock all rows of a small table until the end of the transaction, the lowest key first."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(key).order_by(key).with_for_update()).all()
