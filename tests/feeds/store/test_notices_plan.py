"""The look at notices whose time is over, twice a second for ever, reads one small index."""

from datetime import timedelta

from sqlalchemy import insert

from feeds.model.release import ReleaseId
from feeds.store.database import Database, Transaction
from feeds.store.schema import releases
from tests.feeds.store.test_window_plan import a_release
from tests.support.newsrooms import NOON
from tests.support.query_plans import plans, prefer_order, steps

RELEASES = 4_000
EVERY = 500  #: one in so many has a notice
INDEX = "ix_releases_notice_since"


def test_it_is_answered_by_the_index_of_those_that_have_one(database: Database) -> None:
    since = NOON + timedelta(hours=1)
    with database.transaction() as tx:
        rows = [
            a_release(n) | {"notice_since": None if n % EVERY else since} for n in range(RELEASES)
        ]
        tx.connection.execute(insert(releases), rows)
        tx.connection.exec_driver_sql("ANALYZE")
        if not database.is_sqlite:
            prefer_order(tx.connection)

        def look(tx: Transaction) -> list[ReleaseId]:
            return tx.releases.with_old_notices(until=since, limit=5)

        assert len(look(tx)) == 5
        assert tx.releases.with_old_notices(until=since - timedelta(seconds=1), limit=5) == []
        [plan] = plans(tx, look)
    found = steps(plan, dialect="sqlite" if database.is_sqlite else "postgresql")
    if database.is_sqlite:
        assert found == [f"SEARCH releases USING INDEX {INDEX} (notice_since<?)"]
    else:
        assert found == ["Limit", f"Index Scan {INDEX}"]
