"""People at the desk: accounts, sessions, attempts to sign in, and the key of its cookies."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from feeds.errors import UserExists, UserNotFound
from feeds.model.user import Session, User, UserRole
from feeds.store.dialects import insert_into, insert_or_update, lock_in_order
from feeds.store.schema import desk_key, sessions, sign_in_attempts, users

#: Lapsed rows that are deleted whenever one is added: more than are added.
_DELETED_AT_ONCE = 100

_USER = (users.c.name, users.c.roles, users.c.categories, users.c.made_at, users.c.disabled_at)

# Built once: each page of the desk runs it.
_SESSION = (
    select(*_USER, sessions.c.began_at, sessions.c.seen_at)
    .join(users, users.c.name == sessions.c.user)
    .where(sessions.c.hash == bindparam("hash"))
)


class Users:
    """Accounts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exist(self) -> bool:
        """Whether there is any account: without one there is no desk."""
        return self._connection.execute(select(users.c.name).limit(1)).first() is not None

    def add(self, user: User, *, password_hash: str | None) -> None:
        """Stores a new account.

        Raises:
            UserExists: There is one of this name.
        """
        if self.named(user.name) is not None:
            raise UserExists(user.name)
        row = {
            "name": user.name,
            "password": password_hash,
            "roles": [role.value for role in user.roles],
            "categories": None if user.categories is None else list(user.categories),
            "made_at": user.made_at,
            "disabled_at": user.disabled_at,
        }
        self._connection.execute(insert(users), row)

    def named(self, name: str) -> User | None:
        """The account of this name, even if disabled; None if there is none."""
        row = self._connection.execute(select(*_USER).where(users.c.name == name)).first()
        return None if row is None else _user(row)

    def require(self, name: str) -> User:
        """The account of this name.

        Raises:
            UserNotFound: There is none.
        """
        user = self.named(name)
        if user is None:
            raise UserNotFound(name)
        return user

    def names_among(self, names: Sequence[str]) -> set[str]:
        """Those of these names that a user has."""
        asked = select(users.c.name).where(users.c.name.in_(names))
        return set(self._connection.execute(asked).scalars())

    def listed(self) -> list[User]:
        """All accounts, by name."""
        return [_user(row) for row in self._connection.execute(select(*_USER).order_by("name"))]

    def password_hash(self, name: str) -> str | None:
        """The hash of somebody's password; None if there is no such account, or no password."""
        asked = select(users.c.password).where(users.c.name == name)
        found: str | None = self._connection.execute(asked).scalar()
        return found

    def set_password(self, name: str, password_hash: str) -> None:
        """Replaces the hash of somebody's password."""
        self._change(name, password=password_hash)

    def set_rights(
        self, name: str, roles: Sequence[UserRole], categories: Sequence[str] | None
    ) -> None:
        """Replaces what somebody may do."""
        listed = None if categories is None else list(categories)
        self._change(name, roles=[role.value for role in roles], categories=listed)

    def set_disabled(self, name: str, at: datetime | None) -> None:
        """Disables an account from *at* on, or enables it again."""
        self._change(name, disabled_at=at)

    def _change(self, name: str, **values: Any) -> None:
        self._connection.execute(update(users).where(users.c.name == name).values(**values))


class Sessions:
    """Sessions over one connection, by the hash of their secret id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, hash_hex: str, name: str, *, now: datetime) -> None:
        """Stores a session that begins."""
        row = {"hash": hash_hex, "user": name, "began_at": now, "seen_at": now}
        self._connection.execute(insert(sessions), row)

    def by_hash(self, hash_hex: str) -> Session | None:
        """The session with this hash, with its user as stored now; None if there is none."""
        row = self._connection.execute(_SESSION, {"hash": hash_hex}).first()
        if row is None:
            return None
        return Session(user=_user(row), began_at=row.began_at, seen_at=row.seen_at)

    def use(self, hash_hex: str, *, now: datetime) -> None:
        """Records that a session is used."""
        used = update(sessions).where(sessions.c.hash == hash_hex)
        self._connection.execute(used.values(seen_at=now))

    def end(self, hash_hex: str) -> None:
        """Ends a session."""
        self._connection.execute(delete(sessions).where(sessions.c.hash == hash_hex))

    def end_all(self, name: str) -> int:
        """Ends all sessions of a user, and returns how many there were."""
        theirs = select(sessions.c.hash).where(sessions.c.user == name)
        hashes = list(self._connection.execute(theirs).scalars())
        self._delete(hashes)
        return len(hashes)

    def forget(self, *, before: datetime) -> None:
        """Deletes sessions that were not used since *before*: some at a time."""
        old = select(sessions.c.hash).where(sessions.c.seen_at < before)
        found = self._connection.execute(old.order_by(sessions.c.seen_at).limit(_DELETED_AT_ONCE))
        self._delete(list(found.scalars()))

    def _delete(self, hashes: list[str]) -> None:
        lock_in_order(self._connection, sessions.c.hash, hashes)
        if hashes:
            self._connection.execute(delete(sessions).where(sessions.c.hash.in_(hashes)))


class SignInAttempts:
    """Attempts to sign in over one connection. All machines count together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, subject: str, *, now: datetime, since: datetime) -> int:
        """Counts an attempt, before it is known whether it succeeds.

        Args:
            subject: Who tries, or whose account is tried.
            now: The current time.
            since: Attempts that began to be counted before this are forgotten.

        Returns:
            How many attempts there were since then, with this one.
        """
        statement = _count(self._connection.dialect.name)
        row = {"subject": subject, "attempts": 1, "since": now}
        counted: int = self._connection.execute(statement, row | {"oldest": since}).scalar_one()
        return counted

    def uncount(self, subject: str) -> None:
        """Takes back an attempt that was counted, and succeeded."""
        table = sign_in_attempts
        taken = update(table).where(table.c.subject == subject)
        self._connection.execute(taken.values(attempts=table.c.attempts - 1))

    def clear(self, subject: str) -> None:
        """Forgets the attempts of a subject."""
        cleared = delete(sign_in_attempts).where(sign_in_attempts.c.subject == subject)
        self._connection.execute(cleared)

    def forget(self, *, before: datetime) -> None:
        """Deletes what began to be counted before *before*: some at a time."""
        table = sign_in_attempts.c
        old = select(table.subject).where(table.since < before).order_by(table.since)
        subjects = list(self._connection.execute(old.limit(_DELETED_AT_ONCE)).scalars())
        lock_in_order(self._connection, table.subject, subjects)
        if subjects:
            gone = delete(sign_in_attempts).where(table.subject.in_(subjects))
            self._connection.execute(gone.where(table.since < before))


class DeskKey:
    """The key by which cookies and forms of the desk are signed, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> bytes | None:
        """The key; None while there are no users."""
        found: bytes | None = self._connection.execute(select(desk_key.c.secret)).scalar()
        return found

    def provide(self, secret: bytes) -> None:
        """Stores a key if there is none."""
        dialect = self._connection.dialect.name
        statement = insert_or_update(dialect, desk_key, ["key", "secret"], keep=["secret"])
        self._connection.execute(statement, {"key": 1, "secret": secret})


@cache
def _count(dialect: str) -> ReturningInsert[Any]:
    table = sign_in_attempts
    made = insert_into(dialect, table)
    is_old = table.c.since < bindparam("oldest", type_=table.c.since.type)
    counted = made.on_conflict_do_update(
        index_elements=[table.c.subject],
        set_={
            "attempts": case((is_old, 1), else_=table.c.attempts + 1),
            "since": case((is_old, made.excluded.since), else_=table.c.since),
        },
    )
    return counted.returning(table.c.attempts)


def _user(row: Any) -> User:
    return User(
        name=row.name,
        roles=tuple(UserRole(role) for role in row.roles),
        categories=None if row.categories is None else tuple(row.categories),
        made_at=row.made_at,
        disabled_at=row.disabled_at,
    )
