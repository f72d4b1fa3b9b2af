"""SQLAlchemy's dialect for psycopg 3 that sends several statements in one round trip.

See ``pipelining``, which is all that other modules import: a service over a file does without
PostgreSQL's dialects.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGExecutionContext_psycopg
from sqlalchemy.exc import InvalidRequestError

from feeds.store.pipelining import DEFERRED, READS_ONLY, DeferredStatement


class _Queue(list[DeferredStatement]):
    """Statements that were not sent yet over one connection, in their order."""

    #: Number of those at the beginning that only begin the transaction.
    opening = 0

    def forget_skipped(self) -> None:
        """Marks statements as not sent that the server skipped after an error."""
        for each in self:
            if each.cursor is not None and each.cursor.pgresult is None:
                each.cursor = None


_NOTHING = _Queue()


class _PipelinedContext(PGExecutionContext_psycopg):
    """Gives SQLAlchemy the result of a statement that was sent before."""

    def create_cursor(self) -> Any:
        deferred = self.execution_options.get(DEFERRED)
        if deferred is None or not deferred.text:
            return super().create_cursor()
        dialect, driver = self.root_connection.dialect, self._dbapi_connection.driver_connection
        if deferred.cursor is None and isinstance(dialect, PipelinedDialect):
            dialect.send_all(driver)
        if deferred.cursor is None:
            # It was skipped, because a statement before it failed.
            deferred.send(driver)
        return deferred.cursor


class PipelinedDialect(PGDialect_psycopg):
    """SQLAlchemy's dialect for psycopg 3, with statements that are sent together.

    It expects the driver to be in autocommit mode: psycopg waits for the result of its own
    ``BEGIN``, in a pipeline too.
    """

    execution_ctx_cls = _PipelinedContext
    supports_statement_cache = True

    def __init__(self, **arguments: Any) -> None:
        """Creates the dialect of one engine."""
        super().__init__(**arguments)  # type: ignore[no-untyped-call]
        self._queues: WeakKeyDictionary[Any, _Queue] = WeakKeyDictionary()
        #: Whether a connection of the pool works, as far as is known without asking the server.
        self.is_known_to_work: Callable[[Any], bool] = lambda _: False
        #: Called with the driver's connection and each deferred statement after it was sent.
        self.on_sent: Callable[[Any, DeferredStatement], object] = lambda *_: None

    def open(self, driver: Any, statements: Sequence[str]) -> None:
        """Queues the statements that begin a transaction."""
        queue = self._queues[driver] = _Queue(map(DeferredStatement, statements))
        queue.opening = len(queue)

    def send_all(self, driver: Any, last: Callable[[], object] | None = None) -> None:
        """Sends the queue of a driver connection, and waits for its results.

        Args:
            driver: The connection.
            last: Sends one more statement in the same round trip.
        """
        queue = self._queues.pop(driver, _NOTHING)
        if not queue:
            if last is not None:
                last()
            return
        try:
            self._send_together(driver, [*(partial(each.send, driver) for each in queue), last])
        except self.loaded_dbapi.Error:
            queue.forget_skipped()
            raise
        for each in queue:
            self.on_sent(driver, each)

    def _send_together(self, driver: Any, calls: Sequence[Callable[[], object] | None]) -> None:
        errors: list[Exception] = []
        try:
            with driver.pipeline() if self._has_pipelines else nullcontext() as pipeline:
                _end_with_sync(pipeline)
                # The first error counts. Those after it say no more than that there was one, and
                # are raised by the end of the pipeline, whichever way that is reached.
                try:
                    for call in filter(None, calls):
                        call()
                except self.loaded_dbapi.Error as error:
                    errors.append(error)
        except self.loaded_dbapi.Error as error:
            errors.append(error)
        if errors:
            raise errors[0]

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Executes a statement, or queues it."""
        self._do(DeferredStatement(statement, parameters), cursor, context)

    def do_executemany(
        self, cursor: Any, statement: str, parameters: Any, context: Any = None
    ) -> None:
        """Executes a statement several times, or queues that."""
        self._do(DeferredStatement(statement, parameters, is_many=True), cursor, context)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commits. Sends nothing if the transaction has sent nothing."""
        driver = _driver_of(dbapi_connection)
        queue = None if driver is None else self._queues.get(driver)
        if queue is None:
            super().do_commit(dbapi_connection)  # type: ignore[no-untyped-call]
        elif len(queue) > queue.opening:
            self.send_all(driver, lambda: driver.execute("COMMIT"))
        else:
            del self._queues[driver]

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Rolls back. Sends nothing if the transaction has sent nothing."""
        if (driver := _driver_of(dbapi_connection)) is not None:
            self._queues.pop(driver, None)
        super().do_rollback(dbapi_connection)  # type: ignore[no-untyped-call]

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Asks the server whether a connection works, unless that is known."""
        if self.is_known_to_work(dbapi_connection):
            return True
        return bool(super().do_ping(dbapi_connection))  # type: ignore[no-untyped-call]

    @cached_property
    def _has_pipelines(self) -> bool:
        """Whether libpq has pipelines: from version 14 on."""
        return bool(self.loaded_dbapi.Pipeline.is_supported())

    def _do(self, statement: DeferredStatement, cursor: Any, context: Any) -> None:
        options = {} if context is None else context.execution_options
        if options.get(READS_ONLY) and (context.isinsert or context.isupdate or context.isdelete):
            raise InvalidRequestError("a transaction that only reads is to write")
        driver = cursor.connection
        deferred = options.get(DEFERRED)
        if deferred is None:
            run = cursor.executemany if statement.is_many else cursor.execute
            self.send_all(driver, lambda: run(statement.text, statement.parameters))
        elif deferred.cursor is None:
            deferred.text, deferred.parameters = statement.text, statement.parameters
            deferred.is_many = statement.is_many
            self._queues.setdefault(driver, _Queue()).append(deferred)


def _end_with_sync(pipeline: Any) -> None:
    """Keeps psycopg from sending a ``Flush`` after the last ``Sync`` of a pipeline.

    The server would take that for the beginning of a command, and end no session that is silent
    from there on: ``idle_in_transaction_session_timeout`` counts from its last ``ReadyForQuery``.
    """
    if pipeline is not None:
        fetch = pipeline._fetch_gen  # noqa: SLF001  # nothing public leaves it out: see the tests
        pipeline._fetch_gen = lambda **_: fetch(flush=False)  # noqa: SLF001


def _driver_of(dbapi_connection: Any) -> Any:
    """Returns the driver's connection; None when the pool has given it up."""
    return getattr(dbapi_connection, "driver_connection", dbapi_connection)
