"""A moment that goes on while something is done. When it begins is always given."""

from collections.abc import Callable
from datetime import datetime, timedelta

#: Seconds that pass, from any beginning, by a clock that nobody sets.
Monotonic = Callable[[], float]


def standing_still() -> float:
    """No time passes: what is done is done at once."""
    return 0.0


class Moment:
    """A moment by the caller's clock, which may be the store's, and what has passed since."""

    def __init__(self, now: datetime, monotonic: Monotonic) -> None:
        self._began = now
        self._monotonic = monotonic
        self._began_s = monotonic()

    def __call__(self) -> datetime:
        """The moment now."""
        return self._began + timedelta(seconds=self.passed_s)

    @property
    def passed_s(self) -> float:
        """Seconds since it began."""
        return self._monotonic() - self._began_s
