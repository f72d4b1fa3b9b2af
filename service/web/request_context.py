"""What a request works with: the application state as it is configured at that moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from flask import Flask, current_app, g

from feeds.categories import Catalogue
from feeds.errors import FeedNotFound
from feeds.model.feed import Feed, Site
from feeds.newsstand import Newsstand
from feeds.store.database import Database
from service.settings import Settings
from service.store_writes import StoreWrites
from service.web.assets import Assets
from service.web.document_cache import DocumentCache
from service.web.page_cache import PageCache

_EXTENSION = "communique"


class WebState(Protocol):
    """Where the application finds the current newsroom. A reload swaps both attributes."""

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds as configured now."""

    @property
    def newsstand(self) -> Newsstand:
        """Feeds out, for this catalogue."""


class HubState(Protocol):
    """Where the hub's routes find what they work with. A reload swaps all but the database."""

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds as configured now."""

    @property
    def settings(self) -> Settings:
        """The configuration as it is now."""

    @property
    def database(self) -> Database:
        """Holds subscriptions, deliveries and canaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The newsroom as one request sees it, from its first line to its last."""

    catalogue: Catalogue
    newsstand: Newsstand
    now: datetime  #: when the request came

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

    state: WebState
    document_cache: DocumentCache
    assets: Assets
    clock: Callable[[], datetime]
    pages: PageCache
    hub: HubState | None = None  #: without it there is no hub
    warnings: Callable[[], list[str]] = list  #: of a service that is ready
    writes: StoreWrites | None = None  #: is told of requests that cannot store


def init_app(app: Flask, furniture: AppState) -> None:
    """Give *app* what its routes work with. To be called once, by the application factory."""
    app.extensions[_EXTENSION] = furniture


def app_state() -> AppState:
    """Return what the current application keeps."""
    return cast(AppState, current_app.extensions[_EXTENSION])


def request_context() -> RequestContext:
    """Return the newsroom of the current request, read once: a reload must not split a page."""
    if "desk" not in g:
        state = app_state().state
        g.desk = RequestContext(
            catalogue=state.catalogue, newsstand=state.newsstand, now=app_state().clock()
        )
    return cast(RequestContext, g.desk)
