"""Pauses grow, differ, end after a day, and give way to what a hub asks for."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http_rules import asked_pause
from service.websub.retries import RetryPlan

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = RetryPlan(first_s=30, longest_s=3600, give_up_after_s=DAY.total_seconds())
CHANCES = st.floats(min_value=0, max_value=1)


def pauses(*, random_fraction: float = 0.5) -> list[timedelta]:
    """All pauses of a hub that never listens."""
    found: list[timedelta] = []
    now = NOON
    while pause := PLAN.next_pause(len(found) + 1, NOON, now, random_fraction):
        found.append(pause)
        now += pause
    assert DAY - timedelta(seconds=PLAN.first_s) <= now - NOON <= DAY
    return found


def test_pauses_double_up_to_the_longest() -> None:
    seconds = [pause.total_seconds() for pause in pauses()]
    assert seconds[:9] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert max(seconds) == 3600


@given(CHANCES, CHANCES, st.integers(1, 7))
def test_pauses_grow_whatever_chance_says(one: float, other: float, attempts: int) -> None:
    earlier = PLAN.next_pause(attempts, NOON, NOON, one)
    later = PLAN.next_pause(attempts + 1, NOON, NOON, other)
    assert earlier is not None
    assert later is not None
    assert earlier < later


def test_those_that_fail_together_do_not_come_back_together() -> None:
    chances = (0.0, 0.5, 1.0)
    found = [PLAN.next_pause(4, NOON, NOON, random_fraction) for random_fraction in chances]
    assert found == [timedelta(seconds=240 * share) for share in (0.8, 1.0, 1.2)]


@given(CHANCES)
def test_the_last_try_comes_when_the_day_is_over(random_fraction: float) -> None:
    assert 24 < len(pauses(random_fraction=random_fraction)) < 50


def test_after_a_day_it_is_over() -> None:
    assert PLAN.next_pause(3, NOON, NOON + DAY, 0.5) is None


def test_the_last_pause_ends_with_the_day() -> None:
    left = timedelta(seconds=40)
    assert PLAN.next_pause(3, NOON, NOON + DAY - left, 0.5) == left


def test_less_than_the_first_pause_is_not_worth_a_try() -> None:
    assert PLAN.next_pause(3, NOON, NOON + DAY - timedelta(seconds=29), 0.5) is None


@pytest.mark.parametrize("attempts", [0, 1, 100, 10**9])
def test_any_number_of_attempts_has_a_pause(attempts: int) -> None:
    pause = PLAN.next_pause(attempts, NOON, NOON, 1.0)
    assert pause is not None
    assert timedelta(seconds=30) <= pause <= timedelta(seconds=3600 * 1.2)


class TestRetryAfter:
    """RFC 9110 section 10.2.3."""

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            pytest.param("120", 120, id="seconds"),
            pytest.param(" 0 ", 0, id="at once"),
            pytest.param("Mon, 02 Mar 2026 12:05:00 GMT", 300, id="date"),
            pytest.param("Monday, 02-Mar-26 12:05:00 GMT", 300, id="date of RFC 850"),
            pytest.param("Mon Mar  2 12:05:00 2026", 300, id="date of asctime"),
            pytest.param("Mon, 02 Mar 2026 11:00:00 GMT", 0, id="in the past"),
        ],
    )
    def test_is_a_number_or_a_date(self, header: str, seconds: int) -> None:
        assert asked_pause(header, now=NOON) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "١٢", "Mon, 99 Mar 2026"])
    def test_that_makes_no_sense_asks_for_nothing(self, header: str | None) -> None:
        assert asked_pause(header, now=NOON) is None

    @given(st.text(max_size=40))
    def test_never_breaks_anything(self, header: str) -> None:
        asked_pause(header, now=NOON)

    def test_may_be_in_another_zone(self) -> None:
        date = (NOON + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=5)))
        assert asked_pause(format_datetime(date), now=NOON) == timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("asked_s", "pause_s"),
        [
            pytest.param(None, 30, id="nothing asked"),
            pytest.param(10, 30, id="less than planned"),
            pytest.param(600, 600, id="more than planned"),
            pytest.param(9 * 10**8, 3600, id="for ever"),
        ],
    )
    def test_stretches_a_pause_up_to_the_longest(self, asked_s: int | None, pause_s: int) -> None:
        asked = None if asked_s is None else timedelta(seconds=asked_s)
        assert PLAN.stretch(timedelta(seconds=30), asked) == timedelta(seconds=pause_s)
