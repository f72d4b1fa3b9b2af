"""Passwords of people at the desk: rules, hashes (argon2id), and generated ones.

The only importer of argon2-cffi.
"""

import re
import secrets
import unicodedata
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import ServiceError

#: Names of people, which may be those of another sign-on: ``anna``, ``a.meier@example.org``.
USER_NAME = re.compile(r"[a-z0-9]+(?:[._@+-][a-z0-9]+)*")
MAX_USER_NAME_CHARS = 64

#: NIST SP 800-63B: length is what counts, and no rules of composition.
MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 12, 256

#: Without letters and digits that are mistaken for each other: 2^5 of them.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_CHARS = 5, 4

#: RFC 9106 section 4 asks for as much as can be afforded. This is above the least that OWASP
#: recommends, and takes some 60 ms.
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)

#: One at a time: many people who sign in at once must not take a web process's memory.
_ONE = Lock()


class PasswordRefused(ServiceError):
    """A new password is too short, or too long."""


def make_password() -> str:
    """Returns a random password that can be read out: a hundred bits in five groups."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def user_name(written: str) -> str | None:
    """Returns the name of an account as it is stored; None if none can have it."""
    name = written.strip().lower()
    is_name = len(name) <= MAX_USER_NAME_CHARS and USER_NAME.fullmatch(name)
    return name if is_name else None


def hash_password(password: str) -> str:
    """Returns the hash of a new password.

    Raises:
        PasswordRefused: It is too short, or too long.
    """
    text = _normal(password)
    if len(text) < MIN_PASSWORD_CHARS:
        raise PasswordRefused(f"a password has at least {MIN_PASSWORD_CHARS} characters")
    if len(text) > MAX_PASSWORD_CHARS:
        raise PasswordRefused(f"a password has at most {MAX_PASSWORD_CHARS} characters")
    with _ONE:
        return _HASHER.hash(text)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether a password has this hash.

    It takes as long for an account that does not exist (None) as for one that does, so that the
    time tells nobody which names there are.
    """
    text = _normal(password)
    if len(text) > MAX_PASSWORD_CHARS:
        text = ""
    with _ONE:
        nobodys = _nobodys_hash()
        try:
            _HASHER.verify(password_hash or nobodys, text)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters, and should be made anew."""
    return _HASHER.check_needs_rehash(password_hash)


def _normal(password: str) -> str:
    # Keyboards compose accented letters differently.
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
