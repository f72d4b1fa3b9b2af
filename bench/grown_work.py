"""What a grown newsroom does, piece by piece, in this process."""

from dataclasses import replace
from functools import partial
from random import Random
from uuid import uuid4

from bench.figure import Unmeasurable
from bench.grown import Grown
from bench.processor import Processors
from bench.samples import press_office
from feeds.model.feed import ALL, Format
from feeds.model.intake import Intake
from feeds.model.months import places_of
from feeds.model.release import Draft, SourceKey
from feeds.store.search_upkeep import index_marked
from service.application import Application, CurrentApplication
from service.web import create_app
from service.wiring import build_application

#: A turn does so much of a kind: one piece takes less time than a busy machine's hiccup.
RELEASES_A_TURN, ARCHIVES_A_TURN, PAGES_A_TURN = 10, 5, 5


class Work:
    """One newsroom, and the turns of its work. Each says milliseconds of processors for a piece."""

    def __init__(self, newsroom: Grown, application: Application, processors: Processors) -> None:
        self._newsroom = newsroom
        self._application = application
        self._processors = processors
        self._random = Random(newsroom.crowd.categories)  # the same at every run
        self._write = press_office()
        # One client asks for everything here, and may search as often as it likes.
        settings = application.settings
        search = settings.search.model_copy(update={"requests_per_minute": 100_000})
        asked = replace(application, settings=settings.model_copy(update={"search": search}))
        app = create_app(CurrentApplication(asked), has_search=True)
        self._client = app.test_client(use_cookies=False)

    def release(self) -> float:
        """Take in releases, each in another category, with all editions and words."""
        return self._processors.worked_ms(*[self._release] * RELEASES_A_TURN)

    def cold_release(self) -> float:
        """The same, when nothing of the feeds is in memory: as where there are very many."""

        def release() -> None:
            self._application.newsstand.forget()
            self._release()

        return self._processors.worked_ms(*[release] * RELEASES_A_TURN)

    def archive(self) -> float:
        """Ask for archive documents, nearly all of them for the first time."""
        return self._processors.worked_ms(*[self._archive] * ARCHIVES_A_TURN)

    def archive_again(self) -> float:
        """Ask for one that is stored."""
        newsstand, now = self._application.newsstand, self._application.clock()
        ask = partial(newsstand.archive, ALL, 1, Format.ATOM, now=now)
        ask()
        return self._processors.worked_ms(*[ask] * PAGES_A_TURN)

    def months(self) -> float:
        """Ask for the latest page of the fullest month, its middle and its first."""
        newsstand, site = self._application.newsstand, self._application.catalogue.site
        fullest = max(newsstand.months(ALL).listed(), key=lambda month: month.releases)
        places = list(places_of(fullest, None))
        chosen = [places[0], places[len(places) // 2], places[-1]]
        paths = [site.month_page(ALL, place.path) for place in chosen]
        return self._processors.worked_ms(*[partial(self._get, path) for path in paths])

    def page(self, path: str) -> float:
        """Ask for a page."""
        return self._processors.worked_ms(*[partial(self._get, path)] * PAGES_A_TURN)

    def page_of_all(self, path: str) -> float:
        """Ask for a page that lists all feeds. For each of them."""
        return self._processors.worked_ms(partial(self._get, path)) / self._newsroom.feeds

    def parse(self) -> float:
        """Read and check both files. For each feed."""
        return self._processors.worked_ms(lambda: self._newsroom.settings) / self._newsroom.feeds

    def build(self) -> float:
        """Build what a web worker works with. For each feed."""
        settings, database = self._application.settings, self._application.database
        took = self._processors.worked_ms(lambda: build_application(settings, database))
        return took / self._newsroom.feeds

    def apply(self) -> float:
        """Apply what has been applied, as each start does. For each feed."""
        again = build_application(self._application.settings, self._application.database)
        now = self._application.clock()
        took = self._processors.worked_ms(lambda: again.newsroom.apply_catalogue(now=now))
        return took / self._newsroom.feeds

    def _release(self) -> None:
        application, now = self._application, self._application.clock()
        draft = a_draft(self._write(self._random.choice(self._newsroom.crowd.slugs)))
        draft = replace(draft, content=replace(draft.content, published=now))
        [outcome] = application.newsroom.take_in([draft], now=now)
        if not isinstance(outcome, Intake):
            raise Unmeasurable(f"a release was refused: {outcome}")
        stale = application.newsstand.stale(now=now)
        application.newsstand.regenerate(stale, now=now, worker="bench")
        if len(stale) != 2:
            raise Unmeasurable(f"{stale} were stale")
        while index_marked(application.database):
            pass

    def _archive(self) -> None:
        newsstand = self._application.newsstand
        slug = self._random.choice([ALL, self._random.choice(self._newsroom.crowd.slugs)])
        number = self._random.randint(1, newsstand.last_archive(slug))
        chosen = self._random.choice(list(Format))
        newsstand.archive(slug, number, chosen, now=self._application.clock())

    def _get(self, path: str) -> None:
        answer = self._client.get(path, headers={"Accept": "text/html"})
        if answer.status_code != 200:
            raise Unmeasurable(f"{path}: {answer.status}")


def a_draft(sample: Draft) -> Draft:
    """A release as short as those that stores are filled with."""
    content = replace(
        sample.content,
        title="We announce something",
        body="<p>It is announced today. More will be said in time.</p>",
        summary="",
        enclosures=(),
        updated=None,
    )
    return replace(sample, content=content, source_key=SourceKey(f"new:{uuid4()}"))
