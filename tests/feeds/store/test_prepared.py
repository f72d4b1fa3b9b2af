"""Statements that are built once: on SQLite the driver runs them, with what SQLAlchemy returned."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, event, func, insert, null, select, type_coerce, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.types import BigInteger, LargeBinary

from feeds.errors import StoreConflict
from feeds.store.database import Database, Transaction
from feeds.store.pipelining import run
from feeds.store.prepared import MOST_VALUES, Prepared, Statement
from feeds.store.schema import Instant, fragments, tokens
from tests.support.statements import heard

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
NAMES = [f"token {number:03}" for number in range(MOST_VALUES + 2)]

_INSERT = Prepared(insert(tokens))
_OF = Prepared(
    select(
        tokens,
        type_coerce(tokens.c.made_at, BigInteger).label("us"),
        null().cast(LargeBinary).label("none"),
    )
    .where(tokens.c.name.in_(bindparam("names", expanding=True)))
    .order_by(tokens.c.name)
)


def _row(name: str) -> dict[str, object]:
    return {"name": name, "hash": f"hash of {name}", "actions": [name, "é"], "made_at": NOW}


@pytest.fixture
def store(database: Database) -> Database:
    with database.transaction() as tx:
        run(tx.connection, _INSERT, [_row(name) for name in NAMES])
    return database


def _both(tx: Transaction, statement: Prepared, parameters: dict[str, Any]) -> list[Any]:
    """What the statement returns, when it is prepared and by SQLAlchemy."""
    return [
        [dict(each) for each in rows.mappings()]
        for rows in (
            run(tx.connection, statement, parameters),
            run(tx.connection, statement.statement, parameters),
        )
    ]


@pytest.mark.parametrize("count", [0, 1, 3, MOST_VALUES, MOST_VALUES + 1])
def test_values_are_converted_as_sqlalchemy_does(store: Database, count: int) -> None:
    with store.read() as tx:
        for names in (
            NAMES[:count],
            NAMES[-count:] if count else [],
        ):  # with the text as it is kept
            prepared, other = _both(tx, _OF, {"names": names})
            assert prepared == other
            assert [row["name"] for row in prepared] == names
    for row in prepared:
        assert (row["made_at"], row["actions"][1], row["none"]) == (NOW, "é", None)


def test_a_statement_returns_the_rows_that_it_changed(store: Database) -> None:
    statement = (
        update(tokens)
        .where(tokens.c.name == bindparam("of"))
        .values(made_at=bindparam("moment", type_=Instant), hash="fixed")
        .returning(tokens.c.name, tokens.c.made_at)
    )
    later = NOW.replace(year=2027)
    with store.transaction() as tx:
        rows = run(tx.connection, Prepared(statement), {"of": NAMES[1], "moment": later})
        assert [(row.name, row.made_at) for row in rows] == [(NAMES[1], later)]
    with store.read() as tx:
        [row] = run(tx.connection, _OF, {"names": NAMES[1:2]})
        assert (row.hash, row.made_at) == ("fixed", later)
        assert run(tx.connection, Prepared(select(func.count()).select_from(tokens)), {}).scalar()


@pytest.mark.parametrize("is_many", [False, True])
def test_what_a_transaction_did_is_undone_with_it(store: Database, is_many: bool) -> None:
    gone = Prepared(delete(tokens).where(tokens.c.name == bindparam("of")))
    given = [{"of": name} for name in NAMES]

    def fail(tx: Transaction) -> None:
        run(tx.connection, gone, given if is_many else given[0])
        run(tx.connection, _INSERT, [_row("new"), _row("new")])

    with pytest.raises(StoreConflict):
        store.run_in_transaction(fail)
    with store.read() as tx:
        assert len(run(tx.connection, _OF, {"names": NAMES}).all()) == len(NAMES)


def test_a_read_sees_one_state_of_sqlite(sqlite_database: Database) -> None:
    with sqlite_database.read() as tx:
        assert run(tx.connection, _OF, {"names": NAMES}).all() == []
        with sqlite_database.transaction() as other:
            run(other.connection, _INSERT, _row(NAMES[0]))
        assert run(tx.connection, _OF, {"names": NAMES}).all() == []
    with sqlite_database.read() as tx:
        assert len(run(tx.connection, _OF, {"names": NAMES}).all()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        select(func.none_such(tokens.c.name)),
        insert(fragments).values(release_id="none", format="atom", fingerprint="", body=b""),
    ],
)
def test_errors_are_those_of_sqlalchemy(sqlite_database: Database, statement: Statement) -> None:
    found = []
    for one in (statement, Prepared(statement)):
        try:
            with sqlite_database._engine.begin() as connection:
                run(connection, one)
        except DatabaseError as error:
            found.append((type(error), type(error.orig), error.statement, str(error.orig)))
    assert found[0] == found[1]


def test_only_the_driver_runs_it_on_sqlite(sqlite_database: Database) -> None:
    by_driver: list[tuple[str, bool]] = []
    by_sqlalchemy: list[str] = []
    with (
        sqlite_database.transaction() as tx,
        heard(tx.connection, lambda _, text, __, many: by_driver.append((text, many))),
    ):
        event.listen(
            tx.connection,
            "before_cursor_execute",
            lambda _, __, text, *___: by_sqlalchemy.append(text),
        )
        run(tx.connection, _INSERT, [_row(NAMES[0])])
        run(tx.connection, _OF, {"names": NAMES[:2]})
        assert by_sqlalchemy == []
        run(tx.connection, _OF.statement, {"names": NAMES[:2]})
    assert [many for _, many in by_driver] == [True, False, False]
    assert by_driver[1][0] == by_driver[2][0] == by_sqlalchemy[0]
