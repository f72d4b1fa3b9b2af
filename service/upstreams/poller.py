"""Polls all upstreams that are due: many at once, few of one host, none of which delays another."""

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from feeds.errors import NotAFeed, StoreConflict, StoreUnavailable
from feeds.model.upstream import PollResult, PollTarget
from feeds.store.database import Database
from service.logs import get_logger
from service.outbound import BulkHttpClient, BulkResponse, OutboundFailed
from service.upstreams.fetching import (
    Fetch,
    Fetched,
    FetchFailed,
    Followed,
    NotModified,
    first_fetch,
    move_of,
    step,
    validators_of,
)
from service.upstreams.pace import LONGEST, next_poll, rest_of_host
from service.upstreams.plans import UpstreamPlan
from service.upstreams.subscribing import UpstreamSubscriber, discover
from service.upstreams.taking import ItemTaker, TakenTally

#: Time limit of one request, and of all requests of one poll together, in seconds.
TIMEOUT_S, POLL_TIMEOUT_S = 30.0, 60.0

#: Requests at the same time. Each may hold a body of 10 MiB.
AT_ONCE = 64

#: Polls of one host at the same time, by all processes: from the claim until the result is stored.
#: So a host has no more bodies here than this, and takes no more of the places.
PER_HOST = 2

#: Pause between claims of one host.
APART_S = 1.0

#: How long a claim holds if its process dies; longer than any poll takes.
CLAIMED_FOR = timedelta(minutes=15)
CLAIMS_AT_ONCE = 500

#: Threads that read documents. One document of a host is read at a time, so that a host whose
#: documents take long leaves the others for everybody else.
READERS = 2

#: How often due upstreams are looked for while others are being polled.
CLAIM_EVERY_S = 0.5

#: Longest wait for the network, the store and documents, after which all are looked at.
WAIT_S = 0.05

#: Results are stored together: this many, or when the first is this old.
RECORD_AT, RECORD_AFTER_S = 256, 0.25

_log = get_logger(__name__)


class UpstreamPoller:
    """Polls upstreams, over one store. `run` is for one caller at a time."""

    def __init__(
        self,
        database: Database,
        plans: Mapping[str, UpstreamPlan],
        taker: ItemTaker,
        subscriber: UpstreamSubscriber,
        *,
        make_client: Callable[[], BulkHttpClient],
        worker: str,
        now: Callable[[], datetime],
        random_fraction: Callable[[], float],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Sets up the poller; sends nothing.

        Args:
            database: The store.
            plans: The configured upstreams, by slug.
            taker: Reads documents.
            subscriber: Subscribes at the hubs that documents name.
            make_client: Makes a client that reads documents, with a time limit of *timeout_s*.
            worker: Name of this process, for claims.
            now: The store's clock.
            random_fraction: Returns a random number from 0 to 1.
            timeout_s: The time limit of a request.
        """
        self._database = database
        self.plans = plans
        self._taker = taker
        self.subscriber = subscriber
        self._make_client = make_client
        self._worker = worker
        self._now = now
        self._random_fraction = random_fraction
        self._timeout_s = timeout_s

    def run(
        self,
        *,
        slugs: Collection[str] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> list[PollResult]:
        """Polls what is due until nothing is, and all polls have ended.

        Args:
            slugs: Polls these alone, whether they are due or not.
            should_stop: When true, no more polls begin, and those under way are dropped.

        Returns:
            The results, as stored.

        Raises:
            StoreUnavailable: The store cannot be used. What was not stored is polled again.
        """
        if not self.plans:
            return []
        if slugs is None and not self.is_any_due():
            return []
        with (
            closing(self._make_client()) as client,
            ThreadPoolExecutor(READERS, thread_name_prefix="upstream-read") as readers,
            ThreadPoolExecutor(1, thread_name_prefix="upstream-store") as store,
        ):
            return _Round(self, client, readers, store, slugs, should_stop).run()

    # Called by rounds, in the store's thread.

    def claim(
        self, room: int, resting: Collection[str], slugs: Collection[str] | None
    ) -> list[PollTarget]:
        """Claims what is due."""
        now = self._now()
        with self._database.unsynced() as tx:
            return tx.upstreams.claim(
                worker=self._worker,
                now=now,
                until=now + CLAIMED_FOR,
                limit=room,
                per_host=PER_HOST,
                without_hosts=resting,
                slugs=slugs,
            )

    def is_any_due(self) -> bool:
        """Whether something is due that is not claimed."""
        with self._database.read() as tx:
            return tx.upstreams.is_any_due(now=self._now())

    def record(self, results: list[PollResult], resting: Mapping[str, datetime]) -> None:
        """Stores results, and has hosts rest."""
        self._database.run_in_transaction(
            lambda tx: tx.upstreams.record(results, worker=self._worker)
        )
        for host, until in sorted(resting.items()):
            with self._database.transaction() as tx:
                postponed = tx.upstreams.pause_host(host, until=until)
            _log.warning("host rests", host=host, until=until.isoformat(), upstreams=postponed)

    def release(self) -> None:
        """Releases what is still claimed."""
        with self._database.unsynced() as tx:
            tx.upstreams.release_claims(worker=self._worker)

    # Results.

    def _succeeded(
        self, fetch: Fetch, fetched: Fetched, tally: TakenTally, *, title: str | None
    ) -> PollResult:
        """Returns the result of a document that was taken in."""
        now = self._now()
        move, fetch_url = move_of(fetch, now=now)
        return PollResult(
            slug=fetch.upstream.slug,
            at=now,
            due_at=self._next(fetch, fetched.headers, now=now, failures=0),
            result=tally.words,
            is_success=True,
            # Only now: the next answer would be 304, and nothing of this document would ever come.
            validators=validators_of(fetch, fetched.headers),
            move=move,
            fetch_url=fetch_url,
            host=None if fetch_url is None else fetch.host,
            is_partial=tally.waiting > 0,
            title=title,
            taken=tally.taken,
            corrected=tally.corrected,
            deleted=tally.deleted,
            left_out=dict(tally.left_out),
        )

    def unchanged(self, fetch: Fetch, answer: NotModified) -> PollResult:
        """Returns the result of an answer 304."""
        now = self._now()
        move, fetch_url = move_of(fetch, now=now)
        return PollResult(
            slug=fetch.upstream.slug,
            at=now,
            due_at=self._next(fetch, answer.headers, now=now, failures=0),
            result="unchanged",
            is_success=True,
            is_not_modified=True,
            move=move,
            fetch_url=fetch_url,
            host=None if fetch_url is None else fetch.host,
        )

    def failed(self, fetch: Fetch, failure: FetchFailed) -> PollResult:
        """Returns the result of a poll that brought no feed. What is known stays."""
        now, upstream = self._now(), fetch.upstream
        result = failure.why
        if failure.is_gone:
            retracted = self._taker.gone(fetch.plan)
            result = f"{result}: it is not polled any more; releases retracted: {retracted}"
        if not upstream.failures or failure.is_gone:
            _log.warning("upstream failed", upstream=upstream.slug, url=fetch.url, reason=result)
        return PollResult(
            slug=upstream.slug,
            at=now,
            due_at=self._next(fetch, failure.headers, now=now, failures=upstream.failures + 1),
            result=result,
            is_success=False,
            is_ended=failure.is_gone,
            move=upstream.move,
        )

    def read(self, fetch: Fetch, fetched: Fetched) -> PollResult:
        """Reads a document, in a thread for that."""
        plan, upstream = fetch.plan, fetch.upstream
        try:
            tally, document = self._taker.take(
                plan, upstream, fetched.body, url=fetch.url, charset=fetched.charset
            )
        except NotAFeed as error:
            return self.failed(fetch, FetchFailed(why=error.reason, headers=fetched.headers))
        except StoreUnavailable:
            raise
        except Exception:
            # A bug, or a document that a library fails on: it must not stop the others.
            _log.exception("upstream cannot be read", upstream=fetch.upstream.slug, url=fetch.url)
            why = "the document could not be read: see the log"
            return self.failed(fetch, FetchFailed(why=why, headers=fetched.headers))
        self.subscriber.discovered(
            plan,
            discover(fetched, document, url=fetch.url),
            taken=tally.taken,
            is_known=upstream.first_success_at is not None,
        )
        if tally.taken or tally.corrected or tally.deleted:
            _log.info("upstream read", upstream=upstream.slug, result=tally.words)
        return self._succeeded(fetch, fetched, tally, title=document.head.title)

    def host_rests(self, failure: FetchFailed) -> datetime:
        """Returns until when the host rests that answered so."""
        return rest_of_host(failure.headers, now=self._now())

    @property
    def timeout_s(self) -> float:
        """The time limit of a request."""
        return self._timeout_s

    def _next(
        self, fetch: Fetch, headers: Mapping[str, str], *, now: datetime, failures: int
    ) -> datetime:
        return next_poll(
            now=now,
            every=min(fetch.plan.every, LONGEST),
            headers=headers,
            failures=failures,
            random_fraction=self._random_fraction(),
        )


class _Round:
    """One run: the network in this thread, the store and documents in others."""

    def __init__(
        self,
        poller: UpstreamPoller,
        client: BulkHttpClient,
        readers: ThreadPoolExecutor,
        store: ThreadPoolExecutor,
        slugs: Collection[str] | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self._poller = poller
        self._client = client
        self._readers = readers
        self._store = store
        self._slugs = None if slugs is None else set(slugs)
        self._should_stop = should_stop
        self._to_send: deque[Fetch] = deque()
        self._to_read: deque[tuple[Fetch, Fetched]] = deque()
        self._reading: dict[Future[PollResult], Fetch] = {}
        self._results: list[PollResult] = []
        self._hosts_to_rest: dict[str, datetime] = {}
        self._first_result_s = 0.0
        self._storing: Future[list[PollTarget]] | None = None
        self._done: list[PollResult] = []
        self._claims_at_s = 0.0
        self._has_more = True  #: there may be more to claim
        self._has_room = True  #: and hosts have room that had none at the last claim
        self._rests_until: dict[str, float] = {}

    def run(self) -> list[PollResult]:
        try:
            while not self._should_stop():
                self._store_and_claim()
                self._send()
                self._read()
                if self._is_over():
                    return self._done
                self._client.poll(WAIT_S)
                self._finish()
        finally:
            wait(self._reading)
            if self._storing is not None:
                wait([self._storing])
            with suppress(StoreUnavailable, StoreConflict):
                self._poller.release()
        return self._done

    def _is_over(self) -> bool:
        is_storing = self._results or self._storing is not None
        return self._is_idle() and not (is_storing or self._has_more)

    def _is_idle(self) -> bool:
        is_waiting = self._to_send or self._to_read or self._reading
        return not (is_waiting or self._client.in_flight)

    def _wake_after(self, future: Future[Any]) -> None:
        future.add_done_callback(lambda _: self._client.wake())

    # The store.

    def _store_and_claim(self) -> None:
        if self._storing is not None:
            return
        now_s = time.monotonic()
        is_time = now_s >= self._claims_at_s or (self._has_room and self._is_idle())
        is_claiming = is_time and len(self._to_send) < CLAIMS_AT_ONCE
        has_requests = bool(self._to_send) or self._client.in_flight > 0
        is_full = len(self._results) >= RECORD_AT or not has_requests
        is_old = now_s - self._first_result_s >= RECORD_AFTER_S
        is_recording = bool(self._results) and (is_full or is_old)
        if not (is_claiming or is_recording):
            return
        results, self._results = self._results, []
        resting, self._hosts_to_rest = self._hosts_to_rest, {}
        work = partial(self._in_store, results, resting, is_claiming=is_claiming, now_s=now_s)
        self._storing = self._store.submit(work)
        self._wake_after(self._storing)

    def _in_store(
        self,
        results: list[PollResult],
        resting: Mapping[str, datetime],
        *,
        is_claiming: bool,
        now_s: float,
    ) -> list[PollTarget]:
        if results:
            self._poller.record(results, resting)
            self._done += results
            self._has_more = self._has_room = True  # others of these hosts may be claimed now
        if not is_claiming:
            return []
        resting_hosts = {
            host: until_s for host, until_s in self._rests_until.items() if until_s > now_s
        }
        if self._slugs is None:
            # Asked first: at the end of each round nothing is due, which a claim finds out slowly.
            is_due = not resting_hosts or self._poller.is_any_due()
            claimed = self._poller.claim(CLAIMS_AT_ONCE, resting_hosts, None) if is_due else []
            self._has_more = bool(claimed) or (bool(resting_hosts) and is_due)
        else:
            # By hand, each is polled once, and nobody wants to wait.
            claimed = self._poller.claim(CLAIMS_AT_ONCE, (), self._slugs)
            self._slugs -= {one.slug for one in claimed}
            self._has_more = bool(claimed)
        self._rests_until = resting_hosts | {one.host: now_s + APART_S for one in claimed}
        self._has_room = False
        self._claims_at_s = now_s + (0.0 if len(claimed) == CLAIMS_AT_ONCE else CLAIM_EVERY_S)
        return claimed

    def _finish(self) -> None:
        if self._storing is not None and self._storing.done():
            storing, self._storing = self._storing, None
            for upstream in storing.result():
                plan = self._poller.plans.get(upstream.slug)
                if plan is not None:  # else another service has it in its configuration
                    self._to_send.append(first_fetch(plan, upstream, now_s=time.monotonic()))
        for future in [each for each in self._reading if each.done()]:
            del self._reading[future]
            self._add(future.result())

    def _add(self, result: PollResult) -> None:
        if not self._results:
            self._first_result_s = time.monotonic()
        self._results.append(result)

    # The network.

    def _send(self) -> None:
        while self._to_send and self._client.room > 0:
            self._begin(self._to_send.popleft())

    def _begin(self, fetch: Fetch) -> None:
        self._client.send(fetch.request(), partial(self._answered, fetch), host=fetch.host)

    def _answered(self, fetch: Fetch, end: BulkResponse | OutboundFailed) -> None:
        found = step(fetch, end, timeout_s=self._poller.timeout_s)
        if isinstance(found, Followed):
            if time.monotonic() - fetch.began_s > POLL_TIMEOUT_S:
                found = FetchFailed(why=f"no document within {POLL_TIMEOUT_S:g} s")
            else:
                self._begin(fetch)
                return
        if isinstance(found, NotModified):
            self._add(self._poller.unchanged(fetch, found))
        elif isinstance(found, Fetched):
            self._to_read.append((fetch, found))
        elif isinstance(found, FetchFailed):
            if found.is_gone:  # what is done then takes a transaction
                future = self._readers.submit(self._poller.failed, fetch, found)
                self._reading[future] = fetch
                self._wake_after(future)
                return
            self._add(self._poller.failed(fetch, found))
            if found.is_overload:
                self._hosts_to_rest[fetch.host] = self._poller.host_rests(found)

    # Documents.

    def _read(self) -> None:
        busy = {fetch.upstream.host for fetch in self._reading.values()}
        for _ in range(len(self._to_read)):
            if len(self._reading) >= READERS:
                return
            fetch, fetched = self._to_read.popleft()
            if fetch.upstream.host in busy:
                self._to_read.append((fetch, fetched))
                continue
            busy.add(fetch.upstream.host)
            future = self._readers.submit(self._poller.read, fetch, fetched)
            self._reading[future] = fetch
            self._wake_after(future)
