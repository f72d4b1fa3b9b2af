"""What is not asked or computed again for each release."""

from dataclasses import replace
from typing import Any

from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later


def test_nothing_is_claimed_while_another_configuration_is_in_force(database: Database) -> None:
    Office(database)
    claim: dict[str, Any] = {"worker": "one", "now": NOON, "until": later(seconds=30)}
    with database.read() as tx:
        in_force = tx.configuration.in_force()
    assert in_force is not None
    with database.unsynced() as tx:
        assert tx.feeds.claim(["finance"], **claim, in_force="another") == []
        assert len(tx.feeds.claim(["finance"], **claim, in_force=in_force.digest)) == 1


def test_a_release_that_is_read_has_the_digest_of_its_content(database: Database) -> None:
    """It is computed once, when the release is stored."""
    [taken_in] = Office(database).add(draft("id:1"))
    with database.read() as tx:
        [found] = tx.releases.by_ids([taken_in.release.id]).values()
    content = found.content
    assert vars(content)["digest"] == replace(content).digest
