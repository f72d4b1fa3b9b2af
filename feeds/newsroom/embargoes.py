"""Embargoes: batches that meet them, and how they are moved, lifted, dropped and ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from feeds import revision
from feeds.errors import EmbargoNotFound, EmbargoOver, StoreConflict
from feeds.model.intake import Embargo, Intake, Refusal
from feeds.model.release import AuditAction, AuditEvent, Draft, ReleaseId
from feeds.model.text import whole_second
from feeds.store.database import Database, Transaction

# What waits under embargo, as a batch of documents meets it.


class EmbargoBatch:
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
        self._acts: list[AuditEvent] = []

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
            self._note(embargo.release_id, AuditAction.EMBARGO_LIFTED, self._by, was(embargo))
        self._note(embargo.release_id, AuditAction.PUBLISHED, embargo.by, f"embargo {told(until)}")

    def write(self, tx: Transaction) -> None:
        """Store what became of them all."""
        before, held = self._before, self._now_held
        tx.embargoes.end(sorted(before.keys() - held.keys()))
        for release_id in sorted(before.keys() & held.keys()):
            if held[release_id] is not before[release_id]:
                tx.embargoes.change(before[release_id], held[release_id])
        tx.embargoes.hold([held[new] for new in sorted(held.keys() - before.keys())])
        tx.audit_log.record(self._acts)

    def _note_hold(self, former: Embargo | None, embargo: Embargo) -> None:
        until = told(embargo.until)
        if former is None:
            self._note(embargo.release_id, AuditAction.EMBARGOED, self._by, until)
        elif former.until != embargo.until:
            detail = f"{until}, {was(former)}"
            self._note(embargo.release_id, AuditAction.EMBARGO_MOVED, self._by, detail)
        else:
            detail = f"another document, {until}"
            self._note(embargo.release_id, AuditAction.EMBARGOED, self._by, detail)

    def _note(self, subject: ReleaseId, deed: AuditAction, by: str, detail: str) -> None:
        self._acts.append(
            AuditEvent(subject=subject, action=deed, at=self._now, by=by, detail=detail)
        )


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


# Embargoes: looked at, moved, lifted, dropped, and ended when their minute has come.

#: Documents that come out in one transaction: as an intake has it, other writers wait some tens
#: of milliseconds.
ENDED_A_STEP = 200


class TakeIn(Protocol):
    """The ordinary intake, inside a transaction."""

    def __call__(
        self, tx: Transaction, drafts: Sequence[Draft], *, now: datetime, by: str
    ) -> list[Intake | Refusal]:
        """Take in a batch; what waits among it and is due becomes public."""


class EmbargoManager:
    """What waits in one store. Safe to share between threads and, over it, between processes."""

    def __init__(self, database: Database, take_in: TakeIn) -> None:
        self._database = database
        self._take_in = take_in

    def all(self) -> list[Embargo]:
        """All that waits, what is due first."""
        with self._database.read() as tx:
            return tx.embargoes.all()

    def named(self, name: str) -> Embargo:
        """What waits under this id, slug, source key or file.

        Raises:
            EmbargoNotFound: Nothing does.
        """
        with self._database.read() as tx:
            return _named(tx, name)

    def next_end(self) -> datetime | None:
        """When the next embargo ends; None when nothing waits."""
        with self._database.read() as tx:
            return tx.embargoes.next_end()

    def release(self, *, now: datetime) -> int:
        """Take in what is due, a few hundred documents a transaction. Returns how many."""
        # Asked without a lock on writers: most of the time there is nothing to do.
        end = self.next_end()
        if end is None or end > now:
            return 0
        released = 0
        while True:
            step = self._database.in_one_go(lambda tx: self._release_some(tx, now))
            released += step
            if step < ENDED_A_STEP:
                return released

    def move(self, name: str, *, until: datetime, by: str, now: datetime) -> Embargo:
        """Let it end at another moment.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
            EmbargoOver: *until* is past.
        """
        until = whole_second(until)
        if until <= now:
            raise EmbargoOver(until)

        def move_it(tx: Transaction) -> Embargo:
            former = _named(tx, name)
            tx.embargoes.move(former.release_id, until=until, by=by)
            detail = f"{told(until)}, {was(former)}"
            tx.audit_log.record(
                [_act(former, AuditAction.EMBARGO_MOVED, by=by, now=now, detail=detail)]
            )
            return tx.embargoes.named(former.release_id)

        return self._database.in_one_go(move_it)

    def lift(self, name: str, *, by: str, now: datetime) -> Intake:
        """Make it public at once.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
        """

        def lift_it(tx: Transaction) -> Intake:
            tx.releases.hold_works()
            former = _named(tx, name)
            tx.embargoes.move(former.release_id, until=whole_second(now), by=by)
            act = _act(former, AuditAction.EMBARGO_LIFTED, by=by, now=now, detail=was(former))
            tx.audit_log.record([act])
            draft = tx.embargoes.named(former.release_id).draft
            [outcome] = self._take_in(tx, [draft], now=now, by=by)
            if isinstance(outcome, Refusal):  # it was judged when it came
                raise StoreConflict(outcome.reason)
            return outcome

        return self._database.in_one_go(lift_it)

    def drop(self, name: str, *, by: str, now: datetime) -> Embargo:
        """Forget a document that waits.

        Raises:
            EmbargoNotFound: Nothing waits under this name.
        """

        def drop_it(tx: Transaction) -> Embargo:
            embargo = _named(tx, name)
            tx.embargoes.end([embargo.release_id])
            act = _act(embargo, AuditAction.EMBARGO_DROPPED, by=by, now=now, detail=was(embargo))
            tx.audit_log.record([act])
            return embargo

        return self._database.in_one_go(drop_it)

    def _release_some(self, tx: Transaction, now: datetime) -> int:
        tx.releases.hold_works()
        due = tx.embargoes.claim_due(now=now, limit=ENDED_A_STEP)
        # In the order in which they came: the window and the pings have it so, too.
        drafts = [embargo.draft for embargo in due]
        self._take_in(tx, drafts, now=now, by="embargo")
        return len(due)


def _named(tx: Transaction, name: str) -> Embargo:
    try:
        return tx.embargoes.named(name)
    except EmbargoNotFound:
        for embargo in tx.embargoes.all():
            if revision.mint_slug(embargo.draft.content.title, embargo.release_id) == name:
                return embargo
        raise


def _act(embargo: Embargo, deed: AuditAction, *, by: str, now: datetime, detail: str) -> AuditEvent:
    return AuditEvent(subject=embargo.release_id, action=deed, at=now, by=by, detail=detail)
