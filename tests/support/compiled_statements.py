"""Statements that SQLAlchemy compiled once, for all engines of this process.

An engine keeps what it compiled, and each test has an engine of its own: a third of the processor
time of a test over a store went into compiling the same statements again. A service has one engine,
and compiles each statement once.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import Dialect

_Key = tuple[Any, ...]


class CompiledStatements(MutableMapping[_Key, Any]):
    """What engines of one dialect share; the dialect is one object for each engine otherwise."""

    def __init__(self) -> None:
        self._compiled: dict[_Key, Any] = {}

    def __getitem__(self, key: _Key) -> Any:
        return self._compiled[_shared(key)]

    def __setitem__(self, key: _Key, value: Any) -> None:
        self._compiled[_shared(key)] = value

    def __delitem__(self, key: _Key) -> None:
        del self._compiled[_shared(key)]

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._compiled)

    def __len__(self) -> int:
        return len(self._compiled)


def _shared(key: _Key) -> _Key:
    dialect, *rest = key
    assert isinstance(dialect, Dialect)
    return (dialect.name, *rest)


def share() -> None:
    """Let all engines have one cache, from here on."""
    cache: Any = CompiledStatements()

    def give(connection: Connection) -> None:
        connection.engine._compiled_cache = cache

    event.listen(Engine, "engine_connect", give)
