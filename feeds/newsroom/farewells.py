"""Feeds that end when their time has come."""

from datetime import datetime

from feeds.categories import Catalogue
from feeds.descriptions import Descriptions
from feeds.newsroom.announcing import announce
from feeds.store.database import Database


class Farewells:
    """The ends that a catalogue sets. Safe to share between threads and, over one store, processes.

    An end that has come makes its feed stale, and the edition after that says farewell: the press
    goes by the feed's last change, which then lies behind the end.
    """

    def __init__(
        self, database: Database, catalogue: Catalogue, descriptions: Descriptions
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._descriptions = descriptions
        self._said: frozenset[str] = frozenset()

    def say(self, *, now: datetime) -> list[str]:
        """Make those feeds stale that ended, each once. Returns their slugs."""
        ended = {slug for slug, feed in self._catalogue.feeds.items() if feed.has_ended(now)}
        if ended <= self._said:
            return []
        with self._database.transaction() as tx:
            # The settings tell whether it was done, by us before a crash or by somebody else.
            due = [
                slug
                for slug in sorted(ended - self._said)
                if tx.feeds.redescribe(
                    self._descriptions.of(self._catalogue.feeds[slug], has_ended=True)
                )
            ]
            announce(tx, self._catalogue, due, now=now)
        self._said |= ended
        return due
