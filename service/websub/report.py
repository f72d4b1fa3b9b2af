"""All that is known of the hubs at one moment: for the command, the page and the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.categories import Catalogue
from feeds.model.canary import Canary
from feeds.model.feed import Format
from feeds.model.listing import PingState
from feeds.model.subscription import HubTally
from feeds.store.database import Transaction
from service.websub.standing import Judgement, PushRecord, count_pushes, judge

#: Of each hub, this many of its newest pushes are looked at.
PUSHES_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReport:
    """What is known of one hub."""

    hub: str  #: its URL
    is_ours: bool
    tally: HubTally
    pings: Mapping[str, int]  #: how many topics are in which state
    canary: Canary | None
    pushes: PushRecord
    judgement: Judgement


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
    told = (hub for each in Format for feed in feeds for hub in feed.told(each))
    hub_names = list(dict.fromkeys(told))
    pings = _by_hub(tx.pings.listed())
    tallies = tx.hub_tallies.listed()
    canaries = {canary.hub: canary for canary in tx.canaries.listed()}
    reports = []
    for hub in hub_names:
        canary = canaries.get(hub)
        tally = tallies.get(hub, HubTally(hub=hub))
        owed = tx.canaries.pushes(canary, limit=PUSHES_LOOKED_AT) if canary else []
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
                judgement=judge(
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
