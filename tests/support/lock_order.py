"""Holds every transaction on PostgreSQL to the order of locks in ``feeds.store.dialects``.

Two transactions that lock the same rows in different orders deadlock, but only when they meet,
which tests seldom see. So each transaction is watched for the order alone: what it would lock, and
whether rows that others may want at the same time are locked by their keys first.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event

from feeds.store.dialects import BEHIND_ANOTHER, BEHIND_THE_WORKS, TABLES
from feeds.store.pipelined_dialect import PipelinedDialect
from feeds.store.pipelining import DeferredStatement, is_deferred
from feeds.store.schema import metadata

_WRITE = re.compile(r"\s*(?:UPDATE|DELETE FROM) (?:\w+\.)?\"?(\w+)")
_UPSERT = re.compile(r"\s*INSERT INTO (?:\w+\.)?\"?(\w+).*ON CONFLICT", re.DOTALL)
_LOCK = re.compile(r"\bFROM (?:\w+\.)?\"?(\w+).*\bFOR (?:NO KEY )?UPDATE(?: OF (\w+))?", re.DOTALL)
_PARAMETER = re.compile(r"%\((\w+)\)s")
_SKIPS = "SKIP LOCKED"
_WHOLE = re.compile(r"\bFOR UPDATE\b")
#: Tables that others point into: whoever inserts what points to a row locks its key.
_POINTED_TO = {
    key.column.table.name for table in metadata.tables.values() for key in table.foreign_keys
}
_WORKS = "pg_advisory_xact_lock"


@dataclass
class _Seen:
    """What one transaction has locked so far."""

    tables: list[str] = field(default_factory=list)
    in_order: set[str] = field(default_factory=set)  #: tables of which rows were locked by key
    has_works: bool = False


@contextmanager
def watched(engine: Engine) -> Iterator[list[str]]:
    """Watch all transactions over *engine*; gives the list that faults are put into."""
    faults: list[str] = []
    seen: dict[int, _Seen] = {}
    dialect = engine.dialect
    assert isinstance(dialect, PipelinedDialect)

    def begin(connection: Connection) -> None:
        seen[id(connection.connection.driver_connection)] = _Seen()

    def sent(driver: Any, statement: DeferredStatement) -> None:
        look(driver, statement.cursor, statement.text, statement.parameters, statement.is_many)

    def look(driver: Any, cursor: Any, statement: str, parameters: Any, is_many: bool) -> None:
        now = seen.setdefault(id(driver), _Seen())
        many = parameters if is_many and isinstance(parameters, Sequence) else None
        rows = int(cursor.rowcount) if many is None else len(many)
        faults.extend(_faults(now, statement, rows, is_sorted=_is_sorted(statement, many)))

    def executed(
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        is_many: bool,
    ) -> None:
        if not is_deferred(context):  # those are looked at when they were sent
            driver = connection.connection.driver_connection
            look(driver, cursor, statement, parameters, is_many)

    event.listen(engine, "begin", begin)
    event.listen(engine, "after_cursor_execute", executed)
    dialect.on_sent = sent
    yield faults
    dialect.on_sent = lambda *_: None
    event.remove(engine, "begin", begin)
    event.remove(engine, "after_cursor_execute", executed)


def _is_sorted(statement: str, many: Sequence[Any] | None) -> bool:
    """True when a statement is run for several rows, one after the other, in the order of keys."""
    if many is None:
        return False
    upserted = _UPSERT.match(statement)
    if upserted is not None:
        names = [column.name for column in metadata.tables[upserted[1]].primary_key]
    else:
        names = _PARAMETER.findall(statement.partition(" WHERE ")[2])
    if not all(name in row for row in many for name in names):
        return False  # an insert of what a query finds
    keys = [tuple(_in_order_of_keys(row[name]) for name in names) for row in many]
    return keys == sorted(keys)


def _in_order_of_keys(value: object) -> str:
    return f"{value:020}" if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a statement locks."""

    locked: str | None  #: table whose rows it locks and does not write
    is_whole: bool  #: it locks them FOR UPDATE
    is_ordered: bool  #: in an order, or none that another has locked
    written: str | None


@cache
def _parts(statement: str) -> _Parts:
    written = _WRITE.match(statement) or _UPSERT.match(statement)
    locked = None if written else _LOCK.search(statement)
    return _Parts(
        locked=(locked[2] or locked[1]) if locked else None,
        is_whole=_WHOLE.search(statement) is not None,
        is_ordered="ORDER BY" in statement or _SKIPS in statement,
        written=written[1] if written else None,
    )


def _faults(seen: _Seen, statement: str, rows: int, *, is_sorted: bool) -> Iterator[str]:
    if _WORKS in statement:
        if seen.tables and not seen.has_works:
            yield f"the works are taken after {seen.tables}"
        seen.has_works = True
        return
    parts = _parts(statement)
    if parts.locked is not None:
        table = parts.locked
        yield from _out_of_order(seen, table)
        if table in _POINTED_TO and parts.is_whole:
            yield f"{table} is locked FOR UPDATE, which new rows that point to it wait for"
        if parts.is_ordered or rows <= 1:
            seen.in_order.add(table)
        else:
            yield f"rows of {table} are locked in no order: {statement}"
        seen.tables.append(table)
    elif parts.written is not None:
        table = parts.written
        yield from _out_of_order(seen, table)
        is_alone = (seen.has_works and table in BEHIND_THE_WORKS) or (
            BEHIND_ANOTHER.get(table) in seen.in_order
        )
        if rows > 1 and table not in seen.in_order and not (is_alone or is_sorted):
            yield f"{rows} rows of {table} are written that were not locked first: {statement}"
        seen.tables.append(table)


def _out_of_order(seen: _Seen, table: str) -> Iterator[str]:
    if table not in TABLES or table in seen.tables:
        return
    if seen.has_works and table in BEHIND_THE_WORKS:
        return
    later = [
        other
        for other in seen.tables
        if other in TABLES
        and TABLES.index(other) > TABLES.index(table)
        and not (seen.has_works and other in BEHIND_THE_WORKS)
    ]
    if later:
        yield f"{table} is locked after {later[-1]}"
