"""Fixtures: a newsroom that carries the feeds of a real server, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from feeds.model.release import Release
from feeds.model.upstream import PollResult, Upstream
from feeds.store.database import Database
from service.settings import Settings
from service.wiring import upstream_poller
from tests.support.newsrooms import NOON, SITE, Office, catalogue, later, tell_hubs
from tests.support.upstream_server import UpstreamServer, upstream_server

#: The hub of all its feeds: what is news is told there.
HUB = "https://hub.example.net/"


class CarryingOffice(Office):
    """A newsroom with upstreams, and a clock that is set by hand."""

    def __init__(self, database: Database, server: UpstreamServer) -> None:
        super().__init__(database, catalogue(hubs=(HUB,)))
        self.server = server
        self.now = NOON
        self.change(clock=lambda: self.now)
        # The feeds themselves are news once.
        self.publish()
        tell_hubs(database, now=later(minutes=1))

    def carry(self, *upstreams: dict[str, Any], **settings: Any) -> None:
        """Configure upstreams; one without more is that of ``/feed``."""
        usual = {"slug": "council", "url": self.server.url("/feed"), "categories": ["finance"]}
        categories = [
            {"slug": one.slug, "title": one.title} for one in self.catalogue.categories.values()
        ]
        self.change(
            settings=Settings.model_validate(
                {
                    "site": {"base_url": SITE.base_url},
                    "categories": categories,
                    "outbound": {"allow_networks": ["127.0.0.0/8"]},
                    "upstreams": [usual | one for one in upstreams or [{}]],
                    **settings,
                }
            )
        )
        upstream_poller(self.application, worker="test")  # which configures the store

    def poll(self, *slugs: str, timeout_s: float = 20.0) -> dict[str, PollResult]:
        """Poll what is due, or these."""
        poller = upstream_poller(self.application, worker="test", timeout_s=timeout_s)
        return {one.slug: one for one in poller.run(slugs=slugs or None)}

    def poll_next(self, slug: str = "council") -> PollResult:
        """Poll one when it is due next."""
        self.now = max(self.now, self.state(slug).due_at)
        return self.poll()[slug]

    def pass_time(self, **units: float) -> None:
        """Let time pass."""
        self.now += timedelta(**units)

    def state(self, slug: str = "council") -> Upstream:
        """The upstream as stored."""
        with self.database.read() as tx:
            found = tx.upstreams.by_slug(slug)
        assert found is not None
        return found

    def releases(self) -> dict[str, Release]:
        """All releases, by title."""
        listed = self.newsroom.releases(limit=1000)
        return {one.release.content.title: one.release for one in listed}

    def feeds_of(self, title: str) -> set[str]:
        """The feeds that a release is in."""
        return {
            slug
            for one in self.newsroom.releases(limit=1000)
            if one.release.content.title == title
            for slug in one.feeds
        }

    def pings_wanted(self) -> set[str]:
        """The feeds for which pings were requested, and not sent yet."""
        with self.database.read() as tx:
            return {one.feed for one in tx.pings.listed() if one.state != "told"}


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    """Somebody else's server."""
    with upstream_server() as running:
        yield running


@pytest.fixture
def office(database: Database, server: UpstreamServer) -> CarryingOffice:
    """A newsroom that carries ``/feed`` of the server."""
    made = CarryingOffice(database, server)
    made.carry()
    return made


@pytest.fixture
def start() -> datetime:
    """When the newsroom begins."""
    return NOON
