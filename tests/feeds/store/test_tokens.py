"""Tokens are kept by the hash of their text, and never come back."""

from dataclasses import replace

import pytest

from feeds.errors import TokenExists, TokenNotFound
from feeds.model.token import Action, Token
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later

DESK = Token(
    name="desk",
    actions=(Action.READ, Action.PUBLISH),
    categories=("finance", "health"),
    made_at=NOON,
    expires_at=later(days=1),
)


def test_a_token_comes_back_as_it_was(database: Database) -> None:
    everything = Token(name="ops", actions=(Action.RETRACT,), categories=None, made_at=NOON)
    with database.transaction() as tx:
        tx.tokens.add(DESK, hash_hex="d1")
        tx.tokens.add(everything, hash_hex="e1")
    with database.read() as tx:
        assert tx.tokens.by_hash("d1") == DESK
        assert tx.tokens.by_hash("e1") == everything
        assert tx.tokens.by_hash("d2") is None
        assert tx.tokens.listed() == [DESK, everything]


def test_a_revoked_token_keeps_its_name_and_its_first_moment(database: Database) -> None:
    with database.transaction() as tx:
        tx.tokens.add(DESK, hash_hex="d1")
        tx.tokens.revoke("desk", now=later(hours=1))
        tx.tokens.revoke("desk", now=later(hours=2))
        with pytest.raises(TokenExists):
            tx.tokens.add(replace(DESK, revoked_at=None), hash_hex="d2")
    with database.read() as tx:
        assert tx.tokens.by_hash("d1") == replace(DESK, revoked_at=later(hours=1))


def test_only_a_token_that_is_there_can_be_revoked(database: Database) -> None:
    with pytest.raises(TokenNotFound), database.transaction() as tx:
        tx.tokens.revoke("nobody", now=NOON)


def test_a_token_is_good_to_its_last_moment_but_not_in_it() -> None:
    assert DESK.is_good(later(hours=23))
    assert not DESK.is_good(later(days=1))
    assert not replace(DESK, revoked_at=NOON).is_good(NOON)
    assert replace(DESK, expires_at=None).is_good(later(days=9999))


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        pytest.param(("finance",), True, id="one of its own"),
        pytest.param(("finance", "health"), True, id="both"),
        pytest.param(("finance", "security"), False, id="one of another's"),
        pytest.param((), False, id="none"),
    ],
)
def test_a_token_for_categories_is_for_nothing_else(
    categories: tuple[str, ...], expected: bool
) -> None:
    assert DESK.permits(categories) is expected
    assert replace(DESK, categories=None).permits(categories)
