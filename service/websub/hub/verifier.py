"""Verifies subscription requests with their callbacks, and sends denials (WebSub 5.2, 5.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, PendingRequest, PushProtocol
from feeds.store.changes import Changes, Waiting
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.outbound import BulkResponse, OutboundFailed
from service.websub.hub.dispatcher import ChangePoller, Completed, ConcurrencyLimit, Job, NextJobs
from service.websub.hub.protocols import (
    CHALLENGE_BYTES,
    PROTOCOL_HANDLERS,
    ProtocolHandler,
    challenge,
)
from service.websub.hub.upkeep import ended_feeds, ending_reason

_log = get_logger(__name__)

#: Concurrent verifications for one host. A verification is quick, and a client with many
#: subscriptions can wait.
VERIFICATIONS_PER_HOST = 4

#: Pauses before the retries when a callback gives no answer.
PAUSES_S = (5.0, 60.0)

#: A claim lasts this much longer than the request.
_CLAIM_SLACK_S = 60.0

#: Number of requests claimed in one step.
_STEP = 64


class VerificationVerdict(StrEnum):
    """The outcome of a verification or denial."""

    CONFIRMED = "confirmed"
    OUTDATED = "outdated"  #: confirmed, but a later request for the same subscription exists
    REFUSED = "refused"  #: the answer was not a confirmation
    DENIED = "told"  #: the denial was sent and answered
    PUT_OFF = "put off"  #: no answer; to be retried
    GIVEN_UP = "given up"


#: Log events of the outcomes.
_EVENTS = {
    VerificationVerdict.CONFIRMED: "request confirmed",
    VerificationVerdict.OUTDATED: "request out of date",
    VerificationVerdict.REFUSED: "request not confirmed",
    VerificationVerdict.DENIED: "denial sent",
    VerificationVerdict.PUT_OFF: "callback gave no answer",
    VerificationVerdict.GIVEN_UP: "request given up",
}


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """The outcome of a verification or denial, and the callback's answer."""

    verdict: VerificationVerdict
    said: str  #: the answer's status, or the reason why there is none; one line


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A pending request, and the challenge that its callback has to repeat."""

    pending: PendingRequest
    challenge: str

    @property
    def is_denial(self) -> bool:
        """Whether the callback gets a denial, which needs no confirmation."""
        return self.pending.request.mode is Mode.DENIED


class Verifier:
    """The job source for verifications. Called by one thread at a time; see `Dispatcher`."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        at_once: int,
        timeout_s: float,
        worker: str,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        on_result: Callable[[PendingRequest, VerificationResult], object] = lambda *_: None,
        handlers: Mapping[PushProtocol, ProtocolHandler] = PROTOCOL_HANDLERS,
    ) -> None:
        """Sets up the source; claims nothing yet.

        Args:
            database: Stores the requests.
            catalogue: Has the topics.
            at_once: Limit of concurrent verifications.
            timeout_s: Time limit of a verification.
            worker: Name of this process, for its claims.
            now: The clock.
            random_bytes: Returns that many unpredictable random bytes.
            on_result: Called with each outcome, once it is stored.
            handlers: The protocol handlers.
        """
        self._database = database
        self._catalogue = catalogue
        self._limit = ConcurrencyLimit(limit=at_once, limit_per_host=VERIFICATIONS_PER_HOST)
        self._claim_for = timedelta(seconds=timeout_s + _CLAIM_SLACK_S)
        self._worker = worker
        self._now = now
        self._random_bytes = random_bytes
        self._on_result = on_result
        self._handlers = handlers
        self._change_poller = ChangePoller(Changes(database), waiting=Waiting.REQUESTS)
        self._own_callbacks = f"{catalogue.site.hub}/"

    def record(
        self, ended: Sequence[Completed[CallbackRequest]], *, begins: bool
    ) -> NextJobs[CallbackRequest]:
        """Records the callbacks' answers, and claims requests that are due."""
        is_poll_due = self._change_poller.is_due()
        now = self._now()
        if not ended and not (begins and is_poll_due and self._has_work(now)):
            return NextJobs()
        with self._limit.undone_on_error():
            for one in ended:
                self._limit.release(one.job.host)
            # Not synced to the disk: requests whose answers a crash loses are verified again.
            with self._database.unsynced() as tx:
                results = [self._complete(tx, one, now=now) for one in ended]
                next_jobs = self._claim(tx, now=now) if begins else NextJobs()
                tx.hub_tallies.add(self._catalogue.site.hub, **_counts(ended, results))
        for one, result in zip(ended, results, strict=True):
            _log_result(one.job.subject.pending, result)
            self._on_result(one.job.subject.pending, result)
        return next_jobs

    def may_have_work(self) -> bool:
        """Whether a call of `record` may find requests, answered without waiting."""
        return self._change_poller.may_be_due()

    def abandon(self, ended: Sequence[Completed[CallbackRequest]]) -> None:
        """Removes dropped requests from the counts."""
        for one in ended:
            self._limit.release(one.job.host)

    def close(self) -> None:
        """Releases the connection."""
        self._change_poller.close()

    def _has_work(self, now: datetime) -> bool:
        # Read first without a writer's lock, because most commits of others bring no requests.
        with self._database.read() as tx:
            full_hosts = self._limit.full_hosts
            return bool(tx.subscriptions.due(now=now, limit=1, without_hosts=full_hosts))

    def _claim(self, tx: Transaction, *, now: datetime) -> NextJobs[CallbackRequest]:
        limit = min(_STEP, self._limit.room)
        if not limit:
            return NextJobs()
        found = tx.subscriptions.due(now=now, limit=limit, without_hosts=self._limit.full_hosts)
        chosen = [one for one in found if self._limit.acquire(one.request.host)]
        ids = tx.subscriptions.claim_requests(
            [one.id for one in chosen], worker=self._worker, now=now, until=now + self._claim_for
        )
        over = ended_feeds(tx, self._catalogue, {one.request.feed for one in chosen}, now=now)
        jobs = []
        for one in chosen:
            job = self._job(self._or_denial(one, is_over=one.request.feed in over))
            if one.id in ids and job is not None:
                jobs.append(job)
                continue
            self._limit.release(one.request.host)
            if one.id in ids:
                tx.subscriptions.drop_requests([one.id])
        return NextJobs(jobs, has_more=len(found) == limit and bool(ids) and self._limit.room > 0)

    def _or_denial(self, pending: PendingRequest, *, is_over: bool) -> PendingRequest:
        """Returns the request, or a denial in its place if the feed is over (WebSub 5.2)."""
        request = pending.request
        if not is_over or request.mode is not Mode.SUBSCRIBE:
            return pending
        reason = ending_reason(self._catalogue, request.feed)
        return replace(pending, request=replace(request, mode=Mode.DENIED, reason=reason))

    def _job(self, pending: PendingRequest) -> Job[CallbackRequest] | None:
        """Returns the job for a callback; None when its protocol has no such request."""
        request, handler = pending.request, self._handlers[pending.request.wire]
        callback_request = CallbackRequest(pending, challenge(self._random_bytes(CHALLENGE_BYTES)))
        if callback_request.is_denial:
            bulk_request = handler.denial_request(pending)
        else:
            bulk_request = handler.verification_request(pending, callback_request.challenge)
        if bulk_request is not None and request.callback.startswith(self._own_callbacks):
            bulk_request = bulk_request._replace(is_own=True)
        return None if bulk_request is None else Job(callback_request, request.host, bulk_request)

    def _complete(
        self, tx: Transaction, ended: Completed[CallbackRequest], *, now: datetime
    ) -> VerificationResult:
        callback_request, end = ended.job.subject, ended.result
        pending = callback_request.pending
        if isinstance(end, OutboundFailed):
            return self._put_off(tx, pending, end, now=now)
        said = str(end.status)
        if not callback_request.is_denial and self._is_confirmed(callback_request, end):
            is_in_time = tx.subscriptions.confirm(pending, now=now)
            return VerificationResult(
                VerificationVerdict.CONFIRMED if is_in_time else VerificationVerdict.OUTDATED, said
            )
        tx.subscriptions.drop_requests([pending.id])
        return VerificationResult(
            VerificationVerdict.DENIED
            if callback_request.is_denial
            else VerificationVerdict.REFUSED,
            said,
        )

    def _is_confirmed(self, callback_request: CallbackRequest, bulk_response: BulkResponse) -> bool:
        handler = self._handlers[callback_request.pending.request.wire]
        return handler.confirms(callback_request.pending, callback_request.challenge, bulk_response)

    def _put_off(
        self, tx: Transaction, pending: PendingRequest, error: OutboundFailed, *, now: datetime
    ) -> VerificationResult:
        if error.permanent or pending.attempts >= len(PAUSES_S):
            tx.subscriptions.drop_requests([pending.id])
            return VerificationResult(VerificationVerdict.GIVEN_UP, error.reason)
        pause_s = PAUSES_S[pending.attempts]
        tx.subscriptions.postpone(pending.id, until=now + timedelta(seconds=pause_s))
        return VerificationResult(VerificationVerdict.PUT_OFF, error.reason)


def _counts(
    ended: Sequence[Completed[CallbackRequest]], results: Sequence[VerificationResult]
) -> dict[str, int]:
    return {
        "verifications_sent": sum(not one.job.subject.is_denial for one in ended),
        "verifications_confirmed": sum(
            result.verdict is VerificationVerdict.CONFIRMED for result in results
        ),
    }


def _log_result(pending: PendingRequest, result: VerificationResult) -> None:
    # Only the callback's host is logged; the rest of the URL is private to the subscriber.
    request = pending.request
    _log.info(
        _EVENTS[result.verdict],
        mode=request.mode.value,
        topic=request.topic,
        host=request.host,
        said=result.said,
    )
