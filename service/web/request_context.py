"""What a request works with: the application state as it is configured at that moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g, request

from feeds.categories import Catalogue
from feeds.errors import FeedNotFound
from feeds.model.feed import Feed, Site
from feeds.newsstand import Newsstand
from feeds.store.database import Database
from service.application import Application, CurrentApplication
from service.settings import Settings
from service.web.assets import Assets
from service.web.document_cache import DocumentCache
from service.web.page_cache import PageCache

_EXTENSION = "communique"

#: Where the WSGI environment carries the `Application` that a layer in front has read.
APPLICATION_KEY = "communique.application"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What one request works with, from its first line to its last."""

    application: Application
    now: datetime  #: when the request came

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.application.catalogue

    @property
    def newsstand(self) -> Newsstand:
        """Feeds out."""
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
        """The feeds that there are, by slug: without those that ended and are gone."""
        feeds = self.catalogue.feeds
        return {slug: feed for slug, feed in feeds.items() if not feed.is_gone(self.now)}

    @property
    def site(self) -> Site:
        """The newsroom around the feeds."""
        return self.catalogue.site

    def feed(self, slug: str) -> Feed:
        """Return the feed that is configured under *slug*.

        Raises:
            FeedNotFound: There is none.
        """
        try:
            return self.catalogue.feeds[slug]
        except KeyError:
            raise FeedNotFound(slug) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """What the application keeps from request to request."""

    current: CurrentApplication
    document_cache: DocumentCache
    assets: Assets
    clock: Callable[[], datetime]
    pages: PageCache
    has_hub: bool = False  #: whether the hub's routes are there
    warnings: Callable[[], list[str]] = list  #: of a service that is ready


def init_app(app: Flask, furniture: AppState) -> None:
    """Give *app* what its routes work with. To be called once, by the application factory."""
    app.extensions[_EXTENSION] = furniture


def app_state() -> AppState:
    """Return what the current application keeps."""
    return cast(AppState, current_app.extensions[_EXTENSION])


def request_context() -> RequestContext:
    """Return what the current request works with, read once: a reload must not split a page.

    `CacheMiddleware` has read the application before, where it stands in front.
    """
    if "context" not in g:
        application = request.environ.get(APPLICATION_KEY) or app_state().current.application
        g.context = RequestContext(application=application, now=app_state().clock())
    return cast(RequestContext, g.context)
