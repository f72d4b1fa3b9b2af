"""A page of a long month is read from where its part begins: from one index, in its order."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from feeds.model.months import Month
from feeds.store.database import Database, Transaction
from feeds.store.schema import filings, releases
from tests.feeds.store.test_window_plan import a_release
from tests.support.newsrooms import NOON
from tests.support.query_plans import plans, prefer_order, steps

RELEASES = 3_000
RETRACTED = 50  #: one in so many
MARCH, UTC = Month(2026, 3), ZoneInfo("UTC")
INDEX = "ix_filings_latest"


def _fill(tx: Transaction) -> None:
    rows = []
    for n in range(RELEASES):
        moment = NOON + timedelta(minutes=n)
        row = a_release(n) | dict.fromkeys(("published", "updated", "changed_at"), moment)
        rows.append(row | {"retracted_at": None if n % RETRACTED else NOON})
    tx.connection.execute(insert(releases), rows)
    entries = [
        {"release_id": row["id"], "feed": feed}
        | {"placed_at": row["changed_at"], "published": row["published"]}
        for row in rows
        for feed in ("all", "finance")
    ]
    tx.connection.execute(insert(filings), entries)
    tx.connection.exec_driver_sql("ANALYZE")


def test_a_part_is_read_from_one_index_and_its_place_is_found_without_releases(
    database: Database,
) -> None:
    with database.transaction() as tx:
        _fill(tx)
        if not database.is_sqlite:
            prefer_order(tx.connection)
        places = tx.months.places("all", MARCH, UTC, language=None, every=100)
        assert len(places) == -(-(RELEASES - RELEASES // RETRACTED) // 100)

        def part(tx: Transaction) -> object:
            return tx.months.releases_from(places[7], "all", MARCH, UTC, language=None, limit=100)

        def find(tx: Transaction) -> object:
            return tx.months.places("all", MARCH, UTC, language=None, every=100)

        dialect = "sqlite" if database.is_sqlite else "postgresql"
        [of_part] = [steps(plan, dialect=dialect) for plan in plans(tx, part)]
        [of_places] = [steps(plan, dialect=dialect) for plan in plans(tx, find)]
    if database.is_sqlite:
        begins = f"SEARCH filings USING COVERING INDEX {INDEX} (feed=? AND "
        assert of_part[0] == f"{begins}(published,release_id)>(?,?) AND published<?)"
        assert not [step for step in of_part if "TEMP B-TREE" in step]
        assert any(step.startswith(begins) for step in of_places)
        retracted = "SEARCH releases USING COVERING INDEX ix_releases_retracted_at"
        assert any(step.startswith(retracted) for step in of_places)
        assert not [step for step in of_places if "autoindex_releases" in step]
    else:
        assert of_part[0] == "Limit"
        assert not [step for step in of_part if step.startswith(("Sort", "Seq Scan"))]
        assert f"Index Only Scan {INDEX}" in of_part
        assert f"Index Only Scan {INDEX}" in of_places
        assert "Index Only Scan ix_releases_retracted_at" in of_places
