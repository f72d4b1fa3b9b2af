"""Talks to one hub: claims a ping, sends it, and records the result."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from feeds.model.feed import Site
from feeds.model.listing import DuePing
from feeds.store.database import Database, Transaction
from service.http_rules import asked_pause
from service.logs import get_logger
from service.outbound import Credentials, HttpClient, HttpResponse, OutboundFailed
from service.websub.retries import RetryPlan, in_short

# The form of a ping, which WebSub section 6 "Publishing" leaves open. Pure.

#: Names of the fields with the topic, unless others are configured.
TOPIC_FIELDS = ("hub.url",)

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PingFormat:
    """The form of the pings to one hub, and the number of topics in each."""

    first_fields: Fields = (("hub.mode", "publish"),)
    topic_fields: tuple[str, ...] = TOPIC_FIELDS  #: such as ``hub.url`` and ``hub.topic``
    topics_at_once: int = 1  #: not every hub reads several
    extra_fields: Fields = ()
    credentials: Credentials | None = None  #: for this hub only

    def form(self, topics: Sequence[str]) -> list[tuple[str, str]]:
        """Returns the form of a ping for *topics*, the self URLs of documents.

        Source: ``hub.mode=publish``, and ``hub.url`` repeated for several topics, are from
        PubSubHubbub Core 0.3 section 7.1, which hubs still support. Some read ``hub.topic``.
        """
        named = [(name, topic) for topic in topics for name in self.topic_fields]
        return [*self.first_fields, *named, *self.extra_fields]


#: The format for most hubs.
PLAIN = PingFormat()

#: The format for rssCloud servers: the walkthrough's ``ping``, with one feed in each request.
RSSCLOUD = PingFormat(first_fields=(), topic_fields=("url",))


# The answer to a ping. Pure.

#: Stored length of a hub's explanation: enough for a person, short enough for a log line.
_MAX_EXCERPT_CHARS = 200

#: Statuses that concern the hub rather than the topic (RFC 6585 section 4, RFC 9110 15.6.4).
_HUB_ASKS_FOR_TIME = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOutcome:
    """The outcome of one ping."""

    is_accepted: bool
    result: str  #: for a person; one line
    took_s: float = 0.0  #: until the hub answered; 0 when it did not
    concerns_hub: bool = False  #: True when pings for other topics would fail, too
    asked_pause: timedelta | None = None  #: pause that the hub requested


def outcome_of(answer: HttpResponse, *, now: datetime) -> PingOutcome:
    """Reads a hub's answer. All statuses but 2xx are retried, 4xx too: hubs fail temporarily.

    A redirect is a failure, because the operator decides where pings go.
    """
    said = f"{answer.status} {answer.reason}".rstrip()
    if answer.is_success:
        return PingOutcome(is_accepted=True, result=said, took_s=answer.elapsed_s)
    if location := answer.headers.get("location"):
        said = f"{said}; redirects are not followed, this one goes to {location}"
    if excerpt := answer.excerpt[:_MAX_EXCERPT_CHARS]:
        said = f"{said}: {excerpt}"
    asks_for_time = answer.status in _HUB_ASKS_FOR_TIME
    pause = asked_pause(answer.headers.get("retry-after"), now=now) if asks_for_time else None
    return PingOutcome(
        is_accepted=False,
        result=said,
        took_s=answer.elapsed_s,
        concerns_hub=asks_for_time,
        asked_pause=pause,
    )


def outcome_of_failure(error: OutboundFailed) -> PingOutcome:
    """Returns the outcome without an answer. Forbidden and invalid addresses are retried, too.

    A DNS record may be wrong for an hour; meanwhile ``hub pings`` shows the reason.
    """
    return PingOutcome(is_accepted=False, result=error.reason, concerns_hub=True)


# The sender.

_log = get_logger(__name__)

#: A claim lasts this much longer than the request, for a slow resolver and a locked store. After a
#: crash a ping is sent again when its claim has expired.
_CLAIM_SLACK_S = 60.0


#: Topics of the built-in hub in one transaction. A release is in a few feeds with three formats,
#: and each transaction waits for the disk. The number is small because other writers wait.
_OWN_AT_ONCE = 12


class PingVerdict(StrEnum):
    """The result of a ping that was due."""

    ACCEPTED = "told"
    PUT_OFF = "put off"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PingResult:
    """One ping and its result, for a person."""

    ping: DuePing
    topic: str
    verdict: PingVerdict
    result: str  #: the hub's answer, or the reason why there is none
    took_s: float  #: until the hub answered; 0 when it did not
    next_at: datetime | None  #: time of the next try; None unless put off


class PingSender:
    """Sends pings to one hub at a time, and handles failures."""

    def __init__(
        self,
        database: Database,
        outbound: HttpClient,
        *,
        site: Site,
        plan: RetryPlan,
        random_fraction: Callable[[], float],
        ping_formats: Mapping[str, PingFormat] = MappingProxyType({}),
        usual: PingFormat = PLAIN,
        own_hub: str | None = None,
    ) -> None:
        """Sets up the sender; sends nothing.

        Args:
            database: Stores the outbox.
            outbound: Sends the requests, with its time limit for each try.
            site: Has the URLs of the topics.
            plan: Pauses after failures.
            random_fraction: Returns a random number from 0 to 1; see `RetryPlan`.
            ping_formats: For hubs that need a special format, by their URL.
            usual: The format for all others.
            own_hub: The built-in hub's URL. It gets no request: its deliveries are opened in the
                transaction that records the ping as accepted.
        """
        self._database = database
        self._outbound = outbound
        self._site = site
        self._plan = plan
        self._random_fraction = random_fraction
        self._ping_formats = ping_formats
        self._usual = usual
        self._own_hub = own_hub
        self._claim = timedelta(seconds=outbound.timeout_s + _CLAIM_SLACK_S)
        self._paused_until: dict[str, datetime] = {}

    def is_paused(self, hub: str, *, now: datetime) -> bool:
        """Whether a pause that the hub requested is not over.

        Only this process knows of the pause. Another one sends a request, and gets the same answer.
        """
        until = self._paused_until.get(hub)
        return until is not None and now < until

    def send(
        self,
        pings: Sequence[DuePing],
        *,
        now: Callable[[], datetime],
        is_outdated: Callable[[], bool] = lambda: False,
    ) -> list[PingResult]:
        """Sends *pings* to one hub, one request after the other; skips those claimed elsewhere.

        Each request has as many topics as the hub's format allows.

        When the hub does not answer, or requests a pause, the remaining pings are put off together
        with the failed one, so that ten topics do not wait for ten timeouts.

        Args:
            pings: All to one hub.
            now: The clock.
            is_outdated: Called before each request. True ends the loop, because the outbox should
                be read again: otherwise newer editions would be pinged twice.
        """
        results: list[PingResult] = []
        sent = 0
        for batch in self._batches(pings):
            if is_outdated():
                break
            if self.is_own(batch[0].hub):
                results += self._send_own(batch, now=now())
                continue
            sent += len(batch)
            claimed, outcome = self._try(batch, now=now)
            if outcome is None:
                continue
            recorded = self._record(claimed, outcome, now=now())
            results += recorded
            if outcome.concerns_hub:
                rest = self._put_off_rest(pings[sent:], outcome, recorded[0], now=now())
                return results + rest
        return results

    def is_own(self, hub: str) -> bool:
        """Whether this is the built-in hub, which needs no request."""
        return hub == self._own_hub

    def _batches(self, pings: Sequence[DuePing]) -> Iterator[Sequence[DuePing]]:
        if not pings:
            return
        hub = pings[0].hub
        at_once = _OWN_AT_ONCE if self.is_own(hub) else self._format(hub).topics_at_once
        for start in range(0, len(pings), at_once):
            yield pings[start : start + at_once]

    def _format(self, hub: str) -> PingFormat:
        return self._ping_formats.get(hub, self._usual)

    def _send_own(self, pings: Sequence[DuePing], *, now: datetime) -> list[PingResult]:
        """Opens the deliveries of these topics, all in one transaction."""
        results = []
        with self._database.transaction() as store:
            # Results are recorded in the same transaction, before others can see the claims.
            claimed = self._claimed(store, pings, now=now)
            for ping in claimed:
                count = store.deliveries.open(ping.feed, ping.format, edition=ping.edition, now=now)
                outcome = PingOutcome(is_accepted=True, result=f"to be delivered to {count}")
                results.append(self._result_of(ping, outcome, now=now))
            for result in results:
                _store_result(store, result, now=now)
        for result in results:
            # At debug level only: the hub logs the deliveries.
            _log.debug("distribution opened", topic=result.topic, result=result.result)
        return results

    def _try(
        self, pings: Sequence[DuePing], *, now: Callable[[], datetime]
    ) -> tuple[list[DuePing], PingOutcome | None]:
        """Sends *pings* in one request, without those claimed or accepted meanwhile.

        Returns:
            The pings that were sent, and the outcome; None when no ping was left to send.
        """
        claimed_at = now()
        with self._database.transaction() as store:
            claimed = self._claimed(store, pings, now=claimed_at)
        if not claimed:
            return [], None
        hub = claimed[0].hub
        ping_format = self._format(hub)
        form = ping_format.form([self._topic(ping) for ping in claimed])
        try:
            answer = self._outbound.post_form(hub, form, credentials=ping_format.credentials)
        except OutboundFailed as error:
            return claimed, outcome_of_failure(error)
        return claimed, outcome_of(answer, now=now())

    def _record(
        self, pings: Sequence[DuePing], outcome: PingOutcome, *, now: datetime
    ) -> list[PingResult]:
        """Records the outcome of *pings*, which were sent and will be retried together."""
        first, *others = (self._result_of(ping, outcome, now=now) for ping in pings)
        results = [first, *(_aligned(result, first) for result in others)]
        with self._database.transaction() as store:
            store.pings.lock(pings)
            for result in results:
                _store_result(store, result, now=now)
        if outcome.asked_pause and first.next_at:
            self._paused_until[first.ping.hub] = first.next_at
        for result in results:
            _log_result(result, now=now)
        return results

    def _put_off_rest(
        self, rest: Sequence[DuePing], outcome: PingOutcome, failed: PingResult, *, now: datetime
    ) -> list[PingResult]:
        """Puts off the remaining pings, without a try, until the *failed* one is due again."""
        results = []
        with self._database.transaction() as store:
            for ping in self._claimed(store, rest, now=now):
                result = _aligned(self._result_of(ping, outcome, now=now), failed)
                _store_result(store, result, now=now)
                results.append(result)
        _log_put_off(results, now=now)
        return results

    def _claimed(
        self, store: Transaction, pings: Sequence[DuePing], *, now: datetime
    ) -> list[DuePing]:
        """Claims *pings*; returns those that no other worker had claimed."""
        store.pings.lock(pings)
        until = now + self._claim
        return [each for each in pings if store.pings.claim(each, now=now, until=until)]

    def _result_of(self, ping: DuePing, outcome: PingOutcome, *, now: datetime) -> PingResult:
        verdict, next_at = PingVerdict.ACCEPTED, None
        if not outcome.is_accepted:
            since = ping.first_failed_at or now
            pause = self._plan.next_pause(ping.attempts + 1, since, now, self._random_fraction())
            verdict = PingVerdict.PUT_OFF if pause else PingVerdict.GIVEN_UP
            next_at = now + self._plan.stretch(pause, outcome.asked_pause) if pause else None
        return PingResult(
            ping=ping,
            topic=self._topic(ping),
            verdict=verdict,
            result=outcome.result,
            took_s=outcome.took_s,
            next_at=next_at,
        )

    def _topic(self, ping: DuePing) -> str:
        return self._site.topic(ping.feed, ping.format)


def _aligned(result: PingResult, first: PingResult) -> PingResult:
    """Returns *result* with the next try at the same time as *first*."""
    if result.next_at and first.next_at:
        return replace(result, next_at=first.next_at)
    return result


def _store_result(store: Transaction, result: PingResult, *, now: datetime) -> None:
    """Stores the result of a ping that this worker has claimed."""
    is_accepted = result.verdict is PingVerdict.ACCEPTED
    store.hub_tallies.add(result.ping.hub, pings_sent=1, pings_accepted=int(is_accepted))
    if not is_accepted:
        store.hub_tallies.failed(result.ping.hub, at=now, why=result.result)
    if is_accepted:
        store.pings.accepted(result.ping, now=now, result=result.result)
        store.canaries.expect(result.ping, told_at=now - timedelta(seconds=result.took_s))
    elif result.next_at:
        store.pings.postpone(result.ping, now=now, until=result.next_at, result=result.result)
    else:
        store.pings.give_up(result.ping, now=now, result=result.result)


def _log_result(result: PingResult, *, now: datetime) -> None:
    log = _log.bind(topic=result.topic, hub=result.ping.hub)
    tries = result.ping.attempts + 1
    if result.verdict is PingVerdict.ACCEPTED:
        log.info("ping accepted", took=f"{result.took_s:.2f}s", result=result.result)
    elif result.next_at:
        next_in = in_short(result.next_at - now)
        log.warning("ping failed", **{"try": tries}, next=next_in, reason=result.result)
    else:
        log.error("ping given up", tries=tries, reason=result.result)


def _log_put_off(results: Sequence[PingResult], *, now: datetime) -> None:
    put_off = [result for result in results if result.next_at]
    if put_off and (next_at := put_off[0].next_at):
        hub, count = put_off[0].ping.hub, len(put_off)
        _log.warning("pings put off", hub=hub, count=count, next=in_short(next_at - now))
    for result in results:
        if not result.next_at:
            _log_result(result, now=now)
