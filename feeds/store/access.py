"""Who may use the API, and who did what: tokens and the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from feeds.errors import TokenExists, TokenNotFound
from feeds.model.release import AuditAction, AuditEvent
from feeds.model.token import Action, Token
from feeds.store.schema import acts, tokens

# Who did what to which release, and when: for ops, never for the public.


class AuditLog:
    """The book of acts over one connection. Nothing is ever taken out of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, done: Sequence[AuditEvent]) -> None:
        """Write acts down, in the transaction of what they did."""
        if done:
            rows = [
                {
                    "subject": act.subject,
                    "deed": act.action.value,
                    "at": act.at,
                    "by": act.by,
                    "detail": act.detail,
                }
                for act in done
            ]
            self._connection.execute(insert(acts), rows)

    def of(self, subject: str) -> list[AuditEvent]:
        """All that was done to a release, the oldest first."""
        wanted = select(acts).where(acts.c.subject == subject).order_by(acts.c.id)
        return [
            AuditEvent(
                subject=row.subject,
                action=AuditAction(row.deed),
                at=row.at,
                by=row.by,
                detail=row.detail,
            )
            for row in self._connection.execute(wanted)
        ]


# Tokens of the API, each under the hash of its text.

# Built once: each request to the API asks for it.
_BY_HASH = select(tokens).where(tokens.c.hash == bindparam("hash"))


class Tokens:
    """Tokens over one connection. None is ever removed: their names stand in the book of acts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: Token, *, hash_hex: str) -> None:
        """Keep a new token.

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
        """The token whose text has this hash, good or not; None when there is none."""
        row = self._connection.execute(_BY_HASH, {"hash": hash_hex}).first()
        return None if row is None else _token(row)

    def listed(self) -> list[Token]:
        """All tokens, by name."""
        return [_token(row) for row in self._connection.execute(select(tokens).order_by("name"))]

    def revoke(self, name: str, *, now: datetime) -> None:
        """Make a token worthless from *now* on. One that is revoked already stays as it is.

        Raises:
            TokenNotFound: There is none of this name.
        """
        is_it = tokens.c.name == name
        if self._connection.execute(select(tokens.c.name).where(is_it)).first() is None:
            raise TokenNotFound(name)
        revoked = update(tokens).where(is_it, tokens.c.revoked_at.is_(None))
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
