"""Sends the pings of the outbox. A hub that hangs or fails delays no other hub and no caller."""

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


class _RunningClock:
    """The time given by the caller, plus the time that has passed since."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._started)


class Publisher:
    """Sends pings for new editions: many hubs at once, one request at a time to each.

    Several publishers may work on one store: each ping is claimed before it is sent. After a crash
    between sending and recording, a ping is sent a second time; none is lost.
    """

    def __init__(
        self,
        database: Database,
        ping_sender: PingSender,
        *,
        max_hubs_at_once: int = 64,
        failures: Failures | None = None,
    ) -> None:
        """Sets up the publisher; threads start when they are needed.

        Args:
            database: Stores the outbox.
            ping_sender: Sends the pings to one hub.
            max_hubs_at_once: Limit of hubs that are pinged concurrently.
            failures: Records that the store cannot be used.
        """
        self._failures = failures or Failures("jobs", now=machine_clock)
        self._database = database
        self._ping_sender = ping_sender
        self._threads = ThreadPoolExecutor(max_hubs_at_once, thread_name_prefix="ping")
        #: The built-in hub has a thread of its own, so that it does not wait for other hubs.
        self._own_thread = ThreadPoolExecutor(1, thread_name_prefix="own-ping")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        #: Hubs that are being pinged, each with the last request to do so that came meanwhile.
        self._requested_again: dict[str, _RunningClock | None] = {}

    def send_due(self, *, now: datetime) -> None:
        """Starts sending all due pings, and returns at once.

        A hub that is still being pinged is not started twice; the outbox is read again afterwards.

        Raises:
            StoreUnavailable: What is due cannot be read. What fails later is logged.
        """
        for work in self._begin(_RunningClock(now)):
            work.add_done_callback(self._log_end)

    def send_all_due(self, *, now: datetime) -> list[PingResult]:
        """Sends all due pings, and waits for the results, which include failures.

        Raises:
            StoreUnavailable: The outbox cannot be read or written.
        """
        begun = self._begin(_RunningClock(now))
        return [result for work in begun for result in work.result()]

    def close(self) -> None:
        """Starts no further ping, and waits for those in flight: at most one time limit.

        Remaining pings stay due in the store.
        """
        self._closing.set()
        self._own_thread.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begin(self, clock: _RunningClock) -> list[Future[list[PingResult]]]:
        begun = []
        for hub, pings in self._due(clock).items():
            with self._lock:
                is_active = hub in self._requested_again
                self._requested_again[hub] = clock if is_active else None
            if not is_active:
                threads = self._own_thread if self._ping_sender.is_own(hub) else self._threads
                begun.append(threads.submit(self._work, hub, pings, clock))
        return begun

    def _work(self, hub: str, pings: list[DuePing], clock: _RunningClock) -> list[PingResult]:
        results: list[PingResult] = []
        try:
            current: _RunningClock | None = clock
            while current is not None:
                results += self._ping_sender.send(
                    pings, now=current.now, is_outdated=lambda: self._is_outdated(hub)
                )
                current = self._next_clock(hub)
                pings = self._due(current).get(hub, []) if current else []
        except BaseException:
            with self._lock:
                self._requested_again.pop(hub, None)
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
            _log.error("pinging failed", exc_info=error)

    def _is_outdated(self, hub: str) -> bool:
        with self._lock:
            return self._requested_again[hub] is not None or self._closing.is_set()

    def _next_clock(self, hub: str) -> _RunningClock | None:
        """Returns the request that came meanwhile; without one, marks the hub as idle."""
        with self._lock:
            later = self._requested_again.pop(hub)
            if later is None or self._closing.is_set():
                return None
            self._requested_again[hub] = None
            return later

    def _due(self, clock: _RunningClock) -> dict[str, list[DuePing]]:
        with self._database.read() as store:
            due = store.pings.due(now=clock.now())
        pings_by_hub: dict[str, list[DuePing]] = {}
        for ping in due:
            if self._ping_sender.is_paused(ping.hub, now=clock.now()):
                continue
            pings_by_hub.setdefault(ping.hub, []).append(ping)
        return pings_by_hub
