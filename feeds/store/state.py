"""Facts about the store: its id, configuration, look of pages, processes and last backup."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    case,
    delete,
    func,
    insert,
    inspect,
    literal_column,
    select,
    update,
)

from feeds.model.feed import ALL
from feeds.model.listing import ProcessState
from feeds.model.text import whole_second
from feeds.store.dialects import lock_in_order, upsert
from feeds.store.pipelining import ask
from feeds.store.prepared import Prepared, Rows
from feeds.store.schema import (
    acts,
    appearance,
    backups,
    configuration,
    documents,
    feeds,
    month_counts,
    processes,
    releases,
    store_identity,
)

# The identity of the store, and how much it contains.


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """Distinguishes a store from others, and from an older copy of itself."""

    id: str
    #: How much was stored: two numbers that only grow, added. They are the number of the newest
    #: audit event; and that of the newest release, or on PostgreSQL, whose rows have none, how
    #: often the feed of everything became stale.
    changes: int
    restores: int = 0  #: how many older copies were accepted; each may have fewer changes

    def is_behind(self, known: "StoreState") -> bool:
        """Whether this is an older copy of the store that had the state *known*."""
        return (self.restores, self.changes) < (known.restores, known.changes)


class Identity:
    """The identity of a store, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> StoreState | None:
        """The identity of the store; None if it has no id yet, or no tables."""
        if not inspect(self._connection).has_table(store_identity.name):
            return None
        is_sqlite = self._connection.dialect.name == "sqlite"
        row = self._connection.execute(state_query(is_sqlite=is_sqlite)).one_or_none()
        return None if row is None else StoreState(**row._asdict())

    def rewrite(self) -> None:
        """Store the same again: whether anything can be stored."""
        self._connection.execute(update(store_identity).values(id=store_identity.c.id))

    def name(self, store_id: str) -> None:
        """Gives the store a permanent id, unless it has one."""
        if self._connection.scalar(select(store_identity.c.id)) is None:
            self._connection.execute(insert(store_identity).values(key=1, id=store_id))

    def accept(self, *, after: int) -> None:
        """Accepts the store as it is, where other machines may have seen it hold more.

        Args:
            after: How many older copies were accepted before, as far as is known elsewhere.
        """
        higher = case((store_identity.c.restores > after, store_identity.c.restores), else_=after)
        self._connection.execute(update(store_identity).values(restores=higher + 1))


def changes_query(*, is_sqlite: bool) -> ColumnElement[int]:
    """Returns an expression for `StoreState.changes`, which costs next to nothing."""
    if is_sqlite:
        # The row id, because counting the rows would read all of them.
        stored = select(func.max(literal_column("_rowid_", Integer))).select_from(releases)
    else:
        stored = select(feeds.c.stale_seq).where(feeds.c.slug == ALL)
    parts = (stored, select(func.max(acts.c.id)))
    first, second = (func.coalesce(part.scalar_subquery(), 0) for part in parts)
    return first + second


def state_query(*, is_sqlite: bool) -> Select[tuple[str, int, int]]:
    """Returns a query for the columns of `StoreState`; no row if the store has no id yet."""
    changes = changes_query(is_sqlite=is_sqlite).label("changes")
    return select(store_identity.c.id, changes, store_identity.c.restores)


# The configuration that was applied to the store last.

_IN_FORCE = Prepared(
    select(configuration.c.digest, configuration.c.since, configuration.c.applied_by)
)
_BASIS = Prepared(select(configuration.c.digest, configuration.c.month_zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The configuration by which releases are assigned to feeds and editions are made."""

    digest: str  #: see ``feeds.descriptions``
    since: datetime
    applied_by: str  #: the process that applied it


def _in_force(rows: Rows) -> InForce | None:
    found = rows.all()
    if not found:
        return None
    [row] = found
    return InForce(digest=row.digest, since=row.since, applied_by=row.applied_by)


def _basis(digest: str, rows: Rows) -> tuple[bool, ZoneInfo]:
    for row in rows:
        return row.digest == digest, ZoneInfo(row.month_zone or "UTC")
    return False, ZoneInfo("UTC")


class Configuration:
    """The configuration in force, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(self) -> InForce | None:
        """The configuration that was applied last; None in a new store."""
        return self.ask_in_force()()

    def ask_in_force(self) -> Callable[[], InForce | None]:
        """Asks for the configuration that was applied last; see ``pipelining.ask``."""
        return ask(self._connection, _IN_FORCE, {}, _in_force)

    def is_in_force(self, digest: str) -> bool:
        """Whether the configuration with this digest is in force."""
        return self.ask_is_in_force(digest)()

    def ask_is_in_force(self, digest: str) -> Callable[[], bool]:
        """Asks whether this configuration is in force; see ``pipelining.ask``."""
        return ask(self._connection, _IN_FORCE, {}, lambda row: bool(row.scalar() == digest))

    def ask_basis(self, digest: str) -> Callable[[], tuple[bool, ZoneInfo]]:
        """Asks whether this configuration is in force, and by which zone months are counted.

        See ``pipelining.ask``.
        """
        return ask(self._connection, _BASIS, {}, partial(_basis, digest))

    def put_in_force(self, digest: str, *, by: str, now: datetime) -> None:
        """Puts this configuration in force. The caller holds ``Releases.hold_works``.

        With that lock every intake in progress has ended, and every later one reads the new
        configuration. No intake assigns a release by a former one unnoticed.
        """
        row = {"key": 1, "digest": digest, "since": now, "applied_by": by}
        is_known = self.is_in_force(digest)
        upsert(self._connection, configuration, [row], keep=["since"] if is_known else ())


# When the look of pages changed last, apart from the releases that they show.

_CURRENT = select(appearance.c.digest, appearance.c.since)
#: All dates by which a page may have been dated.
_DATES = (
    documents.c.modified_at,
    releases.c.changed_at,
    feeds.c.changed_at,
    month_counts.c.changed_at,
)
_SECOND = timedelta(seconds=1)


class Appearance:
    """The look of pages, over one connection: one row, or none in a new store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def since(self, digest: str) -> datetime | None:
        """Since when pages look as this digest says; None if the store has another digest.

        That is so while a configuration is being applied, and in a process that still uses a
        former configuration or runs another version.
        """
        row = self._connection.execute(_CURRENT).one_or_none()
        return row.since if row is not None and row.digest == digest else None

    def record(self, digest: str, *, now: datetime) -> None:
        """Records the look of pages, if it changed."""
        row = self._connection.execute(_CURRENT).one_or_none()
        if row is None or row.digest != digest:
            self._put(digest, now)

    def renew(self, *, now: datetime) -> None:
        """Sets a new date for all pages, for a change that no date of a release shows."""
        row = self._connection.execute(_CURRENT).one_or_none()
        if row is not None:
            self._put(row.digest, now)

    def _put(self, digest: str, now: datetime) -> None:
        # HTTP dates have whole seconds. The new date is later than every date that a page had so
        # far, whatever this machine's clock says: a client that asks by date must see a change.
        dates = [
            self._connection.execute(select(func.max(column, type_=column.type))).scalar()
            for column in (*_DATES, appearance.c.since)
        ]
        earlier = [whole_second(date) + _SECOND for date in dates if date is not None]
        since = max([whole_second(now), *earlier])
        upsert(self._connection, appearance, [{"key": 1, "digest": digest, "since": since}])


# Background processes: one row each, written every few seconds.


class Processes:
    """Processes over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, state: ProcessState) -> None:
        """Stores the current state of a process."""
        row = {
            "worker": state.worker,
            "role": state.role,
            "host": state.host,
            "pid": state.pid,
            "started_at": state.started_at,
            "worked_at": state.worked_at,
            "did": state.did,
            "did_at": state.did_at,
        }
        upsert(self._connection, processes, [row])

    def forget_others(self, state: ProcessState, *, before: datetime) -> None:
        """Deletes the other processes of a role that have not worked since *before*."""
        last = func.coalesce(processes.c.worked_at, processes.c.started_at)
        found = select(processes.c.worker).where(
            processes.c.role == state.role,
            processes.c.worker != state.worker,
            last < before,
        )
        gone = [row.worker for row in self._connection.execute(found)]
        lock_in_order(self._connection, processes.c.worker, gone)
        if gone:
            self._connection.execute(delete(processes).where(processes.c.worker.in_(gone)))

    def listed(self) -> list[ProcessState]:
        """All known processes, by role, host and start."""
        by = (processes.c.role, processes.c.host, processes.c.started_at, processes.c.worker)
        rows = self._connection.execute(select(processes).order_by(*by))
        return [ProcessState(**row._asdict()) for row in rows]


# The last backup: one row.


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """The last backup that was made and verified."""

    taken_at: datetime  #: the backup holds the state of this moment
    place: str  #: host and path, for people
    size_bytes: int


class Backups:
    """The last backup, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> LastBackup | None:
        """The last backup; None before the first."""
        row = self._connection.execute(select(backups)).one_or_none()
        if row is None or row.taken_at is None:
            return None
        return LastBackup(taken_at=row.taken_at, place=row.place, size_bytes=row.size_bytes)

    def record(self, made: LastBackup) -> None:
        """Records a backup that was verified, and ends the claim on making one."""
        row = {
            "key": 1,
            "taken_at": made.taken_at,
            "place": made.place,
            "size_bytes": made.size_bytes,
            "claimed_until": None,
        }
        upsert(self._connection, backups, [row])

    def is_due(self, *, every: timedelta, now: datetime) -> bool:
        """Whether the last backup is older than *every*, and no process is making one."""
        row = self._connection.execute(select(backups)).one_or_none()
        if row is None:
            return True
        is_recent = row.taken_at is not None and now - row.taken_at < every
        return not is_recent and (row.claimed_until is None or row.claimed_until <= now)

    def claim(self, *, every: timedelta, until: datetime, now: datetime) -> bool:
        """Claims the next backup for one process; False when none is due, or another has it."""
        first = {"key": 1, "claimed_until": None}
        upsert(self._connection, backups, [first], keep=["claimed_until"])
        lock_in_order(self._connection, backups.c.key, [1])
        if not self.is_due(every=every, now=now):
            return False
        self._connection.execute(update(backups).values(claimed_until=until))
        return True
