"""What each document of a batch is to us, decided before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds import revision
from feeds.errors import ReleaseChanged
from feeds.model.intake import Refusal, Verdict
from feeds.model.release import Draft, Expected, Release, ReleaseId
from feeds.store.database import Transaction

#: A clock a little ahead of ours is no reason to refuse a document.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An accepted document: what we held, and what the release becomes."""

    draft: Draft
    verdict: Verdict
    held: Release | None
    release: Release


class Decider:
    """Decides document by document; a later one of the batch meets what an earlier one became."""

    def __init__(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        mint_id: Callable[[], ReleaseId],
        now: datetime,
    ) -> None:
        self._mint_id = mint_id
        self._now = now
        self._by_key = tx.releases.by_source_keys([draft.source_key for draft in drafts])
        named_by_file = [
            d.content.digest for d in drafts if revision.is_named_by_file(d.source_key)
        ]
        self._by_digest = tx.releases.by_digests(named_by_file)

    def decide(self, draft: Draft) -> Decision | Refusal:
        """Say what *draft* is: a release that is new, corrected or unchanged; or refuse it.

        Raises:
            ReleaseChanged: Its sender took the release for another than it is.
        """
        held = self._held(draft)
        _require_expected(draft, held)
        refusal = self._objection(draft, held)
        if refusal is not None:
            return refusal
        verdict = revision.judge(held, draft)
        if held is None:
            release = revision.first(draft, self._mint_id(), now=self._now)
        elif verdict is Verdict.CORRECTED:
            release = revision.corrected(held, draft, now=self._now)
        else:
            release = held
        self._by_key[draft.source_key] = release
        return Decision(draft=draft, verdict=verdict, held=held, release=release)

    def _held(self, draft: Draft) -> Release | None:
        held = self._by_key.get(draft.source_key)
        if held is None and revision.is_named_by_file(draft.source_key):
            # A copy of a file under another name is the same document, not a second release.
            held = self._by_digest.get(draft.content.digest)
        return held

    def _objection(self, draft: Draft, held: Release | None) -> Refusal | None:
        published = draft.content.published
        if published > self._now + CLOCK_SKEW:
            return Refusal(
                origin=draft.origin,
                field="published",
                reason=f"the release is dated in the future: {published:%Y-%m-%dT%H:%M:%SZ}",
                remedy="correct the time stamp, or add the document again when its time has come",
            )
        if held is not None and revision.is_another_document(held, draft):
            return Refusal(
                origin=draft.origin,
                reason=f"another release came from a file of this name: {held.content.title!r} of "
                f"{held.content.published:%Y-%m-%dT%H:%M:%SZ}, and this one has neither its title "
                "nor its time stamp",
                remedy="rename the file; or, if it is a correction, change the title and the time "
                "stamp one after the other",
            )
        return None


def _require_expected(draft: Draft, held: Release | None) -> None:
    found = Expected(revision=0) if held is None else held.seen
    if draft.expected not in (None, found):
        raise ReleaseChanged(f"the release of {draft.source_key} was changed meanwhile")
