"""What a page of a month costs in a large store: the releases of ``all`` in one month.

The same pages are asked of a store of 1,000,000 releases and of one of 10,000 in the same 250 days:
a month has a hundred times as many in the large one, and a page as many in both. One in a hundred
is retracted. The latest page is asked for, and the first and the middle part of the fullest month.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import update

from bench.crowd import Crowd
from bench.figure import Figure, Unmeasurable, tell
from bench.office import OPENING
from bench.rounds import medians_ms, rounds_at, timed_ms
from feeds.model.feed import ALL
from feeds.model.months import places_of
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.schema import releases
from service.application import Application, CurrentApplication
from service.settings import Settings
from service.web import create_app
from service.wiring import build_application

#: The releases of a category are spread over 250 days, however many there are.
RELEASES_A_CATEGORY = 1_000
LARGE, SMALL = 1_000, 10  #: categories

ROUNDS = 51

_RETRACT = update(releases).where(releases.c.source_key.endswith("00"))
_RETRACT = _RETRACT.values(retracted_at=releases.c.published, retraction_reason="In error.")


class Reader:
    """Asks one newsroom for pages of its fullest month."""

    def __init__(self, application: Application) -> None:
        app = create_app(CurrentApplication(application), clock=lambda: OPENING)
        self._client: FlaskClient = app.test_client(use_cookies=False)
        fullest = max(application.newsstand.months(ALL).listed(), key=lambda month: month.releases)
        places = list(places_of(fullest, None))
        site = application.catalogue.site
        self._paths = [
            site.month_page(ALL, places[n].path) for n in (0, len(places) // 2, len(places) - 1)
        ]

    def ask(self) -> float:
        """Ask for each page once. Milliseconds for one."""
        return timed_ms(lambda: [self._ask(path) for path in self._paths]) / len(self._paths)

    def _ask(self, path: str) -> int:
        answer = self._client.get(path)
        if answer.status_code != HTTPStatus.OK:
            raise Unmeasurable(f"{path} answers {answer.status_code}")
        return len(answer.data)


def measure(scale: float) -> float:
    """The large store's time over the small one's."""
    few = max(1, round(SMALL * min(1, scale * 10)))
    with _filled(round(LARGE * scale)) as large, _filled(few) as small:
        turns = {"large": large.ask, "small": small.ask}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    for name in medians:
        tell(f"{name} store: {medians[name]:.2f} ms a page")
    return medians.over("large", "small")


@contextmanager
def _filled(categories: int) -> Iterator[Reader]:
    crowd = Crowd(releases=categories * RELEASES_A_CATEGORY, categories=categories)
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'communique.db'}"
        database = Database.open(url)
        try:
            migrate.upgrade(database)
            crowd.fill(url)
            with database.transaction() as tx:
                tx.connection.execute(_RETRACT)
                counted = timed_ms(lambda: tx.months.recount(ZoneInfo("UTC"), now=OPENING))
            tell(f"{crowd.releases} releases counted anew in {counted / 1000:.1f} s")
            settings = Settings.model_validate(
                {"site": {"base_url": "https://news.example"}, "categories": []}
            )
            yield Reader(build_application(settings, database))
        finally:
            database.close()


FIGURE = Figure(name="month_at_scale", bound=1.5, measure=measure)
