"""How a database answers a question: the plan of each statement of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from feeds.store.database import Transaction
from tests.support.statements import heard

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN (FORMAT JSON)"}

Question = Callable[[Transaction], object]


def prefer_order(connection: Connection) -> None:
    """Have PostgreSQL sort only what no index gives in order: a small table is sorted sooner."""
    for road in ("sort", "seqscan", "bitmapscan"):
        connection.exec_driver_sql(f"SET LOCAL enable_{road} = off")


def plans(tx: Transaction, ask: Question) -> list[list[Any]]:
    """How the database answers each statement of a question."""
    explain = EXPLAIN[tx.connection.dialect.name]
    with _heard(tx.connection) as statements:
        ask(tx)
    return [
        list(tx.connection.exec_driver_sql(f"{explain} {statement}", parameters))
        for statement, parameters in statements
    ]


def steps(plan: list[Any], *, dialect: str) -> list[str]:
    """A plan in words: a line a step on SQLite, kind of node and index on PostgreSQL."""
    if dialect == "sqlite":
        return [step.detail for step in plan]
    found: list[str] = []
    nodes = [plan[0][0][0]["Plan"]]
    while nodes:
        node = nodes.pop(0)
        nodes = node.get("Plans", []) + nodes
        found.append(f"{node['Node Type']} {node.get('Index Name', '')}".strip())
    return found


@contextmanager
def _heard(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def hear(_: Any, statement: str, parameters: Any, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    with heard(connection, hear):
        yield statements
