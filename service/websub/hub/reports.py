"""Log lines and counts of deliveries: one line for each distribution, not for each delivery."""

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

#: Interval at which counts are stored.
_WRITE_EVERY_S = 1.0

#: Interval at which failures are logged: dead callbacks are retried for days.
_LOG_EVERY_S = 10.0

#: Number of hosts with failures that are logged by name; the others are counted.
_HOSTS_NAMED = 5


@dataclass(slots=True)
class _Distribution:
    """The deliveries of one edition of a topic."""

    topic: str
    edition: int
    began_at: float
    in_flight: int = 0
    arrived: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Failures:
    """Failures at one host since they were last logged."""

    count: int = 0
    reason: str = ""


@dataclass(slots=True)
class Reports:
    """Logs and counts deliveries. Called by one thread at a time."""

    hub: str  #: the URL of the hub that the counts belong to
    _distributions: dict[tuple[str, int], _Distribution] = field(default_factory=dict)
    _failures: dict[str, _Failures] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _last_failure: DeliveryResult | None = None
    _counted_at: float = float("-inf")
    _logged_at: float = float("-inf")

    def begin(self, contents: Iterable[TopicContent]) -> None:
        """Counts deliveries that are sent now, one for each of *contents*."""
        for content in contents:
            key = content.topic, content.edition
            one = self._distributions.get(key)
            if one is None:
                one = _Distribution(content.topic, content.edition, time.monotonic())
                self._distributions[key] = one
            one.in_flight += 1

    def end(self, delivery: DueDelivery, content: TopicContent, result: DeliveryResult) -> None:
        """Counts and logs the result of a delivery."""
        one = self._distributions[content.topic, content.edition]
        one.in_flight -= 1
        self._counts["deliveries_sent"] += 1
        if result.delivered_edition is not None:
            self._counts["deliveries_accepted"] += 1
            one.arrived += 1
            if result.is_well_again:
                _log.info(
                    "subscriber active again",
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
        """Counts deliveries that were dropped without a result."""
        for content in contents:
            self._distributions[content.topic, content.edition].in_flight -= 1

    def has_to_write(self, *, is_over: bool) -> bool:
        """Whether counts are to be stored: at intervals, and when all deliveries are over."""
        is_time = is_over or time.monotonic() - self._counted_at >= _WRITE_EVERY_S
        return bool(self._counts) and is_time

    def write(self, tx: Transaction) -> None:
        """Stores the counts. Call `reset` once the transaction is committed."""
        tx.hub_tallies.add(self.hub, **self._counts)
        if (failure := self._last_failure) is not None:
            tx.hub_tallies.failed(self.hub, at=failure.at, why=failure.result)

    def reset(self) -> None:
        """Resets the counts, which have been stored."""
        self._counts.clear()
        self._last_failure = None
        self._counted_at = time.monotonic()

    def log(self, *, is_all_begun: bool) -> None:
        """Logs distributions that are over.

        Args:
            is_all_begun: True when no more deliveries are to begin.
        """
        over = [
            key for key, one in self._distributions.items() if is_all_begun and not one.in_flight
        ]
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
        """Logs failed deliveries by host, at intervals."""
        if not self._failures or time.monotonic() - self._logged_at < _LOG_EVERY_S:
            return
        self._logged_at = time.monotonic()
        failures, self._failures = self._failures, {}
        worst = sorted(failures.items(), key=lambda item: -item[1].count)
        for host, one in worst[:_HOSTS_NAMED]:
            _log.warning("deliveries failed", host=host, count=one.count, reason=one.reason)
        if others := worst[_HOSTS_NAMED:]:
            count = sum(one.count for _, one in others)
            _log.warning("deliveries failed", other_hosts=len(others), count=count)

    def _fail(self, delivery: DueDelivery, content: TopicContent, result: DeliveryResult) -> None:
        # Only the callback's host is logged; the rest of the URL is private to the subscriber.
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
