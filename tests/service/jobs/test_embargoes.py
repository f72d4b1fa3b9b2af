"""Embargoes: waited for to the moment, and told without a name."""

import threading
from datetime import datetime, timedelta

import pytest

from feeds.store.database import Database
from service.jobs import regular
from service.jobs.regular import release_due, wait_for_embargo_end
from tests.feeds.newsroom.test_embargoes import MINUTE, embargoed
from tests.support.newsrooms import NOON, Office


class Clock:
    """A clock that goes as far as somebody waits."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self.waits: list[float] = []

    def now(self) -> datetime:
        """The time of day."""
        return self.moment

    def wait(self, seconds: float) -> bool:
        """As an event's, which nobody sets."""
        self.waits.append(seconds)
        self.moment += timedelta(seconds=seconds)
        return False


def waiting(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """An event that is waited for by that clock."""
    is_over = threading.Event()
    monkeypatch.setattr(is_over, "wait", clock.wait)
    return is_over


@pytest.mark.parametrize(
    ("before_s", "has_ended", "waits"),
    [
        pytest.param(3600, False, [], id="an hour"),
        pytest.param(1.001, False, [], id="the next look is sooner"),
        pytest.param(0.75, True, [0.75], id="before the next look"),
        pytest.param(0, True, [], id="now"),
        pytest.param(-3600, True, [], id="while we were down"),
    ],
)
def test_the_moment_is_waited_for(
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    before_s: float,
    has_ended: bool,
    waits: list[float],
) -> None:
    office, clock = Office(sqlite_database), Clock(MINUTE - timedelta(seconds=before_s))
    office.add(embargoed())
    is_over = waiting(clock, monkeypatch)
    assert wait_for_embargo_end(office.newsroom, now=clock.now, is_over=is_over) is has_ended
    assert clock.waits == waits


def test_an_end_of_the_process_ends_the_waiting(sqlite_database: Database) -> None:
    office, is_over = Office(sqlite_database), threading.Event()
    office.add(embargoed())
    is_over.set()
    now = MINUTE - timedelta(seconds=0.9)
    assert not wait_for_embargo_end(office.newsroom, now=lambda: now, is_over=is_over)


def test_nothing_is_waited_for_where_nothing_waits(sqlite_database: Database) -> None:
    office = Office(sqlite_database)
    assert not wait_for_embargo_end(office.newsroom, now=lambda: NOON, is_over=threading.Event())


def test_only_the_number_is_told(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(regular._log, "info", lambda *said, **more: told.append((said, more)))
    office = Office(sqlite_database)
    office.add(embargoed())
    assert release_due(office.newsroom, now=NOON) == 0
    assert release_due(office.newsroom, now=MINUTE) == 1
    assert told == [(("embargoes ended",), {"count": 1})]
