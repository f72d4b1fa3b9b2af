"""What pages and an idle service cost in a large store, over a small one.

``pages_at_scale``: the front page and a category's page, uncached, in a store of 200,000 releases
over one of 2,000. ``idle_at_scale``: one call of each timer of the job process with nothing to do,
over 1,000: processor time, as a process that is idle spends it all day. ``bytes_at_scale``: bytes
of the file for each release, over those of a store of 20,000. Stores are filled by the row; a
category has 500 releases in all of them.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from bench.crowd import Crowd
from bench.figure import Figure, Unmeasurable, tell
from bench.rounds import medians_ms, rounds_at, timed_ms
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.sizes import size_of
from service.application import CurrentApplication
from service.processes.jobs import Jobs
from service.settings import Settings, parse, read_sources
from service.web import create_app
from service.wiring import build_application

RELEASES_A_CATEGORY = 500
LARGE, MEDIUM, SMALL, SMALLEST = 200_000, 20_000, 2_000, 1_000

PAGES_A_TURN, TICKS_A_TURN = 5, 20
ROUNDS = 31

CATEGORY = "category-0"
_MAIN = "site: {base_url: https://news.example, title: News}\nintake: {folders: []}\n"
#: As many as the smallest store has. The others' are not configured: only releases are to differ.
_CATEGORIES = f"categories: [{{slug: {CATEGORY}, title: News}}]\n"


@dataclass(frozen=True, slots=True)
class Store:
    """A filled store, with a job process and a web worker over it that are called by hand."""

    database: Database
    settings: Settings
    jobs: Jobs

    def pages(self) -> float:
        """Ask for two pages, whose answers nobody keeps. Milliseconds for both."""
        current = CurrentApplication(build_application(self.settings, self.database))
        client = create_app(current).test_client(use_cookies=False)

        def ask() -> None:
            for path in ("/", f"/feeds/{CATEGORY}"):
                answer = client.get(path, headers={"Accept": "text/html"})
                if answer.status_code != 200 or b"We announce something" not in answer.data:
                    raise Unmeasurable(f"{path} shows no release")

        ask()
        return sum(timed_ms(ask) for _ in range(PAGES_A_TURN)) / PAGES_A_TURN

    def ticks(self) -> float:
        """Call each timer. Milliseconds of this process's processor time for all."""
        timers = self.jobs.timers.values()
        begun = process_time()
        for _ in range(TICKS_A_TURN):
            for job in timers:
                job()
        return 1000 * (process_time() - begun) / TICKS_A_TURN


def _pages(scale: float) -> float:
    return _ratio("both pages", LARGE, SMALL, Store.pages, scale)


def _idle(scale: float) -> float:
    return _ratio("all timers", LARGE, SMALLEST, Store.ticks, scale)


def _bytes(scale: float) -> float:
    sizes = []
    for count in (LARGE, MEDIUM):
        releases = max(RELEASES_A_CATEGORY, round(count * scale))
        with _filled(releases) as store:
            found = size_of(store.database)
        sizes.append(found.total_bytes / found.releases)
        tell(f"{found.releases} releases: {sizes[-1]:.0f} bytes for each")
    return sizes[0] / sizes[1]


def _ratio(what: str, many: int, few: int, turn: Callable[[Store], float], scale: float) -> float:
    many, few = (max(RELEASES_A_CATEGORY, round(count * scale)) for count in (many, few))
    with _filled(many) as large, _filled(few) as small:
        turns = {"large": partial(turn, large), "small": partial(turn, small)}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    for name, count in (("large", many), ("small", few)):
        tell(f"{count} releases: {medians[name]:.3f} ms for {what}")
    return medians.over("large", "small")


@contextmanager
def _filled(releases: int) -> Iterator[Store]:
    crowd = Crowd(releases=releases, categories=releases // RELEASES_A_CATEGORY)
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'communique.db'}")
        try:
            migrate.upgrade(database)
            jobs, settings = Jobs(database), _settings(Path(folder))
            with closing(jobs):
                jobs.configure(settings)
                crowd.fill(database.label)
                for job in jobs.timers.values():
                    job()  # until there is nothing to do
                yield Store(database, settings, jobs)
        finally:
            database.close()


def _settings(folder: Path) -> Settings:
    (folder / "communique.yaml").write_text(_MAIN)
    (folder / "categories.yaml").write_text(_CATEGORIES)
    path = Path("communique.yaml")
    return parse(read_sources(path, environ={}, overrides=[], working_folder=folder))


FIGURES = (
    Figure(name="pages_at_scale", bound=1.5, measure=_pages),
    Figure(name="idle_at_scale", bound=1.1, measure=_idle),
    Figure(name="bytes_at_scale", bound=1.1, measure=_bytes),
)
