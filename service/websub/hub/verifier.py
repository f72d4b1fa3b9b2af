"""Asks callbacks whether they want what was asked for in their name (WebSub 5.2, 5.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, PendingRequest, Wire
from feeds.store.changes import Changes
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.outbound import OutboundFailed, Receipt
from service.websub.hub.attention import Attention
from service.websub.hub.challenges import CHALLENGE_BYTES, challenge
from service.websub.hub.load import Load
from service.websub.hub.rounds import Ended, Errand, Page
from service.websub.hub.topics import farewell, gone
from service.websub.hub.ways import WAYS, Way

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


class Verdict(StrEnum):
    """What came of a question."""

    CONFIRMED = "confirmed"
    OUTDATED = "outdated"  #: confirmed, after a later request for the same subscription
    REFUSED = "refused"  #: the answer was no confirmation
    TOLD = "told"  #: of a denial
    PUT_OFF = "put off"  #: no answer; to be asked again
    GIVEN_UP = "given up"


#: What ops read of each in the log.
_EVENTS = {
    Verdict.CONFIRMED: "request confirmed",
    Verdict.OUTDATED: "request out of date",
    Verdict.REFUSED: "request not confirmed",
    Verdict.TOLD: "denial told",
    Verdict.PUT_OFF: "callback gave no answer",
    Verdict.GIVEN_UP: "request given up",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a question, and how the callback put it."""

    verdict: Verdict
    said: str  #: its status, or why there was no answer; one line


@dataclass(frozen=True, slots=True)
class Question:
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
        chance: Callable[[int], bytes],
        heard: Callable[[PendingRequest, Heard], object] = lambda *_: None,
        ways: Mapping[Wire, Way] = WAYS,
    ) -> None:
        """Keep what every question needs.

        Args:
            database: Holds the requests.
            catalogue: Says which topics there are.
            at_once: Callbacks that are asked at the same time.
            timeout_s: What one of them may take.
            worker: Name of this process, for its claims.
            now: The clock.
            chance: Gives so many random bytes, that nobody can guess.
            heard: Told what came of each question, once it is stored.
            ways: What is asked in each protocol.
        """
        self._database = database
        self._catalogue = catalogue
        self._load = Load(most=at_once, most_a_host=QUESTIONS_PER_HOST)
        self._claim_for = timedelta(seconds=timeout_s + _CLAIM_SLACK_S)
        self._worker = worker
        self._now = now
        self._chance = chance
        self._heard = heard
        self._ways = ways
        self._attention = Attention(Changes(database))
        self._own_callbacks = f"{catalogue.site.hub}/"

    def keep(self, ended: Sequence[Ended[Question]], *, begins: bool) -> Page[Question]:
        """Write down what callbacks answered, and claim those that are to be asked."""
        is_called_for = self._attention.is_called_for()
        now = self._now()
        if not ended and not (begins and is_called_for and self._has_work(now)):
            return Page()
        with self._load.unless_it_fails():
            for one in ended:
                self._load.take_off(one.errand.host)
            # What is lost with the machine is asked again.
            with self._database.unsynced() as tx:
                heard = [self._settle(tx, one, now=now) for one in ended]
                page = self._take(tx, now=now) if begins else Page()
                tx.hub_tallies.add(self._catalogue.site.hub, **_counts(ended, heard))
        for one, came in zip(ended, heard, strict=True):
            _tell(one.errand.of.pending, came)
            self._heard(one.errand.of.pending, came)
        return page

    def may_have_work(self) -> bool:
        """Say at once whether `keep` is worth a call when nothing has ended."""
        return self._attention.may_be_called_for()

    def lose(self, ended: Sequence[Ended[Question]]) -> None:
        """Free what they took."""
        for one in ended:
            self._load.take_off(one.errand.host)

    def close(self) -> None:
        """Give the connection back."""
        self._attention.close()

    def _has_work(self, now: datetime) -> bool:
        # Asked first without the lock of a writer: most of what others commit is not for us.
        with self._database.read() as tx:
            left_out = self._load.full_hosts
            return bool(tx.subscriptions.due(now=now, limit=1, without_hosts=left_out))

    def _take(self, tx: Transaction, *, now: datetime) -> Page[Question]:
        limit = min(_STEP, self._load.room)
        if not limit:
            return Page()
        found = tx.subscriptions.due(now=now, limit=limit, without_hosts=self._load.full_hosts)
        chosen = [one for one in found if self._load.add(one.request.host)]
        ids = tx.subscriptions.claim_requests(
            [one.id for one in chosen], worker=self._worker, now=now, until=now + self._claim_for
        )
        over = gone(tx, self._catalogue, {one.request.feed for one in chosen}, now=now)
        errands = []
        for one in chosen:
            errand = self._errand(self._meant(one, is_over=one.request.feed in over))
            if one.id in ids and errand is not None:
                errands.append(errand)
                continue
            self._load.take_off(one.request.host)
            if one.id in ids:
                tx.subscriptions.drop_requests([one.id])
        return Page(errands, has_more=len(found) == limit and bool(ids) and self._load.room > 0)

    def _meant(self, pending: PendingRequest, *, is_over: bool) -> PendingRequest:
        """The request, or the denial that has become of it (WebSub 5.2)."""
        request = pending.request
        if not is_over or request.mode is not Mode.SUBSCRIBE:
            return pending
        reason = farewell(self._catalogue, request.feed)
        return replace(pending, request=replace(request, mode=Mode.DENIED, reason=reason))

    def _errand(self, pending: PendingRequest) -> Errand[Question] | None:
        """What the callback is asked or told; None where nothing is said of it."""
        request, way = pending.request, self._ways[pending.request.wire]
        question = Question(pending, challenge(self._chance(CHALLENGE_BYTES)))
        if question.is_denial:
            parcel = way.denying(pending)
        else:
            parcel = way.asking(pending, question.challenge)
        if parcel is not None and request.callback.startswith(self._own_callbacks):
            parcel = replace(parcel, is_own=True)
        return None if parcel is None else Errand(question, request.host, parcel)

    def _settle(self, tx: Transaction, ended: Ended[Question], *, now: datetime) -> Heard:
        question, end = ended.errand.of, ended.end
        pending = question.pending
        if isinstance(end, OutboundFailed):
            return self._put_off(tx, pending, end, now=now)
        said = str(end.status)
        if not question.is_denial and self._is_confirmed(question, end):
            is_in_time = tx.subscriptions.confirm(pending, now=now)
            return Heard(Verdict.CONFIRMED if is_in_time else Verdict.OUTDATED, said)
        tx.subscriptions.drop_requests([pending.id])
        return Heard(Verdict.TOLD if question.is_denial else Verdict.REFUSED, said)

    def _is_confirmed(self, question: Question, receipt: Receipt) -> bool:
        way = self._ways[question.pending.request.wire]
        return way.confirms(question.pending, question.challenge, receipt)

    def _put_off(
        self, tx: Transaction, pending: PendingRequest, error: OutboundFailed, *, now: datetime
    ) -> Heard:
        if error.permanent or pending.attempts >= len(PAUSES_S):
            tx.subscriptions.drop_requests([pending.id])
            return Heard(Verdict.GIVEN_UP, error.reason)
        pause_s = PAUSES_S[pending.attempts]
        tx.subscriptions.put_off(pending.id, until=now + timedelta(seconds=pause_s))
        return Heard(Verdict.PUT_OFF, error.reason)


def _counts(ended: Sequence[Ended[Question]], heard: Sequence[Heard]) -> dict[str, int]:
    return {
        "verifications_sent": sum(not one.errand.of.is_denial for one in ended),
        "verifications_confirmed": sum(came.verdict is Verdict.CONFIRMED for came in heard),
    }


def _tell(pending: PendingRequest, came: Heard) -> None:
    # Of the callback, its host alone: the rest is nobody's but the subscriber's.
    request = pending.request
    _log.info(
        _EVENTS[came.verdict],
        mode=request.mode.value,
        topic=request.topic,
        host=request.host,
        said=came.said,
    )
