"""How hubs do: whether they take our pings, and whether their pushes arrive."""

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

# How a hub does: whether it takes our pings, and whether its pushes arrive. Pure.


class HubHealth(StrEnum):
    """How a hub does, in a word."""

    WELL = "well"  #: every push arrived in time
    QUIET = "quiet"  #: nothing to judge yet
    SLOW = "slow"  #: pushes arrive, late
    MUTE = "mute"  #: takes pings, and pushes nothing
    UNVERIFIED = "unverified"  #: has never asked our callback
    DENIED = "denied"  #: does not want our subscription
    REFUSING = "refusing"  #: does not take our pings
    UNWATCHED = "unwatched"  #: there is no canary: nobody knows

    @property
    def is_trouble(self) -> bool:
        """True when somebody should look."""
        return self not in (HubHealth.WELL, HubHealth.QUIET, HubHealth.UNWATCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRecord:
    """What became of the pushes that one hub owed us, as far back as it is kept."""

    expected: int = 0  #: editions it was told of while it had our subscription
    seen: int = 0  #: and of these, those that arrived, be it with a later one
    missing: int = 0  #: those that did not arrive in time, and still have not
    waiting: int = 0  #: those that still have time
    median_delay: timedelta | None = None
    worst_delay: timedelta | None = None
    last_arrived_at: datetime | None = None
    first_missing_at: datetime | None = None  #: when the hub was told of the first missing one


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How a hub does, for a program and for a person."""

    health: HubHealth
    words: str  #: one line, fit for the public
    why: str | None = None  #: what the hub said, or what kept us from asking; for ops

    def __str__(self) -> str:
        return f"{self.words}: {self.why}" if self.why else self.words


def count_pushes(pushes: Sequence[Push], *, now: datetime, missing_after: timedelta) -> PushRecord:
    """Count what was owed and what came.

    A push that took longer than *missing_after* was missing until it came, and late from then on.
    """
    told = [push for push in pushes if push.told_at is not None]
    late = now - missing_after
    missing = [
        push.told_at
        for push in pushes
        if push.arrived_at is None and push.told_at is not None and push.told_at <= late
    ]
    delays = [delay for push in told if (delay := push.delay) is not None]
    arrivals = [push.arrived_at for push in pushes if push.arrived_at is not None]
    return PushRecord(
        expected=len(told),
        seen=len(delays),
        missing=len(missing),
        waiting=len(told) - len(delays) - len(missing),
        median_delay=_middle(delays),
        worst_delay=max(delays, default=None),
        last_arrived_at=max(arrivals, default=None),
        first_missing_at=min(missing, default=None),
    )


def _middle(delays: Sequence[timedelta]) -> timedelta | None:
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
    """Say how a hub does. What keeps everybody from getting anything comes first.

    Args:
        canary: Our subscription there; None when there is none.
        tally: What was counted of it since the store was made.
        record: Of its pushes.
        now: The moment.
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


# All that is known of the hubs at one moment: for the command, the page and the metrics.

#: Of each hub, this many of its newest pushes are looked at.
MAX_PUSHES_READ = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReport:
    """What is known of one hub."""

    hub: str  #: its URL
    is_ours: bool
    tally: HubTally
    pings: Mapping[str, int]  #: how many topics are in which state
    canary: Canary | None
    pushes: PushRecord
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of all hubs, and of the subscribers of ours."""

    hubs: tuple[HubReport, ...]  #: ours first, then as they are configured
    subscriptions: Mapping[tuple[str, Format, str], int]  #: by feed, format and state
    deliveries: Mapping[str, int]  #: how many subscribers are in which state
    pending: int  #: requests whose callbacks are still to be asked

    @property
    def subscriptions_by_state(self) -> dict[str, int]:
        """How many subscriptions are active, and how many suspended."""
        counted = {"active": 0, "suspended": 0}
        for (*_, state), count in self.subscriptions.items():
            counted[state] += count
        return counted


def report(
    tx: Transaction, described: Catalogue, *, now: datetime, missing_after: timedelta
) -> Report:
    """Read what is known, and judge it."""
    feeds = described.feeds.values()
    told = (hub for each in Format for feed in feeds for hub in feed.announced_to(each))
    hub_names = list(dict.fromkeys(told))
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
                is_ours=hub == described.site.hub,
                tally=tally,
                pings=_counted(state.state for state in states),
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
    return Report(
        hubs=tuple(reports),
        subscriptions=tx.subscriptions.counted(),
        deliveries=tx.deliveries.counted(),
        pending=tx.subscriptions.pending_count(),
    )


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


def _is_failing(pings: Sequence[PingState]) -> bool:
    """True when what was tried last at a hub did not succeed."""
    tried = [ping for ping in pings if ping.last_try_at is not None]
    newest = max((ping.last_try_at for ping in tried if ping.last_try_at), default=None)
    return any(ping.state in ("retrying", "failed") for ping in tried if ping.last_try_at == newest)
