"""The current time within one operation: a given start, and the time that has passed since."""

from collections.abc import Callable
from datetime import datetime, timedelta

#: A clock that is never set; its seconds count from an arbitrary start.
Monotonic = Callable[[], float]


def standing_still() -> float:
    """A clock by which no time passes."""
    return 0.0


class Moment:
    """A clock that starts at a given time, for example the store's, and runs from there."""

    def __init__(self, now: datetime, monotonic: Monotonic) -> None:
        self._began = now
        self._monotonic = monotonic
        self._began_s = monotonic()

    def __call__(self) -> datetime:
        """Returns the current time."""
        return self._began + timedelta(seconds=self.passed_s)

    @property
    def passed_s(self) -> float:
        """Seconds since the start."""
        return self._monotonic() - self._began_s
