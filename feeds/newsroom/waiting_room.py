"""What waits under embargo, as a batch of documents meets it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds import revision
from feeds.model.embargo import Embargo
from feeds.model.life import Act, Deed
from feeds.model.release import Draft, ReleaseId
from feeds.model.text import whole_second
from feeds.store.database import Transaction


class WaitingRoom:
    """The embargoes that a batch may touch: read at its beginning, written at its end."""

    def __init__(self, tx: Transaction, drafts: Sequence[Draft], *, by: str, now: datetime) -> None:
        """Read what the drafts may meet, and the acts that follow are *by* that person, *now*."""
        self._by = by
        self._now = now
        by_key = tx.embargoes.by_source_keys([draft.source_key for draft in drafts])
        named_by_file = [
            d.content.digest for d in drafts if revision.is_named_by_file(d.source_key)
        ]
        self._by_digest = tx.embargoes.by_digests(named_by_file)
        found = [*by_key.values(), *self._by_digest.values()]
        self._before = {embargo.release_id: embargo for embargo in found}
        self._now_held = dict(self._before)
        self._by_key = {embargo.draft.source_key: embargo.release_id for embargo in found}
        self._acts: list[Act] = []

    def of(self, draft: Draft) -> Embargo | None:
        """What waits under the draft's key; of a file, also its copy under another name."""
        release_id = self._by_key.get(draft.source_key)
        is_named_by_file = revision.is_named_by_file(draft.source_key)
        copied = self._by_digest.get(draft.content.digest) if is_named_by_file else None
        if release_id is None and copied is not None:
            release_id = copied.release_id
        return None if release_id is None else self._now_held.get(release_id)

    def hold(self, draft: Draft, release_id: ReleaseId, *, until: datetime) -> Embargo:
        """Let *draft* wait, in the place of what waited as the same release."""
        former = self._now_held.get(release_id)
        is_moved = former is None or former.until != until
        embargo = Embargo(
            release_id=release_id,
            draft=draft,
            until=until,
            held_since=self._now if former is None else former.held_since,
            by=self._by if former is None or is_moved else former.by,
        )
        self._now_held[release_id] = embargo
        self._by_key[draft.source_key] = release_id
        self._note_hold(former, embargo)
        return embargo

    def free(self, embargo: Embargo, *, until: datetime) -> None:
        """Let it wait no longer, because it becomes public now."""
        del self._now_held[embargo.release_id]
        if until != embargo.until:
            self._note(embargo.release_id, Deed.EMBARGO_LIFTED, self._by, was(embargo))
        self._note(embargo.release_id, Deed.PUBLISHED, embargo.by, f"embargo {told(until)}")

    def write(self, tx: Transaction) -> None:
        """Store what became of them all."""
        before, held = self._before, self._now_held
        tx.embargoes.end(sorted(before.keys() - held.keys()))
        for release_id in sorted(before.keys() & held.keys()):
            if held[release_id] is not before[release_id]:
                tx.embargoes.change(before[release_id], held[release_id])
        tx.embargoes.hold([held[new] for new in sorted(held.keys() - before.keys())])
        tx.acts.note(self._acts)

    def _note_hold(self, former: Embargo | None, embargo: Embargo) -> None:
        until = told(embargo.until)
        if former is None:
            self._note(embargo.release_id, Deed.EMBARGOED, self._by, until)
        elif former.until != embargo.until:
            detail = f"{until}, {was(former)}"
            self._note(embargo.release_id, Deed.EMBARGO_MOVED, self._by, detail)
        else:
            detail = f"another document, {until}"
            self._note(embargo.release_id, Deed.EMBARGOED, self._by, detail)

    def _note(self, subject: ReleaseId, deed: Deed, by: str, detail: str) -> None:
        self._acts.append(Act(subject=subject, deed=deed, at=self._now, by=by, detail=detail))


def end_of(draft: Draft, waiting: Embargo | None, *, now: datetime) -> datetime | None:
    """When *draft* becomes public; None when nothing keeps it.

    Of a document that waits already, only what is news counts: one that says nothing, or what it
    said before, leaves the end as it is, which somebody may have moved. Nothing becomes public
    because a field is missing.
    """
    stated = draft.embargoed_until
    if waiting is None:
        return stated
    if stated is None or stated == waiting.draft.embargoed_until:
        return waiting.until
    return max(stated, whole_second(now))


def is_as_it_waits(draft: Draft, waiting: Embargo) -> bool:
    """True when *draft* says what waits. ``published`` does not count: its end replaces it."""
    theirs = waiting.draft
    alike = replace(draft, content=replace(draft.content, published=theirs.content.published))
    is_same = revision.says_the_same(theirs.content, alike)
    return is_same and draft.correction == theirs.correction


def freed(draft: Draft, *, until: datetime) -> Draft:
    """*Draft* as it is taken in when its embargo has ended.

    It is published the second that its embargo ends, whatever it says of itself: nobody could see
    it before. Its own word on its last change is older than that, or of a time to come.
    """
    return replace(draft, content=replace(draft.content, published=until, updated=None))


def told(until: datetime) -> str:
    """The end of an embargo as the book of acts has it."""
    return f"until {until:%Y-%m-%dT%H:%M:%SZ}"


def was(embargo: Embargo) -> str:
    """What an embargo's end was."""
    return f"was {told(embargo.until)}"
