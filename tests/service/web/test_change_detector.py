"""How long memory may be trusted: a lease, and who looks when it ages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import pytest

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes
from service.web.change_detector import (
    MAX_AGE_S,
    POLL_EVERY_S,
    REMOTE_MAX_AGE_S,
    REMOTE_POLL_EVERY_S,
    RETRY_AFTER_S,
    ChangeDetector,
)
from tests.support.newsrooms import Office
from tests.support.ready_stores import make_sqlite
from tests.support.running_service import wait_for_end


@dataclass(slots=True)
class Clock:
    """Set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(slots=True)
class Store:
    """What is looked at: changed, well, slow or gone by hand."""

    is_news: bool = True
    is_local: bool = True
    last_retraction: object = None
    looks: int = 0
    error: Exception | None = None
    on_look: Callable[[], None] = lambda: None
    is_asked: Event = field(default_factory=Event)
    may_answer: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def is_quiet(self) -> bool:
        return False

    def poll(self) -> bool:
        self.looks += 1
        self.is_asked.set()
        self.on_look()
        assert self.may_answer.wait(10)
        if self.error is not None:
            raise self.error
        is_news, self.is_news = self.is_news, False
        return is_news


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def watch(store: Store, clock: Clock) -> ChangeDetector:
    return ChangeDetector(cast(Changes, cast(Any, store)), clock=clock)


def test_between_two_looks_nobody_looks(watch: ChangeDetector, store: Store, clock: Clock) -> None:
    numbers = set()
    for _ in range(100):
        numbers.add(watch.version())
        clock.now += POLL_EVERY_S / 101
    assert store.looks == 1
    assert len(numbers) == 1
    clock.now += POLL_EVERY_S
    watch.version()
    assert store.looks == 2


@pytest.mark.parametrize(
    ("took_s", "looks"),
    [
        (0.00005, 100),  # as often as it may be
        (0.0005, 50),  # for a fortieth of the time
        (0.025, 40),  # as often as a server, however long it takes
    ],
)
def test_polls_that_take_long_are_made_less_often(
    watch: ChangeDetector, store: Store, clock: Clock, took_s: float, looks: int
) -> None:
    """In a store of many documents, or on a busy processor. Here for a second."""
    store.on_look = lambda: clock.passes(took_s)
    for _ in range(2):  # what was saved is used up in the first second
        began, before = clock.now, store.looks
        while clock.now < began + 1.0:
            watch.version()
            clock.passes(0.00005)
    assert store.looks - before == pytest.approx(looks, rel=0.1)


def test_a_few_long_polls_in_a_row_delay_none(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    """A release is a few commits: each may be the one that has its edition."""
    watch.version()
    store.on_look = lambda: clock.passes(0.0005)
    for looks in range(2, 8):
        clock.passes(POLL_EVERY_S * 1.01)
        watch.version()
        assert store.looks == looks


def test_a_server_has_more_time_to_answer(store: Store, clock: Clock) -> None:
    store.is_local = False
    watch = ChangeDetector(cast(Changes, cast(Any, store)), clock=clock)
    assert watch.version() is not None
    looks = store.looks
    clock.now += REMOTE_POLL_EVERY_S * 0.99
    assert watch.version() is not None
    assert store.looks == looks
    clock.now = 1000.0 + REMOTE_MAX_AGE_S * 0.99
    asked: list[Callable[[], None]] = []
    assert watch.trusted_versions(asked.append) is not None
    assert len(asked) == 1


def test_a_change_has_another_number(watch: ChangeDetector, store: Store, clock: Clock) -> None:
    before = watch.version()
    clock.now += POLL_EVERY_S
    assert watch.version() == before
    store.is_news = True
    clock.now += POLL_EVERY_S
    assert watch.version() != before


def test_after_a_pause_the_first_answer_is_not_old(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    """Nobody asked for an hour, then the store changed: a hub that is told now sees it."""
    before = watch.version()
    clock.now += 3600
    store.is_news = True
    assert watch.version() != before


def test_while_one_looks_the_others_go_by_the_look_before_and_no_longer_than_its_lease(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    known = watch.version()
    assert known is not None
    clock.now += POLL_EVERY_S
    store.may_answer.clear()
    store.is_asked.clear()
    slow = Thread(target=watch.version)
    slow.start()
    assert store.is_asked.wait(10)
    clock.now = 1000.0 + MAX_AGE_S * 0.99
    assert watch.version() == known
    clock.now = 1000.0 + MAX_AGE_S * 1.01
    assert watch.version() is None
    store.may_answer.set()
    wait_for_end(slow)
    assert store.looks == 2


def test_a_lease_begins_when_a_look_begins(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    """What is committed while the store answers may not be in the answer."""
    store.may_answer.clear()
    slow = Thread(target=watch.version)
    slow.start()
    assert store.is_asked.wait(10)
    clock.now += MAX_AGE_S * 1.01
    store.may_answer.set()
    wait_for_end(slow)
    store.may_answer.clear()
    store.is_asked.clear()
    next_look = Thread(target=watch.version)
    next_look.start()
    assert store.is_asked.wait(10)
    assert watch.version() is None
    store.may_answer.set()
    wait_for_end(next_look)


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), ZeroDivisionError("a bug")])
def test_a_store_that_cannot_be_looked_at_is_asked_each_time(
    watch: ChangeDetector, store: Store, clock: Clock, error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Slower, and never wrong; and the log tells it once a pause, not once a request."""
    known = watch.version()
    clock.now += POLL_EVERY_S
    store.error = error
    for _ in range(10):
        assert watch.version() is None
    assert store.looks == 2
    is_away = isinstance(error, StoreUnavailable)
    assert watch.is_away == is_away
    told = "does not answer" if is_away else "cannot be polled"
    assert len([one for one in caplog.records if told in one.getMessage()]) == 1
    store.error = None
    store.is_news = True  # as Changes has it: a new connection knows nothing
    clock.now += RETRY_AFTER_S
    assert watch.version() not in (None, known)
    assert not watch.is_away


def test_an_age_counts_from_the_last_look_that_found_it_current(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    known = watch.version()
    assert watch.age_s(known, clock.now) is None
    clock.now += 10
    assert watch.version() == known
    store.error = StoreUnavailable("gone")
    clock.now += 5
    assert watch.version() is None
    assert watch.age_s(known, 1000.0) == 5
    assert watch.age_s(None, 1000.0) == 15, "it was another one at that look"


def test_who_must_not_wait_has_the_look_made(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    asked: list[Callable[[], None]] = []
    assert watch.trusted_versions(asked.append) is None, "nobody has looked yet"
    assert watch.trusted_versions(asked.append) is None
    assert store.looks == 0
    assert len(asked) == 1, "one look at a time"
    asked.pop()()
    assert watch.trusted_versions(asked.append) == range(1, 2)
    assert watch.version() == 1
    assert store.looks == 1
    clock.now += POLL_EVERY_S
    assert watch.trusted_versions(asked.append) == range(1, 2), "meanwhile, the look before holds"
    clock.now += MAX_AGE_S
    assert watch.trusted_versions(asked.append) is None, "and no longer than its lease"


def test_what_was_current_may_be_trusted_as_long_as_its_own_look(
    watch: ChangeDetector, store: Store, clock: Clock
) -> None:
    """However late and however often the store changes after it."""
    began = clock.now
    for newest in range(1, 4):
        store.is_news = True
        watch.trusted_versions(lambda look: look())
        known = watch.trusted_versions(lambda look: look())
        assert known == range(1, newest + 1)
        clock.now += POLL_EVERY_S
    clock.now = began + MAX_AGE_S * 0.99
    assert watch.trusted_versions(lambda look: look()) == range(1, 4)
    clock.now = began + MAX_AGE_S * 1.01
    assert watch.trusted_versions(lambda look: look()) == range(2, 4)
    clock.now = began + MAX_AGE_S * 1.01 + 2 * POLL_EVERY_S
    assert watch.trusted_versions(lambda look: look()) == range(3, 4)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = make_sqlite(tmp_path / "a.db")
    yield Office(database)
    database.close()


def test_a_look_that_finds_nothing_troubles_no_other_thread(office: Office, clock: Clock) -> None:
    """The interpreter's lock would change hands twice, and a request in a hundred wait for it."""
    changes = Changes(office.database, of_documents=True)
    watch = ChangeDetector(changes, clock=clock)
    asked: list[Callable[[], None]] = []
    watch.trusted_versions(asked.append)
    asked.pop()()
    known = watch.trusted_versions(asked.append)
    for _ in range(3):
        clock.now += MAX_AGE_S * 0.99
        assert watch.trusted_versions(asked.append) == known, "its lease begins anew"
    assert not asked
    office.publish()
    clock.now += POLL_EVERY_S
    assert watch.trusted_versions(asked.append) == known, "as of the look before"
    [look] = asked
    look()
    assert watch.trusted_versions(asked.append) == range(1, 3)
    changes.close()


def test_a_real_store_is_watched_from_many_threads(office: Office, clock: Clock) -> None:
    """A connection that was opened by one thread is used by all."""
    changes = Changes(office.database, of_documents=True)
    watch = ChangeDetector(changes, clock=clock, poll_every_s=0)
    seen: list[int | None] = []
    for _ in range(3):
        thread = Thread(target=lambda: seen.append(watch.version()))
        thread.start()
        wait_for_end(thread)
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert None not in seen
    office.publish()
    assert watch.version() not in seen
    changes.close()
