"""What lasts is told once, and once more when it is over; also of timers."""

import logging
import threading

import pytest

from feeds.errors import StoreUnavailable
from service.failures import Troubles
from service.scheduler import Scheduler, Timer
from service.store_clock import machine_clock


def test_a_trouble_is_news_once_until_it_is_another_one_or_over() -> None:
    troubles = Troubles()
    assert [troubles.is_news("scan", why) for why in ("full", "full", "gone")] == [
        True,
        False,
        True,
    ]
    assert troubles.is_news("ping", "gone")
    assert [troubles.is_over("scan"), troubles.is_over("scan")] == [True, False]
    assert troubles.is_news("scan", "gone")


def test_a_trouble_that_lasts_is_told_again_after_a_while() -> None:
    moments = iter([0.0, 59.0, 60.0, 61.0])
    troubles = Troubles(again_after_s=60.0, monotonic=lambda: next(moments))
    assert [troubles.is_news("", "full") for _ in range(4)] == [True, False, True, False]


def test_a_timer_that_fails_again_and_again_is_one_line_and_one_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries, done = iter(range(9)), threading.Event()

    def job() -> None:
        number = next(tries, 9)
        if number < 4:
            raise StoreUnavailable("the disk is full")
        if number > 5:
            done.set()

    with caplog.at_level(logging.INFO, logger="service.scheduler"):
        scheduler = Scheduler(now=machine_clock)
        scheduler.set(Timer(name="scan", job=job, every_s=0.02))
        scheduler.start()
        assert done.wait(10)
        scheduler.stop()
    told = [record.getMessage() for record in caplog.records]
    assert ["works again" in line for line in told] == [False, True]
    assert "the disk is full" in told[0]
