"""That the store is away is told from memory: once, again after a pause, and when it is over."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.errors import StoreReplaced, StoreUnavailable
from feeds.model.alarm import AlarmKind
from feeds.store.database import Database
from service.alarms import AlarmKeeper, AlarmMessage, AlarmRounds, Machine, StoreAwayAlarm
from service.alarms.channels import ChannelFailed
from service.alarms.store_away import PATIENCE_S
from tests.support.newsrooms import NOON, Office, catalogue


class _Channel:
    """A channel of the test's own, which a test may break."""

    name = "webhook"

    def __init__(self) -> None:
        self.fault: str | None = None
        self.told: list[tuple[str, str, str]] = []
        self.words = ""

    def send(self, message: AlarmMessage) -> str:
        """Take the message."""
        if self.fault is not None:
            raise ChannelFailed(self.fault)
        for one in message.alarms:
            if one.condition.kind is AlarmKind.STORE_AWAY:
                self.told.append((one.condition.kind.value, one.condition.subject, one.event.value))
                self.words = one.condition.words
        return "taken"


class _Rounds:
    """The rounds of one process, by a clock that the test sets."""

    def __init__(self, office: Office, channel: _Channel) -> None:
        self.passed_s = 0.0
        self._office, self._channel = office, channel
        self._away = StoreAwayAlarm(host="here", monotonic=lambda: self.passed_s)
        self._rounds = AlarmRounds(
            monotonic=lambda: self.passed_s, grace_s=0, store_away=self._away
        )

    def after(self, seconds: float) -> None:
        """Do a round so much later."""
        self.passed_s += seconds
        keeper = AlarmKeeper(self._office.application, Machine(host="here"), [self._channel])
        with suppress(StoreUnavailable):
            self._rounds.run(keeper, now=lambda: NOON + timedelta(seconds=self.passed_s))
        sending = self._rounds._sending
        assert sending is not None
        sending.join()


@pytest.fixture
def lost(sqlite_database: Database) -> Callable[[], Callable[[], object]]:
    """Takes the store away; what it returns puts it back."""

    def lose() -> Callable[[], object]:
        path = sqlite_database.file
        assert path is not None
        elsewhere = Path(f"{path}-elsewhere")
        path.rename(elsewhere)
        return lambda: elsewhere.rename(path)

    return lose


def test_it_is_told_once_again_and_when_it_is_over(
    sqlite_database: Database, lost: Callable[[], Callable[[], object]]
) -> None:
    channel = _Channel()
    rounds = _Rounds(Office(sqlite_database, catalogue()), channel)
    rounds.after(0)
    put_back = lost()
    rounds.after(15)
    rounds.after(PATIENCE_S - 1)
    assert channel.told == []
    channel.fault = "nobody answers"
    rounds.after(1)
    channel.fault = None
    rounds.after(15)
    assert channel.told == [], "a channel that failed gets a pause"
    rounds.after(60)
    rounds.after(15)
    assert channel.told == [("store_away", "here", "begun")]
    assert channel.words.startswith("no store since 2026-03-02 12:00:15 UTC on here, nothing is")
    assert channel.words.endswith(StoreReplaced.in_short)
    rounds.after(timedelta(hours=24).total_seconds())
    assert [event for _, _, event in channel.told] == ["begun", "again"]
    put_back()
    rounds.after(15)
    rounds.after(15)
    assert [event for _, _, event in channel.told] == ["begun", "again", "over"]
    lost()
    for seconds in (15, PATIENCE_S):
        rounds.after(seconds)
    assert [event for _, _, event in channel.told][3:] == ["begun"]


def test_what_was_away_for_a_moment_is_not_told(
    sqlite_database: Database, lost: Callable[[], Callable[[], object]]
) -> None:
    channel = _Channel()
    rounds = _Rounds(Office(sqlite_database, catalogue()), channel)
    for _ in range(3):
        put_back = lost()
        rounds.after(PATIENCE_S - 15)
        put_back()
        rounds.after(15)
    assert channel.told == []


def test_a_process_that_could_not_start_tells_when_it_is_over(sqlite_database: Database) -> None:
    """Its tries to start, and its work after them, have one alarm."""
    channel, passed_s = _Channel(), 0.0
    keeper = AlarmKeeper(
        Office(sqlite_database, catalogue()).application, Machine(host="here"), [channel]
    )
    away = StoreAwayAlarm(host="here", monotonic=lambda: passed_s)
    tries, work = (
        AlarmRounds(monotonic=lambda: passed_s, grace_s=0, store_away=away) for _ in range(2)
    )
    for passed_s in (0.0, PATIENCE_S, 2 * PATIENCE_S):  # noqa: B007  # the clock reads it
        tries.store_failed(StoreUnavailable("no answer"), keeper, now=lambda: NOON)
        assert tries._sending is not None
        tries._sending.join()
    assert [event for _, _, event in channel.told] == ["begun"]
    work.run(keeper, now=lambda: NOON)
    assert work._sending is not None
    work._sending.join()
    assert [event for _, _, event in channel.told] == ["begun", "over"]
