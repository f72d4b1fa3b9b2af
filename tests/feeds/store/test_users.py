"""Accounts, sessions and attempts to sign in, on both databases."""

from dataclasses import replace

import pytest

from feeds.errors import UserExists, UserNotFound
from feeds.model.user import Session, User, UserRole
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later

ANNA = User(
    name="anna", roles=(UserRole.WRITE, UserRole.PUBLISH), categories=("finance",), made_at=NOON
)
BERTA = User(name="berta", roles=(UserRole.OPERATE,), categories=None, made_at=NOON)


def test_an_account_comes_back_as_it_was_and_as_it_was_changed(database: Database) -> None:
    with database.transaction() as tx:
        assert not tx.users.exist()
        tx.users.add(ANNA, password_hash="$1")
        tx.users.add(BERTA, password_hash=None)
        with pytest.raises(UserExists):
            tx.users.add(ANNA, password_hash="$2")
    with database.read() as tx:
        assert tx.users.exist()
        assert tx.users.listed() == [ANNA, BERTA]
        assert (tx.users.password_hash("anna"), tx.users.password_hash("berta")) == ("$1", None)
        assert tx.users.named("nobody") is None
        assert tx.users.names_among(["anna", "carla"]) == {"anna"}
        with pytest.raises(UserNotFound):
            tx.users.require("nobody")
    with database.transaction() as tx:
        tx.users.set_rights("anna", [UserRole.WRITE], None)
        tx.users.set_disabled("anna", later(hours=1))
        tx.users.set_password("anna", "$3")
    with database.read() as tx:
        changed = replace(
            ANNA, roles=(UserRole.WRITE,), categories=None, disabled_at=later(hours=1)
        )
        assert tx.users.named("anna") == changed
        assert tx.users.password_hash("anna") == "$3"


def test_a_session_has_its_user_as_stored_now_until_it_ends(database: Database) -> None:
    with database.transaction() as tx:
        tx.users.add(ANNA, password_hash="$1")
        tx.users.add(BERTA, password_hash="$1")
        for number in range(3):
            tx.sessions.begin(f"a{number}", "anna", now=later(minutes=number))
        tx.sessions.begin("b", "berta", now=NOON)
    with database.transaction() as tx:
        tx.users.set_rights("anna", [UserRole.OPERATE], None)
        tx.sessions.use("a0", now=later(hours=1))
    with database.read() as tx:
        user = replace(ANNA, roles=(UserRole.OPERATE,), categories=None)
        expected = Session(user=user, began_at=NOON, seen_at=later(hours=1))
        assert tx.sessions.by_hash("a0") == expected
        assert tx.sessions.by_hash("none") is None
    with database.transaction() as tx:
        tx.sessions.forget(before=later(minutes=2))
    with database.transaction() as tx:
        assert tx.sessions.by_hash("a1") is None
        assert tx.sessions.by_hash("b") is None
        tx.sessions.end("a2")
        assert tx.sessions.end_all("anna") == 1
        assert tx.sessions.by_hash("a0") is None


def test_attempts_are_counted_for_a_while(database: Database) -> None:
    def count(minutes: float) -> int:
        with database.transaction() as tx:
            now = later(minutes=minutes)
            return tx.sign_in_attempts.count("s", now=now, since=later(minutes=minutes - 15))

    assert [count(0), count(1), count(15)] == [1, 2, 3]
    assert count(15.1) == 1
    with database.transaction() as tx:
        tx.sign_in_attempts.uncount("s")
    assert count(16) == 1
    with database.transaction() as tx:
        tx.sign_in_attempts.clear("s")
        tx.sign_in_attempts.clear("nobody")
    assert [count(17), count(18)] == [1, 2]
    with database.transaction() as tx:
        tx.sign_in_attempts.forget(before=later(minutes=17))
    assert count(19) == 3
    with database.transaction() as tx:
        tx.sign_in_attempts.forget(before=later(minutes=40))
    assert count(20) == 1


def test_there_is_one_key(database: Database) -> None:
    with database.read() as tx:
        assert tx.desk_key.get() is None
    for secret in (b"\x00first", b"second"):
        with database.transaction() as tx:
            tx.desk_key.provide(secret)
    with database.read() as tx:
        assert tx.desk_key.get() == b"\x00first"
