"""Which feeds a release stands in, and bringing the store to a changed configuration."""

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
from feeds.store.database import Database, Transaction
from feeds.store.feed_entries import KnownName
from feeds.store.feeds import AppliedFeed
from feeds.store.releases import Releases

# The one way to file releases: it tells what was filed by a configuration not in force.


class Filer:
    """Files by one catalogue. Safe to share between threads and, over one store, processes.

    A process that has not reloaded yet, or that reloads before the others, files as well as it
    can. What it files is filed again by whoever has the configuration in force.
    """

    def __init__(self, catalogue: Catalogue, descriptions: ConfigurationFingerprints) -> None:
        self._catalogue = catalogue
        self._descriptions = descriptions

    def file(self, tx: Transaction, new: Sequence[Release], moved: Sequence[Release] = ()) -> None:
        """File each release into the feeds that its names mean.

        Args:
            tx: It holds the works (``Releases.hold_works``), so that no configuration is put in
                force meanwhile.
            new: Those that are in no feed yet.
            moved: Those that may be in some.
        """
        tx.feed_entries.add([(one, self._catalogue.feeds_of(one.content)) for one in new])
        tx.feed_entries.replace([(one, self._catalogue.feeds_of(one.content)) for one in moved])
        filed = [one.id for one in (*new, *moved)]
        if filed and not tx.configuration.is_in_force(self._descriptions.digest):
            tx.feed_entries.doubt(filed)

    def is_filed(self, release: Release, feeds: Sequence[str]) -> bool:
        """True when *feeds* are those that its names mean.

        A retracted release stays where its notice is, or is in no feed any more.
        """
        return release.retraction is not None or tuple(feeds) == self._catalogue.feeds_of(
            release.content
        )


# Bringing the store to a changed configuration: feeds that come and go, releases that move.

#: Releases refiled in one transaction: intakes must not wait long for a large refiling.
RELEASES_A_STEP = 500


#: While releases move, their feeds wait for the last one: one edition is made of it all, and one
#: push. Not for longer than this, though: new releases wait with them, and a crash lets go of none.
HOLD = timedelta(seconds=30)
HOLDER = "refiling"


class FindPage(Protocol):
    """Finds releases by id, from the one behind *after*."""

    def __call__(
        self, releases: Releases, /, *, after: ReleaseId | None, limit: int
    ) -> list[Release]:
        """At most *limit* of them, by id."""
        ...


class Refiling:
    """One application of a catalogue to a store.

    First of all it is put in force: from then on, whoever files a release by another one, as a
    process does that has not reloaded yet, notes that the release is to be filed again
    (``file``), and nobody stores an edition made with another one. Of names and feeds the store
    notes what was applied *after* all is moved, so that a crash in the middle finds the same
    differences again; moving a release twice is harmless.

    Every step looks whether the configuration is in force still, and the first that finds another
    one ends it: the last one that was applied counts.
    """

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        descriptions: ConfigurationFingerprints,
        mint_id: Callable[[], str],
        now: datetime,
        monotonic: Monotonic,
        look: str = "",
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._digest = descriptions.digest
        self._appearance = descriptions.appearance(look)
        self._mint_id = mint_id
        self._now = now
        self._wanted = descriptions.at(now)
        self._moment = Moment(now, monotonic)

    def apply(self, *, by: str) -> int:
        """Apply the catalogue.

        Args:
            by: The process that does it.

        Returns:
            How many releases were refiled.

        Raises:
            ConfigurationSuperseded: Another one was applied meanwhile.
        """
        self._put_in_force(by)
        applied, moved = self._begin()
        self._restamp_in(moved)
        renamed = self._renamed()
        refiled = self._refile_named([fold(name.name) for name in renamed])
        refiled += self._refile_in(self._sources_of_changed(applied))
        self._finish(applied, renamed)
        return refiled + self.settle_doubts()

    def settle_doubts(self) -> int:
        """File again what was filed by a configuration that was not in force.

        Returns:
            How many releases were refiled.

        Raises:
            ConfigurationSuperseded: Another one was applied meanwhile.
        """
        refiled = 0
        while self._has_doubts():
            with self._step() as tx:
                ids = tx.feed_entries.doubtful(limit=RELEASES_A_STEP)
                page = list(tx.releases.by_ids(ids).values())
                # It is done with this step: no feed has to wait for a later one.
                refiled += self._refile(tx, page, is_held=False)
                names = {name for one in page for name in one.content.category_names}
                tx.names.refiled({name: self._catalogue.claim(name) for name in sorted(names)})
                tx.feed_entries.clear_doubt(ids)
                # A release's page names its categories.
                tx.appearance.renew(now=self._now)
        return refiled

    def _has_doubts(self) -> bool:
        with self._database.read() as tx:  # a writer would wait for others each time
            return bool(tx.feed_entries.doubtful(limit=1))

    def _put_in_force(self, by: str) -> None:
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            tx.configuration.put_in_force(self._digest, by=by, now=self._now)

    @contextmanager
    def _step(self) -> Iterator[Transaction]:
        """A transaction beside which no release is taken in, of the configuration in force.

        Without that a release that is corrected meanwhile would be filed by what it said before.
        """
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            if not tx.configuration.is_in_force(self._digest):
                raise ConfigurationSuperseded
            yield tx

    def _begin(self) -> tuple[dict[str, AppliedFeed], list[str]]:
        """Make the rows of feeds that are new, so that releases can be filed into them.

        Returns:
            The feeds as last described, and the slugs of those that have a new one.
        """
        with self._step() as tx:
            moved = [feed.slug for feed in self._catalogue.feeds.values() if self._rename(tx, feed)]
            applied = tx.feeds.applied()
            new = {slug: self._mint_id() for slug in self._wanted if slug not in applied}
            tx.feeds.begin(new, now=self._now)
        return applied, moved

    @staticmethod
    def _rename(tx: Transaction, feed: Feed) -> bool:
        """Give a feed that had another slug its new one, in one transaction with all it holds.

        Asked again, as after a crash, there is nothing left to do. A feed that is under way
        keeps its slug: when two become one, the other one ends, as it would without ``was``.
        """
        if not feed.was:
            return False
        running = tx.feeds.running((feed.slug, *feed.was))
        if running.get(feed.slug):
            return False
        # One that ended keeps its id for the day that it comes back. Under its new slug it does,
        # unless that has a row of its own: only a feed under way puts such a one aside.
        may_come_back = feed.slug not in running
        alive = [slug for slug in feed.was if running.get(slug)]
        ended = [slug for slug in feed.was if slug in running and may_come_back]
        for former in [*alive, *ended][:1]:
            tx.feed_entries.rename(former, feed.slug)
            tx.feeds.rename(former, feed.slug)
            return True
        return False

    def _restamp_in(self, feeds: Sequence[str]) -> None:
        """Have the entries of feeds with a new slug known by it. A crash before costs time only."""
        after: ReleaseId | None = None
        while feeds:
            with self._step() as tx:
                page = tx.releases.filed_in(feeds=feeds, after=after, limit=RELEASES_A_STEP)
                tx.feed_entries.update_versions(page)
            if len(page) < RELEASES_A_STEP:
                return
            after = page[-1].id

    def is_due(self) -> bool:
        """True while releases stand where another catalogue had them. Stores nothing."""
        with self._database.read() as tx:
            applied = tx.feeds.applied()
            is_ours = tx.configuration.is_in_force(self._digest)
        return (
            not is_ours
            or applied.keys() != self._wanted.keys()
            or bool(self._sources_of_changed(applied) or self._renamed())
            or self._has_doubts()
        )

    def _renamed(self) -> list[KnownName]:
        """Names that mean other categories now than when they were last filed."""
        with self._database.read() as tx:
            return [
                name
                for name in tx.names.known()
                if self._catalogue.claim(name.name) != name.categories
            ]

    def _sources_of_changed(self, applied: dict[str, AppliedFeed]) -> list[str]:
        """Feeds that hold every release which a changed selection may take or leave."""
        selections = [
            selection
            for slug, wanted in self._wanted.items()
            for selection in (wanted.selection, _selection(applied, slug))
            if wanted.selection != _selection(applied, slug)
        ]
        named = sorted({slug for text in selections if text for slug in _named_in(text)})
        # A category's feed holds all of its releases, but for one that ended: what was published
        # since is in the feed of everything.
        has_end = any(self._has_end(applied, slug) for slug in named)
        return [ALL] if has_end else named

    def _has_end(self, applied: dict[str, AppliedFeed], slug: str) -> bool:
        wanted = self._wanted[slug].selection if slug in self._wanted else ""
        return any(END in json.loads(text) for text in (wanted, _selection(applied, slug)) if text)

    def _refile_named(self, folded: Sequence[str]) -> int:
        return sum(
            self._refile_all(partial(Releases.with_names, folded=part))
            for start in range(0, len(folded), RELEASES_A_STEP)
            if (part := folded[start : start + RELEASES_A_STEP])
        )

    def _refile_in(self, feeds: Sequence[str]) -> int:
        if not feeds:
            return 0
        return self._refile_all(partial(Releases.filed_in, feeds=feeds))

    def _refile_all(self, find: FindPage) -> int:
        """Refile what *find* finds, a page and a transaction at a time."""
        refiled = 0
        after: ReleaseId | None = None
        while True:
            with self._step() as tx:
                page = find(tx.releases, after=after, limit=RELEASES_A_STEP)
                refiled += self._refile(tx, page, is_held=self._is_holding())
            if len(page) < RELEASES_A_STEP:
                return refiled
            after = page[-1].id

    def _is_holding(self) -> bool:
        """False once feeds waited for so long that editions are made of what has moved so far.

        To hold a feed takes it from whoever makes its edition. If each step did so to the end of a
        large refiling, no edition would be finished before.
        """
        return self._moment.passed_s < HOLD.total_seconds()

    def _refile(self, tx: Transaction, releases: Sequence[Release], *, is_held: bool) -> int:
        before = tx.feed_entries.of([release.id for release in releases])
        moved = [
            (release, feeds)
            for release in releases
            # A retracted release that is in no feed had its time: its notice does not come back.
            if release.retraction is None or release.id in before
            if (feeds := self._catalogue.feeds_of(release.content)) != before.get(release.id, ())
        ]
        tx.feed_entries.replace(moved)
        # A feed that keeps the release changes too: its entry names other categories now.
        touched = {
            slug for release, feeds in moved for slug in {*feeds, *before.get(release.id, ())}
        }
        announce(tx, self._catalogue, touched, now=self._now)
        if is_held:
            tx.feeds.hold(sorted(touched), holder=HOLDER, until=self._now + HOLD)
        return len(moved)

    def _finish(self, applied: dict[str, AppliedFeed], renamed: Sequence[KnownName]) -> None:
        with self._step() as tx:
            tx.names.refiled({name.name: self._catalogue.claim(name.name) for name in renamed})
            gone = sorted(set(applied) - set(self._wanted))
            tx.feed_entries.forget(gone)
            # What was stored meanwhile was made with the former configuration.
            made = tx.feeds.applied(is_locked=True)
            changed = [
                slug
                for slug, wanted in self._wanted.items()
                if slug not in applied or _says_something_else(made[slug], wanted)
            ]
            tx.feeds.end(gone, now=self._now)
            tx.feeds.describe(list(self._wanted.values()))
            for feed in self._catalogue.feeds.values():
                tx.pings.retain(feed)
            announce(tx, self._catalogue, changed, now=self._now)
            tx.appearance.record(self._appearance, now=self._now)
            tx.feeds.release_holds(HOLDER)


def _says_something_else(applied: AppliedFeed, wanted: AppliedFeed) -> bool:
    """True when the feed's documents are made with other settings, or will be."""
    return applied.settings != wanted.settings or applied.edition not in (None, wanted.settings)


def _selection(applied: dict[str, AppliedFeed], slug: str) -> str:
    return applied[slug].selection if slug in applied else ""


def _named_in(selection: str) -> list[str]:
    described: dict[str, list[str]] = json.loads(selection)
    return [*described["any_of"], *described["none_of"]]
