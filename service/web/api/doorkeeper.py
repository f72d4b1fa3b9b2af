"""Who may come in, and how often: bearer tokens (RFC 6750) and a bucket for each."""

import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from feeds.model.token import Action, Token
from feeds.store.database import Database
from service.settings import ApiSettings
from service.tokens import hash_of
from service.web.api.faults import ApiProblem

_REALM = 'Bearer realm="communique"'
#: RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,200}=*) *", re.IGNORECASE)


class Unauthorized(ApiProblem):
    """Nobody says who he is, or it is not true."""

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        # RFC 6750 3.1: without any credentials, "the resource server SHOULD NOT include an error
        # code or other error information".
        challenge = _REALM if error is None else f'{_REALM}, error="{error}"'
        super().__init__(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


class Forbidden(ApiProblem):
    """The token is good, but not for this."""

    def __init__(self, detail: str, *, scope: str | None = None) -> None:
        named = "" if scope is None else f', scope="{scope}"'
        challenge = f'{_REALM}, error="insufficient_scope"{named}'
        super().__init__(HTTPStatus.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})


@dataclass(slots=True)
class _Bucket:
    fill: float  #: how many requests may come at once
    at_s: float  #: when it was so


class Doorkeeper:
    """Lets bearers of good tokens in. Safe to call from many threads."""

    def __init__(self, database: Database, *, seconds: Callable[[], float]) -> None:
        """Make one that has seen nobody yet.

        Args:
            database: Knows the tokens. It is asked each time: a token that is revoked is so at
                once, in every process.
            seconds: A clock that nobody sets.
        """
        self._database = database
        self._seconds = seconds
        self._buckets: dict[str, _Bucket] = {}  #: by token's name: there are few of them
        self._lock = threading.Lock()

    def admit(self, authorization: str | None, *, limits: ApiSettings, now: datetime) -> Token:
        """The token of who asks.

        Raises:
            Unauthorized: There is none, or it is not good.
            ApiProblem: Its bearer asks too often.
        """
        if not authorization:
            raise Unauthorized("this needs a token: Authorization: Bearer cq_…")
        found = _CREDENTIALS.fullmatch(authorization)
        token = None if found is None else self._token(found[1])
        if token is None or not token.is_good(now):
            # The same words for each: who has no token learns nothing of those that there are.
            raise Unauthorized("this token is not known, expired or revoked", error="invalid_token")
        self._count(token, limits)
        return token

    def _token(self, text: str) -> Token | None:
        with self._database.read() as tx:
            return tx.tokens.by_hash(hash_of(text))

    def _count(self, token: Token, limits: ApiSettings) -> None:
        per_s = limits.requests_per_minute / 60
        now_s = self._seconds()
        with self._lock:
            bucket = self._buckets.setdefault(token.name, _Bucket(limits.burst, now_s))
            bucket.fill = min(limits.burst, bucket.fill + (now_s - bucket.at_s) * per_s)
            bucket.at_s = now_s
            if bucket.fill >= 1:
                bucket.fill -= 1
                return
            missing = 1 - bucket.fill
        wait_s = max(1, math.ceil(missing / per_s))
        raise ApiProblem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"this token may ask {limits.requests_per_minute} times a minute",
            headers={"Retry-After": str(wait_s)},
        )


def require(token: Token, action: Action) -> None:
    """Let only tokens through that are for *action*.

    Raises:
        Forbidden: This one is not.
    """
    if action not in token.actions:
        raise Forbidden(f"this token is not for {action}", scope=action)
