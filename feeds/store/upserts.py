"""``INSERT … ON CONFLICT``, which both databases write alike but SQLAlchemy keeps by dialect."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


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
