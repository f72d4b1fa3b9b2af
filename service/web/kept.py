"""What takes long to find out in a large store, and anybody may ask for."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

#: What is asked of the store for it, of all time: with a hundred thousand subscribers, a look takes
#: a good part of a second.
AT_MOST = 0.05

#: A look that took no longer than this costs too little to be spared.
LITTLE_S = 0.1

T = TypeVar("T")


class Kept(Generic[T]):
    """The last look, as long as another one would be too much. Safe to call from many threads."""

    def __init__(self, *, seconds: Callable[[], float], kept_s: float = 0.0) -> None:
        """Look at nothing yet.

        Args:
            seconds: A clock that nobody sets.
            kept_s: How long a look is kept that took little.
        """
        self._seconds = seconds
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._seen: T | None = None
        self._good_until_s = float("-inf")

    def read(self, look: Callable[[], T]) -> T:
        """What there is at this moment, or was not long ago."""
        # Held while we look: who asks at the same time waits for this look instead of another one.
        with self._lock:
            began_s = self._seconds()
            if self._seen is None or began_s >= self._good_until_s:
                self._seen = look()
                took_s = self._seconds() - began_s
                is_much = took_s > LITTLE_S
                self._good_until_s = began_s + max(self._kept_s, is_much * took_s / AT_MOST)
            return self._seen
