"""Newsrooms over stores that have grown: configured, filled by the row, and published."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import update

from bench import memory
from bench.crowd import PACE, Crowd
from bench.figure import tell
from bench.ports import free_port
from feeds.model.feed import ALL
from feeds.newsstand import FEEDS_A_RUN
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.schema import feeds
from service.application import Application
from service.memory import release_free_memory
from service.settings import Settings, parse, read_sources
from service.stores import open_database
from service.wiring import build_application

#: Is there when a folder's store is filled: with what was measured on the way.
FILLED = "filled.json"

#: So few bytes that the document of ``all`` is as long in a small newsroom as in a large one.
WINDOW = {"entries": 20, "days": 1, "bytes": 40_000}


@dataclass(frozen=True, slots=True)
class Grown:
    """A newsroom at rest, whose configuration and store are files and, maybe, a database."""

    folder: Path
    crowd: Crowd
    #: What the first editions took when all releases were there, as after an import.
    first_editions: dict[str, float]

    @property
    def main_file(self) -> Path:
        """Its configuration."""
        return self.folder / "communique.yaml"

    @property
    def settings(self) -> Settings:
        """As the files have them now."""
        return parse(read_sources(self.main_file, environ={}))

    @property
    def feeds(self) -> int:
        """How many: one for each category, and that of everything."""
        return self.crowd.categories + 1

    def retitle(self, version: str, but: Sequence[str] = ()) -> None:
        """Write the categories with other titles; those of *but* with titles of their own."""
        _write_categories(self.folder, self.crowd.slugs, version, but)

    @contextmanager
    def opened(self) -> Iterator[Application]:
        """Its components, in this process."""
        settings = self.settings
        with closing(open_database(settings)) as database:
            yield build_application(settings, database)


def grown(folder: Path, releases: int, categories: int, store_url: str | None = None) -> Grown:
    """A newsroom in *folder*, filled unless it is already.

    Args:
        folder: For its configuration, and for its store on SQLite.
        releases: How many there are; the last one came out a day ago.
        categories: Each with a feed. They have equally many releases.
        store_url: The database on a server.
    """
    each = releases // categories
    opening = datetime.now(UTC).replace(microsecond=0) - each * PACE - timedelta(days=1)
    crowd = Crowd(releases=releases, categories=categories, opening=opening, is_whole=True)
    found = folder / FILLED
    if not found.exists():
        _configure(folder, crowd, store_url)
        found.write_text(json.dumps(_fill(Grown(folder, crowd, {}))))
    return Grown(folder, crowd, json.loads(found.read_text()))


def _configure(folder: Path, crowd: Crowd, store_url: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    main = {
        "site": {"title": "Example News", "base_url": f"http://127.0.0.1:{port}"},
        "data_folder": str(folder / "data"),
        "log": {"level": "warning"},
        "http": {"port": port},
        "intake": {"folders": []},
        "store": {"url": store_url} if store_url else {},
        "feeds": {"window": WINDOW},
    }
    (folder / "communique.yaml").write_text(json.dumps(main))  # JSON is YAML
    _write_categories(folder, crowd.slugs, "1")


def _write_categories(
    folder: Path, slugs: Sequence[str], version: str, but: Sequence[str] = ()
) -> None:
    """Write the categories; each is known by its slug as well, whatever its title is."""
    titles = {slug: f"{slug} {version}" for slug in slugs}
    titles |= {slug: f"{slug} apart" for slug in but}
    categories = [{"slug": slug, "title": title, "names": [slug]} for slug, title in titles.items()]
    (folder / "categories.yaml").write_text(json.dumps({"categories": categories}))


def _fill(newsroom: Grown) -> dict[str, float]:
    settings, begun = newsroom.settings, time.monotonic()
    settings.data_folder.mkdir(exist_ok=True)
    with closing(open_database(settings)) as database:
        migrate.upgrade(database)
        application = build_application(settings, database)
        application.newsroom.apply_catalogue(now=application.clock())
        newsroom.crowd.fill(database.label)
        with database.transaction() as tx:
            tx.search.make_full_text_anew()
            tx.months.recount(application.catalogue.site.time_zone, now=application.clock())
        tell(f"{newsroom.crowd.releases} releases filled in {time.monotonic() - begun:.0f} s")
        settle(database)
        took = _publish(application)
        settle(database)
    return took


def _publish(application: Application) -> dict[str, float]:
    """Make the first editions; says what that took."""
    with application.database.transaction() as tx:
        stale = {"stale_seq": feeds.c.stale_seq + 1, "news_seq": feeds.c.stale_seq + 1}
        tx.connection.execute(update(feeds).values(stale))
    own = os.getpid()
    release_free_memory()  # what filling took
    memory.forget_most(own)
    before, begun = memory.resident_bytes(own), time.process_time()
    slugs = application.newsstand.stale(now=application.clock())
    rest = [slug for slug in slugs if slug != ALL]
    runs = [[ALL], *(rest[at : at + FEEDS_A_RUN] for at in range(0, len(rest), FEEDS_A_RUN))]
    for run in runs:
        application.newsstand.regenerate(run, now=application.clock(), worker="bench")
    took = {
        "s": time.process_time() - begun,
        "mib": (memory.most_resident_bytes(own) - before) / memory.MIB,
        "feeds": len(slugs),
    }
    tell(f"first editions of {len(slugs)} feeds: {took['s']:.1f} s, {took['mib']:.0f} MiB more")
    return took


def settle(database: Database) -> None:
    """Do what the databases do by themselves some time after much was written."""
    if database.is_sqlite:
        database.checkpoint()
        return
    url = database.label.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
