"""What was counted of each hub, ours among them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from feeds.model.subscription import HubTally
from feeds.store.row_locks import lock_in_order
from feeds.store.schema import hub_tallies
from feeds.store.upserts import upsert

_COUNTS = (
    "pings_sent",
    "pings_accepted",
    "deliveries_sent",
    "deliveries_accepted",
    "verifications_sent",
    "verifications_confirmed",
    "pushes_expected",
    "pushes_seen",
)


class HubTallies:
    """Tallies over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, hub: str) -> None:
        """Have a hub's tally, and the pushes behind it, to oneself; see ``row_locks``."""
        lock_in_order(self._connection, hub_tallies.c.hub, [hub])

    def add(self, hub: str, **counts: int) -> None:
        """Add to what was counted of a hub, by the names that `HubTally` has for it."""
        changed = {name: hub_tallies.c[name] + count for name, count in counts.items() if count}
        if changed:
            self._change(hub, changed)

    def failed(self, hub: str, *, at: datetime, why: str) -> None:
        """Remember the last failure of a hub."""
        self._change(hub, {"last_failure_at": at, "last_failure": why})

    def listed(self) -> dict[str, HubTally]:
        """What was counted of every hub, by its URL."""
        rows = self._connection.execute(select(hub_tallies).order_by(hub_tallies.c.hub))
        return {row.hub: HubTally(**row._asdict()) for row in rows}

    def _change(self, hub: str, values: dict[str, Any]) -> None:
        changing = update(hub_tallies).where(hub_tallies.c.hub == hub).values(values)
        if self._connection.execute(changing).rowcount == 0:
            fresh = {"hub": hub, **dict.fromkeys(_COUNTS, 0)}
            upsert(self._connection, hub_tallies, [fresh], keep=_COUNTS)
            self._connection.execute(changing)
