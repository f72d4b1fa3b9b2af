"""The book of acts."""

from feeds.model.life import Act, Deed
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later


def test_what_was_done_is_told_in_its_order(database: Database) -> None:
    done = [
        Act(subject="urn:1", deed=Deed.EMBARGOED, at=later(minutes=5), by="Ana", detail="until 9"),
        Act(subject="urn:2", deed=Deed.RETRACTED, at=NOON, by="Bo"),
        Act(subject="urn:1", deed=Deed.EMBARGO_LIFTED, at=NOON, by="token press"),
    ]
    with database.transaction() as tx:
        tx.acts.note(done[:2])
        tx.acts.note(done[2:])
        tx.acts.note([])
    with database.read() as tx:
        assert tx.acts.of("urn:1") == [done[0], done[2]]
        assert tx.acts.of("urn:3") == []
