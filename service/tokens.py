"""API tokens: how they are generated, and how they are hashed for the store."""

import re
import secrets
from hashlib import sha256

#: The prefix by which a scanner for leaked secrets, or a person, recognises our tokens.
PREFIX = "cq_"
RANDOM_BYTES = 32

#: Names of tokens, which are shown in lists, logs and the audit log.
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_NAME_CHARS = 64


def make_token() -> str:
    """Returns the text of a new random token."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hash_of(token: str) -> str:
    """Returns the hash of a token, the only part of it that is stored.

    One round of SHA-256 is enough. Slow hashes protect passwords, which can be guessed one after
    the other; 256 random bits cannot, however fast the hash is. An unsalted hash can be looked up,
    so no comparison reveals by its time how much of a guess was right.
    """
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
