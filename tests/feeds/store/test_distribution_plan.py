"""A distribution costs what its own deliveries cost, however many subscriptions are stored."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert

from feeds.model.feed import Format
from feeds.store.database import Database, Transaction
from feeds.store.schema import deliveries, feeds, subscriptions
from tests.support.hub_books import arrived, failed
from tests.support.newsrooms import NOON, later
from tests.support.query_plans import Question, plans, prefer_order, steps

FEEDS = 20
SUBSCRIBERS_A_FEED = 100
IDS = list(range(1, 65))


def _open(tx: Transaction) -> object:
    return tx.deliveries.open("feed-7", Format.ATOM, edition=3, now=NOON)


def _due(tx: Transaction) -> object:
    return tx.deliveries.due(now=NOON, limit=64)


def _due_again(tx: Transaction) -> object:
    return tx.deliveries.due(now=NOON, limit=64, is_failing=True, without_hosts=["h1", "h2"])


def _claim_and_settle(tx: Transaction) -> object:
    claimed = tx.deliveries.claim(IDS, worker="one", now=NOON, until=later(minutes=1))
    assert claimed == set(IDS)
    results = [*(arrived(one, 3) for one in IDS[:32]), *(failed(one) for one in IDS[32:])]
    tx.deliveries.complete(results, worker="one")
    return results


#: By question: the least that must be found by which index, on SQLite and on PostgreSQL.
QUESTIONS = [
    pytest.param(
        _open,
        "COVERING INDEX ix_subscriptions_topic (feed=? AND format=? AND suspended_at=? AND exp",
        "ix_subscriptions_topic",
        id="open",
    ),
    pytest.param(_due, "INDEX ix_deliveries_due (is_failing=? AND due_at<?)", "due", id="due"),
    pytest.param(
        _due_again, "INDEX ix_deliveries_due (is_failing=? AND due_at<?)", "due", id="due again"
    ),
    pytest.param(
        _claim_and_settle, "deliveries USING INTEGER PRIMARY KEY", "pk_deliv", id="claim, settle"
    ),
]


@pytest.mark.parametrize(("ask", "on_sqlite", "on_postgres"), QUESTIONS)
def test_nothing_is_read_but_what_is_asked_for(
    database: Database, ask: Question, on_sqlite: str, on_postgres: str
) -> None:
    with database.transaction() as tx:
        _fill(tx)
        if not database.is_sqlite:
            prefer_order(tx.connection)
        dialect = tx.connection.dialect.name
        found = [steps(plan, dialect=dialect) for plan in plans(tx, ask)]
    assert found
    for plan in found:
        assert not [step for step in plan if _reads_all(step)], plan
    told = on_sqlite if database.is_sqlite else on_postgres
    assert any(told in step for plan in found for step in plan), found


def _reads_all(step: str) -> bool:
    if "VIRTUAL TABLE" in step:  # the rows of a parameter
        return False
    is_sorted_by_hand = step in ("USE TEMP B-TREE FOR ORDER BY", "Incremental Sort")
    return is_sorted_by_hand or step.startswith(("SCAN ", "Seq Scan"))


def _fill(tx: Transaction) -> None:
    ids = range(1, FEEDS * SUBSCRIBERS_A_FEED + 1)
    tx.connection.execute(insert(feeds), [_feed(number) for number in range(FEEDS)])
    tx.connection.execute(insert(subscriptions), [_subscription(number) for number in ids])
    tx.connection.execute(insert(deliveries), [_delivery(number) for number in ids])
    tx.connection.exec_driver_sql("ANALYZE")


def _feed(number: int) -> dict[str, Any]:
    counts = dict.fromkeys(("edition", "stale_seq", "rendered_seq", "failures"), 0)
    texts = {"slug": f"feed-{number}", "id": f"urn:{number}", "selection": "", "settings": ""}
    return {**texts, **counts, "changed_at": NOON}


def _subscription(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "feed": f"feed-{number % FEEDS}",
        "format": "atom",
        "callback": f"https://h{number}/",
        "host": f"h{number}",
        "wire": "websub",
        "lease_s": 60,
        "request_id": number,
        "since": NOON,
        "confirmed_at": NOON,
        "expires_at": later(days=10),
    }


def _delivery(number: int) -> dict[str, Any]:
    return {
        "subscription_id": number,
        "host": f"h{number}",
        "wanted_edition": 2,
        "delivered_edition": 1,
        "is_failing": number % 2,
        "attempts": number % 2,
        "due_at": _due_at(number),
    }


def _due_at(number: int) -> datetime:
    """Some are due, and most later."""
    return NOON if number <= len(IDS) else later(seconds=number)
