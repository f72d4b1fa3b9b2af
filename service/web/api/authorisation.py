"""Authorisation of API calls: tokens, rate limits, preconditions, categories and links."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from feeds.model.history import work_of
from feeds.model.intake import Embargo
from feeds.model.release import Content, Draft, Release
from feeds.model.token import Action, Token
from feeds.store.database import Database
from service.http_rules.entity_tags import names_exactly, names_revision
from service.settings import ApiSettings
from service.tokens import hash_of
from service.web.api.calls import ApiCall
from service.web.api.faults import ApiProblem
from service.web.api.shapes import Fault
from service.web.rate_limits import RateLimiter

# Authentication with bearer tokens (RFC 6750), and a rate limit for each token.

_REALM = 'Bearer realm="communique"'
#: RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,200}=*) *", re.IGNORECASE)


class Unauthorized(ApiProblem):
    """The request has no token, or one that is not valid."""

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        # RFC 6750 3.1: without any credentials, "the resource server SHOULD NOT include an error
        # code or other error information".
        challenge = _REALM if error is None else f'{_REALM}, error="{error}"'
        super().__init__(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


class Forbidden(ApiProblem):
    """The token is valid, but does not allow this."""

    def __init__(self, detail: str, *, scope: str | None = None) -> None:
        named = "" if scope is None else f', scope="{scope}"'
        challenge = f'{_REALM}, error="insufficient_scope"{named}'
        super().__init__(HTTPStatus.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})


class LinkForbidden(Forbidden):
    """The token may change the release, but not one that it would be linked to."""


class TokenAuth:
    """Authenticates tokens and limits their requests. Safe to call from many threads."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        """Makes an authenticator that has counted no request yet.

        Args:
            monotonic: A monotonic clock, in seconds.
        """
        self._buckets = RateLimiter(
            monotonic=monotonic
        )  # by the name of the token; there are few tokens

    def authenticate(
        self,
        authorization: str | None,
        database: Database,
        *,
        limits: ApiSettings,
        now: datetime,
        is_counted: bool = False,
    ) -> Token:
        """Returns the token of a request.

        Args:
            authorization: The ``Authorization`` field as sent.
            database: The store of the tokens. It is queried for each request, so that revoking a
                token takes effect at once, in every process.
            limits: The configured request rate.
            now: The time at which the token must be valid.
            is_counted: True for a request that the rate limit has counted already.

        Raises:
            Unauthorized: There is no token, or it is not valid.
            ApiProblem: The token is used too often.
        """
        if not authorization:
            raise Unauthorized("this needs a token: Authorization: Bearer cq_…")
        found = _CREDENTIALS.fullmatch(authorization)
        token = None if found is None else _token(database, found[1])
        if token is None or not token.is_good(now):
            # The same text for each case, so that it reveals nothing about existing tokens.
            raise Unauthorized("this token is not known, expired or revoked", error="invalid_token")
        if not is_counted:
            self._count(token, limits)
        return token

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


def _token(database: Database, text: str) -> Token | None:
    with database.read() as tx:
        return tx.tokens.by_hash(hash_of(text))


def require(token: Token, action: Action) -> None:
    """Checks that a token allows an action.

    Raises:
        Forbidden: The token does not allow it.
    """
    if action not in token.actions:
        raise Forbidden(f"this token is not for {action}", scope=action)


# Preconditions, categories, links to other releases, and concurrent changes.


def require_conditions(call: ApiCall[Any], etag: str | None) -> None:
    """Checks If-Match and If-None-Match (RFC 9110 sections 13.1.1 and 13.1.2).

    Args:
        call: The call with the conditions.
        etag: The present entity tag; None when there is nothing at the address.

    Raises:
        ApiProblem: A condition does not hold.
    """
    match = call.request.headers.get("If-Match")
    none_match = call.request.headers.get("If-None-Match")
    if match is not None and not _matches(match, etag):
        raise _failed("the release is not what If-Match asks for: it was changed since")
    if none_match is not None and etag is not None:
        is_it = none_match.strip() == "*" or names_revision(none_match, etag.strip('"'))
        if is_it:
            raise _failed("the release is there already, which If-None-Match rules out")


def _matches(field: str, etag: str | None) -> bool:
    return etag is not None and (field.strip() == "*" or names_exactly(field, etag))


def _failed(detail: str) -> ApiProblem:
    return ApiProblem(HTTPStatus.PRECONDITION_FAILED, detail)


def require_own(call: ApiCall[Any], content: Content) -> None:
    """Checks that a token allows all categories of a release.

    Raises:
        Forbidden: The release is, or would be, in another category.
    """
    foreign = _foreign(call, content)
    if foreign is not None:
        raise Forbidden(f"this token may file in {_own(call)} only, and not in {foreign}")


def require_free(call: ApiCall[Any], waiting: Embargo | None) -> None:
    """Checks that a token may replace what is under embargo under its key.

    Raises:
        Forbidden: It may not. The message says nothing of what is there.
    """
    if waiting is not None and _foreign(call, waiting.draft.content) is not None:
        raise Forbidden(f"this token may file in {_own(call)} only: give the release another key")


def with_expected_members(
    call: ApiCall[Any], draft: Draft, *, held: Release | None, waiting: Embargo | None
) -> Draft:
    """Returns the draft on condition that its work has only members that the token may change.

    The releases of a work appear in each other's pages and feeds, so linking to a release changes
    it. It does not matter how the draft would join the work: by naming it, or because its own key
    is the name of the work. A release that is a member already, because an authorised client linked
    it, stays one.

    Args:
        call: The call that sent the draft.
        draft: A draft whose categories the token allows.
        held: The stored release, if there is one.
        waiting: The embargoed draft with the same key, if there is one.

    Raises:
        LinkForbidden: The token does not allow the categories of another member of the work.
    """
    known = (held, None if waiting is None else waiting.draft)
    is_member = work_of(draft) in {work_of(one) for one in known if one is not None}
    if call.token.categories is None or is_member:
        return draft
    members = call.newsroom.other_members(draft)
    for member in members:
        if _foreign(call, member.content) is not None:
            # The message does not name the release, because it may be under embargo.
            raise LinkForbidden(
                f"this token may link releases in {_own(call)} only, and the work "
                f"{work_of(draft)!r} has others: name another work, or none"
            )
    return replace(draft, expected_members=frozenset(member.content.digest for member in members))


def _foreign(call: ApiCall[Any], content: Content) -> str | None:
    """Returns the categories of a release that the token does not allow; None if it allows all."""
    matches, token = call.catalogue.match_all(content.category_names), call.token
    if token.categories is None:
        return None
    if token.permits(matches.categories) and not matches.unclaimed:
        return None
    others = [slug for slug in matches.categories if slug not in token.categories]
    return ", ".join([*others, *map(repr, matches.unclaimed)]) or "no category"


def _own(call: ApiCall[Any]) -> str:
    return ", ".join(call.token.categories or ())


def unprocessable(detail: str, *, pointer: str) -> ApiProblem:
    """Returns the answer to a body with one fault, at *pointer*."""
    fault = Fault(detail=detail, pointer=pointer)
    return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=[fault])


def too_much_contention() -> ApiProblem:
    """Returns the answer to a change that concurrent changes have prevented several times."""
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "others change the release at this very moment; nothing was stored",
        headers={"Retry-After": "1"},
    )
