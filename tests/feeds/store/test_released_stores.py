"""What a released version stored is there after an upgrade, and goes on."""

import gzip
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from feeds.model.feed import ALL, Format
from feeds.store import migrate
from feeds.store.database import Database
from tests.support.newsrooms import Office, later
from tests.support.ready_stores import PostgresStores
from tests.support.released_stores import FOLDER, MINUTE, load_postgres, load_sqlite

FILES = sorted(path.name for path in FOLDER.glob("*.sql"))


@pytest.fixture(params=FILES)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The store of a released version, upgraded."""
    file = FOLDER / request.param
    if file.name.endswith(".sqlite.sql"):
        database = load_sqlite(file, tmp_path / "store.db")
        migrate.upgrade(database)
        yield database
        database.close()
        return
    stores: PostgresStores = request.getfixturevalue("postgres_stores")
    with stores.made(is_empty=True) as url:
        database = load_postgres(file, url)
        migrate.upgrade(database)
        yield database
        database.close()


def test_this_version_has_its_stores() -> None:
    name = version("communique")
    assert {f"{name}.sqlite.sql", f"{name}.postgres.sql"} <= set(FILES), (
        "run python -m tests.support.released_stores"
    )


def test_a_store_is_whole_after_the_upgrade(released: Database) -> None:
    assert migrate.check(released) == [], "a change of the tables needs a migration"


def test_what_was_published_is_served_and_what_waits_is_released(released: Database) -> None:
    office = Office(released)
    assert _titles(office) == {
        "A treaty is signed",
        "A treaty is not signed",
        "Correction: A treaty is not signed",
        "Retracted: Wrong",
    }
    [corrected] = office.newsroom.by_source_keys(["id:2"]).values()  # type: ignore[list-item]
    assert corrected.revision == 2
    [retracted] = office.newsroom.by_source_keys(["id:3"]).values()  # type: ignore[list-item]
    assert retracted.retraction is not None
    assert office.newsroom.embargoes.release(now=MINUTE) == 1
    office.publish(now=later(days=1, minutes=1))
    assert "It is over" in _titles(office)


def _titles(office: Office) -> set[str]:
    document = office.newsstand.document(ALL, Format.JSON)
    assert document is not None
    items = json.loads(gzip.decompress(document.gzip))["items"]
    return {item["title"] for item in items}
