"""Requests that store something and cannot: noted, and tried until the store can be written again.

Who asks for readiness or numbers is to be told, and nobody may send another request for hours.
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

#: What fails, for a person.
REQUESTS = "write requests"

#: How often it is tried whether the store can be written again.
TRY_EVERY_S = 5.0


class StoreWrites:
    """Whether this process can write the store, and what fails in the others on this machine."""

    def __init__(
        self,
        database: Database,
        failures: Failures,
        *,
        data_folder: Path,
        try_every_s: float = TRY_EVERY_S,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Begin with a store that can be written.

        Args:
            database: The store.
            failures: Of this process.
            data_folder: Of the service.
            try_every_s: The pause between two tries to write.
            sleep: Waits for so many seconds.
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
        """Wait until the store can be written, if it could not be."""
        if self._tries is not None:
            self._tries.join()

    def failed(self, error: StoreUnavailable) -> None:
        """Note that a request could not store what it had to."""
        with self._lock:
            self._failures.failed(REQUESTS, error)
            if not self._is_trying:
                self._is_trying = True
                self._tries = threading.Thread(target=self._try, name="store writes", daemon=True)
                self._tries.start()

    def fault(self) -> str | None:
        """Why nothing can be stored, as far as the disk tells without being written; or None."""
        return self._database.write_fault()

    def failures(self) -> list[Failure]:
        """What fails in the processes of this machine, this one too."""
        return failures_of(self._data_folder)

    def warnings(self) -> list[str]:
        """The same, for a person."""
        return warnings(self.fault(), self.failures())

    def _try(self) -> None:
        while True:
            self._sleep(self._try_every_s)
            if self.fault() is not None:
                continue  # a small commit may find room where a release does not
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
    """What a person is told of a disk that cannot be written, and of what fails."""
    told = [] if fault is None else [f"the store cannot be written: {fault}"]
    return told + in_words(failures)
