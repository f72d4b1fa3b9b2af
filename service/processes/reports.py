"""Reports of a process's work to the store; see ``feeds.model.listing``."""

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

#: How often a report is written. The first work of a process is reported at once.
REPORT_EVERY_S = 5.0

#: How often to check for the first work.
_CHECK_EVERY_S = 0.1

#: A process that has reported nothing for this long is forgotten once another one does its work.
FORGOTTEN_AFTER = timedelta(minutes=10)


class ProcessReporter:
    """Writes the state of a process to the store."""

    def __init__(
        self,
        database: Database,
        liveness: Liveness,
        state: ProcessState,
        *,
        now: Callable[[], datetime],
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Creates a reporter; nothing is written yet.

        Args:
            database: The store.
            liveness: The progress that is reported.
            state: The process, before its first work.
            now: The clock.
            monotonic: The monotonic clock of *liveness*.
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
        """True when the process has done work."""
        return self._liveness.worked_s() is not None

    def report(self) -> None:
        """Writes one report.

        Raises:
            StoreUnavailable: The store cannot be reached; nothing was written.
            StoreConflict: Others kept writing; nothing was written.
        """
        now, now_s = self._now(), self._monotonic()
        did, worked_s = self._liveness.did(), self._liveness.worked_s()

        def moment(at_s: float) -> datetime:
            return now - timedelta(seconds=now_s - at_s)

        state = replace(
            self._state,
            started_at=moment(self._started_s),  # the clock may have changed since the start
            worked_at=None if worked_s is None else moment(worked_s),
            did=None if did is None else did.words,
            did_at=None if did is None else moment(did.at_s),
        )
        self._database.run_in_transaction(lambda tx: tx.processes.record(state), is_durable=False)
        if now_s >= self._forgets_at:
            self._forget_others(state, now)
            if state.worked_at is not None:
                self._forgets_at = now_s + FORGOTTEN_AFTER.total_seconds() / 10

    def _forget_others(self, state: ProcessState, now: datetime) -> None:
        before = now - FORGOTTEN_AFTER
        if self._database.is_sqlite and state.worked_at is not None:
            before = now  # only one process does this work, so any former one is dead
        self._database.run_in_transaction(
            lambda tx: tx.processes.forget_others(state, before=before), is_durable=False
        )


@contextmanager
def reporting(reporter: ProcessReporter) -> Iterator[None]:
    """Writes reports to the store until the end of the block."""
    is_over = threading.Event()
    thread = threading.Thread(
        target=_report_regularly, args=[reporter, is_over], name="reports", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(REPORT_EVERY_S)


def _report_regularly(reporter: ProcessReporter, is_over: threading.Event) -> None:
    while not is_over.is_set():
        had_worked = reporter.has_worked
        # The work itself logs that the store is unavailable.
        with suppress(StoreUnavailable, StoreConflict):
            reporter.report()
        next_at_s = time.monotonic() + REPORT_EVERY_S
        while time.monotonic() < next_at_s and reporter.has_worked == had_worked:
            pause_s = REPORT_EVERY_S if had_worked else _CHECK_EVERY_S
            if is_over.wait(pause_s):
                return
