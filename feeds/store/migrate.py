"""Upgrades the schema, and checks whether a store exists, is current and is sound.

Alembic is imported when there is something to upgrade or to compare, which is seldom. With what it
imports itself (Mako, and by that Pygments) it would take 6 MiB of a running service.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, inspect, make_url, select, text
from sqlalchemy import table as as_table

from feeds.errors import StoreOutdated
from feeds.store.database import Database, Transaction
from feeds.store.schema import metadata, release_search, store_identity
from feeds.store.search import FULL_TEXT
from feeds.store.store_file import StoreFile

# Upgrades to the schema of this version, and the check for it.

#: Key of the upgrade's PostgreSQL advisory lock; any number would do.
UPGRADE_LOCK = 0x434F4D4D

#: Revisions of builds before 0.1.0, which were merged into one.
_UNRELEASED = {f"{number:04}" for number in range(2, 14)}

_MIGRATIONS = Path(__file__).with_name("migrations")

#: How many rows a migration writes in a second, at least, on a disk that is not slow.
ROWS_A_SECOND = 20_000

#: In the place of a revision, while a store is being copied into this database.
COPYING = "copying"

#: Alembic's own table, of one row.
_VERSION = "alembic_version"
_CURRENT = text("SELECT version_num FROM alembic_version")


def upgrade(database: Database) -> str:
    """Upgrades the database from any known schema to the newest one. Returns its revision.

    All of it is one transaction: a migration that fails leaves the database as it was.

    Raises:
        StoreOutdated: The database was made by a newer version, or by a build before the first.
    """
    with database.transaction() as tx:
        if not database.is_sqlite:
            # Upgrading a large store may take longer than the limits of a session.
            tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            tx.connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            # Two machines may start at once on an empty database. SQLite has one writer anyway.
            tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        current = _refuse_unknown(database, tx.connection)
        if current != revisions()[-1]:
            _migrate(tx.connection)
            current = _current(tx.connection)
        return current or "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeStep:
    """A migration that a store lacks."""

    revision: str
    title: str
    rewrites: Mapping[str, int]  #: rows of the tables whose rows it writes again


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePlan:
    """What an upgrade will do."""

    current: str
    target: str
    steps: tuple[UpgradeStep, ...]

    @property
    def seconds(self) -> int:
        """A rough estimate of how long it takes."""
        rows = sum(sum(step.rewrites.values()) for step in self.steps)
        return 1 + rows // ROWS_A_SECOND


def plan(database: Database) -> UpgradePlan | None:
    """Returns what `upgrade` would do to a store of an earlier version; None if nothing, or all.

    An empty database has nothing to lose, so its tables are created without a plan.

    Raises:
        StoreOutdated: The database was made by a newer version, or by a build before the first.
    """
    with database.read() as tx:
        current = _refuse_unknown(database, tx.connection)
        known = revisions()
        if current is None or current == known[-1]:
            return None
        return UpgradePlan(
            current=current,
            target=known[-1],
            steps=tuple(_step(tx.connection, each) for each in known[known.index(current) + 1 :]),
        )


def _step(connection: Connection, revision: str) -> UpgradeStep:
    from alembic.script import ScriptDirectory

    module = ScriptDirectory(str(_MIGRATIONS)).get_revision(revision).module
    tables = map(as_table, getattr(module, "REWRITES", ()))
    rows = {
        each.name: int(connection.scalar(select(func.count()).select_from(each)) or 0)
        for each in tables
    }
    title = (module.__doc__ or revision).strip().partition("\n")[0].rstrip(".")
    return UpgradeStep(revision=revision, title=title, rewrites=rows)


def require_current(database: Database) -> str:
    """Refuses to work on a database whose schema is not current. Returns the schema's name.

    Raises:
        StoreOutdated: The schema is older, newer, or not ours.
    """
    with database.read() as tx:
        current = _refuse_unknown(database, tx.connection)
    head = revisions()[-1]
    if current != head:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current or 'none'}, this version works "
            f"with {head}: run 'communique store upgrade'"
        )
    return current or "empty"


def _refuse_unknown(database: Database, connection: Connection) -> str | None:
    """Refuses a schema that this version cannot upgrade. Returns the current revision.

    Raises:
        StoreOutdated: The database was made by a newer version, or by a build before 0.1.0.
    """
    current = _current(connection)
    if current is None:
        return None
    known = set(revisions())
    # Builds before 0.1.0 used the same revision names; their stores lack a table of 0001.
    if current in _UNRELEASED - known or not inspect(connection).has_table(store_identity.name):
        raise StoreOutdated(
            f"the store at {database.label} has schema {current} of a build before 0.1.0, the "
            "first version, and cannot be upgraded: import its documents into a new store"
        )
    if current == COPYING:
        raise StoreOutdated(
            f"a store was being copied into {database.label}, and that was not finished: run the "
            "same 'communique store copy' again, or empty the database"
        )
    if current not in known:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current}, which this version does not "
            "know: it was made by a newer Communiqué; use that one, or restore the backup that its "
            "upgrade kept"
        )
    return current


def differences(database: Database) -> list[str]:
    """Returns how the database's tables differ from this version's; empty if they do not."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as tx:
        options = {"include_object": partial(_is_compared, is_sqlite=database.is_sqlite)}
        context = MigrationContext.configure(tx.connection, opts=options)
        found = compare_metadata(context, metadata)
    return [str(difference) for difference in found]


def _is_compared(_object: object, name: str | None, kind: str, *_: object, is_sqlite: bool) -> bool:
    """Leaves out SQLite's full-text table and its own tables, and the index that it stands for."""
    if not is_sqlite or name is None:
        return True
    is_full_text = name == FULL_TEXT or name.startswith(f"{FULL_TEXT}_")
    return not (is_full_text if kind == "table" else name == f"ix_{release_search.name}_terms")


@cache
def revisions() -> tuple[str, ...]:
    """Returns the names of all schemas that this version knows, oldest first.

    Each migration's file begins with the name of its revision: ``0001_first_tables.py``.
    """
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _current(connection: Connection) -> str | None:
    """Returns the revision of the database; None if it has no table of ours."""
    if not inspect(connection).has_table(_VERSION):
        return None
    found: str | None = connection.execute(_CURRENT).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def schema_of(tx: Transaction) -> str | None:
    """Returns the revision of a store's schema; None if it has no tables of ours."""
    return _current(tx.connection)


def mark(tx: Transaction, revision: str) -> None:
    """Records a revision, or `COPYING`, as the schema of a store."""
    tx.connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def table_names(tx: Transaction) -> list[str]:
    """Returns the names of all tables that the database has, ours or not."""
    return inspect(tx.connection).get_table_names()


def has_table(tx: Transaction, name: str) -> bool:
    """Whether the database has a table of this name."""
    return inspect(tx.connection).has_table(name)


def require_known(schema: str, *, what: str) -> None:
    """Refuses a schema that this version cannot upgrade.

    Raises:
        StoreOutdated: *what*, such as a backup, was made by a newer version.
    """
    if schema not in revisions():
        raise StoreOutdated(
            f"{what} has schema {schema}, which this version does not know: it was made by a "
            "newer Communiqué; use that one"
        )


# Checks whether a store exists and is sound.

#: A broken file can have thousands of faults; the first ones say enough.
MAX_FINDINGS = 100


def sqlite_file(url: str) -> Path | None:
    """Returns the SQLite file that *url* names; None for every other store."""
    file = StoreFile.of(make_url(url))
    return None if file is None else file.path


def missing_file(url: str) -> Path | None:
    """Returns the SQLite file that *url* names if it does not exist yet; None otherwise.

    Connecting would create the file, which a command that only reads must not do.
    """
    path = sqlite_file(url)
    return None if path is None or path.exists() else path


def check(database: Database, *, is_older_fine: bool = False, is_quick: bool = False) -> list[str]:
    """Returns what is wrong with a store, for a person; empty if it is sound.

    Reads the whole file of an SQLite store.

    Args:
        database: The store.
        is_older_fine: Whether it may have the schema of an earlier version.
        is_quick: Whether to leave out of an SQLite store if each index has what its table has,
            which takes ten times as long as all else.

    Raises:
        StoreUnavailable: The database cannot be reached, or is too broken to be searched.
    """
    findings = _findings(database, is_older_fine=is_older_fine, is_quick=is_quick)
    return list(islice(findings, MAX_FINDINGS))


def _findings(database: Database, *, is_older_fine: bool, is_quick: bool) -> Iterator[str]:
    if database.is_sqlite:
        with database.read() as tx:
            yield from _sqlite_findings(tx, is_quick=is_quick)
    if is_older_fine and _is_older(database):
        return
    try:
        require_current(database)
    except StoreOutdated as error:
        # With another schema every table would differ: this one reason says more.
        yield str(error)
    else:
        yield from (f"schema: {difference}" for difference in differences(database))


def _is_older(database: Database) -> bool:
    with database.read() as tx:
        current = schema_of(tx)
    return current in revisions()[:-1]


def _sqlite_findings(tx: Transaction, *, is_quick: bool) -> Iterator[str]:
    """Yields what SQLite itself finds (https://sqlite.org/pragma.html, the pragmas below)."""
    pragma = f"PRAGMA {'quick' if is_quick else 'integrity'}_check({MAX_FINDINGS})"
    for row in tx.connection.exec_driver_sql(pragma):
        if row[0] != "ok":
            yield f"integrity: {row[0]}"
    for table, row_id, parent, _ in tx.connection.exec_driver_sql("PRAGMA foreign_key_check"):
        where = table if row_id is None else f"{table}, row {row_id}"
        yield f"foreign key: {where} points to nothing in {parent}"
