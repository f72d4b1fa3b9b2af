"""When the store is to be read for work."""

import time

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes

#: What becomes due by the clock alone is found so late at most.
READ_EVERY_S = 1.0


class Attention:
    """Says when there may be something new to do: after any commit, and once in a while."""

    def __init__(self, changes: Changes) -> None:
        """Begin with a store that nobody has read.

        Args:
            changes: Used, and closed, by this one alone.
        """
        self._changes = changes
        self._has_news = False  #: seen, and nobody has read it yet
        self._reads_at = float("-inf")

    def may_be_called_for(self) -> bool:
        """Say, without waiting for a server, whether it is worth asking `is_called_for`."""
        if not self._changes.is_local:
            return True
        try:
            self._has_news |= self._changes.look()
        except StoreUnavailable:
            return True  # to be told of to whoever reads
        return self._has_news or time.monotonic() >= self._reads_at

    def is_called_for(self) -> bool:
        """Say whether the store is to be read now.

        Raises:
            StoreUnavailable: It cannot be.
        """
        is_news = self._changes.look() or self._has_news
        self._has_news = False
        now = time.monotonic()
        if not is_news and now < self._reads_at:
            return False
        self._reads_at = now + READ_EVERY_S
        return True

    def close(self) -> None:
        """Give the connection back."""
        self._changes.close()
