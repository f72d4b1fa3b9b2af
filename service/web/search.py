"""The search: its page, every search as a feed, and its description for browsers (OpenSearch)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound, TooManyRequests

from feeds.errors import FeedNotFound, InvalidSearch, SearchTooSlow
from feeds.model.feed import ALL, Format, Site
from feeds.model.search import SearchFault
from feeds.model.text import FORBIDDEN_IN_XML
from feeds.search.query import MAX_CHARS, as_searched
from service.http_rules import MODE_FIELD
from service.http_rules.addresses import rate_limit_key
from service.web.answers import (
    MOVED_CACHE_CONTROL,
    OPEN_TO_ALL,
    PAGE_CACHE_CONTROL,
    answer_bytes,
    last_change,
    page_date,
    redirect_body,
)
from service.web.documents import (
    VARY_BY_MODE,
    cache_control,
    leads_to_page,
    open_to_scripts,
    to_page,
)
from service.web.problems import NoEditionYet
from service.web.rate_limits import RateLimiter
from service.web.rendering import render_page
from service.web.request_context import (
    RequestContext,
    is_search_offered,
    request_context,
    requesting_client,
)
from service.web.static_files import FOR_A_DAY
from service.web.wording import local

#: A search shows what search engines find elsewhere.
NO_INDEX = {"X-Robots-Tag": "noindex"}

DESCRIPTION_TYPE = "application/opensearchdescription+xml"

_NAMES = ("q", "category", "language", "from", "to")

#: OpenSearch 1.1: "The value must contain 16 or fewer characters of plain text."
_SHORT_NAME_CHARS = 16


class SearchEndpoint:
    """Answers searches. One for each process; safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        """Makes an endpoint that has seen no client yet.

        Args:
            monotonic: A monotonic clock, in seconds.
        """
        self._buckets = RateLimiter(monotonic=monotonic)

    def answer_person(self, given: Mapping[str, str]) -> Response:
        """Answers with a page of hits; with the form alone if nothing is searched for.

        Raises:
            SearchPageNotFound: The search has no such page.
            TooManyRequests: The client sends too many searches.
        """
        if not any(given.values()):
            if request.query_string:
                return _moved(request_context().site.search)
            return _answer_page(_render(request_context(), given))
        try:
            return self._answer_search(given)
        except InvalidSearch as error:
            return _failed(given, error.fault, HTTPStatus.BAD_REQUEST)
        except SearchTooSlow:
            return _failed(given, "too_slow", HTTPStatus.SERVICE_UNAVAILABLE)

    def _answer_search(self, given: Mapping[str, str]) -> Response:
        _require_utf8()
        context = request_context()
        searches = context.newsstand.searches
        query, number = searches.read(given), _page_number()
        canonical = context.site.search_page(query.parameters, number=number)
        if not _is_canonical(canonical):
            return _moved(canonical)
        self._limit()
        date = _date_of_hits(context)
        found = searches.page(query, number=number)
        page = _render(context, given, canonical=canonical, query=query, found=found)
        return _answer_page(page, modified_at=date)

    def answer_feed(self, given: Mapping[str, str], feed_format: Format) -> Response:
        """Answers with the newest hits as a feed, or redirects a browser to the page.

        Raises:
            InvalidSearch: The search cannot be understood.
            NoEditionYet: No configuration was applied to the store yet.
            SearchTooSlow: The store gave up.
            TooManyRequests: The client sends too many searches.
        """
        _require_utf8()
        context = request_context()
        everything, searches = context.catalogue.feeds[ALL], context.newsstand.searches
        query = searches.read(given)
        canonical = context.site.search_feed(query.parameters, feed_format)
        if not _is_canonical(canonical):
            return _moved(canonical)
        if leads_to_page(everything, request.headers.get(MODE_FIELD), is_raw=False):
            return to_page(context.site.search_page(query.parameters))
        self._limit()
        date = _date_of_hits(context)
        try:
            document = searches.document(query, feed_format)
        except FeedNotFound:
            raise NoEditionYet(ALL) from None
        return answer_bytes(
            document,
            media_type=f"{feed_format.media_type}; charset=utf-8",
            cache_control=cache_control(everything),
            vary=VARY_BY_MODE if everything.opens_as_page else "Accept-Encoding",
            modified_at=date,
            fields={**OPEN_TO_ALL, **NO_INDEX},
        )

    def _limit(self) -> None:
        limits = request_context().settings.search
        wait_s = self._buckets.wait_s(
            rate_limit_key(requesting_client()),
            per_minute=limits.requests_per_minute,
            burst=limits.burst,
        )
        if wait_s:
            raise TooManyRequests(
                f"you may search {limits.requests_per_minute} times a minute", retry_after=wait_s
            )


def make_search_blueprint(*, monotonic: Callable[[], float]) -> Blueprint:
    """Makes the routes of the search.

    Args:
        monotonic: A monotonic clock, in seconds.
    """
    blueprint = Blueprint("search", __name__)
    endpoint = SearchEndpoint(monotonic=monotonic)

    @blueprint.before_request
    def find() -> None:
        if not is_search_offered():
            raise NotFound

    @blueprint.get("/search")
    def show() -> Response:
        return endpoint.answer_person(_given())

    @blueprint.get("/search.<format:feed_format>")
    def show_feed(feed_format: Format) -> Response:
        return endpoint.answer_feed(_given(), feed_format)

    @blueprint.get("/opensearch.xml")
    def describe() -> Response:
        return answer_bytes(
            write_description(request_context().site),
            media_type=f"{DESCRIPTION_TYPE}; charset=utf-8",
            cache_control=FOR_A_DAY,
        )

    @blueprint.after_request
    def open_feeds(response: Response) -> Response:
        is_feed = request.endpoint == f"{blueprint.name}.{show_feed.__name__}"
        return open_to_scripts(response) if is_feed else response

    return blueprint


def _given() -> dict[str, str]:
    """Returns the parameters of a search as sent: the first of each, without needless space."""
    return {name: as_searched(request.args.get(name, "")) for name in _NAMES}


def _require_utf8() -> None:
    """Refuses what is not in UTF-8: a search for what is left of it would find something else.

    Raises:
        InvalidSearch: A parameter is in another encoding.
    """
    for parameter in request.query_string.split(b"&"):
        try:
            unquote_to_bytes(parameter).decode()
        except UnicodeDecodeError as error:
            name = parameter.partition(b"=")[0].decode("ascii", "replace")
            reason = f"{name}: not in UTF-8, which the parameters of an address have to be in"
            raise InvalidSearch(SearchFault.ENCODING, reason) from error


def _page_number() -> int:
    """Returns the number of the page that is asked for.

    Raises:
        NotFound: It is no number.
    """
    text = request.args.get("page", "")
    if not text:
        return 1
    if not text.isascii() or not text.isdecimal() or len(text) > len("9999") or int(text) == 0:
        raise NotFound
    return int(text)


def _date_of_hits(context: RequestContext) -> datetime | None:
    """Returns when the hits of any search last changed; None if they are about to change again.

    Call this before the hits are read, so that it is never too late for them. A release is found a
    moment after it came, and the hits that have it then get no other date.
    """
    date = page_date(context, last_change(context, ALL))
    return None if context.newsstand.searches.is_behind() else date


def _is_canonical(address: str) -> bool:
    """Whether this request has the one address of its search, so that caches keep it once.

    The order of the parameters does not matter: some caches sort them.
    """
    sent = request.query_string.decode("latin-1").split("&")
    return sorted(sent) == sorted(address.partition("?")[2].split("&"))


def _moved(address: str) -> Response:
    """Redirects within the host that was asked, which may have another name than the base URL.

    A browser sends a form nowhere else, and follows no redirect elsewhere from it (CSP,
    ``form-action``).
    """
    address = local(address)
    response = Response(redirect_body(address), status=301, mimetype="text/html")
    response.headers["Location"] = address
    response.headers["Cache-Control"] = MOVED_CACHE_CONTROL
    return response


def _answer_page(page: bytes, *, modified_at: datetime | None = None) -> Response:
    return answer_bytes(
        page,
        media_type="text/html; charset=utf-8",
        cache_control=PAGE_CACHE_CONTROL,
        modified_at=modified_at,
    )


def _failed(given: Mapping[str, str], fault: str, status: HTTPStatus) -> Response:
    """Answers with the form, and with what is wrong."""
    page = _render(request_context(), given, fault=fault)
    response = Response(page, status=status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


def _render(context: RequestContext, given: Mapping[str, str], **shown: object) -> bytes:
    return render_page(
        "search.html",
        context.site.language,
        given=given,
        max_chars=MAX_CHARS,
        categories=[
            feed
            for feed in context.feeds.values()
            if feed.slug != ALL and (feed.beside is None or feed.slug == given["category"])
        ],
        languages=sorted({feed.only_in for feed in context.feeds.values() if feed.only_in}),
        **{"canonical": context.site.search, "fault": None, "query": None, "found": None, **shown},
    )


def write_description(site: Site) -> bytes:
    """Writes the description of the search for browsers and search clients.

    Source: OpenSearch 1.1 draft 6. Clients replace ``{searchTerms}`` and ``{startPage?}``.
    """
    pages = f"{site.search}?q={{searchTerms}}&page={{startPage?}}"
    urls = [("text/html", "results", pages)]
    urls += [
        (each.media_type, "results", f"{site.search}.{each}?q={{searchTerms}}") for each in Format
    ]
    urls.append((DESCRIPTION_TYPE, "self", site.open_search))
    icon = f"<Image>{_text(site.icon)}</Image>\n" if site.icon else ""
    lines = "".join(
        f"<Url type={quoteattr(media_type)} rel={quoteattr(rel)} template={quoteattr(template)}/>\n"
        for media_type, rel, template in urls
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">\n'
        f"<ShortName>{_text(site.title[:_SHORT_NAME_CHARS].strip())}</ShortName>\n"
        f"<Description>{_text(site.title)}</Description>\n"
        f"{icon}{lines}"
        "<InputEncoding>UTF-8</InputEncoding>\n"
        "<OutputEncoding>UTF-8</OutputEncoding>\n"
        "</OpenSearchDescription>\n"
    ).encode()


def _text(text: str) -> str:
    return escape(FORBIDDEN_IN_XML.sub("", text))
