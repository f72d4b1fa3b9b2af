"""Feeds that changed: announced at once, or ended when their time has come."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from feeds.categories import Catalogue
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.release import Release
from feeds.store.database import Database, Transaction

# The one way to say that feeds changed: a new edition is due, and the hubs are to hear of it.


def announce(tx: Transaction, catalogue: Catalogue, slugs: Iterable[str], *, now: datetime) -> None:
    """Mark feeds stale and ask for their pings, in the transaction of what changed them.

    Both are rows that outlive a crash: whoever regenerates next makes the edition, and the
    pings are due as soon as it is stored.
    """
    feeds = catalogue.feeds
    # Of a feed that is gone nobody is shown another edition.
    known = sorted(slug for slug in {*slugs} & feeds.keys() if not feeds[slug].is_gone(now))
    if not known:
        return
    sequences = tx.feeds.mark_stale(known, now=now)
    # A feed that ended a moment ago is not marked: the configuration at hand is older than that.
    asked = [(feeds[slug], sequences[slug]) for slug in known if slug in sequences]
    tx.pings.request(asked, now=now)


def showing(tx: Transaction, catalogue: Catalogue, releases: Sequence[Release]) -> set[str]:
    """The feeds in whose window one of these releases may stand; of others no byte changes."""
    feeds_by_release = tx.feed_entries.of([release.id for release in releases])
    slugs = {slug for feeds in feeds_by_release.values() for slug in feeds} & catalogue.feeds.keys()
    return {
        slug
        for slug in slugs
        if any(
            filed.release_id in feeds_by_release
            for filed in tx.feed_entries.window(slug, catalogue.feeds[slug].window)
        )
    }


# Notices whose time is over.

#: Notices taken out of the feeds in one transaction.
NOTICES_A_STEP = 500


class NoticeExpiry:
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
        before = tx.feed_entries.of([release.id for release in ended])
        tx.feed_entries.lock([(one, slug) for one, slugs in before.items() for slug in slugs])
        gone = [release for release in ended if release.retraction is not None]
        standing = [release for release in ended if release.retraction is None]
        tx.feed_entries.update_versions(standing)
        tx.feed_entries.replace([(release, ()) for release in gone])
        for release in gone:
            tx.archives.purge(release.id, now=now)
        with_notices = {slug for slug, feed in self._catalogue.feeds.items() if feed.notices}
        feeds = {slug for release in gone for slug in before.get(release.id, ())}
        feeds |= showing(tx, self._catalogue, standing) & with_notices
        announce(tx, self._catalogue, feeds, now=now)


# Feeds that end when their time has come.


class FeedClosures:
    """The ends that a catalogue sets. Safe to share between threads and, over one store, processes.

    An end that has come makes its feed stale, and the edition after that says farewell: the press
    goes by the feed's last change, which then lies behind the end.
    """

    def __init__(
        self, database: Database, catalogue: Catalogue, descriptions: ConfigurationFingerprints
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._descriptions = descriptions
        self._said: frozenset[str] = frozenset()

    def announce(self, *, now: datetime) -> list[str]:
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
