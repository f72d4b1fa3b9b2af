"""Talks to one hub: claims a ping, sends it, and records the result."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from feeds.model.feed import Site
from feeds.model.listing import DuePing
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.outbound import Credentials, HttpClient, HttpResponse, OutboundFailed
from service.websub.retries import RetryPlan, asked_pause, in_short

# How a hub wants to be told of news: WebSub section 6 "Publishing" leaves it open. Pure.

#: Field names that carry the topic, unless ops configure others.
TOPIC_FIELDS = ("hub.url",)

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PingFormat:
    """What one hub reads, and how much of it at once."""

    first_fields: Fields = (("hub.mode", "publish"),)
    topic_fields: tuple[str, ...] = TOPIC_FIELDS  #: such as ``hub.url`` and ``hub.topic``
    topics_at_once: int = 1  #: hubs differ in reading several
    extra_fields: Fields = ()
    credentials: Credentials | None = None  #: for this hub alone

    def form(self, topics: Sequence[str]) -> list[tuple[str, str]]:
        """The form that tells of a new state of *topics*, the self URLs of documents.

        Source: ``hub.mode=publish`` and ``hub.url``, again and again for several, are those of
        PubSubHubbub Core 0.3 section 7.1, which hubs kept. Some read ``hub.topic``.
        """
        named = [(name, topic) for topic in topics for name in self.topic_fields]
        return [*self.first_fields, *named, *self.extra_fields]


#: How most hubs are told.
PLAIN = PingFormat()

#: How an rssCloud server is told: the walkthrough's ``ping``, one feed a request.
RSSCLOUD = PingFormat(first_fields=(), topic_fields=("url",))


# What a hub's answer to a ping means. Pure.

#: What is kept of a hub's explanation: enough for a person, short enough for a line of the log.
_MAX_EXCERPT_CHARS = 200

#: Answers that speak of the hub rather than of the topic (RFC 6585 section 4, RFC 9110 15.6.4).
_HUB_ASKS_FOR_TIME = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOutcome:
    """What became of one ping."""

    is_told: bool
    result: str  #: for a person; one line
    took_s: float = 0.0  #: until the hub had answered; 0 when it did not
    concerns_hub: bool = False  #: True when another topic would fare no better with it now
    asked_pause: timedelta | None = None  #: how long the hub wants to be left alone


def outcome_of(answer: HttpResponse, *, now: datetime) -> PingOutcome:
    """Judge a hub's answer. Everything but 2xx is tried again, 4xx too: hubs have bad days.

    A redirect is a failure: it is the operator who says where pings go.
    """
    said = f"{answer.status} {answer.reason}".rstrip()
    if answer.is_success:
        return PingOutcome(is_told=True, result=said, took_s=answer.elapsed_s)
    if location := answer.headers.get("location"):
        said = f"{said}; redirects are not followed, this one goes to {location}"
    if excerpt := answer.excerpt[:_MAX_EXCERPT_CHARS]:
        said = f"{said}: {excerpt}"
    asks_for_time = answer.status in _HUB_ASKS_FOR_TIME
    pause = asked_pause(answer.headers.get("retry-after"), now=now) if asks_for_time else None
    return PingOutcome(
        is_told=False,
        result=said,
        took_s=answer.elapsed_s,
        concerns_hub=asks_for_time,
        asked_pause=pause,
    )


def outcome_of_failure(error: OutboundFailed) -> PingOutcome:
    """Judge a hub that gave no answer. Forbidden and unusable addresses are tried again too.

    A DNS record may be wrong for an hour; meanwhile the reason stands in ``hub pings``.
    """
    return PingOutcome(is_told=False, result=error.reason, concerns_hub=True)


# Talks to one hub: claims a ping, sends it, and notes what became of it.

_log = get_logger(__name__)

#: A claim outlasts the exchange by this much: for a slow resolver and a store that is locked.
#: After a crash a ping waits so long at most, and is then sent again.
_CLAIM_SLACK_S = 60.0


#: Topics of our own hub in one transaction: a release is in a few feeds of three formats, and each
#: transaction is a wait for the disk. Nobody else writes meanwhile, so they are not more.
_OWN_AT_ONCE = 12


class PingVerdict(StrEnum):
    """What became of a ping in a round."""

    TOLD = "told"
    PUT_OFF = "put off"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PingResult:
    """One ping after a round, for a person."""

    ping: DuePing
    topic: str
    verdict: PingVerdict
    result: str  #: what the hub said, or why nothing came from it
    took_s: float  #: until the hub had answered; 0 when it did not
    next_at: datetime | None  #: when it is tried again; None unless put off


class PingSender:
    """Tells one hub after the other, and knows what to do when one does not listen."""

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
        """Keep what every ping needs.

        Args:
            database: Holds the outbox.
            outbound: Its time limit is what one try may take.
            site: Gives the topics their URLs.
            plan: Pauses after failures.
            random_fraction: Gives a number from 0 to 1, another one each time; see `RetryPlan`.
            ping_formats: Of the hubs with ways of their own, by their URL.
            usual: Of all others.
            own_hub: The built-in hub's URL. It is not asked over the network: what it would do is
                done, in the transaction that notes it as told.
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
        self._left_alone_until: dict[str, datetime] = {}

    def leaves_alone(self, hub: str, *, now: datetime) -> bool:
        """True while a hub has asked for time, even when there is news for it.

        It is known to this process alone: another one, or the next, asks once and is told the same.
        """
        until = self._left_alone_until.get(hub)
        return until is not None and now < until

    def send(
        self,
        pings: Sequence[DuePing],
        *,
        now: Callable[[], datetime],
        is_outdated: Callable[[], bool] = lambda: False,
    ) -> list[PingResult]:
        """Send *pings*, all to one hub, one after the other; leave out what others have claimed.

        A hub that reads several topics in one request gets as many in each as it reads.

        A hub that does not answer, or asks for time, is tried once: what is left is put off with
        the ping that failed, so that ten topics do not wait for ten timeouts.

        Args:
            pings: What the outbox held for the hub.
            now: The clock.
            is_outdated: Asked before each ping; True when the outbox should be read again first,
                as newer editions would be pinged twice otherwise.
        """
        results: list[PingResult] = []
        sent = 0
        for together in self._parted(pings):
            if is_outdated():
                break
            if self.is_own(together[0].hub):
                results += self._send_own(together, now=now())
                continue
            sent += len(together)
            claimed, outcome = self._try(together, now=now)
            if outcome is None:
                continue
            settled = self._settle(claimed, outcome, now=now())
            results += settled
            if outcome.concerns_hub:
                rest = self._settle_rest(pings[sent:], outcome, settled[0], now=now())
                return results + rest
        return results

    def is_own(self, hub: str) -> bool:
        """True for the built-in hub, which is told without a request."""
        return hub == self._own_hub

    def _parted(self, pings: Sequence[DuePing]) -> Iterator[Sequence[DuePing]]:
        if not pings:
            return
        hub = pings[0].hub
        at_once = _OWN_AT_ONCE if self.is_own(hub) else self._format(hub).topics_at_once
        for start in range(0, len(pings), at_once):
            yield pings[start : start + at_once]

    def _format(self, hub: str) -> PingFormat:
        return self._ping_formats.get(hub, self._usual)

    def _send_own(self, pings: Sequence[DuePing], *, now: datetime) -> list[PingResult]:
        """Have the subscribers of these topics served, all in one transaction or none."""
        results = []
        with self._database.transaction() as store:
            # They are noted below, before anybody else can see that they were claimed.
            claimed = self._claimed(store, pings, now=now)
            for ping in claimed:
                count = store.deliveries.open(ping.feed, ping.format, edition=ping.edition, now=now)
                outcome = PingOutcome(is_told=True, result=f"to be delivered to {count}")
                results.append(self._judge(ping, outcome, now=now))
            for result in results:
                _note(store, result, now=now)
        for result in results:
            # A line each would say little: what comes of it, the hub tells.
            _log.debug("distribution opened", topic=result.topic, result=result.result)
        return results

    def _try(
        self, pings: Sequence[DuePing], *, now: Callable[[], datetime]
    ) -> tuple[list[DuePing], PingOutcome | None]:
        """Send *pings* in one request, but for those that others have or that were told meanwhile.

        Returns those that were sent; if none are left, no outcome either.
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

    def _settle(
        self, pings: Sequence[DuePing], outcome: PingOutcome, *, now: datetime
    ) -> list[PingResult]:
        """Note what became of *pings*, which went out together and come back together."""
        first, *others = (self._judge(ping, outcome, now=now) for ping in pings)
        results = [first, *(_aligned(result, first) for result in others)]
        with self._database.transaction() as store:
            store.pings.lock(pings)
            for result in results:
                _note(store, result, now=now)
        if outcome.asked_pause and first.next_at:
            self._left_alone_until[first.ping.hub] = first.next_at
        for result in results:
            _tell_ops(result, now=now)
        return results

    def _settle_rest(
        self, rest: Sequence[DuePing], outcome: PingOutcome, failed: PingResult, *, now: datetime
    ) -> list[PingResult]:
        """Put off, without a try, what is left for a hub to when the *failed* ping is due again."""
        results = []
        with self._database.transaction() as store:
            for ping in self._claimed(store, rest, now=now):
                result = _aligned(self._judge(ping, outcome, now=now), failed)
                _note(store, result, now=now)
                results.append(result)
        _tell_ops_of_rest(results, now=now)
        return results

    def _claimed(
        self, store: Transaction, pings: Sequence[DuePing], *, now: datetime
    ) -> list[DuePing]:
        """Those of *pings* that nobody else has, taken for us."""
        store.pings.lock(pings)
        until = now + self._claim
        return [each for each in pings if store.pings.claim(each, now=now, until=until)]

    def _judge(self, ping: DuePing, outcome: PingOutcome, *, now: datetime) -> PingResult:
        verdict, next_at = PingVerdict.TOLD, None
        if not outcome.is_told:
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
    """*Result*, due again when *first* is."""
    if result.next_at and first.next_at:
        return replace(result, next_at=first.next_at)
    return result


def _note(store: Transaction, result: PingResult, *, now: datetime) -> None:
    """Write down what became of a ping that this worker has claimed."""
    is_told = result.verdict is PingVerdict.TOLD
    store.hub_tallies.add(result.ping.hub, pings_sent=1, pings_accepted=int(is_told))
    if not is_told:
        store.hub_tallies.failed(result.ping.hub, at=now, why=result.result)
    if result.verdict is PingVerdict.TOLD:
        store.pings.accepted(result.ping, now=now, result=result.result)
        store.canaries.expect(result.ping, told_at=now - timedelta(seconds=result.took_s))
    elif result.next_at:
        store.pings.postpone(result.ping, now=now, until=result.next_at, result=result.result)
    else:
        store.pings.give_up(result.ping, now=now, result=result.result)


def _tell_ops(result: PingResult, *, now: datetime) -> None:
    log = _log.bind(topic=result.topic, hub=result.ping.hub)
    tries = result.ping.attempts + 1
    if result.verdict is PingVerdict.TOLD:
        log.info("ping told", took=f"{result.took_s:.2f}s", result=result.result)
    elif result.next_at:
        next_in = in_short(result.next_at - now)
        log.warning("ping failed", **{"try": tries}, next=next_in, reason=result.result)
    else:
        log.error("ping given up", tries=tries, reason=result.result)


def _tell_ops_of_rest(results: Sequence[PingResult], *, now: datetime) -> None:
    put_off = [result for result in results if result.next_at]
    if put_off and (next_at := put_off[0].next_at):
        hub, count = put_off[0].ping.hub, len(put_off)
        _log.warning("pings put off", hub=hub, count=count, next=in_short(next_at - now))
    for result in results:
        if not result.next_at:
            _tell_ops(result, now=now)
