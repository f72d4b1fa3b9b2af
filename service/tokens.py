"""The text of tokens: made here, and kept only as its hash."""

import re
import secrets
from hashlib import sha256

#: By which a scanner for leaked secrets, or a person, knows one of ours.
PREFIX = "cq_"
RANDOM_BYTES = 32

#: A name stands in lists, logs and the book of acts.
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_NAME_CHARS = 64


def make_token() -> str:
    """Return the text of a new token, which nobody can guess."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hash_of(token: str) -> str:
    """Return what is kept of a token.

    One round of SHA-256 is enough: slow hashes are there for passwords, which can be tried one
    after the other. Of 256 random bits nobody can try a part worth mentioning, however fast the
    hash is. And it can be looked up, so that no comparison tells by its time how much of a guess
    was right.
    """
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
