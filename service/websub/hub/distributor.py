"""Delivers the newest documents to their subscribers (WebSub section 7)."""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from feeds.categories import Catalogue
from feeds.model.feed import Format
from feeds.model.subscription import DeliveryResult, DueDelivery, PushProtocol
from feeds.store.changes import Changes
from feeds.store.database import Database, Transaction
from service.outbound import BulkResponse, OutboundFailed
from service.websub.hub.dispatcher import ChangePoller, Completed, ConcurrencyLimit, Job, NextJobs
from service.websub.hub.protocols import PROTOCOL_HANDLERS, ProtocolHandler, TopicContent
from service.websub.hub.reports import Reports
from service.websub.retries import RetryPlan, in_short

# The newest documents, read once for all their subscribers.

Topic = tuple[str, Format]

#: What is kept of them. One that is larger is read again for each batch of deliveries.
MAX_BYTES = 16 * 1024 * 1024


class TopicDocuments:
    """A shelf of what was delivered last. Not safe to share between threads."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[Topic, TopicContent] = OrderedDict()

    def newest(self, tx: Transaction, topics: Collection[Topic]) -> Mapping[Topic, TopicContent]:
        """The current documents of these topics; those that have none are left out."""
        if not topics:
            return {}
        versions = tx.documents.versions(sorted({feed for feed, _ in topics}))
        found = {}
        for topic in topics:
            version = versions.get(topic)
            held = self._held.pop(topic, None)
            if version is None:
                continue
            if held is None or held.edition != version.edition:
                document = tx.documents.get(*topic)
                if document is None:
                    continue
                held = TopicContent.of(document)
            self._held[topic] = found[topic] = held
        while self._held and sum(len(one.body) for one in self._held.values()) > self._max_bytes:
            self._held.popitem(last=False)
        return found


# What became of a delivery. Pure: time and chance come in as arguments.


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
    """Judge how a delivery ended.

    Args:
        delivery: As it was claimed.
        end: The callback's answer, or why there is none.
        edition: What was sent.
        took_s: Until the end.
        plan: When to try again, and when no more.
        now: The moment.
        random_fraction: From 0 to 1; see `RetryPlan`.

    Source: WebSub section 7: "The subscriber's callback URL MUST return an HTTP 2xx response code
    to indicate a success. The subscriber's callback URL MAY return an HTTP 410 code to indicate
    that the subscription has been deleted, and the hub MAY terminate the subscription if it
    receives that code as a response. The hub MUST consider all other subscriber response codes as
    failures."
    """
    took_ms = round(took_s * 1000)
    number, said = delivery.subscription_id, said_by(end)
    if isinstance(end, BulkResponse) and (end.is_success or end.status == HTTPStatus.GONE):
        return DeliveryResult(
            subscription_id=number,
            at=now,
            result=said,
            took_ms=took_ms,
            delivered_edition=edition if end.is_success else None,
            is_gone=end.status == HTTPStatus.GONE,
            is_well_again=end.is_success and delivery.is_suspended,
        )
    since = delivery.first_failed_at or now
    pause = plan.next_pause(delivery.attempts + 1, since, now, random_fraction)
    return DeliveryResult(
        subscription_id=number,
        at=now,
        result=said,
        took_ms=took_ms,
        tried_edition=edition,
        retry_at=None if pause is None else now + pause,
        suspended_because=None if pause else f"no success for {in_short(now - since)}: {said}",
    )


def said_by(end: BulkResponse | OutboundFailed) -> str:
    """How a delivery ended, for a person; one line."""
    if isinstance(end, OutboundFailed):
        return end.reason
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= end.status < HTTPStatus.BAD_REQUEST
    return f"{end.status}; redirects are not followed" if is_redirect else str(end.status)


# What a subscriber with a secret knows our deliveries by. Pure.


def signature(method: str, secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature``: made of the very bytes that are sent.

    Args:
        method: ``sha1``, ``sha256``, ``sha384`` or ``sha512``.
        secret: As the subscriber gave it; its bytes are those of UTF-8.
        body: Of the delivery. The interpreter is free for others while it is read.

    Source: WebSub 7.1 "Authenticated Content Distribution".
    """
    return f"{method}={hmac.digest(secret.encode('utf-8'), body, method).hex()}"


# Which deliveries come next: claimed when they can go at once, so that nobody else sends them.

#: What is claimed in one step: the first are on their way while the next ones are signed.
STEP = 128

#: Those whose last try failed may take this part of all places: any number of dead callbacks
#: leaves room for the living.
_FAILING_PART = 0.25


@dataclass(frozen=True, slots=True)
class ClaimedDeliveries:
    """What was claimed in one step."""

    deliveries: Sequence[DueDelivery] = ()
    is_all: bool = True  #: of those that are well, no more are due, as far as their hosts have room
    has_more: bool = False  #: more are due, of any kind, and there is room for them


class DeliveryQueue:
    """Claims deliveries for one process, and counts those it has. For one thread at a time."""

    def __init__(self, *, at_once: int, per_host: int, claim_for: timedelta, worker: str) -> None:
        """Begin with none.

        Args:
            at_once: Deliveries that may be under way.
            per_host: And of these, to one host.
            claim_for: Longer than one of them may take.
            worker: Name of this process.
        """
        self._all = ConcurrencyLimit(most=at_once, most_a_host=per_host)
        self._failing = ConcurrencyLimit(
            most=max(1, int(at_once * _FAILING_PART)), most_a_host=per_host
        )
        self._claim_for = claim_for
        self._worker = worker

    @property
    def is_empty(self) -> bool:
        """True when none is claimed."""
        return not self._all.count

    def undone_on_error(self) -> ExitStack:
        """A block in which is counted; if it raises, nothing has changed."""
        with ExitStack() as stack:
            stack.enter_context(self._all.undone_on_error())
            stack.enter_context(self._failing.undone_on_error())
            return stack.pop_all()

    def has_work(self, tx: Transaction, *, now: datetime) -> bool:
        """Say whether anything could be claimed."""
        left_out = self._all.full_hosts
        return any(
            load.room > 0
            and tx.deliveries.due(now=now, limit=1, is_failing=is_failing, without_hosts=left_out)
            for load, is_failing in ((self._all, False), (self._failing, True))
        )

    def take(self, tx: Transaction, *, now: datetime) -> ClaimedDeliveries:
        """Claim what may be sent now. Those that are well come first."""
        well, is_all = self._claim(tx, self._all, is_failing=False, now=now)
        failing, is_all_failing = self._claim(tx, self._failing, is_failing=True, now=now)
        has_more = not is_all or (not is_all_failing and self._failing.room > 0)
        # When others took them all, there is time to look again.
        is_worth_it = has_more and self._all.room > 0 and bool(well or failing)
        return ClaimedDeliveries([*well, *failing], is_all=is_all, has_more=is_worth_it)

    def release(self, deliveries: Iterable[DueDelivery]) -> None:
        """Count these no more."""
        for one in deliveries:
            self._all.release(one.host)
            if _is_failing(one):
                self._failing.release(one.host)

    def _claim(
        self, tx: Transaction, load: ConcurrencyLimit, *, is_failing: bool, now: datetime
    ) -> tuple[list[DueDelivery], bool]:
        """Claim some of a kind; says also whether these are all that are due."""
        limit = min(STEP, load.room, self._all.room)
        if limit <= 0:
            return [], False  # nobody knows
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


# Delivers the newest documents to those who are subscribed to them (WebSub section 7).

#: A claim outlasts the delivery by this much. After a crash it is sent again so late at most.
_CLAIM_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery, and what is delivered."""

    delivery: DueDelivery
    content: TopicContent


class Distributor:
    """The books of what is delivered. For one thread at a time; see `Rounds`."""

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
        heard: Callable[[DueDelivery, DeliveryResult], object] = lambda *_: None,
        ways: Mapping[PushProtocol, ProtocolHandler] = PROTOCOL_HANDLERS,
    ) -> None:
        """Keep what every delivery needs.

        Args:
            database: Holds what is owed, and the documents.
            catalogue: Its site's hub is what is counted for.
            at_once: Deliveries under way.
            per_host: And of these, to one host.
            timeout_s: What one of them may take.
            signature_method: See `signature`.
            plan: When a failed one is tried again; after it the subscription is suspended.
            worker: Name of this process, for its claims.
            now: The clock.
            random_fraction: Gives a number from 0 to 1, another one each time; see `RetryPlan`.
            heard: Told of each result, once it is stored.
            ways: What is sent in each protocol.
        """
        self._database = database
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
        self._heard = heard
        self._ways = ways
        self._change_poller = ChangePoller(Changes(database))
        self._contents = TopicDocuments()
        self._reports = Reports(catalogue.site.hub)
        self._own_callbacks = f"{catalogue.site.hub}/"

    def record(self, ended: Sequence[Completed[Sending]], *, begins: bool) -> NextJobs[Sending]:
        """Write down how deliveries went, and claim those that may be sent."""
        self._reports.log_failures()
        is_called_for = self._change_poller.is_due()
        now = self._now()
        is_to_write = self._reports.has_to_write(is_over=self._queue.is_empty)
        is_busy = bool(ended) or is_to_write
        if not is_busy and not (begins and is_called_for and self._has_work(now)):
            return NextJobs()
        results = [self._result_of(one, now=now) for one in ended]
        with self._queue.undone_on_error():
            self._queue.release(one.job.subject.delivery for one in ended)
            # What is lost with the machine is sent again.
            with self._database.unsynced() as tx:
                tx.deliveries.complete(results, worker=self._worker)
                taken = self._queue.take(tx, now=now) if begins else ClaimedDeliveries()
                sendings = self._sendings(tx, taken.deliveries)
                if is_to_write:
                    self._reports.write(tx)
        if is_to_write:
            self._reports.forget()
        self._report(ended, results, sendings, is_dry=taken.is_all)
        return NextJobs((self._job(one) for one in sendings), has_more=taken.has_more)

    def may_have_work(self) -> bool:
        """Say at once whether `keep` is worth a call when nothing has ended."""
        return self._change_poller.may_be_called_for()

    def abandon(self, ended: Sequence[Completed[Sending]]) -> None:
        """Free what they took."""
        self._queue.release(one.job.subject.delivery for one in ended)
        self._reports.abandon(one.job.subject.content for one in ended)

    def close(self) -> None:
        """Give the connection back."""
        self._change_poller.close()

    def _has_work(self, now: datetime) -> bool:
        # Asked first without the lock of a writer: most of what others commit is not for us.
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
        there = [(one, contents.get((one.feed, one.format))) for one in claimed]
        # A topic without a document has just ended, and so will its subscriptions.
        self._queue.release(one for one, content in there if content is None)
        return [Sending(one, content) for one, content in there if content is not None]

    def _report(
        self,
        ended: Sequence[Completed[Sending]],
        results: Sequence[DeliveryResult],
        begun: Sequence[Sending],
        *,
        is_dry: bool,
    ) -> None:
        self._reports.begin(one.content for one in begun)
        for one, result in zip(ended, results, strict=True):
            self._reports.end(one.job.subject.delivery, one.job.subject.content, result)
            self._heard(one.job.subject.delivery, result)
        self._reports.log(is_dry=is_dry)

    def _job(self, sending: Sending) -> Job[Sending]:
        delivery, content = sending.delivery, sending.content
        signed = None
        if delivery.secret is not None:
            signed = signature(self._signature_method, delivery.secret, content.body)
        bulk_request = self._ways[delivery.wire].delivering(delivery, content, signed)
        if delivery.callback.startswith(self._own_callbacks):
            bulk_request = replace(bulk_request, is_own=True)
        return Job(sending, delivery.host, bulk_request)
