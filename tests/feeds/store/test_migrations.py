"""A database is brought to the schema of this version, whole or not at all."""

import pytest
from alembic import command
from sqlalchemy import text

from feeds.errors import StoreOutdated
from feeds.model.filing import stamp
from feeds.model.release import ReleaseId
from feeds.store import migrate
from feeds.store.database import Database
from tests.support.newsrooms import NOON


def test_migrations_make_exactly_the_tables_that_the_code_speaks_of(database: Database) -> None:
    assert migrate.differences(database) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert migrate.upgrade(database) == migrate.upgrade(database)


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


def test_filings_of_an_older_version_get_the_stamps_that_they_would_get_today(
    database_url: str,
) -> None:
    database = Database.open(database_url)
    with database.transaction() as tx:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        for number in range(3):
            tx.connection.execute(_OLD_RELEASE, _old_release(number))
            for slug in ["finance", "all"][number % 2 :]:
                filed = {"id": str(number), "feed": slug, "at": _microseconds()}
                tx.connection.execute(_OLD_FILING, filed)
    migrate.upgrade(database)
    with database.read() as tx:
        for number in range(3):
            slugs = tx.filings.of([ReleaseId(str(number))])[ReleaseId(str(number))]
            found = tx.connection.execute(_STAMPS, {"id": str(number)}).scalars().all()
            assert set(found) == {stamp(f"digest-{number}", NOON, slugs)}
    database.close()


def test_what_stood_in_for_retracted_releases_goes_when_it_would_have(database_url: str) -> None:
    """By the day of the retraction; one whose time was over does not come back."""
    database = Database.open(database_url)
    with database.transaction() as tx:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0008")
        for number in range(3):
            tx.connection.execute(_OLD_RELEASE, _old_release(number))
        tx.connection.execute(_RETRACT, {"at": _microseconds()})
        for number in (0, 1):
            filed = {"id": str(number), "feed": "all", "at": _microseconds()}
            tx.connection.execute(_OLD_FILING, filed)
    migrate.upgrade(database)
    with database.read() as tx:
        assert tx.releases.with_old_notices(until=NOON, limit=9) == ["1"]
        [known_by] = tx.connection.execute(_STAMPS, {"id": "1"}).scalars()
        assert known_by == stamp("digest-1", NOON, ["all"], notice_since=NOON)
    database.close()


_RETRACT = text(
    "UPDATE releases SET retracted_at = :at, retraction_reason = 'r' WHERE id IN ('1', '2')"
)
_OLD_RELEASE = text(
    "INSERT INTO releases (id, source_key, slug, revision, digest, title, body, summary, language,"
    " published, authors, enclosures, category_names, updated, changed_at) VALUES"
    " (:id, :id, :id, 1, :digest, 't', 'b', 's', 'en', :at, '[]', '[]', '[]', :at, :at)"
)
_OLD_FILING = text(
    "INSERT INTO filings (release_id, feed, changed_at, published) VALUES (:id, :feed, :at, :at)"
)
_STAMPS = text("SELECT stamp FROM filings WHERE release_id = :id")


def _old_release(number: int) -> dict[str, object]:
    return {"id": str(number), "digest": f"digest-{number}", "at": _microseconds()}


def _microseconds() -> int:
    return int(NOON.timestamp()) * 1_000_000
