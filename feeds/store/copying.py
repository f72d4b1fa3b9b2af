"""Copies a whole store from one database to another, of either kind: every row, with its ids.

Each batch of rows and how far the copy came are one transaction of the target, so a copy that was
killed goes on where it ended. Until both stores were compared, the target has a schema that no
version works with: nothing can use half a store.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from feeds.errors import CopyRefused
from feeds.store import migrate, search_upkeep
from feeds.store.database import Database
from feeds.store.dialects import by_key, has_one_writer
from feeds.store.schema import DERIVED, metadata, release_search

#: Rows in one transaction of the target; fewer of tables that hold whole documents.
BATCH_ROWS, BATCH_DOCUMENTS = 500, 50

#: The tables whose rows are copied. The others are made anew of these.
COPIED = [table for table in metadata.sorted_tables if table.name not in DERIVED]

# No table of the store: it is there only while a copy is not finished.
_progress = Table(
    "copy_progress",
    MetaData(),
    Column("table_name", Text, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("last_key", Text),  # of the last row, as a JSON array; null before the first
    Column("is_done", Integer, nullable=False),
)

#: SQLite's own (https://sqlite.org/autoinc.html).
_numbers = Table("sqlite_sequence", MetaData(), Column("name", Text), Column("seq", Integer))


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table that is the same in both stores."""

    name: str
    rows: int
    digest: str  #: SHA-256 of its content, hex


def copy_store(
    source: Database,
    target: Database,
    *,
    now: datetime,
    on_batch: Callable[[str, int], object] = lambda _name, _rows: None,
) -> list[CopiedTable]:
    """Copies a store into an empty database, or goes on with a copy of the same store.

    Args:
        source: A store of this version's schema that no service works on.
        target: A database without tables; or one that an unfinished copy left.
        now: The current time.
        on_batch: Called after each batch is stored, with the table and the number of rows.

    Returns:
        All tables, after they were compared.

    Raises:
        CopyRefused: A service works on the source, or the target holds something else, or the two
            differ in the end.
        StoreOutdated: The source has the schema of another version.
        StoreUnavailable: One of the two cannot be used; call this again to go on.
    """
    migrate.require_current(source)
    with source.snapshot() as tx:
        state = tx.identity.state()
        if state is None:
            raise CopyRefused(f"the store at {source.label} is empty")
        for process in tx.processes.listed():
            if process.is_at_work(now):
                raise CopyRefused(
                    f"a service works on {source.label} ({process.role} on {process.host}): stop "
                    "it first, or what it stores now is not copied"
                )
        _begin(target, state.id, source.label)
        for table in COPIED:
            _copy_table(tx.connection, target, table, on_batch)
        search_upkeep.complete(target, on_batch=partial(on_batch, release_search.name))
        copied = [_compared(tx.connection, target, table) for table in COPIED]
        _finish(tx.connection, target)
    return copied


# The target.


def _begin(target: Database, source_id: str, source_label: str) -> None:
    """Creates the tables, and marks the target as unfinished; or accepts one that is."""
    with target.read() as tx:
        names = migrate.table_names(tx)
        schema = migrate.schema_of(tx)
        if schema == migrate.COPYING:
            found = tx.connection.scalar(select(_progress.c.source_id).limit(1))
            if found != source_id:
                raise CopyRefused(
                    f"{target.label} has an unfinished copy of another store than {source_label}"
                )
            return
        is_ours = schema is not None and tx.identity.state() is None
    if names and not is_ours:
        raise CopyRefused(f"{target.label} is not empty: name a database without tables")
    migrate.upgrade(target)
    with target.transaction() as tx:
        if any(map(tx.connection.scalar, map(_first, metadata.sorted_tables))):
            raise CopyRefused(f"{target.label} is not empty: name a database without tables")
        _progress.create(tx.connection)
        rows: list[dict[str, object]] = [
            {"table_name": table.name, "source_id": source_id, "last_key": None, "is_done": 0}
            for table in COPIED
        ]
        tx.connection.execute(insert(_progress), rows)
        migrate.mark(tx, migrate.COPYING)


def _first(table: Table) -> Select[Any]:
    return select(func.count()).select_from(select(*table.primary_key).limit(1).subquery())


def _copy_table(
    source: Connection,
    target: Database,
    table: Table,
    on_batch: Callable[[str, int], object],
) -> None:
    is_it = _progress.c.table_name == table.name
    with target.read() as tx:
        known = tx.connection.execute(select(_progress).where(is_it)).one()
    if known.is_done:
        return
    after = None if known.last_key is None else json.loads(known.last_key)
    keys = [column.name for column in table.primary_key]
    for rows in _batches(source, table, after=after):
        last = json.dumps([getattr(rows[-1], key) for key in keys], ensure_ascii=False)
        with target.transaction() as tx:
            tx.connection.execute(insert(table), [row._asdict() for row in rows])
            tx.connection.execute(update(_progress).where(is_it).values(last_key=last))
        on_batch(table.name, len(rows))
    with target.transaction() as tx:
        tx.connection.execute(update(_progress).where(is_it).values(is_done=1))


def _finish(source: Connection, target: Database) -> None:
    with target.transaction() as tx:
        for table in COPIED:
            if table.autoincrement_column is not None:
                last = max(_last_number(source, table), _last_number(tx.connection, table))
                _set_last_number(tx.connection, table, last)
        _progress.drop(tx.connection)
        migrate.mark(tx, migrate.revisions()[-1])


# Rows in the order of their keys, which is the same in both kinds of database.


def _batches(
    connection: Connection, table: Table, *, after: Sequence[Any] | None = None
) -> Iterator[Sequence[Row[Any]]]:
    columns = [column for column in table.primary_key]  # noqa: C416  # no list of SQLAlchemy's
    order = columns if has_one_writer(connection) else [by_key(column) for column in columns]
    query = select(table).order_by(*order)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    has_documents = any(isinstance(column.type, LargeBinary) for column in table.columns)
    size = BATCH_DOCUMENTS if has_documents else BATCH_ROWS
    result = connection.execute(query, execution_options={"yield_per": size})
    yield from result.partitions()


def _compared(source: Connection, target: Database, table: Table) -> CopiedTable:
    with target.snapshot() as tx:
        there = digest_of(tx.connection, table)
    here = digest_of(source, table)
    if here != there:
        raise CopyRefused(
            f"table {table.name} differs after the copy ({here.rows} rows, and {there.rows} at "
            f"{target.label}): the source was changed meanwhile; empty the target and copy again"
        )
    return here


def digest_of(connection: Connection, table: Table) -> CopiedTable:
    """Returns the number of rows of a table and a digest of all values, in the order of keys."""
    digest, count = hashlib.sha256(), 0
    for rows in _batches(connection, table):
        for row in rows:
            line = json.dumps(tuple(row), sort_keys=True, default=_plain, ensure_ascii=False)
            digest.update(line.encode(errors="surrogatepass"))
            count += 1
    return CopiedTable(name=table.name, rows=count, digest=digest.hexdigest())


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    raise TypeError(type(value).__name__)


# The last number that a table gave to a row. It may be higher than that of any row: ids of
# subscription requests are never used again.


def _last_number(connection: Connection, table: Table) -> int:
    column = table.autoincrement_column
    highest = int(connection.scalar(select(func.max(column))) or 0)
    if not has_one_writer(connection):
        sequence = _sequence(connection, table)
        columns = (literal_column("last_value", Integer), literal_column("is_called", Boolean))
        state = select(*columns).select_from(text(sequence))
        last, is_called = connection.execute(state).one()
        return max(highest, int(last) if is_called else int(last) - 1)
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return highest
    given = select(_numbers.c.seq).where(_numbers.c.name == table.name)
    return max(highest, int(connection.scalar(given) or 0))


def _set_last_number(connection: Connection, table: Table, last: int) -> None:
    if last == 0:
        return
    if not has_one_writer(connection):
        setting = text("SELECT setval(CAST(:sequence AS regclass), :last)")
        connection.execute(setting, {"sequence": _sequence(connection, table), "last": last})
    elif table.dialect_options["sqlite"]["autoincrement"]:
        sequences = Table(
            "sqlite_sequence", MetaData(), Column("name", Text), Column("seq", Integer)
        )
        connection.execute(delete(sequences).where(sequences.c.name == table.name))
        connection.execute(insert(sequences).values(name=table.name, seq=last))


def _sequence(connection: Connection, table: Table) -> str:
    column = table.autoincrement_column
    found = text("SELECT pg_get_serial_sequence(:table, :column)")
    names = {"table": table.name, "column": None if column is None else column.name}
    return str(connection.scalar(found, names))
