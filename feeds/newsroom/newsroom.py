"""The newsroom: documents become releases, filed into feeds, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

from feeds.categories import Catalogue, Filing
from feeds.errors import StoreConflict
from feeds.model.intake import Intake, KeptRefusal, Refusal, Verdict
from feeds.model.listing import ListedRelease, Place, ReleaseQuery
from feeds.model.release import Draft, Release, ReleaseId, SourceKey
from feeds.newsroom.announcing import announce
from feeds.newsroom.decisions import Decider, Decision
from feeds.newsroom.farewells import Farewells
from feeds.newsroom.refiling import Refiling
from feeds.store.database import Database, Transaction

#: Two intakes that meet on one release: the loser reads again what the winner stored.
MAX_TRIES = 5


class Newsroom:
    """Releases in. Safe to share between threads and, over one store, between processes."""

    def __init__(
        self, database: Database, catalogue: Catalogue, *, mint_id: Callable[[], ReleaseId]
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._mint_id = mint_id
        self._farewells = Farewells(database, catalogue)

    def take_in(self, drafts: Sequence[Draft], *, now: datetime) -> list[Intake | Refusal]:
        """Take in a batch of documents: releases, filings, stale feeds and pings in one go.

        Args:
            drafts: A few hundred at the most; a later one may correct an earlier one.
            now: The moment of intake; ``published`` may not lie behind it.

        Returns:
            What became of each, in their order. Refusals are kept in the store.

        Raises:
            ReleaseChanged: One was sent for a release that is another by now; nothing was stored.
            StoreUnavailable: Nothing of the batch was stored.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                with self._database.transaction() as tx:
                    return self._take_in(tx, drafts, now)
            except StoreConflict:
                if attempt == MAX_TRIES:
                    raise
        raise AssertionError  # the loop returns or raises

    def preview(self, drafts: Sequence[Draft], *, now: datetime) -> list[Intake | Refusal]:
        """Say what ``take_in`` would do, and store nothing."""
        with self._database.read() as tx:
            decided = self._decide(tx, drafts, now)
            return self._outcomes(tx, decided)

    def refuse(self, refused: Sequence[Refusal], *, now: datetime) -> None:
        """Keep refusals for ops, until the documents are accepted."""
        with self._database.transaction() as tx:
            tx.refusals.keep(refused, now=now)

    def forget_refusals(self, documents: Sequence[str]) -> None:
        """Forget what was refused in these documents; a person has seen it."""
        with self._database.transaction() as tx:
            for document in documents:
                tx.refusals.clear_document(document)

    def refusals(self) -> list[KeptRefusal]:
        """Documents that were refused and not accepted since, the newest first."""
        with self._database.read() as tx:
            return tx.refusals.kept()

    def apply_catalogue(self, *, now: datetime) -> int:
        """Bring the store to the configured categories and feeds.

        New feeds begin, renamed ones keep their id, removed ones go, releases whose names mean
        other categories now are refiled, and every feed that says something else becomes stale.
        A crash in the middle is mended by calling it again, as every start does.

        Returns:
            How many releases were refiled.
        """
        refiling = Refiling(self._database, self._catalogue, mint_id=self._mint_id, now=now)
        return refiling.apply()

    def say_farewells(self, *, now: datetime) -> list[str]:
        """Let feeds end whose time has come: they become stale, and their hubs are told.

        Cheap to ask often. `apply_catalogue` does the same, so nothing waits for a timer that
        did not run.

        Returns:
            Slugs of the feeds that ended.
        """
        return self._farewells.say(now=now)

    def releases(
        self, *, feed: str | None = None, is_unfiled: bool = False, limit: int = 50
    ) -> list[ListedRelease]:
        """The releases that changed last, newest first; see ``Releases.latest``."""
        with self._database.read() as tx:
            found = tx.releases.latest(limit=limit, feed=feed, is_unfiled=is_unfiled)
            return self._listed(tx, found)

    def listed(
        self, wanted: ReleaseQuery, *, after: Place | None = None, limit: int = 50
    ) -> list[ListedRelease]:
        """A page of the list of releases; see ``Releases.listed``."""
        with self._database.read() as tx:
            return self._listed(tx, tx.releases.listed(wanted, after=after, limit=limit))

    def held(self, key: SourceKey, *, or_id: str) -> ListedRelease | None:
        """The release that came under *key*, else the one whose permanent id is *or_id*."""
        with self._database.read() as tx:
            by_key = tx.releases.by_source_keys([key])
            found = [*by_key.values()] or [*tx.releases.by_ids([ReleaseId(or_id)]).values()]
            return self._listed(tx, found)[0] if found else None

    def held_under(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Release]:
        """The releases that came under these source keys."""
        with self._database.read() as tx:
            return tx.releases.by_source_keys(keys)

    def release(self, name: str) -> ListedRelease:
        """The release whose id, slug, source key or file is *name*.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return self._listed(tx, [tx.releases.named(name)])[0]

    def _listed(self, tx: Transaction, found: Sequence[Release]) -> list[ListedRelease]:
        feeds = tx.filings.of([release.id for release in found])
        return [
            ListedRelease(
                release=release,
                feeds=feeds.get(release.id, ()),
                unclaimed=self._file(release).unclaimed,
            )
            for release in found
        ]

    def _take_in(
        self, tx: Transaction, drafts: Sequence[Draft], now: datetime
    ) -> list[Intake | Refusal]:
        decided = self._decide(tx, drafts, now)
        outcomes = self._outcomes(tx, decided)
        self._store(tx, [d for d in decided if isinstance(d, Decision)], now)
        tx.refusals.clear([d.draft.origin for d in decided if isinstance(d, Decision)])
        tx.refusals.keep([d for d in decided if isinstance(d, Refusal)], now=now)
        touched = {slug for o in outcomes if isinstance(o, Intake) for slug in o.feeds}
        announce(tx, self._catalogue, touched, now=now)
        return outcomes

    def _decide(
        self, tx: Transaction, drafts: Sequence[Draft], now: datetime
    ) -> list[Decision | Refusal]:
        decider = Decider(tx, drafts, mint_id=self._mint_id, now=now)
        return [decider.decide(draft) for draft in drafts]

    def _store(self, tx: Transaction, decisions: Sequence[Decision], now: datetime) -> None:
        written = [d for d in decisions if d.verdict is not Verdict.UNCHANGED]
        tx.names.learn(
            {
                name: self._catalogue.claim(name)
                for decision in written
                for name in decision.release.content.category_names
            }
        )
        tx.releases.add([d.release for d in written if d.held is None])
        tx.releases.replace([(d.held, d.release) for d in written if d.held is not None], now=now)
        last = {decision.release.id: decision.release for decision in written}
        new = {decision.release.id for decision in written if decision.held is None}
        filed = [(release, self._feeds_of(release)) for release in last.values()]
        tx.filings.add([one for one in filed if one[0].id in new])
        tx.filings.replace([one for one in filed if one[0].id not in new])

    def _outcomes(
        self, tx: Transaction, decided: Sequence[Decision | Refusal]
    ) -> list[Intake | Refusal]:
        held = [d.held.id for d in decided if isinstance(d, Decision) and d.held is not None]
        before = tx.filings.of(held)
        return [
            d if isinstance(d, Refusal) else self._outcome(d, before.get(d.release.id, ()))
            for d in decided
        ]

    def _outcome(self, decision: Decision, before: Sequence[str]) -> Intake:
        is_news = decision.verdict is not Verdict.UNCHANGED
        touched = {*before, *self._feeds_of(decision.release)} if is_news else set()
        return Intake(
            draft=decision.draft,
            verdict=decision.verdict,
            release=decision.release,
            feeds=tuple(sorted(touched)),
            unclaimed=self._file(decision.release).unclaimed,
        )

    def _file(self, release: Release) -> Filing:
        return self._catalogue.file(release.content.category_names)

    def _feeds_of(self, release: Release) -> tuple[str, ...]:
        categories = set(self._file(release).categories)
        return self._catalogue.feeds_taking(categories, published=release.content.published)
