"""The schema: brought to this version, and checked; whether a store is there and sound."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, make_url

from feeds.errors import StoreOutdated
from feeds.store.database import Database, Transaction
from feeds.store.schema import metadata, store_identity
from feeds.store.store_file import StoreFile

# Bringing a database to the schema of this version, and telling whether it is there.

#: Names the upgrade among PostgreSQL's advisory locks; any number would do.
UPGRADE_LOCK = 0x434F4D4D

#: The revisions of builds before 0.1.0, which are all one now.
_UNRELEASED = {f"{number:04}" for number in range(2, 14)}

_MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(database: Database) -> str:
    """Bring the database to the newest schema, from whichever it has. Returns its name.

    All of it is one transaction: a migration that fails leaves the database as it was.

    Raises:
        StoreOutdated: The database was made by a newer version, or by a build before the first.
    """
    with database.transaction() as tx:
        if not database.is_sqlite:
            # To bring a large store to another schema takes as long as it takes.
            tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            tx.connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            # Two machines may start at once on an empty database; SQLite has one writer anyway.
            tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        _refuse_unknown(database, tx.connection)
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
        return _current(MigrationContext.configure(tx.connection)) or "empty"


def require_current(database: Database) -> str:
    """Refuse to work on a database with another schema. Returns the schema's name.

    Raises:
        StoreOutdated: The schema is older, newer, or not ours.
    """
    with database.read() as tx:
        current = _refuse_unknown(database, tx.connection)
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if current != head:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current or 'none'}, this version works "
            f"with {head}: run 'communique store upgrade'"
        )
    return current or "empty"


def _refuse_unknown(database: Database, connection: Connection) -> str | None:
    """Refuse a schema that this version cannot bring forward. Returns the name of the present one.

    Raises:
        StoreOutdated: It was made by a newer version, or by a build from before the first one.
    """
    current = _current(MigrationContext.configure(connection))
    if current is None:
        return None
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    # Revisions have names from before the first version: what has one lacks a table of 0001.
    if current in _UNRELEASED - known or not inspect(connection).has_table(store_identity.name):
        raise StoreOutdated(
            f"the store at {database.label} has schema {current} of a build before 0.1.0, the "
            "first version, and cannot be upgraded: take its documents into a new store"
        )
    if current not in known:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current}, which this version does not "
            "know: it was made by a newer Communiqué; use that one"
        )
    return current


def differences(database: Database) -> list[str]:
    """What of the database's tables is not as this version has them; empty when all is."""
    with database.read() as tx:
        found = compare_metadata(MigrationContext.configure(tx.connection), metadata)
    return [str(difference) for difference in found]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _current(context: MigrationContext) -> str | None:
    return context.get_current_revision()


# Whether a store is there, can be worked with, and is sound.

#: A broken file can break in thousands of places; the first ones tell enough.
MAX_FINDINGS = 100


def sqlite_file(url: str) -> Path | None:
    """The file that *url* names; None for every store that is none."""
    file = StoreFile.of(make_url(url))
    return None if file is None else file.path


def missing_file(url: str) -> Path | None:
    """The SQLite file that *url* names, when it is not there yet; None for every other store.

    To connect would make the file, which is no business of who only wants to look.
    """
    path = sqlite_file(url)
    return None if path is None or path.exists() else path


def check(database: Database) -> list[str]:
    """What is wrong with a store, for a person; empty when it is sound. Reads all of SQLite's file.

    Raises:
        StoreUnavailable: The database cannot be reached, or is too broken to be searched.
    """
    return list(islice(_findings(database), MAX_FINDINGS))


def _findings(database: Database) -> Iterator[str]:
    if database.is_sqlite:
        with database.read() as tx:
            yield from _sqlite_findings(tx)
    try:
        require_current(database)
    except StoreOutdated as error:
        # Every table would differ: the one reason tells more.
        yield str(error)
    else:
        yield from (f"schema: {difference}" for difference in differences(database))


def _sqlite_findings(tx: Transaction) -> Iterator[str]:
    """What SQLite itself finds (https://sqlite.org/pragma.html, two pragmas of these names)."""
    pragma = f"PRAGMA integrity_check({MAX_FINDINGS})"
    for row in tx.connection.exec_driver_sql(pragma):
        if row[0] != "ok":
            yield f"integrity: {row[0]}"
    for table, row_id, parent, _ in tx.connection.exec_driver_sql("PRAGMA foreign_key_check"):
        where = table if row_id is None else f"{table}, row {row_id}"
        yield f"foreign key: {where} points to nothing in {parent}"
