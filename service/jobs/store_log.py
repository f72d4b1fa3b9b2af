"""SQLite's write-ahead log: written into the file itself while nobody writes.

A log of ten thousand pages keeps a bulk intake fast. But whoever copies the file while the service
runs would leave behind what is in the log, and that may be all there is.
"""

from collections.abc import Callable

from feeds.store.changes import Changes
from feeds.store.database import Database

#: Nothing was written since the look before: that is quiet. Proofs of work come every five seconds.
LOOK_EVERY_S = 1.0

#: Looks after which the log is written to the file also while others write.
LONGEST_LOOKS = 30


class StoreLog:
    """The log of one store. One caller at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = Changes(database)
        self._looks = 0  #: with something in the log

    def tend(self, note: Callable[[], object]) -> bool:
        """Empty the log when it was quiet since the last call, or has been in use for long.

        Args:
            note: Called when the log is empty: notes how much the store holds.

        Returns:
            True when the log was emptied.

        Raises:
            StoreUnavailable: The store cannot be written, or not be read.
        """
        has_news = self._changes.look()
        if not has_news and not self._looks:
            return False
        self._looks += 1
        if has_news and self._looks < LONGEST_LOOKS:
            return False
        if not self._database.checkpoint():
            return False  # somebody reads in it: at the next look
        self._looks = 0
        note()
        return True

    def close(self) -> None:
        """Give its connection back."""
        self._changes.close()
