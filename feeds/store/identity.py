"""Which store this is, and how much it holds."""

from dataclasses import dataclass

from sqlalchemy import Connection, Integer, func, insert, inspect, literal_column, select, update

from feeds.store.schema import acts, releases, store_identity


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
