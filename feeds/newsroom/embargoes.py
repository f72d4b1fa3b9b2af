"""Embargoes: looked at, moved, lifted, dropped, and ended when their minute has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from feeds import revision
from feeds.errors import EmbargoNotFound, EmbargoOver, StoreConflict
from feeds.model.embargo import Embargo
from feeds.model.intake import Intake, Refusal
from feeds.model.life import Act, Deed
from feeds.model.release import Draft
from feeds.model.text import whole_second
from feeds.newsroom.waiting_room import told, was
from feeds.store.database import Database, Transaction

#: Documents that come out in one transaction: as an intake has it, other writers wait some tens
#: of milliseconds.
ENDED_A_STEP = 200


class TakeIn(Protocol):
    """The ordinary intake, inside a transaction."""

    def __call__(
        self, tx: Transaction, drafts: Sequence[Draft], *, now: datetime, by: str
    ) -> list[Intake | Refusal]:
        """Take in a batch; what waits among it and is due becomes public."""


class Embargoes:
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
            tx.acts.note([_act(former, Deed.EMBARGO_MOVED, by=by, now=now, detail=detail)])
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
            act = _act(former, Deed.EMBARGO_LIFTED, by=by, now=now, detail=was(former))
            tx.acts.note([act])
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
            act = _act(embargo, Deed.EMBARGO_DROPPED, by=by, now=now, detail=was(embargo))
            tx.acts.note([act])
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


def _act(embargo: Embargo, deed: Deed, *, by: str, now: datetime, detail: str) -> Act:
    return Act(subject=embargo.release_id, deed=deed, at=now, by=by, detail=detail)
