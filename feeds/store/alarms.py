"""Alarms that are open or lately were, and how far each channel has been told.

Events of alarms have ascending numbers, and each channel has the number of the last event that it
was told. So a channel that fails gets the present state of every alarm later, in one message, and
any number of machines tell each channel once: whoever sends claims the channel first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select, update

from feeds.model.alarm import Alarm, AlarmEvent, AlarmKind, ChannelState, Condition
from feeds.store.dialects import lock_in_order, upsert
from feeds.store.schema import alarm_channels, alarms

#: The row of ``alarm_channels`` that numbers the events.
_COUNTER = ""


class Alarms:
    """Alarms over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self) -> list[Alarm]:
        """The alarms that are not over, by kind and subject."""
        # Sorted here: PostgreSQL might read all alarms in that order instead of the open ones.
        rows = self._connection.execute(select(alarms).where(alarms.c.over_at.is_(None)))
        return sorted((_alarm(row) for row in rows), key=lambda alarm: alarm.condition.key)

    def recent(self, *, since: datetime, limit: int) -> list[Alarm]:
        """The alarms that ended at or after *since*, the last one first."""
        query = select(alarms).where(alarms.c.over_at >= since)
        rows = self._connection.execute(query.order_by(alarms.c.over_at.desc()).limit(limit))
        return [_alarm(row) for row in rows]

    def lock(self) -> None:
        """Makes all others that record alarms wait until this transaction ends."""
        self._create(_COUNTER)
        lock_in_order(self._connection, alarm_channels.c.channel, [_COUNTER])

    def record(self, changed: Sequence[Alarm]) -> None:
        """Stores alarms, and numbers those events that have no number yet. Needs `lock`."""
        last = self._channel(_COUNTER).sent_seq
        rows = []
        for alarm in changed:
            last += alarm.event_seq == 0
            rows.append(_row(alarm, alarm.event_seq or last))
        upsert(self._connection, alarms, rows)
        counter = update(alarm_channels).where(alarm_channels.c.channel == _COUNTER)
        self._connection.execute(counter.values(sent_seq=last))

    def forget(self, *, before: datetime, limit: int) -> int:
        """Deletes alarms that ended before then, at most so many. Returns how many."""
        old = select(alarms.c.kind, alarms.c.subject).where(alarms.c.over_at < before).limit(limit)
        gone = self._connection.execute(old).all()
        for kind, subject in gone:
            is_it = (alarms.c.kind == kind) & (alarms.c.subject == subject)
            self._connection.execute(delete(alarms).where(is_it, alarms.c.over_at < before))
        return len(gone)

    def events(self, *, behind: int, limit: int) -> list[Alarm]:
        """The alarms whose last event has a greater number, in the order of the events."""
        query = select(alarms).where(alarms.c.event_seq > behind)
        rows = self._connection.execute(query.order_by(alarms.c.event_seq).limit(limit))
        return [_alarm(row) for row in rows]

    def has_old(self, *, before: datetime) -> bool:
        """Whether an alarm ended before then."""
        old = select(alarms.c.kind).where(alarms.c.over_at < before).limit(1)
        return self._connection.execute(old).first() is not None

    def is_due(self, channel: str, *, now: datetime) -> bool:
        """Whether a channel has to be told something now; cheap, and claims nothing."""
        asked = (_COUNTER, channel)
        rows = self._connection.execute(
            select(alarm_channels).where(alarm_channels.c.channel.in_(asked))
        )
        states = {row.channel: _channel_state(row) for row in rows}
        last = states[_COUNTER].sent_seq if _COUNTER in states else 0
        state = states.get(channel)
        if state is None:
            return last > 0
        return state.sent_seq < last and (state.due_at is None or state.due_at <= now)

    def channels(self) -> list[ChannelState]:
        """The state of each channel that was ever used, by name."""
        query = select(alarm_channels).where(alarm_channels.c.channel != _COUNTER)
        rows = self._connection.execute(query.order_by(alarm_channels.c.channel))
        return [_channel_state(row) for row in rows]

    def claim(self, channel: str, *, now: datetime, until: datetime) -> ChannelState | None:
        """Claims a channel for this worker until then; None if another worker has it.

        A channel that failed is not free before its next try is due.
        """
        self._create(channel)
        is_free = or_(
            alarm_channels.c.claimed_until.is_(None), alarm_channels.c.claimed_until <= now
        )
        is_due = or_(alarm_channels.c.due_at.is_(None), alarm_channels.c.due_at <= now)
        claimed = update(alarm_channels).where(alarm_channels.c.channel == channel, is_free, is_due)
        if self._connection.execute(claimed.values(claimed_until=until)).rowcount == 0:
            return None
        return self._channel(channel)

    def sent(self, channel: str, *, seq: int, now: datetime, result: str | None) -> None:
        """Records that a channel was told all events up to *seq*, and releases the claim.

        Args:
            channel: Its name.
            seq: The number of the last event.
            now: The current time.
            result: What the other side said; None if there was nothing to send.
        """
        values: dict[str, Any] = {"sent_seq": seq, "claimed_until": None}
        if result is not None:
            values |= {"sent_at": now, "last_try_at": now, "last_result": result}
            values |= {"due_at": None, "attempts": 0, "first_failed_at": None}
        is_it = alarm_channels.c.channel == channel
        self._connection.execute(update(alarm_channels).where(is_it).values(values))

    def failed(self, state: ChannelState, *, now: datetime, due_at: datetime, result: str) -> None:
        """Records that a claimed channel failed; it is tried again at *due_at*."""
        values = {
            "claimed_until": None,
            "due_at": due_at,
            "attempts": state.attempts + 1,
            "first_failed_at": state.first_failed_at or now,
            "last_try_at": now,
            "last_result": result,
        }
        is_it = alarm_channels.c.channel == state.channel
        self._connection.execute(update(alarm_channels).where(is_it).values(values))

    def _create(self, channel: str) -> None:
        fresh = {"channel": channel, "sent_seq": 0, "attempts": 0}
        upsert(self._connection, alarm_channels, [fresh], keep=["sent_seq", "attempts"])

    def _channel(self, channel: str) -> ChannelState:
        query = select(alarm_channels).where(alarm_channels.c.channel == channel)
        return _channel_state(self._connection.execute(query).one())


def _row(alarm: Alarm, seq: int) -> dict[str, Any]:
    condition = alarm.condition
    return {
        "kind": condition.kind.value,
        "subject": condition.subject,
        "since": condition.since,
        "words": condition.words,
        "detail": condition.detail,
        "event": alarm.event.value,
        "event_at": alarm.event_at,
        "event_seq": seq,
        "absent_since": alarm.absent_since,
        "over_at": alarm.over_at,
    }


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        condition=Condition(
            kind=AlarmKind(row.kind),
            subject=row.subject,
            since=row.since,
            words=row.words,
            detail=row.detail,
        ),
        event=AlarmEvent(row.event),
        event_at=row.event_at,
        event_seq=row.event_seq,
        absent_since=row.absent_since,
        over_at=row.over_at,
    )


def _channel_state(row: Row[Any]) -> ChannelState:
    return ChannelState(
        channel=row.channel,
        sent_seq=row.sent_seq,
        sent_at=row.sent_at,
        due_at=row.due_at,
        attempts=row.attempts,
        first_failed_at=row.first_failed_at,
        last_try_at=row.last_try_at,
        last_result=row.last_result,
    )
