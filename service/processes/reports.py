"""How a process reports its work to the store; see ``feeds.model.listing``."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.listing import ProcessState
from feeds.store.database import Database
from service.liveness import Liveness, Monotonic

#: How often the store is told; of the first work of a process, at once.
PROVE_EVERY_S = 5.0

#: How soon that is seen.
_LOOK_EVERY_S = 0.1

#: Of a process that has proved nothing for so long, nothing is shown any more, once another one
#: does its work.
FORGOTTEN_AFTER = timedelta(minutes=10)


class ProcessReporter:
    """Writes into the store what a process does."""

    def __init__(
        self,
        database: Database,
        liveness: Liveness,
        state: ProcessState,
        *,
        now: Callable[[], datetime],
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Prove nothing yet.

        Args:
            database: Where it is written.
            liveness: What is written.
            state: The process, before its first work.
            now: The clock.
            monotonic: That of *liveness*.
        """
        self._database = database
        self._liveness = liveness
        self._state = state
        self._now = now
        self._monotonic = monotonic
        self._started_s = monotonic()
        self._forgets_at = 0.0

    @property
    def has_worked(self) -> bool:
        """True when there is work to prove."""
        return self._liveness.worked_s() is not None

    def report(self) -> None:
        """Write it once.

        Raises:
            StoreUnavailable: Nothing was written; so does StoreConflict say.
        """
        now, now_s = self._now(), self._monotonic()
        did, worked_s = self._liveness.did(), self._liveness.worked_s()

        def moment(at_s: float) -> datetime:
            return now - timedelta(seconds=now_s - at_s)

        state = replace(
            self._state,
            started_at=moment(self._started_s),  # the clock may be another one by now
            worked_at=None if worked_s is None else moment(worked_s),
            did=None if did is None else did.words,
            did_at=None if did is None else moment(did.at_s),
        )
        self._database.run_in_transaction(lambda tx: tx.processes.record(state), is_durable=False)
        if now_s >= self._forgets_at:
            self._forget_others(state, now)
            self._forgets_at = now_s + FORGOTTEN_AFTER.total_seconds() / 10

    def _forget_others(self, state: ProcessState, now: datetime) -> None:
        before = now - FORGOTTEN_AFTER
        if self._database.is_sqlite and state.worked_at is not None:
            before = now  # its work is done by one process: whoever did it before is dead
        self._database.run_in_transaction(
            lambda tx: tx.processes.forget_others(state, before=before), is_durable=False
        )


@contextmanager
def reporting(prover: ProcessReporter) -> Iterator[None]:
    """Tell the store, until the end of the block, what is done."""
    is_over = threading.Event()
    thread = threading.Thread(target=_prove, args=[prover, is_over], name="proof", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(PROVE_EVERY_S)


def _prove(prover: ProcessReporter, is_over: threading.Event) -> None:
    while not is_over.is_set():
        had_worked = prover.has_worked
        # That the store is away is told by the work itself.
        with suppress(StoreUnavailable, StoreConflict):
            prover.report()
        next_at_s = time.monotonic() + PROVE_EVERY_S
        while time.monotonic() < next_at_s and prover.has_worked == had_worked:
            pause_s = PROVE_EVERY_S if had_worked else _LOOK_EVERY_S
            if is_over.wait(pause_s):
                return
