"""A database is brought to the schema of this version, whole or not at all."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from feeds.errors import StoreOutdated
from feeds.store import migrate, schema
from feeds.store.database import Database


def test_migrations_make_exactly_the_tables_that_the_code_speaks_of(database: Database) -> None:
    assert migrate.differences(database) == []


#: Their queries ask for the rows without a value.
ASKED_FOR_NULL = {"ix_pushes_told_at", "ix_alarms_over_at"}


def test_an_index_of_what_may_be_missing_holds_what_is_given() -> None:
    """Or SQLite's statistics take the rows without it for many of one value, and it scans."""
    full = {
        index.name
        for table in schema.metadata.tables.values()
        for index in table.indexes
        if next(iter(index.columns)).nullable and index.dialect_options["sqlite"]["where"] is None
    }
    assert full == ASKED_FOR_NULL


def test_indexes_leave_out_the_same_on_both_databases(postgres_url: str) -> None:
    """The tables that the code speaks of name what SQLite's leave out, and not PostgreSQL's."""
    database = Database.open(postgres_url)
    migrate.upgrade(database)
    with database.read() as tx:
        rows = tx.connection.execute(
            text(
                "SELECT indexname, substring(indexdef FROM ' WHERE [(](.*)[)]$') AS left_out"
                " FROM pg_indexes WHERE schemaname = current_schema()"
            )
        ).all()
    there = {row.indexname: row.left_out for row in rows}
    database.close()
    wanted = {
        index.name: index.dialect_options["sqlite"]["where"]
        for table in schema.metadata.tables.values()
        for index in table.indexes
    }
    assert len(wanted) > 30
    for name, where in wanted.items():
        assert there[name] == (None if where is None else where.text), name


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert migrate.upgrade(database) == migrate.upgrade(database)


def test_files_of_migrations_are_named_after_their_revisions() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).with_name("migrations")))
    known = [script.revision for script in scripts.walk_revisions()]
    assert list(reversed(known)) == list(migrate.revisions())


def test_an_empty_database_is_not_worked_on(database_url: str) -> None:
    database = Database.open(database_url)
    with pytest.raises(StoreOutdated, match="communique store upgrade"):
        migrate.require_current(database)
    migrate.upgrade(database)
    migrate.require_current(database)
    database.close()


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for touch in (migrate.upgrade, migrate.require_current):
        with pytest.raises(StoreOutdated, match="made by a newer"):
            touch(database)


@pytest.mark.parametrize("revision", [f"{number:04}" for number in range(2, 14)])
def test_a_store_of_a_build_before_the_first_version_is_left_alone(
    sqlite_database: Database, revision: str
) -> None:
    with sqlite_database.transaction() as tx:
        tx.connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    for touch in (migrate.upgrade, migrate.require_current):
        with pytest.raises(StoreOutdated, match=rf"{revision} of a build before 0\.1\.0"):
            touch(sqlite_database)


def test_a_revision_of_such_a_build_is_told_from_the_one_that_has_its_name(
    database: Database,
) -> None:
    """Builds had a revision 0001 as well; no store of theirs has an id before 0013."""
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("DROP TABLE store_identity")
    for touch in (migrate.upgrade, migrate.require_current):
        with pytest.raises(StoreOutdated, match=r"0001 of a build before 0\.1\.0"):
            touch(database)
