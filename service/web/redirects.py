"""Old addresses: what a redirect answers, and how often each one is used.

The rules of the configuration are in memory, and answered there (`peek_redirect`); old addresses
that imports brought along are in the store. Both are asked before any page or document, but for
the addresses of this newsroom, which no redirect can replace.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import Gone, NotFound

from feeds.address_patterns import is_ours
from feeds.errors import ReleaseNotFound
from feeds.model.redirect import OldAddress, RedirectOrigin, ToFeed, ToNothing, ToPage
from feeds.redirects import RedirectAnswer
from feeds.store.redirects import FoundRedirect
from service.application import Application
from service.http_rules import HTML_TYPE, PROBLEM_TYPE, Field, prefers_html
from service.web.answers import (
    MOVED_CACHE_CONTROL,
    NOSNIFF,
    OPEN_TO_ALL,
    PAGE_FIELDS,
    redirect_body,
)
from service.web.redirect_uses import RedirectKey
from service.web.replies import Reply
from service.web.request_context import RequestContext, app_state, request_context

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
    phrase = f"{status.value} {status.phrase}"
    lines = [f"HTTP/1.1 {phrase}", *(f"{name}: {value}" for name, value in fields), ""]
    return Reply(phrase, fields, [b"" if is_head else body], "\r\n".join(lines).encode("latin-1"))


def _moved(location: str) -> tuple[HTTPStatus, list[Field], bytes]:
    fields = {
        "Location": location,
        "Content-Type": f"{HTML_TYPE}; charset=utf-8",
        "Cache-Control": MOVED_CACHE_CONTROL,
        **OPEN_TO_ALL,
        **NOSNIFF,
        **PAGE_FIELDS,
    }
    return HTTPStatus.MOVED_PERMANENTLY, list(fields.items()), redirect_body(location).encode()


#: For a developer, in the problem document.
_GONE_DETAIL = "what was at this address was given up; nothing takes its place"


def _gone() -> tuple[HTTPStatus, list[Field], bytes]:
    status = HTTPStatus.GONE
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": _GONE_DETAIL,
    }
    fields = {
        "Content-Type": PROBLEM_TYPE,
        "Cache-Control": GONE_CACHE_CONTROL,
        "Vary": "Accept",
        **OPEN_TO_ALL,
        **NOSNIFF,
    }
    return status, list(fields.items()), (json.dumps(problem) + "\n").encode()


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
    address = _address(request.environ)
    is_home_query = address.path == "/" and bool(address.query)
    if is_ours(address.path) and not is_home_query:
        return None
    found = find_redirect(request_context(), address)
    if found is None:
        if is_home_query and address.looks_like_feed:
            # The front page is no feed: readers would take it for a broken one.
            raise NotFound
        return None
    key, location = found
    app_state().redirects.used(key)
    if location is None:
        raise AddressGone
    status, fields, body = _moved(location)
    return Response(body, status=status, headers=fields)


def find_redirect(
    context: RequestContext, address: OldAddress
) -> tuple[RedirectKey, str | None] | None:
    """Returns the redirect for an address, and where it leads; None if there is none.

    The rules of the configuration come before what imports brought along.

    Returns:
        The redirect, and the absolute address that it leads to, None for gone.
    """
    application = context.application
    for answer in application.redirects.answers(address):
        if answer.if_release is not None and not _is_public(context, answer.if_release):
            continue
        return _configured(answer, context)
    addresses = [str(each) for each in address.matching()]
    if base := context.site.base_path:
        addresses += [base + each for each in addresses]
    with application.database.read() as tx:
        stored = tx.redirects.find(addresses)
    return None if stored is None else _imported(stored, context)


def _configured(answer: RedirectAnswer, context: RequestContext) -> tuple[RedirectKey, str | None]:
    key = RedirectKey(RedirectOrigin.CONFIGURATION, answer.rule.text)
    return key, None if answer.is_gone(context.now) else answer.location


def _imported(
    stored: FoundRedirect, context: RequestContext
) -> tuple[RedirectKey, str | None] | None:
    key = RedirectKey(RedirectOrigin.IMPORT, stored.address)
    target, catalogue = stored.target, context.catalogue
    if stored.slug is not None:
        return key, context.site.release_page(stored.slug)
    if isinstance(target, ToFeed):
        slug = catalogue.slugs_by_former.get(target.slug, target.slug)
        feed = catalogue.feeds.get(slug)
        if feed is None:
            return None
        gone = feed.is_gone(context.now)
        return key, None if gone else context.site.topic(slug, target.format)
    if isinstance(target, ToPage):
        is_path = target.address.startswith("/")
        return key, f"{context.site.base_url}{target.address}" if is_path else target.address
    return (key, None) if isinstance(target, ToNothing) else None


def _is_public(context: RequestContext, slug: str) -> bool:
    with context.database.read() as tx:
        try:
            tx.releases.by_slug(slug)
        except ReleaseNotFound:
            return False
    return True
