"""Asks callbacks whether they want what was asked for in their name (WebSub 5.2, 5.3)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, PendingRequest, Wire
from feeds.store.changes import Changes
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.outbound import OutboundFailed
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
            ways: What is asked in each protocol.
        """
        self._database = database
        self._catalogue = catalogue
        self._load = Load(most=at_once, most_a_host=QUESTIONS_PER_HOST)
        self._claim_for = timedelta(seconds=timeout_s + _CLAIM_SLACK_S)
        self._worker = worker
        self._now = now
        self._chance = chance
        self._ways = ways
        self._attention = Attention(Changes(database))
        self._own_callbacks = f"{catalogue.site.hub}/"

    def keep(self, ended: Sequence[Ended[Question]], *, begins: bool) -> Page[Question]:
        """Write down what callbacks answered, and claim those that are to be asked."""
        is_called_for = self._attention.is_called_for()
        now = self._now()
        if not ended and not (begins and is_called_for and self._has_work(now)):
            return Page()
        told = _Told()
        with self._load.unless_it_fails():
            for one in ended:
                self._load.take_off(one.errand.host)
            # What is lost with the machine is asked again.
            with self._database.unsynced() as tx:
                for one in ended:
                    self._settle(tx, one, told, now=now)
                page = self._take(tx, now=now) if begins else Page[Question]()
                tx.hub_tallies.add(self._catalogue.site.hub, **told.counts)
        told.tell()
        return page

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
            return bool(tx.subscriptions.due(now=now, limit=1))

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

    def _settle(
        self, tx: Transaction, ended: Ended[Question], told: "_Told", *, now: datetime
    ) -> None:
        question, end = ended.errand.of, ended.end
        pending = question.pending
        if not question.is_denial:
            told.counts["verifications_sent"] += 1
        if isinstance(end, OutboundFailed):
            self._put_off(tx, question, end, told, now=now)
        elif question.is_denial:
            tx.subscriptions.drop_requests([pending.id])
            told.add("denial told", pending, status=end.status)
        elif self._ways[pending.request.wire].confirms(pending, question.challenge, end):
            self._confirm(tx, pending, told, now=now)
        else:
            tx.subscriptions.drop_requests([pending.id])
            told.add("request not confirmed", pending, status=end.status)

    def _confirm(
        self, tx: Transaction, pending: PendingRequest, told: "_Told", *, now: datetime
    ) -> None:
        told.counts["verifications_confirmed"] += 1
        if not tx.subscriptions.confirm(pending, now=now):
            told.add("request out of date", pending)
        elif pending.request.mode is Mode.SUBSCRIBE:
            told.add("subscription confirmed", pending, lease_s=pending.request.lease_s)
        else:
            told.add("subscription ended", pending)

    def _put_off(
        self,
        tx: Transaction,
        question: Question,
        error: OutboundFailed,
        told: "_Told",
        *,
        now: datetime,
    ) -> None:
        pending = question.pending
        if error.permanent or pending.attempts >= len(PAUSES_S):
            tx.subscriptions.drop_requests([pending.id])
            told.add("request given up", pending, reason=error.reason)
            return
        pause_s = PAUSES_S[pending.attempts]
        tx.subscriptions.put_off(pending.id, until=now + timedelta(seconds=pause_s))
        told.add("callback gave no answer", pending, reason=error.reason, next=f"{pause_s:g}s")


class _Told:
    """What is to be counted and told of, once it is stored."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lines: list[tuple[str, dict[str, Any]]] = []

    def add(self, event: str, pending: PendingRequest, **facts: Any) -> None:
        # Of the callback, its host alone: the rest is nobody's but the subscriber's.
        request = pending.request
        named = {"mode": request.mode.value, "topic": request.topic, "host": request.host}
        self._lines.append((event, {**named, **facts}))

    def tell(self) -> None:
        for event, facts in self._lines:
            _log.info(event, **facts)
