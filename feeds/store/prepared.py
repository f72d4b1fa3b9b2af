"""Statements that are built once, and that SQLite gets from its driver alone.

SQLAlchemy takes 70 µs for a statement for which SQLite takes 30: it looks for the compiled form,
makes a context for it, and a result. An edition with its intake runs some thirty of them. So the
statements of these are compiled once, by SQLAlchemy, and from then on run by the driver with the
same conversions of parameters and results. Where SQLAlchemy would raise an error, so does this.

On PostgreSQL they go through SQLAlchemy: there a statement waits for the server anyway, and is sent
together with others (``pipelining``).
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import CompoundSelect, Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from feeds.errors import StoreUnavailable

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete

_Convert = Callable[[Any], Any]

#: For the type checker, to which names are known beforehand or not at all.
_named_tuple: Any = namedtuple

#: A text is kept for each number of values of an ``IN``, up to this one. With more of them the rows
#: take longer than SQLAlchemy does.
MOST_VALUES = 64


class Rows(Protocol):
    """What a query returned, as answers are made of it."""

    def __iter__(self) -> Iterator[Any]:
        """Yields the rows; their columns are attributes."""

    def all(self) -> Sequence[Any]:
        """Returns the rows."""

    def mappings(self) -> Iterable[Mapping[Any, Any]]:
        """Returns the rows as mappings from names of columns."""

    def scalars(self) -> Iterable[Any]:
        """Returns the first column."""

    def scalar(self) -> Any:
        """Returns the first column of the first row; None if there is no row."""


class FetchedRows(list[Any]):
    """Rows that were all fetched, as named tuples."""

    def all(self) -> Sequence[Any]:
        """Returns the rows."""
        return self

    def mappings(self) -> Iterable[Mapping[Any, Any]]:
        """Returns the rows as mappings from names of columns."""
        return [row._asdict() for row in self]

    def scalars(self) -> Iterable[Any]:
        """Returns the first column."""
        return [row[0] for row in self]

    def scalar(self) -> Any:
        """Returns the first column of the first row; None if there is no row."""
        return self[0][0] if self else None


class DirectDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for SQLite, which says what was run without SQLAlchemy."""

    supports_statement_cache = True

    #: Called with the driver's connection, text and parameters of each such statement before it is
    #: run, and whether it is run once for each of several sets of parameters.
    on_run: Callable[[Any, str, Any, bool], object] | None = None


# In place of the dialect that SQLAlchemy has for such URLs, as in ``pipelining``.
registry.register("sqlite", __name__, DirectDialect.__name__)
registry.register("sqlite.pysqlite", __name__, DirectDialect.__name__)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where the value for a place in a statement comes from."""

    name: str | None  #: of the parameter; None for a fixed value
    index: int | None  #: in the values of an ``IN``; None elsewhere
    convert: _Convert | None
    fixed: Any = None

    def value(self, parameters: Mapping[str, Any]) -> Any:
        """Returns the value as the driver gets it."""
        if self.name is None:
            return self.fixed
        value = parameters[self.name]
        if self.index is not None:
            value = value[self.index]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as the driver gets it, for parameters of the same names and numbers."""

    text: str
    slots: Sequence[_Slot]
    #: The names for all places, if each value is that of a parameter; else None.
    names: Sequence[str] | None
    #: Places whose value is converted.
    converts: Sequence[tuple[int, _Convert]]

    @classmethod
    def of(cls, text: str, slots: Sequence[_Slot]) -> "_Compiled":
        """Returns the statement with this text and these places."""
        names = [slot.name for slot in slots if slot.name is not None and slot.index is None]
        converts = [
            (place, slot.convert) for place, slot in enumerate(slots) if slot.convert is not None
        ]
        return cls(text, slots, names if len(names) == len(slots) else None, converts)

    def values(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """Returns the values for all places."""
        if self.names is None:
            return tuple([slot.value(parameters) for slot in self.slots])
        values = [parameters[name] for name in self.names]
        for place, convert in self.converts:
            values[place] = convert(values[place])
        return tuple(values)


class Prepared:
    """A statement that is built once. Its texts are compiled as they are needed."""

    def __init__(self, statement: Statement) -> None:
        """Takes what is to be run; *statement* can still be given to SQLAlchemy."""
        self.statement = statement
        self._compiled: dict[tuple[object, ...], _Compiled] = {}
        self._lists: tuple[str, ...] | None = None  #: names of parameters that are lists
        self._make_row: Callable[[Iterable[Any]], Any] = tuple

    def run(self, connection: Connection, parameters: Parameters) -> Rows:
        """Runs it on SQLite, once for each set of parameters.

        Raises:
            DBAPIError: As SQLAlchemy raises it.
        """
        dialect, is_many = connection.dialect, not isinstance(parameters, Mapping)
        many = [parameters] if isinstance(parameters, Mapping) else parameters
        compiled = self._for(dialect, many[0])
        if compiled is None:
            return connection.execute(self.statement, parameters)
        if not connection.in_transaction():
            connection.begin()
        driver = connection.connection.driver_connection
        if driver is None:
            raise StoreUnavailable("the connection is lost")
        values = [compiled.values(each) for each in many]
        if isinstance(dialect, DirectDialect) and dialect.on_run is not None:
            dialect.on_run(driver, compiled.text, values if is_many else values[0], is_many)
        try:
            if is_many:
                driver.executemany(compiled.text, values)
                return FetchedRows()
            return FetchedRows(map(self._make_row, driver.execute(compiled.text, values[0])))
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                compiled.text, None, error, dialect.loaded_dbapi.Error, hide_parameters=True
            ) from error

    def _for(self, dialect: Dialect, parameters: Mapping[str, Any]) -> _Compiled | None:
        """Returns the text for such parameters; None for lists that are too long."""
        if self._lists is None:
            self._begin(dialect, parameters)
        lengths = [len(parameters[name]) for name in self._lists or ()]
        if lengths and max(lengths) > MOST_VALUES:
            return None
        key = (*parameters, *lengths)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self._compile(dialect, parameters)
        return compiled

    def _begin(self, dialect: Dialect, parameters: Mapping[str, Any]) -> None:
        self._make_row = _row_maker(self.statement, dialect)
        binds = self._sql(dialect, parameters).binds
        self._lists = tuple(name for name, bind in binds.items() if bind.expanding)

    def _sql(self, dialect: Dialect, parameters: Mapping[str, Any]) -> SQLCompiler:
        sql = self.statement.compile(dialect=dialect, column_keys=list(parameters))
        if not isinstance(sql, SQLCompiler):
            raise TypeError(f"{dialect.name} has no SQL for {type(self.statement).__name__}")
        return sql

    def _compile(self, dialect: Dialect, parameters: Mapping[str, Any]) -> _Compiled:
        sql = self._sql(dialect, parameters)
        state = sql.construct_expanded_state(parameters)
        places = {
            each: (name, index)
            for name, names in state.parameter_expansion.items()
            for index, each in enumerate(names)
        }
        slots = []
        for each in state.positiontup or ():
            name, index = places.get(each, (each, None))
            convert = sql.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if name in parameters:
                slots.append(_Slot(name, index, convert))
            else:
                fixed = state.parameters[each]
                slots.append(_Slot(None, None, None, fixed if convert is None else convert(fixed)))
        return _Compiled.of(state.statement, slots)


def _row_maker(statement: Statement, dialect: Dialect) -> Callable[[Iterable[Any]], Any]:
    """Returns what makes a named tuple of a row, with the values as SQLAlchemy converts them."""
    columns = list(statement.exported_columns)
    if not columns:
        return tuple
    names = [str(column.key) for column in columns]
    make: Callable[[Iterable[Any]], Any] = _named_tuple("Row", names, rename=True)._make
    found = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
    converts = [(index, convert) for index, convert in enumerate(found) if convert is not None]
    if not converts:
        return make

    def converted(row: Iterable[Any]) -> Any:
        values = list(row)
        for index, convert in converts:
            values[index] = convert(values[index])
        return make(values)

    return converted
