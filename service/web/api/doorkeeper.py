"""Who may come in, and how often: bearer tokens (RFC 6750) and a bucket for each."""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from feeds.model.token import Action, Token
from feeds.store.database import Database
from service.settings import ApiSettings
from service.tokens import hash_of
from service.web.api.faults import ApiProblem
from service.web.buckets import Buckets

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


class LinkForbidden(Forbidden):
    """The release is the token's business; one that it would be linked to is not."""


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
        self._buckets = Buckets(seconds=seconds)  # by token's name: there are few of them

    def admit(
        self,
        authorization: str | None,
        *,
        limits: ApiSettings,
        now: datetime,
        is_counted: bool = False,
    ) -> Token:
        """The token of who asks.

        Args:
            authorization: As sent.
            limits: How often one may ask.
            now: For how long tokens are good.
            is_counted: True for a request that was counted before.

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
        if not is_counted:
            self._count(token, limits)
        return token

    def _token(self, text: str) -> Token | None:
        with self._database.read() as tx:
            return tx.tokens.by_hash(hash_of(text))

    def _count(self, token: Token, limits: ApiSettings) -> None:
        wait_s = self._buckets.wait_s(
            token.name, per_minute=limits.requests_per_minute, burst=limits.burst
        )
        if not wait_s:
            return
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
