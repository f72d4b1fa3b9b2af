"""Who did what to which release, and when: for ops, never for the public."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from feeds.model.life import Act, Deed
from feeds.store.schema import acts


class Acts:
    """The book of acts over one connection. Nothing is ever taken out of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, done: Sequence[Act]) -> None:
        """Write acts down, in the transaction of what they did."""
        if done:
            rows = [
                {
                    "subject": act.subject,
                    "deed": act.deed.value,
                    "at": act.at,
                    "by": act.by,
                    "detail": act.detail,
                }
                for act in done
            ]
            self._connection.execute(insert(acts), rows)

    def of(self, subject: str) -> list[Act]:
        """All that was done to a release, the oldest first."""
        wanted = select(acts).where(acts.c.subject == subject).order_by(acts.c.id)
        return [
            Act(subject=row.subject, deed=Deed(row.deed), at=row.at, by=row.by, detail=row.detail)
            for row in self._connection.execute(wanted)
        ]
