"""Alarms: what operators are told unasked, once, again after a pause, and when it is over."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class AlarmKind(StrEnum):
    """What can go wrong."""

    STORE_AWAY = "store_away"  #: the store cannot be used; no store holds this one
    JOBS_IDLE = "jobs_idle"  #: no jobs process works: nothing is published
    HUB_IDLE = "hub_idle"  #: no hub process works: nothing is pushed
    FEED_STALE = "feed_stale"  #: a feed's next edition is late
    FEED_QUIET = "feed_quiet"  #: a feed has had no release for long
    DOCUMENT_REFUSED = "document_refused"
    EMBARGO_MISSED = "embargo_missed"  #: a release is still not public after its minute
    HUB_MUTE = "hub_mute"  #: a hub does not push, or does not take pings
    HUB_CERTIFICATE = "hub_certificate"  #: a hub's certificate is expired or not trusted
    DELIVERIES_FAILING = "deliveries_failing"  #: to the subscribers on one host
    UPSTREAM_FAILING = "upstream_failing"  #: nothing has come from somebody else's feed for long
    DISK_NEARLY_FULL = "disk_nearly_full"
    BACKUP_OLD = "backup_old"


class AlarmEvent(StrEnum):
    """What a channel is told of an alarm."""

    BEGUN = "begun"
    AGAIN = "again"  #: it lasts
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong now."""

    kind: AlarmKind
    subject: str  #: what it is about: a feed, a hub, a host; empty if there is but one
    since: datetime
    words: str  #: one line, fit for any channel: it holds nothing of a release
    detail: str | None = None  #: for operators at the command line alone

    @property
    def key(self) -> tuple[AlarmKind, str]:
        """What distinguishes it from all others."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A condition that was recorded, and the last event that channels are told of it."""

    condition: Condition
    event: AlarmEvent
    event_at: datetime
    event_seq: int = 0  #: events have ascending numbers; 0 for one that has none yet
    absent_since: datetime | None = None  #: it was not seen any more since then
    over_at: datetime | None = None  #: None while it is open


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """How far one channel has been told."""

    channel: str
    sent_seq: int  #: the number of the last event that it was told
    sent_at: datetime | None = None  #: None if it was never told anything
    due_at: datetime | None = None  #: when to try again after a failure
    attempts: int = 0  #: failures in a row
    first_failed_at: datetime | None = None
    last_try_at: datetime | None = None
    last_result: str | None = None


#: An alarm is over when its condition was not seen for this long: what comes and goes is one alarm.
OVER_AFTER = timedelta(minutes=1)


def changes_of(
    open_alarms: Iterable[Alarm],
    conditions: Iterable[Condition],
    *,
    judged: Collection[tuple[AlarmKind, str]],
    now: datetime,
    again_after: timedelta | None,
) -> list[Alarm]:
    """Returns the alarms to record; those with ``event_seq`` 0 are to be told to the channels.

    Args:
        open_alarms: The recorded alarms that are not over.
        conditions: What is wrong now.
        judged: The keys of open alarms whose condition was checked. All others stay as they are.
        now: The current time.
        again_after: An alarm that lasts is told again after this long; never if None.
    """
    known: Mapping[tuple[AlarmKind, str], Alarm] = {
        alarm.condition.key: alarm for alarm in open_alarms
    }
    seen = {condition.key: condition for condition in conditions}
    found = [
        changed
        for condition in seen.values()
        if (changed := _seen(known.get(condition.key), condition, now, again_after)) is not None
    ]
    for key, alarm in known.items():
        if key in judged and key not in seen and (changed := _absent(alarm, now)) is not None:
            found.append(changed)
    return found


def _seen(
    alarm: Alarm | None, condition: Condition, now: datetime, again_after: timedelta | None
) -> Alarm | None:
    if alarm is None:
        return Alarm(condition=condition, event=AlarmEvent.BEGUN, event_at=now)
    # The words may count, and the beginning is as it was known first.
    current = replace(condition, since=min(condition.since, alarm.condition.since))
    if again_after is not None and now - alarm.event_at >= again_after:
        return Alarm(condition=current, event=AlarmEvent.AGAIN, event_at=now)
    if alarm.absent_since is not None:
        return replace(alarm, absent_since=None)
    return None


def _absent(alarm: Alarm, now: datetime) -> Alarm | None:
    if alarm.absent_since is None:
        return replace(alarm, absent_since=now)
    if now - alarm.absent_since < OVER_AFTER:
        return None
    return replace(alarm, event=AlarmEvent.OVER, event_at=now, event_seq=0, over_at=now)
