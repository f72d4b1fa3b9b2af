"""Delivers the newest documents to their subscribers (WebSub section 7)."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from feeds.categories import Catalogue
from feeds.model.feed import Format
from feeds.model.moment import Monotonic
from feeds.model.subscription import DeliveryResult, DueDelivery, PushProtocol
from feeds.store.changes import Changes, Waiting
from feeds.store.database import Database, Transaction
from service.outbound import BulkResponse, OutboundFailed
from service.websub.hub.dispatcher import ChangePoller, Completed, ConcurrencyLimit, Job, NextJobs
from service.websub.hub.protocols import PROTOCOL_HANDLERS, ProtocolHandler, TopicContent
from service.websub.hub.reports import Reports
from service.websub.publisher import StoredEditions, spread_of
from service.websub.retries import RetryPlan, in_short

# A cache of the newest documents, which are read once for all their subscribers.

Topic = tuple[str, Format]

#: Size of the cache. A larger document is read again for each batch of deliveries.
MAX_BYTES = 16 * 1024 * 1024


class TopicDocuments:
    """A cache of the documents that were delivered last. Not thread-safe."""

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._cached: OrderedDict[Topic, TopicContent] = OrderedDict()
        self._stored = StoredEditions()

    def read_at_s(self, content: TopicContent) -> float:
        """Returns when the newest document of a topic was first read: it was stored by then."""
        now_s = self._monotonic()
        return self._stored.note(content.feed, content.format, content.edition, now_s)

    def newest(self, tx: Transaction, topics: Collection[Topic]) -> Mapping[Topic, TopicContent]:
        """Returns the current documents of these topics; topics without one are left out."""
        if not topics:
            return {}
        versions = tx.documents.versions(sorted({feed for feed, _ in topics}))
        found = {}
        for topic in topics:
            version = versions.get(topic)
            cached = self._cached.pop(topic, None)
            if version is None:
                continue
            if cached is None or cached.edition != version.edition:
                document = tx.documents.get(*topic)
                if document is None:
                    continue
                cached = TopicContent.of(document)
                self.read_at_s(cached)
            self._cached[topic] = found[topic] = cached
        while (
            self._cached and sum(len(one.body) for one in self._cached.values()) > self._max_bytes
        ):
            self._cached.popitem(last=False)
        return found


_GONE = int(HTTPStatus.GONE)

# The outcome of a delivery. Pure: the time and random numbers are arguments.


def outcome_of(
    delivery: DueDelivery,
    end: BulkResponse | OutboundFailed,
    *,
    edition: int,
    took_s: float,
    plan: RetryPlan,
    now: datetime,
    random_fraction: float,
) -> DeliveryResult:
    """Returns the result of a delivery.

    Args:
        delivery: As it was claimed.
        end: The callback's answer, or the reason why there is none.
        edition: The edition that was sent.
        took_s: Time until the end.
        plan: Pauses between retries, and their end.
        now: The current time.
        random_fraction: From 0 to 1; see `RetryPlan`.

    Source: WebSub section 7: "The subscriber's callback URL MUST return an HTTP 2xx response code
    to indicate a success. The subscriber's callback URL MAY return an HTTP 410 code to indicate
    that the subscription has been deleted, and the hub MAY terminate the subscription if it
    receives that code as a response. The hub MUST consider all other subscriber response codes as
    failures."
    """
    result = delivery.subscription_id, now, describe(end), round(took_s * 1000)
    if isinstance(end, BulkResponse):
        if end.is_success:
            return DeliveryResult(*result, edition, is_well_again=delivery.is_suspended)
        if end.status == _GONE:
            return DeliveryResult(*result, is_gone=True)
    since = delivery.first_failed_at or now
    pause = plan.next_pause(delivery.attempts + 1, since, now, random_fraction)
    because = f"no success for {in_short(now - since)}: {describe(end)}"
    return DeliveryResult(
        *result,
        tried_edition=edition,
        retry_at=None if pause is None else now + pause,
        suspended_because=None if pause else because,
    )


def describe(end: BulkResponse | OutboundFailed) -> str:
    """Returns the end of a delivery in one line for a person."""
    if isinstance(end, OutboundFailed):
        return end.reason
    return (
        f"{end.status}; redirects are not followed" if 300 <= end.status < 400 else str(end.status)
    )


# Signatures of deliveries to subscribers with a secret. Pure.


def signature(method: str, secret: str, body: bytes) -> str:
    """Returns the value of ``X-Hub-Signature`` for the bytes that are sent.

    Args:
        method: ``sha1``, ``sha256``, ``sha384`` or ``sha512``.
        secret: As the subscriber gave it; encoded as UTF-8.
        body: The body of the delivery. Other threads can run while it is hashed.

    Source: WebSub 7.1 "Authenticated Content Distribution".
    """
    return f"{method}={hmac.digest(secret.encode('utf-8'), body, method).hex()}"


# Claims of deliveries. A delivery is claimed when it can be sent at once, so that no other process
# sends it.

#: Number of deliveries claimed in one step: the first are sent while the next ones are signed.
STEP = 128

#: Fraction of the limit for deliveries whose last try failed, so that dead callbacks do not block
#: the others, however many they are.
_FAILING_PART = 0.25


@dataclass(frozen=True, slots=True)
class ClaimedDeliveries:
    """Deliveries that were claimed in one step."""

    deliveries: Sequence[DueDelivery] = ()
    is_all: bool = True  #: no more deliveries without failures are due to hosts below their limit
    has_more: bool = False  #: more are due, of either kind, and the limits allow them


class DeliveryQueue:
    """Claims deliveries for one process, and counts them. Called by one thread at a time."""

    def __init__(self, *, at_once: int, per_host: int, claim_for: timedelta, worker: str) -> None:
        """Starts with no claims.

        Args:
            at_once: Limit of deliveries in flight.
            per_host: Limit of deliveries in flight to one host.
            claim_for: Duration of a claim; longer than a delivery may take.
            worker: Name of this process.
        """
        self._all = ConcurrencyLimit(limit=at_once, limit_per_host=per_host)
        self._failing = ConcurrencyLimit(
            limit=max(1, int(at_once * _FAILING_PART)), limit_per_host=per_host
        )
        self._claim_for = claim_for
        self._worker = worker

    @property
    def is_empty(self) -> bool:
        """Whether no delivery is claimed."""
        return not self._all.count

    def undone_on_error(self) -> ExitStack:
        """Returns a context manager that restores the counts if its block raises an exception."""
        with ExitStack() as stack:
            stack.enter_context(self._all.undone_on_error())
            stack.enter_context(self._failing.undone_on_error())
            return stack.pop_all()

    def has_work(self, tx: Transaction, *, now: datetime) -> bool:
        """Whether a delivery could be claimed."""
        full_hosts = self._all.full_hosts
        return any(
            limit.room > 0
            and tx.deliveries.due(now=now, limit=1, is_failing=is_failing, without_hosts=full_hosts)
            for limit, is_failing in ((self._all, False), (self._failing, True))
        )

    def claim(self, tx: Transaction, *, now: datetime) -> ClaimedDeliveries:
        """Claims deliveries that may be sent now. Those without failures come first."""
        well, is_all = self._claim(tx, self._all, is_failing=False, now=now)
        failing, is_all_failing = self._claim(tx, self._failing, is_failing=True, now=now)
        has_more = not is_all or (not is_all_failing and self._failing.room > 0)
        # If other processes claimed them all, the next poll is soon enough.
        has_more = has_more and self._all.room > 0 and bool(well or failing)
        return ClaimedDeliveries([*well, *failing], is_all=is_all, has_more=has_more)

    def release(self, deliveries: Iterable[DueDelivery]) -> None:
        """Removes deliveries from the counts."""
        for one in deliveries:
            self._all.release(one.host)
            if _is_failing(one):
                self._failing.release(one.host)

    def _claim(
        self, tx: Transaction, concurrency: ConcurrencyLimit, *, is_failing: bool, now: datetime
    ) -> tuple[list[DueDelivery], bool]:
        """Claims deliveries of one kind; also returns whether these are all that are due."""
        limit = min(STEP, concurrency.room, self._all.room)
        if limit <= 0:
            return [], False  # unknown
        found = tx.deliveries.due(
            now=now, limit=limit, is_failing=is_failing, without_hosts=self._all.full_hosts
        )
        chosen = [one for one in found if self._all.acquire(one.host)]
        for one in chosen:
            if _is_failing(one):
                self._failing.acquire(one.host)
        ids = tx.deliveries.claim(
            [one.subscription_id for one in chosen],
            worker=self._worker,
            now=now,
            until=now + self._claim_for,
        )
        self.release(one for one in chosen if one.subscription_id not in ids)
        return [one for one in chosen if one.subscription_id in ids], len(found) < limit


def _is_failing(delivery: DueDelivery) -> bool:
    return delivery.attempts > 0


# The job source for deliveries (WebSub section 7).

#: A claim lasts this much longer than the delivery. After a crash, a delivery is sent again when
#: its claim has expired.
_CLAIM_SLACK_S = 60.0


class Sending(NamedTuple):
    """A delivery and its content."""

    delivery: DueDelivery
    content: TopicContent
    not_before_s: float = 0.0  #: by the distributor's monotonic clock


class Distributor:
    """The job source for deliveries. Called by one thread at a time; see `Dispatcher`.

    A delivery has the newest edition, so that a subscriber that is behind gets it once. What it was
    opened for is served by all web workers (`Publisher`). A newer edition may have been stored a
    moment ago: a subscriber that asked the feed for more must not be answered with less. So that
    one waits for as long as a ping would, counted from when it was first read here.
    """

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        at_once: int,
        per_host: int,
        timeout_s: float,
        signature_method: str,
        plan: RetryPlan,
        worker: str,
        now: Callable[[], datetime],
        random_fraction: Callable[[], float],
        on_result: Callable[[DueDelivery, DeliveryResult], object] = lambda *_: None,
        handlers: Mapping[PushProtocol, ProtocolHandler] = PROTOCOL_HANDLERS,
        monotonic: Monotonic = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Sets up the source; claims nothing yet.

        Args:
            database: Stores deliveries and documents.
            catalogue: Has the URL of the built-in hub.
            at_once: Limit of deliveries in flight.
            per_host: Limit of deliveries in flight to one host.
            timeout_s: Time limit of a delivery.
            signature_method: See `signature`.
            plan: Pauses between retries; after the last, the subscription is suspended.
            worker: Name of this process, for its claims.
            now: The clock.
            random_fraction: Returns a random number from 0 to 1; see `RetryPlan`.
            on_result: Called with each result, once it is stored.
            handlers: The protocol handlers.
            monotonic: A clock that is never set, in seconds.
            sleep: Waits for so many seconds.
        """
        self._database = database
        self._spread_s = spread_of(database).total_seconds()
        self._monotonic = monotonic
        self._sleep = sleep
        self._queue = DeliveryQueue(
            at_once=at_once,
            per_host=per_host,
            claim_for=timedelta(seconds=timeout_s + _CLAIM_SLACK_S),
            worker=worker,
        )
        self._signature_method = signature_method
        self._plan = plan
        self._worker = worker
        self._now = now
        self._random_fraction = random_fraction
        self._on_result = on_result
        self._handlers = handlers
        self._change_poller = ChangePoller(
            Changes(database), waiting=Waiting.DELIVERIES, reads_only_for_it=True
        )
        self._contents = TopicDocuments(monotonic=monotonic)
        self._reports = Reports(catalogue.site.hub)
        self._own_callbacks = f"{catalogue.site.hub}/"

    def record(self, ended: Sequence[Completed[Sending]], *, begins: bool) -> NextJobs[Sending]:
        """Records the results of deliveries, and claims those that may be sent."""
        self._reports.log_failures()
        is_poll_due = self._change_poller.is_due()
        now = self._now()
        is_to_write = self._reports.has_to_write(is_over=self._queue.is_empty)
        is_busy = bool(ended) or is_to_write
        if not is_busy and not (begins and is_poll_due and self._has_work(now)):
            return NextJobs()
        results = [self._result_of(one, now=now) for one in ended]
        with self._queue.undone_on_error():
            self._queue.release(one.job.subject.delivery for one in ended)
            # Not synced to the disk: deliveries whose results a crash loses are sent again.
            with self._database.unsynced() as tx:
                tx.deliveries.complete(results, worker=self._worker)
                claimed = self._queue.claim(tx, now=now) if begins else ClaimedDeliveries()
                sendings = self._sendings(tx, claimed.deliveries)
                if is_to_write:
                    self._reports.write(tx)
        if is_to_write:
            self._reports.reset()
        self._report(ended, results, sendings, is_all=claimed.is_all)
        return NextJobs((self._job(one) for one in sendings), has_more=claimed.has_more)

    def may_have_work(self) -> bool:
        """Whether a call of `record` may find deliveries, answered without waiting."""
        return self._change_poller.may_be_due()

    def abandon(self, ended: Sequence[Completed[Sending]]) -> None:
        """Removes dropped deliveries from the counts."""
        self._queue.release(one.job.subject.delivery for one in ended)
        self._reports.abandon(one.job.subject.content for one in ended)

    def close(self) -> None:
        """Releases the connection."""
        self._change_poller.close()

    def _has_work(self, now: datetime) -> bool:
        # Read first without a writer's lock, because most commits of others bring no deliveries.
        with self._database.read() as tx:
            return self._queue.has_work(tx, now=now)

    def _result_of(self, ended: Completed[Sending], *, now: datetime) -> DeliveryResult:
        return outcome_of(
            ended.job.subject.delivery,
            ended.result,
            edition=ended.job.subject.content.edition,
            took_s=ended.took_s,
            plan=self._plan,
            now=now,
            random_fraction=self._random_fraction(),
        )

    def _sendings(self, tx: Transaction, claimed: Sequence[DueDelivery]) -> list[Sending]:
        contents = self._contents.newest(tx, {(one.feed, one.format) for one in claimed})
        pairs = [(one, contents.get((one.feed, one.format))) for one in claimed]
        # A topic without a document has just ended; its subscriptions will end soon.
        self._queue.release(one for one, content in pairs if content is None)
        return [self._sending(one, content) for one, content in pairs if content is not None]

    def _sending(self, delivery: DueDelivery, content: TopicContent) -> Sending:
        if content.edition <= delivery.wanted_edition:
            return Sending(delivery, content)
        return Sending(delivery, content, self._contents.read_at_s(content) + self._spread_s)

    def _report(
        self,
        ended: Sequence[Completed[Sending]],
        results: Sequence[DeliveryResult],
        begun: Sequence[Sending],
        *,
        is_all: bool,
    ) -> None:
        self._reports.begin(one.content for one in begun)
        for one, result in zip(ended, results, strict=True):
            self._reports.end(one.job.subject.delivery, one.job.subject.content, result)
            self._on_result(one.job.subject.delivery, result)
        self._reports.log(is_all_begun=is_all)

    def _job(self, sending: Sending) -> Job[Sending]:
        delivery, content = sending.delivery, sending.content
        # Outside of the transaction: nobody else waits for this.
        if sending.not_before_s and (wait_s := sending.not_before_s - self._monotonic()) > 0:
            self._sleep(wait_s)
        signed = None
        if delivery.secret is not None:
            signed = signature(self._signature_method, delivery.secret, content.body)
        bulk_request = self._handlers[delivery.wire].delivery_request(delivery, content, signed)
        if delivery.callback.startswith(self._own_callbacks):
            bulk_request = bulk_request._replace(is_own=True)
        return Job(sending, delivery.host, bulk_request)
