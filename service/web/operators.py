"""Who may see what is for operators alone: bearers of tokens for the action ``operate``."""

import re
from base64 import b64decode
from datetime import datetime
from typing import Any

from flask import request
from werkzeug.exceptions import Forbidden, Unauthorized

from feeds.model.token import Action
from feeds.store.database import Database
from service.tokens import hash_of

#: RFC 7617 section 2 and RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"(basic|bearer) +([A-Za-z0-9._~+/-]{1,500}=*) *", re.IGNORECASE)
_CHALLENGE = 'Basic realm="communique", charset="UTF-8"'


class TokenWanted(Unauthorized):
    """Nobody says who he is, or it is not true: a browser asks for the token."""

    description = (
        "the password is a token that is made by: communique token make NAME --action operate"
    )

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return Werkzeug's own, and the challenge."""
        # Its own way to write a challenge leaves out the quotes that RFC 7617 section 2 wants.
        return [*super().get_headers(*arguments), ("WWW-Authenticate", _CHALLENGE)]


def is_operator(database: Database, *, now: datetime, is_required: bool = False) -> bool:
    """True when an operator asks; False when nobody in particular does.

    Programs give the token as a bearer. Browsers do not know that, so it is also taken as the
    password of RFC 7617, under any name.

    Raises:
        TokenWanted: The token is not good; or there is none, and one is required.
        Forbidden: It is for something else.
    """
    told = request.headers.get("Authorization")
    if told is None and not is_required:
        return False
    token, text = None, _token_in(told or "")
    if text is not None:
        with database.read() as tx:
            token = tx.tokens.by_hash(hash_of(text))
    if token is None or not token.is_good(now):
        raise TokenWanted
    if Action.OPERATE not in token.actions:
        raise Forbidden(f"this token is not for {Action.OPERATE}")
    return True


def _token_in(credentials: str) -> str | None:
    """The token in an ``Authorization``; None when there is nothing that could be one."""
    found = _CREDENTIALS.fullmatch(credentials)
    if found is None or found[1].lower() == "bearer":
        return None if found is None else found[2]
    try:
        pair = b64decode(found[2], validate=True).decode()
    except ValueError:
        return None
    return pair.partition(":")[2]
