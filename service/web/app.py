"""The application factory: blueprints, address converters, feeds that moved."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from flask import Flask, Response, request
from jinja2 import StrictUndefined
from werkzeug.routing import BaseConverter

from feeds.model.feed import Format
from service.store_writes import StoreWrites
from service.web import (
    canary,
    documents,
    health,
    operators,
    opml,
    pages,
    problems,
    sitemaps,
    static_files,
)
from service.web import subscribing as cloud_room
from service.web import subscribing as hub_room
from service.web.answers import OPEN_TO_ALL, alternate_service_note, harden
from service.web.api import ApiState, make_blueprint
from service.web.assets import load_assets
from service.web.document_cache import DocumentCache
from service.web.page_cache import PageCache
from service.web.problems import FeedGone
from service.web.request_context import AppState, HubState, WebState, init_app, request_context
from service.web.subscribing import SubscriptionEndpoint

# Converters for the parts of an address that vary.


class SlugConverter(BaseConverter):
    """A slug of ours. What no slug can be is not found before the store is asked.

    PostgreSQL raises on a NUL in a text parameter; nobody's slug is longer than 200 characters.
    """

    regex = r"[^/\x00-\x1f\x7f]{1,200}"


class FormatConverter(BaseConverter):
    """The suffix of a document's address."""

    regex = "|".join(Format)

    def to_python(self, value: str) -> Format:
        """Return the format that the suffix names."""
        return Format(value)

    def to_url(self, value: str) -> str:
        """Return the suffix."""
        return Format(value).value


class KeyConverter(BaseConverter):
    """What a release is known by to its sender: anything, slashes too. See `SlugConverter`."""

    regex = r"[^\x00-\x1f\x7f]{1,2000}"
    part_isolating = False


class NumberConverter(BaseConverter):
    """A number from 1, written in one way only: another spelling would be another address."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


def register_converters(app: Flask) -> None:
    """Teach *app* our converters, and no redirects.

    Werkzeug would answer ``//feeds/all`` with a redirect whose host comes from the request.
    """
    app.url_map.converters["slug"] = SlugConverter
    app.url_map.converters["format"] = FormatConverter
    app.url_map.converters["key"] = KeyConverter
    app.url_map.converters["number"] = NumberConverter
    app.url_map.merge_slashes = False


# Addresses of feeds that went elsewhere, or are gone.
#
# Asked before any route is: whatever there may be below a feed's address, it moves and goes with
# it.

#: RFC 9110 15.4.2 lets caches keep a 301 as long as they like. Ops may take a rename back, and
#: who kept the way there would then go in circles: an hour.
MOVED_CACHE_CONTROL = "public, max-age=3600"

#: A slug of ours has no dot: what follows one is the suffix of a document.
_ADDRESS = re.compile(rf"/feeds/([^/.]+)((?:\.(?:{'|'.join(Format)}))?|/.*)", re.DOTALL)


def answer_moved_feeds(app: Flask) -> None:
    """Let *app* ask here first."""
    app.before_request(_answer)


def _answer() -> Response | None:
    """Answer for a feed that moved; None lets the routes answer.

    Raises:
        FeedGone: The feed ended, and its farewell is over.
    """
    found = _ADDRESS.fullmatch(request.path)
    if found is None or request.method not in ("GET", "HEAD"):
        return None
    slug, rest = found.groups()
    room = request_context()
    moved_to = room.catalogue.slugs_by_former.get(slug)
    feed = room.catalogue.feeds.get(moved_to or slug)
    if feed is None:
        return None
    # Not by way of the new address, which would be told the same in a second step.
    if feed.ending is not None and feed.is_gone(room.now):
        raise FeedGone(feed.slug, feed.language, feed.ending)
    return None if moved_to is None else _moved(room.site.feed_page(moved_to) + quote(rest))


def _moved(address: str) -> Response:
    """Lead to the same thing under the feed's new slug (RFC 9110 section 15.4.2).

    The address is made of the configured base URL, never of the request's host; its query is
    dropped, as there is none that means anything.
    """
    response = Response(alternate_service_note(address), status=301, mimetype="text/html")
    response.headers["Location"] = address
    response.headers["Cache-Control"] = MOVED_CACHE_CONTROL
    response.headers.update(OPEN_TO_ALL)
    return response


# The application factory.


def utc_now() -> datetime:
    """The clock of a service that runs."""
    return datetime.now(UTC)


def create_app(
    state: WebState,
    document_cache: DocumentCache | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    api: ApiState | None = None,
    hub: HubState | None = None,
    warnings: Callable[[], list[str]] = list,
    writes: StoreWrites | None = None,
) -> Flask:
    """Make the application that serves the newsroom in *state*.

    Args:
        state: Asked for catalogue and newsstand once in each request, so that a reload takes
            effect with the next one.
        document_cache: Documents in memory; shared with `CacheMiddleware`. None makes one.
        clock: Asked once in each request: feeds end by it, and it tells which releases are news.
        api: The newsroom that is published through over HTTP; without it there is no API.
        hub: What the built-in hub works with; without it there is none.
        warnings: What ``/readyz`` tells besides, of a service that is ready.
        writes: Is told of requests that cannot store what they have to.

    Returns:
        A WSGI application. It keeps no session and sets no cookie.
    """
    app = Flask("service.web", static_folder=None)
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    document_cache = document_cache or DocumentCache()
    kept = AppState(
        state=state,
        document_cache=document_cache,
        assets=load_assets(),
        clock=clock,
        pages=PageCache(),
        hub=hub,
        warnings=warnings,
        writes=writes,
    )
    init_app(app, kept)
    register_converters(app)
    pages.register_filters(app)
    problems.catch_all(app)
    answer_moved_feeds(app)
    for room in (documents, documents, pages, opml, sitemaps, health, static_files):
        app.register_blueprint(room.blueprint)
    if api is not None:
        app.register_blueprint(make_blueprint(api, clock=clock))
    if hub is not None:
        reception = SubscriptionEndpoint(hub)
        app.register_blueprint(hub_room.make_hub_blueprint(reception))
        app.register_blueprint(cloud_room.make_rsscloud_blueprint(hub, reception))
        app.register_blueprint(canary.blueprint)
        app.register_blueprint(operators.make_status_blueprint(hub, seconds=time.monotonic))
        app.register_blueprint(operators.make_metrics_blueprint(hub, seconds=time.monotonic))
    app.after_request(harden)
    return app
