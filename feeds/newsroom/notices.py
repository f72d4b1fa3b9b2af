"""Notices whose time is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from feeds.categories import Catalogue
from feeds.model.release import Release
from feeds.newsroom.announcing import announce, showing
from feeds.store.database import Database, Transaction

#: Notices taken out of the feeds in one transaction.
NOTICES_A_STEP = 500


class Notices:
    """The notices over one store. Safe to share between threads and processes.

    They come with what they tell of (``feeds.revision``), in one edition with the entry that it
    changed, and go by a timer: bytes go by rows, never by the clock.
    """

    def __init__(self, database: Database, catalogue: Catalogue, *, stand_for: timedelta) -> None:
        self._database = database
        self._catalogue = catalogue
        self._stand_for = stand_for

    def expire(self, *, now: datetime) -> list[Release]:
        """Take notices out of the feeds that stood there for their time.

        With the notice of a retraction go tombstone and stand-in. Those releases stay retracted,
        and their addresses gone, for ever. Cheap to ask often.

        Returns:
            The releases that they were of.
        """
        until, expired = now - self._stand_for, list[Release]()
        while True:
            with self._database.read() as tx:  # A writer would wait for others each time.
                ids = tx.releases.with_old_notices(until=until, limit=NOTICES_A_STEP)
            if not ids:
                return expired
            with self._database.transaction() as tx:
                tx.releases.hold_works()
                ended = tx.releases.end_notices(ids, until=until)
                self._withdraw(tx, ended, now)
            expired += ended

    def _withdraw(self, tx: Transaction, ended: Sequence[Release], now: datetime) -> None:
        before = tx.filings.of([release.id for release in ended])
        tx.filings.lock([(one, slug) for one, slugs in before.items() for slug in slugs])
        gone = [release for release in ended if release.retraction is not None]
        standing = [release for release in ended if release.retraction is None]
        tx.filings.restamp(standing)
        tx.filings.replace([(release, ()) for release in gone])
        for release in gone:
            tx.archives.purge(release.id, now=now)
        with_notices = {slug for slug, feed in self._catalogue.feeds.items() if feed.notices}
        feeds = {slug for release in gone for slug in before.get(release.id, ())}
        feeds |= showing(tx, self._catalogue, standing) & with_notices
        announce(tx, self._catalogue, feeds, now=now)
