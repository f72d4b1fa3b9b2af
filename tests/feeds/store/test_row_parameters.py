"""Rows as a parameter of one statement, on both databases."""

import pytest
from sqlalchemy import BigInteger, Integer, Text, select

from feeds.store.database import Database
from feeds.store.row_parameters import RowsParameter, is_among, numbers
from feeds.store.schema import Instant, deliveries, microseconds
from tests.support.hub_books import HubBooks
from tests.support.newsrooms import NOON, Office, later

ROWS = [
    (2**62 + 1, "one line", microseconds(NOON), 3),
    (-1, "quotes \" ' and \\, {braces}, [1,2], NULL", microseconds(later(days=1)), 0),
    (7, "Größe 🗞️ \x01", microseconds(NOON) + 1, -5),
]


@pytest.mark.parametrize("count", [1, 3])
def test_rows_are_what_was_given(database: Database, count: int) -> None:
    rows = RowsParameter("some", BigInteger(), Text(), Instant(), Integer())
    with database.read() as tx:
        dialect = tx.connection.dialect.name
        number, text, at, small = rows.columns(dialect)
        given = rows.given(dialect, ROWS[:count])
        found = tx.connection.execute(select(number, text, at, small), given).all()
    assert [(number, text, microseconds(at), small) for number, text, at, small in found] == ROWS[
        :count
    ]


def test_numbers_choose_rows(database: Database) -> None:
    Office(database)
    books = HubBooks(database)
    ids = [books.subscribe(f"https://reader.example.com/{number}") for number in range(3)]
    with database.read() as tx:
        dialect = tx.connection.dialect.name
        query = select(deliveries.c.subscription_id).order_by(deliveries.c.subscription_id)
        named = query.where(is_among(deliveries.c.subscription_id, "of", dialect=dialect))

        def found(*given: int) -> list[int]:
            of = {"of": numbers(dialect, given)}
            return [*tx.connection.execute(named, of).scalars()]

        assert found() == []
        assert found(ids[2], ids[0], max(ids) + 1, ids[0]) == [ids[0], ids[2]]
