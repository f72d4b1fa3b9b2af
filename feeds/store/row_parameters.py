"""Rows as a parameter: one statement names or writes many of them.

A statement that is executed for each row takes several times as long: SQLAlchemy converts the
parameters of each, and on SQLite the interpreter's lock goes to another thread and back. SQLite
gets the rows as JSON, PostgreSQL an array for each column.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    bindparam,
    column,
    func,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from feeds.store.schema import Instant


class RowsParameter:
    """A parameter of a statement that holds rows, as a table that the statement can join."""

    def __init__(self, name: str, *types: TypeEngine[Any]) -> None:
        """Declares the parameter.

        Args:
            name: What the statement calls it; no other parameter begins with it.
            types: Of its columns. Texts and whole numbers, and moments as whole numbers.
        """
        self._name = name
        self._types = types

    def columns(self, dialect: str) -> tuple[ColumnElement[Any], ...]:
        """Returns its columns for a statement; *dialect* is SQLAlchemy's name."""
        return self._of_json if dialect == "sqlite" else self._of_arrays

    def given(self, dialect: str, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
        """Returns what the statement is executed with.

        Args:
            dialect: As before.
            rows: Values as they are stored, so moments as `microseconds`. At least one row.
        """
        if dialect == "sqlite":
            return {self._name: json.dumps(list(rows))}
        arrays = map(list, zip(*rows, strict=True))
        return {f"{self._name}_{number}": values for number, values in enumerate(arrays)}

    @cached_property
    def _of_json(self) -> tuple[ColumnElement[Any], ...]:
        row = func.json_each(bindparam(self._name)).table_valued("value", name=self._name).c.value
        return tuple(
            func.json_extract(row, literal_column(f"'$[{number}]'"), type_=of_type)
            for number, of_type in enumerate(self._types)
        )

    @cached_property
    def _of_arrays(self) -> tuple[ColumnElement[Any], ...]:
        arrays = [
            bindparam(f"{self._name}_{number}", type_=ARRAY(_stored_as(of_type)))
            for number, of_type in enumerate(self._types)
        ]
        named = [column(f"column_{number}", of_type) for number, of_type in enumerate(self._types)]
        return tuple(func.unnest(*arrays).table_valued(*named, name=self._name).render_derived().c)


def is_among(key: ColumnElement[int], name: str, *, dialect: str) -> ColumnElement[bool]:
    """Returns the condition that a number is among those of a parameter; see `numbers`."""
    if dialect == "sqlite":
        return key.in_(func.json_each(bindparam(name)).table_valued("value").select())
    return key == func.any(bindparam(name, type_=ARRAY(BigInteger)))


def numbers(dialect: str, given: Iterable[int]) -> Any:
    """Returns the value of the parameter of `is_among`."""
    return json.dumps(list(given)) if dialect == "sqlite" else list(given)


def _stored_as(of_type: TypeEngine[Any]) -> TypeEngine[Any]:
    return BigInteger() if isinstance(of_type, Instant) else of_type
