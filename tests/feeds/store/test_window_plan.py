"""The hot question is answered by one index, read from its end: no sort, no other table."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from feeds.model.edition import Archive
from feeds.model.feed import Window
from feeds.model.release import ReleaseId
from feeds.store.database import Database
from feeds.store.schema import filings, releases
from tests.support.newsrooms import NOON
from tests.support.query_plans import Question, generic_plan, plans, prefer_order, steps

FEEDS = 40
RELEASES_A_FEED = 100

#: One is answered by its entries alone, the other goes on to the releases of its days.
WINDOWS = [
    pytest.param(Window(entries=20, days=1), id="by entries"),
    pytest.param(Window(entries=5, days=10), id="by days"),
]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_is_read_from_one_index(database: Database, window: Window) -> None:
    with database.transaction() as tx:
        _fill(tx.connection)
        tx.connection.exec_driver_sql("ANALYZE")
        if not database.is_sqlite:
            prefer_order(tx.connection)
        found = plans(tx, lambda tx: tx.feed_entries.window("feed-7", window))
    assert len(found) == (1 if window.days == 1 else 2)
    for plan in found:
        _check(plan, database)


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


def _fill(connection: Connection) -> None:
    numbers = range(FEEDS * RELEASES_A_FEED)
    connection.execute(insert(releases), [a_release(number) for number in numbers])
    connection.execute(insert(filings), [_filing(number) for number in numbers])


def a_release(number: int) -> dict[str, Any]:
    """A row of ``releases``."""
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
        "placed_at": moment,
        "published": moment,
    }


def _moment(number: int) -> datetime:
    """Each feed has a release every eight hours."""
    return NOON + timedelta(minutes=12) * number


@pytest.mark.parametrize("question", ["members", "unarchived"])
def test_archives_do_not_read_their_feed(database: Database, question: str) -> None:
    """Nor the index of its window, which has all that is asked for."""
    archive = Archive("feed-7", 3, NOON, None)
    asked: dict[str, Question] = {
        "members": lambda tx: tx.archives.members(archive),
        "unarchived": lambda tx: tx.archives.unarchived("feed-7", limit=10),
    }
    with database.transaction() as tx:
        _fill(tx.connection)
        numbers = range(FEEDS * RELEASES_A_FEED)
        tx.feed_entries.lock([(ReleaseId(f"id-{n}"), f"feed-{n % FEEDS}") for n in numbers])
        tx.connection.execute(update(filings).values(archive=1))
        tx.connection.exec_driver_sql("ANALYZE")
        [plan] = plans(tx, asked[question])
    found = " ".join(steps(plan, dialect="sqlite" if database.is_sqlite else "postgresql"))
    assert "ix_filings_archive" in found
    assert "ix_filings_window" not in found


def test_archives_are_closed_from_where_the_last_one_ended(database: Database) -> None:
    """A million entries are closed a few thousand at a time: none is passed over each time."""
    with database.transaction() as tx:
        _fill(tx.connection)
        numbers = range(FEEDS * RELEASES_A_FEED)
        tx.feed_entries.lock([(ReleaseId(f"id-{n}"), f"feed-{n % FEEDS}") for n in numbers])
        half = filings.c.placed_at < _moment(FEEDS * RELEASES_A_FEED // 2)
        tx.connection.execute(update(filings).where(half).values(archive=1))
        tx.connection.exec_driver_sql("ANALYZE")
        if not database.is_sqlite:
            prefer_order(tx.connection)
        [plan] = plans(tx, lambda tx: tx.archives.unarchived("feed-7", limit=10))
    found = steps(plan, dialect="sqlite" if database.is_sqlite else "postgresql")
    assert any("ix_filings_archive" in step for step in found)
    assert not any("ix_filings_window" in step or "SORT" in step.upper() for step in found), found
    assert not any("B-TREE" in step for step in found)


def test_what_is_closed_of_the_largest_feed_is_not_sorted_out_of_all_of_it(
    postgres_database: Database,
) -> None:
    """Whatever plan PostgreSQL has for feeds in general: one feed has all releases."""
    with postgres_database.transaction() as tx:
        _fill(tx.connection)
        everything = [
            {**_filing(number), "feed": "all"} for number in range(FEEDS * RELEASES_A_FEED)
        ]
        tx.connection.execute(insert(filings), everything)
        tx.connection.exec_driver_sql("ANALYZE")
        plan = generic_plan(tx, lambda tx: tx.archives.unarchived("all", limit=1_000))
    found = steps(plan, dialect="postgresql")
    assert found[:2] == ["Limit", "Index Only Scan ix_filings_archive"], found
