"""The whole service of a grown newsroom: its start, its reloads, and its memory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, select

from bench.figure import Unmeasurable
from bench.former import ROOT
from bench.grown import Grown
from bench.processor import Processors, processes, since_ms, worked_in_all_ms
from bench.whole_service import pss_kib, until_answered
from feeds.store.database import Database
from feeds.store.feeds import is_stale
from feeds.store.schema import appearance, feeds
from service.stores import open_database

WITHIN_S = 600.0

#: A service that works less than this in a second is at rest.
REST_MS = 150.0


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs, and its store."""

    process_id: int
    port: int
    server: int | None
    database: Database

    def worked(self) -> dict[int, float]:
        """How long each process, and the database server, has worked."""
        return dict(worked_in_all_ms(self.process_id, self.server))

    def rest(self) -> None:
        """Wait until there is nothing to do."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            before = self.worked()
            time.sleep(1.0)
            if since_ms(before, self.worked()) < REST_MS and not self.stale():
                return
        raise Unmeasurable("a service did not come to rest")

    def stale(self) -> int:
        """How many feeds wait for an edition."""
        with self.database.read() as tx:
            query = select(func.count()).select_from(feeds).where(is_stale())
            return int(tx.connection.scalar(query) or 0)

    def applied(self) -> str:
        """What the store has been brought to."""
        with self.database.read() as tx:
            return str(tx.connection.scalar(select(appearance.c.digest)))

    def reload(self) -> float:
        """Have the files read again, until all editions are there. Milliseconds of processors."""
        before, former = self.worked(), self.applied()
        os.kill(self.process_id, signal.SIGHUP)
        deadline = time.monotonic() + WITHIN_S
        while self.applied() == former:
            if time.monotonic() > deadline:
                raise Unmeasurable("a service did not reload")
            time.sleep(0.1)
        self.rest()
        return since_ms(before, self.worked())

    def memory_mib(self) -> dict[str, float]:
        """What processes of each kind have; a page that several have counts in parts."""
        found: dict[str, float] = {}
        for each in processes(self.process_id):
            kind = Path(f"/proc/{each}/comm").read_text().strip().removeprefix("communique ")
            found[kind] = max(found.get(kind, 0.0), pss_kib(each) / 1024)
        return found

    def ask(self, *paths: str) -> None:
        """Ask for pages and documents, over one connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        for path in paths:
            connection.request("GET", path, headers={"Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise Unmeasurable(f"{path}: {answer.status}")
        connection.close()


@contextmanager
def running(newsroom: Grown, processors: Processors) -> Iterator[tuple[Running, float]]:
    """The service, from the first good answer; and what it took until then, in milliseconds."""
    settings = newsroom.settings
    before = worked_in_all_ms(processors.server)
    command = [sys.executable, "-m", "service", "--config", str(newsroom.main_file), "serve"]
    process = subprocess.Popen(command, cwd=ROOT)
    database = open_database(settings)
    try:
        until_answered(settings.http.port)
        service = Running(process.pid, settings.http.port, processors.server, database)
        yield service, since_ms(before, service.worked())
    finally:
        database.close()
        process.terminate()
        process.wait(60)


def served(newsroom: Grown, processors: Processors) -> dict[str, float]:
    """What the service takes to start and to reload, and its memory then."""
    slugs, version, found = newsroom.crowd.slugs, uuid4().hex[:8], {}
    with running(newsroom, processors) as (service, took):
        found["start until the first 200, ms"] = took
        service.rest()
        pages = ["/feeds.opml", "/releases", "/sitemap.xml"]
        for slug in ("all", *slugs[:5]):
            pages += [f"/feeds/{slug}{suffix}" for suffix in ("", ".atom", ".rss", ".json")]
        service.ask(*pages)
        for kind in ("web", "jobs", "hub"):
            found[f"memory of {kind}, MiB"] = service.memory_mib()[kind]
        newsroom.retitle(version)
        found["reload of all titles, ms a feed"] = service.reload() / newsroom.feeds
        newsroom.retitle(version, but=slugs[:1])
        found["reload of one title, ms a feed"] = service.reload() / newsroom.feeds
        for kind in ("web", "jobs", "hub"):
            found[f"memory of {kind} then, MiB"] = service.memory_mib()[kind]
    return found
