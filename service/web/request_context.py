"""The context of a request, and the state that the Flask application keeps between requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g, request

from feeds.categories import Catalogue
from feeds.errors import FeedNotFound
from feeds.model.feed import Feed, Site
from feeds.newsstand import Newsstand
from feeds.store.database import Database
from service.application import Application, CurrentApplication
from service.http_rules.addresses import client_address
from service.settings import Settings
from service.store_writes import StoreWrites
from service.web.document_cache import DocumentCache
from service.web.looks import LooksCache
from service.web.page_cache import PageCache
from service.web.redirect_uses import RedirectCounter

_EXTENSION = "communique"

#: The key in the WSGI environment of the `Application` that `CacheMiddleware` has read.
APPLICATION_KEY = "communique.application"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The application and the time that one request uses from its beginning to its end."""

    application: Application
    now: datetime  #: when the request arrived

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.application.catalogue

    @property
    def newsstand(self) -> Newsstand:
        """The newsstand: feeds out."""
        return self.application.newsstand

    @property
    def database(self) -> Database:
        """The store."""
        return self.application.database

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self.application.settings

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The public feeds, by slug: without those that ended and are gone."""
        return self.catalogue.public_feeds(self.now)

    @property
    def site(self) -> Site:
        """The site that publishes the feeds."""
        return self.catalogue.site

    def feed(self, slug: str) -> Feed:
        """Returns the feed that is configured under *slug*.

        Raises:
            FeedNotFound: No feed has this slug.
        """
        try:
            return self.catalogue.feeds[slug]
        except KeyError:
            raise FeedNotFound(slug) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """What the Flask application keeps from request to request."""

    current: CurrentApplication
    document_cache: DocumentCache
    looks: LooksCache
    clock: Callable[[], datetime]
    pages: PageCache
    warnings: Callable[[], list[str]] = list  #: returns further warnings for ``/readyz``
    writes: StoreWrites | None = None  #: records requests that cannot store
    redirects: RedirectCounter = field(default_factory=RedirectCounter)  #: counts their uses


def init_app(app: Flask, state: AppState) -> None:
    """Stores the state of *app*. The application factory calls this once."""
    app.extensions[_EXTENSION] = state


def app_state() -> AppState:
    """Returns the state of the current Flask application."""
    return cast(AppState, current_app.extensions[_EXTENSION])


def request_context() -> RequestContext:
    """Returns the context of the current request.

    It is made once a request, so that a reload cannot mix two configurations in one page. The
    application is the one that `CacheMiddleware` has read for this request, if there is one.
    """
    if "context" not in g:
        application = request.environ.get(APPLICATION_KEY) or app_state().current.application
        g.context = RequestContext(application=application, now=app_state().clock())
    return cast(RequestContext, g.context)


def is_search_offered() -> bool:
    """Whether pages have a search: an export has none."""
    return "search" in current_app.blueprints and request_context().settings.search.offered


def requesting_client() -> str:
    """Returns the address of the client: behind trusted proxies, the one that they forward for."""
    return client_address(
        request.environ.get("REMOTE_ADDR", ""),
        request.environ.get("HTTP_X_FORWARDED_FOR"),
        request_context().settings.http.trusted_proxies,
    )
