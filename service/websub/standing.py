"""How a hub does: whether it takes our pings, and whether its pushes arrive. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median

from feeds.model.canary import Canary, CanaryState, Push
from feeds.model.subscription import HubTally
from service.websub.wording import in_short


class Standing(StrEnum):
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
        return self not in (Standing.WELL, Standing.QUIET, Standing.UNWATCHED)


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
class Judgement:
    """How a hub does, for a program and for a person."""

    standing: Standing
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


def judge(
    canary: Canary | None,
    tally: HubTally,
    record: PushRecord,
    *,
    now: datetime,
    missing_after: timedelta,
    is_failing: bool,
) -> Judgement:
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
        return Judgement(
            standing=Standing.REFUSING, words="does not take pings", why=tally.last_failure
        )
    if canary is None:
        return Judgement(
            standing=Standing.UNWATCHED, words="not watched: whether it pushes is not known"
        )
    if canary.state is CanaryState.DENIED:
        return Judgement(
            standing=Standing.DENIED, words="denies our subscription", why=canary.last_result
        )
    if not canary.is_good(now):
        return _unverified(canary)
    if record.missing:
        return _mute(record)
    if record.median_delay is not None and record.median_delay > missing_after:
        words = f"slow: half of its pushes take {in_short(record.median_delay)} or more"
        return Judgement(standing=Standing.SLOW, words=words)
    if not record.seen:
        return Judgement(
            standing=Standing.QUIET, words="has our subscription; no push was due since"
        )
    return Judgement(standing=Standing.WELL, words="pushes arrive")


def _unverified(canary: Canary) -> Judgement:
    said = canary.last_result
    if canary.expires_at is not None:
        words = f"has not renewed our subscription, which ended {_at(canary.expires_at)}"
    elif canary.attempts <= 1:
        return Judgement(
            standing=Standing.QUIET, words="was just asked for a subscription", why=said
        )
    else:
        words = (
            f"has not verified our subscription in {canary.attempts} askings: it cannot reach "
            "our address, or does not try"
        )
    return Judgement(standing=Standing.UNVERIFIED, words=words, why=said)


def _mute(record: PushRecord) -> Judgement:
    if record.last_arrived_at is not None:
        words = f"accepts pings, but no push arrived since {_at(record.last_arrived_at)}"
    elif record.first_missing_at is not None:
        words = (
            "accepts pings, but no push ever arrived: the first was due "
            f"{_at(record.first_missing_at)}"
        )
    else:
        words = "accepts pings, but no push arrived"
    return Judgement(standing=Standing.MUTE, words=words)


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
