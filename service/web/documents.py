"""Feed documents, archives (RFC 5005) and deltas (RFC 3229), for readers and aggregators."""

from datetime import datetime
from http import HTTPStatus
from math import ceil
from zlib import crc32

from flask import Blueprint, Response, request

from feeds.errors import ArchiveNotFound, StoreUnavailable
from feeds.model.edition import ArchivePage, Delta
from feeds.model.feed import Feed, Format
from service.http_rules import (
    FEED_MANIPULATION,
    HTML_TYPE,
    MODE_FIELD,
    TOLD_LINKS,
    Coding,
    Representation,
    bases,
    choose_coding,
    choose_type,
    is_navigation,
    link_field,
    strong_tag,
    takes_feed_delta,
    uri,
    wants_raw,
)
from service.web.answers import NOSNIFF, OPEN_TO_ALL, AppResponse, alternate_service_note, answer
from service.web.document_cache import CachedDocument
from service.web.encoded_variants import SMALLEST_FIRST, EncodedVariants, encode
from service.web.pages import feed_page
from service.web.problems import NoEditionYet
from service.web.recall import recallable
from service.web.replies import old_fields
from service.web.request_context import app_state, request_context
from service.web.static_files import FOR_EVER

# What is new since a reader's last look, and nothing else (RFC 3229).

#: RFC 3229 section 10.4.1: "226 IM Used".
STATUS = "226 IM Used"

#: RFC 3229 section 10.7.3 has ``im`` for caches that know what a delta is; the others must not
#: keep one, for they would hand it to readers that hold something else.
NO_STORE = "no-store, im"

#: What the choice of entries depends on, beside what documents depend on anyway.
VARY = "A-IM, If-None-Match, User-Agent"


def is_offered(feed: Feed, user_agent: str) -> bool:
    """True when a reader of this name may be given deltas of the feed."""
    if feed.deltas is None:
        return False
    named = user_agent.lower()
    return not any(part.lower() in named for part in feed.deltas.not_for)


def answer_delta(feed: Feed, copy: CachedDocument, described: Representation) -> Response | None:
    """Answer the current request, which is due the whole document, with what is new in it.

    Returns:
        None when the whole is to be sent: the reader does not ask for less, holds nothing, or
        holds what we do not remember (section 10.4.1: "226 … only if the request had A-IM", and
        a base instance that the server has).
    """
    asks = takes_feed_delta(request.headers.get("A-IM"))
    if not asks or not is_offered(feed, request.headers.get("User-Agent", "")):
        return None
    held = bases(request.headers.get("If-None-Match"))
    coding = choose_coding(request.headers.get("Accept-Encoding"), described.codings)
    if not held or coding is None:
        return None
    plain = copy.forms.get(Coding.IDENTITY)
    delta = request_context().newsstand.delta(copy.document, plain, since=tuple(held))
    return None if delta is None else _answer(described, delta, held[delta.base], coding)


def _answer(described: Representation, delta: Delta, base_tag: str, coding: Coding) -> Response:
    response = AppResponse([encode(delta.body, coding)], status=STATUS)
    response.headers.extend(described.fields)
    response.headers["Content-Type"] = described.media_type
    response.headers["IM"] = FEED_MANIPULATION
    response.headers["Delta-Base"] = base_tag
    # Section 10.4.1: the tag is that of the current whole, so that the next look goes from here.
    response.headers["ETag"] = strong_tag(described.revision, coding)
    if described.modified_at is not None:
        response.last_modified = described.modified_at
    vary, freshness = response.headers["Vary"], response.headers["Cache-Control"]
    response.headers["Vary"] = f"{vary}, {VARY}"
    response.headers["Cache-Control"] = f"{NO_STORE}, {_max_age(freshness)}"
    if coding is not Coding.IDENTITY:
        response.headers["Content-Encoding"] = coding.value
    return response


def _max_age(cache_control: str) -> str:
    """The part of a ``Cache-Control`` that tells a reader when to look again."""
    [max_age] = [one for one in cache_control.split(", ") if one.startswith("max-age=")]
    return max_age


# Feed documents, for readers and aggregators.

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
    feed = request_context().feed(slug)
    is_raw = wants_raw(request.query_string.decode("latin-1"))
    if leads_to_page(feed, request.headers.get(MODE_FIELD), is_raw=is_raw):
        return _to_page(request_context().site.feed_page(slug))
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
    response = Response(
        alternate_service_note(page), status=HTTPStatus.SEE_OTHER, mimetype="text/html"
    )
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
    feed = request_context().feed(slug)
    copy = app_state().document_cache.fetch(request_context().newsstand, slug, feed_format)
    if copy is None:
        raise NoEditionYet(slug)
    described = represent(copy, feed, is_chosen=is_chosen, is_raw=is_raw, now=request_context().now)
    whole = answer(copy.forms, described)
    age_s = app_state().document_cache.age_s(copy)
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
    copy: CachedDocument,
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


# Archive documents of feeds (RFC 5005 section 4), for readers that want everything.

#: How long it may be remembered that the next archive is not closed yet.
SOON = "public, max-age=60"

archives_blueprint = Blueprint("archives", __name__)


@archives_blueprint.get("/feeds/<slug:slug>/archive/<number:number>.<format:feed_format>")
@recallable
def show_archive(slug: str, number: int, feed_format: Format) -> Response:
    """Answer with an archive document.

    Raises:
        FeedNotFound: There is no such feed.
        ArchiveNotFound: It has no archive of this number.
    """
    room = request_context()
    feed = room.feed(slug)
    try:
        page = room.newsstand.archive(slug, number, feed_format, now=room.now)
    except ArchiveNotFound:
        if number > 1 and number == room.newsstand.last_archive(slug) + 1:
            return _not_closed_yet(room.site.topic(slug, feed_format))
        raise
    forms = EncodedVariants(page.document.gzip, Coding.GZIP)
    return answer(forms, _represent(page, feed, forms))


def _represent(page: ArchivePage, feed: Feed, forms: EncodedVariants) -> Representation:
    document = page.document
    fields = (
        (
            "Cache-Control",
            FOR_EVER if page.is_final else cache_control(feed, now=request_context().now),
        ),
        ("Vary", "Accept-Encoding"),
    )
    return Representation(
        revision=document.digest,
        media_type=f"{document.format.media_type}; charset=utf-8",
        length=forms.length,
        codings=SMALLEST_FIRST,
        modified_at=document.modified_at,
        fields=(*fields, *OPEN_TO_ALL.items(), *NOSNIFF.items()),
    )


def _not_closed_yet(current: str) -> Response:
    """Lead to the subscription document: what follows the newest archive is there.

    The newest archive names its successor from the first, because its bytes must not change when
    that is closed. RFC 9110 15.4.8: the way there is temporary.
    """
    response = Response(status=307)
    response.headers["Location"] = current
    response.headers["Cache-Control"] = SOON
    response.headers.update(OPEN_TO_ALL)
    return response
