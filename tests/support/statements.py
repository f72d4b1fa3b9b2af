"""Hears each statement that is run, by SQLAlchemy or on SQLite by the driver alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from feeds.store.pipelining import was_sent
from feeds.store.prepared import DirectDialect

#: Takes the driver's connection, the text, its parameters, and whether these are several sets.
Hear = Callable[[Any, str, Any, bool], object]


@contextmanager
def heard(target: Engine | Connection, hear: Hear) -> Iterator[None]:
    """Has *hear* called before each statement over an engine or a connection in the block."""

    def by_sqlalchemy(
        _c: Any, cursor: Any, text: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if not was_sent(context):
            hear(cursor.connection, text, parameters, many)

    own = target.connection.driver_connection if isinstance(target, Connection) else None

    def by_driver(driver: Any, text: str, parameters: Any, many: bool) -> None:
        if own in (None, driver):
            hear(driver, text, parameters, many)

    dialect = target.dialect
    former = dialect.on_run if isinstance(dialect, DirectDialect) else None
    event.listen(target, "before_cursor_execute", by_sqlalchemy)
    if isinstance(dialect, DirectDialect):
        dialect.on_run = by_driver
    try:
        yield
    finally:
        event.remove(target, "before_cursor_execute", by_sqlalchemy)
        if isinstance(dialect, DirectDialect):
            dialect.on_run = former
