"""Connections to stores that tests leave open.

A driver warns of one when it is collected, which is at some later moment, in some other test. Here
they are known by the module that left them.
"""

import os
import sqlite3
from typing import Any

import psycopg
from sqlalchemy import Pool, event

from feeds.store.database import Database

#: By identity: psycopg compares its connections by what they are connected to.
_made: dict[int, tuple[Any, str]] = {}


def watch() -> None:
    """Register each connection of each database from here on, with the test that made it.

    The register holds on to them: what was left open is not collected before `left` has seen it.
    """
    event.listen(Pool, "connect", _register)


def _register(connection: Any, _record: object) -> None:
    _made[id(connection)] = connection, os.environ.get("PYTEST_CURRENT_TEST", "no test")


def outlives_modules(database: Database) -> None:
    """Let a database stay open from module to module: its fixture, of the session, closes it."""
    database.close()
    event.listen(database._engine, "connect", lambda connection, _: _made.pop(id(connection), None))


def left() -> list[str]:
    """Close what is open, forget all, and say which tests made what was open."""
    made = list(_made.values())
    _made.clear()
    tests = []
    for connection, test in made:
        if _is_open(connection):
            connection.close()
            tests.append(f"{type(connection).__module__}, made in {test}")
    return tests


def _is_open(connection: Any) -> bool:
    if isinstance(connection, psycopg.Connection):
        return not connection.closed
    try:
        connection.total_changes  # noqa: B018  # raises when it is closed
    except sqlite3.ProgrammingError:
        return False
    return True
