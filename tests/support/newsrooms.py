"""Small newsrooms for tests: a catalogue, drafts, a clock that is set by hand."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules
from feeds.model.feed import ALL, Category, Feed, Format, Site, Window
from feeds.model.intake import Intake, Refusal
from feeds.model.release import Content, Draft, Origin, Person, ReleaseId, SourceKey
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.redirects import RedirectMap
from feeds.store.database import Database
from feeds.store.search_upkeep import index_marked
from service.application import Application, CurrentApplication
from service.settings import Settings, redirect_rules
from service.store_clock import machine_clock
from tests.support import applied_catalogues

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OFFICE = Person(name="Press Office", email="press@example.org")
SITE = Site(base_url="https://news.example.org", title="Example News", language="en", author=OFFICE)
RULES = IntakeRules(
    base_url=SITE.home, language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(9)
)
COOPERATION = "International, regional, and subregional cooperation"


@cache
def default_settings() -> Settings:
    """A configuration with no more than what it must have."""
    return Settings.model_validate({"site": {"base_url": SITE.base_url}, "categories": []})


def later(**units: float) -> datetime:
    """A moment after noon."""
    return NOON + timedelta(**units)


def feed(slug: str, *any_of: str, **settings: object) -> Feed:
    """A feed; of the category of its own slug, unless told otherwise."""
    described = Feed(
        slug=slug,
        title=slug.capitalize(),
        description=f"About {slug}.",
        language="en",
        author=OFFICE,
        any_of=any_of or (() if slug == ALL else (slug,)),
    )
    return replace(described, **settings)  # type: ignore[arg-type]


def catalogue(
    categories: Iterable[Category] = (), feeds: Iterable[Feed] = (), **settings: object
) -> Catalogue:
    """A catalogue with a feed of everything, one for each category, and *feeds*."""
    own = list(categories) or [
        Category(slug="cooperation", title=COOPERATION),
        Category(slug="finance", title="Finance", names=("Money",)),
        Category(slug="health", title="Health"),
    ]
    made = [feed(ALL, **settings), *(feed(category.slug, **settings) for category in own)]
    return Catalogue(SITE, own, [*made, *feeds])


def draft(
    key: str = "id:1", *names: str, title: str = "A treaty is signed", **content: object
) -> Draft:
    """A document that was read."""
    written = Content(
        title=title,
        body="<p>It was signed today.</p>",
        summary="It was signed today.",
        language="en",
        published=NOON - timedelta(hours=1),
        category_names=names,
    )
    return Draft(
        source_key=SourceKey(key),
        origin=Origin(document=f"{key.partition(':')[2]}.json"),
        content=replace(written, **content),  # type: ignore[arg-type]
    )


def counting_ids() -> Callable[[], ReleaseId]:
    """Ids that are the same in every run of a test."""
    numbers = count(1)
    return lambda: ReleaseId(uuid5(NAMESPACE_URL, str(next(numbers))).urn)


class Office:
    """A newsroom and a newsstand over one database, as one process has them."""

    def __init__(self, database: Database, described: Catalogue | None = None) -> None:
        self.database = database
        self.settings = default_settings()
        self._mint_id = counting_ids()
        self.current = CurrentApplication(self._build(described or catalogue()))
        applied_catalogues.apply(
            database, self.catalogue, self.newsroom, mint_id=self._mint_id, now=NOON
        )

    def configure(self, described: Catalogue, *, now: datetime) -> int:
        """Apply a configuration; says how many releases were refiled."""
        self.current.application = self._build(described)
        return self.newsroom.apply_catalogue(now=now)

    def change(self, **components: Any) -> None:
        """Swap some components of the application, such as ``settings`` or ``rules``."""
        self.settings = components.get("settings", self.settings)
        self.current.application = replace(self.current.application, **components)

    @property
    def application(self) -> Application:
        """What is in force."""
        return self.current.application

    def _build(self, described: Catalogue) -> Application:
        self.catalogue = described
        self.newsroom = Newsroom(self.database, described, mint_id=self._mint_id)
        self.newsstand = Newsstand(self.database, described)
        return Application(
            settings=self.settings,
            database=self.database,
            catalogue=described,
            rules=RULES,
            newsroom=self.newsroom,
            newsstand=self.newsstand,
            redirects=RedirectMap(redirect_rules(self.settings), described),
            clock=machine_clock,
            measure=list,
        )

    def add(self, *drafts: Draft, now: datetime = NOON) -> list[Intake]:
        """Take in documents that are all accepted."""
        outcomes = self.newsroom.take_in(drafts, now=now)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        return [outcome for outcome in outcomes if isinstance(outcome, Intake)]

    def index(self) -> None:
        """Index the words of all releases that came, as the job process does."""
        while index_marked(self.database):
            pass

    def publish(self, *, now: datetime = NOON) -> dict[str, int]:
        """Regenerate what is stale; says the new edition of each feed that got one."""
        stale = self.newsstand.stale(now=now, worker="test")
        made = self.newsstand.regenerate(stale, now=now, worker="test")
        return {edition.feed: edition.number for edition in made if edition.changed}  # type: ignore[union-attr]


def tell_hubs(database: Database, *, now: datetime) -> list[tuple[str, Format]]:
    """Tell every hub what is due; says the topics in the order of the pushes."""
    with database.transaction() as tx:
        due = tx.pings.due(now=now)
        for ping in due:
            tx.pings.accepted(ping, now=now, result="202")
    return [(ping.feed, ping.format) for ping in due]


WINDOW_OF_TWO = Window(entries=2, days=1, bytes=1_000_000)
