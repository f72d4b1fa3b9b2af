"""Write requests that fail: recorded, and checked until the store can be written again.

Readiness and metrics report the failure. The check is a write of its own, because the next write
request may come hours later.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.store.database import Database
from service.failures import Failure, Failures, failures_of, in_words
from service.logs import get_logger

_log = get_logger(__name__)

#: The name of the failing work, for a person.
REQUESTS = "write requests"

#: How often to try whether the store can be written again.
TRY_EVERY_S = 5.0


class StoreWrites:
    """Whether this process can write to the store, and the failures of all on this machine."""

    def __init__(
        self,
        database: Database,
        failures: Failures,
        *,
        data_folder: Path,
        try_every_s: float = TRY_EVERY_S,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Begins with a store that can be written.

        Args:
            database: The store.
            failures: The failures of this process.
            data_folder: The service's data folder.
            try_every_s: The pause between two tries to write.
            sleep: Waits for the given seconds.
        """
        self._database = database
        self._failures = failures
        self._data_folder = data_folder
        self._try_every_s = try_every_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._is_trying = False
        self._tries: threading.Thread | None = None

    def wait(self) -> None:
        """Waits until the store can be written again, if a write has failed."""
        if self._tries is not None:
            self._tries.join()

    def failed(self, error: StoreUnavailable) -> None:
        """Records that a request could not write to the store."""
        with self._lock:
            self._failures.failed(REQUESTS, error)
            if not self._is_trying:
                self._is_trying = True
                self._tries = threading.Thread(target=self._try, name="store writes", daemon=True)
                self._tries.start()

    def fault(self) -> str | None:
        """Returns why nothing can be stored, as far as that shows without writing; or None."""
        return self._database.write_fault()

    def failures(self) -> list[Failure]:
        """Returns the failures of all processes on this machine, this one included."""
        return failures_of(self._data_folder)

    def warnings(self) -> list[str]:
        """Returns the disk's fault and the failures as sentences for a person."""
        return warnings(self.fault(), self.failures())

    def _try(self) -> None:
        while True:
            self._sleep(self._try_every_s)
            if self.fault() is not None:
                continue  # a small commit may succeed where there is no room for a release
            try:
                self._database.run_in_transaction(lambda tx: tx.identity.rewrite())
            except (StoreUnavailable, StoreConflict):
                continue
            with self._lock:
                self._is_trying = False
                self._failures.worked(REQUESTS, at_once=True)
            _log.info("store can be written again")
            return


def warnings(fault: str | None, failures: list[Failure]) -> list[str]:
    """Returns sentences for a person about a disk that cannot be written, and about failures."""
    lines = [] if fault is None else [f"the store cannot be written: {fault}"]
    return lines + in_words(failures)
