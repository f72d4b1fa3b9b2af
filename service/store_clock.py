"""The moment by the store's clock, which all machines over one store share."""

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

#: A difference that somebody is to be told of: dates in logs and in ``Date`` are this machine's.
TOLD_FROM = timedelta(seconds=2)

#: A machine that is so far ahead does no jobs: something is wrong with it.
TRUSTED_TO = timedelta(seconds=30)

#: An answer that took longer says too little of the moment that it names, if one is known.
SLOWEST_S = 1.0

#: Until the clocks were compared for the first time, it is tried again so soon.
COMPARE_FIRST_EVERY_S = 0.5

#: It goes on while a machine sleeps, and nobody sets it.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def machine_clock() -> datetime:
    """The moment by this machine's own clock."""
    return datetime.now(UTC)


def steady_clock() -> float:
    """Seconds since this machine was started. It goes on as time does, whatever the clock says."""
    return time.clock_gettime(_STEADY)


class StoreClock:
    """Gives the moment by the clock of PostgreSQL; with SQLite, by that of this machine.

    Claims, leases and embargoes are moments in the store. If each machine wrote and read them by a
    clock of its own, one that is an hour ahead would let embargoes out early, and hold what it
    claims for an hour longer.

    Between two comparisons it goes by the time that passes, and not by this machine's clock: one
    that is set while the service runs, by hand or by NTP, changes no moment.

    Safe to use from many threads. Until it has compared the clocks for the first time it goes by
    this machine's; while the store cannot be reached, by what it knew last.
    """

    def __init__(
        self,
        database: Database,
        *,
        own: Callable[[], datetime] = machine_clock,
        steady: Callable[[], float] = steady_clock,
    ) -> None:
        """Make a clock that has not compared itself yet.

        Args:
            database: Whose clock counts.
            own: This machine's.
            steady: Seconds that pass, from any beginning.
        """
        self._database = database
        self._own = own
        self._steady = steady
        self._told: timedelta | None = None
        #: A moment by the store's clock, and the steady clock then.
        self._known: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """The moment, in UTC."""
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
        """False when this machine is so far ahead that it should do no jobs."""
        return self.ahead <= TRUSTED_TO

    def compare(self) -> None:
        """Look how far the two clocks are apart, and log when that is much.

        Raises:
            StoreUnavailable: The database cannot be reached; what was known counts on.
        """
        before = self._steady()
        theirs = self._database.now()
        took = self._steady() - before
        if theirs is None or (took > SLOWEST_S and self._known is not None):
            return
        # The answer was given somewhere between; half of what it took is as good a guess as any.
        self._known = theirs, before + took / 2
        self._tell()

    def warnings(self) -> list[str]:
        """For a person: what is wrong with this machine's clock, if anything is."""
        ahead = self.ahead
        if abs(ahead) <= TOLD_FROM:
            return []
        return [f"this machine's clock is {described(ahead)['differs']}"]

    def follow(self) -> None:
        """Compare from now on, every few seconds, in a thread that keeps no process alive."""
        if not self._database.is_sqlite:
            threading.Thread(target=self._follow, name="store clock", daemon=True).start()

    def _follow(self) -> None:
        while True:
            try:
                self.compare()
            except StoreUnavailable as error:
                _log.debug("the store's clock cannot be read", reason=str(error))
            time.sleep(COMPARE_FIRST_EVERY_S if self._known is None else COMPARE_EVERY_S)

    def _tell(self) -> None:
        """Log a difference once, and again when it has changed by as much as is told of."""
        ahead = self.ahead
        is_much = abs(ahead) > TOLD_FROM
        if not is_much:
            if self._told is not None:
                _log.info("this machine's clock agrees with the store's again")
            self._told = None
        elif self._told is None or abs(ahead - self._told) > TOLD_FROM:
            self._told = ahead
            tell = _log.warning if ahead <= TRUSTED_TO else _log.error
            tell("this machine's clock is wrong", **described(ahead))


def described(ahead: timedelta) -> dict[str, str]:
    """What the log says of a clock that is wrong."""
    side = "ahead of" if ahead > timedelta(0) else "behind"
    record = {
        "differs": f"{abs(ahead).total_seconds():.1f} s {side} the store's",
        "remedy": "have the machine's clock set by NTP",
    }
    if ahead > TRUSTED_TO:
        record["effect"] = "no jobs are done here"
    return record
