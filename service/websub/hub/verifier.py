"""Asks callbacks whether they want what was asked for in their name (WebSub 5.2, 5.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, PendingRequest, PushProtocol
from feeds.store.changes import Changes
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

#: Callbacks of one host that are asked at the same time: to ask costs little, and whoever wants
#: many subscriptions at once is not in a hurry.
QUESTIONS_PER_HOST = 4

#: A callback that gives no answer is asked again after these.
PAUSES_S = (5.0, 60.0)

#: A claim outlasts the question by this much.
_CLAIM_SLACK_S = 60.0

#: What is claimed in one step.
_STEP = 64


class VerificationVerdict(StrEnum):
    """What came of a question."""

    CONFIRMED = "confirmed"
    OUTDATED = "outdated"  #: confirmed, after a later request for the same subscription
    REFUSED = "refused"  #: the answer was no confirmation
    TOLD = "told"  #: of a denial
    PUT_OFF = "put off"  #: no answer; to be asked again
    GIVEN_UP = "given up"


#: What ops read of each in the log.
_EVENTS = {
    VerificationVerdict.CONFIRMED: "request confirmed",
    VerificationVerdict.OUTDATED: "request out of date",
    VerificationVerdict.REFUSED: "request not confirmed",
    VerificationVerdict.TOLD: "denial told",
    VerificationVerdict.PUT_OFF: "callback gave no answer",
    VerificationVerdict.GIVEN_UP: "request given up",
}


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """What came of a question, and how the callback put it."""

    verdict: VerificationVerdict
    said: str  #: its status, or why there was no answer; one line


@dataclass(frozen=True, slots=True)
class CallbackQuestion:
    """A request, and the challenge that its callback has to repeat."""

    pending: PendingRequest
    challenge: str

    @property
    def is_denial(self) -> bool:
        """True when the callback is told something, and not asked."""
        return self.pending.request.mode is Mode.DENIED


class Verifier:
    """The books of what callbacks are asked. For one thread at a time; see `Rounds`."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        at_once: int,
        timeout_s: float,
        worker: str,
        now: Callable[[], datetime],
        random_fraction: Callable[[int], bytes],
        heard: Callable[[PendingRequest, VerificationResult], object] = lambda *_: None,
        ways: Mapping[PushProtocol, ProtocolHandler] = PROTOCOL_HANDLERS,
    ) -> None:
        """Keep what every question needs.

        Args:
            database: Holds the requests.
            catalogue: Says which topics there are.
            at_once: Callbacks that are asked at the same time.
            timeout_s: What one of them may take.
            worker: Name of this process, for its claims.
            now: The clock.
            random_fraction: Gives so many random bytes, that nobody can guess.
            heard: Told what came of each question, once it is stored.
            ways: What is asked in each protocol.
        """
        self._database = database
        self._catalogue = catalogue
        self._load = ConcurrencyLimit(most=at_once, most_a_host=QUESTIONS_PER_HOST)
        self._claim_for = timedelta(seconds=timeout_s + _CLAIM_SLACK_S)
        self._worker = worker
        self._now = now
        self._random_fraction = random_fraction
        self._heard = heard
        self._ways = ways
        self._change_poller = ChangePoller(Changes(database))
        self._own_callbacks = f"{catalogue.site.hub}/"

    def record(
        self, ended: Sequence[Completed[CallbackQuestion]], *, begins: bool
    ) -> NextJobs[CallbackQuestion]:
        """Write down what callbacks answered, and claim those that are to be asked."""
        is_called_for = self._change_poller.is_due()
        now = self._now()
        if not ended and not (begins and is_called_for and self._has_work(now)):
            return NextJobs()
        with self._load.undone_on_error():
            for one in ended:
                self._load.release(one.job.host)
            # What is lost with the machine is asked again.
            with self._database.unsynced() as tx:
                heard = [self._settle(tx, one, now=now) for one in ended]
                page = self._take(tx, now=now) if begins else NextJobs()
                tx.hub_tallies.add(self._catalogue.site.hub, **_counts(ended, heard))
        for one, came in zip(ended, heard, strict=True):
            _tell(one.job.subject.pending, came)
            self._heard(one.job.subject.pending, came)
        return page

    def may_have_work(self) -> bool:
        """Say at once whether `keep` is worth a call when nothing has ended."""
        return self._change_poller.may_be_called_for()

    def abandon(self, ended: Sequence[Completed[CallbackQuestion]]) -> None:
        """Free what they took."""
        for one in ended:
            self._load.release(one.job.host)

    def close(self) -> None:
        """Give the connection back."""
        self._change_poller.close()

    def _has_work(self, now: datetime) -> bool:
        # Asked first without the lock of a writer: most of what others commit is not for us.
        with self._database.read() as tx:
            left_out = self._load.full_hosts
            return bool(tx.subscriptions.due(now=now, limit=1, without_hosts=left_out))

    def _take(self, tx: Transaction, *, now: datetime) -> NextJobs[CallbackQuestion]:
        limit = min(_STEP, self._load.room)
        if not limit:
            return NextJobs()
        found = tx.subscriptions.due(now=now, limit=limit, without_hosts=self._load.full_hosts)
        chosen = [one for one in found if self._load.acquire(one.request.host)]
        ids = tx.subscriptions.claim_requests(
            [one.id for one in chosen], worker=self._worker, now=now, until=now + self._claim_for
        )
        over = ended_feeds(tx, self._catalogue, {one.request.feed for one in chosen}, now=now)
        jobs = []
        for one in chosen:
            job = self._job(self._meant(one, is_over=one.request.feed in over))
            if one.id in ids and job is not None:
                jobs.append(job)
                continue
            self._load.release(one.request.host)
            if one.id in ids:
                tx.subscriptions.drop_requests([one.id])
        return NextJobs(jobs, has_more=len(found) == limit and bool(ids) and self._load.room > 0)

    def _meant(self, pending: PendingRequest, *, is_over: bool) -> PendingRequest:
        """The request, or the denial that has become of it (WebSub 5.2)."""
        request = pending.request
        if not is_over or request.mode is not Mode.SUBSCRIBE:
            return pending
        reason = ending_reason(self._catalogue, request.feed)
        return replace(pending, request=replace(request, mode=Mode.DENIED, reason=reason))

    def _job(self, pending: PendingRequest) -> Job[CallbackQuestion] | None:
        """What the callback is asked or told; None where nothing is said of it."""
        request, way = pending.request, self._ways[pending.request.wire]
        question = CallbackQuestion(pending, challenge(self._random_fraction(CHALLENGE_BYTES)))
        if question.is_denial:
            bulk_request = way.denying(pending)
        else:
            bulk_request = way.asking(pending, question.challenge)
        if bulk_request is not None and request.callback.startswith(self._own_callbacks):
            bulk_request = replace(bulk_request, is_own=True)
        return None if bulk_request is None else Job(question, request.host, bulk_request)

    def _settle(
        self, tx: Transaction, ended: Completed[CallbackQuestion], *, now: datetime
    ) -> VerificationResult:
        question, end = ended.job.subject, ended.result
        pending = question.pending
        if isinstance(end, OutboundFailed):
            return self._put_off(tx, pending, end, now=now)
        said = str(end.status)
        if not question.is_denial and self._is_confirmed(question, end):
            is_in_time = tx.subscriptions.confirm(pending, now=now)
            return VerificationResult(
                VerificationVerdict.CONFIRMED if is_in_time else VerificationVerdict.OUTDATED, said
            )
        tx.subscriptions.drop_requests([pending.id])
        return VerificationResult(
            VerificationVerdict.TOLD if question.is_denial else VerificationVerdict.REFUSED, said
        )

    def _is_confirmed(self, question: CallbackQuestion, bulk_response: BulkResponse) -> bool:
        way = self._ways[question.pending.request.wire]
        return way.confirms(question.pending, question.challenge, bulk_response)

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
    ended: Sequence[Completed[CallbackQuestion]], heard: Sequence[VerificationResult]
) -> dict[str, int]:
    return {
        "verifications_sent": sum(not one.job.subject.is_denial for one in ended),
        "verifications_confirmed": sum(
            came.verdict is VerificationVerdict.CONFIRMED for came in heard
        ),
    }


def _tell(pending: PendingRequest, came: VerificationResult) -> None:
    # Of the callback, its host alone: the rest is nobody's but the subscriber's.
    request = pending.request
    _log.info(
        _EVENTS[came.verdict],
        mode=request.mode.value,
        topic=request.topic,
        host=request.host,
        said=came.said,
    )
