"""Who may use the API, and who did what: tokens and the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from feeds.errors import TokenExists, TokenNotFound
from feeds.model.release import AuditAction, AuditEvent
from feeds.model.token import Action, Token
from feeds.store.dialects import lock_in_order
from feeds.store.pipelining import send_later
from feeds.store.schema import acts, tokens

# The audit log: who did what to which release, for ops and never for the public.


class AuditLog:
    """The audit log over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, events: Sequence[AuditEvent]) -> None:
        """Records events, in the transaction that made the changes."""
        if events:
            rows = [
                {
                    "subject": event.subject,
                    "deed": event.action.value,
                    "at": event.at,
                    "by": event.by,
                    "detail": event.detail,
                }
                for event in events
            ]
            # Without `inline`, SQLAlchemy would have the id of a single event returned.
            send_later(self._connection, insert(acts).inline(), rows)

    def forget(self, *, after: int, before: datetime, limit: int) -> int | None:
        """Deletes old events, but no end of an embargo, which tells how its release is dated.

        The newest event stays: the note beside a store says how many there were.

        Args:
            after: Looks only at events with higher numbers; 0 for all.
            before: The events to delete are older.
            limit: Looks at this many events at most.

        Returns:
            The number of the last event that was looked at; None when none was old.
        """
        query = select(acts.c.id, acts.c.deed, acts.c.at).where(acts.c.id > after)
        rows = self._connection.execute(query.order_by(acts.c.id).limit(limit + 1)).all()
        old = [row for row in rows[:-1] if row.at < before]  # the last one may be the newest
        gone = [row.id for row in old if row.deed != AuditAction.PUBLISHED.value]
        lock_in_order(self._connection, acts.c.id, gone)
        if gone:
            self._connection.execute(delete(acts).where(acts.c.id.in_(gone)))
        return old[-1].id if old else None

    def of(self, subject: str) -> list[AuditEvent]:
        """The events of a release, oldest first."""
        query = select(acts).where(acts.c.subject == subject).order_by(acts.c.id)
        return [_event(row) for row in self._connection.execute(query)]

    def last(self) -> int:
        """The number of the last event; 0 without events."""
        return int(self._connection.execute(select(func.max(acts.c.id))).scalar() or 0)

    def after(self, number: int, *, limit: int) -> list[tuple[int, AuditEvent]]:
        """The events with greater numbers, oldest first, with their numbers."""
        query = select(acts).where(acts.c.id > number).order_by(acts.c.id).limit(limit)
        return [(row.id, _event(row)) for row in self._connection.execute(query)]

    def counted(self, *, after: int, to: int) -> list[tuple[AuditAction, str, int]]:
        """How many events there are of each action and person, from *after* exclusively to *to*."""
        kinds = (acts.c.deed, acts.c.by)
        query = select(*kinds, func.count()).where(acts.c.id > after, acts.c.id <= to)
        rows = self._connection.execute(query.group_by(*kinds).order_by(*kinds))
        return [(AuditAction(deed), by, count) for deed, by, count in rows]


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        subject=row.subject,
        action=AuditAction(row.deed),
        at=row.at,
        by=row.by,
        detail=row.detail,
    )


# Access tokens of the API, stored by the hash of their text.

# Built once: each request to the API runs it.
_BY_HASH = select(tokens).where(tokens.c.hash == bindparam("hash"))


class Tokens:
    """Access tokens over one connection. None is deleted: the audit log refers to their names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names_among(self, names: Sequence[str]) -> set[str]:
        """Those of these names that a token has, or had."""
        asked = select(tokens.c.name).where(tokens.c.name.in_(names))
        return set(self._connection.execute(asked).scalars())

    def add(self, token: Token, *, hash_hex: str) -> None:
        """Stores a new token.

        Raises:
            TokenExists: Another one has, or had, its name.
        """
        named = select(tokens.c.name).where(tokens.c.name == token.name)
        if self._connection.execute(named).first() is not None:
            raise TokenExists(token.name)
        row = {
            "name": token.name,
            "hash": hash_hex,
            "actions": [action.value for action in token.actions],
            "categories": None if token.categories is None else list(token.categories),
            "made_at": token.made_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        }
        self._connection.execute(insert(tokens), row)

    def by_hash(self, hash_hex: str) -> Token | None:
        """The token with this hash, even if expired or revoked; None if there is none."""
        row = self._connection.execute(_BY_HASH, {"hash": hash_hex}).first()
        return None if row is None else _token(row)

    def listed(self) -> list[Token]:
        """All tokens, by name."""
        return [_token(row) for row in self._connection.execute(select(tokens).order_by("name"))]

    def revoke(self, name: str, *, now: datetime) -> None:
        """Revokes a token from *now* on. A revoked token keeps its earlier date.

        Raises:
            TokenNotFound: There is none of this name.
        """
        is_match = tokens.c.name == name
        if self._connection.execute(select(tokens.c.name).where(is_match)).first() is None:
            raise TokenNotFound(name)
        revoked = update(tokens).where(is_match, tokens.c.revoked_at.is_(None))
        self._connection.execute(revoked.values(revoked_at=now))


def _token(row: Row[Any]) -> Token:
    return Token(
        name=row.name,
        actions=tuple(Action(action) for action in row.actions),
        categories=None if row.categories is None else tuple(row.categories),
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
