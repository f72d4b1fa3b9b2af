"""What ops hear of deliveries: a line a distribution, not one a delivery; and what is counted."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from feeds.model.subscription import DeliveryResult, DueDelivery
from feeds.store.database import Transaction
from service.logs import get_logger
from service.websub.hub.protocols import TopicContent
from service.websub.retries import in_short

_log = get_logger(__name__)

#: How often what was counted is written down.
_WRITE_EVERY_S = 1.0

#: How often failures are told of: the dead are tried again for days.
_TELL_EVERY_S = 10.0

#: Hosts with failures that are told of by name; the others are counted.
_HOSTS_NAMED = 5


@dataclass(slots=True)
class _Distribution:
    """One edition of a topic on its way."""

    topic: str
    edition: int
    began_at: float
    under_way: int = 0
    arrived: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Failures:
    """Failures at one host since they were told of last."""

    count: int = 0
    reason: str = ""


@dataclass(slots=True)
class Reports:
    """For one thread at a time."""

    hub: str  #: what is counted for
    _distributions: dict[tuple[str, int], _Distribution] = field(default_factory=dict)
    _failures: dict[str, _Failures] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _last_failure: DeliveryResult | None = None
    _counted_at: float = float("-inf")
    _told_at: float = float("-inf")

    def begin(self, contents: Iterable[TopicContent]) -> None:
        """These are sent now: one of them a delivery."""
        for content in contents:
            key = content.topic, content.edition
            one = self._distributions.get(key)
            if one is None:
                one = _Distribution(content.topic, content.edition, time.monotonic())
                self._distributions[key] = one
            one.under_way += 1

    def end(self, delivery: DueDelivery, content: TopicContent, result: DeliveryResult) -> None:
        """It went so."""
        one = self._distributions[content.topic, content.edition]
        one.under_way -= 1
        self._counts["deliveries_sent"] += 1
        if result.delivered_edition is not None:
            self._counts["deliveries_accepted"] += 1
            one.arrived += 1
            if result.is_well_again:
                _log.info(
                    "subscriber well again",
                    topic=content.topic,
                    host=delivery.host,
                    subscription=delivery.subscription_id,
                )
        elif result.is_gone:
            _log.info("subscription ended by its callback", topic=content.topic, host=delivery.host)
        else:
            one.failed += 1
            self._fail(delivery, content, result)

    def abandon(self, contents: Iterable[TopicContent]) -> None:
        """Of these nothing more will be heard."""
        for content in contents:
            self._distributions[content.topic, content.edition].under_way -= 1

    def has_to_write(self, *, is_over: bool) -> bool:
        """Whether it is time to write down what was counted: at times, or when all is over."""
        is_time = is_over or time.monotonic() - self._counted_at >= _WRITE_EVERY_S
        return bool(self._counts) and is_time

    def write(self, tx: Transaction) -> None:
        """Write down what was counted. To be forgotten once it is stored."""
        tx.hub_tallies.add(self.hub, **self._counts)
        if (failure := self._last_failure) is not None:
            tx.hub_tallies.failed(self.hub, at=failure.at, why=failure.result)

    def forget(self) -> None:
        """What was counted has been stored."""
        self._counts.clear()
        self._last_failure = None
        self._counted_at = time.monotonic()

    def log(self, *, is_dry: bool) -> None:
        """Tell of distributions that are over.

        Args:
            is_dry: Nothing more of them is to begin.
        """
        over = [key for key, one in self._distributions.items() if is_dry and not one.under_way]
        for key in over:
            one = self._distributions.pop(key)
            if one.arrived:
                _log.info(
                    "edition delivered",
                    topic=one.topic,
                    edition=one.edition,
                    subscribers=one.arrived,
                    failed=one.failed,
                    took=f"{time.monotonic() - one.began_at:.2f}s",
                )

    def log_failures(self) -> None:
        """Tell where deliveries failed, at times."""
        if not self._failures or time.monotonic() - self._told_at < _TELL_EVERY_S:
            return
        self._told_at = time.monotonic()
        failures, self._failures = self._failures, {}
        worst = sorted(failures.items(), key=lambda item: -item[1].count)
        for host, one in worst[:_HOSTS_NAMED]:
            _log.warning("deliveries failed", host=host, count=one.count, reason=one.reason)
        if others := worst[_HOSTS_NAMED:]:
            count = sum(one.count for _, one in others)
            _log.warning("deliveries failed", other_hosts=len(others), count=count)

    def _fail(self, delivery: DueDelivery, content: TopicContent, result: DeliveryResult) -> None:
        # Of the callback, its host alone: the rest is nobody's but the subscriber's.
        log = _log.bind(
            topic=content.topic, host=delivery.host, subscription=delivery.subscription_id
        )
        if delivery.is_suspended:
            log.debug("delivery failed", next="with the next edition", reason=result.result)
        elif result.suspended_because is not None:
            log.warning("subscriber suspended", because=result.suspended_because)
        elif result.retry_at is not None:
            next_in = in_short(result.retry_at - result.at)
            tries = {"try": delivery.attempts + 1}
            log.debug("delivery failed", **tries, next=next_in, reason=result.result)
        failures = self._failures.setdefault(delivery.host, _Failures())
        failures.count += 1
        failures.reason = result.result
        self._last_failure = result
