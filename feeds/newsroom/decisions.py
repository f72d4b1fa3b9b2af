"""What each document of a batch means, decided before anything is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds import revision
from feeds.errors import ReleaseChanged
from feeds.model.intake import Embargo, IntakeVerdict, Refusal
from feeds.model.release import AuditAction, AuditEvent, Draft, Expected, Release, ReleaseId
from feeds.newsroom.embargoes import EmbargoBatch, end_of, freed, is_as_it_waits
from feeds.newsroom.retractions import company_of
from feeds.store.database import Transaction

# What each document of a batch is to us, decided before anything is written.

#: A clock a little ahead of ours is no reason to refuse a document.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeDecision:
    """An accepted document: what we held, and what the release becomes."""

    draft: Draft
    verdict: IntakeVerdict
    held: Release | None
    release: Release
    embargo: Embargo | None = None  #: under which it waits; nothing of it becomes public


class Decider:
    """Decides document by document; a later one of the batch meets what an earlier one became."""

    def __init__(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        mint_id: Callable[[], ReleaseId],
        proof: Callable[[Release], str | None],
        by: str,
        now: datetime,
    ) -> None:
        """Read what the batch may meet.

        Args:
            tx: Read here only.
            drafts: All that will be decided.
            mint_id: Makes the ids of new releases.
            proof: Says why a release cannot be written. Asked for what is to wait, so that
                nothing surprises when its minute has come.
            by: Who brought the batch.
            now: The moment of intake.
        """
        self._tx = tx
        self._mint_id = mint_id
        self._proof = proof
        self._now = now
        # Before the releases: what comes out between the two looks is seen by the second one.
        self.embargo_batch = EmbargoBatch(tx, drafts, by=by, now=now)
        self._by_key = tx.releases.by_source_keys([draft.source_key for draft in drafts])
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
        """Say what *draft* is: a release that is new, corrected or unchanged; or refuse it.

        Or it waits for the end of its embargo.

        Raises:
            ReleaseChanged: Its sender took the release, or what it will be linked to, for
                another than it is.
        """
        held, waiting = self._held(draft), self.embargo_batch.of(draft)
        _require_expected(draft, held)
        self._require_company(draft)
        draft = revision.on_its_day(draft, held, now=self._now)
        until = end_of(draft, waiting, now=self._now)
        if until is not None and until > self._now:
            return self._keep(draft, held, waiting, until=until)
        if until is not None and waiting is not None:
            # It was judged when it came, and must not be refused in its minute.
            self.embargo_batch.free(waiting, until=until)
            release_id = waiting.release_id
            return self._accept(freed(draft, until=until), held, release_id)
        return self._objection(draft, held) or self._accept(draft, held, None)

    def _require_company(self, draft: Draft) -> None:
        if draft.company is None:
            return
        found = {member.content.digest for member in company_of(self._tx, draft)}
        if found != draft.company:
            raise ReleaseChanged(f"other releases are of the work of {draft.source_key} by now")

    def _accept(
        self, draft: Draft, held: Release | None, promised: ReleaseId | None
    ) -> IntakeDecision:
        draft = self._dated(draft, held)
        verdict = revision.judge(held, draft)
        if held is None:
            release = revision.first(draft, promised or self._mint_id(), now=self._now)
        elif verdict is IntakeVerdict.CORRECTED:
            release = revision.corrected(held, draft, now=self._now)
        else:
            release = held
        self._by_key[draft.source_key] = release
        return IntakeDecision(draft=draft, verdict=verdict, held=held, release=release)

    def _keep(
        self, draft: Draft, held: Release | None, waiting: Embargo | None, *, until: datetime
    ) -> IntakeDecision | Refusal:
        """Let *draft* wait, if that is anything new."""
        is_public = held is not None and self._is_known(draft, held)
        if is_public and (waiting is None or draft.embargoed_until is None):
            # Nothing is left to keep back; nor does an old copy undo a correction that waits.
            return self._accept(draft, held, None)
        if waiting is not None and until == waiting.until and is_as_it_waits(draft, waiting):
            release = self._as_it_waits(waiting, held)
            return IntakeDecision(
                draft=draft,
                verdict=IntakeVerdict.UNCHANGED,
                held=None,
                release=release,
                embargo=waiting,
            )
        return self._hold(draft, held, waiting, until=until)

    def _hold(
        self, draft: Draft, held: Release | None, waiting: Embargo | None, *, until: datetime
    ) -> IntakeDecision | Refusal:
        known = held if waiting is None else self._as_it_waits(waiting, held)
        refusal = self._objection_to_wait(draft, known, waiting, until=until)
        if refusal is not None:
            return refusal
        if waiting is not None:
            # What it said last is remembered, and a copy goes by the name of what it copies.
            stated = draft.embargoed_until or waiting.draft.embargoed_until
            key = waiting.draft.source_key
            draft = replace(draft, embargoed_until=stated, source_key=key)
        release_id = known.id if known else self._mint_id()
        release = self._to_be(draft, release_id, held, until=until)
        fault = self._proof(release)
        if fault is not None:
            remedy = "correct the document, and add it again"
            return Refusal(origin=draft.origin, reason=fault, remedy=remedy)
        embargo = self.embargo_batch.hold(draft, release_id, until=until)
        return IntakeDecision(
            draft=draft,
            verdict=IntakeVerdict.EMBARGOED,
            held=None,
            release=release,
            embargo=embargo,
        )

    def _as_it_waits(self, waiting: Embargo, held: Release | None) -> Release:
        return self._to_be(waiting.draft, waiting.release_id, held, until=waiting.until)

    def _to_be(
        self, draft: Draft, release_id: ReleaseId, held: Release | None, *, until: datetime
    ) -> Release:
        """The release that comes out when the embargo ends, as things are now."""
        draft = self._dated(freed(draft, until=until), held)
        if held is None:
            return revision.first(draft, release_id, now=until)
        return revision.corrected(held, draft, now=until)

    def _held(self, draft: Draft) -> Release | None:
        held = self._by_key.get(draft.source_key)
        if held is None and revision.is_named_by_file(draft.source_key):
            # A copy of a file under another name is the same document, not a second release.
            held = self._by_digest.get(draft.content.digest)
            if held is None and draft.written is not None:
                held = self._by_source.get(draft.written.digest)
        return held

    def _is_known(self, draft: Draft, held: Release) -> bool:
        return revision.judge(held, self._dated(draft, held)) is IntakeVerdict.UNCHANGED

    def _dated(self, draft: Draft, held: Release | None) -> Draft:
        """*Draft* with the date that the public knows, if an embargo has anything to do with it.

        A release that came out of an embargo is published when that ended. The document says
        something else, and comes again; and what a correction waits for is no date of its release.
        """
        if held is None or not self._is_dated_by_embargo(draft, held):
            return draft
        return replace(draft, content=replace(draft.content, published=held.content.published))

    def _is_dated_by_embargo(self, draft: Draft, held: Release) -> bool:
        if draft.embargoed_until is not None:
            return True
        if draft.content.published >= held.content.published:
            return False
        # The document says an earlier day, and no longer that it had to wait.
        return any(act.action is AuditAction.PUBLISHED for act in self._tx.audit_log.of(held.id))

    def _objection(self, draft: Draft, held: Release | None) -> Refusal | None:
        published = draft.content.published
        if published > self._now + CLOCK_SKEW:
            return Refusal(
                origin=draft.origin,
                field="published",
                reason=f"the release is dated in the future: {published:%Y-%m-%dT%H:%M:%SZ}",
                remedy="correct the time stamp, or say embargoed_until, and it comes out then",
                until=published,
            )
        # Who has seen the release that it is to correct means that one.
        is_meant = draft.expected is not None
        if held is not None and not is_meant and revision.is_another_document(held, draft):
            return _another(held, draft)
        return None

    @staticmethod
    def _objection_to_wait(
        draft: Draft, known: Release | None, waiting: Embargo | None, *, until: datetime
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
        theirs = _as_written(known, waiting)
        # A draft is dated by its embargo's end, so that only another one that waits can be told
        # from it by its date; but two files of one name are told apart in any case.
        is_comparable = waiting is not None or revision.is_named_by_file(draft.source_key)
        if theirs is not None and is_comparable and revision.is_another_document(theirs, draft):
            # A refusal is logged: what waits is not named in it.
            return Refusal(
                origin=draft.origin,
                reason="another release came under this name, and this one has neither its title "
                "nor its time stamp",
                remedy=f"give one of the two another name; {_IF_CORRECTION}",
            )
        return None


def _require_expected(draft: Draft, held: Release | None) -> None:
    found = Expected(revision=0) if held is None else held.seen
    if draft.expected not in (None, found):
        raise ReleaseChanged(f"the release of {draft.source_key} was changed meanwhile")


_IF_CORRECTION = (
    "or, if it is a correction, change the title and the time stamp one after the other"
)


def _another(held: Release, draft: Draft) -> Refusal:
    known = f"{held.content.title!r} of {held.content.published:%Y-%m-%dT%H:%M:%SZ}"
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
        reason=f"{held.document} has a release with {draft.source_key} already: {known}, {neither}",
        remedy=f"give one of the two an id of its own; {_IF_CORRECTION}",
    )


def _as_written(known: Release | None, waiting: Embargo | None) -> Release | None:
    """What is known, as its document has it: what waits is dated by its embargo's end."""
    if known is None or waiting is None:
        return known
    waits = waiting.draft
    return replace(known, content=waits.content, document=waits.origin.document)


# Corrections, for the book of acts.


def acts_of(decisions: Iterable[IntakeDecision], *, by: str, now: datetime) -> list[AuditEvent]:
    """Those of *decisions* that corrected a release, with weight and note, as acts."""
    return [
        AuditEvent(
            subject=each.release.id,
            action=AuditAction.CORRECTED,
            at=now,
            by=by,
            detail=_detail(each),
        )
        for each in decisions
        if each.verdict is IntakeVerdict.CORRECTED
    ]


def _detail(decision: IntakeDecision) -> str | None:
    """``major: The date was wrong.`` The note of a minor one is for ops alone."""
    held, draft = decision.held, decision.draft
    if held is None:
        return None
    weight = revision.weight_of(held, draft)
    note = draft.correction and draft.correction.note
    return f"{weight}: {note}" if note else weight.value
