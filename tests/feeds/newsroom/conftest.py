"""What holds after each test of a newsroom, whatever it did."""

from collections.abc import Iterator

import pytest

from feeds.store.database import Database


@pytest.fixture(autouse=True)
def _counts_of_months(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each month counts what it lists: counts change with the releases, and nobody counts again."""
    if "database" not in request.fixturenames:
        yield
        return
    database: Database = request.getfixturevalue("database")
    yield
    with database.read() as tx:
        assert tx.months.faults(tx.months.zone()) == []
