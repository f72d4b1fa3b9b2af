"""``python -m bench.scale [sqlite | postgres] [PART]``: what grows in a very large newsroom.

A table and no figure, because it takes an hour: what each kind of work costs in a large store, over
the same in a small one. Parts: ``releases`` (1,000,000 in 1,000 categories over 10,000 in 10),
``categories`` (10,000 over 100), ``subscribers`` (100,000 of one feed over 1,000), ``editions``
(1,000 within a minute). Work is measured in processor time, that of the database server included.

Filled stores are kept in the folder that ``COMMUNIQUE_BENCH_STORES`` names, if it names one.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg

from bench.busy_minute import busy_minute
from bench.fan_out_memory import distributed
from bench.figure import Ratio, Unmeasurable
from bench.grown import Grown, grown
from bench.grown_service import served
from bench.grown_work import Work
from bench.processor import ALONE, Processors
from bench.rounds import medians_ms
from tests.support import postgres

STORES_VARIABLE = "COMMUNIQUE_BENCH_STORES"
DATABASES = ("sqlite", "postgres")
ROUNDS = 7

#: Of the whole service: each takes half a minute.
SERVICE_ROUNDS = 3

#: What work may cost in the large store; where it goes through all feeds, for each of them.
BOUND, BOUND_OF_ALL = 1.5, 3.0

WORK: Mapping[str, Callable[[Work], float]] = {
    "one release out": Work.release,
    "the same, feed not in memory": Work.cold_release,
    "archive page, made": Work.archive,
    "archive page, again": Work.archive_again,
    "page of a month": Work.months,
    "page of a feed": partial(Work.page, path="/feeds/category-0"),
    "page of all": partial(Work.page, path="/feeds/all"),
    "page of a release": partial(Work.page, path="/releases/we-announce-something-00000007"),
    "search, as a feed": partial(Work.page, path="/search.atom?q=announce+something"),
    "part of the sitemap": partial(Work.page, path="/sitemap-1.xml"),
}

#: These go through all feeds: for each of them.
WORK_ON_ALL: Mapping[str, Callable[[Work], float]] = {
    "front page, a feed": partial(Work.page_of_all, path="/"),
    "OPML, a feed": partial(Work.page_of_all, path="/feeds.opml"),
    "search page, a feed": partial(Work.page_of_all, path="/search"),
    "/readyz, a feed": partial(Work.page_of_all, path="/readyz"),
    "files read and checked, a feed": Work.parse,
    "web worker configured, a feed": Work.build,
    "nothing new applied, a feed": Work.apply,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where stores are: a folder, and a database server if they are on one."""

    folder: Path
    server: str | None = None  #: its URL
    processors: Processors = ALONE

    def grown(self, releases: int, categories: int) -> Grown:
        """A newsroom with a filled store."""
        name = f"{releases}-in-{categories}"
        return grown(self.folder / name, releases, categories, self.database(name))

    def database(self, name: str) -> str | None:
        """The URL of a database on the server, made if it is missing; None without a server."""
        if self.server is None:
            return None
        with psycopg.connect(self.server, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{name}"')
        return urlsplit(self.server)._replace(path=f"/{name}").geturl()


def main(arguments: Sequence[str]) -> int:
    """Print the tables that *arguments* name; all of one database, or of both."""
    chosen = [one for one in arguments if one in DATABASES] or DATABASES
    parts = [one for one in arguments if one in PARTS] or list(PARTS)
    if not set(arguments) <= {*DATABASES, *PARTS}:
        print(f"usage: python -m bench.scale [{' | '.join((*DATABASES, *PARTS))}]", file=sys.stderr)
        return 2
    for database in chosen:
        with _place(database) as place:
            for part in parts:
                print(f"{database}: {part}", flush=True)
                PARTS[part](place)
    return 0


@contextmanager
def _place(database: str) -> Iterator[Place]:
    kept = os.environ.get(STORES_VARIABLE)
    with ExitStack() as stack:
        name = kept or stack.enter_context(TemporaryDirectory(prefix="communique-bench-"))
        folder = Path(name) / database
        if database == "sqlite":
            yield Place(folder)
            return
        programs = postgres.binaries()
        if programs is None:
            raise Unmeasurable("no PostgreSQL server: apt-get install postgresql")
        url = stack.enter_context(postgres.server(programs, on_disk=True))
        # What is on this server is gone with it, so its newsrooms are never kept.
        new = stack.enter_context(TemporaryDirectory(prefix="communique-bench-"))
        yield Place(Path(new), url, Processors(postgres.process_id(url)))


def _releases(place: Place) -> None:
    _compare(place, place.grown(1_000_000, 1_000), place.grown(10_000, 10))


def _categories(place: Place) -> None:
    _compare(place, place.grown(200_000, 10_000), place.grown(2_000, 100))


def _compare(place: Place, large: Grown, small: Grown) -> None:
    first = [one.first_editions for one in (large, small)]
    _line("first editions, s a feed", [one["s"] / one["feeds"] for one in first], BOUND_OF_ALL)
    _line("memory of the first editions, MiB", [one["mib"] for one in first])
    newsrooms = {"large": large, "small": small}
    with ExitStack() as stack:
        works = {
            name: Work(one, stack.enter_context(one.opened()), place.processors)
            for name, one in newsrooms.items()
        }
        for bound, table in ((BOUND, WORK), (BOUND_OF_ALL, WORK_ON_ALL)):
            for what, turn in table.items():
                turns = {name: partial(turn, work) for name, work in works.items()}
                medians = medians_ms(turns, rounds=ROUNDS)
                ratio = medians.over("large", "small")
                _line(f"{what}, ms", list(medians.values()), bound, ratio)
    rounds = [
        {name: served(one, place.processors) for name, one in newsrooms.items()}
        for _ in range(SERVICE_ROUNDS)
    ]
    for what in rounds[0]["large"]:
        ones, others = ([each[name][what] for each in rounds] for name in newsrooms)
        middles = [median(ones), median(others)]
        _line(what, middles, BOUND_OF_ALL, Ratio.between(ones, others))


def _subscribers(place: Place) -> None:
    many, few = (
        distributed(count, store_url=place.database(f"hub-of-{count}"), processors=place.processors)
        for count in (100_000, 1_000)
    )
    for what in few:
        _line(what, [many[what], few[what]], BOUND)


def _editions(place: Place) -> None:
    newsroom = place.grown(10_000, 1_000)
    for what, found in busy_minute(newsroom, place.processors).items():
        print(f"  {what:<34} {found:12.3f}", flush=True)


PARTS: Mapping[str, Callable[[Place], None]] = {
    "releases": _releases,
    "categories": _categories,
    "subscribers": _subscribers,
    "editions": _editions,
}


def _line(
    what: str, found: Sequence[float], bound: float | None = None, ratio: Ratio | None = None
) -> None:
    """Print what was found: of the large one, and of the small one."""
    large, small = found
    over = large / max(small, 0.001) if ratio is None else ratio
    verdict = "" if bound is None else f"<= {bound:g} {'ok' if over <= bound else 'SHORT'}"
    spread = "" if ratio is None else f"{ratio.least:.2f} to {ratio.most:.2f}"
    line = f"  {what:<36} {small:10.3f} {large:10.3f} {over:7.2f}  {verdict:<13} {spread}"
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
