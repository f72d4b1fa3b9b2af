"""What processes prove of their work: one row each, written every few seconds."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from feeds.model.process import ProcessState
from feeds.store.row_locks import lock_in_order
from feeds.store.schema import processes
from feeds.store.upserts import upsert


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
