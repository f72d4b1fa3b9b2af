"""Each alarm reaches each channel once, again after a pause, and when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds.model.alarm import AlarmKind
from feeds.store.database import Database
from service.alarms import AlarmKeeper, AlarmMessage, AlarmRounds, Machine
from service.alarms.channels import ChannelFailed
from service.alarms.rounds import GRACE_S
from tests.support.newsrooms import NOON, Office, catalogue, draft, later
from tests.support.process_states import JOBS
from tests.support.running_service import wait_for_end


class Recorder:
    """A channel of the test's own, which a test may break."""

    def __init__(self, name: str = "webhook") -> None:
        self.name = name
        self.fault: str | None = None
        self.told: list[list[tuple[str, str]]] = []
        self.ids: list[str] = []

    def send(self, message: AlarmMessage) -> str:
        """Take the message."""
        self.ids.append(message.id)
        if self.fault is not None:
            raise ChannelFailed(self.fault)
        self.told.append([(one.event, one.condition.subject) for one in message.alarms])
        return "taken"


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database, catalogue())
    office.publish(now=NOON)
    return office


def keeper(office: Office, *channels: Recorder, host: str = "here") -> AlarmKeeper:
    return AlarmKeeper(office.application, Machine(host=host), channels)


def round_at(now: datetime, *keepers: AlarmKeeper) -> None:
    for one in keepers:
        one.check(now=now)
        one.send_due(now=lambda: now)


def rounds(office: Office, at: Sequence[datetime], *channels: Recorder) -> None:
    for now in at:
        round_at(now, keeper(office, *channels))


def test_two_machines_tell_each_channel_once(office: Office) -> None:
    mail, hook = Recorder("mail"), Recorder()
    machines = [keeper(office, mail, hook, host=name) for name in ("one", "two")]
    office.add(draft("id:1"), now=NOON)
    for minute in (11, 12, 13):
        round_at(later(minutes=minute), *machines)
    assert mail.told == hook.told == [[("begun", "all")]]
    round_at(later(days=1, minutes=11), *machines)
    assert mail.told[1:] == [[("again", "all")]]
    office.publish(now=later(days=1, minutes=12))
    for minute in (13, 14, 15):
        round_at(later(days=1, minutes=minute), *machines)
    assert mail.told[2:] == hook.told[2:] == [[("over", "all")]]


def test_with_a_pause_of_zero_nothing_is_told_again(office: Office) -> None:
    hook = Recorder()
    office.change(
        settings=office.settings.model_copy(
            update={"alarms": office.settings.alarms.model_copy(update={"again_hours": 0.0})}
        )
    )
    office.add(draft("id:1"), now=NOON)
    rounds(office, [later(minutes=11), later(days=1, minutes=11), later(days=40)], hook)
    assert hook.told == [[("begun", "all")]]


def test_a_channel_that_fails_is_tried_again_with_growing_pauses_and_is_shown(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    mail, hook = Recorder("mail"), Recorder()
    mail.fault = "535 wrong password"
    office.add(draft("id:1"), now=NOON)
    minutes = [11, 11.5, 12, 13, 14, 15, 18]
    rounds(office, [later(minutes=each) for each in minutes], mail, hook)
    assert hook.told == [[("begun", "all")]]
    assert len(mail.ids) == 4  # at 11, 12, 14 and 18 minutes
    assert len(set(mail.ids)) == 1
    warnings = [one.msg["event"] for one in caplog.records if one.levelname == "WARNING"]  # type: ignore[index]
    assert warnings == ["alarm", "alarms not sent"]
    with office.database.read() as tx:
        states = {one.channel: one for one in tx.alarms.channels()}
    assert states["mail"].last_result == "535 wrong password"
    assert states["mail"].first_failed_at == later(minutes=11)
    assert states["webhook"].attempts == 0
    mail.fault = None
    rounds(office, [later(minutes=26)], mail, hook)
    assert mail.told == [[("begun", "all")]]


def test_a_new_channel_is_told_what_is_open_and_not_what_is_over(office: Office) -> None:
    office.add(draft("id:1"), now=NOON)
    rounds(office, [later(minutes=11)])
    office.publish(now=later(minutes=12))
    rounds(office, [later(minutes=13), later(minutes=15)])
    hook = Recorder()
    rounds(office, [later(minutes=16)], hook)
    assert hook.told == []
    office.add(draft("id:2", title="Another"), now=later(minutes=20))
    rounds(office, [later(minutes=31)], hook)
    assert hook.told == [[("begun", "all")]]


def test_what_is_over_before_it_could_be_told_is_told_as_over(office: Office) -> None:
    hook = Recorder()
    hook.fault = "no route"
    office.add(draft("id:1"), now=NOON)
    rounds(office, [later(minutes=11)], hook)
    office.publish(now=later(minutes=12))
    hook.fault = None
    rounds(office, [later(minutes=13), later(minutes=15)], hook)
    assert hook.told == [[("begun", "all")], [("over", "all")]]


def test_a_disk_is_judged_by_its_own_machine_as_long_as_there_is_one(
    office: Office, tmp_path: object
) -> None:
    wants_all = office.settings.alarms.model_copy(update={"disk_free_percent": 100.1})
    full = office.settings.model_copy(update={"alarms": wants_all})
    usual = office.settings
    with office.database.transaction() as tx:
        tx.processes.record(replace(JOBS, host="one", worked_at=later(days=9)))
    office.change(settings=full)
    machine = Machine(host="one", folders=(tmp_path,))  # type: ignore[arg-type]
    AlarmKeeper(office.application, machine, ()).check(now=NOON)
    office.change(settings=usual)
    for minute in (2, 4):
        keeper(office, host="two").check(now=later(minutes=minute))
    with office.database.read() as tx:
        assert [one.condition.kind for one in tx.alarms.open()] == [AlarmKind.DISK_NEARLY_FULL]
    with office.database.transaction() as tx:
        state = replace(JOBS, worker="x", host="two", worked_at=later(days=9))
        tx.processes.record(state)
        tx.processes.forget_others(state, before=later(days=10))
    for minute in (6, 8):
        keeper(office, host="two").check(now=later(minutes=minute))
    with office.database.read() as tx:
        assert tx.alarms.open() == []


def test_a_round_that_finds_nothing_new_writes_nothing(office: Office) -> None:
    office.add(draft("id:1"), now=NOON)
    hook = Recorder()
    rounds(office, [later(minutes=11)], hook)
    with office.database.read() as tx:
        before = tx.alarms.open(), tx.alarms.channels()
    office.database.run_in_transaction = None  # type: ignore[assignment,method-assign]
    rounds(office, [later(minutes=12)], hook)
    with office.database.read() as tx:
        assert (tx.alarms.open(), tx.alarms.channels()) == before


def test_alarms_that_are_long_over_are_forgotten(office: Office) -> None:
    office.add(draft("id:1"), now=NOON)
    rounds(office, [later(minutes=11)])
    office.publish(now=later(minutes=12))
    rounds(office, [later(minutes=13), later(minutes=15), later(days=30)])
    with office.database.read() as tx:
        assert len(tx.alarms.recent(since=NOON, limit=9)) == 1
    rounds(office, [later(days=31)])
    with office.database.read() as tx:
        assert tx.alarms.recent(since=NOON, limit=9) == []


def test_nothing_is_checked_in_the_first_minute(office: Office) -> None:
    """What waited while the service was stopped gets the time to be done."""
    office.add(draft("id:1"), now=NOON)
    moment = [0.0]
    begun = AlarmRounds(monotonic=lambda: moment[0])
    for after_s, count in ((0.0, 0), (GRACE_S - 1, 0), (GRACE_S, 1)):
        moment[0] = after_s
        begun.run(keeper(office), now=lambda: later(minutes=11))
        with office.database.read() as tx:
            assert len(tx.alarms.open()) == count
    assert begun._sending is not None
    wait_for_end(begun._sending)


def test_nothing_of_a_release_is_in_the_log_or_in_a_message(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "service")
    secret = replace(draft("id:1", title="Secret merger"), embargoed_until=later(hours=1))
    office.add(secret, now=NOON)
    sent: list[bytes] = []

    class Reader(Recorder):
        def send(self, message: AlarmMessage) -> str:
            sent.append(message.to_json() + message.text.encode() + message.subject.encode())
            return super().send(message)

    hook = Reader()
    rounds(office, [later(hours=1) + timedelta(minutes=3)], hook)
    [[(event, _)]] = hook.told
    assert event == "begun"
    assert b"merger" not in b"".join(sent).lower()
    assert "embargo_missed" in caplog.text
    assert "merger" not in caplog.text.lower()
