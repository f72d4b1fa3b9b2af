"""How much a database does for each statement, whatever the machine does besides.

SQLite counts the steps of its virtual machine, of which a row that is looked at takes several.
PostgreSQL tells the rows that each node of a plan has read and left out (``EXPLAIN (ANALYZE)``);
its statements are asked once more for that, in a transaction that is rolled back.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from feeds.store.database import Database
from tests.support.query_plans import EXPLAIN, steps
from tests.support.statements import heard

#: SQLite is looked in upon after so many steps.
EVERY_STEPS = 5

_READ_BY = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
#: What reads; rows that are given are not asked about, and could not be given twice.
_READS = re.compile(r"\s*(?:SELECT|UPDATE|DELETE|WITH|INSERT(?!.*\bVALUES\b))", re.DOTALL)


@dataclass(slots=True)
class Statement:
    """A statement that was run, with what it took."""

    text: str
    parameters: Any
    work: int = 0  #: steps on SQLite, rows on PostgreSQL
    plan: list[str] = field(default_factory=list)


@contextmanager
def metered(database: Database) -> Iterator[list[Statement]]:
    """Meter each statement over *database* in the block; the numbers are there at its end."""
    found: list[Statement] = []

    def hear(driver: Any, text: str, parameters: Any, many: bool) -> None:
        found.append(Statement(text, parameters[0] if many and parameters else parameters))
        if database.is_sqlite:
            driver.set_progress_handler(_count(found[-1]), EVERY_STEPS)

    with heard(database._engine, hear):
        yield found
    found[:] = [each for each in found if _READS.match(each.text)]
    _explain(database, found)


def _count(statement: Statement) -> Any:
    def step() -> int:
        statement.work += EVERY_STEPS
        return 0

    return step


def _explain(database: Database, found: list[Statement]) -> None:
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    explain = EXPLAIN["sqlite"] if database.is_sqlite else "EXPLAIN (ANALYZE, FORMAT JSON)"
    with database.transaction() as tx, tx.connection.begin_nested() as all_of_it:
        if not database.is_sqlite:
            # So small a table is read and sorted sooner than its index; a large one is not.
            for road in ("sort", "seqscan"):
                tx.connection.exec_driver_sql(f"SET LOCAL enable_{road} = off")
            # What a forbidden road costs in its plan is so much that each is compiled, for 0.1 s.
            tx.connection.exec_driver_sql("SET LOCAL jit = off")
        for statement in found:
            with tx.connection.begin_nested() as undone:
                asked = f"{explain} {statement.text}"
                plan = list(tx.connection.exec_driver_sql(asked, statement.parameters))
                undone.rollback()
            statement.plan = steps(plan, dialect=dialect)
            if not database.is_sqlite:
                statement.work = _rows(plan[0][0][0]["Plan"])
        all_of_it.rollback()


def _rows(node: dict[str, Any]) -> int:
    """What the scans of a plan have read, and joins thrown away."""
    below = node.get("Plans", [])
    read = 0
    if node["Node Type"].endswith("Scan") and "Relation Name" in node:
        read = sum(node.get(each, 0) for each in _READ_BY)
    read += node.get("Rows Removed by Join Filter", 0)
    return int(read * node["Actual Loops"]) + sum(map(_rows, below))
