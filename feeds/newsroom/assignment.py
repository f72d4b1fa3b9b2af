"""Assigns releases to feeds, and brings the store to a changed configuration."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from feeds.categories import Catalogue
from feeds.errors import ConfigurationSuperseded
from feeds.fingerprints import END, ConfigurationFingerprints
from feeds.model.feed import ALL, Feed
from feeds.model.moment import Moment, Monotonic
from feeds.model.release import Release, ReleaseId
from feeds.model.text import fold
from feeds.newsroom.announcing import announce
from feeds.newsroom.months import count_months
from feeds.store.database import Database, Transaction
from feeds.store.feed_entries import KnownName
from feeds.store.feeds import AppliedFeed
from feeds.store.releases import Releases

# The assignment of releases to feeds.


class FeedAssigner:
    """Assigns releases to feeds by one catalogue. Safe to share between threads and processes.

    A process that has not reloaded yet, or that reloads before the others, assigns by its own
    catalogue. A process with the active configuration then assigns those releases again.
    """

    def __init__(self, catalogue: Catalogue, fingerprints: ConfigurationFingerprints) -> None:
        self._catalogue = catalogue
        self._fingerprints = fingerprints

    def ask_is_in_force(self, tx: Transaction) -> Callable[[], bool]:
        """Asks whether this configuration is active; see ``feeds.store.pipelining.ask``."""
        return tx.configuration.ask_is_in_force(self._fingerprints.digest)

    def assign(
        self,
        tx: Transaction,
        new: Sequence[Release],
        moved: Sequence[Release] = (),
        *,
        is_in_force: bool,
    ) -> None:
        """Assigns each release to the feeds of its category names.

        Args:
            tx: A transaction that holds the works (``Releases.hold_works``), so that no other
                configuration becomes active meanwhile.
            new: Releases that are in no feed yet.
            moved: Releases that may be in some.
            is_in_force: Whether this configuration is active, as this transaction has read it.
        """
        tx.feed_entries.add([(one, self._catalogue.feeds_of(one.content)) for one in new])
        tx.feed_entries.replace([(one, self._catalogue.feeds_of(one.content)) for one in moved])
        assigned = [one.id for one in (*new, *moved)]
        if assigned and not is_in_force:
            tx.feed_entries.mark_for_reassignment(assigned)

    def is_assigned(self, release: Release, feeds: Sequence[str]) -> bool:
        """Whether *feeds* are the feeds of the release's category names.

        A retracted release stays where its notice is, or is in no feed any more.
        """
        return release.retraction is not None or tuple(feeds) == self._catalogue.feeds_of(
            release.content
        )


# The application of a changed configuration: feeds are added, renamed and removed, and releases
# move.

#: Releases reassigned in one transaction, so that intakes do not wait long.
RELEASES_PER_TRANSACTION = 500


#: While releases move, their feeds wait for the last one, so that one edition and one push cover
#: all of it. The limit is for new releases, which wait with them, and for a crash, which does not
#: release the hold.
MAX_HOLD = timedelta(seconds=30)
HOLDER = "refiling"


class FindPage(Protocol):
    """Finds releases by id, after *after*."""

    def __call__(
        self, releases: Releases, /, *, after: ReleaseId | None, limit: int
    ) -> list[Release]:
        """Returns at most *limit* of them, by id."""
        ...


class CatalogueUpdate:
    """Applies one catalogue to a store.

    The catalogue becomes active first. From then on, a process that assigns a release by another
    catalogue, because it has not reloaded yet, marks that release for reassignment
    (``FeedAssigner.assign``), and no process stores an edition made with another one. The applied
    names and feeds are recorded only *after* all releases have moved, so that a crash in between
    finds the same differences again. Moving a release twice is harmless.

    Every transaction checks whether the configuration is still active. The first one that finds
    another one stops: the configuration applied last wins.
    """

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        fingerprints: ConfigurationFingerprints,
        mint_id: Callable[[], str],
        now: datetime,
        monotonic: Monotonic,
        page_version: str = "",
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._digest = fingerprints.digest
        self._appearance = fingerprints.appearance(page_version)
        self._mint_id = mint_id
        self._now = now
        self._target = fingerprints.at(now)
        self._moment = Moment(now, monotonic)

    def apply(self, *, by: str) -> int:
        """Applies the catalogue.

        Args:
            by: The process that does it.

        Returns:
            How many releases were reassigned.

        Raises:
            ConfigurationSuperseded: Another configuration was applied meanwhile.
        """
        self._activate(by)
        applied, moved = self._begin()
        self._update_versions_in(moved)
        renamed = self._renamed()
        reassigned = self._reassign_named([fold(name.name) for name in renamed])
        reassigned += self._reassign_in(self._feeds_with_changed(applied))
        self._recount_months()
        self._finish(applied, renamed)
        return reassigned + self.reassign_doubtful()

    def reassign_doubtful(self) -> int:
        """Reassigns releases that were assigned by a configuration that was not active.

        Returns:
            How many releases were reassigned.

        Raises:
            ConfigurationSuperseded: Another configuration was applied meanwhile.
        """
        reassigned = 0
        while self._has_doubts():
            with self._transaction() as tx:
                ids = tx.feed_entries.to_reassign(limit=RELEASES_PER_TRANSACTION)
                page = list(tx.releases.by_ids(ids).values())
                # This step is complete: no feed has to wait for a later one.
                reassigned += self._reassign(tx, page, is_held=False)
                names = {name for one in page for name in one.content.category_names}
                tx.names.record_reassigned(
                    {name: self._catalogue.match(name) for name in sorted(names)}
                )
                tx.feed_entries.clear_reassignment(ids)
                # The page of a release shows its categories.
                tx.appearance.renew(now=self._now)
        return reassigned

    def _has_doubts(self) -> bool:
        with self._database.read() as tx:  # a write would wait for other writers
            return bool(tx.feed_entries.to_reassign(limit=1))

    def _activate(self, by: str) -> None:
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            tx.configuration.put_in_force(self._digest, by=by, now=self._now)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """Opens a transaction that excludes intakes and requires that the configuration is active.

        Otherwise a release that is corrected meanwhile would be assigned by its former content.
        """
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            if not tx.configuration.is_in_force(self._digest):
                raise ConfigurationSuperseded
            yield tx

    def _begin(self) -> tuple[dict[str, AppliedFeed], list[str]]:
        """Creates the rows of new feeds, so that releases can be assigned to them.

        Returns:
            The feeds as last applied, and the slugs of the renamed feeds.
        """
        with self._transaction() as tx:
            moved = [feed.slug for feed in self._catalogue.feeds.values() if self._rename(tx, feed)]
            applied = tx.feeds.applied()
            new = {slug: self._mint_id() for slug in self._target if slug not in applied}
            tx.feeds.begin(new, now=self._now)
        return applied, moved

    @staticmethod
    def _rename(tx: Transaction, feed: Feed) -> bool:
        """Gives a renamed feed its new slug, in one transaction with all it holds.

        A repeated call, as after a crash, changes nothing. If the new slug belongs to a running
        feed, nothing is renamed: when two feeds become one, the other one ends, as it would without
        ``was``.
        """
        if not feed.was:
            return False
        running = tx.feeds.running((feed.slug, *feed.was))
        if running.get(feed.slug):
            return False
        # An ended feed keeps its id in case it returns. It returns under its new slug, unless that
        # has a row of its own: only a running feed replaces such a row.
        may_come_back = feed.slug not in running
        alive = [slug for slug in feed.was if running.get(slug)]
        ended = [slug for slug in feed.was if slug in running and may_come_back]
        for former in [*alive, *ended][:1]:
            tx.feed_entries.rename(former, feed.slug)
            tx.months.rename(former, feed.slug)
            tx.feeds.rename(former, feed.slug)
            return True
        return False

    def _update_versions_in(self, feeds: Sequence[str]) -> None:
        """Updates the entry versions in renamed feeds. A crash before costs only time."""
        after: ReleaseId | None = None
        while feeds:
            with self._transaction() as tx:
                page = tx.releases.in_feeds(
                    feeds=feeds, after=after, limit=RELEASES_PER_TRANSACTION
                )
                tx.feed_entries.update_versions(page)
            if len(page) < RELEASES_PER_TRANSACTION:
                return
            after = page[-1].id

    def is_due(self) -> bool:
        """Whether releases are still assigned as another catalogue had them. Stores nothing."""
        with self._database.read() as tx:
            applied = tx.feeds.applied()
            is_ours = tx.configuration.is_in_force(self._digest)
        return (
            not is_ours
            or applied.keys() != self._target.keys()
            or bool(self._feeds_with_changed(applied) or self._renamed())
            or self._has_doubts()
        )

    def _renamed(self) -> list[KnownName]:
        """Returns the names that match other categories than when they were last applied."""
        with self._database.read() as tx:
            return [
                name
                for name in tx.names.known()
                if self._catalogue.match(name.name) != name.categories
            ]

    def _feeds_with_changed(self, applied: dict[str, AppliedFeed]) -> list[str]:
        """Returns feeds that together hold every release which a changed selection may affect."""
        selections = [
            selection
            for slug, target in self._target.items()
            for selection in (target.selection, _selection(applied, slug))
            if target.selection != _selection(applied, slug)
        ]
        named = sorted({slug for text in selections if text for slug in _categories_in(text)})
        # A category's feed holds all of its releases, unless it has ended: later releases are only
        # in the feed of everything.
        has_end = any(self._has_end(applied, slug) for slug in named)
        return [ALL] if has_end else named

    def _has_end(self, applied: dict[str, AppliedFeed], slug: str) -> bool:
        target = self._target[slug].selection if slug in self._target else ""
        return any(END in json.loads(text) for text in (target, _selection(applied, slug)) if text)

    def _reassign_named(self, folded: Sequence[str]) -> int:
        return sum(
            self._reassign_all(partial(Releases.with_names, folded=part))
            for start in range(0, len(folded), RELEASES_PER_TRANSACTION)
            if (part := folded[start : start + RELEASES_PER_TRANSACTION])
        )

    def _reassign_in(self, feeds: Sequence[str]) -> int:
        if not feeds:
            return 0
        return self._reassign_all(partial(Releases.in_feeds, feeds=feeds))

    def _reassign_all(self, find: FindPage) -> int:
        """Reassigns the releases that *find* returns, one page and transaction at a time."""
        reassigned = 0
        after: ReleaseId | None = None
        while True:
            with self._transaction() as tx:
                page = find(tx.releases, after=after, limit=RELEASES_PER_TRANSACTION)
                reassigned += self._reassign(tx, page, is_held=self._is_holding())
            if len(page) < RELEASES_PER_TRANSACTION:
                return reassigned
            after = page[-1].id

    def _is_holding(self) -> bool:
        """Whether feeds still wait for the update. After `MAX_HOLD` editions are made meanwhile.

        Holding a feed takes it from the worker that makes its edition. If every step of a large
        update did so, no edition would be finished before its end.
        """
        return self._moment.passed_s < MAX_HOLD.total_seconds()

    def _reassign(self, tx: Transaction, releases: Sequence[Release], *, is_held: bool) -> int:
        before = tx.feed_entries.of([release.id for release in releases])
        moved = [
            (release, feeds)
            for release in releases
            # A retracted release that is in no feed has had its notice, which does not return.
            if release.retraction is None or release.id in before
            if (feeds := self._catalogue.feeds_of(release.content)) != before.get(release.id, ())
        ]
        tx.feed_entries.replace(moved)
        if moved:
            count_months(
                tx,
                before=[(release, before.get(release.id, ())) for release, _ in moved],
                after=moved,
                zone=tx.months.zone(),
                now=self._now,
            )
        # A feed that keeps the release changes too: its entry names other categories now.
        touched = {
            slug for release, feeds in moved for slug in {*feeds, *before.get(release.id, ())}
        }
        announce(tx, self._catalogue, touched, now=self._now)
        if is_held:
            tx.feeds.hold(sorted(touched), holder=HOLDER, until=self._now + MAX_HOLD)
        return len(moved)

    def _recount_months(self) -> None:
        """Counts releases anew by the months of the site's time zone, if that is another one."""
        zone = self._catalogue.site.time_zone
        with self._transaction() as tx:
            if tx.months.zone().key != zone.key:
                tx.months.recount(zone, now=self._now)

    def _finish(self, applied: dict[str, AppliedFeed], renamed: Sequence[KnownName]) -> None:
        with self._transaction() as tx:
            tx.names.record_reassigned(
                {name.name: self._catalogue.match(name.name) for name in renamed}
            )
            gone = sorted(set(applied) - set(self._target))
            tx.feed_entries.forget(gone)
            tx.months.forget(gone)
            # Editions stored meanwhile were made with the former configuration.
            made = tx.feeds.applied(is_locked=True)
            changed = [
                slug
                for slug, target in self._target.items()
                if slug not in applied or _has_other_settings(made[slug], target)
            ]
            tx.feeds.end(gone, now=self._now)
            described = [
                target for slug, target in self._target.items() if _is_new(made[slug], target)
            ]
            tx.feeds.describe(described)
            for each in described:
                tx.pings.retain(self._catalogue.feeds[each.slug])
            announce(tx, self._catalogue, changed, now=self._now)
            tx.appearance.record(self._appearance, now=self._now)
            tx.feeds.release_holds(HOLDER)


def _is_new(applied: AppliedFeed, target: AppliedFeed) -> bool:
    """Whether the store has another description of the feed. Its hubs are among its settings."""
    return (applied.selection, applied.settings) != (target.selection, target.settings)


def _has_other_settings(applied: AppliedFeed, target: AppliedFeed) -> bool:
    """Whether the feed's documents are made with other settings, or will be."""
    return applied.settings != target.settings or applied.edition not in (None, target.settings)


def _selection(applied: dict[str, AppliedFeed], slug: str) -> str:
    return applied[slug].selection if slug in applied else ""


def _categories_in(selection: str) -> list[str]:
    described: dict[str, list[str]] = json.loads(selection)
    return [*described["any_of"], *described["none_of"]]
