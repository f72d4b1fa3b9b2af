"""Facts about the store: its id, the configuration in force, appearance of pages, processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    Integer,
    delete,
    func,
    insert,
    inspect,
    literal_column,
    select,
    update,
)

from feeds.model.listing import ProcessState
from feeds.model.text import whole_second
from feeds.store.dialects import lock_in_order, upsert
from feeds.store.schema import (
    acts,
    appearance,
    configuration,
    documents,
    feeds,
    processes,
    releases,
    store_identity,
)

# Which store this is, and how much it holds.


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """What tells a store from others, and from an older copy of itself."""

    id: str
    #: Releases, and acts on them: neither is ever deleted. 0 on PostgreSQL, where nobody asks.
    changes: int


class Identity:
    """The identity of a store, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> StoreState | None:
        """Which store it is; None for one that has no id yet, or no tables."""
        if not inspect(self._connection).has_table(store_identity.name):
            return None
        store_id = self._connection.scalar(select(store_identity.c.id))
        if store_id is None:
            return None
        return StoreState(id=store_id, changes=self._changes())

    def rewrite(self) -> None:
        """Store the same again: whether anything can be stored."""
        self._connection.execute(update(store_identity).values(id=store_identity.c.id))

    def name(self, store_id: str) -> None:
        """Give the store an id for good, unless it has one."""
        if self._connection.scalar(select(store_identity.c.id)) is None:
            self._connection.execute(insert(store_identity).values(key=1, id=store_id))

    def _changes(self) -> int:
        if self._connection.dialect.name != "sqlite":
            return 0
        # SQLite's own number of a row; to count the rows would take as long as there are many.
        last_release = select(func.max(literal_column("_rowid_", Integer))).select_from(releases)
        last_act = select(func.max(acts.c.id))
        return sum(self._connection.scalar(last) or 0 for last in (last_release, last_act))


# Which configuration the store was brought to last.

_IN_FORCE = select(configuration.c.digest, configuration.c.since, configuration.c.applied_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The configuration by which releases are filed and editions made."""

    digest: str  #: see ``feeds.descriptions``
    since: datetime
    applied_by: str  #: the process that applied it


class Configuration:
    """The configuration in force, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(self) -> InForce | None:
        """The one that was applied last; None when none ever was."""
        row = self._connection.execute(_IN_FORCE).one_or_none()
        if row is None:
            return None
        return InForce(digest=row.digest, since=row.since, applied_by=row.applied_by)

    def is_in_force(self, digest: str) -> bool:
        """True when the configuration of this digest is the one that was applied last."""
        return bool(self._connection.execute(_IN_FORCE).scalar() == digest)

    def put_in_force(self, digest: str, *, by: str, now: datetime) -> None:
        """Have this configuration be the one. The caller holds ``Releases.hold_works``.

        So every intake under way has ended, and every later one sees what is in force: none files
        a release by a former configuration without it being known.
        """
        row = {"key": 1, "digest": digest, "since": now, "applied_by": by}
        is_known = self.is_in_force(digest)
        upsert(self._connection, configuration, [row], keep=["since"] if is_known else ())


# Since when pages look as they do, apart from the releases that they show.

_HELD = select(appearance.c.digest, appearance.c.since)
#: Whatever a page may have been dated by.
_DATES = (documents.c.modified_at, releases.c.changed_at, feeds.c.changed_at)
_SECOND = timedelta(seconds=1)


class Appearance:
    """The appearance of pages, over one connection: one row, or none in a new store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def since(self, digest: str) -> datetime | None:
        """Since when pages look as this digest says; None when the store knows another one.

        So it is while a configuration is being applied, and for a process that works by a former
        one, or of another version.
        """
        row = self._connection.execute(_HELD).one_or_none()
        return row.since if row is not None and row.digest == digest else None

    def record(self, digest: str, *, now: datetime) -> None:
        """Note how pages look, if that is news."""
        row = self._connection.execute(_HELD).one_or_none()
        if row is None or row.digest != digest:
            self._put(digest, now)

    def renew(self, *, now: datetime) -> None:
        """Date all pages anew: they show something else than what any date of a release tells."""
        row = self._connection.execute(_HELD).one_or_none()
        if row is not None:
            self._put(row.digest, now)

    def _put(self, digest: str, now: datetime) -> None:
        # HTTP dates have whole seconds. Later than every date that a page had until now, whatever
        # this machine's clock says: a client that asks by date alone must see another page.
        dates = [
            self._connection.execute(select(func.max(column, type_=column.type))).scalar()
            for column in (*_DATES, appearance.c.since)
        ]
        said = [whole_second(date) + _SECOND for date in dates if date is not None]
        since = max([whole_second(now), *said])
        upsert(self._connection, appearance, [{"key": 1, "digest": digest, "since": since}])


# What processes prove of their work: one row each, written every few seconds.


class Processes:
    """Processes over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, state: ProcessState) -> None:
        """Write what a process says of itself, in place of what it said before."""
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
        """Forget the other processes of a role that have not worked since *before*."""
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
        """All that are known: by role and host, the youngest last."""
        by = (processes.c.role, processes.c.host, processes.c.started_at, processes.c.worker)
        rows = self._connection.execute(select(processes).order_by(*by))
        return [ProcessState(**row._asdict()) for row in rows]
