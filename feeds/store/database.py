"""A database and its transactions, the same for SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from threading import local
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    NullPool,
    Select,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
)

from feeds.errors import StoreConflict, StoreNotWritable, StoreReplaced, StoreUnavailable
from feeds.store import dialects, pipelining
from feeds.store.access import AuditLog, Tokens
from feeds.store.alarms import Alarms
from feeds.store.archives import Archives
from feeds.store.connecting import OpenConnections, connect_unless
from feeds.store.contents import Revisions
from feeds.store.deliveries import Deliveries
from feeds.store.documents import Documents, Fragments
from feeds.store.drafts import SavedDrafts
from feeds.store.embargoes import Embargoes
from feeds.store.expectation import Expectation
from feeds.store.feed_entries import FeedEntries, Names
from feeds.store.feeds import Feeds
from feeds.store.hubs import Canaries, HubTallies
from feeds.store.imports import Imports
from feeds.store.intake import IntakeFiles, Refusals
from feeds.store.media import Media
from feeds.store.months import Months
from feeds.store.pings import Pings
from feeds.store.readership import ReadershipCounts
from feeds.store.redirects import Redirects, RedirectUses
from feeds.store.release_pages import ReleasePages, SitemapParts
from feeds.store.releases import Releases
from feeds.store.search import SearchIndex
from feeds.store.state import (
    Appearance,
    Backups,
    Configuration,
    Identity,
    Processes,
    StoreState,
    state_query,
)
from feeds.store.store_file import Stamp, StoreFile
from feeds.store.subscriptions import Subscriptions
from feeds.store.upstream_pushes import UpstreamSubscriptions
from feeds.store.upstreams import UpstreamItems, Upstreams
from feeds.store.users import DeskKey, Sessions, SignInAttempts, Users

#: How long a writer on SQLite waits for another writer before it gives up.
BUSY_TIMEOUT_MS = 20_000

#: The size in pages of 4 KiB at which SQLite's write-ahead log is checkpointed into the database
#: file. With SQLite's default of 1,000, each batch of a bulk intake would wait for a checkpoint.
CHECKPOINT_PAGES = 10_000

#: How long a checkpoint blocks writers while it waits for readers.
CHECKPOINT_WAIT_MS = 100

#: Tries of one transaction when it conflicts with others: each try reads what the winner stored.
MAX_TRIES = 5

#: For searches on PostgreSQL. A search that takes longer is given up: nobody waits for it, and it
#: takes the server's time from everybody else. The index is there to be used: the planner does not
#: count what it takes to read long terms from the table.
_SEARCHES = (
    "SET TRANSACTION READ ONLY",
    "SET LOCAL statement_timeout = '3s'",
    "SET LOCAL enable_seqscan = off",
)

#: The execution option with further statements that begin a transaction on PostgreSQL.
_SETTINGS = "communique_settings"

#: Under which name a connection to a file has the options of its next transaction.
_OPTIONS = "communique_options"

Result = TypeVar("Result")

#: The current time, not the time at which the transaction began.
_NOW = select(func.clock_timestamp())

#: PostgreSQL's codes for conflicts to be retried: serialization failure, deadlock.
_TRY_AGAIN = {"40001", "40P01"}

#: PostgreSQL's code for a table that is missing.
_NO_TABLE = "42P01"

#: Errors that say that nothing can be stored, and why: of PostgreSQL (disk full, and a server that
#: takes no writes, as a standby), and of SQLite.
_NOT_WRITABLE = {
    "53100": "its disk is full",
    "25006": "its server is a standby, or allows reading only",
    "SQLITE_FULL": "its disk is full",
}

#: What SQLite reports of a quota that is used up (EDQUOT), which nothing tells beforehand. It
#: reports a failing disk alike.
_TAKES_NO_MORE = dict.fromkeys(
    ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"),
    "its disk takes no more: a quota is used up, or the disk fails",
)

#: Errors of SQLite that come of a disk that cannot be written, among other causes.
_OF_THE_DISK = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")

#: Says of a file why its disk cannot be written, without writing; None when nothing is known.
WriteFault = Callable[[Path], str | None]


class Transaction:
    """The tables of the store over one connection. All writes are committed, or none."""

    def __init__(self, connection: Connection, *, at_rest: Stamp | None = None) -> None:
        self.connection = connection
        #: The files that are read, of a store that nobody can have open; else None.
        self.at_rest = at_rest

    @property
    def is_connection_lost(self) -> bool:
        """Whether a statement has failed because the connection is lost."""
        return self.connection.invalidated

    @cached_property
    def releases(self) -> Releases:
        """Releases and their earlier revisions."""
        return Releases(self.connection)

    @cached_property
    def release_pages(self) -> ReleasePages:
        """The releases' pages, for sitemaps and monthly lists."""
        return ReleasePages(self.connection)

    @cached_property
    def search(self) -> SearchIndex:
        """The search index."""
        return SearchIndex(self.connection)

    @cached_property
    def sitemap_parts(self) -> SitemapParts:
        """Where the parts of the sitemap begin."""
        return SitemapParts(self.connection)

    @cached_property
    def revisions(self) -> Revisions:
        """Former revisions of releases."""
        return Revisions(self.connection)

    @cached_property
    def media(self) -> Media:
        """Pictures and files of releases."""
        return Media(self.connection)

    @cached_property
    def embargoes(self) -> Embargoes:
        """Documents under embargo."""
        return Embargoes(self.connection)

    @cached_property
    def audit_log(self) -> AuditLog:
        """The audit log: who did what to which release."""
        return AuditLog(self.connection)

    @cached_property
    def tokens(self) -> Tokens:
        """Access tokens of the API."""
        return Tokens(self.connection)

    @cached_property
    def drafts(self) -> SavedDrafts:
        """Drafts of the desk."""
        return SavedDrafts(self.connection)

    @cached_property
    def users(self) -> Users:
        """People who may use the desk."""
        return Users(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        """Browsers in which somebody is signed in to the desk."""
        return Sessions(self.connection)

    @cached_property
    def sign_in_attempts(self) -> SignInAttempts:
        """How often somebody tried to sign in lately."""
        return SignInAttempts(self.connection)

    @cached_property
    def desk_key(self) -> DeskKey:
        """The key by which the desk's cookies are signed."""
        return DeskKey(self.connection)

    @cached_property
    def names(self) -> Names:
        """Category names as releases give them."""
        return Names(self.connection)

    @cached_property
    def feed_entries(self) -> FeedEntries:
        """Which release is in which feed."""
        return FeedEntries(self.connection)

    @cached_property
    def months(self) -> Months:
        """How many releases each month lists."""
        return Months(self.connection)

    @cached_property
    def appearance(self) -> Appearance:
        """When the look of the pages changed last."""
        return Appearance(self.connection)

    @cached_property
    def identity(self) -> Identity:
        """The id of the store."""
        return Identity(self.connection)

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration that was applied last (the one in force)."""
        return Configuration(self.connection)

    @cached_property
    def feeds(self) -> Feeds:
        """The feeds, and whether they are stale."""
        return Feeds(self.connection)

    @cached_property
    def documents(self) -> Documents:
        """The documents of the current editions."""
        return Documents(self.connection)

    @cached_property
    def archives(self) -> Archives:
        """The archive documents of the feeds."""
        return Archives(self.connection)

    @cached_property
    def imports(self) -> Imports:
        """Imports in progress, and the files that imports have copied."""
        return Imports(self.connection)

    @cached_property
    def fragments(self) -> Fragments:
        """Rendered entries, and those that could not be rendered."""
        return Fragments(self.connection)

    @cached_property
    def pings(self) -> Pings:
        """The outbox of pings to the hubs."""
        return Pings(self.connection)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Subscriptions at the built-in hub, and requests for them."""
        return Subscriptions(self.connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Deliveries due to subscribers."""
        return Deliveries(self.connection)

    @cached_property
    def canaries(self) -> Canaries:
        """Our own subscriptions at the hubs, and the pushes that arrived for them."""
        return Canaries(self.connection)

    @cached_property
    def hub_tallies(self) -> HubTallies:
        """Counts for each hub."""
        return HubTallies(self.connection)

    @cached_property
    def upstreams(self) -> Upstreams:
        """Other people's feeds that this newsroom carries."""
        return Upstreams(self.connection)

    @cached_property
    def upstream_items(self) -> UpstreamItems:
        """The items of other people's feeds that were seen."""
        return UpstreamItems(self.connection)

    @cached_property
    def upstream_subscriptions(self) -> UpstreamSubscriptions:
        """Our subscriptions at the hubs of other people's feeds."""
        return UpstreamSubscriptions(self.connection)

    @cached_property
    def refusals(self) -> Refusals:
        """Documents that intake rejected."""
        return Refusals(self.connection)

    @cached_property
    def intake_files(self) -> IntakeFiles:
        """Files of the watched folders that were read."""
        return IntakeFiles(self.connection)

    @cached_property
    def processes(self) -> Processes:
        """The last activity of each background process."""
        return Processes(self.connection)

    @cached_property
    def alarms(self) -> Alarms:
        """What operators are told unasked, and how far each channel has been told."""
        return Alarms(self.connection)

    @cached_property
    def redirects(self) -> Redirects:
        """Old addresses that imports brought along."""
        return Redirects(self.connection)

    @cached_property
    def redirect_uses(self) -> RedirectUses:
        """How often redirects are used, and which addresses of feeds lead nowhere."""
        return RedirectUses(self.connection)

    @cached_property
    def readership(self) -> ReadershipCounts:
        """Counts of readers, by day."""
        return ReadershipCounts(self.connection)

    @cached_property
    def backups(self) -> Backups:
        """The last backup."""
        return Backups(self.connection)


class Database:
    """One SQLite file or one PostgreSQL database. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        expected: StoreState | None = None,
        connections: OpenConnections | None = None,
        write_fault: WriteFault = lambda _: None,
    ) -> None:
        self._engine = engine
        self._fault_of = write_fault
        self._file = StoreFile.of(engine.url)
        #: Which store this must be.
        self._expectation = Expectation(self.label, expected)
        if self._file is not None:
            event.listen(engine, "do_connect", self._before_connecting)
            event.listen(engine, "connect", self._after_connecting)
        self._connections = connections
        self._kept: list[Connection] = []  #: connections to a file that nobody uses just now
        self._suspended: str | None = None  #: why transactions are refused; None while they are not
        self._this_thread = local()
        if not self.is_sqlite:
            event.listen(engine, "do_connect", self._connect)
            if connections is not None:
                event.listen(engine, "connect", lambda one, _: connections.opened(one))
                event.listen(engine, "close", lambda one, _: connections.closed(one))
            event.listen(engine, "connect", dialects.limit_session)
            if expected is not None:
                query = state_query(is_sqlite=False).add_columns(func.pg_is_in_recovery())
                self._state_sql = self.to_sql(query)
                event.listen(engine, "connect", self._compare_server)
            if connections is not None:
                pipelined: Any = engine.dialect
                pipelined.is_known_to_work = connections.is_quiet
        self._reader = engine.execution_options(**{pipelining.READS_ONLY: True})
        self._writer = engine.execution_options(communique_begin="BEGIN IMMEDIATE")
        self._unsynced = self._writer.execution_options(communique_is_durable=False)
        self._searcher = engine.execution_options(**{_SETTINGS: _SEARCHES})

    @classmethod
    def open(
        cls,
        url: str | URL,
        *,
        expected: StoreState | None = None,
        connections: OpenConnections | None = None,
        write_fault: WriteFault = lambda _: None,
    ) -> "Database":
        """Opens the database at *url*. The first transaction makes the first connection.

        Args:
            url: ``sqlite:///path`` or ``postgresql://…`` (opened with psycopg 3). Its parameters
                override the limits in ``dialects``.
            expected: The id that the store must have and the changes it must hold; None for any. On
                a server each new connection is compared with it, and with what was seen since.
            connections: Registers all connections to a server, so that `suspend` can break them.
            write_fault: Returns why an SQLite file cannot be written.
        """
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        # Parameters may hold text of unpublished releases: keep them out of error messages.
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, hide_parameters=True)
        else:
            engine = create_engine(
                parsed,
                hide_parameters=True,
                connect_args={**dialects.of_connection(parsed.query), "autocommit": True},
                pool_pre_ping=True,
                pool_timeout=dialects.POOL_TIMEOUT_S,
            )
        if engine.dialect.name == "sqlite":
            if (file := StoreFile.of(parsed)) is not None:
                # The file holds embargoed texts and subscribers' secrets: owner only.
                file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            event.listen(engine, "begin", _begin_postgres)
        return cls(engine, expected=expected, connections=connections, write_fault=write_fault)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite: one machine, one writer at a time."""
        return self._engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for every other store."""
        return None if self._file is None else self._file.path

    @property
    def label(self) -> str:
        """The database's URL without its password, for messages."""
        return self._engine.url.render_as_string(hide_password=True)

    def now(self) -> datetime | None:
        """The database server's current time; None for SQLite, which uses this machine's clock.

        Raises:
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        if self.is_sqlite:
            return None
        self._refuse_if_suspended()
        with self._translated(), self._reader.connect() as connection:
            moment: datetime = connection.execute(_NOW).scalar_one()
        return moment.astimezone(UTC)

    @property
    def known_state(self) -> StoreState | None:
        """The newest state that was seen on a server; None with SQLite, or if none was expected."""
        return None if self.is_sqlite else self._expectation.known

    def saw_changes(self, changes: int) -> None:
        """Records how many changes the store holds, as another query has found."""
        self._expectation.saw(changes)

    def to_sql(self, question: Select[Any]) -> str:
        """Returns a query as SQL text with its parameters inlined, for a raw driver cursor."""
        return str(question.compile(self._engine, compile_kwargs={"literal_binds": True}))

    def close(self) -> None:
        """Closes all connections that are not in use."""
        for connection in self._drain_kept():
            connection.close()
        self._engine.dispose()

    def _drain_kept(self) -> Iterator[Connection]:
        with suppress(IndexError):  # another thread may take the last one
            while True:
                yield self._kept.pop()

    def release_memory(self) -> None:
        """Closes the idle connections to an SQLite file. Others are opened when they are needed.

        Each has up to 2 MiB of pages, and a schema in hundreds of small pieces, for whose sake the
        system would not get back the memory around them.

        Raises:
            StoreUnavailable: The file cannot be used.
        """
        with self._translated():
            for connection in self._drain_kept():
                connection.invalidate()
                connection.close()

    def suspend(self, reason: str) -> None:
        """Refuses every transaction except those of `probe` until `resume` is called.

        Transactions under way are broken off and raise StoreUnavailable; whether a commit among
        them took effect is not known. Does nothing on SQLite.
        """
        if not self.is_sqlite:
            self._suspended = reason
            if self._connections is not None:
                self._connections.shut_down()

    def resume(self) -> None:
        """Accepts transactions again."""
        self._suspended = None

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Writes: commits at the end of the block, rolls back when the block raises.

        Raises:
            StoreConflict: Another transaction won; nothing was written.
            StoreReplaced: The store file is gone or was replaced.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        return self._written(self._writer)

    def unsynced(self) -> AbstractContextManager[Transaction]:
        """Writes what can be made again: the commit is visible to all but not yet synced to disk.

        After a power failure the last such commits may be lost; the database is then consistent
        and as it was a moment earlier. That is enough for a claim, which is worthless when its
        worker is gone too, and for an edition, whose feed is then stale again. Both databases
        write commits in order, so the next commit of ``transaction`` makes this one durable too.

        Raises:
            StoreConflict: Another transaction won; nothing was written.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        return self._written(self._unsynced)

    def run_in_transaction(
        self, work: Callable[[Transaction], Result], *, is_durable: bool = True
    ) -> Result:
        """Runs *work* in one transaction, and again from the start when it conflicts.

        Args:
            work: A function whose only effects are on the store. It may be called several times.
            is_durable: Whether to use ``transaction`` or ``unsynced``. Work that need not be
                durable is also repeated when the connection is lost, because it is then not known
                whether the transaction took effect.

        Raises:
            StoreConflict: Every try conflicted with other transactions.
            StoreUnavailable: Nothing was stored, as far as is known.
        """
        begin = self.transaction if is_durable else self.unsynced
        for attempt in range(1, MAX_TRIES + 1):
            try:
                with begin() as tx:
                    return work(tx)
            except StoreConflict:
                if attempt == MAX_TRIES:
                    raise
            except StoreUnavailable as error:
                if is_durable or not error.is_connection_lost or attempt == MAX_TRIES:
                    raise
        raise AssertionError  # the loop returns or raises

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Reads without blocking writers. Nothing is written in the block.

        On SQLite all queries see one state of the store; on PostgreSQL each sees the latest one.

        Raises:
            StoreReplaced: The store file is gone or was replaced.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        with self._translated():
            self._refuse_if_suspended()
            if self.is_sqlite and not self._expectation.is_met:
                with self._reading() as tx:
                    self._expectation.compare(tx.identity.state())
            with self._reading() as tx:
                yield tx

    @contextmanager
    def searching(self) -> Iterator[Transaction]:
        """Reads as `read` does, for searches: on PostgreSQL for a short time at most.

        Raises:
            StoreReplaced: The store file is gone or was replaced.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        if self.is_sqlite:
            with self.read() as tx:
                yield tx
            return
        with (
            self._translated(),
            self._connected(self._searcher) as connection,
            connection.begin(),
        ):
            yield Transaction(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Reads one state of the store, for as long as that takes. Nothing is written in the block.

        Raises:
            StoreReplaced: The store file is gone or was replaced.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        if self.is_sqlite:
            with self.read() as tx:
                yield tx
            return
        with self.transaction() as tx:
            run = tx.connection.exec_driver_sql
            run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            run("SET LOCAL statement_timeout = 0")
            run("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield tx

    def at_rest(self) -> Stamp | None:
        """The files of a store that nobody has open; None when somebody may, or it has none."""
        return None if self._file is None else self._file.at_rest()

    def write_fault(self) -> str | None:
        """Why nothing can be stored, as far as the disk tells without being written; or None."""
        return None if self._file is None else self._fault_of(self._file.path)

    @contextmanager
    def _reading(self) -> Iterator[Transaction]:
        try:
            connection = self._take(self._reader)
        except OperationalError:
            # Perhaps the disk cannot be written, and SQLite has to, also to read.
            if self._file is None or (stamp := self._file.at_rest()) is None:
                raise
        else:
            with self._given_back(connection):
                if self._file is not None:
                    self._file.require_same(connection.info)
                yield Transaction(connection)
            return
        with self._resting(self._file).connect() as connection:
            try:
                yield Transaction(connection, at_rest=stamp)
            except Exception as error:
                self._require_rest(stamp, error)  # it may come of a file that changed
                raise
            self._require_rest(stamp)

    def _require_rest(self, stamp: Stamp, reason: Exception | None = None) -> None:
        if self.at_rest() != stamp:
            raise StoreUnavailable(
                f"the store at {self.label} was opened by another process meanwhile: try again"
            ) from reason

    def _resting(self, file: StoreFile) -> Engine:
        """Reads a store that nobody has open. Each connection is for one look."""
        engine = create_engine(
            "sqlite://",
            creator=lambda: file.connect_at_rest(wait_ms=BUSY_TIMEOUT_MS),
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "connect", self._after_connecting)
        return engine

    @contextmanager
    def probe(self) -> Iterator[Transaction]:
        """Reads even while `suspend` refuses all others, to find out whether the store answers.

        Raises:
            StoreReplaced: The store file is gone or was replaced.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        self._this_thread.is_probing = True
        try:
            with ExitStack() as stack:
                tx = stack.enter_context(self.read())
                self._this_thread.is_probing = False
                closing = stack.pop_all()
            with closing:
                yield tx
        finally:
            self._this_thread.is_probing = False

    def _connect(self, dialect: Dialect, _record: object, given: Any, named: Any) -> Any:
        if getattr(self._this_thread, "is_probing", False):
            return None  # let SQLAlchemy connect as usual
        return connect_unless(self._refuse_if_suspended, partial(dialect.connect, *given, **named))

    def _refuse_if_suspended(self, *_: object) -> None:
        if self._suspended is not None and not getattr(self._this_thread, "is_probing", False):
            raise StoreUnavailable(f"the store at {self.label} cannot be used: {self._suspended}")

    @contextmanager
    def _written(self, engine: Engine) -> Iterator[Transaction]:
        with self._translated(), self._connected(engine) as connection:
            with connection.begin():
                yield Transaction(connection)
            # A commit to a file that was deleted or replaced is not acknowledged.
            if self._file is not None:
                self._file.committed(connection.info)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        """Opens a connection, after checking that this is the expected store."""
        self._refuse_if_suspended()
        if self.is_sqlite and not self._expectation.is_met:
            with self._given_back(self._take(self._reader)) as connection:
                self._expectation.compare(Identity(connection).state())
        with self._given_back(self._take(engine)) as connection:
            if self._file is not None:
                self._file.require_same(connection.info)
            yield connection

    def _take(self, engine: Engine) -> Connection:
        """Returns a connection whose transactions begin as those of *engine*.

        SQLAlchemy takes as long as for several statements to take a connection from its pool and to
        give it back. So those to a file are kept outside of the pool.
        """
        if self._file is None:
            return engine.connect()
        try:
            connection = self._kept.pop()
        except IndexError:
            connection = self._engine.connect()
        connection.info[_OPTIONS] = engine.get_execution_options()
        return connection

    @contextmanager
    def _given_back(self, connection: Connection) -> Iterator[Connection]:
        """Ends the transaction of a connection, if one is left, and keeps it for the next one."""
        if self._file is None:
            with connection:
                yield connection
            return
        try:
            yield connection
        finally:
            self._keep(connection)

    def _keep(self, connection: Connection) -> None:
        try:
            if not connection.invalidated:
                connection.rollback()
        except BaseException:
            connection.invalidate()
            raise
        finally:
            if connection.invalidated:
                connection.close()
            else:
                self._kept.append(connection)

    def _before_connecting(self, *_: object) -> None:
        if self._file is not None:
            self._file.before_connecting(must_be_there=not self._expectation.is_met)

    def _after_connecting(self, connection: Any, _record: object) -> None:
        if self._file is not None:
            try:
                self._file.connected()
            except StoreReplaced:
                connection.close()
                raise

    def _compare_server(self, connection: Any, _record: object) -> None:
        """Compares each new connection's store with what was seen last.

        Whichever server took over from another, it is found here: no connection outlives that.
        """
        try:
            with closing(connection.cursor()) as cursor:
                found, is_standby = self._server_state(cursor)
            self._expectation.compare(found, is_standby=is_standby)
        except BaseException:
            connection.close()
            raise

    def _server_state(self, cursor: Any) -> tuple[StoreState | None, bool]:
        """Returns the state of the store, and whether the server is a standby."""
        try:
            cursor.execute(self._state_sql)
        except self._driver_error as error:
            if getattr(error, "sqlstate", None) == _NO_TABLE:
                return None, False
            raise
        row = cursor.fetchone()
        if row is None:
            return None, False
        store_id, changes, restores, is_standby = row
        return StoreState(id=store_id, changes=changes, restores=restores), is_standby

    def checkpoint(self, *, wait_ms: int = CHECKPOINT_WAIT_MS) -> bool:
        """Writes SQLite's log into the database file and truncates the log.

        Args:
            wait_ms: How long to wait for readers of the log.

        Returns:
            False when the log still had readers; as much as possible was written.

        Raises:
            StoreUnavailable: The file cannot be written.
        """
        with self._translated(), self._given_back(self._take(self._reader)) as connection:
            if self._file is not None:
                self._file.require_same(connection.info)
            cursor = connection.connection.cursor()
            try:
                cursor.execute(f"PRAGMA busy_timeout = {wait_ms}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                cursor.close()
        return row is not None and row[0] == 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translates errors that an operator can mend or a caller can retry into our own."""
        try:
            yield
        except IntegrityError as error:
            raise StoreConflict(str(error.orig)) from error
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) in _TRY_AGAIN:
                raise StoreConflict(str(error.orig)) from error
            raise self._unavailable(error.orig, is_lost=error.connection_invalidated) from error
        except DBAPIError as error:
            # SQLite raises a plain DatabaseError for a file that is broken or not a database. Its
            # subclasses mean that one of our statements is wrong: that is a bug and propagates.
            # A server that ends a session, for example an idle one, is unavailable as well.
            if type(error) is DatabaseError or error.connection_invalidated:
                raise self._unavailable(error.orig, is_lost=error.connection_invalidated) from error
            raise
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error
        except self._driver_error as error:  # from a raw driver cursor, as `Changes` uses
            raise self._unavailable(error) from error

    @cached_property
    def _driver_error(self) -> type[Exception]:
        return self._engine.dialect.loaded_dbapi.Error

    def _unavailable(
        self, reason: BaseException | None, *, is_lost: bool = False
    ) -> StoreUnavailable:
        message = f"the store at {self.label} cannot be used: {reason}"
        if (because := self._why_not_writable(reason)) is not None:
            return StoreNotWritable(f"{message} ({because})", because=because)
        error = StoreUnavailable(message)
        error.is_connection_lost = is_lost
        return error

    def _why_not_writable(self, reason: BaseException | None) -> str | None:
        code = getattr(reason, "sqlstate", None) or getattr(reason, "sqlite_errorname", None) or ""
        if code in _NOT_WRITABLE:
            return _NOT_WRITABLE[code]
        if not code.startswith(_OF_THE_DISK):
            return None
        if is_told := code.startswith("SQLITE_READONLY"):
            # Connections that were made while the disk was read-only stay so.
            self.close()
        known = "it can only be read" if is_told else _TAKES_NO_MORE.get(code)
        return self.write_fault() or known


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Switch off the driver's implicit transactions; see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # By the driver: each transaction runs these, and SQLAlchemy takes ten times as long for them.
    options = connection.info.get(_OPTIONS) or connection.get_execution_options()
    driver = connection.connection.driver_connection
    if driver is None:
        raise StoreUnavailable("the connection is lost")
    if "communique_begin" not in options:  # read only
        driver.execute("BEGIN")
        return
    # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power fails, and by
    # then a hub may have been pinged about a lost edition. Set before each transaction, because it
    # cannot be changed inside one.
    mode = "FULL" if options.get("communique_is_durable", True) else "NORMAL"
    driver.execute(f"PRAGMA synchronous = {mode}")
    # A writer takes the write lock at the start and waits for it there. Upgrading a read
    # transaction later would fail at once with "database is locked", whatever the timeout.
    driver.execute(options["communique_begin"])


def _begin_postgres(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(pipelining.READS_ONLY):
        is_durable = options.get("communique_is_durable", True)
        settings = () if is_durable else ("SET LOCAL synchronous_commit = off",)
        pipelining.begin(connection, *settings, *options.get(_SETTINGS, ()))
