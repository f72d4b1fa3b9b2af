"""How large a store is, and what in it takes how much."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from feeds.store.database import Database
from feeds.store.schema import metadata, release_search
from feeds.store.search import FULL_TEXT

#: What each table holds, for people; the tables of one kind count together.
KINDS: Mapping[str, tuple[str, ...]] = {
    "releases": ("releases",),
    "former revisions": ("revisions",),
    "embargoes": ("embargoes",),
    "drafts": ("drafts",),
    "entries of feeds": ("filings", "doubtful_filings", "month_counts"),
    "category names": ("names", "release_names"),
    "pictures and files": ("media", "media_chunks", "media_uses"),
    "search": ("release_search", "unindexed"),
    "rendered entries": ("fragments", "set_aside"),
    "documents": ("documents", "feeds"),
    "remembered for deltas": ("former_documents",),
    "archives": ("archives", "archive_documents", "departures"),
    "audit log": ("acts",),
    "refused documents": ("refusals",),
    "files that were read": ("intake_files",),
    "subscriptions": ("subscriptions", "subscription_requests", "deliveries"),
    "people at the desk": ("users", "sessions", "sign_in_attempts", "desk_key"),
    "other people's feeds": (
        "upstreams",
        "upstream_items",
        "upstream_subscriptions",
        "upstream_pushes",
    ),
    "hubs": ("pings", "hub_tallies", "canaries", "pushes"),
}
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeOfKind:
    """The rows of one kind."""

    kind: str
    rows: int
    size_bytes: int | None  #: with their indexes; None where the database cannot tell


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSize:
    """The size of a store."""

    total_bytes: int  #: without the log
    free_bytes: int | None  #: of these, unused and reused by later rows; None if not known
    log_bytes: int  #: SQLite's write-ahead log; 0 on PostgreSQL
    releases: int
    kinds: tuple[SizeOfKind, ...]  #: the largest first


def size_of(database: Database) -> StoreSize:
    """Measures a store. An SQLite file is read as a whole.

    Raises:
        StoreUnavailable: The store cannot be read.
    """
    with database.read() as tx:
        measure = _sqlite_sizes if database.is_sqlite else _postgres_sizes
        sizes, total_bytes, free_bytes = measure(tx.connection)
        rows = {
            table.name: int(tx.connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in metadata.sorted_tables
        }
    log = None if database.file is None else database.file.with_name(f"{database.file.name}-wal")
    kinds = [_of_kind(kind, names, rows, sizes) for kind, names in _all_kinds().items()]
    return StoreSize(
        total_bytes=total_bytes,
        free_bytes=free_bytes,
        log_bytes=log.stat().st_size if log is not None and log.exists() else 0,
        releases=rows["releases"],
        kinds=tuple(sorted(kinds, key=lambda one: (-(one.size_bytes or 0), -one.rows))),
    )


def _all_kinds() -> dict[str, tuple[str, ...]]:
    named = {name for names in KINDS.values() for name in names}
    others = tuple(name for name in metadata.tables if name not in named)
    return {**KINDS, OTHER: others}


def _of_kind(
    kind: str,
    names: tuple[str, ...],
    rows: Mapping[str, int],
    sizes: Mapping[str, int] | None,
) -> SizeOfKind:
    size_bytes = None if sizes is None else sum(sizes.get(name, 0) for name in names)
    return SizeOfKind(kind=kind, rows=sum(rows[name] for name in names), size_bytes=size_bytes)


def _sqlite_sizes(connection: Connection) -> tuple[Mapping[str, int] | None, int, int | None]:
    run = connection.exec_driver_sql
    page_bytes, pages, free = (
        int(run(f"PRAGMA {name}").scalar_one())
        for name in ("page_size", "page_count", "freelist_count")
    )
    tables = dict(tuple(row) for row in run("SELECT name, tbl_name FROM sqlite_master").all())
    sizes: Counter[str] = Counter()
    try:
        # https://sqlite.org/dbstat.html; some builds of SQLite lack it.
        for name, size_bytes in run("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE"):
            table = tables.get(name, name)
            # The full-text table is stored in several, and made of one of ours.
            is_full_text = table.startswith(FULL_TEXT)
            sizes[release_search.name if is_full_text else table] += size_bytes
    except OperationalError:
        return None, pages * page_bytes, free * page_bytes
    return sizes, pages * page_bytes, free * page_bytes


def _postgres_sizes(connection: Connection) -> tuple[Mapping[str, int], int, int | None]:
    query = (
        "SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    sizes = {row.relname: int(row.bytes) for row in connection.exec_driver_sql(query)}
    return sizes, sum(sizes.values()), None
