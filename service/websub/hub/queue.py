"""Which deliveries come next: claimed when they can go at once, so that nobody else sends them."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model.subscription import DueDelivery
from feeds.store.database import Transaction
from service.websub.hub.load import Load

#: What is claimed in one step: the first are on their way while the next ones are signed.
STEP = 128

#: Those whose last try failed may take this part of all places: any number of dead callbacks
#: leaves room for the living.
_FAILING_PART = 0.25


@dataclass(frozen=True, slots=True)
class Taken:
    """What was claimed in one step."""

    deliveries: Sequence[DueDelivery] = ()
    is_all: bool = True  #: of those that are well, no more are due, as far as their hosts have room
    has_more: bool = False  #: more are due, of any kind, and there is room for them


class Queue:
    """Claims deliveries for one process, and counts those it has. For one thread at a time."""

    def __init__(self, *, at_once: int, per_host: int, claim_for: timedelta, worker: str) -> None:
        """Begin with none.

        Args:
            at_once: Deliveries that may be under way.
            per_host: And of these, to one host.
            claim_for: Longer than one of them may take.
            worker: Name of this process.
        """
        self._all = Load(most=at_once, most_a_host=per_host)
        self._failing = Load(most=max(1, int(at_once * _FAILING_PART)), most_a_host=per_host)
        self._claim_for = claim_for
        self._worker = worker

    @property
    def is_empty(self) -> bool:
        """True when none is claimed."""
        return not self._all.count

    def unless_it_fails(self) -> ExitStack:
        """A block in which is counted; if it raises, nothing has changed."""
        with ExitStack() as stack:
            stack.enter_context(self._all.unless_it_fails())
            stack.enter_context(self._failing.unless_it_fails())
            return stack.pop_all()

    def has_work(self, tx: Transaction, *, now: datetime) -> bool:
        """Say whether anything could be claimed."""
        left_out = self._all.full_hosts
        return any(
            load.room > 0
            and tx.deliveries.due(now=now, limit=1, is_failing=is_failing, without_hosts=left_out)
            for load, is_failing in ((self._all, False), (self._failing, True))
        )

    def take(self, tx: Transaction, *, now: datetime) -> Taken:
        """Claim what may be sent now. Those that are well come first."""
        well, is_all = self._claim(tx, self._all, is_failing=False, now=now)
        failing, is_all_failing = self._claim(tx, self._failing, is_failing=True, now=now)
        has_more = not is_all or (not is_all_failing and self._failing.room > 0)
        # When others took them all, there is time to look again.
        is_worth_it = has_more and self._all.room > 0 and bool(well or failing)
        return Taken([*well, *failing], is_all=is_all, has_more=is_worth_it)

    def let_go(self, deliveries: Iterable[DueDelivery]) -> None:
        """Count these no more."""
        for one in deliveries:
            self._all.take_off(one.host)
            if _is_failing(one):
                self._failing.take_off(one.host)

    def _claim(
        self, tx: Transaction, load: Load, *, is_failing: bool, now: datetime
    ) -> tuple[list[DueDelivery], bool]:
        """Claim some of a kind; says also whether these are all that are due."""
        limit = min(STEP, load.room, self._all.room)
        if limit <= 0:
            return [], False  # nobody knows
        found = tx.deliveries.due(
            now=now, limit=limit, is_failing=is_failing, without_hosts=self._all.full_hosts
        )
        chosen = [one for one in found if self._all.add(one.host)]
        for one in chosen:
            if _is_failing(one):
                self._failing.add(one.host)
        ids = tx.deliveries.claim(
            [one.subscription_id for one in chosen],
            worker=self._worker,
            now=now,
            until=now + self._claim_for,
        )
        self.let_go(one for one in chosen if one.subscription_id not in ids)
        return [one for one in chosen if one.subscription_id in ids], len(found) < limit


def _is_failing(delivery: DueDelivery) -> bool:
    return delivery.attempts > 0
