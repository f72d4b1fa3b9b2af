"""Feed documents, for readers and aggregators."""

from datetime import datetime
from http import HTTPStatus
from math import ceil
from zlib import crc32

from flask import Blueprint, Response, request

from feeds.errors import StoreUnavailable
from feeds.model.feed import Feed, Format
from service.http_rules import (
    HTML_TYPE,
    MODE_FIELD,
    TOLD_LINKS,
    Representation,
    choose_type,
    is_navigation,
    link_field,
    uri,
    wants_raw,
)
from service.web.answers import NOSNIFF, OPEN_TO_ALL, answer, note_of_way
from service.web.codecs import SMALLEST_FIRST
from service.web.deltas import answer_delta
from service.web.desk import desk, furniture
from service.web.pages import feed_page
from service.web.problems import NoEditionYet
from service.web.replies import old_fields
from service.web.shelf import Copy

#: A shared cache may hand out a document this long after its time while it fetches the new one.
STALE_WHILE_REVALIDATE_S = 60
#: And this long when we cannot be reached: the last good edition is better than none.
STALE_IF_ERROR_S = 24 * 60 * 60

#: From a change at a set time to its edition: the look for it, and the regeneration.
CHANGE_SHOWS_WITHIN_S = 5

#: What a document is chosen by, where browsers are led to the feed's page.
VARY_BY_MODE = f"Accept-Encoding, {MODE_FIELD}"

#: Of the way to the feed's page. Caches in between must not keep it: those that know nothing of
#: ``Vary`` would hand it to readers.
TO_PAGE_FIELDS = {"Cache-Control": "private, no-store", "Vary": VARY_BY_MODE}

_FORMATS_BY_TYPE = {feed_format.media_type: feed_format for feed_format in Format}

blueprint = Blueprint("documents", __name__)


@blueprint.get("/feeds/<slug:slug>.<format:feed_format>")
def show(slug: str, feed_format: Format) -> Response:
    """Answer with a feed in one format, or lead a browser to its page."""
    feed = desk().feed(slug)
    is_raw = wants_raw(request.query_string.decode("latin-1"))
    if leads_to_page(feed, request.headers.get(MODE_FIELD), is_raw=is_raw):
        return _to_page(desk().site.feed_page(slug))
    return _document(slug, feed_format, is_raw=is_raw)


@blueprint.get("/feeds/<slug:slug>")
def choose(slug: str) -> Response:
    """Answer with what a client likes best: a feed's page, or its document in some format."""
    feed_format = choose_format(request.headers.get("Accept"))
    if feed_format is None:
        return feed_page(slug)
    return _document(slug, feed_format, is_chosen=True)


def leads_to_page(feed: Feed, sec_fetch_mode: str | None, *, is_raw: bool) -> bool:
    """True when a document is opened by a person, who can read the feed's page but not this.

    Not so with archive documents: no page names them, and none shows what is in them.
    """
    return feed.opens_as_page and not is_raw and is_navigation(sec_fetch_mode)


def _to_page(page: str) -> Response:
    """Lead to the feed's page (RFC 9110 section 15.4.4).

    Whatever conditions the request has: RFC 9110 13.2.1 has them ignored where the answer is
    neither 2xx nor 412. So a browser that holds the document from before is led there, too.
    """
    response = Response(note_of_way(page), status=HTTPStatus.SEE_OTHER, mimetype="text/html")
    response.headers["Location"] = page
    response.headers.update(TO_PAGE_FIELDS)
    return response


def choose_format(accept: str | None) -> Format | None:
    """Choose by ``Accept`` what to answer at a feed's address without a suffix; None is the page.

    No browser names a feed's type, so who does gets it, also when a page is liked as much. Who
    takes anything gets the page, which leads to all formats.
    """
    offered = (*_FORMATS_BY_TYPE, HTML_TYPE)
    return _FORMATS_BY_TYPE.get(choose_type(accept, offered, default=HTML_TYPE))


def _document(
    slug: str, feed_format: Format, *, is_chosen: bool = False, is_raw: bool = False
) -> Response:
    feed = desk().feed(slug)
    copy = furniture().shelf.fetch(desk().newsstand, slug, feed_format)
    if copy is None:
        raise NoEditionYet(slug)
    described = represent(copy, feed, is_chosen=is_chosen, is_raw=is_raw, now=desk().now)
    whole = answer(copy.forms, described)
    age_s = furniture().shelf.age_s(copy)
    if age_s is not None:
        whole.headers.update(old_fields(age_s))
        return whole  # a delta would have to be asked of the store
    if whole.status_code != HTTPStatus.OK or feed.deltas is None:
        return whole
    try:
        return answer_delta(feed, copy, described) or whole
    except StoreUnavailable:
        return whole


def represent(
    copy: Copy,
    feed: Feed,
    *,
    is_chosen: bool,
    is_raw: bool = False,
    now: datetime | None = None,
) -> Representation:
    """Describe a document as there is to be had.

    Args:
        copy: The document.
        feed: As configured now.
        is_chosen: At the address without a suffix, where ``Accept`` decided.
        is_raw: At an address with ``?raw``, where browsers are given it, too.
        now: Must be told for a feed that will change by itself.
    """
    document = copy.document
    fields = [
        ("Cache-Control", cache_control(feed, now=now)),
        ("Vary", _vary(feed, is_chosen=is_chosen, is_raw=is_raw)),
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


def _vary(feed: Feed, *, is_chosen: bool, is_raw: bool) -> str:
    if is_chosen:
        return "Accept, Accept-Encoding"
    return VARY_BY_MODE if feed.opens_as_page and not is_raw else "Accept-Encoding"


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
