"""Stores with very many releases, filled by the row: the real tables and the real indexes."""

import gc
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Insert, Table, insert, literal, literal_column, select

from bench.office import OPENING
from feeds.model.edition import entry_version
from feeds.model.feed import ALL
from feeds.model.release import AuditAction
from feeds.store.database import Database, Transaction
from feeds.store.schema import acts, filings, release_names, release_search, releases
from feeds.store.search import first_number

#: A category gets a release this often, however many categories there are: so the days of a
#: window hold as many of its releases in a large store as in a small one.
PACE = timedelta(hours=6)

#: Releases written in one transaction.
RELEASES_A_TRANSACTION = 20_000

#: While filling only: the indexes' random keys go to pages all over the file.
FILLING_CACHE_KIB = 400_000

#: Columns that nobody asks for here. In SQL, so that they are not sent a million times.
SAME_IN_ALL: dict[str, ColumnElement[Any]] = {
    "revision": literal_column("1"),
    "title": literal_column("'We announce something'"),
    "body": literal_column("'<p>It is announced today. More will be said in time.</p>'"),
    "summary": literal_column("''"),
    "language": literal_column("'en'"),
    "authors": literal_column("'[]'"),
    "enclosures": literal_column("'[]'"),
    "category_names": literal_column("'[]'"),
}

#: What is found of all of them: words, as each database has them.
WORDS = {"sqlite": "we announce something", "postgresql": "we:1 announce:2 something:3"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """So many releases, dealt out to so many categories in turn."""

    releases: int
    categories: int
    opening: datetime = OPENING  #: when the first one was published
    #: With all that the service writes for a release: the version of its entries, its category's
    #: name, its words, and its place in the audit log.
    is_whole: bool = False

    @property
    def slugs(self) -> list[str]:
        """The categories' feeds."""
        return [self._slug(number) for number in range(self.categories)]

    def fill(self, url: str) -> None:
        """Store them in the database at *url*, each filed in its category's feed and in ``all``."""
        database, random_fraction = Database.open(url), Random(self.releases)  # always the same
        gc.disable()  # it would look again and again through millions of rows that are not garbage
        try:
            for start in range(0, self.releases, RELEASES_A_TRANSACTION):
                end = min(start + RELEASES_A_TRANSACTION, self.releases)
                self._write(database, range(start, end), random_fraction)
        finally:
            gc.enable()
            database.close()

    def _write(self, database: Database, numbers: range, random_fraction: Random) -> None:
        rows = [self._release(number, random_fraction) for number in numbers]
        filed = [self._filing(number, row) for number, row in zip(numbers, rows, strict=True)]
        with database.transaction() as tx:
            if database.is_sqlite:
                tx.connection.exec_driver_sql(f"PRAGMA cache_size = -{FILLING_CACHE_KIB}")
            if self.is_whole:
                _write_whole(tx, rows, filed)
                return
            tx.connection.execute(insert(releases).values(SAME_IN_ALL), rows)
            tx.connection.execute(insert(filings), filed)
            tx.connection.execute(_file_in_all(since=rows[0]["changed_at"]))

    def _release(self, number: int, random_fraction: Random) -> Row:
        moment = self.opening + number * PACE / self.categories
        return {
            "id": f"urn:uuid:{random_fraction.getrandbits(128):032x}",
            "source_key": f"id:{number:08}",
            "slug": f"we-announce-something-{number:08}",
            "digest": f"{number:064x}",
            "published": moment,
            "updated": moment,
            "changed_at": moment,
        }

    def _filing(self, number: int, release: Row) -> Row:
        return {
            "release_id": release["id"],
            "feed": self._slug(number),
            "placed_at": release["changed_at"],
            "published": release["published"],
        }

    def _slug(self, number: int) -> str:
        return f"category-{number % self.categories}"


def _file_in_all(*, since: datetime) -> Insert:
    columns = (releases.c.id, literal(ALL), releases.c.changed_at, releases.c.published)
    added = select(*columns).where(releases.c.changed_at >= since)
    return insert(filings).from_select(["release_id", "feed", "placed_at", "published"], added)


def _write_whole(tx: Transaction, rows: list[Row], filed: list[Row]) -> None:
    """Store releases with all that the service writes for each."""
    run, words = tx.connection.execute, WORDS[tx.connection.dialect.name]
    beside = [
        {
            "release_id": row["id"],
            "folded": entry["feed"],
            "number": first_number(row["published"]),
            "subject": row["id"],
            "at": row["published"],
        }
        for row, entry in zip(rows, filed, strict=True)
    ]
    for row, entry in zip(rows, filed, strict=True):
        row["category_names"] = [entry["feed"]]
        entry["stamp"] = entry_version(row["digest"], row["updated"], (ALL, entry["feed"]))
    same = {name: said for name, said in SAME_IN_ALL.items() if name != "category_names"}
    run(insert(releases).values(same), rows)
    run(insert(filings), filed)
    run(insert(filings), [{**entry, "feed": ALL} for entry in filed])
    tx.names.add({entry["feed"]: [entry["feed"]] for entry in filed})
    run(insert(release_names), [_only(release_names, row) for row in beside])
    indexed = insert(release_search).values(terms=words, digest="")
    run(indexed, [_only(release_search, row) for row in beside])
    logged = insert(acts).values(deed=AuditAction.PUBLISHED.value, by="bench")
    run(logged, [_only(acts, row) for row in beside])


def _only(table: Table, row: Row) -> Row:
    return {name: said for name, said in row.items() if name in table.columns}
