"""Rate limits: a token bucket for each client, refilled at a rate per minute."""

import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: How many buckets are stored. The limit bounds memory; it does not stop a client that has more
#: addresses than this.
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    fill: float  #: how many requests are allowed at once
    at_s: float  #: the time at which *fill* was computed


class RateLimiter:
    """The buckets of all clients. Safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float], max_remembered: int = MAX_REMEMBERED):
        """Makes a limiter without buckets.

        Args:
            monotonic: A monotonic clock, in seconds.
            max_remembered: The limit of buckets; beyond it, the least recently used is removed.
        """
        self._monotonic = monotonic
        self._max_remembered = max_remembered
        self._buckets: dict[Hashable, _Bucket] = {}  #: most recently used last
        self._lock = threading.Lock()

    def wait_s(self, client: Hashable, *, per_minute: int, burst: int) -> int:
        """Counts a request of a client.

        Args:
            client: Identifies the client.
            per_minute: How many requests are allowed per minute, on average.
            burst: How many requests are allowed at once.

        Returns:
            0 if the request is allowed, otherwise the seconds until the next one is.
        """
        per_s = per_minute / 60
        now_s = self._monotonic()
        with self._lock:
            bucket = self._buckets.pop(client, None) or _Bucket(burst, now_s)
            self._buckets[client] = bucket
            if len(self._buckets) > self._max_remembered:
                del self._buckets[next(iter(self._buckets))]
            bucket.fill = min(burst, bucket.fill + (now_s - bucket.at_s) * per_s)
            bucket.at_s = now_s
            if bucket.fill >= 1:
                bucket.fill -= 1
                return 0
            missing = 1 - bucket.fill
        return max(1, math.ceil(missing / per_s))
