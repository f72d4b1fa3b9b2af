"""With many categories, work costs what it shows: counted in calls of Python functions.

The store is small: `test_growth` does the same for many rows.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType

import pytest
from flask.testing import FlaskClient

from feeds.model.intake import Intake, IntakeVerdict
from service.application import CurrentApplication
from service.processes.jobs import (
    BACKUP,
    CANARY,
    COMMANDS,
    EMBARGO,
    REGENERATE,
    SCAN,
    SEARCH,
    UPSTREAM_PUSHES,
    UPSTREAMS,
    Jobs,
)
from service.web import create_app
from service.wiring import build_application, utc_now
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import draft
from tests.support.ready_stores import make_sqlite
from tests.support.statement_work import metered

#: The same step twice.
FEW, MANY, MOST = 20, 80, 140
MAIN = """
site: {base_url: "https://news.example", title: News}
intake: {folders: []}
"""

#: Pages that list all feeds.
LISTS = ("/", "/feeds.opml", "/search", "/search?q=release", "/readyz", "/sitemap.xml",
         "/sitemap-1.xml")  # fmt: skip
#: Pages that do not.
OTHERS = ("/feeds/all", "/feeds/subject-1", "/feeds/subject-1.atom", "/releases", "/livez",
          "/news-sitemap.xml", "/search.atom?q=release")  # fmt: skip


#: Timers that run every few seconds or more often, and that have nothing to do whatever the time:
#: pings of the first editions wait for a while, and alarms are checked from the second minute on.
TIMERS = (SCAN, REGENERATE, EMBARGO, CANARY, BACKUP, SEARCH, UPSTREAMS, UPSTREAM_PUSHES, COMMANDS)


class Newsroom:
    """With so many categories, one of which has ended, and a release in one of them."""

    def __init__(self, folder: Path, categories: int) -> None:
        listed = [f"  - {{slug: subject-{n}, title: Subject {n}}}\n" for n in range(categories)]
        past = "  - {slug: past, title: Past, ended: {on: 2020-01-01, words: It ended.}}\n"
        settings = ConfigFolder(folder).load(MAIN, "categories:\n" + "".join([*listed, past]))
        self.database = make_sqlite(folder / "news.db")
        self.jobs = Jobs(self.database)
        self.jobs.configure(settings)
        self.application = build_application(settings, self.database)
        app = create_app(CurrentApplication(self.application), has_search=True)
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self._numbers = count(2)

    def close(self) -> None:
        self.jobs.close()
        self.database.close()

    def ask(self, path: str) -> None:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, path

    def release(self) -> None:
        """Take one in, and make the editions of its feeds."""
        one, now = draft(f"id:{next(self._numbers)}", "Subject 2"), utc_now()
        [outcome] = self.application.newsroom.take_in([one], now=now)
        assert isinstance(outcome, Intake)
        assert outcome.verdict is IntakeVerdict.NEW
        stale = self.application.newsstand.stale(now=now)
        assert sorted(stale) == ["all", "subject-2"]
        self.application.newsstand.regenerate(stale, now=now, worker="test")

    def run_timers(self) -> None:
        for job in self.jobs.timers.values():
            job()


@pytest.fixture(scope="module")
def newsrooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Newsroom]]:
    with ExitStack() as stack:
        made = [_newsroom(tmp_path_factory, categories) for categories in (FEW, MANY, MOST)]
        for one in made:
            stack.callback(one.close)
        yield made


def _newsroom(folders: pytest.TempPathFactory, categories: int) -> Newsroom:
    made = Newsroom(folders.mktemp("newsroom"), categories)
    made.application.newsroom.take_in([draft("id:1", "Subject 1")], now=utc_now())
    for _ in range(2):
        made.run_timers()
    return made


def calls(work: Callable[[], object]) -> int:
    """How many Python functions and methods, and functions in C, are called."""
    counted = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def _calls(newsrooms: list[Newsroom], work: Callable[[Newsroom], object]) -> list[int]:
    for newsroom in newsrooms:
        work(newsroom)  # what is done for the first that asks is done
    return [calls(partial(work, newsroom)) for newsroom in newsrooms]


def _assert_the_same(counted: list[int]) -> None:
    assert max(counted) < min(counted) * 1.05


@pytest.mark.parametrize("path", LISTS)
def test_each_feed_more_costs_a_list_the_same(newsrooms: list[Newsroom], path: str) -> None:
    few, many, most = _calls(newsrooms, lambda one: one.ask(path))
    assert most - many < (many - few) * 1.1 + 100


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_page_grows(newsrooms: list[Newsroom], path: str) -> None:
    _assert_the_same(_calls(newsrooms, lambda one: one.ask(path)))


def test_a_release_costs_the_feeds_that_it_is_in(newsrooms: list[Newsroom]) -> None:
    _assert_the_same(_calls(newsrooms, Newsroom.release))


def test_an_unchanged_configuration_writes_to_no_feed(newsrooms: list[Newsroom]) -> None:
    """As each start applies it."""
    written = []
    for newsroom in newsrooms:
        with metered(newsroom.database) as statements:
            newsroom.application.newsroom.apply_catalogue(now=utc_now())
        written.append(len(statements))
    assert max(written) == min(written)


@pytest.mark.parametrize("name", TIMERS)
def test_a_timer_with_nothing_to_do_asks_no_feed(newsrooms: list[Newsroom], name: str) -> None:
    _assert_the_same(_calls(newsrooms, lambda one: one.jobs.timers[name]()))
