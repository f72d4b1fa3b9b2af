"""The hot question is answered by one index, read from its end: no sort, no other table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from feeds.model.feed import Window
from feeds.store.database import Database, Transaction
from feeds.store.schema import filings, releases
from tests.support.newsrooms import NOON

FEEDS = 40
RELEASES_A_FEED = 100

#: One is answered by its entries alone, the other goes on to the releases of its days.
WINDOWS = [
    pytest.param(Window(entries=20, days=1), id="by entries"),
    pytest.param(Window(entries=5, days=10), id="by days"),
]

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN (FORMAT JSON)"}

Question = Callable[[Transaction], object]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_is_read_from_one_index(database: Database, window: Window) -> None:
    with database.transaction() as tx:
        _fill(tx.connection)
        tx.connection.exec_driver_sql("ANALYZE")
        if not database.is_sqlite:
            _prefer_order(tx.connection)
        plans = _plans(tx, lambda tx: tx.filings.window("feed-7", window))
    assert len(plans) == (1 if window.days == 1 else 2)
    for plan in plans:
        _check(plan, database)


def _prefer_order(connection: Connection) -> None:
    """Have PostgreSQL sort only what no index gives in order: a small table is sorted sooner."""
    for road in ("sort", "seqscan", "bitmapscan"):
        connection.exec_driver_sql(f"SET LOCAL enable_{road} = off")


def _check(plan: list[Any], database: Database) -> None:
    if database.is_sqlite:
        _check_sqlite(plan)
    else:
        _check_postgres(plan)


def _check_sqlite(plan: list[Any]) -> None:
    [step] = plan
    assert step.detail.startswith("SEARCH filings USING COVERING INDEX ix_filings_window (feed=?")


def _check_postgres(plan: list[Any]) -> None:
    [row] = plan
    limit = row[0][0]["Plan"]
    [scan] = limit["Plans"]
    assert (limit["Node Type"], scan["Node Type"]) == ("Limit", "Index Only Scan")
    assert (scan["Index Name"], scan["Scan Direction"]) == ("ix_filings_window", "Backward")


def _plans(tx: Transaction, ask: Question) -> list[list[Any]]:
    """How the database answers each statement of a question."""
    explain = EXPLAIN[tx.connection.dialect.name]
    with _heard(tx.connection) as statements:
        ask(tx)
    return [
        list(tx.connection.exec_driver_sql(f"{explain} {statement}", parameters))
        for statement, parameters in statements
    ]


@contextmanager
def _heard(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", hear)
    yield statements
    event.remove(connection, "before_cursor_execute", hear)


def _fill(connection: Connection) -> None:
    numbers = range(FEEDS * RELEASES_A_FEED)
    connection.execute(insert(releases), [_release(number) for number in numbers])
    connection.execute(insert(filings), [_filing(number) for number in numbers])


def _release(number: int) -> dict[str, Any]:
    texts = dict.fromkeys(("digest", "title", "body", "summary", "language"), "")
    lists: dict[str, Any] = {"authors": [], "enclosures": [], "category_names": []}
    names = {"id": f"id-{number}", "source_key": f"id:{number}", "slug": f"slug-{number}"}
    moment = _moment(number)
    moments = {"published": moment, "updated": moment, "changed_at": moment}
    return {**texts, **lists, **names, **moments, "revision": 1}


def _filing(number: int) -> dict[str, Any]:
    moment = _moment(number)
    return {
        "release_id": f"id-{number}",
        "feed": f"feed-{number % FEEDS}",
        "changed_at": moment,
        "published": moment,
    }


def _moment(number: int) -> datetime:
    """Each feed has a release every eight hours."""
    return NOON + timedelta(minutes=12) * number
