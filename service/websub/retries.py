"""Pauses between retries, and the format of durations in the log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Durations in log lines.


def delay_in_short(delay: timedelta) -> str:
    """Formats a delay: ``0.35s``, ``12s``, ``10m``; below 10 s in hundredths."""
    seconds = delay.total_seconds()
    return f"{seconds:.2f}s" if seconds < 10 else in_short(delay)


def in_short(duration: timedelta) -> str:
    """Formats a duration, rounded: ``45s``, ``10m``, ``2h5m``."""
    seconds = round(duration.total_seconds())
    if seconds < 120:
        return f"{seconds}s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if minutes else f"{hours}h"


# Pauses between retries. Pure: the time and random numbers are arguments.

#: A pause varies by this fraction, so that hubs and topics that failed together are not retried
#: together. It is small enough that pauses still grow.
_JITTER = 0.2

#: Prevents huge numbers; the longest pause is reached long before.
_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """Pauses that double from the first to the longest, and an end of all retries."""

    first_s: float
    longest_s: float
    give_up_after_s: float  #: counted from the first failure

    def next_pause(
        self, attempts: int, first_failed_at: datetime, now: datetime, random_fraction: float
    ) -> timedelta | None:
        """Returns how long to wait before the next try; None when this was the last.

        The last try is made when the time to give up has come, not up to a pause earlier. There is
        no further try when less than the first pause is left.

        Args:
            attempts: Failed tries so far, this one included.
            first_failed_at: When the first of them failed.
            now: When this one failed.
            random_fraction: From 0 to 1.
        """
        left_s = self.give_up_after_s - (now - first_failed_at).total_seconds()
        if left_s < self.first_s:
            return None
        doublings = min(max(attempts - 1, 0), _MAX_DOUBLINGS)
        planned_s = min(self.first_s * 2**doublings, self.longest_s)
        jittered_s = planned_s * (1 - _JITTER + 2 * _JITTER * random_fraction)
        return timedelta(seconds=min(jittered_s, left_s))

    def stretch(self, pause: timedelta, asked: timedelta | None) -> timedelta:
        """Returns the longer of *pause* and the pause that a hub asked for.

        The latter is capped, so that a hub cannot stop pings for ever.
        """
        return max(pause, min(asked or pause, timedelta(seconds=self.longest_s)))
