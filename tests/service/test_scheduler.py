"""Timers: once at a time, at once when asked, and an end that is one."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from feeds.errors import StoreUnavailable
from service.scheduler import Scheduler, Timer
from tests.support.running_service import wait_for_end


def scheduler() -> Scheduler:
    """A scheduler with the real clock, which APScheduler goes by."""
    return Scheduler(now=lambda: datetime.now(UTC))


def test_a_job_is_done_at_its_pace() -> None:
    often, made = threading.Semaphore(0), scheduler()
    made.set(Timer(name="count", job=often.release, every_s=0.05))
    made.start()
    assert all(often.acquire(timeout=5) for _ in range(3))
    made.stop()


def test_a_job_is_done_at_once_when_asked() -> None:
    done, made = threading.Semaphore(0), scheduler()
    made.set(Timer(name="rare", job=done.release, every_s=3600))
    made.start()
    assert done.acquire(timeout=5)
    made.wake("rare")
    assert done.acquire(timeout=5)
    made.stop()


@pytest.mark.parametrize("after", [timedelta(0), timedelta(milliseconds=30)])
def test_a_job_that_is_woken_while_it_runs_runs_once_more(after: timedelta) -> None:
    """It may have passed by what it is woken for, and would not come to it for an hour."""
    begun, go_on, made = threading.Semaphore(0), threading.Semaphore(0), scheduler()

    def work() -> None:
        begun.release()
        go_on.acquire(timeout=5)

    made.set(Timer(name="rare", job=work, every_s=3600))
    made.start()
    assert begun.acquire(timeout=5)
    for _ in range(3):
        made.wake("rare", after=after)
    go_on.release()
    assert begun.acquire(timeout=5)
    go_on.release()
    assert not begun.acquire(timeout=0.2), "once for all three"
    made.stop()


def test_a_job_that_has_just_ended_can_be_woken() -> None:
    """APScheduler counts the end of a run a moment after it, and skips the next one until then."""
    ended, made = threading.Semaphore(0), scheduler()
    made.set(Timer(name="rare", job=ended.release, every_s=3600))
    made.start()
    for _ in range(200):
        assert ended.acquire(timeout=5)
        made.wake("rare")
    made.stop()


def test_a_timer_that_is_replaced_while_it_runs_runs_at_once_after_that() -> None:
    begun, go_on, made = threading.Event(), threading.Event(), scheduler()

    def work() -> None:
        begun.set()
        go_on.wait(5)

    made.set(Timer(name="rare", job=work, every_s=3600))
    made.start()
    assert begun.wait(5)
    done = threading.Event()
    made.set(Timer(name="rare", job=done.set, every_s=3600))
    assert not done.wait(0.1), "never two at the same time"
    go_on.set()
    assert done.wait(5)
    made.stop()


def test_a_job_that_fails_comes_again() -> None:
    done, made = threading.Semaphore(0), scheduler()

    def fail() -> None:
        done.release()
        raise StoreUnavailable("locked")

    made.set(Timer(name="fails", job=fail, every_s=0.05))
    made.start()
    assert all(done.acquire(timeout=5) for _ in range(2))
    made.stop()


def test_a_job_under_way_is_finished_before_the_end_even_if_it_wakes_another() -> None:
    """APScheduler's own waiting would stand still for ever here."""
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()
    made = scheduler()

    def wakes() -> None:
        begun.set()
        go_on.wait(5)
        made.wake("other")
        finished.set()

    made.set(Timer(name="wakes", job=wakes, every_s=3600))
    made.set(Timer(name="other", job=lambda: None, every_s=3600))
    made.start()
    assert begun.wait(5)
    ender = threading.Thread(target=made.stop, daemon=True)
    ender.start()
    go_on.set()
    wait_for_end(ender, within_s=5)
    assert finished.is_set()


def test_a_clock_that_is_set_back_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler is told that its next run is an hour away, as after such a step."""
    monkeypatch.setattr("service.scheduler.CLOCK_CHECK_EVERY_S", 0.02)
    done, made = threading.Semaphore(0), scheduler()
    made.set(Timer(name="count", job=done.release, every_s=5))
    made.start()
    assert done.acquire(timeout=5)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    made._scheduler.modify_job("count", next_run_time=ahead)
    assert done.acquire(timeout=4)
    made.stop()
