"""Passwords: long enough, hashed slowly enough, told apart from none."""

import re

import pytest

from service.passwords import (
    MAX_PASSWORD_CHARS,
    PasswordRefused,
    hash_password,
    is_outdated,
    is_password,
    make_password,
    user_name,
)


def test_a_password_is_told_from_others_however_a_keyboard_composes_it() -> None:
    stored = hash_password("motörhead fällt aus")
    assert is_password("moto\u0308rhead fa\u0308llt aus", stored)
    assert not is_password("motorhead fallt aus", stored)
    assert not is_password("", stored)
    assert not is_password("x" * 10_000_000, stored)
    assert not is_password("motörhead fällt aus", None)
    assert not is_outdated(stored)


def test_guessing_costs_at_least_what_owasp_asks_for() -> None:
    """Argon2id with 19 MiB and two rounds, or more: "Password Storage Cheat Sheet"."""
    found = re.match(
        r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$", hash_password("a password of mine")
    )
    assert found is not None
    assert int(found[1]) >= 19 * 1024
    assert int(found[2]) >= 2
    assert is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$5tKqO5lqnzBhYVqTbEzHEw")


@pytest.mark.parametrize("password", ["", "eleven char", "x" * (MAX_PASSWORD_CHARS + 1)])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        hash_password(password)


def test_a_made_password_can_be_read_out_and_is_another_each_time() -> None:
    made = {make_password() for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(r"[a-km-z2-9]{4}(?:-[a-km-z2-9]{4}){4}", each) for each in made)


def test_names_are_stored_in_one_spelling() -> None:
    assert user_name(" Anna ") == "anna"
    assert user_name("A.Meier@example.org") == "a.meier@example.org"
    for written in ("", "anna, berta", "a b", "änne", "a" * 65, "a\nb", "..", "<b>"):
        assert user_name(written) is None
