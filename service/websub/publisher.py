"""Sends what the outbox holds. A hub that hangs or fails delays no other hub and no caller."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.listing import DuePing
from feeds.store.database import Database
from service.failures import Failures
from service.logs import get_logger
from service.store_clock import machine_clock
from service.websub.ping_sender import PingResult, PingSender

_log = get_logger(__name__)

#: What fails when the store cannot be used, for a person.
PINGS = "pings"


class _Round:
    """A moment and what has passed since: this room needs no clock of its own."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._started)


class Publisher:
    """Tells hubs of new editions: many hubs at once, one request at a time to each.

    Any number of publishers may work on one store: each ping is claimed before it is sent. After
    a crash between the sending and the noting it is sent once more, never not at all.
    """

    def __init__(
        self,
        database: Database,
        ping_sender: PingSender,
        *,
        max_hubs_at_once: int = 64,
        failures: Failures | None = None,
    ) -> None:
        """Begin with no hub at work; threads start when they are needed.

        Args:
            database: Holds the outbox.
            ping_sender: Talks to one hub.
            max_hubs_at_once: More hubs than this wait for each other.
            failures: Is told when the store cannot be used.
        """
        self._failures = failures or Failures("jobs", now=machine_clock)
        self._database = database
        self._ping_sender = ping_sender
        self._threads = ThreadPoolExecutor(max_hubs_at_once, thread_name_prefix="ping")
        #: Our own hub has nobody to wait for, and waits for no thread that others hold.
        self._own_thread = ThreadPoolExecutor(1, thread_name_prefix="own-ping")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        #: The hubs at work, each with the last round that was asked for meanwhile.
        self._asked_meanwhile: dict[str, _Round | None] = {}

    def send_due(self, *, now: datetime) -> None:
        """Begin to send all that is due, and return at once.

        A hub that is still at work is not begun a second time; it looks again when it is done.

        Raises:
            StoreUnavailable: What is due cannot be read. What fails later is logged.
        """
        for work in self._begin(_Round(now)):
            work.add_done_callback(self._log_end)

    def send_all_due(self, *, now: datetime) -> list[PingResult]:
        """Send all that is due, and wait until every hub was asked. Failures are results too.

        Raises:
            StoreUnavailable: The outbox cannot be read or written.
        """
        begun = self._begin(_Round(now))
        return [result for work in begun for result in work.result()]

    def close(self) -> None:
        """Begin no further ping, and wait for those under way: one time limit at most.

        What is left stays due in the store.
        """
        self._closing.set()
        self._own_thread.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begin(self, asked: _Round) -> list[Future[list[PingResult]]]:
        begun = []
        for hub, pings in self._due(asked).items():
            with self._lock:
                is_at_work = hub in self._asked_meanwhile
                self._asked_meanwhile[hub] = asked if is_at_work else None
            if not is_at_work:
                threads = self._own_thread if self._ping_sender.is_own(hub) else self._threads
                begun.append(threads.submit(self._work, hub, pings, asked))
        return begun

    def _work(self, hub: str, pings: list[DuePing], asked: _Round) -> list[PingResult]:
        results: list[PingResult] = []
        try:
            current: _Round | None = asked
            while current is not None:
                results += self._ping_sender.send(
                    pings, now=current.now, is_outdated=lambda: self._is_outdated(hub)
                )
                current = self._next_round(hub)
                pings = self._due(current).get(hub, []) if current else []
        except BaseException:
            with self._lock:
                self._asked_meanwhile.pop(hub, None)
            raise
        return results

    def _log_end(self, work: Future[list[PingResult]]) -> None:
        if work.cancelled():
            return
        error = work.exception()
        if error is None:
            if self._failures.worked(PINGS):
                _log.info("works again", work=PINGS)
        elif isinstance(error, StoreUnavailable | StoreConflict):
            if self._failures.failed(PINGS, error):
                _log.error("store unavailable", work=PINGS, reason=str(error))
        else:
            _log.error("pings broke off", exc_info=error)

    def _is_outdated(self, hub: str) -> bool:
        with self._lock:
            return self._asked_meanwhile[hub] is not None or self._closing.is_set()

    def _next_round(self, hub: str) -> _Round | None:
        """The round that was asked for meanwhile; without one the hub is at rest from here on."""
        with self._lock:
            later = self._asked_meanwhile.pop(hub)
            if later is None or self._closing.is_set():
                return None
            self._asked_meanwhile[hub] = None
            return later

    def _due(self, asked: _Round) -> dict[str, list[DuePing]]:
        with self._database.read() as store:
            due = store.pings.due(now=asked.now())
        pings_by_hub: dict[str, list[DuePing]] = {}
        for ping in due:
            if self._ping_sender.leaves_alone(ping.hub, now=asked.now()):
                continue
            pings_by_hub.setdefault(ping.hub, []).append(ping)
        return pings_by_hub
