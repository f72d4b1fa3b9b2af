"""Many requests under way from one thread, while another one keeps their records."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.store.changes import Changes
from service.failures import Failures
from service.liveness import WorkPart
from service.logs import get_logger
from service.outbound import BulkHttpClient, BulkRequest, BulkResponse, OutboundFailed
from service.store_clock import machine_clock

# When the store is to be read for work.

#: What becomes due by the clock alone is found so late at most.
READ_EVERY_S = 1.0


class ChangePoller:
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
            self._has_news |= self._changes.poll()
        except StoreUnavailable:
            return True  # to be told of to whoever reads
        return self._has_news or time.monotonic() >= self._reads_at

    def is_due(self) -> bool:
        """Say whether the store is to be read now.

        Raises:
            StoreUnavailable: It cannot be.
        """
        is_news = self._changes.poll() or self._has_news
        self._has_news = False
        now = time.monotonic()
        if not is_news and now < self._reads_at:
            return False
        self._reads_at = now + READ_EVERY_S
        return True

    def close(self) -> None:
        """Give the connection back."""
        self._changes.close()


# How much is under way, and to whom: what one host may not take from the others.


class ConcurrencyLimit:
    """Counts what is under way. Not safe to share between threads."""

    def __init__(self, *, most: int, most_a_host: int) -> None:
        """Begin with nothing.

        Args:
            most: That may be under way.
            most_a_host: That may be under way to one host.
        """
        self.count = 0
        self._most = most
        self._most_a_host = most_a_host
        self._by_host: Counter[str] = Counter()
        self._full: set[str] = set()

    @property
    def room(self) -> int:
        """How much more may begin."""
        return self._most - self.count

    @property
    def full_hosts(self) -> list[str]:
        """Hosts to which nothing more may begin."""
        return [*self._full]

    def acquire(self, host: str) -> bool:
        """Count one more if it may begin; says whether it may."""
        if host in self._full or self.count >= self._most:
            return False
        self.count += 1
        self._by_host[host] += 1
        if self._by_host[host] >= self._most_a_host:
            self._full.add(host)
        return True

    def release(self, host: str) -> None:
        """Count one less."""
        self.count -= 1
        self._by_host[host] -= 1
        self._full.discard(host)
        if not self._by_host[host]:
            del self._by_host[host]

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Count within the block; what raises there has changed nothing."""
        before = self._by_host.copy(), self._full.copy(), self.count
        try:
            yield
        except BaseException:
            self._by_host, self._full, self.count = before
            raise


# Many requests under way from one thread, while another one keeps the books of them.
#
# What asking callbacks and delivering to them share. The network is never waited for by the store,
# nor the store by the network: a write may have to wait for a bulk intake's, and answers that have
# long come would meanwhile run into their time limits.

_log = get_logger(__name__)

#: How often it is looked for work when nothing is known to be there.
POLL_EVERY_S = 0.05

#: What has ended is written down together, when so much has, or when the first of it is so old.
WRITE_AT, WRITE_AFTER_S = 32, 0.005

#: What to wait for the network while the books are kept.
_GLANCE_S = 0.001

#: After the store could not be used, it is left alone for so long.
PAUSE_S = 1.0

#: Whatever is still under way so long after `Dispatcher.stop` is given up. It is claimed, and tried
#: again when the claim is over.
STOP_WITHIN_S = 3.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """A request to be sent, and what it is for."""

    subject: T
    host: str  #: that it is counted by
    request: BulkRequest


@dataclass(frozen=True, slots=True)
class Completed(Generic[T]):
    """An errand, and how it went."""

    job: Job[T]
    result: BulkResponse | OutboundFailed
    took_s: float


@dataclass(frozen=True, slots=True)
class NextJobs(Generic[T]):
    """What the books say is to be done next."""

    #: Made one by one as they are taken: the first is on its way while the next is being signed.
    jobs: Iterable[Job[T]] = ()
    has_more: bool = False  #: they are worth another look at once, if there is room


class JobSource(Protocol[T]):
    """Knows what is to be done, claims it, and writes down how it went. One call at a time."""

    def record(self, ended: Sequence[Completed[T]], *, begins: bool) -> NextJobs[T]:
        """Write down what ended, and claim what may begin.

        Args:
            ended: The ends of errands that were given out before. Those of a call that failed
                come again.
            begins: False when nothing more is to begin.

        Raises:
            StoreUnavailable: Nothing was written, nothing was claimed.
            StoreConflict: The same.
        """
        ...

    def may_have_work(self) -> bool:
        """Say, without waiting, whether `keep` may find something to do when nothing has ended."""
        ...

    def abandon(self, ended: Sequence[Completed[T]]) -> None:
        """These cannot be written down, and do not come again."""
        ...

    def close(self) -> None:
        """Nothing comes any more."""
        ...


class Dispatcher(Generic[T]):
    """Runs the errands of some books with a courier of its own."""

    def __init__(
        self,
        bulk_client: BulkHttpClient,
        snapshot: JobSource[T],
        *,
        name: str,
        part: WorkPart | None = None,
        failures: Failures | None = None,
    ) -> None:
        """Begin with nothing under way.

        Args:
            bulk_client: Used, and closed, by these rounds alone.
            snapshot: The same.
            name: Of the work, for the log and for debuggers.
            part: Is told that the work goes on.
            failures: Is told when the store cannot be used.
        """
        self._bulk_client = bulk_client
        self._snapshot = snapshot
        self._name = name
        self._part = part or WorkPart()
        self._failures = failures or Failures("hub", now=machine_clock)
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-books")
        self._keeping: Future[bool] | None = None
        self._begun: deque[Job[T]] = deque()  #: from the books, not sent yet
        self._kept: list[Completed[T]] = []  #: what the books are being told; of the clerk's thread
        self._ended: deque[Completed[T]] = deque()  #: what they are to be told next
        self._first_ended_at = 0.0
        self._looks_at = 0.0
        self._paused_until = 0.0
        self._trouble: Exception | None = None  #: of the last look into the books
        self._is_idle = False
        self._is_closing = False
        self._is_over = threading.Event()
        self._patience_s = STOP_WITHIN_S

    def run(self) -> None:
        """Work until `stop` is called, by another thread."""
        try:
            while not self._is_over.is_set():
                self._turn()
            self._wind_up()
        finally:
            self._close()

    def run_until_idle(self) -> None:
        """Work until nothing is due any more, and all that was begun has ended.

        Raises:
            StoreUnavailable: The store cannot be used; what was under way is tried again later.
            StoreConflict: The same.
        """
        try:
            while not self._is_idle:
                self._turn()
                if self._trouble is not None:
                    raise self._trouble
        finally:
            self._close()

    def stop(self, *, within_s: float = STOP_WITHIN_S) -> None:
        """Begin nothing more, and end when all is over that is under way.

        Args:
            within_s: What takes longer is left as it is.
        """
        self._patience_s = within_s
        self._is_over.set()

    def _wind_up(self) -> None:
        self._is_closing, self._is_idle = True, False
        deadline = time.monotonic() + self._patience_s
        while not self._is_idle and time.monotonic() < deadline:
            self._turn()

    def _close(self) -> None:
        self._clerk.shutdown(wait=True)
        self._bulk_client.close()
        self._snapshot.close()

    def _turn(self) -> None:
        if self._keeping is None and self._is_time():
            if self._is_at_peace():
                self._looks_at = time.monotonic() + POLL_EVERY_S
            else:
                self._keeping = self._clerk.submit(self._keep)
        self._bulk_client.poll(self._glance_s())
        self._send_begun()
        if self._keeping is not None and self._keeping.done():
            keeping, self._keeping = self._keeping, None
            self._take(keeping)

    def _is_at_peace(self) -> bool:
        """Say whether there is nothing to do: found out here, most looks need no other thread."""
        if self._ended or self._is_closing or not self._is_idle:
            return False
        return not self._snapshot.may_have_work()

    def _keep(self) -> bool:
        """Keep the books while there is something to write or to claim, in the clerk's thread.

        Says whether there was nothing to write at last. To sign is the longest part of a
        distribution: if this waited, page after page, for the network's next turn, a tenth of the
        time would go by with nothing signed.
        """
        while True:
            self._kept += [self._ended.popleft() for _ in range(len(self._ended))]
            page = self._snapshot.record(self._kept, begins=not self._is_closing)
            is_quiet = not self._kept
            self._part.worked(None if is_quiet else f"{self._name}: results stored")
            self._kept = []
            self._begun.extend(page.jobs)
            if not page.has_more and len(self._ended) < WRITE_AT:
                return is_quiet

    def _send_begun(self) -> None:
        while self._begun:
            job = self._begun.popleft()
            done = partial(self._note, job, time.monotonic())
            self._bulk_client.send(job.request, done, host=job.host)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now < self._paused_until:
            return False
        if len(self._ended) >= WRITE_AT or now >= self._looks_at:
            return True
        return bool(self._ended) and now - self._first_ended_at >= WRITE_AFTER_S

    def _glance_s(self) -> float:
        if self._keeping is not None:
            return _GLANCE_S
        now = time.monotonic()
        next_at = self._looks_at
        if self._ended:
            next_at = min(next_at, self._first_ended_at + WRITE_AFTER_S)
        return max(0.0, min(POLL_EVERY_S, max(next_at, self._paused_until) - now))

    def _take(self, keeping: Future[bool]) -> None:
        self._trouble = None
        self._part.ended()
        try:
            is_quiet = keeping.result()
        except (StoreUnavailable, StoreConflict) as error:
            if self._failures.failed(self._name, error):
                _log.error("store unavailable", work=self._name, reason=str(error))
            self._trouble, is_quiet = error, not self._kept
        except Exception as error:
            # A bug. It must not stop others' errands, nor be met again at once.
            _log.exception("work failed", work=self._name, lost=len(self._kept))
            self._trouble, is_quiet = error, False
            self._snapshot.abandon(self._kept)
            self._kept = []
        else:
            if self._failures.worked(self._name):
                _log.info("works again", work=self._name)
        self._send_begun()
        now = time.monotonic()
        if self._trouble is not None:
            self._paused_until = now + PAUSE_S
        is_at_rest = not (self._ended or self._bulk_client.in_flight)
        self._is_idle = is_quiet and is_at_rest
        # After the last result of all: the books may have something to say at the end.
        self._looks_at = now if is_at_rest and not is_quiet else now + POLL_EVERY_S

    def _note(self, job: Job[T], begun_at: float, end: BulkResponse | OutboundFailed) -> None:
        now = time.monotonic()
        if not self._ended:
            self._first_ended_at = now
        self._ended.append(Completed(job, end, now - begun_at))
