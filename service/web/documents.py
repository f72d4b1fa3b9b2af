"""Feed documents, for readers and aggregators."""

from datetime import datetime
from http import HTTPStatus
from math import ceil
from zlib import crc32

from flask import Blueprint, Response, request

from feeds.model.feed import Feed, Format
from service.http_rules import (
    HTML_TYPE,
    TOLD_LINKS,
    Representation,
    choose_type,
    link_field,
    uri,
)
from service.web.answers import NOSNIFF, OPEN_TO_ALL, answer
from service.web.codecs import SMALLEST_FIRST
from service.web.deltas import answer_delta
from service.web.desk import desk, furniture
from service.web.pages import feed_page
from service.web.problems import NoEditionYet
from service.web.shelf import Copy

#: A shared cache may hand out a document this long after its time while it fetches the new one.
STALE_WHILE_REVALIDATE_S = 60
#: And this long when we cannot be reached: the last good edition is better than none.
STALE_IF_ERROR_S = 24 * 60 * 60

#: From a change at a set time to its edition: the look for it, and the regeneration.
CHANGE_SHOWS_WITHIN_S = 5

_FORMATS_BY_TYPE = {feed_format.media_type: feed_format for feed_format in Format}

blueprint = Blueprint("documents", __name__)


@blueprint.get("/feeds/<slug:slug>.<format:feed_format>")
def show(slug: str, feed_format: Format) -> Response:
    """Answer with a feed in one format."""
    return _document(slug, feed_format, is_chosen=False)


@blueprint.get("/feeds/<slug:slug>")
def choose(slug: str) -> Response:
    """Answer with what a client likes best: a feed's page, or its document in some format."""
    feed_format = choose_format(request.headers.get("Accept"))
    if feed_format is None:
        return feed_page(slug)
    return _document(slug, feed_format, is_chosen=True)


def choose_format(accept: str | None) -> Format | None:
    """Choose by ``Accept`` what to answer at a feed's address without a suffix; None is the page.

    No browser names a feed's type, so who does gets it, also when a page is liked as much. Who
    takes anything gets the page, which leads to all formats.
    """
    offered = (*_FORMATS_BY_TYPE, HTML_TYPE)
    return _FORMATS_BY_TYPE.get(choose_type(accept, offered, default=HTML_TYPE))


def _document(slug: str, feed_format: Format, *, is_chosen: bool) -> Response:
    feed = desk().feed(slug)
    copy = furniture().shelf.fetch(desk().newsstand, slug, feed_format)
    if copy is None:
        raise NoEditionYet(slug)
    described = represent(copy, feed, is_chosen=is_chosen, now=desk().now)
    whole = answer(copy.forms, described)
    if whole.status_code != HTTPStatus.OK or feed.deltas is None:
        return whole
    return answer_delta(feed, copy, described) or whole


def represent(
    copy: Copy, feed: Feed, *, is_chosen: bool, now: datetime | None = None
) -> Representation:
    """Describe a document as there is to be had.

    Args:
        copy: The document.
        feed: As configured now.
        is_chosen: At the address without a suffix, where ``Accept`` decided.
        now: Must be told for a feed that will change by itself.
    """
    document = copy.document
    fields = [
        ("Cache-Control", cache_control(feed, now=now)),
        ("Vary", "Accept, Accept-Encoding" if is_chosen else "Accept-Encoding"),
        # From the document, not from the configuration: header and body tell one story.
        ("Link", link_field([link for link in document.links if link.rel in TOLD_LINKS])),
    ]
    if is_chosen:
        # RFC 9110 8.7: what was sent is to be had under this address of its own, too.
        [own] = [link.href for link in document.links if link.rel == "self"]
        fields.append(("Content-Location", uri(own)))
    return Representation(
        revision=document.digest,
        media_type=f"{document.format.media_type}; charset=utf-8",
        length=copy.forms.length,
        codings=SMALLEST_FIRST,
        modified_at=document.modified_at,
        fields=(*fields, *OPEN_TO_ALL.items(), *NOSNIFF.items()),
    )


def cache_control(feed: Feed, *, now: datetime | None = None) -> str:
    """Tell caches how long a document is good (RFC 9111 section 5.2.2, RFC 5861).

    Some seconds more than the feed's minutes, other ones for each feed and always the same: so
    those who read many feeds do not ask for all of them at once. In minutes it is what ``<ttl>``
    of RSS says; ``<ttl>`` does not follow when a change is near, as documents change with editions
    only.

    When it is known that the feed will change by itself, the next look falls right after that.
    """
    max_age = feed.ttl_minutes * 60 + crc32(feed.slug.encode()) % 60
    change = None if now is None else feed.next_change(now)
    if now is not None and change is not None:
        max_age = min(max_age, ceil((change - now).total_seconds()) + CHANGE_SHOWS_WITHIN_S)
    return (
        f"public, max-age={max_age}"
        f", stale-while-revalidate={STALE_WHILE_REVALIDATE_S}"
        f", stale-if-error={STALE_IF_ERROR_S}"
    )


@blueprint.after_request
def open_to_scripts(response: Response) -> Response:
    """Let a reader inside a browser ask first (a CORS preflight), and see why it got nothing.

    Conditional fields are not on the list of headers that a browser sends unasked.
    """
    response.headers.update(OPEN_TO_ALL)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
        response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response
