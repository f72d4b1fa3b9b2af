"""Sends the pings of the outbox. A hub that hangs or fails delays no other hub and no caller."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.edition import Edition
from feeds.model.feed import Format
from feeds.model.listing import DuePing
from feeds.model.moment import Monotonic
from feeds.store.database import Database
from service.failures import Failures
from service.logs import get_logger
from service.store_clock import machine_clock
from service.websub.ping_sender import PingResult, PingSender

_log = get_logger(__name__)

#: What fails when the store cannot be used, for a person.
PINGS = "pings"

#: So long after an edition was stored, every web worker serves it: the greatest age of what one
#: answers (``service.web.change_detector``), and a little more. The second one holds for a store on
#: a server.
SPREAD, REMOTE_SPREAD = timedelta(milliseconds=60), timedelta(milliseconds=120)


def spread_of(database: Database) -> timedelta:
    """Returns how long after an edition was stored every web worker of all machines serves it."""
    return SPREAD if database.is_sqlite else REMOTE_SPREAD


class _RunningClock:
    """The time given by the caller, plus the time that has passed since."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._started)


class StoredEditions:
    """Since when the newest edition of each document is known to be stored. Not thread-safe.

    A few numbers for each feed there ever was.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, Format], tuple[int, float]] = {}

    def note(self, feed: str, feed_format: Format, edition: int, at_s: float) -> float:
        """Records that an edition is stored; returns since when that is known.

        Args:
            feed: The slug of the feed.
            feed_format: The format of the document.
            edition: The newest.
            at_s: A moment at which it was stored, by a monotonic clock, in seconds.
        """
        known = self._known.get((feed, feed_format))
        if known is None or known[0] != edition:
            known = self._known[feed, feed_format] = (edition, at_s)
        return known[1]


@dataclass(frozen=True, slots=True)
class _Due:
    """The pings to be sent now, by hub, and how long to wait for more; None if there are none."""

    pings: dict[str, list[DuePing]]
    wait_s: float | None


class Publisher:
    """Sends pings for new editions: many hubs at once, one request at a time to each.

    No hub is pinged before every web worker serves the edition. A worker's answer is never older
    than its max age, so a ping waits for that long, counted from a moment at which the edition was
    known to be stored: when its maker told so (`note_stored`), or when it was first read here. Both
    come after the commit, however long that took and whichever machine made it; clocks of other
    machines do not matter. A publisher that has just been started waits as well: it may read what
    was stored a moment before.

    The built-in hub waits like all others. It has the document in the store, but a subscriber may
    ask the feed as soon as it has read what came, and a worker must not answer it with less.

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
        spread: timedelta | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Sets up the publisher; threads start when they are needed.

        Args:
            database: Stores the outbox.
            ping_sender: Sends the pings to one hub.
            max_hubs_at_once: Limit of hubs that are pinged concurrently.
            failures: Records that the store cannot be used.
            spread: How long after an edition was stored its pings may be sent; None for `spread_of`
                the database.
            monotonic: A clock that is never set, in seconds.
        """
        self.spread = spread_of(database) if spread is None else spread
        self._monotonic = monotonic
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
        self._stored = StoredEditions()

    def note_stored(self, editions: Iterable[Edition]) -> None:
        """Records that these editions are stored: their pings may be sent when `spread` is over."""
        at_s = self._monotonic()
        with self._lock:
            for one in editions:
                for feed_format in one.changed:
                    self._stored.note(one.feed, feed_format, one.number, at_s)

    def send_due(self, *, now: datetime) -> float | None:
        """Starts sending all due pings, and returns at once.

        A hub that is still being pinged is not started twice; the outbox is read again afterwards.

        Returns:
            After how many seconds more pings may be sent, of editions that were stored a moment
            ago; None if there are none.

        Raises:
            StoreUnavailable: What is due cannot be read. What fails later is logged.
        """
        clock = _RunningClock(now)
        due = self._due(clock)
        for work in self._begin(due, clock):
            work.add_done_callback(self._log_end)
        return due.wait_s

    def send_all_due(self, *, now: datetime) -> list[PingResult]:
        """Sends all due pings, and waits for the results, which include failures.

        What was stored a moment ago is waited for. What is stored meanwhile is left to the service.

        Raises:
            StoreUnavailable: The outbox cannot be read or written.
        """
        clock = _RunningClock(now)
        due = self._due(clock)
        if due.wait_s is not None:
            self._closing.wait(self.spread.total_seconds())
            due = self._due(clock)
        return [result for work in self._begin(due, clock) for result in work.result()]

    def close(self) -> None:
        """Starts no further ping, and waits for those in flight: at most one time limit.

        Remaining pings stay due in the store.
        """
        self._closing.set()
        self._own_thread.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begin(self, due: _Due, clock: _RunningClock) -> list[Future[list[PingResult]]]:
        begun = []
        for hub, pings in due.pings.items():
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
                # Whoever asked for it has been told when those that have to wait may be sent.
                pings = self._due(current).pings.get(hub, []) if current else []
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

    def _due(self, clock: _RunningClock) -> _Due:
        with self._database.read() as store:
            due = store.pings.due(now=clock.now())
        read_at_s = self._monotonic()  # afterwards: all that was read had been stored by then
        pings_by_hub: dict[str, list[DuePing]] = {}
        waits_s: list[float] = []
        for ping in due:
            if self._ping_sender.is_paused(ping.hub, now=clock.now()):
                continue
            wait_s = self._wait_s(ping, read_at_s)
            if wait_s > 0:
                waits_s.append(wait_s)
            else:
                pings_by_hub.setdefault(ping.hub, []).append(ping)
        return _Due(pings_by_hub, min(waits_s, default=None))

    def _wait_s(self, ping: DuePing, read_at_s: float) -> float:
        """Returns how long it may take until every web worker serves the edition of *ping*."""
        with self._lock:
            stored_at_s = self._stored.note(ping.feed, ping.format, ping.edition, read_at_s)
        return stored_at_s + self.spread.total_seconds() - read_at_s
