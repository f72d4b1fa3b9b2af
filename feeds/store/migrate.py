"""Bringing a database to the schema of this version, and telling whether it is there."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from feeds.errors import StoreOutdated
from feeds.store.database import Database
from feeds.store.schema import metadata

#: Names the upgrade among PostgreSQL's advisory locks; any number would do.
UPGRADE_LOCK = 0x434F4D4D

_MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(database: Database) -> str:
    """Bring the database to the newest schema, from whichever it has. Returns its name.

    All of it is one transaction: a migration that fails leaves the database as it was.

    Raises:
        StoreOutdated: The database was made by a newer version.
    """
    with database.transaction() as tx:
        if not database.is_sqlite:
            # To bring a large store to another schema takes as long as it takes.
            tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            tx.connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            # Two machines may start at once on an empty database; SQLite has one writer anyway.
            tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        _refuse_newer(database, _current(MigrationContext.configure(tx.connection)))
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
        return _current(MigrationContext.configure(tx.connection)) or "empty"


def require_current(database: Database) -> None:
    """Refuse to work on a database with another schema.

    Raises:
        StoreOutdated: The schema is older, newer, or not ours.
    """
    with database.read() as tx:
        current = _current(MigrationContext.configure(tx.connection))
    _refuse_newer(database, current)
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if current != head:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current or 'none'}, this version works "
            f"with {head}: run 'communique store upgrade'"
        )


def _refuse_newer(database: Database, current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreOutdated(
            f"the store at {database.label} has schema {current}, which this version does not "
            "know: it was made by a newer Communiqué; use that one"
        )


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
