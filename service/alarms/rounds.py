"""Checks and sends alarms at intervals, in one process."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from feeds.errors import StoreConflict, StoreUnavailable
from service.alarms.keeper import AlarmKeeper
from service.alarms.store_away import StoreAwayAlarm

#: Nothing is checked for this long after the start: what waited while the service was stopped gets
#: the time to be done.
GRACE_S = 60.0


class AlarmRounds:
    """Checks and sends at intervals, in one process.

    Sending waits for other servers, so it has a thread of its own: neither the timers nor a stop
    waits for it. What it has claimed when the process ends is sent by the next one.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        grace_s: float = GRACE_S,
        store_away: StoreAwayAlarm | None = None,
    ) -> None:
        """Begins the grace.

        Args:
            monotonic: A clock that never goes back.
            grace_s: For how long nothing is checked.
            store_away: Tells when the store cannot be used; None if another process does.
        """
        self._monotonic = monotonic
        self._checks_from = monotonic() + grace_s
        self._store_away = store_away
        self._sending: threading.Thread | None = None

    def run(self, keeper: AlarmKeeper, *, now: Callable[[], datetime]) -> None:
        """Does one round.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        try:
            if self._monotonic() >= self._checks_from:
                self._check(keeper, now())
        finally:
            self._begin_to_send(self._send, keeper, now)

    def store_failed(
        self, error: StoreUnavailable, keeper: AlarmKeeper, *, now: Callable[[], datetime]
    ) -> None:
        """Does a round of a process that could not start, because it cannot use the store."""
        if self._store_away is not None:
            self._store_away.failed(error, keeper, now=now())
            self._begin_to_send(self._send_away, keeper, now)

    def _begin_to_send(
        self,
        send: Callable[[AlarmKeeper, Callable[[], datetime]], None],
        keeper: AlarmKeeper,
        now: Callable[[], datetime],
    ) -> None:
        if self._sending is None or not self._sending.is_alive():
            self._sending = threading.Thread(
                target=send, args=[keeper, now], name="alarms", daemon=True
            )
            self._sending.start()

    def _check(self, keeper: AlarmKeeper, now: datetime) -> None:
        away = self._store_away
        try:
            keeper.check(now=now)
        except StoreUnavailable as error:
            if away is not None:
                away.failed(error, keeper, now=now)
            raise
        if away is not None:
            away.worked(now=now)

    def _send_away(self, keeper: AlarmKeeper, now: Callable[[], datetime]) -> None:
        if self._store_away is not None:
            self._store_away.send_due(keeper, now=now())

    def _send(self, keeper: AlarmKeeper, now: Callable[[], datetime]) -> None:
        self._send_away(keeper, now)
        # The next round tries again; the check has logged that the store is away.
        with suppress(StoreUnavailable, StoreConflict):
            keeper.send_due(now=now)
