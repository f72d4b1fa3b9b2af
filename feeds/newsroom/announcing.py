"""Announces changed feeds, and takes expired notices and ended feeds out of service."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from feeds.categories import Catalogue
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.release import Release
from feeds.store.database import Database, Transaction


def announce(
    tx: Transaction,
    catalogue: Catalogue,
    slugs: Iterable[str],
    *,
    now: datetime,
    is_news: bool = True,
) -> None:
    """Marks feeds as stale and requests their pings, in the transaction that changed them.

    Both are rows that survive a crash: the next regeneration makes the edition, and the pings are
    due as soon as it is stored. What is no news is not pushed: no ping.
    """
    feeds = catalogue.feeds
    # A feed that is gone gets no further edition.
    known = sorted(slug for slug in {*slugs} & feeds.keys() if not feeds[slug].is_gone(now))
    if not known:
        return
    tx.feeds.mark_stale(known, now=now, is_news=is_news)
    if is_news:
        tx.pings.request([feeds[slug] for slug in known], now=now)


def feeds_showing(tx: Transaction, catalogue: Catalogue, releases: Sequence[Release]) -> set[str]:
    """Returns the feeds whose window may show one of these releases; no other feed changes."""
    feeds_by_release = tx.feed_entries.of([release.id for release in releases])
    slugs = {slug for feeds in feeds_by_release.values() for slug in feeds} & catalogue.feeds.keys()
    windows = {slug: catalogue.feeds[slug].window for slug in sorted(slugs)}
    return {
        slug
        for slug, feed_entries in tx.feed_entries.windows(windows).items()
        if any(feed_entry.release_id in feeds_by_release for feed_entry in feed_entries)
    }


# Expired notices.

#: Notices removed in one transaction.
NOTICES_PER_TRANSACTION = 500


class NoticeExpiry:
    """Removes expired notices. Safe to share between threads and processes.

    Notices are published with the change that they report (``feeds.revision``), in one edition with
    the changed entry. A timer removes them, so that the bytes of a feed depend on rows and never on
    the clock.
    """

    def __init__(self, database: Database, catalogue: Catalogue, *, stand_for: timedelta) -> None:
        self._database = database
        self._catalogue = catalogue
        self._stand_for = stand_for

    def ask_is_due(self, tx: Transaction, *, now: datetime) -> Callable[[], bool]:
        """Asks whether `expire` has anything to do; see ``feeds.store.pipelining.ask``."""
        asked = tx.releases.ask_with_old_notices(until=now - self._stand_for, limit=1)
        return lambda: bool(asked())

    def expire(self, *, now: datetime) -> list[Release]:
        """Removes notices that have stood in the feeds for their full period.

        The notice of a retraction is removed together with its tombstone and replacement entry.
        Those releases stay retracted, and their addresses stay gone. Cheap when there is nothing to
        do.

        Returns:
            The releases whose notices were removed.
        """
        until, expired = now - self._stand_for, list[Release]()
        while True:
            with self._database.read() as tx:  # A write would wait for other writers.
                ids = tx.releases.with_old_notices(until=until, limit=NOTICES_PER_TRANSACTION)
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
        public = [release for release in ended if release.retraction is None]
        tx.feed_entries.update_versions(public)
        tx.feed_entries.replace([(release, ()) for release in gone])
        for release in gone:
            tx.archives.purge(release.id, now=now)
        with_notices = {slug for slug, feed in self._catalogue.feeds.items() if feed.notices}
        feeds = {slug for release in gone for slug in before.get(release.id, ())}
        feeds |= feeds_showing(tx, self._catalogue, public) & with_notices
        announce(tx, self._catalogue, feeds, now=now)


# Feeds that end.


class FeedClosures:
    """Ends feeds as a catalogue configures it. Safe to share between threads and processes.

    When its end has come, a feed becomes stale, and its next edition has a closing entry:
    `EditionBuilder` compares the end with the feed's last change, which is then later.
    """

    def __init__(
        self, database: Database, catalogue: Catalogue, fingerprints: ConfigurationFingerprints
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._fingerprints = fingerprints
        self._announced: frozenset[str] = frozenset()

    def announce(self, *, now: datetime) -> list[str]:
        """Marks feeds that have ended as stale, each once, and requests their pings.

        Cheap when there is nothing to do. `Newsroom.apply_catalogue` does the same, so an end does
        not depend on a timer that did not run.

        Returns:
            The slugs of the feeds.
        """
        ended = self._ended(now)
        if ended <= self._announced:
            return []
        with self._database.transaction() as tx:
            # The stored settings show whether it was done before, by this process or another one.
            due = [
                slug
                for slug in sorted(ended - self._announced)
                if tx.feeds.redescribe(
                    self._fingerprints.of(self._catalogue.feeds[slug], has_ended=True)
                )
            ]
            announce(tx, self._catalogue, due, now=now)
        self._announced |= ended
        return due

    def are_due(self, *, now: datetime) -> bool:
        """Whether a feed has ended for which `announce` was not called yet. Reads no store."""
        return not self._ended(now) <= self._announced

    def _ended(self, now: datetime) -> set[str]:
        return {feed.slug for feed in self._catalogue.ending_feeds if feed.has_ended(now)}
