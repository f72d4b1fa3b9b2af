"""Sends many requests concurrently from one thread, while a second one records their results."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.moment import Monotonic
from feeds.store.changes import Changes, Waiting
from service.commit_signal import CommitSignal
from service.failures import Failures
from service.liveness import WorkPart
from service.logs import get_logger
from service.outbound import BulkHttpClient, BulkRequest, BulkResponse, OutboundFailed
from service.store_clock import machine_clock

# Polling the store for work.

#: Longest delay until work is found that becomes due by the clock alone.
READ_EVERY_S = 1.0

#: How often the store is read although nothing was committed and nothing waits for its time.
IDLE_READ_EVERY_S = 10.0


class ChangePoller:
    """Decides when the store is read for work: after any commit, and at intervals."""

    def __init__(
        self, changes: Changes, *, waiting: Waiting, reads_only_for_it: bool = False
    ) -> None:
        """Sets up the poller; the first call of `is_due` returns true.

        Args:
            changes: Owned by this poller, which closes it.
            waiting: What may become due by the clock alone.
            reads_only_for_it: Whether a commit after which no such work waits is no reason to read.
                Known without waiting for a server only.
        """
        self._changes = changes
        self._waiting = waiting
        self._reads_only_for_it = reads_only_for_it
        self._has_news = False  #: a commit was seen, and the store was not read since
        self._reads_at = self._idle_until = float("-inf")

    def may_be_due(self) -> bool:
        """Whether `is_due` may return true, answered without waiting for a server."""
        if not self._changes.is_local:
            return True
        try:
            self._has_news |= self._changes.poll()
            if self._has_news and self._reads_only_for_it:
                self._has_news = self._changes.has(self._waiting)
        except StoreUnavailable:
            return True  # the next read reports it
        return self._has_news or time.monotonic() >= self._reads_at

    def is_due(self) -> bool:
        """Whether the store is to be read now.

        Raises:
            StoreUnavailable: The store cannot be read.
        """
        is_news = self._changes.poll() or self._has_news
        self._has_news = False
        now = time.monotonic()
        if not is_news:
            if now < self._reads_at:
                return False
            self._reads_at = now + READ_EVERY_S
            # Reading takes fifty times as long as this one question.
            if now < self._idle_until and not self._changes.has(self._waiting):
                return False
        self._reads_at = now + READ_EVERY_S
        self._idle_until = now + IDLE_READ_EVERY_S
        return True

    def close(self) -> None:
        """Releases the connection."""
        self._changes.close()


# Limits of concurrent requests, so that one host does not delay the others.


class ConcurrencyLimit:
    """Counts requests in flight, in total and by host. Not thread-safe."""

    def __init__(self, *, limit: int, limit_per_host: int) -> None:
        """Starts with no request.

        Args:
            limit: Maximum of requests in flight.
            limit_per_host: Maximum of requests in flight to one host.
        """
        self.count = 0
        self._limit = limit
        self._limit_per_host = limit_per_host
        self._by_host: Counter[str] = Counter()
        self._full: set[str] = set()

    @property
    def room(self) -> int:
        """How many more requests may start."""
        return self._limit - self.count

    @property
    def full_hosts(self) -> list[str]:
        """Hosts to which no more requests may start."""
        return [*self._full]

    def acquire(self, host: str) -> bool:
        """Counts one more request if the limits allow it; returns whether they do."""
        if host in self._full or self.count >= self._limit:
            return False
        self.count += 1
        self._by_host[host] += 1
        if self._by_host[host] >= self._limit_per_host:
            self._full.add(host)
        return True

    def release(self, host: str) -> None:
        """Counts one request less."""
        self.count -= 1
        self._by_host[host] -= 1
        self._full.discard(host)
        if not self._by_host[host]:
            del self._by_host[host]

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Restores the counts if the block raises an exception."""
        before = self._by_host.copy(), self._full.copy(), self.count
        try:
            yield
        except BaseException:
            self._by_host, self._full, self.count = before
            raise


# How many requests are in flight at a time.

#: Requests in flight while more of them would not be answered sooner.
LEAST_IN_FLIGHT = 32

#: Parts of the time for which this process works: with less than the first it waits for answers,
#: and with more than the second it cannot keep up with them.
_IDLE_PART, _BUSY_PART = 0.45, 0.6

#: How often that is looked at.
_LOOK_EVERY_S = 0.005


class SendWindow:
    """Limits the requests in flight to as many as keep this process busy.

    With more of them, none is answered sooner, but each needs a connection, a handle, and buffers:
    where 32 in flight are enough, a delivery takes a tenth less of a processor than with 256. So
    the limit begins low. While requests wait for it, it is doubled when the process is idle, and
    halved when it is busy. Not thread-safe.
    """

    def __init__(
        self, *, monotonic: Monotonic = time.monotonic, worked: Monotonic = time.process_time
    ) -> None:
        """Begins with the least.

        Args:
            monotonic: A clock that is never set, in seconds.
            worked: Seconds of processor time that this process has taken.
        """
        self.size = LEAST_IN_FLIGHT
        self._monotonic, self._worked = monotonic, worked
        self._looked_at: float | None = None  #: None while no request waits
        self._worked_before = 0.0

    def adapt(self) -> None:
        """Adapts the limit to how busy the process is. Called while requests wait for it."""
        now = self._monotonic()
        if self._looked_at is not None:
            elapsed_s = now - self._looked_at
            if elapsed_s < _LOOK_EVERY_S:
                return
            busy_part = (self._worked() - self._worked_before) / elapsed_s
            if busy_part < _IDLE_PART:
                self.size *= 2
            elif busy_part > _BUSY_PART:
                self.size = max(LEAST_IN_FLIGHT, self.size // 2)
        self._looked_at, self._worked_before = now, self._worked()

    def rest(self) -> None:
        """Stops measuring: no request waits."""
        self._looked_at = None

    def reset(self) -> None:
        """Begins again: nothing is in flight."""
        self.size, self._looked_at = LEAST_IN_FLIGHT, None


# The dispatcher, which verifications and deliveries share.
#
# Requests and store accesses run in two threads, so that neither waits for the other. A write may
# have to wait for that of a bulk intake; answers that have long arrived would meanwhile run into
# their time limits.

_log = get_logger(__name__)

#: Interval at which the job source is polled when no work is known.
POLL_EVERY_S = 0.05

#: Shortest interval of polls after reported commits, while nothing is in flight: most commits bring
#: no work, and the one that does may follow soon after them.
POLL_AT_REST_EVERY_S = 0.01

#: Results are recorded together: as soon as there are this many, or the first is this old.
WRITE_AT, WRITE_AFTER_S = 32, 0.005

#: While so many jobs wait to be sent, nothing waits for new ones, and more results are recorded
#: together: each time takes as long as ten of them.
STOCK = 64
WRITE_STOCKED_AT, WRITE_STOCKED_AFTER_S = 128, 0.02

#: Wait for the network while the worker thread records results.
_SHORT_WAIT_S = 0.001

#: Pause after the store was unavailable.
PAUSE_S = 1.0

#: Jobs that have not ended this long after `Dispatcher.stop` are dropped. They are claimed, and
#: sent again when the claim has expired.
STOP_WITHIN_S = 3.0

T = TypeVar("T")


class Job(NamedTuple, Generic[T]):
    """A request to be sent, and its purpose."""

    subject: T
    host: str  #: key for the limits per host
    request: BulkRequest


class Completed(NamedTuple, Generic[T]):
    """A job and its result."""

    job: Job[T]
    result: BulkResponse | OutboundFailed
    took_s: float


@dataclass(frozen=True, slots=True)
class NextJobs(Generic[T]):
    """The jobs that a job source has claimed."""

    #: May be a generator: the first request is then sent while the next one is being signed.
    jobs: Iterable[Job[T]] = ()
    has_more: bool = False  #: the source should be called again at once


class JobSource(Protocol[T]):
    """Claims jobs in the store, and records their results. Called by one thread at a time."""

    def record(self, ended: Sequence[Completed[T]], *, begins: bool) -> NextJobs[T]:
        """Records results, and claims the next jobs.

        Args:
            ended: Jobs that have ended. Those of a failed call are passed again.
            begins: False when no more jobs are to be claimed.

        Raises:
            StoreUnavailable: Nothing was recorded or claimed.
            StoreConflict: Nothing was recorded or claimed.
        """
        ...

    def may_have_work(self) -> bool:
        """Whether `record` may find jobs, answered without waiting; results do not count."""
        ...

    def abandon(self, ended: Sequence[Completed[T]]) -> None:
        """Drops results that cannot be recorded; they are not passed again."""
        ...

    def close(self) -> None:
        """Releases resources. No further call follows."""
        ...


class Dispatcher(Generic[T]):
    """Runs the jobs of one source with its own HTTP client."""

    def __init__(
        self,
        bulk_client: BulkHttpClient,
        job_source: JobSource[T],
        *,
        name: str,
        part: WorkPart | None = None,
        failures: Failures | None = None,
        poll_every_s: float | None = None,
        signal: CommitSignal | None = None,
    ) -> None:
        """Sets up the dispatcher; starts nothing.

        Args:
            bulk_client: Sends the requests. Owned by this dispatcher, which closes it.
            job_source: Has the jobs. Owned by this dispatcher, which closes it.
            name: Name of the work, for the log and for debuggers.
            part: Records that the work makes progress.
            failures: Records that the store cannot be used.
            poll_every_s: Longest delay until a commit is noticed; None for `POLL_EVERY_S`.
            signal: Reports commits. While it is reliable, the source is polled after a commit, and
                otherwise only once in `READ_EVERY_S`.
        """
        self._bulk_client = bulk_client
        self._job_source = job_source
        self._name = name
        self._part = part or WorkPart()
        self._poll_every_s = POLL_EVERY_S if poll_every_s is None else poll_every_s
        self._failures = failures or Failures("hub", now=machine_clock)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-record")
        self._recording: Future[bool] | None = None
        self._claimed: deque[Job[T]] = deque()  #: not sent yet
        self._has_more = False  #: more jobs can be claimed; set by the worker thread
        self._window = SendWindow()
        self._unrecorded: list[Completed[T]] = []  #: being recorded; used in the worker thread
        self._ended: deque[Completed[T]] = deque()  #: to be recorded next
        self._first_ended_at = 0.0
        self._polls_at = 0.0
        self._polled_at = 0.0
        self._signal = signal
        self._is_woken = False  #: a commit was reported; set in another thread
        self._paused_until = 0.0
        self._trouble: Exception | None = None  #: of the last call of the source
        self._is_idle = False
        self._is_closing = False
        self._is_over = threading.Event()
        self._stop_within_s = STOP_WITHIN_S

    def run(self) -> None:
        """Works until another thread calls `stop`."""
        if self._signal is not None:
            self._signal.subscribe(self._wake)
        try:
            while not self._is_over.is_set():
                self._turn()
            self._drain()
        finally:
            if self._signal is not None:
                self._signal.unsubscribe(self._wake)
            self._close()

    def run_until_idle(self) -> None:
        """Works until no job is due and all requests have ended.

        Raises:
            StoreUnavailable: The store cannot be used; requests in flight are sent again later.
            StoreConflict: The store cannot be used; requests in flight are sent again later.
        """
        try:
            while not self._is_idle:
                self._turn()
                if self._trouble is not None:
                    raise self._trouble
        finally:
            self._close()

    def stop(self, *, within_s: float = STOP_WITHIN_S) -> None:
        """Claims no more jobs, and makes `run` return when all claimed ones have ended.

        Args:
            within_s: Jobs that take longer are dropped.
        """
        self._stop_within_s = within_s
        self._is_over.set()
        self._bulk_client.wake()  # at rest it waits for up to `READ_EVERY_S`

    def _drain(self) -> None:
        self._is_closing, self._is_idle = True, False
        self._polls_at = 0.0
        deadline = time.monotonic() + self._stop_within_s
        while not self._is_idle and time.monotonic() < deadline:
            self._turn()

    def _close(self) -> None:
        self._worker.shutdown(wait=True)
        self._bulk_client.close()
        self._job_source.close()

    def _wake(self) -> None:
        self._is_woken = True
        self._bulk_client.wake()

    def _pause_s(self) -> float:
        """Returns how long to wait for a commit that is not reported."""
        is_reported = self._signal is not None and self._signal.is_reliable
        return max(self._poll_every_s, READ_EVERY_S) if is_reported else self._poll_every_s

    def _turn(self) -> None:
        # A source that is at work may have read before the commit: it is called again afterwards.
        if self._is_woken and self._recording is None:
            self._is_woken = False
            # During a distribution there is a commit every few milliseconds.
            every_s = POLL_AT_REST_EVERY_S if self._is_idle else self._poll_every_s
            self._polls_at = min(self._polls_at, self._polled_at + every_s)
        if self._recording is None and self._is_recording_due():
            self._polled_at = time.monotonic()
            if self._is_at_rest():
                self._polls_at = self._polled_at + self._pause_s()
            else:
                self._recording = self._worker.submit(self._record)
        self._bulk_client.poll(self._max_wait_s())
        self._send_claimed()
        if self._recording is not None and self._recording.done():
            recording, self._recording = self._recording, None
            self._finish_recording(recording)

    def _is_at_rest(self) -> bool:
        """Whether there is nothing to do. Asked here, because most polls then need no thread."""
        if self._ended or self._is_closing or not self._is_idle:
            return False
        return not self._job_source.may_have_work()

    def _record(self) -> bool:
        """Records results and claims jobs, in the worker thread, while there are any.

        Signing is the longest part of a distribution. If this method waited for the network thread
        after each batch, a tenth of the time would pass with nothing being signed.

        Returns:
            Whether there was no result to record in the last call of the source.
        """
        while True:
            self._unrecorded += [self._ended.popleft() for _ in range(len(self._ended))]
            self._has_more = False
            next_jobs = self._job_source.record(self._unrecorded, begins=not self._is_closing)
            is_quiet = not self._unrecorded
            self._part.worked(None if is_quiet else f"{self._name}: results stored")
            self._unrecorded = []
            self._claimed.extend(next_jobs.jobs)
            self._has_more = next_jobs.has_more
            if not self._is_more_wanted() and len(self._ended) < self._results_to_record()[0]:
                return is_quiet

    def _send_claimed(self) -> None:
        """Sends claimed jobs, as many as the window allows."""
        claimed, window, client = self._claimed, self._window, self._bulk_client
        while claimed:
            if client.in_flight >= window.size:
                window.adapt()
                if client.in_flight >= window.size:
                    return
            job = claimed.popleft()
            client.send(job.request, partial(self._on_done, job, time.monotonic()), host=job.host)
        window.rest()

    def _is_recording_due(self) -> bool:
        now = time.monotonic()
        if now < self._paused_until:
            return False
        if self._is_more_wanted() or now >= self._polls_at:
            return True
        count, after_s = self._results_to_record()
        if len(self._ended) >= count:
            return True
        return bool(self._ended) and now - self._first_ended_at >= after_s

    def _is_more_wanted(self) -> bool:
        return self._has_more and len(self._claimed) < STOCK

    def _results_to_record(self) -> tuple[int, float]:
        """Returns how many results are recorded at once, and after which time even fewer."""
        if len(self._claimed) < STOCK:
            return WRITE_AT, WRITE_AFTER_S
        return WRITE_STOCKED_AT, WRITE_STOCKED_AFTER_S

    def _max_wait_s(self) -> float:
        if self._recording is not None or self._claimed:
            return _SHORT_WAIT_S
        now = time.monotonic()
        next_at = self._polls_at
        if self._ended:
            next_at = min(next_at, self._first_ended_at + self._results_to_record()[1])
        return max(0.0, min(self._pause_s(), max(next_at, self._paused_until) - now))

    def _finish_recording(self, recording: Future[bool]) -> None:
        self._trouble = None
        self._part.ended()
        try:
            is_quiet = recording.result()
        except (StoreUnavailable, StoreConflict) as error:
            if self._failures.failed(self._name, error):
                _log.error("store unavailable", work=self._name, reason=str(error))
            self._trouble, is_quiet = error, not self._unrecorded
        except Exception as error:
            # A bug. It must not stop other jobs, nor occur again at once.
            _log.exception("work failed", work=self._name, lost=len(self._unrecorded))
            self._trouble, is_quiet = error, False
            self._job_source.abandon(self._unrecorded)
            self._unrecorded = []
        else:
            if self._failures.worked(self._name):
                _log.info("works again", work=self._name)
        self._send_claimed()
        now = time.monotonic()
        if self._trouble is not None:
            self._paused_until = now + PAUSE_S
        is_nothing_in_flight = not (self._ended or self._bulk_client.in_flight)
        if is_nothing_in_flight:
            self._window.reset()
        self._is_idle = is_quiet and is_nothing_in_flight
        # After the last result the source is called once more: it may have totals to record.
        self._polls_at = now if is_nothing_in_flight and not is_quiet else now + self._pause_s()

    def _on_done(self, job: Job[T], begun_at: float, end: BulkResponse | OutboundFailed) -> None:
        now = time.monotonic()
        if not self._ended:
            self._first_ended_at = now
        self._ended.append(Completed(job, end, now - begun_at))
