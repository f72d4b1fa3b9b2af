"""A database and its transactions, the same for SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from threading import local
from typing import Any, TypeVar

from sqlalchemy import (
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
from feeds.store import dialects
from feeds.store.access import AuditLog, Tokens
from feeds.store.archives import Archives
from feeds.store.connecting import OpenConnections, connect_unless
from feeds.store.contents import Revisions
from feeds.store.deliveries import Deliveries
from feeds.store.documents import Documents, Fragments
from feeds.store.embargoes import Embargoes
from feeds.store.feed_entries import FeedEntries, Names
from feeds.store.feeds import Feeds
from feeds.store.hubs import Canaries, HubTallies
from feeds.store.intake import IntakeFiles, Refusals
from feeds.store.pings import Pings
from feeds.store.release_pages import ReleasePages, SitemapParts
from feeds.store.releases import Releases
from feeds.store.state import Appearance, Configuration, Identity, Processes, StoreState
from feeds.store.store_file import Stamp, StoreFile
from feeds.store.subscriptions import Subscriptions

#: How long a writer waits for another one on SQLite before it gives up.
BUSY_TIMEOUT_MS = 20_000

#: How many pages of 4 KiB the write-ahead log of SQLite may have before they are written into the
#: database itself. At its own 1,000, each batch of a bulk intake would wait for that.
CHECKPOINT_PAGES = 10_000

#: How long a checkpoint keeps writers waiting for somebody who reads.
CHECKPOINT_WAIT_MS = 100

#: Two that meet, of many: the loser reads again what the winner stored.
MAX_TRIES = 5

Done = TypeVar("Done")

#: Not the moment at which the transaction began.
_NOW = select(func.clock_timestamp())

#: PostgreSQL's codes for "somebody else was first, try again": serialization failure, deadlock.
_TRY_AGAIN = {"40001", "40P01"}

#: Errors that say that nothing can be stored, and why: of PostgreSQL (disk full, and a server that
#: takes no writes, as a standby), and of SQLite.
_NOT_WRITABLE = {
    "53100": "its disk is full",
    "25006": "its server takes no writes",
    "SQLITE_FULL": "its disk is full",
}

#: Errors of SQLite that come of a disk that cannot be written, among other causes.
_OF_THE_DISK = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")

#: Says of a file why its disk cannot be written, without writing; None when nothing is known.
WriteFault = Callable[[Path], str | None]


class Transaction:
    """The nouns of the store over one connection. All that is written here is kept, or nothing."""

    def __init__(self, connection: Connection, *, at_rest: Stamp | None = None) -> None:
        self.connection = connection
        #: The files that are read, of a store that nobody can have open; else None.
        self.at_rest = at_rest

    def keep_open(self) -> None:
        """Say something to the server, which ends transactions that are silent for long."""
        if self.connection.dialect.name != "sqlite":
            self.connection.exec_driver_sql("SELECT 1")

    @cached_property
    def releases(self) -> Releases:
        """Releases and their earlier revisions."""
        return Releases(self.connection)

    @cached_property
    def release_pages(self) -> ReleasePages:
        """The releases' pages, for lists of addresses."""
        return ReleasePages(self.connection)

    @cached_property
    def sitemap_parts(self) -> SitemapParts:
        """Where the parts of the list of all pages begin."""
        return SitemapParts(self.connection)

    @cached_property
    def revisions(self) -> Revisions:
        """What releases were before."""
        return Revisions(self.connection)

    @cached_property
    def embargoes(self) -> Embargoes:
        """Documents that wait for their minute."""
        return Embargoes(self.connection)

    @cached_property
    def audit_log(self) -> AuditLog:
        """Who did what to which release."""
        return AuditLog(self.connection)

    @cached_property
    def tokens(self) -> Tokens:
        """Who may use the API."""
        return Tokens(self.connection)

    @cached_property
    def names(self) -> Names:
        """Category names as releases give them."""
        return Names(self.connection)

    @cached_property
    def feed_entries(self) -> FeedEntries:
        """Which release is in which feed."""
        return FeedEntries(self.connection)

    @cached_property
    def appearance(self) -> Appearance:
        """Since when pages look as they do."""
        return Appearance(self.connection)

    @cached_property
    def identity(self) -> Identity:
        """Which store it is."""
        return Identity(self.connection)

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration that was applied last."""
        return Configuration(self.connection)

    @cached_property
    def feeds(self) -> Feeds:
        """The feeds and whether they are stale."""
        return Feeds(self.connection)

    @cached_property
    def documents(self) -> Documents:
        """The documents of the current editions."""
        return Documents(self.connection)

    @cached_property
    def archives(self) -> Archives:
        """The feeds' archive documents."""
        return Archives(self.connection)

    @cached_property
    def fragments(self) -> Fragments:
        """Rendered entries, and those that could not be rendered."""
        return Fragments(self.connection)

    @cached_property
    def pings(self) -> Pings:
        """The outbox to the hubs."""
        return Pings(self.connection)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Subscriptions at the built-in hub, and requests for them."""
        return Subscriptions(self.connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What subscribers are owed."""
        return Deliveries(self.connection)

    @cached_property
    def canaries(self) -> Canaries:
        """Our own subscriptions at the hubs, and the pushes that came of them."""
        return Canaries(self.connection)

    @cached_property
    def hub_tallies(self) -> HubTallies:
        """What was counted of each hub."""
        return HubTallies(self.connection)

    @cached_property
    def refusals(self) -> Refusals:
        """Documents refused at the door."""
        return Refusals(self.connection)

    @cached_property
    def intake_files(self) -> IntakeFiles:
        """Files of the watched folders that were read."""
        return IntakeFiles(self.connection)

    @cached_property
    def processes(self) -> Processes:
        """What processes prove of their work."""
        return Processes(self.connection)


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
        #: Which store it has to be; None once that was seen, or when nothing is known.
        self._expected = expected
        if self._file is not None:
            event.listen(engine, "do_connect", self._before_connecting)
            event.listen(engine, "connect", self._after_connecting)
        self._connections = connections
        self._silence: str | None = None  #: why all are refused, while they are
        self._this_thread = local()
        if not self.is_sqlite:
            event.listen(engine, "do_connect", self._connect)
            if connections is not None:
                event.listen(engine, "connect", lambda one, _: connections.opened(one))
                event.listen(engine, "close", lambda one, _: connections.closed(one))
            event.listen(engine, "connect", dialects.limit_session)
        self._writer = engine.execution_options(communique_begin="BEGIN IMMEDIATE")
        self._unsynced = self._writer.execution_options(communique_is_lasting=False)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        expected: StoreState | None = None,
        connections: OpenConnections | None = None,
        write_fault: WriteFault = lambda _: None,
    ) -> "Database":
        """Open the database at *url*; nothing is connected to before the first transaction.

        Args:
            url: ``sqlite:///path`` or ``postgresql://…`` (psycopg 3 is used for the latter); its
                parameters go before ``time_limits``.
            expected: Which store it has to be, and what it has to hold at least; any, when None.
            connections: Told of all connections to a server; breaks them in `suspend`.
            write_fault: Asked when an SQLite file cannot be written.
        """
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        # What a statement was given may be an unpublished release: it stands in no error.
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, hide_parameters=True)
        else:
            engine = create_engine(
                parsed,
                hide_parameters=True,
                connect_args=dialects.of_connection(parsed.query),
                pool_pre_ping=True,
                pool_timeout=dialects.POOL_TIMEOUT_S,
            )
        if engine.dialect.name == "sqlite":
            if (file := StoreFile.of(parsed)) is not None:
                # Texts under embargo and subscribers' secrets are nobody else's business.
                file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            event.listen(engine, "begin", _begin_postgres)
        return cls(engine, expected=expected, connections=connections, write_fault=write_fault)

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite: one machine, one writer at a time."""
        return self._engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """Where SQLite has its database; None for every other store."""
        return None if self._file is None else self._file.path

    @property
    def label(self) -> str:
        """The database's address for a person, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    def now(self) -> datetime | None:
        """The moment by the database server's clock; None where that is this machine's.

        Raises:
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        if self.is_sqlite:
            return None
        self._refuse_in_silence()
        with self._translated(), self._engine.connect() as connection:
            moment: datetime = connection.execute(_NOW).scalar_one()
        return moment.astimezone(UTC)

    def in_words(self, question: Select[Any]) -> str:
        """A question whose parameters are all known, as a cursor of the driver's own takes it."""
        return str(question.compile(self._engine, compile_kwargs={"literal_binds": True}))

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    def suspend(self, reason: str) -> None:
        """Refuse every transaction at once until `resume`, but for those of `probe`.

        Those that are under way are ended: what was asked is answered by StoreUnavailable. Of a
        commit among them nobody knows whether it counts. On SQLite nothing is done.
        """
        if not self.is_sqlite:
            self._silence = reason
            if self._connections is not None:
                self._connections.shut_down()

    def resume(self) -> None:
        """Let transactions through again."""
        self._silence = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: committed at the end of the block, rolled back when it raises.

        Raises:
            StoreConflict: Another transaction was first; nothing was written.
            StoreReplaced: The store is gone, or another one.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        with self._written(self._writer) as tx:
            yield tx

    @contextmanager
    def unsynced(self) -> Iterator[Transaction]:
        """Write what can be made again: committed for all to see, but not waiting for the disk.

        When the machine loses its power, the last of it may be gone; the database is sound and
        as it was a moment earlier. That is enough for a claim, which nobody needs when the
        worker is gone too, and for an edition, whose feed is then stale again. Both databases
        write commits in order: the next one of ``transaction`` makes this one last as well.

        Raises:
            StoreConflict: Another transaction was first; nothing was written.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        with self._written(self._unsynced) as tx:
            yield tx

    def in_one_go(self, work: Callable[[Transaction], Done], *, is_lasting: bool = True) -> Done:
        """Do *work* in one transaction; again, from its start and at once, when another was first.

        Args:
            work: Has no effect but on the store. May be called several times.
            is_lasting: As ``transaction`` and ``unsynced`` differ. What need not last can be made
                again, and is when the connection is lost: whether the transaction counts is then
                not known.

        Raises:
            StoreConflict: Others were first each time.
            StoreUnavailable: Nothing was stored, as far as is known.
        """
        begin = self.transaction if is_lasting else self.unsynced
        for attempt in range(1, MAX_TRIES + 1):
            try:
                with begin() as tx:
                    return work(tx)
            except StoreConflict:
                if attempt == MAX_TRIES:
                    raise
            except StoreUnavailable as error:
                if is_lasting or not error.is_connection_lost or attempt == MAX_TRIES:
                    raise
        raise AssertionError  # the loop returns or raises

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Look, without a lock on writers. What is written here is thrown away.

        Raises:
            StoreReplaced: The store is gone, or another one.
            StoreUnavailable: The database cannot be reached or does not answer in time.
        """
        with self._translated():
            self._refuse_in_silence()
            if (expected := self._expected) is not None:
                with self._reading() as tx:
                    self._require_expected(expected, tx.identity.state())
                self._expected = None
            with self._reading() as tx:
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
            connection = self._engine.connect()
        except OperationalError:
            # Perhaps the disk cannot be written, and SQLite has to, also to read.
            if self._file is None or (stamp := self._file.at_rest()) is None:
                raise
        else:
            with connection:
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
        """Look, also while all others are refused: to find out whether the store answers.

        Raises:
            StoreReplaced: The store is gone, or another one.
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
            return None  # as ever
        return connect_unless(self._refuse_in_silence, partial(dialect.connect, *given, **named))

    def _refuse_in_silence(self, *_: object) -> None:
        if self._silence is not None and not getattr(self._this_thread, "is_probing", False):
            raise StoreUnavailable(f"the store at {self.label} cannot be used: {self._silence}")

    @contextmanager
    def _written(self, engine: Engine) -> Iterator[Transaction]:
        with self._translated(), self._connected(engine) as connection:
            with connection.begin():
                yield Transaction(connection)
            # What was committed to a file that is not there any more is not acknowledged.
            if self._file is not None:
                self._file.committed(connection.info)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        """A connection to the store that is expected, and to no other."""
        self._refuse_in_silence()
        if (expected := self._expected) is not None:
            with self._engine.connect() as connection:
                self._require_expected(expected, Identity(connection).state())
            self._expected = None
        with engine.connect() as connection:
            if self._file is not None:
                self._file.require_same(connection.info)
            yield connection

    def _before_connecting(self, *_: object) -> None:
        if self._file is not None:
            self._file.before_connecting(must_be_there=self._expected is not None)

    def _after_connecting(self, connection: Any, _record: object) -> None:
        if self._file is not None:
            try:
                self._file.connected()
            except StoreReplaced:
                connection.close()
                raise

    def _require_expected(self, expected: StoreState, found: StoreState | None) -> None:
        if found is None or found.id != expected.id:
            raise StoreReplaced(
                f"the store at {self.label} is another one than at the last start: put that one "
                "back, or a copy of it, and run 'communique store restored'; to go on with this "
                "one instead, run 'communique store adopt'"
            )
        # A server that takes over from another one may lack what was committed last.
        if self.is_sqlite and found.changes < expected.changes:
            raise StoreReplaced(
                f"the store at {self.label} lacks the last {expected.changes - found.changes} of "
                f"{expected.changes} releases and acts: it is an older copy, or one without its "
                "log ('-wal'); put a whole one back, or run 'communique store restored' to go on "
                "with this one"
            )

    def checkpoint(self, *, wait_ms: int = CHECKPOINT_WAIT_MS) -> bool:
        """Write SQLite's log into the file itself, and cut it to nothing.

        Args:
            wait_ms: How long to wait for those who read in it.

        Returns:
            False when somebody was still reading in the log: what could be written was.

        Raises:
            StoreUnavailable: The file cannot be written.
        """
        with self._translated(), closing(self._engine.raw_connection()) as connection:
            if self._file is not None:
                self._file.require_same(connection.info)
            cursor = connection.cursor()
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
        """Turn what an operator can mend, or a caller try again, into errors of ours."""
        try:
            yield
        except IntegrityError as error:
            raise StoreConflict(str(error.orig)) from error
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) in _TRY_AGAIN:
                raise StoreConflict(str(error.orig)) from error
            raise self._unavailable(error.orig, is_lost=error.connection_invalidated) from error
        except DBAPIError as error:
            # SQLite says no more than DatabaseError of a file that is none, or is broken. Its
            # other kinds mean that a statement of ours is wrong: a bug, and it flies.
            # A server that ends a session, as one that was idle for too long, is away as well.
            if type(error) is DatabaseError or error.connection_invalidated:
                raise self._unavailable(error.orig, is_lost=error.connection_invalidated) from error
            raise
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error
        except self._driver_error as error:  # from a cursor of the driver's own, as `Changes` has
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
            self._engine.dispose()
        return self.write_fault() or ("it can only be read" if is_told else None)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of when a transaction begins is switched off; see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if "communique_begin" not in options:  # to look
        connection.exec_driver_sql("BEGIN")
        return
    # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power fails, and a
    # hub may by then have been told of an edition that would be gone. Set each time, because it
    # cannot be changed inside a transaction.
    mode = "FULL" if options.get("communique_is_lasting", True) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {mode}")
    # A writer takes the write lock at once and waits for it there. Upgrading a read transaction
    # later would fail at once with "database is locked", whatever the timeout.
    connection.exec_driver_sql(options["communique_begin"])


def _begin_postgres(connection: Connection) -> None:
    if not connection.get_execution_options().get("communique_is_lasting", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
