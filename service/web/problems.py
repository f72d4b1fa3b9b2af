"""Error responses: a page for browsers, and problem details (RFC 9457) for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feeds.errors import (
    AlreadyRetracted,
    ArchiveNotFound,
    EmbargoNotFound,
    FeedNotFound,
    FeedsError,
    InvalidReason,
    InvalidSearch,
    MediumNotFound,
    MonthNotFound,
    NotRetracted,
    ReleaseNotFound,
    RevisionNotFound,
    SearchPageNotFound,
    SearchTooSlow,
    StoreConflict,
    StoreOutdated,
    StoreReplaced,
    StoreUnavailable,
)
from feeds.model.feed import FeedClosure
from feeds.model.redirect import OldAddress
from feeds.model.release import Release, Retraction
from service.failures import Troubles
from service.http_rules import PROBLEM_TYPE, prefers_html
from service.logs import get_logger
from service.web.answers import OPEN_TO_ALL
from service.web.page_language import noted
from service.web.rendering import render_page
from service.web.request_context import app_state, request_context
from service.web.wording import machine

_log = get_logger(__name__)


class NoEditionYet(FeedsError):
    """The feed is configured, but its first edition is still being made."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(f"feed {slug!r} has no edition yet")
        self.slug = slug


class FeedGone(FeedsError):
    """The feed ended, and the time for its last entry is over."""

    def __init__(self, slug: str, language: str, ending: FeedClosure, /) -> None:
        super().__init__(f"feed {slug!r} ended on {ending.on:%Y-%m-%d}: {ending.words}")
        self.slug = slug
        self.language = language
        self.ending = ending


class ReleaseGone(FeedsError):
    """The release was retracted: its URL has only the notice of the retraction."""

    def __init__(self, release: Release, retraction: Retraction, /) -> None:
        # The problem has the reason in a member of its own.
        super().__init__(f"this release was retracted on {retraction.at:%Y-%m-%d at %H:%M:%S} UTC")
        self.release = release
        self.retraction = retraction


#: The status for each kind of error. An error that is neither listed here nor an HTTPException is
#: a bug, and gets a 500.
STATUS: Mapping[type[Exception], HTTPStatus] = {
    FeedNotFound: HTTPStatus.NOT_FOUND,
    ReleaseNotFound: HTTPStatus.NOT_FOUND,
    EmbargoNotFound: HTTPStatus.NOT_FOUND,
    ArchiveNotFound: HTTPStatus.NOT_FOUND,
    MediumNotFound: HTTPStatus.NOT_FOUND,
    MonthNotFound: HTTPStatus.NOT_FOUND,
    RevisionNotFound: HTTPStatus.NOT_FOUND,
    NoEditionYet: HTTPStatus.SERVICE_UNAVAILABLE,
    FeedGone: HTTPStatus.GONE,
    ReleaseGone: HTTPStatus.GONE,
    AlreadyRetracted: HTTPStatus.CONFLICT,
    NotRetracted: HTTPStatus.CONFLICT,
    InvalidReason: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreOutdated: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreConflict: HTTPStatus.SERVICE_UNAVAILABLE,
    InvalidSearch: HTTPStatus.BAD_REQUEST,
    SearchPageNotFound: HTTPStatus.NOT_FOUND,
    SearchTooSlow: HTTPStatus.SERVICE_UNAVAILABLE,
}
#: When a retry makes sense. A first edition takes a second; a migration takes longer.
RETRY_AFTER_S: Mapping[type[Exception], int] = {
    NoEditionYet: 5,
    StoreUnavailable: 30,
    StoreOutdated: 120,
    StoreConflict: 1,
}

#: What clients are told about the store; details are for the log only.
UNREACHABLE = "the store cannot be reached"

#: How long a trouble of the store that was logged is not logged again, as clients retry often.
LOG_AGAIN_AFTER_S = 60.0

#: RFC 9110 9.2.1: requests that store nothing.
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

#: RFC 9110 15.5.11: gone is "likely to be permanent"; but operators may correct the date.
GONE_CACHE_CONTROL = "public, max-age=3600"

#: A release may be restored. Its page is then back within the max-age of a page.
RETRACTED_CACHE_CONTROL = "public, max-age=60"

#: For the page, by status: a heading, and what to do.
WORDS: Mapping[int, tuple[str, str]] = {
    404: (
        noted("There is nothing at this address"),
        noted("It may be mistyped, or the link that brought you here may be out of date."),
    ),
    410: (
        noted("This feed has ended"),
        noted("It is not published any more, and your feed reader can forget it."),
    ),
    405: (
        noted("This address can only be read"),
        noted("The request asked to change something, which is not possible here."),
    ),
    429: (
        noted("Too many requests"),
        noted("Please wait a little, and try again."),
    ),
    503: (
        noted("Not available at this moment"),
        noted("We are working on it. Please try again in a minute."),
    ),
}
_GIVEN_UP = (
    noted("What was here was given up"),
    noted("Nothing takes its place. Please remove the bookmark or the subscription."),
)
_RETRACTED = (
    noted("This release was retracted"),
    noted("It is no longer valid. Please do not quote it, and correct what was written from it."),
)
_OUR_FAULT = (
    noted("Something went wrong on our side"),
    noted("The fault has been noted. Please try again."),
)
_YOUR_REQUEST = (
    noted("This request cannot be answered"),
    noted("Please go back and try another way."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails:
    """What went wrong with one request, without internal details."""

    status: HTTPStatus
    detail: str | None = None  #: one sentence for a developer
    headers: Mapping[str, str] = field(default_factory=dict)
    gone: FeedGone | None = None  #: has the operators' words, and the successor
    retracted: ReleaseGone | None = None  #: has the reason
    errors: Sequence[Mapping[str, str]] = ()  #: one for each invalid value that was sent


def describe(error: Exception) -> ProblemDetails:
    """Returns what the client is told about an error. Messages of the database are left out."""
    if isinstance(error, HTTPException):
        return _describe_http_exception(error)
    if isinstance(error, FeedGone):
        headers = {"Cache-Control": GONE_CACHE_CONTROL, **OPEN_TO_ALL}
        return ProblemDetails(
            status=STATUS[FeedGone], detail=str(error), headers=headers, gone=error
        )
    if isinstance(error, ReleaseGone):
        headers = {"Cache-Control": RETRACTED_CACHE_CONTROL}
        status = STATUS[ReleaseGone]
        return ProblemDetails(status=status, detail=str(error), headers=headers, retracted=error)
    about_store = error.in_short if isinstance(error, StoreUnavailable) else UNREACHABLE
    for kind in type(error).__mro__:
        if kind in STATUS:
            retry_after_s = RETRY_AFTER_S.get(kind)
            is_about_store = issubclass(kind, StoreUnavailable | StoreOutdated | StoreConflict)
            return ProblemDetails(
                status=STATUS[kind],
                detail=about_store if is_about_store else str(error),
                headers={} if retry_after_s is None else {"Retry-After": str(retry_after_s)},
            )
    return ProblemDetails(status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _describe_http_exception(error: HTTPException) -> ProblemDetails:
    # These headers have ``Allow`` of a 405 (RFC 9110 15.5.6 requires it) and ``Retry-After``.
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return ProblemDetails(
        status=HTTPStatus(error.code or 500),
        detail=error.description,
        headers=headers,
        errors=getattr(error, "errors", ()),
    )


def answer_problem(error: Exception, troubles: Troubles) -> Response:
    """Answers a request that failed with *error*, and logs our own faults."""
    problem = describe(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", path=request.path, exc_info=error)
    elif (
        isinstance(error, StoreUnavailable | StoreOutdated)
        and not _is_logged(error)
        and troubles.is_news("", str(error))
    ):
        _log.error("store unavailable", path=request.path, reason=str(error))
    elif problem.status == HTTPStatus.NOT_FOUND:
        count_missing_feed()
    writes = app_state().writes
    if isinstance(error, StoreUnavailable) and request.method not in SAFE and writes is not None:
        writes.failed(error)
    is_for_person = prefers_html(request.headers.get("Accept")) and not _is_api(request.path)
    response = _as_page(problem) if is_for_person else _as_document(problem)
    # RFC 9111 4.2.2 would let caches keep a 404 for as long as they like.
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(problem.headers)
    response.headers["Vary"] = "Accept"
    return response


def count_missing_feed() -> None:
    """Counts the current request, which found nothing, if it looks like one for a feed."""
    if request.method in ("GET", "HEAD"):
        environ = request.environ
        path, query = environ["PATH_INFO"].encode("latin-1"), environ["QUERY_STRING"]
        app_state().redirects.missed(OldAddress.of_request(path, query))


def _is_logged(error: Exception) -> bool:
    """Whether the change detector has logged already that the store does not answer."""
    return app_state().document_cache.is_unreachable and not isinstance(
        error, StoreReplaced | StoreOutdated
    )


def _is_api(path: str) -> bool:
    return path.startswith("/api/")


def _as_page(problem: ProblemDetails) -> Response:
    otherwise = _OUR_FAULT if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else _YOUR_REQUEST
    heading, advice = WORDS.get(problem.status, otherwise)
    if problem.retracted is not None:
        heading, advice = _RETRACTED
    elif problem.status == HTTPStatus.GONE and problem.gone is None:
        heading, advice = _GIVEN_UP
    page = render_page(
        "problem.html",
        _language(problem),
        status=problem.status.value,
        heading=heading,
        advice=advice,
        gone=problem.gone,
        retracted=problem.retracted,
    )
    return Response(page, status=problem.status, mimetype="text/html")


def _language(problem: ProblemDetails) -> str:
    """The language of what is gone, or of the site."""
    if problem.retracted is not None:
        return problem.retracted.release.content.language
    if problem.gone is not None:
        return problem.gone.language
    return request_context().site.language


def _as_document(problem: ProblemDetails) -> Response:
    content: dict[str, object] = {
        # RFC 9457 4.2.1: with "about:blank" the status alone says what kind of problem it is.
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
    }
    if problem.detail:
        content["detail"] = problem.detail
    if problem.gone is not None and problem.gone.ending.onward is not None:
        # RFC 9457 3.2: an extension member, which clients that do not know it ignore.
        content["moved_to"] = problem.gone.ending.onward.url
    if problem.retracted is not None:
        retraction = problem.retracted.retraction
        content["retracted_at"] = machine(retraction.at)
        content["reason"] = retraction.reason
    if problem.errors:
        content["errors"] = list(problem.errors)
    return Response(json.dumps(content) + "\n", status=problem.status, mimetype=PROBLEM_TYPE)


def catch_all(app: Flask) -> None:
    """Registers the handler that answers every error of *app*."""
    troubles = Troubles(again_after_s=LOG_AGAIN_AFTER_S)
    app.register_error_handler(Exception, partial(answer_problem, troubles=troubles))
