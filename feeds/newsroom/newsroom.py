"""The newsroom: documents become releases, filed into feeds, in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from feeds import render
from feeds.categories import Catalogue, Filing
from feeds.errors import RenderFailed
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.history import Revision, Step
from feeds.model.intake import Embargo, Intake, IntakeVerdict, KeptRefusal, Refusal
from feeds.model.listing import ChangePosition, ListedRelease, ReleaseQuery
from feeds.model.moment import Monotonic, standing_still
from feeds.model.release import AuditEvent, Draft, Release, ReleaseId, SourceKey
from feeds.newsroom.announcing import FeedClosures, NoticeExpiry, announce
from feeds.newsroom.decisions import Decider, IntakeDecision, acts_of
from feeds.newsroom.embargoes import EmbargoManager
from feeds.newsroom.filing import RELEASES_A_STEP, Filer, Refiling
from feeds.newsroom.retractions import Retractions, company_of, relink
from feeds.store.database import Database, Transaction
from feeds.store.state import InForce

# A look at a release as it will be written, before it has to be.


def fault(release: Release, catalogue: Catalogue) -> str | None:
    """Why a format cannot hold *release*; None when all can."""
    content = release.content
    filed = catalogue.file(content.category_names)
    categories = catalogue.labels(filed.categories, language=content.language)
    entry = Entry(release=release, categories=categories)
    for each in Format:
        try:
            render.render_fragment(entry, each, catalogue.site)
        except RenderFailed as error:
            return f"it cannot be written as {each.label}: {error.reason}"
    return None


# The newsroom: documents become releases, filed into feeds, in one transaction.

#: Who brought what nobody brought: it came by itself.
FOLDER = "folder"

#: Who applied a configuration, if no service did.
COMMAND = "command"

#: What changes a release, and the feeds that it is in.
_NEWS = (IntakeVerdict.NEW, IntakeVerdict.CORRECTED)


class Newsroom:
    """Releases in. Safe to share between threads and, over one store, between processes."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        mint_id: Callable[[], ReleaseId],
        notices_for: timedelta = timedelta(days=30),
        look: str = "",
        monotonic: Monotonic = standing_still,
    ) -> None:
        self._look = look
        self._monotonic = monotonic
        self._database = database
        self._catalogue = catalogue
        self._mint_id = mint_id
        self._descriptions = ConfigurationFingerprints(catalogue)
        self._filer = Filer(catalogue, self._descriptions)
        self._farewells = FeedClosures(database, catalogue, self._descriptions)
        self._embargoes = EmbargoManager(database, self._take_in)
        self._retractions = Retractions(database, catalogue, self._filer)
        self._notices = NoticeExpiry(database, catalogue, stand_for=notices_for)

    def take_in(
        self, drafts: Sequence[Draft], *, now: datetime, by: str = FOLDER
    ) -> list[Intake | Refusal]:
        """Take in a batch of documents: releases, filings, stale feeds and pings in one go.

        A document whose embargo has not ended is stored, checked, and shown to nobody.

        Args:
            drafts: A few hundred at the most; a later one may correct an earlier one.
            now: The moment of intake; ``published`` may not lie behind it.
            by: Who brought them, for the book of acts.

        Returns:
            What became of each, in their order. Refusals are kept in the store.

        Raises:
            ReleaseChanged: One was sent for a release that is another by now; nothing was stored.
            StoreUnavailable: Nothing of the batch was stored.
        """
        return self._database.in_one_go(lambda tx: self._take_in(tx, drafts, now=now, by=by))

    def preview(self, drafts: Sequence[Draft], *, now: datetime) -> list[Intake | Refusal]:
        """Say what ``take_in`` would do, and store nothing."""
        with self._database.read() as tx:
            decider = self._decider(tx, drafts, now=now, by="")
            return self._outcomes(tx, [decider.decide(draft) for draft in drafts])

    def release_embargoes(self, *, now: datetime) -> int:
        """Make public whose minute has come: a restart, or any number of machines, lose none.

        Cheap to ask often.

        Returns:
            How many documents came out.

        Raises:
            StoreUnavailable: Try again; what came out until then is public.
        """
        return self._embargoes.release(now=now)

    def next_embargo_end(self) -> datetime | None:
        """When the next embargo ends; None when nothing waits."""
        return self._embargoes.next_end()

    def embargoes(self) -> list[Embargo]:
        """All that waits, what is due first. For ops: the public is never told of it."""
        return self._embargoes.all()

    def embargo(self, name: str) -> Embargo:
        """What waits under this id, slug, source key or file.

        Raises:
            EmbargoNotFound: Nothing does.
        """
        return self._embargoes.named(name)

    def move_embargo(self, name: str, *, until: datetime, by: str, now: datetime) -> Embargo:
        """Let it end at another moment.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
            EmbargoOver: *until* is past.
        """
        return self._embargoes.move(name, until=until, by=by, now=now)

    def lift_embargo(self, name: str, *, by: str, now: datetime) -> Intake:
        """Make it public at once.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
        """
        return self._embargoes.lift(name, by=by, now=now)

    def drop_embargo(self, name: str, *, by: str, now: datetime) -> Embargo:
        """Forget a document that waits. It never becomes public, unless it comes again.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
        """
        return self._embargoes.drop(name, by=by, now=now)

    def refuse(self, refused: Sequence[Refusal], *, now: datetime) -> None:
        """Keep refusals for ops, until the documents are accepted."""
        if not refused:
            return  # a commit waits for the disk
        with self._database.transaction() as tx:
            tx.refusals.store(refused, now=now)

    def forget_refusals(self, documents: Sequence[str]) -> None:
        """Forget what was refused in these documents; a person has seen it."""
        with self._database.transaction() as tx:
            for document in documents:
                tx.refusals.clear_document(document)

    def refusals(self) -> list[KeptRefusal]:
        """Documents that were refused and not accepted since, the newest first."""
        with self._database.read() as tx:
            return tx.refusals.kept()

    def apply_catalogue(self, *, now: datetime, by: str = COMMAND) -> int:
        """Bring the store to the configured categories and feeds.

        New feeds begin, renamed ones keep their id, removed ones go, releases whose names mean
        other categories now are refiled, and every feed whose edition says something else becomes
        stale. A crash in the middle is mended by calling it again, as every start does.

        Args:
            now: The moment of it.
            by: The process that does it.

        Returns:
            How many releases were refiled.

        Raises:
            ConfigurationSuperseded: Another one was applied meanwhile; that one counts.
        """
        return self._refiling(now).apply(by=by)

    def refile_doubtful(self, *, now: datetime) -> int:
        """File again what processes filed by another configuration than the one in force.

        Cheap to ask often. `apply_catalogue` does the same.

        Returns:
            How many releases were refiled.

        Raises:
            ConfigurationSuperseded: Our configuration is not the one in force.
        """
        return self._refiling(now).settle_doubts()

    def misfiled(self) -> Iterator[Release]:
        """Releases that are not filed as our configuration has it. Looks at all there are."""
        after: ReleaseId | None = None
        while True:
            with self._database.read() as tx:
                page = tx.releases.behind(after, limit=RELEASES_A_STEP)
                filed = tx.feed_entries.of([release.id for release in page])
            yield from (one for one in page if not self._filer.is_filed(one, filed.get(one.id, ())))
            if len(page) < RELEASES_A_STEP:
                return
            after = page[-1].id

    def refile(self, misfiled: Sequence[Release], *, now: datetime) -> int:
        """File these again.

        Returns:
            How many of them were refiled; others were meanwhile.

        Raises:
            ConfigurationSuperseded: Our configuration is not the one in force.
        """
        with self._database.transaction() as tx:
            tx.feed_entries.doubt([release.id for release in misfiled])
        return self.refile_doubtful(now=now)

    def in_force(self) -> InForce | None:
        """The configuration that was applied to the store last; None when none ever was."""
        with self._database.read() as tx:
            return tx.configuration.in_force()

    def is_in_force(self, known: InForce | None) -> bool:
        """True when *known* is our configuration."""
        return known is not None and known.digest == self._descriptions.digest

    def is_refiling_due(self, *, now: datetime) -> bool:
        """True until `apply_catalogue` has brought the releases to where this catalogue has them.

        So whoever only reads knows that pages may still name former categories.
        """
        return self._refiling(now).is_due()

    def _refiling(self, now: datetime) -> Refiling:
        return Refiling(
            self._database,
            self._catalogue,
            descriptions=self._descriptions,
            mint_id=self._mint_id,
            now=now,
            monotonic=self._monotonic,
            look=self._look,
        )

    def announce_closures(self, *, now: datetime) -> list[str]:
        """Let feeds end whose time has come: they become stale, and their hubs are told.

        Cheap to ask often. `apply_catalogue` does the same, so nothing waits for a timer that
        did not run.

        Returns:
            Slugs of the feeds that ended.
        """
        return self._farewells.announce(now=now)

    def retract(self, name: str, *, reason: str, by: str, now: datetime) -> Release:
        """Take a release back; see ``Retractions.retract``."""
        return self._retractions.retract(name, reason=reason, by=by, now=now)

    def restore(self, name: str, *, by: str, now: datetime) -> Release:
        """Let a retracted release stand again; see ``Retractions.restore``."""
        return self._retractions.restore(name, by=by, now=now)

    def expire_notices(self, *, now: datetime) -> list[Release]:
        """Take notices out of the feeds whose time is over; see ``NoticeExpiry.expire``."""
        return self._notices.expire(now=now)

    def releases(
        self, *, feed: str | None = None, is_unfiled: bool = False, limit: int = 50
    ) -> list[ListedRelease]:
        """The releases that changed last, newest first; see ``Releases.latest``."""
        with self._database.read() as tx:
            found = tx.releases.latest(limit=limit, feed=feed, is_unfiled=is_unfiled)
            return self._listed(tx, found)

    def listed(
        self, wanted: ReleaseQuery, *, after: ChangePosition | None = None, limit: int = 50
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

    def waiting_under(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Embargo]:
        """What waits under embargo under these source keys. It is not for the public."""
        with self._database.read() as tx:
            return tx.embargoes.by_source_keys(keys)

    def company_of(self, draft: Draft) -> list[Release | Draft]:
        """What *draft* will be linked to as a translation. What waits in it is not for the public.

        Who may not link to all of them says in ``Draft.company`` which ones he knew of.
        """
        with self._database.read() as tx:
            return company_of(tx, draft)

    def release(self, name: str) -> ListedRelease:
        """The release whose id, slug, source key or file is *name*.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return self._listed(tx, [tx.releases.named(name)])[0]

    def revisions(self, name: str) -> list[Revision]:
        """All that the release of this name was before it was corrected, the newest first.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.revisions.of(tx.releases.named(name))

    def history(self, name: str) -> list[Step]:
        """All revisions of the release of this name, the present one too, without their text.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.revisions.steps(tx.releases.named(name))

    def audit_events(self, name: str) -> list[AuditEvent]:
        """Who did what to the release of this name, the oldest first.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.audit_log.of(tx.releases.named(name).id)

    def _listed(self, tx: Transaction, found: Sequence[Release]) -> list[ListedRelease]:
        feeds = tx.feed_entries.of([release.id for release in found])
        return [
            ListedRelease(
                release=release,
                feeds=feeds.get(release.id, ()),
                unclaimed=self._file(release).unclaimed,
            )
            for release in found
        ]

    def _take_in(
        self, tx: Transaction, drafts: Sequence[Draft], *, now: datetime, by: str
    ) -> list[Intake | Refusal]:
        tx.releases.hold_works()
        decider = self._decider(tx, drafts, now=now, by=by)
        decided = [decider.decide(draft) for draft in drafts]
        outcomes = self._outcomes(tx, decided)
        accepted = [d for d in decided if isinstance(d, IntakeDecision)]
        self._store(tx, accepted, now)
        decider.embargo_batch.write(tx)
        tx.audit_log.record(acts_of(accepted, by=by, now=now))
        tx.refusals.clear([d.draft.origin for d in accepted])
        tx.refusals.store([d for d in decided if isinstance(d, Refusal)], now=now)
        touched = {slug for o in outcomes if isinstance(o, Intake) for slug in o.feeds}
        relink(tx, self._catalogue, _changed(decided), now=now)
        announce(tx, self._catalogue, touched, now=now)
        return outcomes

    def _decider(
        self, tx: Transaction, drafts: Sequence[Draft], *, now: datetime, by: str
    ) -> Decider:
        return Decider(
            tx,
            drafts,
            mint_id=self._mint_id,
            proof=lambda release: fault(release, self._catalogue),
            by=by,
            now=now,
        )

    def _store(self, tx: Transaction, decisions: Sequence[IntakeDecision], now: datetime) -> None:
        written = [d for d in decisions if d.verdict in _NEWS]
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
        # One that is retracted stays where its notice is, or is in no feed any more.
        tx.feed_entries.update_versions(
            [one for one in last.values() if one.retraction is not None]
        )
        standing = [one for one in last.values() if one.retraction is None]
        new = {decision.release.id for decision in written if decision.held is None}
        self._filer.file(
            tx,
            [one for one in standing if one.id in new],
            [one for one in standing if one.id not in new],
        )

    def _outcomes(
        self, tx: Transaction, decided: Sequence[IntakeDecision | Refusal]
    ) -> list[Intake | Refusal]:
        held = [d.held.id for d in decided if isinstance(d, IntakeDecision) and d.held is not None]
        before = tx.feed_entries.of(held)
        return [
            d if isinstance(d, Refusal) else self._outcome(d, before.get(d.release.id, ()))
            for d in decided
        ]

    def _outcome(self, decision: IntakeDecision, before: Sequence[str]) -> Intake:
        touched: set[str] = set()
        if decision.release.retraction is not None:
            touched = {*before} if _is_on_notice(decision) else touched
        elif decision.verdict in _NEWS:
            touched = {*before, *self._catalogue.feeds_of(decision.release.content)}
        return Intake(
            draft=decision.draft,
            verdict=decision.verdict,
            release=decision.release,
            feeds=tuple(sorted(touched)),
            unclaimed=self._file(decision.release).unclaimed,
            embargoed_until=None if decision.embargo is None else decision.embargo.until,
        )

    def _file(self, release: Release) -> Filing:
        return self._catalogue.file(release.content.category_names)


def _changed(decided: Sequence[IntakeDecision | Refusal]) -> list[Release]:
    """The releases that are new or say something else, as they were and as they are."""
    written = [d for d in decided if isinstance(d, IntakeDecision) and d.verdict in _NEWS]
    return [each for d in written for each in (d.held, d.release) if each is not None]


def _is_on_notice(decision: IntakeDecision) -> bool:
    """True when a correction of a retracted release changes what its notice says."""
    held, content = decision.held, decision.release.content
    shown = (content.title, content.language)
    return held is not None and shown != (held.content.title, held.content.language)
