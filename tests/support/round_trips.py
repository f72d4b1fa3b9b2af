"""How often a database is waited for: round trips to PostgreSQL, statements of SQLite."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy import event

from feeds.store.database import Database
from tests.support.statements import heard


@contextmanager
def counted(database: Database) -> Iterator[Callable[[], int]]:
    """Count in the block; gives a function that says how many there were since its last call.

    libpq writes down each message of a connection (``PQtrace``). The server ends whatever a client
    waits for with ``ReadyForQuery``: each statement, or each pipeline. Only connections that are
    taken from the pool in the block are listened to.
    """
    count = _statements if database.is_sqlite else _round_trips
    with ExitStack() as stack:
        total = count(database, stack)
        before = 0

        def since() -> int:
            nonlocal before
            now = total()
            before, found = now, now - before
            return found

        yield since


def _statements(database: Database, stack: ExitStack) -> Callable[[], int]:
    found: list[str] = []
    stack.enter_context(heard(database._engine, lambda _, text, *__: found.append(text)))
    return lambda: len(found)


def _round_trips(database: Database, stack: ExitStack) -> Callable[[], int]:
    files: dict[int, IO[bytes]] = {}

    def taken(connection: Any, *_: Any) -> None:
        if id(connection) not in files:
            file = stack.enter_context(TemporaryFile())  # noqa: SIM115  # closed by the stack
            files[id(connection)] = file
            connection.pgconn.trace(file.fileno())
            stack.callback(connection.pgconn.untrace)

    event.listen(database._engine, "checkout", taken)
    stack.callback(event.remove, database._engine, "checkout", taken)

    def total() -> int:
        ctypes.CDLL(None).fflush(None)  # libpq writes with C's streams, which keep the last line
        return sum(map(_answers, list(files.values())))

    return total


def _answers(trace: IO[bytes]) -> int:
    trace.seek(0)
    return sum(line.split(b"\t")[1:4:2] == [b"B", b"ReadyForQuery"] for line in trace)
