"""The newsroom: turns documents into releases in feeds, in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds import render
from feeds.categories import Catalogue, CategoryMatches
from feeds.errors import (
    AlreadyRetracted,
    EmbargoNotFound,
    InvalidReason,
    ReleaseNotFound,
    RenderFailed,
)
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.history import Revision, Step, work_of
from feeds.model.intake import (
    Embargo,
    Intake,
    IntakeVerdict,
    KeptRefusal,
    Refusal,
    RetractionRequest,
    Withdrawal,
)
from feeds.model.listing import ChangePosition, ListedRelease, ReleaseQuery
from feeds.model.moment import Monotonic, standing_still
from feeds.model.release import AuditEvent, Draft, Release, ReleaseId, SourceKey
from feeds.newsroom.announcing import FeedClosures, NoticeExpiry, announce
from feeds.newsroom.assignment import RELEASES_PER_TRANSACTION, CatalogueUpdate, FeedAssigner
from feeds.newsroom.decisions import FOLDER, Decider, IntakeDecision, intake_events
from feeds.newsroom.drafts import DraftManager
from feeds.newsroom.embargoes import EmbargoManager
from feeds.newsroom.months import FeedsByRelease, count_written
from feeds.newsroom.retractions import (
    MAX_REASON_CHARS,
    Retractions,
    cleaned_reason,
    other_members,
    relink,
)
from feeds.store.database import Database, Transaction
from feeds.store.months import MonthKey
from feeds.store.state import InForce


def render_fault(release: Release, catalogue: Catalogue) -> str | None:
    """Returns why *release* cannot be rendered in some format; None when it can in all."""
    content = release.content
    matches = catalogue.match_all(content.category_names)
    categories = catalogue.labels(matches.categories, language=content.language)
    entry = Entry(release=release, categories=categories)
    for each in Format:
        try:
            render.render_fragment(entry, each, catalogue.site)
        except RenderFailed as error:
            return f"it cannot be written as {each.label}: {error.reason}"
    return None


#: Who applied a configuration, if it was not a service.
COMMAND = "command"

#: Verdicts that change a release and its feeds.
_CHANGES = (IntakeVerdict.NEW, IntakeVerdict.CORRECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWork:
    """What is to be done before editions are made."""

    in_force: InForce | None  #: the configuration applied to the store last
    is_doubtful: bool  #: whether `Newsroom.reassign_doubtful` has anything to do
    has_old_notices: bool  #: whether `NoticeExpiry.expire` has anything to do


class Newsroom:
    """Releases in. Safe to share between threads and, over one store, between processes."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        mint_id: Callable[[], ReleaseId],
        notices_for: timedelta = timedelta(days=30),
        page_version: str = "",
        monotonic: Monotonic = standing_still,
    ) -> None:
        self._page_version = page_version
        self._monotonic = monotonic
        self._database = database
        self._catalogue = catalogue
        self._mint_id = mint_id
        self._fingerprints = ConfigurationFingerprints(catalogue)
        self._assigner = FeedAssigner(catalogue, self._fingerprints)
        #: The ends of feeds.
        self.closures = FeedClosures(database, catalogue, self._fingerprints)
        #: The documents under embargo.
        self.embargoes = EmbargoManager(database, catalogue, self._take_in)
        #: The drafts of the desk.
        self.drafts = DraftManager(database, self._take_in)
        self._retractions = Retractions(database, catalogue, self._assigner)
        #: The notices of corrections, retractions and restorations.
        self.notices = NoticeExpiry(database, catalogue, stand_for=notices_for)

    def take_in(
        self,
        drafts: Sequence[Draft],
        *,
        now: datetime,
        by: str = FOLDER,
        is_news: bool = True,
        also: Callable[[Transaction, Sequence[Intake | Refusal]], None] | None = None,
    ) -> list[Intake | Refusal]:
        """Takes in a batch of documents in one transaction, with all that follows from them.

        The transaction stores releases, feed entries, stale feeds and pings. A document whose
        embargo has not ended is checked and stored, but not public.

        Args:
            drafts: At most a few hundred. A later one may correct an earlier one.
            now: The moment of intake; ``published`` may not be later.
            by: Who sent them, for the audit log.
            is_news: False for an import of what was public elsewhere. Windows and archives show it
                by its own dates, nothing is pushed, and no correction of it is announced.
            also: Stores in the same transaction what belongs to the results.

        Returns:
            The result for each draft, in order. Refusals are recorded in the store.

        Raises:
            ReleaseChanged: A release changed after the sender saw it; nothing was stored.
            StoreUnavailable: Nothing of the batch was stored.
        """

        def store(tx: Transaction) -> list[Intake | Refusal]:
            results = self._take_in(tx, drafts, now=now, by=by, is_news=is_news)
            if also is not None:
                also(tx, results)
            return results

        return self._database.run_in_transaction(store)

    def preview(
        self, drafts: Sequence[Draft], *, now: datetime, is_news: bool = True
    ) -> list[Intake | Refusal]:
        """Returns what ``take_in`` would do, and stores nothing."""
        with self._database.read() as tx:
            decider = self._decider(tx, drafts, now=now, by="", is_news=is_news)
            decisions = [decider.decide(draft) for draft in drafts]
            return self._results(_feeds_before(tx, decisions), decisions)

    def refuse(self, refused: Sequence[Refusal], *, now: datetime) -> None:
        """Records refusals for operators, until the documents are accepted."""
        if not refused:
            return  # avoids a commit, which waits for the disk
        with self._database.transaction() as tx:
            tx.refusals.store(refused, now=now)

    def forget_refusals(self, documents: Sequence[str]) -> None:
        """Deletes the refusals of these documents, after an operator has seen them."""
        with self._database.transaction() as tx:
            for document in documents:
                tx.refusals.clear_document(document)

    def refusals(self) -> list[KeptRefusal]:
        """Returns documents that were refused and not accepted since, newest first."""
        with self._database.read() as tx:
            return tx.refusals.kept()

    def apply_catalogue(self, *, now: datetime, by: str = COMMAND) -> int:
        """Brings the store to the configured categories and feeds.

        Adds new feeds, renames feeds under their old id, removes others, reassigns releases whose
        category names match differently, and marks every feed as stale whose edition would change.
        After a crash, call it again, as every start does.

        Args:
            now: The present moment.
            by: The process that does it.

        Returns:
            How many releases were reassigned.

        Raises:
            ConfigurationSuperseded: Another configuration was applied meanwhile, and is active.
        """
        return self._update(now).apply(by=by)

    def reassign_doubtful(self, *, now: datetime) -> int:
        """Reassigns releases that were assigned by a configuration that was not active.

        Cheap when there is nothing to do. `apply_catalogue` does the same.

        Returns:
            How many releases were reassigned.

        Raises:
            ConfigurationSuperseded: This configuration is not active.
        """
        return self._update(now).reassign_doubtful()

    def misassigned(self) -> Iterator[Release]:
        """Yields releases in other feeds than this configuration assigns. Reads all releases."""
        after: ReleaseId | None = None
        while True:
            with self._database.read() as tx:
                page = tx.releases.behind(after, limit=RELEASES_PER_TRANSACTION)
                feeds = tx.feed_entries.of([release.id for release in page])
            yield from (
                one for one in page if not self._assigner.is_assigned(one, feeds.get(one.id, ()))
            )
            if len(page) < RELEASES_PER_TRANSACTION:
                return
            after = page[-1].id

    def reassign(self, misassigned: Sequence[Release], *, now: datetime) -> int:
        """Reassigns these releases.

        Returns:
            How many of them moved. Others may have been reassigned meanwhile.

        Raises:
            ConfigurationSuperseded: This configuration is not active.
        """
        with self._database.transaction() as tx:
            tx.feed_entries.mark_for_reassignment([release.id for release in misassigned])
        return self.reassign_doubtful(now=now)

    def miscounted_months(self) -> list[MonthKey]:
        """Returns the counts of months that are wrong. Reads all feed entries."""
        with self._database.snapshot() as tx:
            return tx.months.faults(self._catalogue.site.time_zone)

    def recount_months(self, *, now: datetime) -> None:
        """Counts all releases anew, by month. Intakes wait meanwhile."""
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            tx.months.recount(self._catalogue.site.time_zone, now=now)

    def pending(self, *, now: datetime) -> PendingWork:
        """Returns what the store says before editions are made, in one round trip."""
        with self._database.read() as tx:
            in_force = tx.configuration.ask_in_force()
            to_reassign = tx.feed_entries.ask_to_reassign(limit=1)
            has_old_notices = self.notices.ask_is_due(tx, now=now)
            return PendingWork(
                in_force=in_force(),
                is_doubtful=bool(to_reassign()),
                has_old_notices=has_old_notices(),
            )

    def in_force(self) -> InForce | None:
        """Returns the configuration applied to the store last; None when there is none."""
        with self._database.read() as tx:
            return tx.configuration.in_force()

    def is_in_force(self, known: InForce | None) -> bool:
        """Whether *known* is this configuration."""
        return known is not None and known.digest == self._fingerprints.digest

    def is_update_due(self, *, now: datetime) -> bool:
        """Whether `apply_catalogue` has not yet moved all releases to this catalogue.

        Processes that only read use it to see that pages may still show former categories.
        """
        return self._update(now).is_due()

    def _update(self, now: datetime) -> CatalogueUpdate:
        return CatalogueUpdate(
            self._database,
            self._catalogue,
            fingerprints=self._fingerprints,
            mint_id=self._mint_id,
            now=now,
            monotonic=self._monotonic,
            page_version=self._page_version,
        )

    def retract(self, name: str, *, reason: str, by: str, now: datetime) -> Release:
        """Retracts a release; see ``Retractions.retract``."""
        return self._retractions.retract(name, reason=reason, by=by, now=now)

    def withdraw(
        self, request: RetractionRequest, *, now: datetime, by: str = FOLDER
    ) -> Withdrawal | Refusal:
        """Retracts the release that a document names; a refusal is recorded in the store.

        Args:
            request: What the document says.
            now: The moment of the retraction.
            by: Who sent the document, for the audit log.
        """
        try:
            found = self._retractions.find(request.name)
            if found.retraction is None:
                self.retract(found.id, reason=request.reason, by=by, now=now)
        except (ReleaseNotFound, InvalidReason) as error:
            refusal = _withdrawal_refused(request, error)
            self.refuse([refusal], now=now)
            return refusal
        except AlreadyRetracted:  # by another process, just now
            pass
        listed = self.release(found.id)
        is_new = found.retraction is None
        return Withdrawal(
            request=request,
            release=listed.release,
            feeds=listed.feeds if is_new else (),
            is_new=is_new,
        )

    def preview_withdrawal(self, request: RetractionRequest) -> Withdrawal | Refusal:
        """Returns what ``withdraw`` would do, and stores nothing."""
        try:
            found = self._retractions.find(request.name)
            cleaned_reason(request.reason)
        except (ReleaseNotFound, InvalidReason) as error:
            return _withdrawal_refused(request, error)
        listed = self.release(found.id)
        is_new = found.retraction is None
        feeds = listed.feeds if is_new else ()
        return Withdrawal(request=request, release=listed.release, feeds=feeds, is_new=is_new)

    def restore(self, name: str, *, by: str, now: datetime) -> Release:
        """Makes a retracted release public again; see ``Retractions.restore``."""
        return self._retractions.restore(name, by=by, now=now)

    def releases(
        self, *, feed: str | None = None, is_unfiled: bool = False, limit: int = 50
    ) -> list[ListedRelease]:
        """Returns the releases that changed last, newest first; see ``Releases.latest``."""
        with self._database.read() as tx:
            found = tx.releases.latest(limit=limit, feed=feed, is_unfiled=is_unfiled)
            return self._listed(tx, found)

    def listed(
        self, query: ReleaseQuery, *, after: ChangePosition | None = None, limit: int = 50
    ) -> list[ListedRelease]:
        """Returns a page of the list of releases; see ``Releases.listed``."""
        with self._database.read() as tx:
            return self._listed(tx, tx.releases.listed(query, after=after, limit=limit))

    def find(self, key: SourceKey, *, or_id: str) -> ListedRelease | None:
        """Returns the release with the source key *key*, else the one with the id *or_id*."""
        with self._database.read() as tx:
            by_key = tx.releases.ask_by_source_keys([key])
            by_id = tx.releases.ask_by_ids([ReleaseId(or_id)])
            found = [*by_key().values()] or [*by_id().values()]
            return self._listed(tx, found)[0] if found else None

    def by_source_keys(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Release]:
        """Returns the releases with these source keys."""
        with self._database.read() as tx:
            return tx.releases.by_source_keys(keys)

    def embargoes_by_source_keys(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Embargo]:
        """Returns the embargoes with these source keys. Not public."""
        with self._database.read() as tx:
            return tx.embargoes.by_source_keys(keys)

    def upcoming(self, embargoes: Sequence[Embargo], *, now: datetime) -> list[ListedRelease]:
        """Returns the release that each embargo will end with, as things are now. Not public."""
        with self._database.read() as tx:
            drafts = [embargo.draft for embargo in embargoes]
            decider = self._decider(tx, drafts, now=now, by="")
            releases = [decider.upcoming(embargo) for embargo in embargoes]
        return [
            ListedRelease(
                release=release,
                feeds=self._catalogue.feeds_of(release.content),
                unclaimed=self._match(release).unclaimed,
            )
            for release in releases
        ]

    def other_members(self, draft: Release | Draft) -> list[Release | Draft]:
        """Returns what *draft* will be linked to as a translation. Embargoed members are included.

        A client that may not link to all of them puts the ones it knows into
        ``Draft.expected_members``.
        """
        with self._database.read() as tx:
            return other_members(tx, draft)

    def release(self, name: str) -> ListedRelease:
        """Returns the release with this id, slug, source key or file.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return self._listed(tx, [tx.releases.named(name)])[0]

    def revisions(self, name: str) -> list[Revision]:
        """Returns all former revisions of the release with this name, newest first.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.revisions.of(tx.releases.named(name))

    def history(self, name: str) -> list[Step]:
        """Returns all revisions of the release with this name, without text.

        The present one is included.

        Raises:
            ReleaseNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.revisions.steps(tx.releases.named(name))

    def audit_events(self, name: str) -> list[AuditEvent]:
        """Returns who did what to the release with this name, oldest first.

        Raises:
            ReleaseNotFound: There is none, and none under embargo.
        """
        with self._database.read() as tx:
            return tx.audit_log.of(_id_of(tx, name))

    def _listed(self, tx: Transaction, found: Sequence[Release]) -> list[ListedRelease]:
        feeds = tx.feed_entries.of([release.id for release in found])
        return [
            ListedRelease(
                release=release,
                feeds=feeds.get(release.id, ()),
                unclaimed=self._match(release).unclaimed,
            )
            for release in found
        ]

    def _take_in(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        now: datetime,
        by: str,
        is_news: bool = True,
    ) -> list[Intake | Refusal]:
        tx.releases.hold_works()
        # Nobody else changes works or the configuration from here on. What is asked here is
        # fetched together with what the decisions need.
        basis = tx.configuration.ask_basis(self._fingerprints.digest)
        refused = tx.refusals.ask_keys([draft.origin for draft in drafts])
        works = {work_of(draft) for draft in drafts}
        named_works = tx.releases.ask_named_works(works)
        decider = self._decider(tx, drafts, now=now, by=by, is_news=is_news)
        decisions = [decider.decide(draft) for draft in drafts]
        before = _feeds_before(tx, decisions)
        results = self._results(before, decisions)
        accepted = [d for d in decisions if isinstance(d, IntakeDecision)]
        is_in_force, zone = basis()
        self._store(tx, accepted, before, now, is_in_force=is_in_force)
        written = [(d.stored, d.release) for d in accepted if d.verdict in _CHANGES]
        count_written(tx, written, before, self._catalogue, zone=zone, now=now)
        decider.embargo_batch.store(tx)
        released = decider.embargo_batch.released
        events = intake_events(accepted, released, by=by, now=now, is_news=is_news)
        tx.audit_log.record(events)
        tx.refusals.clear([d.draft.origin for d in accepted], refused())
        tx.refusals.store([d for d in decisions if isinstance(d, Refusal)], now=now)
        touched = {slug for o in results if isinstance(o, Intake) for slug in o.feeds}
        changed = _changed(decisions)
        # A copy of a file is of the work that the file's first name says.
        others = {work_of(one) for one in changed} - works
        named = named_works() | (tx.releases.ask_named_works(others)() if others else set())
        relink(tx, self._catalogue, changed, now=now, named_works=named, is_news=is_news)
        announce(tx, self._catalogue, touched, now=now, is_news=is_news)
        return results

    def _decider(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        now: datetime,
        by: str,
        is_news: bool = True,
    ) -> Decider:
        return Decider(
            tx,
            drafts,
            mint_id=self._mint_id,
            render_check=lambda release: render_fault(release, self._catalogue),
            by=by,
            now=now,
            is_news=is_news,
        )

    def _store(
        self,
        tx: Transaction,
        decisions: Sequence[IntakeDecision],
        before: FeedsByRelease,
        now: datetime,
        *,
        is_in_force: bool,
    ) -> None:
        written = [d for d in decisions if d.verdict in _CHANGES]
        tx.names.add(
            {
                name: self._catalogue.match(name)
                for decision in written
                for name in decision.release.content.category_names
            }
        )
        tx.releases.add([d.release for d in written if d.stored is None])
        tx.releases.replace(
            [(d.stored, d.release) for d in written if d.stored is not None], now=now
        )
        last = {decision.release.id: decision.release for decision in written}
        # A retracted release stays where its notice is, or is in no feed any more.
        tx.feed_entries.update_versions(
            [one for one in last.values() if one.retraction is not None]
        )
        standing = [one for one in last.values() if one.retraction is None]
        new = {decision.release.id for decision in written if decision.stored is None}
        corrected = [one for one in standing if one.id not in new]
        # What keeps its place is shown where it was: no archive may have its former text.
        keeping = {one.id for one in corrected if one.own_place is not None}
        in_same_feeds = {
            one.id
            for one in corrected
            if tuple(before.get(one.id, ())) == self._catalogue.feeds_of(one.content)
        } & keeping
        tx.feed_entries.keep([one for one in corrected if one.id in in_same_feeds])
        self._assigner.assign(
            tx,
            [one for one in standing if one.id in new],
            [one for one in corrected if one.id not in in_same_feeds],
            is_in_force=is_in_force,
        )
        tx.archives.make_anew(sorted(in_same_feeds), now=now)
        for moved in sorted(keeping - in_same_feeds):
            tx.archives.purge(moved, now=now)

    def _results(
        self, before: FeedsByRelease, decisions: Sequence[IntakeDecision | Refusal]
    ) -> list[Intake | Refusal]:
        return [
            d if isinstance(d, Refusal) else self._result(d, before.get(d.release.id, ()))
            for d in decisions
        ]

    def _result(self, decision: IntakeDecision, before: Sequence[str]) -> Intake:
        touched: set[str] = set()
        if decision.release.retraction is not None:
            touched = {*before} if _is_on_notice(decision) else touched
        elif decision.verdict in _CHANGES:
            touched = {*before, *self._catalogue.feeds_of(decision.release.content)}
        return Intake(
            draft=decision.draft,
            verdict=decision.verdict,
            release=decision.release,
            feeds=tuple(sorted(touched)),
            unclaimed=self._match(decision.release).unclaimed,
            embargoed_until=None if decision.embargo is None else decision.embargo.until,
        )

    def _match(self, release: Release) -> CategoryMatches:
        return self._catalogue.match_all(release.content.category_names)


def _withdrawal_refused(
    request: RetractionRequest, error: ReleaseNotFound | InvalidReason
) -> Refusal:
    if isinstance(error, InvalidReason):
        return Refusal(
            origin=request.origin,
            field="reason",
            reason=str(error),
            remedy=f"write Reason: and a line of up to {MAX_REASON_CHARS} characters",
        )
    return Refusal(
        origin=request.origin,
        field="retract",
        reason=f"there is no release {request.name!r} to retract",
        remedy="name its address, its id, or the file that it came from; a document under embargo "
        "is dropped by communique release embargo NAME --drop",
    )


def _id_of(tx: Transaction, name: str) -> ReleaseId:
    """Returns the id of the release with this name, public or under embargo."""
    try:
        return tx.releases.named(name).id
    except ReleaseNotFound:
        try:
            return tx.embargoes.named(name).release_id
        except EmbargoNotFound:
            raise ReleaseNotFound(name) from None


def _feeds_before(tx: Transaction, decisions: Sequence[IntakeDecision | Refusal]) -> FeedsByRelease:
    """Returns the feeds that the releases are in which a batch changes."""
    stored = [
        d.stored.id for d in decisions if isinstance(d, IntakeDecision) and d.stored is not None
    ]
    return tx.feed_entries.of(stored)


def _changed(decisions: Sequence[IntakeDecision | Refusal]) -> list[Release]:
    """Returns the new and corrected releases, before and after the change."""
    written = [d for d in decisions if isinstance(d, IntakeDecision) and d.verdict in _CHANGES]
    return [each for d in written for each in (d.stored, d.release) if each is not None]


def _is_on_notice(decision: IntakeDecision) -> bool:
    """Whether a correction of a retracted release changes its notice."""
    stored, content = decision.stored, decision.release.content
    shown = (content.title, content.language)
    return stored is not None and shown != (stored.content.title, stored.content.language)
