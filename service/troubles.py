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
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with none.

        Args:
            again_after_s: A trouble is told anew when it was not for so long.
            seconds: A clock that never goes back.
        """
        self._again_after_s = again_after_s
        self._seconds = seconds
        self._told: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def is_news(self, what: str, reason: str) -> bool:
        """True when this is to be told: *what* did not have this trouble before."""
        now = self._seconds()
        with self._lock:
            known, at = self._told.get(what, ("", float("-inf")))
            if known == reason and now - at < self._again_after_s:
                return False
            self._told[what] = reason, now
            return True

    def is_over(self, what: str) -> bool:
        """True when a trouble of *what* was told, which now has none any more."""
        with self._lock:
            return self._told.pop(what, None) is not None
