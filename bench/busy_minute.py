"""A minute in which a thousand releases come, each in another category."""

import time
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Table, func, select

from bench.grown import Grown
from bench.grown_service import Running, running
from bench.grown_work import a_draft
from bench.processor import Processors, since_ms
from bench.samples import press_office
from feeds.store.database import Database
from feeds.store.schema import documents, feeds, former_documents
from feeds.store.sizes import size_of
from service.wiring import build_application

RELEASES, WITHIN_S = 1_000, 60.0

MIB = 1024 * 1024


@dataclass(slots=True)
class Minute:
    """What was seen."""

    stale: list[int] = field(default_factory=list)  #: how many feeds waited, at each look
    log_mib: list[float] = field(default_factory=list)


def busy_minute(newsroom: Grown, processors: Processors) -> dict[str, float]:
    """Have so many releases taken in, at an even pace, beside a service that makes the editions."""
    write, seen = press_office(), Minute()
    with running(newsroom, processors) as (service, _):
        service.rest()
        application = build_application(newsroom.settings, service.database)
        editions, worked = _editions(service.database), service.worked()
        own = time.process_time()
        size = size_of(service.database).total_bytes
        begun = time.monotonic()
        for number, slug in enumerate(islice(newsroom.crowd.slugs, RELEASES)):
            now = application.clock()
            list(application.newsroom.take_in([a_draft(write(slug))], now=now))
            if number % 20 == 0:
                _look(service, newsroom, seen)
            time.sleep(max(0.0, begun + (number + 1) * WITHIN_S / RELEASES - time.monotonic()))
        took_s, taken = time.monotonic() - begun, time.process_time() - own
        while service.stale():
            time.sleep(0.05)
        behind_s = time.monotonic() - begun - took_s
        service.rest()
        made = _editions(service.database) - editions
        spent = since_ms(worked, service.worked())
        rows = {
            table.name: _rows(service.database, table) for table in (documents, former_documents)
        }
        grown = size_of(service.database)
    return {
        "releases a minute": RELEASES / took_s * 60,
        "intake, ms of processors each": 1000 * taken / RELEASES,
        "editions": made,
        "an edition, ms of processors": spent / made,
        "feeds that waited, at the most": max(seen.stale),
        "s from the last release to its edition": behind_s,
        "SQLite's log, MiB at the most": max(seen.log_mib),
        "SQLite's log then, MiB": grown.log_bytes / MIB,
        "store grown, KiB a release": (grown.total_bytes - size) / RELEASES / 1024,
        "rows of documents": rows["documents"],
        "rows of former documents": rows["former_documents"],
    }


def _look(service: Running, newsroom: Grown, seen: Minute) -> None:
    seen.stale.append(service.stale())
    log = newsroom.settings.data_folder / "communique.db-wal"
    seen.log_mib.append(log.stat().st_size / MIB if log.exists() else 0.0)


def _editions(database: Database) -> int:
    with database.read() as tx:
        return int(tx.connection.scalar(select(func.sum(feeds.c.edition))) or 0)


def _rows(database: Database, table: Table) -> int:
    with database.read() as tx:
        return int(tx.connection.scalar(select(func.count()).select_from(table)) or 0)
