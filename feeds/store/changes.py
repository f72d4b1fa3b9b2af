"""Whether anything was committed to the store: asked in one cheap question, whoever wrote.

SQLite counts commits: "the integer values returned by two invocations of PRAGMA data_version from
the same connection will be different if changes were committed to the database by any other
connection in the interim" (https://sqlite.org/pragma.html#pragma_data_version).

PostgreSQL is asked for its snapshot: the oldest transaction under way, the next one's number, and
all under way in between. No transaction that wrote can end without a change of that text: it was
among those under way, or its number was not given out yet. Rejected: LISTEN and NOTIFY. A
connection that died half-way hears nothing and looks like peace, so each lease would need a round
trip all the same, and this one brings the answer with it. It also hears of writers that forget to
notify, of a person with psql, and through a pooler that hands each transaction to another session;
and no writer waits for the one lock that all notifying commits share. Its price: commits to other
databases of the same server count as changes, and cause a question more.

Who keeps documents at hand asks that question here as well, and at once for all of them: while the
hub writes down its deliveries there is a commit every few milliseconds, and hardly one of a
document.
"""

from contextlib import ExitStack

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.engine.interfaces import DBAPICursor

from feeds.store.database import Database
from feeds.store.schema import documents, releases
from feeds.store.store_file import Stamp

_SQLITE_STATE = "PRAGMA data_version"
_POSTGRES_STATE = "SELECT pg_current_snapshot()::text"

#: Which documents are current, in one value: it takes longer to hand over rows than to find them.
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

#: When a release was last retracted, of those that are retracted now.
_RETRACTED: Select[tuple[str]] = select(cast(func.max(releases.c.retracted_at), Text))


class Changes:
    """Looks for commits of others over a connection of its own. One caller at a time."""

    def __init__(self, database: Database, *, of_documents: bool = False) -> None:
        """Make one that has not looked yet.

        Args:
            database: The store.
            of_documents: Only commits count after which another document is current, somewhere.
        """
        self._database = database
        self._of_documents = database.in_words(_DOCUMENTS) if of_documents else ""
        self._of_retractions = database.in_words(_RETRACTED)
        #: Another value whenever a release was retracted or restored; read with the documents, from
        #: PostgreSQL alone.
        self.last_retraction: object = None
        self._of_all = _SQLITE_STATE if database.is_sqlite else _POSTGRES_STATE
        self._open = ExitStack()
        self._cursor: DBAPICursor | None = None
        self._seen: tuple[object, object] | None = None  #: the commits, and what counts of them
        #: The files that were read, of a store that nobody could write: see ``store_file``.
        self._at_rest: Stamp | None = None
        self._resting: Stamp | None = None  #: and those of the connection at hand

    @property
    def is_local(self) -> bool:
        """True when no other machine or process has to answer."""
        return self._database.is_sqlite

    def poll(self) -> bool:
        """Say whether something may have been committed since the look before.

        The first look says yes, and so does the first one after an error: a new connection knows
        nothing of what was before it.

        Raises:
            StoreUnavailable: The store cannot be asked. The next look connects anew.
        """
        if self._at_rest is not None and self._at_rest == self._database.at_rest():
            return False
        self._at_rest = None
        with ExitStack() as closing:
            closing.push(self._forget)
            # The transaction's own exit: it tells an error of the driver in our words.
            closing.push(self._open)
            before, seen = self._seen, self._state()
            is_news = before is None or seen[1] != before[1]
            if is_news and self._of_documents and not self.is_local:
                self.last_retraction = self._ask(self._of_retractions)
            closing.pop_all()
        self._seen = seen
        if (at_rest := self._resting) is not None:
            self.close()  # what is kept open would not see what others write
            self._at_rest = at_rest
        return is_news

    def suspend(self, reason: str) -> None:
        """Have the database refuse all others at once: it does not answer."""
        self._database.suspend(reason)

    def resume(self) -> None:
        """Have it let them through again."""
        self._database.resume()

    def close(self) -> None:
        """Give the connection back; the next look takes another one."""
        self._forget()
        self._open.close()

    def _forget(self, *_: object) -> None:
        self._cursor, self._seen, self._resting = None, None, None

    def _state(self) -> tuple[object, object]:
        # First the commits: what is committed between the questions is asked for again.
        commits = self._ask(self._of_all)
        if self._seen is not None and self._seen[0] == commits:
            return self._seen
        return commits, self._ask(self._of_documents) if self._of_documents else commits

    def _ask(self, question: str) -> object:
        # The driver is asked, not SQLAlchemy, which takes thirty times as long: who looks many
        # times a second takes that time from whoever answers readers in the same process.
        cursor = self._cursor or self._connect()
        cursor.execute(question)
        return cursor.fetchone()

    def _connect(self) -> DBAPICursor:
        tx = self._open.enter_context(self._database.probe())
        if not self._database.is_sqlite:
            # One round trip a look, and no transaction that would see the same for ever. On SQLite
            # the driver begins none by itself.
            tx.connection.execution_options(isolation_level="AUTOCOMMIT")

        def drop(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None:  # what broke once is not used again, by whomever
                tx.connection.invalidate()

        self._open.push(drop)
        self._resting = tx.at_rest
        self._cursor = tx.connection.connection.cursor()
        return self._cursor
