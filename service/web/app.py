"""The application factory: blueprints, URL converters, feeds that moved or ended."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from flask import Flask, Response, request
from jinja2 import StrictUndefined
from werkzeug.routing import BaseConverter

from feeds.model.feed import ALL, Format
from feeds.model.medium import DIGEST
from feeds.model.months import Month
from service.application import CurrentApplication
from service.logs import get_logger
from service.store_writes import StoreWrites
from service.web import (
    canary,
    documents,
    health,
    media,
    months,
    operators,
    opml,
    pages,
    problems,
    reader_check,
    sitemaps,
    static_files,
    upstream_callback,
)
from service.web.answers import MOVED_CACHE_CONTROL, OPEN_TO_ALL, harden, redirect_body
from service.web.api import make_blueprint
from service.web.desk import desk
from service.web.document_cache import DocumentCache
from service.web.looks import LooksCache, TemplateFault
from service.web.page_cache import PageCache
from service.web.problems import FeedGone
from service.web.redirect_uses import RedirectCounter
from service.web.redirects import answer_old_addresses
from service.web.rendering import prepare_templates
from service.web.request_context import AppState, init_app, request_context
from service.web.search import make_search_blueprint
from service.web.subscribing import (
    SubscriptionEndpoint,
    make_hub_blueprint,
    make_rsscloud_blueprint,
)

_log = get_logger(__name__)

# Converters for the variable parts of a URL.


class SlugConverter(BaseConverter):
    """A slug. Anything that cannot be one gets a 404 without a query.

    PostgreSQL raises an error on a NUL in a text parameter, and no slug exceeds 200 characters.
    """

    regex = r"[^/\x00-\x1f\x7f]{1,200}"


class FormatConverter(BaseConverter):
    """The suffix of a document's URL."""

    regex = "|".join(Format)

    def to_python(self, value: str) -> Format:
        """Returns the format that the suffix names."""
        return Format(value)

    def to_url(self, value: str) -> str:
        """Returns the suffix."""
        return Format(value).value


class KeyConverter(BaseConverter):
    """The sender's key of a release: any text, slashes included. See `SlugConverter`."""

    regex = r"[^\x00-\x1f\x7f]{1,2000}"
    part_isolating = False


class NumberConverter(BaseConverter):
    """A number from 1, without leading zeros: another spelling would be another URL."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Returns the number."""
        return int(value)


class MonthConverter(BaseConverter):
    """A month of a year: ``2026/11``. Another spelling would be another URL."""

    regex = r"(?!0000)[0-9]{4}/(?:0[1-9]|1[0-2])"
    part_isolating = False

    def to_python(self, value: str) -> Month:
        """Returns the month."""
        year, number = value.split("/")
        return Month(int(year), int(number))

    def to_url(self, value: Month) -> str:
        """Returns the month as URLs have it."""
        return value.path


class DigestConverter(BaseConverter):
    """The digest of a file that is stored here."""

    regex = DIGEST.pattern


class LanguageConverter(BaseConverter):
    """A language (BCP 47)."""

    regex = r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*"


def register_converters(app: Flask) -> None:
    """Registers the converters in *app*, and turns off Werkzeug's merging of slashes.

    With it, Werkzeug answers ``//feeds/all`` with a redirect whose host comes from the request.
    """
    app.url_map.converters["slug"] = SlugConverter
    app.url_map.converters["format"] = FormatConverter
    app.url_map.converters["key"] = KeyConverter
    app.url_map.converters["number"] = NumberConverter
    app.url_map.converters["month"] = MonthConverter
    app.url_map.converters["digest"] = DigestConverter
    app.url_map.converters["language"] = LanguageConverter
    app.url_map.merge_slashes = False


# Feeds that moved or ended. This is checked before any route, because everything below the URL of
# a feed moves and ends with it.

#: A slug has no dot: what follows a dot is the suffix of a document.
_FEED_URL = re.compile(rf"/feeds/([^/.]+)((?:\.(?:{'|'.join(Format)}))?|/.*)", re.DOTALL)

#: The months of the feed of everything have shorter addresses.
_MONTH = re.compile(rf"/{MonthConverter.regex}(?:/.*)?", re.DOTALL)


def answer_moved_feeds(app: Flask) -> None:
    """Makes *app* check for moved and ended feeds before its routes."""
    app.before_request(_answer)


def _answer() -> Response | None:
    """Answers for a feed that moved, or the base URL without its slash; None lets routes answer.

    Raises:
        FeedGone: The feed ended, and the time for its last entry is over.
    """
    found = _FEED_URL.fullmatch(request.path)
    if request.method not in ("GET", "HEAD"):
        return None
    if request.root_path and not request.environ["PATH_INFO"]:
        return _moved(request_context().site.home)
    if found is None:
        return None
    slug, rest = found.groups()
    context = request_context()
    moved_to = context.catalogue.slugs_by_former.get(slug)
    feed = context.catalogue.feeds.get(moved_to or slug)
    if feed is None:
        return None
    # A renamed feed that is gone gets its 410 at once, not a redirect to a 410.
    if feed.ending is not None and feed.is_gone(context.now):
        raise FeedGone(feed.slug, feed.language, feed.ending)
    if slug == ALL and _MONTH.fullmatch(rest):
        return _moved(context.site.releases_page + quote(rest))
    return None if moved_to is None else _moved(context.site.feed_page(moved_to) + quote(rest))


def _moved(address: str) -> Response:
    """Redirects to the same resource under the feed's new slug (RFC 9110 section 15.4.2).

    The URL is made from the configured base URL, never from the request's host. The query is
    dropped.
    """
    response = Response(redirect_body(address), status=301, mimetype="text/html")
    response.headers["Location"] = address
    response.headers["Cache-Control"] = MOVED_CACHE_CONTROL
    response.headers.update(OPEN_TO_ALL)
    return response


# The application factory.


def utc_now() -> datetime:
    """Returns the current time in UTC."""
    return datetime.now(UTC)


def log_template_fault(fault: TemplateFault) -> None:
    """Logs that a page was made of the shipped templates instead."""
    _log.error(
        "template failed", file=fault.path, line=fault.line, reason=fault.reason,
        effect="the page is made of the shipped templates",
    )  # fmt: skip


def create_app(
    current: CurrentApplication,
    document_cache: DocumentCache | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    routes: Flask | None = None,
    has_api: bool = False,
    has_desk: bool = False,
    has_hub: bool = False,
    has_search: bool = False,
    warnings: Callable[[], list[str]] = list,
    writes: StoreWrites | None = None,
    on_template_fault: Callable[[TemplateFault], None] = log_template_fault,
    redirects: RedirectCounter | None = None,
) -> Flask:
    """Makes the Flask application that serves the newsroom of *current*.

    Args:
        current: Read once in each request, so that a reload takes effect with the next request.
        document_cache: Documents in memory; shared with `CacheMiddleware`. None makes a new cache.
        clock: Read once in each request. It decides when feeds end and which releases are news.
        routes: What `make_routes` returned, for this application alone. None makes them, with
            the parts that the next four say.
        has_api: See `make_routes`.
        has_desk: See `make_routes`.
        has_hub: See `make_routes`.
        has_search: See `make_routes`.
        warnings: Returns the warnings that ``/readyz`` adds to its own.
        writes: Records requests that cannot store what they have to.
        on_template_fault: Called when a template of the newsroom's own fails.
        redirects: Counts uses of redirects; shared with `CacheMiddleware`. None makes a new one.

    Returns:
        A WSGI application. It sets no cookies but those of the desk.
    """
    app = routes or make_routes(
        has_api=has_api, has_desk=has_desk, has_hub=has_hub, has_search=has_search
    )
    state = AppState(
        current=current,
        document_cache=document_cache or DocumentCache(),
        looks=LooksCache(app, on_template_fault),
        clock=clock,
        pages=PageCache(),
        warnings=warnings,
        writes=writes,
        redirects=redirects or RedirectCounter(),
    )
    init_app(app, state)
    return app


@cache
def shared_routes() -> Flask:
    """Returns the routes of a whole service, with the public templates compiled.

    The supervisor calls this before it forks: each web process that compiled them itself would take
    some 5 MiB more.
    """
    app = make_routes(has_api=True, has_desk=True, has_hub=True, has_search=True)
    for name in app.jinja_env.list_templates(filter_func=lambda name: "/" not in name):
        app.jinja_env.get_template(name)
    return app


def make_routes(
    *,
    has_api: bool = False,
    has_desk: bool = False,
    has_hub: bool = False,
    has_search: bool = False,
) -> Flask:
    """Makes a Flask application that knows its routes and templates, but no newsroom.

    It opens nothing and starts no thread, so that a process may fork after it.

    Args:
        has_api: Whether releases can be published over HTTP.
        has_desk: Whether to serve the pages of the press office.
        has_hub: Whether to serve the built-in hub, its status and the metrics.
        has_search: Whether releases can be searched.
    """
    app = Flask("service.web", static_folder=None)
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    register_converters(app)
    prepare_templates(app)
    problems.catch_all(app)
    answer_old_addresses(app)
    answer_moved_feeds(app)
    for module in (documents, media, pages, months, opml, sitemaps, health, static_files):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(documents.archives_blueprint)
    app.register_blueprint(reader_check.blueprint)
    if has_api:
        app.register_blueprint(make_blueprint())
    if has_desk:
        app.register_blueprint(desk.blueprint)
    if has_hub:
        endpoint = SubscriptionEndpoint()
        app.register_blueprint(make_hub_blueprint(endpoint))
        app.register_blueprint(make_rsscloud_blueprint(endpoint))
        app.register_blueprint(canary.blueprint)
        app.register_blueprint(upstream_callback.blueprint)
        app.register_blueprint(operators.make_status_blueprint(monotonic=time.monotonic))
        app.register_blueprint(operators.make_metrics_blueprint(monotonic=time.monotonic))
        app.register_blueprint(operators.make_redirects_blueprint())
    if has_search:
        app.register_blueprint(make_search_blueprint(monotonic=time.monotonic))
    app.after_request(harden)
    return app
