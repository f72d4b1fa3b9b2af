"""Records alarms in the store, and tells each channel what it has not been told yet."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from feeds.model.alarm import Alarm, AlarmEvent, AlarmKind, ChannelState, changes_of
from feeds.store.database import Transaction
from service.alarms.channels import AlarmMessage, Channel, ChannelFailed
from service.alarms.conditions import ALL_KINDS, FoundConditions, Machine, conditions
from service.application import Application
from service.logs import get_logger

_log = get_logger(__name__)

#: How often alarms are checked and sent.
CHECK_EVERY_S = 15.0

#: Alarms that are over are listed for this long.
KEPT_FOR = timedelta(days=30)
FORGOTTEN_AT_ONCE = 100

#: Alarms in one message, and messages to one channel in a row.
MAX_IN_MESSAGE, MAX_MESSAGES = 100, 10

#: A claim on a channel lasts longer than any sending takes.
CLAIM_FOR = timedelta(minutes=5)

#: The pause after a failed try; it doubles with each. A channel is never given up.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutcome:
    """What became of a message to one channel."""

    channel: str
    is_sent: bool
    result: str
    alarms: tuple[Alarm, ...] = ()


class AlarmKeeper:
    """The alarms of one configuration. Any number of processes and machines may have one."""

    def __init__(
        self,
        application: Application,
        machine: Machine,
        channels: Sequence[Channel],
        *,
        kinds: Collection[AlarmKind] = ALL_KINDS,
    ) -> None:
        """Sets up what to check and whom to tell.

        Args:
            application: Has the configuration and the store.
            machine: The machine that this process sees.
            channels: The configured channels.
            kinds: What this process checks.
        """
        self._application = application
        self._machine = machine
        self.channels = tuple(channels)
        self._kinds = frozenset(kinds)
        again_hours = application.settings.alarms.again_hours
        #: The pause after which an alarm that lasts is told again; None for never.
        self.again_after = timedelta(hours=again_hours) if again_hours else None

    @property
    def embargo_patience(self) -> timedelta:
        """How late the end of an embargo may be."""
        return timedelta(minutes=self._application.settings.alarms.embargo_minutes)

    def check(self, *, now: datetime, kinds: Collection[AlarmKind] | None = None) -> list[Alarm]:
        """Compares what is wrong now with the recorded alarms, and records the difference.

        Args:
            now: The current time.
            kinds: What to check; what this process checks if None.

        Returns:
            The alarms that begin, are told again, or end.

        Raises:
            StoreUnavailable: The store cannot be reached; nothing was recorded.
        """
        database = self._application.database
        checked = self._kinds if kinds is None else frozenset(kinds)
        with database.read() as tx:  # a write would wait for other writers
            found = conditions(tx, self._application, self._machine, now=now, kinds=checked)
            is_changed = bool(self._changes(tx, found, checked, now))
            has_old = tx.alarms.has_old(before=now - KEPT_FOR)
        if not is_changed and not has_old:
            return []
        changed = database.run_in_transaction(lambda tx: self._record(tx, found, checked, now))
        events = [alarm for alarm in changed if alarm.event_seq == 0]
        for alarm in events:
            _log_event(alarm)
        return events

    def send_due(self, *, now: Callable[[], datetime]) -> list[SendOutcome]:
        """Tells every channel what it has not been told yet, and records the outcomes.

        Args:
            now: The clock.

        Raises:
            StoreUnavailable: The store cannot be reached. What was sent and could not be recorded
                is sent again.
        """
        outcomes = []
        for channel in self.channels:
            for _ in range(MAX_MESSAGES):
                outcome = self._send_next(channel, now)
                if outcome is None:
                    break
                if outcome.alarms:
                    outcomes.append(outcome)
                if not outcome.is_sent:
                    break
        return outcomes

    def tells(self, kind: AlarmKind) -> bool:
        """Whether operators want to be told of this kind."""
        return kind.value not in self._application.settings.alarms.off

    def send_unrecorded(self, channel: Channel, alarm: Alarm, *, now: datetime) -> SendOutcome:
        """Tells a channel of an event that is not in the store, and records nothing."""
        name = f"{alarm.condition.kind.value}-{alarm.condition.subject}"
        message = self._message(f"{name}-{int(alarm.event_at.timestamp())}", (alarm,), now)
        return _sent_through(channel, message)

    def send_test(self, *, now: datetime) -> list[SendOutcome]:
        """Sends a test through every channel. Nothing is recorded."""
        message = self._message(f"test-{int(now.timestamp())}", (), now)
        return [_sent_through(channel, message) for channel in self.channels]

    def _changes(
        self, tx: Transaction, found: FoundConditions, checked: frozenset[AlarmKind], now: datetime
    ) -> list[Alarm]:
        known = tx.alarms.open()
        return changes_of(
            known,
            found.conditions,
            judged={one.condition.key for one in known if self._can_judge(one, found, checked)},
            now=now,
            again_after=self.again_after,
        )

    def _can_judge(
        self, alarm: Alarm, found: FoundConditions, checked: frozenset[AlarmKind]
    ) -> bool:
        kind = alarm.condition.kind
        if kind not in checked or kind in found.partial:
            return False
        if kind is AlarmKind.DISK_NEARLY_FULL:
            # A disk is seen by its own machine; that of a machine which is gone concerns nobody.
            host = alarm.condition.subject.partition(" ")[0]
            return host == self._machine.host or host not in found.hosts
        return True

    def _record(
        self, tx: Transaction, found: FoundConditions, checked: frozenset[AlarmKind], now: datetime
    ) -> list[Alarm]:
        tx.alarms.lock()
        changed = self._changes(tx, found, checked, now)
        if changed:
            tx.alarms.record(changed)
        tx.alarms.forget(before=now - KEPT_FOR, limit=FORGOTTEN_AT_ONCE)
        return changed

    def _send_next(self, channel: Channel, now: Callable[[], datetime]) -> SendOutcome | None:
        """Sends one message; None if there is none to be sent, or another worker sends it."""
        database, at = self._application.database, now()
        with database.read() as tx:
            if not tx.alarms.is_due(channel.name, now=at):
                return None
        state = database.run_in_transaction(
            lambda tx: tx.alarms.claim(channel.name, now=at, until=at + CLAIM_FOR)
        )
        if state is None:
            return None
        with database.read() as tx:
            events = tx.alarms.events(behind=state.sent_seq, limit=MAX_IN_MESSAGE)
        if not events:  # another worker sent it meanwhile
            self._record_sent(state, state.sent_seq, at, None)
            return None
        last = events[-1].event_seq
        # A channel that is new is not told of what was over before anyone could tell it.
        is_new = state.sent_at is None and state.first_failed_at is None
        told = [one for one in events if not (is_new and one.event is AlarmEvent.OVER)]
        if not told:
            self._record_sent(state, last, at, None)
            return SendOutcome(channel=channel.name, is_sent=True, result="nothing to send")
        # The moment too: a store that was restored from a copy numbers its events anew.
        name = f"alarms-{last}-{int(told[-1].event_at.timestamp())}"
        message = self._message(name, tuple(told), at)
        outcome = _sent_through(channel, message)
        if outcome.is_sent:
            self._record_sent(state, last, now(), outcome.result)
            _log.info("alarms sent", channel=channel.name, count=len(told), result=outcome.result)
        else:
            self._record_failed(state, now(), outcome.result)
        return outcome

    def _message(self, name: str, alarms: tuple[Alarm, ...], at: datetime) -> AlarmMessage:
        site = self._application.catalogue.site
        name = f"{name}-{sha256(site.base_url.encode()).hexdigest()[:8]}"
        return AlarmMessage(id=name, site=site.title, url=site.base_url, at=at, alarms=alarms)

    def _record_sent(
        self, state: ChannelState, seq: int, now: datetime, result: str | None
    ) -> None:
        self._application.database.run_in_transaction(
            lambda tx: tx.alarms.sent(state.channel, seq=seq, now=now, result=result)
        )

    def _record_failed(self, state: ChannelState, now: datetime, result: str) -> None:
        pause = min(FIRST_PAUSE * 2 ** min(state.attempts, 10), LONGEST_PAUSE)
        log = _log.warning if state.attempts == 0 else _log.debug
        log("alarms not sent", channel=state.channel, reason=result, see="communique alarms")
        self._application.database.run_in_transaction(
            lambda tx: tx.alarms.failed(state, now=now, due_at=now + pause, result=result)
        )


def _sent_through(channel: Channel, message: AlarmMessage) -> SendOutcome:
    try:
        result, is_sent = channel.send(message), True
    except ChannelFailed as error:
        result, is_sent = str(error), False
    return SendOutcome(channel=channel.name, is_sent=is_sent, result=result, alarms=message.alarms)


def _log_event(alarm: Alarm) -> None:
    condition = alarm.condition
    fields = {"kind": condition.kind.value, "subject": condition.subject, "what": condition.words}
    # A refusal has a line of its own already, which says more.
    is_known = condition.kind is AlarmKind.DOCUMENT_REFUSED
    if alarm.event is AlarmEvent.BEGUN:
        (_log.debug if is_known else _log.warning)("alarm", **fields)
    elif alarm.event is AlarmEvent.OVER:
        (_log.debug if is_known else _log.info)("alarm over", **fields)
