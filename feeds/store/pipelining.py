"""Sends several statements to PostgreSQL in one round trip.

A statement that waits for its result costs a round trip, which is most of its time where the
database is on another machine. So a statement whose result nobody needs (`send_later`) is not sent
at once, and neither is one whose result is needed only after others (`ask`). They are sent together
with the next statement that is waited for, or with the commit: in their order, in one pipeline
(libpq, "Pipeline Mode"). ``BEGIN`` is sent with the first statement, and not at all by what only
reads.

An error of such a statement is raised where the result of the next one is waited for, at the latest
by the commit. The server skips everything between the error and the end of the pipeline, ``COMMIT``
included.

Nothing of a pipeline is sent before all of it is known. A client that stops or vanishes between two
parts of one would keep its locks, because ``idle_in_transaction_session_timeout`` does not count
there.

SQLite runs each statement at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import registry
from sqlalchemy.engine import ExecutionContext

from feeds.store.prepared import Parameters, Prepared, Rows

#: The execution option of statements that are not sent at once, or were sent before.
DEFERRED = "communique_deferred"

#: The execution option of engines whose transactions only read. They send no ``BEGIN``: at READ
#: COMMITTED, each statement has a snapshot of its own with and without it.
READS_ONLY = "communique_reads_only"

Answer = TypeVar("Answer")

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class DeferredStatement:
    """A statement as the driver gets it, and its result when it was sent."""

    text: str = ""  #: empty until SQLAlchemy has compiled it
    parameters: Any = None
    is_many: bool = False
    cursor: Any = None  #: None until it was sent

    def send(self, driver: Any) -> None:
        """Sends it over a driver connection."""
        self.cursor = driver.cursor()
        if self.is_many:
            self.cursor.executemany(self.text, self.parameters)
        else:
            self.cursor.execute(self.text, self.parameters)


def send_later(
    connection: Connection, statement: Executable | Prepared, parameters: Parameters = _NONE
) -> None:
    """Executes a statement whose result is not needed; its errors may be raised by later ones."""
    if connection.dialect.name == "sqlite":
        run(connection, statement, parameters)
        return
    options = {DEFERRED: DeferredStatement()}
    connection.execute(_built(statement), parameters, execution_options=options)


def ask(
    connection: Connection,
    query: Executable | Prepared,
    parameters: Parameters,
    read: Callable[[Rows], Answer],
) -> Callable[[], Answer]:
    """Executes a query whose result is not needed yet.

    Args:
        connection: A connection.
        query: A query, or a statement that returns rows.
        parameters: Its parameters.
        read: Makes the answer of the result. Called at once on SQLite.

    Returns:
        A function that returns the answer. It may be called once, in the same transaction. The
        results of all queries that were asked before its call are fetched together.
    """
    if connection.dialect.name == "sqlite":
        answer = read(run(connection, query, parameters))
        return lambda: answer
    options = {DEFERRED: DeferredStatement()}
    built = _built(query)
    connection.execute(built, parameters, execution_options=options)
    return lambda: read(connection.execute(built, parameters, execution_options=options))


def run(
    connection: Connection, statement: Executable | Prepared, parameters: Parameters = _NONE
) -> Rows:
    """Executes a statement and returns its result."""
    if isinstance(statement, Prepared) and connection.dialect.name == "sqlite":
        return statement.run(connection, parameters)
    return connection.execute(_built(statement), parameters)


def _built(statement: Executable | Prepared) -> Executable:
    return statement.statement if isinstance(statement, Prepared) else statement


def begin(connection: Connection, *settings: str) -> None:
    """Begins a transaction on PostgreSQL, with the first statement that is sent.

    Args:
        connection: A connection whose transaction SQLAlchemy is about to begin.
        settings: ``SET LOCAL`` statements.
    """
    dialect: Any = connection.dialect  # the pipelined one
    dialect.open(connection.connection.driver_connection, ("BEGIN", *settings))


def is_deferred(context: ExecutionContext) -> bool:
    """Whether a statement is not sent when it is executed, or was sent before."""
    return DEFERRED in context.execution_options


def was_sent(context: ExecutionContext) -> bool:
    """Whether only the result of a statement is fetched, which was executed before."""
    deferred = context.execution_options.get(DEFERRED)
    return deferred is not None and bool(deferred.text)


# In place of the dialect that SQLAlchemy has for such URLs: an operator writes none of our own.
# Imported only when there is a store on PostgreSQL: its dialects take 2.7 MiB.
registry.register("postgresql.psycopg", "feeds.store.pipelined_dialect", "PipelinedDialect")
