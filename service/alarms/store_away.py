"""The alarm that no store can hold: that the store itself cannot be used. It is kept in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from feeds.errors import StoreUnavailable
from feeds.model.alarm import Alarm, AlarmEvent, AlarmKind, Condition
from service.alarms.keeper import FIRST_PAUSE, LONGEST_PAUSE, AlarmKeeper, SendOutcome
from service.logs import get_logger

_log = get_logger(__name__)

#: A server that is restarted, or that hands over to another, is back within this time.
PATIENCE_S = 60.0


class StoreAwayAlarm:
    """Tells of a store that cannot be used: once, again after a pause, and when it is over.

    Each process that has one tells by itself, because they have nothing in common meanwhile.
    """

    def __init__(self, *, host: str, monotonic: Callable[[], float]) -> None:
        """Begins with a store that is well.

        Args:
            host: The name of this machine.
            monotonic: A clock that never goes back.
        """
        self._host = host
        self._monotonic = monotonic
        self._since_s: float | None = None
        self._since: datetime | None = None
        self._alarm: Alarm | None = None  #: with the last event
        self._told: dict[str, int] = {}  #: the last event that each channel was told of
        self._next_try_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def failed(self, error: StoreUnavailable, keeper: AlarmKeeper, *, now: datetime) -> None:
        """Records that the store could not be used."""
        if self._since is None or self._since_s is None:
            self._since, self._since_s = now, self._monotonic()
        if self._monotonic() - self._since_s < PATIENCE_S or not keeper.tells(AlarmKind.STORE_AWAY):
            return
        known = self._alarm
        if known is None or known.event is AlarmEvent.OVER:
            since = f"{self._since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            condition = Condition(
                kind=AlarmKind.STORE_AWAY,
                subject=self._host,
                since=self._since,
                words=f"no store since {since} on {self._host}, nothing is published: "
                f"{error.in_short}",
            )
            seq = 0 if known is None else known.event_seq
            self._alarm = Alarm(
                condition=condition, event=AlarmEvent.BEGUN, event_at=now, event_seq=seq + 1
            )
        elif keeper.again_after is not None and now - known.event_at >= keeper.again_after:
            self._change(known, AlarmEvent.AGAIN, now)

    def worked(self, *, now: datetime) -> None:
        """Records that the store was used."""
        self._since = self._since_s = None
        known = self._alarm
        if known is not None and known.event is not AlarmEvent.OVER:
            self._change(known, AlarmEvent.OVER, now)

    def send_due(self, keeper: AlarmKeeper, *, now: datetime) -> list[SendOutcome]:
        """Tells each channel the last event, unless it knows, or has failed a moment ago."""
        alarm, now_s = self._alarm, self._monotonic()
        if alarm is None:
            return []
        outcomes = []
        for channel in keeper.channels:
            name, told = channel.name, self._told.get(channel.name, 0)
            is_unknown = told == 0 and alarm.event is AlarmEvent.OVER
            is_early = now_s < self._next_try_s.get(name, now_s)
            if told == alarm.event_seq or is_unknown or is_early:
                continue
            outcome = keeper.send_unrecorded(channel, alarm, now=now)
            outcomes.append(outcome)
            if outcome.is_sent:
                self._told[name], self._failures[name] = alarm.event_seq, 0
                _log.info("alarms sent", channel=name, count=1, result=outcome.result)
            else:
                failures = self._failures[name] = self._failures.get(name, 0) + 1
                pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
                self._next_try_s[name] = now_s + pause.total_seconds()
                log = _log.warning if failures == 1 else _log.debug
                log("alarms not sent", channel=name, reason=outcome.result)
        return outcomes

    def _change(self, known: Alarm, event: AlarmEvent, now: datetime) -> None:
        over_at = now if event is AlarmEvent.OVER else None
        self._alarm = replace(
            known, event=event, event_at=now, event_seq=known.event_seq + 1, over_at=over_at
        )
