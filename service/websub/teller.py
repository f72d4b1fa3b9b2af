"""Talks to one hub: claims a ping, sends it, and notes what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model.feed import Site
from feeds.model.listing import DuePing
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.outbound import Outbound, OutboundFailed
from service.websub.pings import TOPIC_FIELDS, Outcome, outcome_of, outcome_of_failure, ping_fields
from service.websub.retries import RetryPlan
from service.websub.wording import in_short

_log = get_logger(__name__)

#: A claim outlasts the exchange by this much: for a slow resolver and a store that is locked.
#: After a crash a ping waits so long at most, and is then sent again.
_CLAIM_SLACK_S = 60.0


class Verdict(StrEnum):
    """What became of a ping in a round."""

    TOLD = "told"
    PUT_OFF = "put off"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PingResult:
    """One ping after a round, for a person."""

    ping: DuePing
    topic: str
    verdict: Verdict
    result: str  #: what the hub said, or why nothing came from it
    took_s: float  #: until the hub had answered; 0 when it did not
    next_at: datetime | None  #: when it is tried again; None unless put off


class Teller:
    """Tells one hub after the other, and knows what to do when one does not listen."""

    def __init__(
        self,
        database: Database,
        outbound: Outbound,
        *,
        site: Site,
        plan: RetryPlan,
        chance: Callable[[], float],
        topic_fields: Sequence[str] = TOPIC_FIELDS,
        own_hub: str | None = None,
    ) -> None:
        """Keep what every ping needs.

        Args:
            database: Holds the outbox.
            outbound: Its time limit is what one try may take.
            site: Gives the topics their URLs.
            plan: Pauses after failures.
            chance: Gives a number from 0 to 1, another one each time; see `RetryPlan`.
            topic_fields: See `ping_fields`.
            own_hub: The built-in hub's URL. It is not asked over the network: what it would do is
                done.
        """
        self._database = database
        self._outbound = outbound
        self._site = site
        self._plan = plan
        self._chance = chance
        self._topic_fields = tuple(topic_fields)
        self._own_hub = own_hub
        self._claim = timedelta(seconds=outbound.timeout_s + _CLAIM_SLACK_S)
        self._left_alone_until: dict[str, datetime] = {}

    def leaves_alone(self, hub: str, *, now: datetime) -> bool:
        """True while a hub has asked for time, even when there is news for it.

        It is known to this process alone: another one, or the next, asks once and is told the same.
        """
        until = self._left_alone_until.get(hub)
        return until is not None and now < until

    def tell(
        self,
        pings: Sequence[DuePing],
        *,
        now: Callable[[], datetime],
        is_outdated: Callable[[], bool] = lambda: False,
    ) -> list[PingResult]:
        """Send *pings*, all to one hub, one after the other; leave out what others have claimed.

        A hub that does not answer, or asks for time, is tried once: what is left is put off with
        the ping that failed, so that ten topics do not wait for ten timeouts.

        Args:
            pings: What the outbox held for the hub.
            now: The clock.
            is_outdated: Asked before each ping; True when the outbox should be read again first,
                as newer editions would be pinged twice otherwise.
        """
        results: list[PingResult] = []
        for number, ping in enumerate(pings):
            if is_outdated():
                break
            outcome = self._try(ping, now=now)
            if outcome is None:
                continue
            result = self._settle(ping, outcome, now=now())
            results.append(result)
            if outcome.concerns_hub:
                rest = pings[number + 1 :]
                return results + self._settle_rest(rest, outcome, result, now=now())
        return results

    def _try(self, ping: DuePing, *, now: Callable[[], datetime]) -> Outcome | None:
        """Send one ping; None when another worker has it, or it was told meanwhile."""
        claimed_at = now()
        with self._database.transaction() as store:
            if not store.pings.claim(ping, now=claimed_at, until=claimed_at + self._claim):
                return None
            if ping.hub == self._own_hub:
                # In the transaction of the claim: a crash after it opens the distribution again,
                # which owes nobody anything twice.
                count = store.deliveries.open(
                    ping.feed, ping.format, edition=ping.edition, now=claimed_at
                )
                return Outcome(is_told=True, result=f"to be delivered to {count}")
        fields = ping_fields(self._topic(ping), topic_fields=self._topic_fields)
        try:
            answer = self._outbound.post_form(ping.hub, fields)
        except OutboundFailed as error:
            return outcome_of_failure(error)
        return outcome_of(answer, now=now())

    def _settle(self, ping: DuePing, outcome: Outcome, *, now: datetime) -> PingResult:
        result = self._judge(ping, outcome, now=now)
        with self._database.transaction() as store:
            _note(store, result, now=now)
        if outcome.asked_pause and result.next_at:
            self._left_alone_until[ping.hub] = result.next_at
        _tell_ops(result, now=now)
        return result

    def _settle_rest(
        self, rest: Sequence[DuePing], outcome: Outcome, failed: PingResult, *, now: datetime
    ) -> list[PingResult]:
        """Put off, without a try, what is left for a hub to when the *failed* ping is due again."""
        results = []
        with self._database.transaction() as store:
            for ping in rest:
                if not store.pings.claim(ping, now=now, until=now + self._claim):
                    continue
                result = self._judge(ping, outcome, now=now)
                if result.next_at and failed.next_at:
                    result = replace(result, next_at=failed.next_at)
                _note(store, result, now=now)
                results.append(result)
        _tell_ops_of_rest(results, now=now)
        return results

    def _judge(self, ping: DuePing, outcome: Outcome, *, now: datetime) -> PingResult:
        verdict, next_at = Verdict.TOLD, None
        if not outcome.is_told:
            since = ping.first_failed_at or now
            pause = self._plan.next_pause(ping.attempts + 1, since, now, self._chance())
            verdict = Verdict.PUT_OFF if pause else Verdict.GIVEN_UP
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


def _note(store: Transaction, result: PingResult, *, now: datetime) -> None:
    """Write down what became of a ping that this worker has claimed."""
    is_told = result.verdict is Verdict.TOLD
    store.hub_tallies.add(result.ping.hub, pings_sent=1, pings_accepted=int(is_told))
    if not is_told:
        store.hub_tallies.failed(result.ping.hub, at=now, why=result.result)
    if result.verdict is Verdict.TOLD:
        store.pings.told(result.ping, now=now, result=result.result)
        store.canaries.expect(result.ping, told_at=now - timedelta(seconds=result.took_s))
    elif result.next_at:
        store.pings.put_off(result.ping, now=now, until=result.next_at, result=result.result)
    else:
        store.pings.give_up(result.ping, now=now, result=result.result)


def _tell_ops(result: PingResult, *, now: datetime) -> None:
    log = _log.bind(topic=result.topic, hub=result.ping.hub)
    tries = result.ping.attempts + 1
    if result.verdict is Verdict.TOLD:
        log.info("ping told", took=f"{result.took_s:.2f}s")
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
