"""The health of hubs: whether they accept pings, and whether their pushes arrive."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median

from feeds.categories import Catalogue
from feeds.model.feed import Format
from feeds.model.listing import PingState
from feeds.model.subscription import Canary, CanaryState, HubTally, Push
from feeds.store.database import Transaction
from service.websub.retries import in_short

# The assessment of one hub. Pure.


class HubHealth(StrEnum):
    """The health of a hub, in one word."""

    WELL = "well"  #: every push arrived in time
    QUIET = "quiet"  #: no push was due yet
    SLOW = "slow"  #: pushes arrive late
    MUTE = "mute"  #: accepts pings, but pushes do not arrive
    UNVERIFIED = "unverified"  #: has not verified the canary's subscription
    DENIED = "denied"  #: denied the canary's subscription
    REFUSING = "refusing"  #: does not accept pings
    UNWATCHED = "unwatched"  #: unknown, since there is no canary

    @property
    def is_trouble(self) -> bool:
        """Whether an operator should act."""
        return self not in (HubHealth.WELL, HubHealth.QUIET, HubHealth.UNWATCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRecord:
    """Counts of the pushes that one hub owed its canary, as far back as they are kept."""

    expected: int = 0  #: editions that were pinged while the hub had the subscription
    seen: int = 0  #: expected pushes that arrived, including with a later edition
    missing: int = 0  #: expected pushes that are overdue
    waiting: int = 0  #: expected pushes that are not due yet
    median_delay: timedelta | None = None
    worst_delay: timedelta | None = None
    last_arrived_at: datetime | None = None
    first_missing_at: datetime | None = None  #: time of the ping for the first missing push


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The health of a hub, for programs and for people."""

    health: HubHealth
    words: str  #: one line, fit for the public
    why: str | None = None  #: the hub's answer, or the error of the request; for operators

    def __str__(self) -> str:
        return f"{self.words}: {self.why}" if self.why else self.words


def count_pushes(pushes: Sequence[Push], *, now: datetime, missing_after: timedelta) -> PushRecord:
    """Counts expected pushes and those that arrived.

    A push that took longer than *missing_after* counts as missing until it arrives, and as late
    after that.
    """
    expected = [push for push in pushes if push.told_at is not None]
    late = now - missing_after
    missing = [
        push.told_at
        for push in pushes
        if push.arrived_at is None and push.told_at is not None and push.told_at <= late
    ]
    delays = [delay for push in expected if (delay := push.delay) is not None]
    arrivals = [push.arrived_at for push in pushes if push.arrived_at is not None]
    return PushRecord(
        expected=len(expected),
        seen=len(delays),
        missing=len(missing),
        waiting=len(expected) - len(delays) - len(missing),
        median_delay=_median(delays),
        worst_delay=max(delays, default=None),
        last_arrived_at=max(arrivals, default=None),
        first_missing_at=min(missing, default=None),
    )


def _median(delays: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(each.total_seconds() for each in delays)) if delays else None


def assess(
    canary: Canary | None,
    tally: HubTally,
    record: PushRecord,
    *,
    now: datetime,
    missing_after: timedelta,
    is_failing: bool,
) -> Assessment:
    """Assesses a hub. Problems that affect all subscribers come first.

    Args:
        canary: The subscription at this hub; None when there is none.
        tally: Counts since the store was created.
        record: Counts of its pushes.
        now: The current time.
        missing_after: A push that takes longer counts as missing.
        is_failing: True when its last pings failed.
    """
    if is_failing:
        return Assessment(
            health=HubHealth.REFUSING, words="does not take pings", why=tally.last_failure
        )
    if canary is None:
        return Assessment(
            health=HubHealth.UNWATCHED, words="not watched: whether it pushes is not known"
        )
    if canary.state is CanaryState.DENIED:
        return Assessment(
            health=HubHealth.DENIED, words="denies our subscription", why=canary.last_result
        )
    if not canary.is_good(now):
        return _unverified(canary)
    if record.missing:
        return _mute(record)
    if record.median_delay is not None and record.median_delay > missing_after:
        words = f"slow: half of its pushes take {in_short(record.median_delay)} or more"
        return Assessment(health=HubHealth.SLOW, words=words)
    if not record.seen:
        return Assessment(
            health=HubHealth.QUIET, words="has our subscription; no push was due since"
        )
    return Assessment(health=HubHealth.WELL, words="pushes arrive")


def _unverified(canary: Canary) -> Assessment:
    said = canary.last_result
    if canary.expires_at is not None:
        words = f"has not renewed our subscription, which ended {_at(canary.expires_at)}"
    elif canary.attempts <= 1:
        return Assessment(
            health=HubHealth.QUIET, words="was just asked for a subscription", why=said
        )
    else:
        words = (
            f"has not verified our subscription in {canary.attempts} askings: it cannot reach "
            "our address, or does not try"
        )
    return Assessment(health=HubHealth.UNVERIFIED, words=words, why=said)


def _mute(record: PushRecord) -> Assessment:
    if record.last_arrived_at is not None:
        words = f"accepts pings, but no push arrived since {_at(record.last_arrived_at)}"
    elif record.first_missing_at is not None:
        words = (
            "accepts pings, but no push ever arrived: the first was due "
            f"{_at(record.first_missing_at)}"
        )
    else:
        words = "accepts pings, but no push arrived"
    return Assessment(health=HubHealth.MUTE, words=words)


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# The report on all hubs, for the command, the page and the metrics.

#: Number of newest pushes that are read for each hub.
MAX_PUSHES_READ = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReport:
    """The state of one hub."""

    hub: str  #: its URL
    is_ours: bool
    tally: HubTally
    pings: Mapping[str, int]  #: number of topics by state
    failing_since: datetime | None  #: the first failure of a ping that has not been accepted yet
    canary: Canary | None
    pushes: PushRecord
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The state of all hubs, and of the built-in hub's subscribers."""

    hubs: tuple[HubReport, ...]  #: the built-in hub first, then in the configured order
    subscriptions: Mapping[tuple[str, Format, str], int]  #: number by feed, format and state
    deliveries: Mapping[str, int]  #: number of subscribers by state
    pending: int  #: requests whose callbacks are not verified yet

    @property
    def subscriptions_by_state(self) -> dict[str, int]:
        """Returns the numbers of active and of suspended subscriptions."""
        counted = {"active": 0, "suspended": 0}
        for (*_, state), count in self.subscriptions.items():
            counted[state] += count
        return counted


def report(
    tx: Transaction, catalogue: Catalogue, *, now: datetime, missing_after: timedelta
) -> Report:
    """Reads the state of all hubs and assesses each; counts subscriptions and deliveries."""
    return Report(
        hubs=hub_reports(tx, catalogue, now=now, missing_after=missing_after),
        subscriptions=tx.subscriptions.counted(),
        deliveries=tx.deliveries.counted(),
        pending=tx.subscriptions.pending_count(),
    )


def hub_reports(
    tx: Transaction, catalogue: Catalogue, *, now: datetime, missing_after: timedelta
) -> tuple[HubReport, ...]:
    """Reads the state of all hubs and assesses each, without counting subscribers."""
    feeds = catalogue.feeds.values()
    all_hubs = (hub for each in Format for feed in feeds for hub in feed.announced_to(each))
    hub_names = list(dict.fromkeys(all_hubs))
    pings = _by_hub(tx.pings.listed())
    tallies = tx.hub_tallies.listed()
    canaries = {canary.hub: canary for canary in tx.canaries.listed()}
    reports = []
    for hub in hub_names:
        canary = canaries.get(hub)
        tally = tallies.get(hub, HubTally(hub=hub))
        owed = tx.canaries.pushes(canary, limit=MAX_PUSHES_READ) if canary else []
        record = count_pushes(owed, now=now, missing_after=missing_after)
        states = pings.get(hub, [])
        reports.append(
            HubReport(
                hub=hub,
                is_ours=hub == catalogue.site.hub,
                tally=tally,
                pings=_counted(state.state for state in states),
                failing_since=_failing_since(states),
                canary=canary,
                pushes=record,
                assessment=assess(
                    canary,
                    tally,
                    record,
                    now=now,
                    missing_after=missing_after,
                    is_failing=_is_failing(states),
                ),
            )
        )
    return tuple(reports)


def _by_hub(pings: Iterable[PingState]) -> dict[str, list[PingState]]:
    by_hub: dict[str, list[PingState]] = {}
    for ping in pings:
        by_hub.setdefault(ping.hub, []).append(ping)
    return by_hub


def _counted(states: Iterable[str]) -> dict[str, int]:
    counted = dict.fromkeys(("told", "waiting", "due", "retrying", "failed"), 0)
    for state in states:
        counted[state] += 1
    return counted


def _failing_since(pings: Sequence[PingState]) -> datetime | None:
    since = (ping.first_failed_at for ping in pings if ping.state in ("retrying", "failed"))
    return min((at for at in since if at is not None), default=None)


def _is_failing(pings: Sequence[PingState]) -> bool:
    """Whether the last pings to a hub failed."""
    tried = [ping for ping in pings if ping.last_try_at is not None]
    newest = max((ping.last_try_at for ping in tried if ping.last_try_at), default=None)
    return any(ping.state in ("retrying", "failed") for ping in tried if ping.last_try_at == newest)
