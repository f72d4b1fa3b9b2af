"""Who was slower than a retraction does not undo it."""

from dataclasses import replace

import pytest

from feeds import revision
from feeds.errors import StoreConflict
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later


def test_a_correction_of_what_was_read_before_a_retraction_is_refused(database: Database) -> None:
    """The intake then reads again, and finds it retracted."""
    office = Office(database)
    office.add(draft("id:1"))
    held = office.newsroom.release("id:1").release
    office.newsroom.retract("id:1", reason="Wrong", by="ann", now=NOON)
    corrected = revision.corrected(held, draft("id:1", title="Another"), now=later(hours=1))
    with pytest.raises(StoreConflict), database.transaction() as tx:
        tx.releases.replace([(held, corrected)], now=later(hours=1))
    assert office.newsroom.release("id:1").release.retraction is not None


def test_of_two_retractions_one_is_kept(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1"))
    held = office.newsroom.release("id:1").release
    first = office.newsroom.retract("id:1", reason="Wrong", by="ann", now=NOON)
    second = revision.retracted(held, reason="Other", now=NOON)
    with pytest.raises(StoreConflict), database.transaction() as tx:
        tx.releases.retract(held, second)
    assert office.newsroom.release("id:1").release == replace(first)
