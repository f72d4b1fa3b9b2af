"""How often somebody may ask: a bucket for each, which fills by the minute."""

import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: How many are remembered. Who has more addresses than this is not held up by counting them.
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    fill: float  #: how many requests may come at once
    at_s: float  #: when it was so


class RateLimiter:
    """The buckets of all who ask. Safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float], max_remembered: int = MAX_REMEMBERED):
        """Make buckets for whoever may come.

        Args:
            monotonic: A clock that nobody sets.
            max_remembered: Of more, those are forgotten that did not ask for the longest time.
        """
        self._seconds = monotonic
        self._max_remembered = max_remembered
        self._buckets: dict[Hashable, _Bucket] = {}  #: who asked last is last
        self._lock = threading.Lock()

    def wait_s(self, who: Hashable, *, per_minute: int, burst: int) -> int:
        """Take one from the bucket of *who*; 0, or in how many seconds there will be one."""
        per_s = per_minute / 60
        now_s = self._seconds()
        with self._lock:
            bucket = self._buckets.pop(who, None) or _Bucket(burst, now_s)
            self._buckets[who] = bucket
            if len(self._buckets) > self._max_remembered:
                del self._buckets[next(iter(self._buckets))]
            bucket.fill = min(burst, bucket.fill + (now_s - bucket.at_s) * per_s)
            bucket.at_s = now_s
            if bucket.fill >= 1:
                bucket.fill -= 1
                return 0
            missing = 1 - bucket.fill
        return max(1, math.ceil(missing / per_s))
