"""Alarms in the store: each is told once to each channel, by whichever machine comes first."""

from datetime import timedelta

from feeds.model.alarm import OVER_AFTER, Alarm, AlarmEvent, AlarmKind, Condition, changes_of
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, later

STALE = Condition(
    kind=AlarmKind.FEED_STALE, subject="all", since=NOON, words="feed 'all' waits for its edition"
)
MUTE = Condition(
    kind=AlarmKind.HUB_MUTE, subject="https://hub.example/", since=NOON, words="it is mute"
)
DAY = timedelta(days=1)


def evaluated(
    database: Database, *conditions: Condition, now: object = NOON, judged: object = None
) -> list[Alarm]:
    """Record what is wrong, as the service does; says what changed."""
    with database.transaction() as tx:
        tx.alarms.lock()
        known = tx.alarms.open()
        keys = {one.condition.key for one in known} if judged is None else judged
        changed = changes_of(known, conditions, judged=keys, now=now, again_after=DAY)  # type: ignore[arg-type]
        if changed:
            tx.alarms.record(changed)
    return changed


def told(database: Database, channel: str, *, now: object = NOON) -> list[tuple[str, str]]:
    """Tell a channel what it has not been told; says what that was."""
    with database.transaction() as tx:
        state = tx.alarms.claim(channel, now=now, until=now + timedelta(minutes=2))  # type: ignore[arg-type,operator]
    assert state is not None
    with database.transaction() as tx:
        events = tx.alarms.events(behind=state.sent_seq, limit=100)
        last = events[-1].event_seq if events else state.sent_seq
        tx.alarms.sent(channel, seq=last, now=now, result="250 OK" if events else None)  # type: ignore[arg-type]
    return [(one.event, one.condition.subject) for one in events]


def test_an_alarm_is_told_once_again_after_a_pause_and_when_it_is_over(database: Database) -> None:
    assert [one.event for one in evaluated(database, STALE)] == ["begun"]
    assert told(database, "mail") == [("begun", "all")]
    assert evaluated(database, STALE, now=later(hours=23)) == []
    assert told(database, "mail") == []
    evaluated(database, STALE, now=later(days=1))
    assert told(database, "mail") == [("again", "all")]
    gone = later(days=1, minutes=5)
    evaluated(database, now=gone)
    assert told(database, "mail") == []  # not over before it stayed away for a minute
    evaluated(database, now=gone + OVER_AFTER)
    assert told(database, "mail") == [("over", "all")]
    with database.read() as tx:
        assert tx.alarms.open() == []
        [recent] = tx.alarms.recent(since=NOON, limit=10)
    assert (recent.condition.since, recent.over_at) == (NOON, gone + OVER_AFTER)


def test_what_comes_and_goes_is_one_alarm(database: Database) -> None:
    evaluated(database, STALE)
    evaluated(database, now=later(seconds=15))
    evaluated(database, STALE, now=later(seconds=30))
    evaluated(database, now=later(seconds=75))
    assert told(database, "mail") == [("begun", "all")]
    with database.read() as tx:
        [alarm] = tx.alarms.open()
    assert alarm.absent_since == later(seconds=75)


def test_who_did_not_check_a_condition_does_not_end_its_alarm(database: Database) -> None:
    evaluated(database, STALE, MUTE)
    for minute in (5, 10):
        evaluated(database, now=later(minutes=minute), judged={MUTE.key})
    with database.read() as tx:
        assert [one.condition for one in tx.alarms.open()] == [STALE]


def test_a_channel_that_failed_is_told_later_what_is_so_then(database: Database) -> None:
    evaluated(database, STALE, MUTE)
    with database.transaction() as tx:
        state = tx.alarms.claim("mail", now=NOON, until=later(minutes=2))
        assert state is not None
        tx.alarms.failed(state, now=NOON, due_at=later(minutes=5), result="no answer")
    with database.transaction() as tx:
        assert tx.alarms.claim("mail", now=later(minutes=4), until=later(minutes=6)) is None
        [failing] = tx.alarms.channels()
    assert (failing.attempts, failing.last_result) == (1, "no answer")
    assert failing.first_failed_at == NOON
    evaluated(database, MUTE, now=later(minutes=2))
    evaluated(database, MUTE, now=later(minutes=4))
    now = later(minutes=5)
    assert told(database, "mail", now=now) == [("begun", MUTE.subject), ("over", "all")]
    with database.read() as tx:
        [well] = tx.alarms.channels()
    assert (well.attempts, well.first_failed_at, well.sent_at) == (0, None, now)


def test_one_channel_is_claimed_by_one_worker(database: Database) -> None:
    evaluated(database, STALE)
    with database.transaction() as tx:
        assert tx.alarms.claim("mail", now=NOON, until=later(minutes=2)) is not None
        assert tx.alarms.claim("webhook", now=NOON, until=later(minutes=2)) is not None
    with database.transaction() as tx:
        assert tx.alarms.claim("mail", now=later(minutes=1), until=later(minutes=3)) is None
        # Its worker is dead.
        assert tx.alarms.claim("mail", now=later(minutes=2), until=later(minutes=4)) is not None


def test_numbers_of_events_are_never_used_again(database: Database) -> None:
    evaluated(database, STALE)
    assert told(database, "mail") == [("begun", "all")]
    evaluated(database, now=later(minutes=2))
    evaluated(database, now=later(minutes=4))
    told(database, "mail", now=later(minutes=4))
    with database.transaction() as tx:
        assert tx.alarms.forget(before=later(minutes=4), limit=10) == 0
        assert tx.alarms.forget(before=later(minutes=5), limit=10) == 1
        assert not tx.alarms.is_due("mail", now=later(minutes=5))
    evaluated(database, MUTE, now=later(minutes=6))
    with database.read() as tx:
        assert tx.alarms.is_due("mail", now=later(minutes=6))
        assert tx.alarms.is_due("webhook", now=later(minutes=6))
    assert told(database, "mail", now=later(minutes=6)) == [("begun", MUTE.subject)]


def test_an_alarm_that_returns_begins_anew(database: Database) -> None:
    evaluated(database, STALE)
    evaluated(database, now=later(minutes=2))
    evaluated(database, now=later(minutes=4))
    again = Condition(
        kind=STALE.kind, subject="all", since=later(minutes=6), words=STALE.words, detail="why"
    )
    evaluated(database, again, now=later(minutes=6))
    with database.read() as tx:
        [alarm] = tx.alarms.open()
    assert (alarm.condition, alarm.event, alarm.over_at) == (again, AlarmEvent.BEGUN, None)


def stale_since(office: Office, slug: str = "all") -> object:
    with office.database.read() as tx:
        [state] = tx.feeds.states(titles={slug: slug})
    return state.stale_since


def test_a_feed_is_stale_since_the_oldest_change_that_is_in_no_edition(database: Database) -> None:
    office = Office(database, catalogue())
    office.publish(now=NOON)
    assert stale_since(office) is None
    office.add(draft("id:1"), now=later(minutes=1))
    office.add(draft("id:2", title="Another"), now=later(minutes=9))
    assert stale_since(office) == later(minutes=1)
    office.publish(now=later(minutes=10))
    assert stale_since(office) is None


def test_what_changes_while_an_edition_is_made_waits_from_then(database: Database) -> None:
    """A newsroom that never rests has feeds that are always stale, and never for long."""
    office = Office(database, catalogue())
    office.publish(now=NOON)
    office.add(draft("id:1"), now=later(minutes=1))
    with database.transaction() as tx:
        until = later(minutes=7)
        [claimed] = tx.feeds.claim(["all"], worker="host", now=later(minutes=2), until=until)
    office.add(draft("id:2", title="Another"), now=later(minutes=3))
    with database.transaction() as tx:
        settings = tx.feeds.applied()["all"].settings
        made = [(claimed, 2, settings)]
        assert tx.feeds.complete(made, worker="host", now=later(minutes=5)) == {"all"}
    assert stale_since(office) == later(minutes=5)
