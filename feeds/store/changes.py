"""Detects commits to the store by anyone, with one cheap query.

SQLite counts commits: "the integer values returned by two invocations of PRAGMA data_version from
the same connection will be different if changes were committed to the database by any other
connection in the interim" (https://sqlite.org/pragma.html#pragma_data_version).

PostgreSQL returns its snapshot: the oldest transaction in progress, the next transaction number,
and all transactions in progress between them. No transaction that wrote can end without changing
that text: it was in progress, or its number was not assigned yet. Commits to other databases of
the same server change it too, and cost one more query.

Rejected: LISTEN and NOTIFY. A half-dead connection receives nothing and looks like a quiet one, so
each poll would need a round trip anyway, and this one returns the answer with it. Polling also sees
writers that forget to notify, a person with psql, and works through a pooler that gives each
transaction another session; and no writer waits for the one lock that all notifying commits share.

Document caches need only commits that changed a document. One more query finds that out for all
documents at once: while the hub records deliveries there is a commit every few milliseconds, and
hardly one of them changes a document.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal_column, null, select
from sqlalchemy.engine.interfaces import DBAPICursor

from feeds.store.database import BUSY_TIMEOUT_MS, Database
from feeds.store.feeds import is_stale
from feeds.store.pings import is_newer
from feeds.store.schema import (
    deliveries,
    documents,
    feeds,
    pings,
    releases,
    subscription_requests,
    unindexed,
)
from feeds.store.state import changes_query
from feeds.store.store_file import Stamp

_SQLITE_STATE = "PRAGMA data_version"
_POSTGRES_STATE = "SELECT pg_current_snapshot()::text"

#: Versions of all current documents as one value: returning rows takes longer than finding them.
_DOCUMENTS: Select[tuple[str]] = select(
    func.aggregate_strings(
        documents.c.feed
        + (" " + documents.c.format)
        + (" " + cast(documents.c.edition, Text))
        + (" " + documents.c.digest)
        + (" " + cast(documents.c.modified_at, Text)),
        "\n",
    )
)

#: The last retraction among the releases that are retracted now.
_RETRACTED: Select[tuple[str]] = select(cast(func.max(releases.c.retracted_at), Text))
_RETRACTED = _RETRACTED.where(releases.c.retracted_at.is_not(None))  # as its index says

#: Both in one round trip, and how much the store holds.
_DOCUMENTS_AND_MORE: Select[tuple[str, str, int]] = select(
    _DOCUMENTS.scalar_subquery(), _RETRACTED.scalar_subquery(), changes_query(is_sqlite=False)
)


class Waiting(Enum):
    """Work in the store that may become due without a commit."""

    EDITIONS = auto()  #: of stale feeds
    WORDS = auto()  #: of releases, to be indexed for the search
    PINGS = auto()
    DELIVERIES = auto()
    REQUESTS = auto()  #: of subscribers, to be verified


#: Finds any such work. Of a delivery, the index leads past the many that are not due: a moment is
#: never 0.
_WAITING: Mapping[Waiting, Select[Any]] = MappingProxyType(
    {
        Waiting.EDITIONS: select(feeds.c.slug).where(is_stale()),
        Waiting.WORDS: select(unindexed.c.release_id),
        Waiting.PINGS: select(pings.c.feed)
        .join(
            documents, (documents.c.feed == pings.c.feed) & (documents.c.format == pings.c.format)
        )
        .where(is_newer(), pings.c.has_failed == 0),
        Waiting.DELIVERIES: select(deliveries.c.subscription_id).where(
            deliveries.c.is_failing.in_((0, 1)), deliveries.c.due_at > literal_column("0")
        ),
        Waiting.REQUESTS: select(subscription_requests.c.id),
    }
)


class Changes:
    """Detects commits of others over its own connection. One caller at a time."""

    def __init__(self, database: Database, *, of_documents: bool = False) -> None:
        """Creates a detector; its first poll reports a change.

        Args:
            database: The store.
            of_documents: Whether to report only commits that changed a current document.
        """
        self._database = database
        watched = _DOCUMENTS if database.is_sqlite else _DOCUMENTS_AND_MORE
        self._documents_sql = database.to_sql(watched) if of_documents else ""
        #: Changes whenever a release is retracted or restored. Read together with the documents,
        #: on PostgreSQL only.
        self.last_retraction: object = None
        self._commits_sql = _SQLITE_STATE if database.is_sqlite else _POSTGRES_STATE
        self._waiting_sql: dict[Waiting, str] = {}
        self._open = ExitStack()
        self._cursor: DBAPICursor | None = None
        self._seen: tuple[object, object] | None = None  #: commits, and what is compared
        self._waits_ms = BUSY_TIMEOUT_MS  #: for a lock of others, at the most
        #: The files that were read, of a store that nobody could write: see ``store_file``.
        self._at_rest: Stamp | None = None
        self._resting: Stamp | None = None  #: the same, of the open connection

    @property
    def is_local(self) -> bool:
        """Whether polling needs no other machine or process to answer."""
        return self._database.is_sqlite

    def poll(self) -> bool:
        """Returns whether something may have been committed since the last poll.

        True at the first poll and at the first one after an error: a new connection does not know
        the state before it.

        Raises:
            StoreUnavailable: The query failed. The next poll opens a new connection.
        """
        if self._at_rest is not None and self._at_rest == self._database.at_rest():
            return False
        self._at_rest = None
        with ExitStack() as closing:
            closing.push(self._reset)
            # The exit of the transaction translates errors of the driver into ours.
            closing.push(self._open)
            before, seen = self._seen, self._state()
            is_changed = before is None or seen[1] != before[1]
            closing.pop_all()
        self._seen = seen
        if (at_rest := self._resting) is not None:
            self.close()  # an open connection would not see what others write
            self._at_rest = at_rest
        return is_changed

    def is_quiet(self) -> bool:
        """Returns whether certainly nothing was committed since the last poll, without waiting.

        For an event loop: a file is asked for its count of commits alone, in some ten microseconds,
        and not again while somebody locks it.

        Returns:
            False where only a poll can tell: also before the first one, after an error, and of a
            store on a server.
        """
        if self._cursor is None or self._seen is None or not self.is_local:
            return False
        try:
            self._wait_if_locked(0)
            return bool(self._query(_SQLITE_STATE) == self._seen[0])
        # Whatever it is, the poll meets it as well, and says so.
        except Exception:
            return False

    def has(self, waiting: Waiting) -> bool:
        """Returns whether any such work waits, whoever has claimed it and whenever it is due.

        Raises:
            StoreUnavailable: The query failed.
        """
        sql = self._waiting_sql.get(waiting)
        if sql is None:
            sql = self._waiting_sql[waiting] = self._waiting(waiting)
        with ExitStack() as closing:
            closing.push(self._reset)
            closing.push(self._open)
            self._wait_if_locked(BUSY_TIMEOUT_MS)
            is_waiting, changes = self._query(sql)
            closing.pop_all()
        if changes is not None:
            self._database.saw_changes(changes)
        return bool(is_waiting)

    def _waiting(self, waiting: Waiting) -> str:
        # On a server, how much the store holds is read along, so that a copy that lags is noticed.
        changes = null() if self._database.is_sqlite else changes_query(is_sqlite=False)
        columns: list[ColumnElement[Any]] = [_WAITING[waiting].exists(), changes]
        return self._database.to_sql(select(*columns))

    def suspend(self, reason: str) -> None:
        """Refuses all other transactions: the database does not answer."""
        self._database.suspend(reason)

    def resume(self) -> None:
        """Accepts transactions again."""
        self._database.resume()

    def close(self) -> None:
        """Releases the connection; the next poll opens another one."""
        with suppress(Exception):  # of a file that is gone: the connection is not used again
            self._wait_if_locked(BUSY_TIMEOUT_MS)
        self._reset()
        self._open.close()

    def _reset(self, *_: object) -> None:
        self._cursor, self._seen, self._resting = None, None, None

    def _state(self) -> tuple[object, object]:
        self._wait_if_locked(BUSY_TIMEOUT_MS)
        # Read the commits first: a commit between the two queries is then seen at the next poll.
        commits = self._query(self._commits_sql)
        if self._seen is not None and self._seen[0] == commits:
            return self._seen
        if not self._documents_sql:
            return commits, commits
        found = self._query(self._documents_sql)
        if not self.is_local:
            found, self.last_retraction, changes = found
            self._database.saw_changes(changes)
        return commits, found

    def _wait_if_locked(self, most_ms: int) -> None:
        if self._waits_ms != most_ms and self._cursor is not None and self.is_local:
            self._cursor.execute(f"PRAGMA busy_timeout = {most_ms}")
            self._waits_ms = most_ms

    def _query(self, question: str) -> Any:
        # A raw cursor takes a thirtieth of SQLAlchemy's time. A poll runs many times a second and
        # takes its time from the threads that answer readers in the same process.
        cursor = self._cursor or self._connect()
        cursor.execute(question)
        return cursor.fetchone()

    def _connect(self) -> DBAPICursor:
        tx = self._open.enter_context(self._database.probe())
        # On both databases the driver begins no transaction, whose snapshot would stay the same.

        def invalidate(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None:  # never reuse a broken connection
                tx.connection.invalidate()

        self._open.push(invalidate)
        self._resting = tx.at_rest
        self._cursor = tx.connection.connection.cursor()
        self._waits_ms = BUSY_TIMEOUT_MS  # like any connection
        return self._cursor
