"""Old addresses: what a redirect answers, how often each one is used, and where nothing is.

The rules of the configuration are in memory, and answered there (`peek_redirect`); old addresses
that imports brought along are in the store. Both are asked before any page or document, but for
the addresses of this newsroom, which no redirect can replace.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import Gone, NotFound

from feeds.address_patterns import is_ours
from feeds.errors import FeedsError
from feeds.model.redirect import OldAddress, RedirectKey, RedirectOrigin
from service.application import Application
from service.http_rules import HTML_TYPE, PROBLEM_TYPE, Field, prefers_html
from service.redirects import UsedRedirect, find_redirect
from service.web.answers import (
    MOVED_CACHE_CONTROL,
    NOSNIFF,
    OPEN_TO_ALL,
    PAGE_FIELDS,
    redirect_body,
)
from service.web.redirect_uses import RedirectCounter
from service.web.replies import Reply
from service.web.request_context import app_state, request_context

#: RFC 9110 15.5.11: gone is "likely to be permanent"; but operators may correct that.
GONE_CACHE_CONTROL = "public, max-age=3600"

# Answers from memory.


@dataclass(frozen=True, slots=True)
class RedirectReply:
    """The answer of a rule, in memory."""

    key: RedirectKey
    reply: Reply


def peek_redirect(application: Application, environ: Mapping[str, Any]) -> RedirectReply | None:
    """Returns the answer of the rule that a GET or HEAD fits.

    None if there is no such rule, or if its answer depends on the clock, the store or the language
    of a page.

    Args:
        application: Has the rules.
        environ: Method, path, query and ``Accept`` as a WSGI environment has them.
    """
    if not application.redirects.rules or not environ["PATH_INFO"].startswith("/"):
        return None
    address = _address(environ)
    answer = application.redirects.answer(address)
    if answer is None or answer.if_release is not None or answer.gone_at is not None:
        return None
    if answer.location is None and prefers_html(environ.get("HTTP_ACCEPT")):
        return None
    key = RedirectKey(RedirectOrigin.CONFIGURATION, answer.rule.text)
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return RedirectReply(key, _reply(answer.location, is_head=is_head))


def _address(environ: Mapping[str, Any]) -> OldAddress:
    return OldAddress.of_request(environ["PATH_INFO"].encode("latin-1"), environ["QUERY_STRING"])


def _reply(location: str | None, *, is_head: bool) -> Reply:
    status, fields, body = _gone() if location is None else _moved(location)
    fields.append(("Content-Length", str(len(body))))
    return _complete(f"{status.value} {status.phrase}", fields, b"" if is_head else body)


def _complete(status: str, fields: list[Field], body: bytes) -> Reply:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields), ""]
    return Reply(status, fields, [body], "\r\n".join(lines).encode("latin-1"))


#: Fields of a redirect, besides ``Location`` and those of its content.
MOVED_FIELDS = {
    "Cache-Control": MOVED_CACHE_CONTROL,
    **OPEN_TO_ALL,
    **NOSNIFF,
    **PAGE_FIELDS,
}


def _moved(location: str) -> tuple[HTTPStatus, list[Field], bytes]:
    fields = {
        "Location": location,
        "Content-Type": f"{HTML_TYPE}; charset=utf-8",
        **MOVED_FIELDS,
    }
    return HTTPStatus.MOVED_PERMANENTLY, list(fields.items()), redirect_body(location).encode()


#: For a developer, in the problem document.
_GONE_DETAIL = "what was at this address was given up; nothing takes its place"


#: The problem document of what was given up, and its fields.
GIVEN_UP = json.dumps(
    {
        "type": "about:blank",
        "title": HTTPStatus.GONE.phrase,
        "status": HTTPStatus.GONE.value,
        "detail": _GONE_DETAIL,
    }
).encode()
GIVEN_UP_FIELDS = {
    "Cache-Control": GONE_CACHE_CONTROL,
    "Vary": "Accept",
    **OPEN_TO_ALL,
    **NOSNIFF,
}


def _gone() -> tuple[HTTPStatus, list[Field], bytes]:
    fields = {"Content-Type": PROBLEM_TYPE, **GIVEN_UP_FIELDS}
    return HTTPStatus.GONE, list(fields.items()), GIVEN_UP + b"\n"


# Addresses at which nothing is: crawlers and scanners ask for thousands of them.

#: The key in the WSGI environment of a redirect that was found before the application was asked.
_FOUND_KEY = "communique.redirect"


class UnknownAddresses:
    """Answers requests for what is neither ours nor redirected, without the application.

    The application's own answer is kept: it is the same for all such addresses until the
    configuration changes. Pages for browsers are left to the application.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], counter: RedirectCounter) -> None:
        """Takes the WSGI application, and what counts feeds that are asked for in vain."""
        self._app = app
        self._counter = counter
        self._kept: tuple[Application, Reply] | None = None

    def answer(self, application: Application, environ: dict[str, Any]) -> Reply | None:
        """Returns the 404; None if the application has to answer, which it always can.

        Args:
            application: Has the rules and the store.
            environ: Of a GET or HEAD. A redirect that is found is left there for the application.
        """
        if not environ["PATH_INFO"].startswith("/") or prefers_html(environ.get("HTTP_ACCEPT")):
            return None
        address = _address(environ)
        if is_ours(address.path):
            return None
        try:
            found = find_redirect(application, address, now=application.clock())
        except FeedsError:
            return None  # the application meets it again, and answers with a problem
        if found is not None:
            environ[_FOUND_KEY] = found
            return None
        kept = self._kept
        if kept is not None and kept[0] is application:
            reply = kept[1]
            self._counter.missed(address)
        elif (first := self._ask(environ)) is not None:
            reply = first
            self._kept = application, reply
        else:
            return None
        return replace(reply, body=[b""]) if environ["REQUEST_METHOD"] == "HEAD" else reply

    def _ask(self, environ: dict[str, Any]) -> Reply | None:
        """Returns the application's own 404, which it counts itself."""
        began: list[tuple[str, list[Field]]] = []

        def start_response(status: str, fields: list[Field], *_: object) -> None:
            began.append((status, fields))

        answer = self._app({**environ, "REQUEST_METHOD": "GET"}, start_response)
        try:
            # Another answer may be long, or never end, and is not read.
            status, fields = began[-1] if began else ("", [])
            if not status.startswith(str(HTTPStatus.NOT_FOUND.value)):
                return None
            return _complete(status, fields, b"".join(answer))
        finally:
            getattr(answer, "close", lambda: None)()


# Answers of the application.


class AddressGone(Gone):
    """What was at an old address was given up."""

    description = _GONE_DETAIL

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Returns Werkzeug's own headers, and how long caches may keep it."""
        own = super().get_headers(*arguments)
        return [*own, ("Cache-Control", GONE_CACHE_CONTROL), *OPEN_TO_ALL.items()]


def answer_old_addresses(app: Flask) -> None:
    """Makes *app* check for old addresses before anything else."""
    app.before_request(_answer)


def _answer() -> Response | None:
    if request.method not in ("GET", "HEAD"):
        return None
    address, context = _address(request.environ), request_context()
    found: UsedRedirect | None = request.environ.get(_FOUND_KEY)
    found = found or find_redirect(context.application, address, now=context.now)
    if found is None:
        if address.is_home_query and address.looks_like_feed:
            # The front page is no feed: readers would take it for a broken one.
            raise NotFound
        return None
    app_state().redirects.used(found.key)
    if found.location is None:
        raise AddressGone
    status, fields, body = _moved(found.location)
    return Response(body, status=status, headers=fields)
