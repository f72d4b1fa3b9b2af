"""Troubles that last: told when they begin and when they are over, not each time they are met."""

import threading
import time
from collections.abc import Callable


class Troubles:
    """What was told and is not over. Safe to share between threads."""

    def __init__(
        self,
        *,
        again_after_s: float = float("inf"),
        over_after_s: float = 0.0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with none.

        Args:
            again_after_s: A trouble is told anew when it was not for so long.
            over_after_s: A trouble is over when it was not met for so long: what comes and goes
                lasts.
            seconds: A clock that never goes back.
        """
        self._again_after_s = again_after_s
        self._seconds = seconds
        self._over_after_s = over_after_s
        self._told: dict[str, dict[str, float]] = {}  #: when, by what and by reason
        self._met_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_news(self, what: str, reason: str) -> bool:
        """True when this is to be told: *what* did not have this trouble before."""
        now = self._seconds()
        with self._lock:
            self._met_at[what] = now
            told = self._told.setdefault(what, {})
            if now - told.get(reason, float("-inf")) < self._again_after_s:
                return False
            told[reason] = now
            return True

    def is_over(self, what: str, *, at_once: bool = False) -> bool:
        """True when a trouble of *what* was told, which now has none any more."""
        with self._lock:
            if what not in self._told:
                return False
            if not at_once and self._seconds() - self._met_at[what] < self._over_after_s:
                return False
            del self._told[what], self._met_at[what]
            return True
