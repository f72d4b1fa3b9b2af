"""How a database answers a question: the plan of each statement of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql
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


def generic_plan(tx: Transaction, ask: Question) -> list[Any]:
    """How PostgreSQL answers a question of one statement that is asked again and again.

    By one plan for all parameters then: it takes each feed for one of middle size.
    """
    with _heard(tx.connection) as statements:
        ask(tx)
    [(statement, parameters)] = statements
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    for number, name in enumerate(names, 1):
        statement = statement.replace(f"%({name})s", f"${number}")
    values = sql.SQL(", ").join(sql.Literal(parameters[name]) for name in names)
    driver: Any = tx.connection.connection.driver_connection
    driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    driver.execute(f"PREPARE asked AS {statement}", prepare=False)
    try:
        explained = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE asked({})").format(values)
        return list(driver.execute(explained, prepare=False))
    finally:
        driver.execute("DEALLOCATE asked")


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
