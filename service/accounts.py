"""Accounts of people at the desk: who may sign in, sessions, and limits for guesses."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from feeds.model.release import AuditAction, AuditEvent, of_user
from feeds.model.user import Session, User, UserRole
from feeds.store.database import Database, Transaction
from service.errors import ServiceError
from service.passwords import hash_password, is_outdated, is_password, user_name
from service.tokens import hash_of

#: Attempts to sign in are counted for this long.
ATTEMPTS_WITHIN = timedelta(minutes=15)
#: How many there may be for one account, and from one client, which may be a whole office.
ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_CLIENT = 10, 40

#: A session's last use is stored again after this time: not with every page.
_USE_STORED_EVERY = timedelta(minutes=2)

_SECRET_BYTES = 32


class SignInRefused(ServiceError):
    """There is no such account, or it has another password, or it is disabled."""


class TooManyAttempts(ServiceError):
    """Too many attempts to sign in to this account, or from this client."""


def make_session_id() -> str:
    """Returns a new secret id of a browser."""
    return secrets.token_urlsafe(_SECRET_BYTES)


class Accounts:
    """The accounts of a store. Cheap to make; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # The key of cookies and forms.

    def key(self) -> bytes | None:
        """Returns the key by which cookies and forms are signed; None while nobody has an account.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        with self._database.read() as tx:
            return tx.desk_key.get()

    # Changes by operators.

    def add(self, user: User, password: str | None, *, by: str) -> None:
        """Adds an account; without a password, for people who sign in elsewhere.

        Raises:
            PasswordRefused: The password is too short, or too long.
            UserExists: There is one of this name.
        """
        password_hash = None if password is None else hash_password(password)
        key = secrets.token_bytes(_SECRET_BYTES)
        with self._database.transaction() as tx:
            tx.users.add(user, password_hash=password_hash)
            tx.desk_key.provide(key)
            _record(tx, user.name, AuditAction.USER_ADDED, _rights(user), by=by, now=user.made_at)

    def listed(self) -> list[User]:
        """Returns all accounts, by name."""
        with self._database.read() as tx:
            return tx.users.listed()

    def change(
        self,
        name: str,
        *,
        roles: Sequence[UserRole] | None,
        categories: Sequence[str] | None,
        by: str,
        now: datetime,
    ) -> User:
        """Changes what somebody may do, from the next request on.

        Args:
            name: The account.
            roles: None for those that it has.
            categories: Slugs; empty for all of them; None for those that it has.
            by: Who does it.
            now: The current time.

        Raises:
            UserNotFound: There is none of this name.
        """
        with self._database.transaction() as tx:
            before = tx.users.require(name)
            kept = before.categories if categories is None else (tuple(categories) or None)
            tx.users.set_rights(name, roles or before.roles, kept)
            user = tx.users.require(name)
            _record(tx, name, AuditAction.USER_CHANGED, _rights(user), by=by, now=now)
        return user

    def disable(self, name: str, *, by: str, now: datetime) -> None:
        """Disables an account and ends its sessions. A disabled one keeps its earlier date.

        Raises:
            UserNotFound: There is none of this name.
        """
        with self._database.transaction() as tx:
            if tx.users.require(name).is_active:
                tx.users.set_disabled(name, now)
                _record(tx, name, AuditAction.USER_DISABLED, by=by, now=now)
            tx.sessions.end_all(name)

    def enable(self, name: str, *, by: str, now: datetime) -> None:
        """Enables an account again.

        Raises:
            UserNotFound: There is none of this name.
        """
        with self._database.transaction() as tx:
            if not tx.users.require(name).is_active:
                tx.users.set_disabled(name, None)
                _record(tx, name, AuditAction.USER_ENABLED, by=by, now=now)

    def set_password(self, name: str, password: str, *, by: str, now: datetime) -> None:
        """Sets a new password, ends all sessions, and forgets attempts to sign in.

        Raises:
            PasswordRefused: It is too short, or too long.
            UserNotFound: There is none of this name.
        """
        password_hash = hash_password(password)
        with self._database.transaction() as tx:
            tx.users.require(name)
            tx.users.set_password(name, password_hash)
            tx.sessions.end_all(name)
            key = tx.desk_key.get() or b""
            tx.sign_in_attempts.clear(_subject(key, "account", name))
            _record(tx, name, AuditAction.PASSWORD_SET, by=by, now=now)

    # Signing in and out.

    def sign_in(self, written: str, password: str, *, client: str, now: datetime) -> str:
        """Begins a session, and returns its secret id.

        The refusal and the time that it takes are the same whether there is such an account or
        not; so is the count of attempts, which all machines share.

        Args:
            written: The name as somebody wrote it.
            password: The password.
            client: The client's address, or its network.
            now: The current time.

        Raises:
            SignInRefused: Name and password do not belong together.
            TooManyAttempts: Nothing was checked.
        """
        key = self.key() or b""
        name = user_name(written) or ""
        account, network = _subject(key, "account", name), _subject(key, "client", client)
        self._count(account, network, now)
        user = self._checked(name, password)
        if user is None:
            raise SignInRefused("this name and this password do not belong together")
        session_id = make_session_id()
        with self._database.transaction() as tx:
            tx.sessions.begin(hash_of(session_id), user.name, now=now)
            tx.sign_in_attempts.clear(account)
            tx.sign_in_attempts.uncount(network)
        return session_id

    def is_password_of(self, user: User, password: str, *, client: str, now: datetime) -> bool:
        """Whether this is the password of somebody who is signed in; guesses are counted.

        Raises:
            TooManyAttempts: Nothing was checked.
        """
        key = self.key() or b""
        self._count(_subject(key, "account", user.name), _subject(key, "client", client), now)
        return self._checked(user.name, password) is not None

    def session(
        self, session_id: str, *, idle: timedelta, longest: timedelta, now: datetime
    ) -> Session | None:
        """Returns the session of a browser; None if it has none, or it is over.

        Args:
            session_id: The secret id.
            idle: How long a session may be unused.
            longest: How long it may last.
            now: The current time.
        """
        hash_hex = hash_of(session_id)
        with self._database.read() as tx:
            session = tx.sessions.by_hash(hash_hex)
        if session is None or not session.user.is_active:
            return None
        if now - session.seen_at > idle or now - session.began_at > longest:
            return None
        if now - session.seen_at > _USE_STORED_EVERY:
            with self._database.unsynced() as tx:
                tx.sessions.use(hash_hex, now=now)
                tx.sessions.forget(before=now - longest)
        return session

    def named(self, written: str) -> User | None:
        """Returns the enabled account of somebody whom another server has signed in."""
        name = user_name(written)
        if name is None:
            return None
        with self._database.read() as tx:
            user = tx.users.named(name)
        return user if user is not None and user.is_active else None

    def sign_out(self, session_id: str) -> None:
        """Ends a session."""
        with self._database.transaction() as tx:
            tx.sessions.end(hash_of(session_id))

    def sign_out_everywhere(self, name: str) -> int:
        """Ends all sessions of a user, and returns how many there were."""
        with self._database.transaction() as tx:
            return tx.sessions.end_all(name)

    def _count(self, account: str, client: str, now: datetime) -> None:
        """Counts an attempt before anything is checked, so that many at once are no way around."""
        limits = {account: ATTEMPTS_PER_ACCOUNT, client: ATTEMPTS_PER_CLIENT}

        def count(tx: Transaction) -> bool:
            since = now - ATTEMPTS_WITHIN
            tx.sign_in_attempts.forget(before=since)
            found = {
                subject: tx.sign_in_attempts.count(subject, now=now, since=since)
                for subject in sorted(limits)
            }
            return all(found[subject] <= limit for subject, limit in limits.items())

        if not self._database.run_in_transaction(count, is_durable=False):
            raise TooManyAttempts("too many attempts to sign in")

    def _checked(self, name: str, password: str) -> User | None:
        with self._database.read() as tx:
            user, password_hash = tx.users.named(name), tx.users.password_hash(name)
        is_right = is_password(password, password_hash)
        if user is None or not user.is_active or not is_right or password_hash is None:
            return None
        if is_outdated(password_hash):
            with self._database.transaction() as tx:
                tx.users.set_password(name, hash_password(password))
        return user


def _subject(key: bytes, kind: str, value: str) -> str:
    """Returns what attempts are counted by: neither names nor addresses are stored."""
    return hmac.new(key, f"{kind}:{value}".encode(), sha256).hexdigest()


def _rights(user: User) -> str:
    where = "all" if user.categories is None else ", ".join(user.categories)
    return f"{', '.join(user.roles)}; categories: {where}"


def _record(
    tx: Transaction,
    name: str,
    action: AuditAction,
    detail: str | None = None,
    *,
    by: str,
    now: datetime,
) -> None:
    event = AuditEvent(subject=of_user(name), action=action, at=now, by=by, detail=detail)
    tx.audit_log.record([event])
