"""Counts uses of redirects, and feeds that are asked for in vain; a thread stores the counts."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.redirect import OldAddress, RedirectKey
from feeds.store.database import Transaction
from service.application import CurrentApplication
from service.logs import get_logger
from service.redirects import MAX_MISSING

_log = get_logger(__name__)

#: How often counts are stored.
WRITE_EVERY_S = 30.0

#: Different rules or addresses that are counted between two writes; others are not counted.
MAX_COUNTED = 5000


class RedirectCounter:
    """The uses of redirects in one process since they were last stored. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[RedirectKey] = Counter()
        self._missing: Counter[str] = Counter()

    def used(self, key: RedirectKey) -> None:
        """Counts the use of a redirect."""
        self._count(self._used, key)

    def missed(self, address: OldAddress) -> None:
        """Counts a request for an address that leads nowhere, if it looks like one of a feed."""
        if address.looks_like_feed:
            self._count(self._missing, str(address))

    def take(self) -> tuple[dict[RedirectKey, int], dict[str, int]]:
        """Returns what was counted, the uses and what was missed, and begins again."""
        with self._lock:
            taken = dict(self._used), dict(self._missing)
            self._used, self._missing = Counter(), Counter()
        return taken

    def _count(self, counts: "Counter[Any]", key: RedirectKey | str) -> None:
        with self._lock:
            if key in counts or len(counts) < MAX_COUNTED:
                counts[key] += 1


class RedirectUseWriter:
    """Adds the counts of one process to the store, in a thread."""

    def __init__(
        self, counter: RedirectCounter, current: CurrentApplication, *, now: Callable[[], datetime]
    ) -> None:
        self._counter = counter
        self._current = current
        self._now = now
        self._is_over = threading.Event()

    def run(self) -> None:
        """Stores counts from time to time until `stop` is called, and then once more."""
        is_over = False
        while not is_over:
            is_over = self._is_over.wait(WRITE_EVERY_S)
            try:
                self.write()
            except (StoreUnavailable, StoreConflict) as error:
                # What is wrong with the store is logged, and shown by /readyz, by others.
                _log.debug("uses of redirects not counted", reason=str(error))
            except Exception:
                _log.exception("uses of redirects not counted")

    def stop(self) -> None:
        """Ends `run`."""
        self._is_over.set()

    def write(self) -> None:
        """Stores what was counted until now. Without anything, does nothing.

        Raises:
            StoreUnavailable: These counts are lost.
        """
        used, missing = self._counter.take()
        if not used and not missing:
            return
        now = self._now()
        uses = {(key.origin, key.rule): number for key, number in used.items()}

        def store(tx: Transaction) -> None:
            tx.redirect_uses.add(uses, now=now)
            tx.redirect_uses.add_missing(missing, now=now, keep=MAX_MISSING)

        self._current.application.database.run_in_transaction(store, is_durable=False)
