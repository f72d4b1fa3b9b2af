"""Bringing the store to a changed configuration: feeds that come and go, releases that move."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Protocol

from feeds.categories import Catalogue
from feeds.model.feed import Feed
from feeds.model.release import Release, ReleaseId
from feeds.model.text import fold
from feeds.newsroom.announcing import announce
from feeds.render import writer_versions
from feeds.store.database import Database, Transaction
from feeds.store.feeds import AppliedFeed
from feeds.store.names import KnownName
from feeds.store.releases import Releases

#: Releases refiled in one transaction: intakes must not wait long for a large refiling.
RELEASES_A_STEP = 500


class FindPage(Protocol):
    """Finds releases by id, from the one behind *after*."""

    def __call__(
        self, releases: Releases, /, *, after: ReleaseId | None, limit: int
    ) -> list[Release]:
        """At most *limit* of them, by id."""
        ...


class Refiling:
    """One application of a catalogue to a store.

    The store notes what was applied last *after* all is moved, so that a crash in the middle
    finds the same differences again; moving a release twice is harmless.
    """

    def __init__(
        self, database: Database, catalogue: Catalogue, *, mint_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._mint_id = mint_id
        self._wanted = {slug: self._describe(feed) for slug, feed in catalogue.feeds.items()}

    def apply(self, *, now: datetime) -> int:
        """Apply the catalogue. Returns how many releases were refiled."""
        applied = self._begin(now)
        renamed = self._renamed()
        refiled = self._refile_named([fold(name.name) for name in renamed], now)
        refiled += self._refile_in(self._sources_of_changed(applied), now)
        self._finish(applied, renamed, now)
        return refiled

    def _begin(self, now: datetime) -> dict[str, AppliedFeed]:
        """Make the rows of feeds that are new, so that releases can be filed into them."""
        with self._database.transaction() as tx:
            applied = tx.feeds.applied()
            new = {slug: self._mint_id() for slug in self._wanted if slug not in applied}
            tx.feeds.begin(new, now=now)
        return applied

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
        return sorted({slug for text in selections if text for slug in _named_in(text)})

    def _refile_named(self, folded: Sequence[str], now: datetime) -> int:
        return sum(
            self._refile_all(partial(Releases.with_names, folded=part), now)
            for start in range(0, len(folded), RELEASES_A_STEP)
            if (part := folded[start : start + RELEASES_A_STEP])
        )

    def _refile_in(self, feeds: Sequence[str], now: datetime) -> int:
        if not feeds:
            return 0
        return self._refile_all(partial(Releases.filed_in, feeds=feeds), now)

    def _refile_all(self, find: FindPage, now: datetime) -> int:
        """Refile what *find* finds, a page and a transaction at a time."""
        refiled = 0
        after: ReleaseId | None = None
        while True:
            with self._database.transaction() as tx:
                page = find(tx.releases, after=after, limit=RELEASES_A_STEP)
                refiled += self._refile(tx, page, now)
            if len(page) < RELEASES_A_STEP:
                return refiled
            after = page[-1].id

    def _refile(self, tx: Transaction, releases: Sequence[Release], now: datetime) -> int:
        before = tx.filings.of([release.id for release in releases])
        moved = [
            (release, feeds)
            for release in releases
            if (feeds := self._feeds_of(release)) != before.get(release.id, ())
        ]
        tx.filings.replace(moved)
        # A feed that keeps the release changes too: its entry names other categories now.
        touched = {
            slug for release, feeds in moved for slug in {*feeds, *before.get(release.id, ())}
        }
        announce(tx, self._catalogue, touched, now=now)
        return len(moved)

    def _feeds_of(self, release: Release) -> tuple[str, ...]:
        filing = self._catalogue.file(release.content.category_names)
        return self._catalogue.feeds_taking(set(filing.categories))

    def _finish(
        self, applied: dict[str, AppliedFeed], renamed: Sequence[KnownName], now: datetime
    ) -> None:
        gone = sorted(set(applied) - set(self._wanted))
        changed = [
            slug
            for slug, wanted in self._wanted.items()
            if slug not in applied or applied[slug].settings != wanted.settings
        ]
        with self._database.transaction() as tx:
            tx.names.learn({name.name: self._catalogue.claim(name.name) for name in renamed})
            self._end(tx, gone, now)
            tx.feeds.describe(list(self._wanted.values()))
            for feed in self._catalogue.feeds.values():
                tx.pings.keep_only(feed)
            announce(tx, self._catalogue, changed, now=now)

    @staticmethod
    def _end(tx: Transaction, slugs: Sequence[str], now: datetime) -> None:
        tx.filings.forget(slugs)
        tx.feeds.end(slugs, now=now)

    def _describe(self, feed: Feed) -> AppliedFeed:
        """The feed as the store remembers it.

        The settings cover all that any of its documents says beside its releases. The titles of
        all categories are among them, because an entry labels each category that it is in.
        """
        selection = {"any_of": sorted(feed.any_of), "none_of": sorted(feed.none_of)}
        said = {
            "render": writer_versions(),
            "feed": asdict(feed),
            "site": asdict(self._catalogue.site),
            "labels": {slug: c.title for slug, c in self._catalogue.categories.items()},
        }
        settings = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        return AppliedFeed(
            slug=feed.slug, selection=json.dumps(selection, sort_keys=True), settings=settings
        )


def _selection(applied: dict[str, AppliedFeed], slug: str) -> str:
    return applied[slug].selection if slug in applied else ""


def _named_in(selection: str) -> list[str]:
    described: dict[str, list[str]] = json.loads(selection)
    return [slug for slugs in described.values() for slug in slugs]
