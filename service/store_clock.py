"""The current time by the store's clock, which all machines over one store share."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from feeds.errors import StoreUnavailable
from feeds.store.database import Database
from service.logs import get_logger

_log = get_logger(__name__)

#: How often the two clocks are compared.
COMPARE_EVERY_S = 10.0

#: The smallest difference that is reported: logs and ``Date`` have this machine's time.
REPORTED_FROM = timedelta(seconds=2)

#: A machine whose clock is further ahead than this runs no jobs: something is wrong with it.
TRUSTED_TO = timedelta(seconds=30)

#: An answer that took longer than this is too imprecise to replace a known time.
SLOWEST_S = 1.0

#: How often to try until the clocks were compared for the first time.
COMPARE_FIRST_EVERY_S = 0.5

#: How long a stop waits for a comparison that is under way.
STOP_WITHIN_S = 0.5

#: This clock goes on while a machine sleeps, and is never set.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def machine_clock() -> datetime:
    """Returns the current time by this machine's own clock, in UTC."""
    return datetime.now(UTC)


def steady_clock() -> float:
    """Returns the seconds since this machine started. Setting the clock does not change them."""
    return time.clock_gettime(_STEADY)


class StoreClock:
    """Returns the current time by PostgreSQL's clock; with SQLite, by this machine's.

    Claims, leases and embargoes are times in the store. If each machine wrote and read them by its
    own clock, a machine that is an hour ahead would end embargoes early, and hold its claims for an
    hour longer.

    Between two comparisons it adds the time that has passed, and does not read this machine's
    clock: setting that while the service runs, by hand or by NTP, has no effect.

    Safe to use from many threads. Until the first comparison it uses this machine's clock; while
    the store cannot be reached, the last comparison.
    """

    def __init__(
        self,
        database: Database,
        *,
        own: Callable[[], datetime] = machine_clock,
        steady: Callable[[], float] = steady_clock,
    ) -> None:
        """Creates a clock that has not compared itself yet.

        Args:
            database: The store whose clock counts.
            own: This machine's clock.
            steady: A monotonic clock, in seconds.
        """
        self._database = database
        self._own = own
        self._steady = steady
        self._reported: timedelta | None = None
        #: A time by the store's clock, and the steady clock's at that moment.
        self._known: tuple[datetime, float] | None = None
        self._following: threading.Thread | None = None
        self._is_over = threading.Event()

    def __call__(self) -> datetime:
        """Returns the current time, in UTC."""
        known = self._known
        if known is None:
            return self._own()
        moment, then = known
        return moment + timedelta(seconds=self._steady() - then)

    @property
    def ahead(self) -> timedelta:
        """How far this machine's clock is ahead; negative when it is behind."""
        return timedelta(0) if self._known is None else self._own() - self()

    @property
    def is_trusted(self) -> bool:
        """False when this machine's clock is so far ahead that it should run no jobs."""
        return self.ahead <= TRUSTED_TO

    def compare(self) -> None:
        """Compares the two clocks, and logs a large difference.

        Raises:
            StoreUnavailable: The database cannot be reached; the last comparison stays in use.
        """
        before = self._steady()
        theirs = self._database.now()
        took = self._steady() - before
        if theirs is None or (took > SLOWEST_S and self._known is not None):
            return
        # The store read its clock at some time within the call: half of it is the best guess.
        self._known = theirs, before + took / 2
        self._log_difference()

    def warnings(self) -> list[str]:
        """Returns what is wrong with this machine's clock, for a person; empty if it is right."""
        ahead = self.ahead
        if abs(ahead) <= REPORTED_FROM:
            return []
        return [f"this machine's clock is {described(ahead)['differs']}"]

    def follow(self) -> None:
        """Starts to compare the clocks every few seconds, in a daemon thread."""
        if not self._database.is_sqlite:
            self._following = threading.Thread(target=self._follow, name="store clock", daemon=True)
            self._following.start()

    def stop(self) -> None:
        """Ends what `follow` started; afterwards it goes by the last comparison."""
        self._is_over.set()
        if self._following is not None:
            self._following.join(STOP_WITHIN_S)

    def _follow(self) -> None:
        while not self._is_over.is_set():
            try:
                self.compare()
            except StoreUnavailable as error:
                _log.debug("the store's clock cannot be read", reason=str(error))
            pause_s = COMPARE_FIRST_EVERY_S if self._known is None else COMPARE_EVERY_S
            self._is_over.wait(pause_s)

    def _log_difference(self) -> None:
        """Logs a difference once, and again when it has changed by more than `REPORTED_FROM`."""
        ahead = self.ahead
        is_large = abs(ahead) > REPORTED_FROM
        if not is_large:
            if self._reported is not None:
                _log.info("this machine's clock agrees with the store's again")
            self._reported = None
        elif self._reported is None or abs(ahead - self._reported) > REPORTED_FROM:
            self._reported = ahead
            log = _log.warning if ahead <= TRUSTED_TO else _log.error
            log("this machine's clock is wrong", **described(ahead))


def described(ahead: timedelta) -> dict[str, str]:
    """Returns the log keys that describe a wrong clock."""
    side = "ahead of" if ahead > timedelta(0) else "behind"
    record = {
        "differs": f"{abs(ahead).total_seconds():.1f} s {side} the store's",
        "remedy": "synchronise the machine's clock by NTP",
    }
    if ahead > TRUSTED_TO:
        record["effect"] = "this machine runs no jobs"
    return record
