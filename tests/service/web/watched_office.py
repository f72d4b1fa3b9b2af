"""A newsroom that watches two hubs, ours and another one, and an application for it."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from feeds.model.listing import DuePing
from feeds.model.subscription import Canary, CanaryState
from feeds.store.database import Database
from service.settings import Settings
from service.web import create_app
from tests.service.web.offices import open_office
from tests.support.config_files import ConfigFolder
from tests.support.hub_books import HubBooks
from tests.support.newsrooms import NOON, SITE, catalogue, draft, later

OTHER = "https://other.example/hub?a=1"
TOPIC = SITE.topic(ALL, Format.ATOM)
TOKEN, SECRET = "t0ken_of-ours", "s3cret"


class WatchedOffice:
    """The newsroom. Its clock is set by hand, and the other hub's canary is verified."""

    def __init__(self, folder: Path) -> None:
        self.now: datetime = later(minutes=1)
        self.office = open_office(folder, catalogue(hubs=(SITE.hub, OTHER)))
        self.office.add(draft("id:1", "Finance"))
        self.office.publish()
        self.books = HubBooks(self.database)
        self._config = ConfigFolder(folder)
        self.configure({})
        self.seconds = 0.0
        self.canary = Canary(
            hub=OTHER,
            feed=ALL,
            format=Format.ATOM,
            topic=TOPIC,
            token=TOKEN,
            secret=SECRET,
            due_at=NOON,
        )
        with self.database.transaction() as tx:
            tx.canaries.create(self.canary)
        self.app = create_app(self.office.current, clock=lambda: self.now, has_hub=True)
        self.client: FlaskClient = self.app.test_client(use_cookies=False)

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self.office.settings

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.office.catalogue

    @property
    def database(self) -> Database:
        """Holds all of it."""
        return self.office.database

    def configure(self, sections: dict[str, Any]) -> None:
        """Take these sections of the main file."""
        main = {"site": {"base_url": SITE.base_url}, **sections}
        self.office.change(settings=self._config.load(json.dumps(main)))

    def verify(self) -> None:
        """Have the other hub verify our subscription, for a day, at noon."""
        with self.database.transaction() as tx:
            tx.canaries.verified(
                TOKEN,
                now=NOON,
                expires_at=later(days=1),
                renew_at=later(hours=12),
                result="verified for 24h",
            )

    def tell(self, hub: str = OTHER, *, at: datetime = NOON) -> int:
        """Have a hub accept a ping for what there is; says the edition."""

        def accept(tx: Any, ping: DuePing) -> None:
            tx.hub_tallies.add(hub, pings_sent=1, pings_accepted=1)
            tx.canaries.expect(ping, told_at=at)

        return self._with_ping(hub, accept)

    def refuse(self, hub: str = OTHER, *, at: datetime = NOON, why: str) -> int:
        """Have a hub refuse a ping for what there is; says the edition."""

        def refuse(tx: Any, ping: DuePing) -> None:
            tx.hub_tallies.add(hub, pings_sent=1)
            tx.hub_tallies.failed(hub, at=at, why=why)
            tx.pings.postpone(ping, now=at, until=later(hours=1), result=why)

        return self._with_ping(hub, refuse)

    def now_is(self) -> Canary:
        """The other hub's canary as it stands."""
        with self.database.read() as tx:
            found = tx.canaries.by_token(TOKEN)
        assert found is not None
        return found

    @property
    def state(self) -> CanaryState:
        """And its state."""
        return self.now_is().state

    def _with_ping(self, hub: str, work: Callable[[Any, DuePing], None]) -> int:
        with self.database.transaction() as tx:
            version = tx.documents.version(ALL, Format.ATOM)
            assert version is not None
            ping = DuePing(
                feed=ALL,
                format=Format.ATOM,
                hub=hub,
                edition=version.edition,
                wanted_seq=self._wanted(tx, hub),
                attempts=0,
                first_failed_at=None,
            )
            work(tx, ping)
        return version.edition

    def _wanted(self, tx: Any, hub: str) -> int:
        due: list[DuePing] = tx.pings.due(now=later(days=1))
        found = [one for one in due if (one.feed, one.format, one.hub) == (ALL, Format.ATOM, hub)]
        return found[0].wanted_seq if found else 1
