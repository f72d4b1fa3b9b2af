"""Who reads what: the counts of days and the subscriptions at hubs, put together for operators."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from feeds.categories import Catalogue
from feeds.model.readership import (
    WINDOW_DAYS,
    AgentKind,
    AgentTraffic,
    HostedSubscribers,
    TopicTraffic,
    assess,
)
from feeds.store.database import Transaction
from service.websub.hub_health import hub_reports

#: A user agent that never sends a condition is listed from so many requests on, and so many are.
MIN_REQUESTS, MAX_LISTED = 20, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReaders:
    """Who reads one feed in one format, by the last `WINDOW_DAYS` days."""

    feed: str
    format: str
    reported: int  #: subscribers that hosted readers report
    credible: int  #: those of them that count
    pollers: int  #: different programs that polled by themselves: the median of the days
    subscriptions: int  #: by WebSub and rssCloud, exactly

    @property
    def readers(self) -> int:
        """The sum that counts."""
        # Whoever is pushed to polls as well.
        return self.credible + max(self.pollers, self.subscriptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDelay:
    """How long pushes by one hub took to arrive."""

    hub: str
    median: timedelta | None
    worst: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readership:
    """Who reads what."""

    since: date
    until: date
    topics: list[TopicReaders]
    days: dict[tuple[date, str, str], TopicTraffic]  #: by day, feed and format
    hosted: list[HostedSubscribers]
    unconditional: list[tuple[str, AgentTraffic]]  #: agents that never send a condition
    delays: list[PushDelay]

    @property
    def by_day(self) -> dict[date, TopicTraffic]:
        """The requests of each day, for any feed. Who polled is not in there."""
        totals: dict[date, TopicTraffic] = defaultdict(TopicTraffic)
        for (day, _, _), one in sorted(self.days.items(), key=lambda pair: pair[0]):
            total = totals[day]
            total.requests += one.requests
            total.not_modified += one.not_modified
            total.unconditional += one.unconditional
            total.bytes_sent += one.bytes_sent
            total.bytes_saved += one.bytes_saved
        return dict(totals)

    def record(self) -> dict[str, Any]:
        """Returns all of it as JSON has it."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "topics": [{**asdict(one), "readers": one.readers} for one in self.topics],
            "days": [
                {
                    "day": day.isoformat(),
                    "feed": feed,
                    "format": feed_format,
                    "requests": one.requests,
                    "not_modified": one.not_modified,
                    "unconditional": one.unconditional,
                    "bytes_sent": one.bytes_sent,
                    "bytes_saved": one.bytes_saved,
                    "pollers": one.pollers.count(),
                }
                for (day, feed, feed_format), one in self.days.items()
            ],
            "hosted": [asdict(one) for one in self.hosted],
            "unconditional": [
                {"agent": name, "requests": one.requests, "bytes_sent": one.bytes_sent}
                for name, one in self.unconditional
            ],
            "push_delays": [
                {
                    "hub": one.hub,
                    "median_s": _seconds(one.median),
                    "worst_s": _seconds(one.worst),
                }
                for one in self.delays
            ],
        }


def _seconds(delay: timedelta | None) -> float | None:
    return None if delay is None else delay.total_seconds()


def read_readership(
    tx: Transaction,
    catalogue: Catalogue,
    *,
    now: datetime,
    days: int,
    missing_after: timedelta,
    feed: str | None = None,
) -> Readership:
    """Reads who read what on the last days, today included.

    Args:
        tx: A transaction; only read here.
        catalogue: The feeds.
        now: The present moment.
        days: How many days to show.
        missing_after: When a push that did not arrive counts as missing.
        feed: Only readers of this feed; user agents and hubs are of all feeds.
    """
    today = now.date()
    since = today - timedelta(days=days - 1)
    window = today - timedelta(days=WINDOW_DAYS - 1)
    counted = tx.readership.topics(since=min(since, window))
    traffic = {key: one for key, one in counted.items() if feed in (None, key[1])}
    hosted = [
        one
        for one in assess(tx.readership.reports(since=window), today=today)
        if feed in (None, one.feed)
    ]
    hubs = hub_reports(tx, catalogue, now=now, missing_after=missing_after)
    subscriptions: dict[tuple[str, str], int] = defaultdict(int)
    for (slug, feed_format, state), count in tx.subscriptions.counted().items():
        if state == "active" and feed in (None, slug):
            subscriptions[slug, feed_format.value] += count
    return Readership(
        since=since,
        until=today,
        topics=_topics(traffic, window, hosted, subscriptions),
        days={key: one for key, one in traffic.items() if key[0] >= since},
        hosted=hosted,
        unconditional=_unconditional(tx.readership.agents(since=window)),
        delays=[
            PushDelay(hub=one.hub, median=one.pushes.median_delay, worst=one.pushes.worst_delay)
            for one in hubs
        ],
    )


def _topics(
    traffic: dict[tuple[date, str, str], TopicTraffic],
    window: date,
    hosted: list[HostedSubscribers],
    subscriptions: dict[tuple[str, str], int],
) -> list[TopicReaders]:
    pollers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (day, feed, feed_format), one in traffic.items():
        if day >= window:
            pollers[feed, feed_format].append(one.pollers.count())
    reported: dict[tuple[str, str], int] = defaultdict(int)
    credible: dict[tuple[str, str], int] = defaultdict(int)
    for each in hosted:
        reported[each.feed, each.format] += each.subscribers
        credible[each.feed, each.format] += each.subscribers if each.fault is None else 0
    return [
        TopicReaders(
            feed=feed,
            format=feed_format,
            reported=reported[feed, feed_format],
            credible=credible[feed, feed_format],
            pollers=round(median(pollers[feed, feed_format] or [0])),
            subscriptions=subscriptions.get((feed, feed_format), 0),
        )
        for feed, feed_format in sorted({*pollers, *reported, *subscriptions})
    ]


def _unconditional(
    agents: dict[tuple[date, str], AgentTraffic],
) -> list[tuple[str, AgentTraffic]]:
    """Returns feed readers that never send a condition, those that cost most first."""
    by_name: dict[str, AgentTraffic] = {}
    for (_, name), one in agents.items():
        by_name.setdefault(name, AgentTraffic(kind=one.kind)).add(one)
    found = [
        (name, one)
        for name, one in by_name.items()
        if not one.conditional
        and one.requests >= MIN_REQUESTS
        and one.kind is not AgentKind.BROWSER
    ]
    return sorted(found, key=lambda pair: (-pair[1].bytes_sent, pair[0]))[:MAX_LISTED]
