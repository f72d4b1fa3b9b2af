"""Decides what each document of a batch becomes, before anything is stored."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds import revision
from feeds.errors import ReleaseChanged
from feeds.model.intake import Embargo, IntakeVerdict, Refusal
from feeds.model.published_id import stand_in_for
from feeds.model.release import (
    AuditAction,
    AuditEvent,
    Draft,
    Expected,
    Release,
    ReleaseId,
    Weight,
)
from feeds.newsroom.embargoes import EmbargoBatch, dated_at_release, end_of, is_unchanged
from feeds.newsroom.retractions import other_members
from feeds.store.database import Transaction

#: The origin of files from a watched folder, in place of a person's name.
FOLDER = "folder"

#: Documents may be dated this far in the future, because clocks differ a little.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeDecision:
    """An accepted document, the stored release before it, and the release that results."""

    draft: Draft
    verdict: IntakeVerdict
    stored: Release | None
    release: Release
    embargo: Embargo | None = None  #: the embargo of the document; nothing of it becomes public


class Decider:
    """Decides document by document. Later documents of a batch see the results of earlier ones."""

    def __init__(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        mint_id: Callable[[], ReleaseId],
        render_check: Callable[[Release], str | None],
        by: str,
        now: datetime,
        is_news: bool = True,
    ) -> None:
        """Reads the stored releases and embargoes that the batch may match.

        Args:
            tx: A transaction; only read here.
            drafts: All drafts of the batch.
            mint_id: Makes the ids of new releases.
            render_check: Returns why a release cannot be rendered, or None. Called for embargoed
                documents, so that nothing fails when the embargo ends.
            by: Who sent the batch.
            now: The moment of intake.
            is_news: False for an import: releases keep the places of their own dates, and get
                neither notes nor notices.
        """
        self._tx = tx
        self._is_news = is_news
        self._mint_id = mint_id
        self._render_check = render_check
        self._now = now
        # Read before the releases: what is published between the two reads is found by the second
        # one.
        keys = [draft.source_key for draft in drafts]
        embargoes = tx.embargoes.ask_by_source_keys(keys)
        by_key = tx.releases.ask_by_source_keys(keys)
        self.embargo_batch = EmbargoBatch(tx, drafts, embargoes(), by=by, now=now)
        known = [one.published_id for one in drafts if one.published_id is not None]
        values = {value for one in known for value in (one.value, one.iri)}
        self._taken_ids = tx.releases.ask_taken_ids(values)() if values else set[str]()
        self._by_key = by_key()
        named_by_file = [
            d.content.digest for d in drafts if revision.is_named_by_file(d.source_key)
        ]
        self._by_digest = tx.releases.by_digests(named_by_file)
        self._by_source = tx.releases.by_sources(
            [
                d.written.digest
                for d in drafts
                if d.written and revision.is_named_by_file(d.source_key)
            ]
        )

    def decide(self, draft: Draft) -> IntakeDecision | Refusal:
        """Decides what *draft* becomes: a release, an embargoed release, or a refusal.

        A release may be new, corrected or unchanged.

        Raises:
            ReleaseChanged: The release, or another member of its work, is no longer as the sender
                saw it.
        """
        stored, existing = self._stored(draft), self.embargo_batch.of(draft)
        _require_expected(draft, stored)
        self.embargo_batch.require_expected(draft)
        self._require_expected_members(draft)
        draft = revision.with_resolved_date(draft, stored, now=self._now)
        until = end_of(draft, existing, now=self._now)
        if until is not None and until > self._now:
            return self._embargo(draft, stored, existing, until=until)
        if until is not None and existing is not None:
            # It was accepted at intake, and must not be refused when its embargo ends.
            self.embargo_batch.release(existing, until=until)
            release_id = existing.release_id
            return self._accept(dated_at_release(draft, until=until), stored, release_id)
        return self._refusal(draft, stored) or self._accept(draft, stored, None)

    def _require_expected_members(self, draft: Draft) -> None:
        if draft.expected_members is None:
            return
        found = {member.content.digest for member in other_members(self._tx, draft)}
        if found != draft.expected_members:
            raise ReleaseChanged(f"other releases are of the work of {draft.source_key} by now")

    def _accept(
        self, draft: Draft, stored: Release | None, release_id: ReleaseId | None
    ) -> IntakeDecision:
        draft = self._dated(draft, stored)
        verdict = revision.classify(stored, draft)
        if stored is None:
            draft = self._with_free_id(draft)
            release = revision.new_release(
                draft, release_id or self._new_id(draft), now=self._now, is_news=self._is_news
            )
        elif verdict is IntakeVerdict.CORRECTED:
            next_one = revision.corrected if self._is_news else revision.updated_quietly
            release = next_one(stored, draft, now=self._now)
        else:
            release = stored
        self._by_key[draft.source_key] = release
        return IntakeDecision(draft=draft, verdict=verdict, stored=stored, release=release)

    def _with_free_id(self, draft: Draft) -> Draft:
        """Returns *draft* with an id that no other release has; see `stand_in_for`."""
        known = draft.published_id
        if known is None:
            return draft
        if not self._taken_ids.isdisjoint({known.value, known.iri}):
            known = stand_in_for(draft.source_key)
        self._taken_ids |= {known.value, known.iri}
        return replace(draft, published_id=known)

    def _embargo(
        self, draft: Draft, stored: Release | None, existing: Embargo | None, *, until: datetime
    ) -> IntakeDecision | Refusal:
        """Puts *draft* under embargo if it is new in any way."""
        is_public = stored is not None and self._is_published(draft, stored)
        if is_public and (existing is None or draft.embargoed_until is None):
            # There is nothing new to hold back. An old copy does not undo an embargoed correction
            # either.
            return self._accept(draft, stored, None)
        if existing is not None and until == existing.until and is_unchanged(draft, existing):
            release = self._upcoming(existing, stored)
            return IntakeDecision(
                draft=draft,
                verdict=IntakeVerdict.UNCHANGED,
                stored=None,
                release=release,
                embargo=existing,
            )
        return self._hold_new(draft, stored, existing, until=until)

    def _hold_new(
        self, draft: Draft, stored: Release | None, existing: Embargo | None, *, until: datetime
    ) -> IntakeDecision | Refusal:
        known = stored if existing is None else self._upcoming(existing, stored)
        refusal = self._embargo_refusal(draft, known, existing, until=until)
        if refusal is not None:
            return refusal
        if existing is not None:
            # The last stated end is kept, and a copy gets the key of the document that it copies.
            stated = draft.embargoed_until or existing.draft.embargoed_until
            key = existing.draft.source_key
            draft = replace(draft, embargoed_until=stated, source_key=key)
        release_id = known.id if known else self._new_id(draft)
        release = self._published_at(draft, release_id, stored, until=until)
        fault = self._render_check(release)
        if fault is not None:
            remedy = "correct the document, and add it again"
            return Refusal(origin=draft.origin, reason=fault, remedy=remedy)
        embargo = self.embargo_batch.hold(draft, release, until=until)
        return IntakeDecision(
            draft=draft,
            verdict=IntakeVerdict.EMBARGOED,
            stored=None,
            release=release,
            embargo=embargo,
        )

    def _new_id(self, draft: Draft) -> ReleaseId:
        return draft.release_id or self._mint_id()

    def upcoming(self, embargo: Embargo) -> Release:
        """Returns the release that *embargo* ends with, as things are now."""
        return self._upcoming(embargo, self._stored(embargo.draft))

    def _upcoming(self, existing: Embargo, stored: Release | None) -> Release:
        return self._published_at(existing.draft, existing.release_id, stored, until=existing.until)

    def _published_at(
        self, draft: Draft, release_id: ReleaseId, stored: Release | None, *, until: datetime
    ) -> Release:
        """Returns the release that will be published when the embargo ends, as things are now."""
        draft = self._dated(dated_at_release(draft, until=until), stored)
        if stored is None:
            return revision.new_release(draft, release_id, now=until)
        return revision.corrected(stored, draft, now=until)

    def _stored(self, draft: Draft) -> Release | None:
        stored = self._by_key.get(draft.source_key)
        if stored is None and revision.is_named_by_file(draft.source_key):
            # A copy of a file under another name is the same document, not a second release.
            stored = self._by_digest.get(draft.content.digest)
            if stored is None and draft.written is not None:
                stored = self._by_source.get(draft.written.digest)
        return stored

    def _is_published(self, draft: Draft, stored: Release) -> bool:
        return revision.classify(stored, self._dated(draft, stored)) is IntakeVerdict.UNCHANGED

    def _dated(self, draft: Draft, stored: Release | None) -> Draft:
        """Returns *draft* with the publication date that the public knows, if an embargo set that.

        A release that was under embargo is published when that ended. Its document states another
        date, and may be sent again. The embargo of a correction does not set the date of its
        release.
        """
        if stored is None or not self._is_dated_by_embargo(draft, stored):
            return draft
        return replace(draft, content=replace(draft.content, published=stored.content.published))

    def _is_dated_by_embargo(self, draft: Draft, stored: Release) -> bool:
        if draft.embargoed_until is not None:
            return True
        if draft.content.published >= stored.content.published:
            return False
        # The document states an earlier date, and no longer an embargo.
        return any(one.action is AuditAction.PUBLISHED for one in self._tx.audit_log.of(stored.id))

    def _refusal(self, draft: Draft, stored: Release | None) -> Refusal | None:
        published = draft.content.published
        if published > self._now + CLOCK_SKEW:
            return Refusal(
                origin=draft.origin,
                field="published",
                reason=f"the release is dated in the future: {published:%Y-%m-%dT%H:%M:%SZ}",
                remedy="correct the time stamp, or say embargoed_until, and it comes out then",
                until=published,
            )
        # A sender who has seen the release means that one.
        is_meant = draft.expected is not None
        if stored is not None and not is_meant and revision.is_different_document(stored, draft):
            return _different_document(stored, draft)
        return None

    @staticmethod
    def _embargo_refusal(
        draft: Draft, known: Release | None, existing: Embargo | None, *, until: datetime
    ) -> Refusal | None:
        published = draft.content.published
        if published > max(until, draft.embargoed_until or until) + CLOCK_SKEW:
            return Refusal(
                origin=draft.origin,
                field="published",
                reason="the release is dated later than its embargo ends: "
                f"{published:%Y-%m-%dT%H:%M:%SZ}",
                remedy="correct one of the two: a release is published when its embargo ends",
            )
        written = _as_written(known, existing)
        # A draft under embargo is dated by the embargo's end. So only another draft under embargo
        # can be distinguished by its date; two files with the same name are always distinguished.
        is_comparable = existing is not None or revision.is_named_by_file(draft.source_key)
        if written is not None and is_comparable and revision.is_different_document(written, draft):
            # Refusals are logged, so this one does not name the embargoed release.
            return Refusal(
                origin=draft.origin,
                reason="another release came under this name, and this one has neither its title "
                "nor its time stamp",
                remedy=f"give one of the two another name; {_IF_CORRECTION}",
            )
        return None


def _require_expected(draft: Draft, stored: Release | None) -> None:
    found = Expected(revision=0) if stored is None else stored.seen
    if draft.expected not in (None, found):
        raise ReleaseChanged(f"the release of {draft.source_key} was changed meanwhile")


_IF_CORRECTION = (
    "or, if it is a correction, change the title and the time stamp one after the other"
)


def _different_document(stored: Release, draft: Draft) -> Refusal:
    known = f"{stored.content.title!r} of {stored.content.published:%Y-%m-%dT%H:%M:%SZ}"
    neither = "and this one has neither its title nor its time stamp"
    if revision.is_named_by_file(draft.source_key):
        return Refusal(
            origin=draft.origin,
            reason=f"another release came from a file of this name: {known}, {neither}",
            remedy=f"rename the file; {_IF_CORRECTION}",
        )
    return Refusal(
        origin=draft.origin,
        field=draft.source_key.partition(":")[0],
        reason=f"{stored.document} has a release with {draft.source_key} already: {known}, "
        f"{neither}",
        remedy=f"give one of the two an id of its own; {_IF_CORRECTION}",
    )


def _as_written(known: Release | None, existing: Embargo | None) -> Release | None:
    """Returns the known release with the dates of its document, instead of its embargo's end."""
    if known is None or existing is None:
        return known
    embargoed = existing.draft
    return replace(known, content=embargoed.content, document=embargoed.origin.document)


# Audit events of intake.


def intake_events(
    decisions: Iterable[IntakeDecision],
    released: Collection[ReleaseId],
    *,
    by: str,
    now: datetime,
    is_news: bool = True,
) -> list[AuditEvent]:
    """Returns the audit events of *decisions*: corrections, with weight and note, and additions.

    Args:
        decisions: What became of documents.
        released: Releases whose embargo has ended, which has an event of its own.
        by: Who sent the documents. A watched folder is nobody: its additions are in the log.
        now: The current time.
        is_news: As for `Decider`: what is no news is a minor correction.
    """

    def action_of(each: IntakeDecision) -> AuditAction | None:
        if each.verdict is IntakeVerdict.NEW and by != FOLDER and each.release.id not in released:
            return AuditAction.ADDED
        return AuditAction.CORRECTED if each.verdict is IntakeVerdict.CORRECTED else None

    acted = [(each, action) for each in decisions if (action := action_of(each)) is not None]
    return [
        AuditEvent(
            subject=each.release.id,
            action=action,
            at=now,
            by=by,
            detail=_detail(each) if is_news or each.stored is None else Weight.MINOR.value,
        )
        for each, action in acted
    ]


def _detail(decision: IntakeDecision) -> str | None:
    """Returns ``major: The date was wrong.`` The note of a minor correction is not published."""
    stored, draft = decision.stored, decision.draft
    if stored is None:
        return None
    weight = revision.weight_of(stored, draft)
    note = draft.correction and draft.correction.note
    return f"{weight}: {note}" if note else weight.value
