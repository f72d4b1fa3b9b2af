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
"""

from contextlib import ExitStack

from sqlalchemy.engine.interfaces import DBAPICursor

from feeds.store.database import Database

_SQLITE_STATE = "PRAGMA data_version"
_POSTGRES_STATE = "SELECT pg_current_snapshot()::text"


class Changes:
    """Looks for commits of others over a connection of its own. One caller at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = ExitStack()
        self._cursor: DBAPICursor | None = None
        self._seen: object = None

    def look(self) -> bool:
        """Say whether something may have been committed since the look before.

        The first look says yes, and so does the first one after an error: a new connection knows
        nothing of what was before it.

        Raises:
            StoreUnavailable: The store cannot be asked. The next look connects anew.
        """
        with ExitStack() as closing:
            closing.push(self._forget)
            # The transaction's own exit: it tells an error of the driver in our words.
            closing.push(self._open)
            seen = self._state()
            closing.pop_all()
        is_news, self._seen = seen != self._seen, seen
        return is_news

    def close(self) -> None:
        """Give the connection back; the next look takes another one."""
        self._forget()
        self._open.close()

    def _forget(self, *_: object) -> None:
        self._cursor, self._seen = None, None

    def _state(self) -> object:
        cursor = self._cursor or self._connect()
        # The driver is asked, not SQLAlchemy, which takes thirty times as long: who looks many
        # times a second takes that time from whoever answers readers in the same process.
        cursor.execute(_SQLITE_STATE if self._database.is_sqlite else _POSTGRES_STATE)
        return cursor.fetchone()

    def _connect(self) -> DBAPICursor:
        tx = self._open.enter_context(self._database.read())
        if not self._database.is_sqlite:
            # One round trip a look, and no transaction that would see the same for ever. On SQLite
            # the driver begins none by itself.
            tx.connection.execution_options(isolation_level="AUTOCOMMIT")

        def drop(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None:  # what broke once is not used again, by whomever
                tx.connection.invalidate()

        self._open.push(drop)
        self._cursor = tx.connection.connection.cursor()
        return self._cursor
