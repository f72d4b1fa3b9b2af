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
    HEADER_LINKS,
    HTML_TYPE,
    MODE_FIELD,
    Coding,
    Representation,
    accepts_feed_delta,
    choose_coding,
    choose_type,
    held_revisions,
    is_navigation,
    link_field,
    strong_tag,
    uri,
    wants_raw,
)
from service.web.answers import NOSNIFF, OPEN_TO_ALL, AppResponse, answer, redirect_body
from service.web.document_cache import CachedDocument
from service.web.encoded_variants import SMALLEST_FIRST, EncodedVariants, encode
from service.web.pages import feed_page
from service.web.problems import NoEditionYet
from service.web.recall import recallable
from service.web.replies import stale_fields
from service.web.request_context import app_state, request_context
from service.web.static_files import FOR_EVER

# Deltas: only the entries that are new since a reader's last request (RFC 3229).

#: RFC 3229 section 10.4.1: "226 IM Used".
STATUS = "226 IM Used"

#: RFC 3229 section 10.7.3 defines ``im`` for caches that support deltas. Other caches must not
#: store a delta, because they would send it to readers that hold another base.
NO_STORE = "no-store, im"

#: The fields that the choice of entries depends on, in addition to those of a document.
VARY = "A-IM, If-None-Match, User-Agent"


def is_offered(feed: Feed, user_agent: str) -> bool:
    """Whether a reader with this ``User-Agent`` may be sent deltas of the feed."""
    if feed.deltas is None:
        return False
    named = user_agent.lower()
    return not any(part.lower() in named for part in feed.deltas.not_for)


def answer_delta(feed: Feed, cached: CachedDocument, described: Representation) -> Response | None:
    """Answers the current request with a delta instead of the whole document.

    Returns:
        None when the whole document has to be sent: the reader does not ask for a delta, holds
        nothing, or holds a base that is not stored any more (section 10.4.1: "226 … only if the
        request had A-IM", and a base instance that the server has).
    """
    asks = accepts_feed_delta(request.headers.get("A-IM"))
    if not asks or not is_offered(feed, request.headers.get("User-Agent", "")):
        return None
    held = held_revisions(request.headers.get("If-None-Match"))
    coding = choose_coding(request.headers.get("Accept-Encoding"), described.codings)
    if not held or coding is None:
        return None
    plain = cached.variants.get(Coding.IDENTITY)
    delta = request_context().newsstand.delta(cached.document, plain, since=tuple(held))
    return None if delta is None else _answer(described, delta, held[delta.base], coding)


def _answer(described: Representation, delta: Delta, base_tag: str, coding: Coding) -> Response:
    response = AppResponse([encode(delta.body, coding)], status=STATUS)
    response.headers.extend(described.fields)
    response.headers["Content-Type"] = described.media_type
    response.headers["IM"] = FEED_MANIPULATION
    response.headers["Delta-Base"] = base_tag
    # Section 10.4.1: the tag is that of the current whole document, the base of the next delta.
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
    """Returns the ``max-age`` of a ``Cache-Control``."""
    [max_age] = [one for one in cache_control.split(", ") if one.startswith("max-age=")]
    return max_age


# Feed documents, for readers and aggregators.

#: A shared cache may send an expired document for this long while it fetches the new one.
STALE_WHILE_REVALIDATE_S = 60
#: A cache may send an expired document for this long while we are unreachable: the last good
#: edition is better than none.
STALE_IF_ERROR_S = 24 * 60 * 60

#: The time from a scheduled change to its edition: the job that finds it, and the regeneration.
CHANGE_SHOWS_WITHIN_S = 5

#: The fields that decide the answer where browsers are redirected to the feed's page.
VARY_BY_MODE = f"Accept-Encoding, {MODE_FIELD}"

#: The fields of the redirect to the feed's page. Shared caches must not store it: those that ignore
#: ``Vary`` would send it to feed readers.
TO_PAGE_FIELDS = {"Cache-Control": "private, no-store", "Vary": VARY_BY_MODE}

_FORMATS_BY_TYPE = {feed_format.media_type: feed_format for feed_format in Format}

blueprint = Blueprint("documents", __name__)


@blueprint.get("/feeds/<slug:slug>.<format:feed_format>")
def show(slug: str, feed_format: Format) -> Response:
    """Answers with a feed in one format, or redirects a browser to the feed's page."""
    feed = request_context().feed(slug)
    is_raw = wants_raw(request.query_string.decode("latin-1"))
    if leads_to_page(feed, request.headers.get(MODE_FIELD), is_raw=is_raw):
        return to_page(request_context().site.feed_page(slug))
    return _document(slug, feed_format, is_raw=is_raw)


@blueprint.get("/feeds/<slug:slug>")
def choose(slug: str) -> Response:
    """Answers with what the client prefers: a feed's page, or its document in some format."""
    feed_format = choose_format(request.headers.get("Accept"))
    if feed_format is None:
        return feed_page(slug)
    return _document(slug, feed_format, is_chosen=True)


def leads_to_page(feed: Feed, sec_fetch_mode: str | None, *, is_raw: bool) -> bool:
    """Whether a browser opens the document for a person, who should get the feed's page instead.

    Archive documents have no such redirect: no page links to them or shows their entries.
    """
    return feed.opens_as_page and not is_raw and is_navigation(sec_fetch_mode)


def to_page(page: str) -> Response:
    """Redirects to the feed's page (RFC 9110 section 15.4.4).

    Conditions of the request do not matter: by RFC 9110 13.2.1 they are ignored where the answer
    would be neither 2xx nor 412. So a browser that has the document cached is redirected, too.
    """
    response = Response(redirect_body(page), status=HTTPStatus.SEE_OTHER, mimetype="text/html")
    response.headers["Location"] = page
    response.headers.update(TO_PAGE_FIELDS)
    return response


def choose_format(accept: str | None) -> Format | None:
    """Chooses by ``Accept`` what to answer at a feed's URL without a suffix; None is the page.

    No browser names a feed's media type, so a client that does gets the document, even if it
    accepts HTML as much. A client that accepts anything gets the page, which links all formats.
    """
    offered = (*_FORMATS_BY_TYPE, HTML_TYPE)
    return _FORMATS_BY_TYPE.get(choose_type(accept, offered, default=HTML_TYPE))


def _document(
    slug: str, feed_format: Format, *, is_chosen: bool = False, is_raw: bool = False
) -> Response:
    feed = request_context().feed(slug)
    cached = app_state().document_cache.fetch(request_context().newsstand, slug, feed_format)
    if cached is None:
        raise NoEditionYet(slug)
    described = represent(
        cached, feed, is_chosen=is_chosen, is_raw=is_raw, now=request_context().now
    )
    whole = answer(cached.variants, described)
    age_s = app_state().document_cache.age_s(cached)
    if age_s is not None:
        whole.headers.update(stale_fields(age_s))
        return whole  # a delta would need the store
    if whole.status_code != HTTPStatus.OK or feed.deltas is None:
        return whole
    try:
        return answer_delta(feed, cached, described) or whole
    except StoreUnavailable:
        return whole


def represent(
    cached: CachedDocument,
    feed: Feed,
    *,
    is_chosen: bool,
    is_raw: bool = False,
    now: datetime | None = None,
) -> Representation:
    """Describes the representation of a document.

    Args:
        cached: The document.
        feed: The feed as configured now.
        is_chosen: Whether the URL has no suffix, and ``Accept`` chose the format.
        is_raw: Whether the query is ``?raw``, with which browsers get the document, too.
        now: The time; required for a feed that will change at a set time.
    """
    document = cached.document
    fields = [
        ("Cache-Control", cache_control(feed, now=now)),
        ("Vary", _vary(feed, is_chosen=is_chosen, is_raw=is_raw)),
        # From the document, not from the configuration: header and body must agree.
        ("Link", link_field([link for link in document.links if link.rel in HEADER_LINKS])),
    ]
    if is_chosen:
        # RFC 9110 8.7: the URL under which this representation is always sent.
        [own] = [link.href for link in document.links if link.rel == "self"]
        fields.append(("Content-Location", uri(own)))
    return Representation(
        revision=document.digest,
        media_type=f"{document.format.media_type}; charset=utf-8",
        length=cached.variants.length,
        codings=SMALLEST_FIRST,
        modified_at=document.modified_at,
        fields=(*fields, *OPEN_TO_ALL.items(), *NOSNIFF.items()),
    )


def _vary(feed: Feed, *, is_chosen: bool, is_raw: bool) -> str:
    if is_chosen:
        return "Accept, Accept-Encoding"
    return VARY_BY_MODE if feed.opens_as_page and not is_raw else "Accept-Encoding"


def cache_control(feed: Feed, *, now: datetime | None = None) -> str:
    """Returns how long caches may keep a document (RFC 9111 section 5.2.2, RFC 5861).

    The max-age is the feed's TTL plus some seconds, which differ between feeds and are constant for
    each: so clients that read many feeds do not request all of them at once. In minutes it equals
    ``<ttl>`` of RSS, except near a scheduled change: the max-age then ends right after the change,
    while ``<ttl>`` stays, because documents change with editions only.
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
    """Lets a reader in a browser send conditional requests (CORS), and see errors.

    A browser sends conditional fields only after a preflight request has allowed them.
    """
    response.headers.update(OPEN_TO_ALL)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
        response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


# Archive documents of feeds (RFC 5005 section 4), for readers that want all entries.

#: How long caches may keep the answer that the next archive is not closed yet.
SOON = "public, max-age=60"

archives_blueprint = Blueprint("archives", __name__)


@archives_blueprint.get("/feeds/<slug:slug>/archive/<number:number>.<format:feed_format>")
@recallable
def show_archive(slug: str, number: int, feed_format: Format) -> Response:
    """Answers with an archive document.

    Raises:
        FeedNotFound: There is no such feed.
        ArchiveNotFound: The feed has no archive with this number.
    """
    context = request_context()
    feed = context.feed(slug)
    try:
        page = context.newsstand.archive(slug, number, feed_format, now=context.now)
    except ArchiveNotFound:
        if number > 1 and number == context.newsstand.last_archive(slug) + 1:
            return _not_closed_yet(context.site.topic(slug, feed_format))
        raise
    variants = EncodedVariants(page.document.gzip, Coding.GZIP)
    return answer(variants, _represent(page, feed, variants))


def _represent(page: ArchivePage, feed: Feed, variants: EncodedVariants) -> Representation:
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
        length=variants.length,
        codings=SMALLEST_FIRST,
        modified_at=document.modified_at,
        fields=(*fields, *OPEN_TO_ALL.items(), *NOSNIFF.items()),
    )


def _not_closed_yet(current: str) -> Response:
    """Redirects to the subscription document, which has what follows the newest archive.

    The newest archive links to its successor before that is closed, because the bytes of an archive
    must not change later. The redirect is temporary (RFC 9110 15.4.8).
    """
    response = Response(status=307)
    response.headers["Location"] = current
    response.headers["Cache-Control"] = SOON
    response.headers.update(OPEN_TO_ALL)
    return response
