"""What a process knows of its own work, by a clock that the tests set."""

import pytest

from service.liveness import BUSY_AT_MOST_S, STUCK_AFTER_S, Liveness
from tests.support.set_clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def liveness(clock: Clock) -> Liveness:
    return Liveness(monotonic=clock)


def test_it_has_worked_when_every_part_has(liveness: Liveness, clock: Clock) -> None:
    one, other = liveness.part("one"), liveness.part("other")
    one.worked()
    assert liveness.worked_s() is None
    clock.now_s += 10
    other.worked()
    assert liveness.worked_s() == 1000
    clock.now_s += 10
    one.worked()
    assert liveness.worked_s() == 1010


def test_a_round_that_fails_is_a_sign_of_life_but_no_work(liveness: Liveness, clock: Clock) -> None:
    part = liveness.part("one")
    part.worked()
    clock.now_s += STUCK_AFTER_S - 1
    with pytest.raises(ZeroDivisionError), part.round():
        raise ZeroDivisionError
    clock.now_s += STUCK_AFTER_S - 1
    assert liveness.worked_s() == 1000
    assert liveness.stuck() is None


def test_a_part_that_comes_to_no_end_is_stuck_whatever_the_others_do(
    liveness: Liveness, clock: Clock
) -> None:
    liveness.part("hangs")
    other = liveness.part("other")
    clock.now_s += STUCK_AFTER_S + 1
    other.worked()
    assert liveness.stuck() == "hangs"


def test_a_part_that_waits_for_its_next_round_is_at_work(liveness: Liveness, clock: Clock) -> None:
    part = liveness.part("hourly", every_s=3600)
    part.worked()
    clock.now_s += 3600
    assert liveness.worked_s() == clock.now_s
    assert liveness.stuck() is None
    clock.now_s += 60
    assert liveness.worked_s() == clock.now_s - 60


def test_what_all_parts_wait_for_is_work_too_and_their_time_begins_after_it(
    liveness: Liveness, clock: Clock
) -> None:
    part = liveness.part("one")
    with liveness.busy():
        assert liveness.worked_s() is None  # it may die of it, again and again
    part.worked()
    with liveness.busy():
        with liveness.busy():
            clock.now_s += BUSY_AT_MOST_S - 1
        assert liveness.worked_s() == clock.now_s
        assert liveness.stuck() is None
    assert liveness.stuck() is None
    assert liveness.worked_s() == clock.now_s
    with liveness.busy():
        clock.now_s += BUSY_AT_MOST_S + 1
        assert liveness.stuck() == "configuration"
        assert liveness.worked_s() == clock.now_s - BUSY_AT_MOST_S - 1


def test_a_part_that_begins_anew_is_known_by_what_it_did(liveness: Liveness, clock: Clock) -> None:
    liveness.part("one").worked("printed")
    clock.now_s += 5
    liveness.part("one")
    assert liveness.worked_s() == 1000
    did = liveness.did()
    assert did is not None
    assert (did.words, did.at_s) == ("printed", 1000)
    liveness.end_parts()
    assert liveness.did() == did
    assert liveness.worked_s() is None


def test_work_that_is_not_meant_to_go_on_is_not_stuck(liveness: Liveness, clock: Clock) -> None:
    liveness.part("one").worked()
    clock.now_s += STUCK_AFTER_S
    liveness.rest()
    clock.now_s += STUCK_AFTER_S
    assert liveness.stuck() is None
    assert liveness.worked_s() == 1000


def test_the_last_thing_that_was_worth_telling_is_told(liveness: Liveness, clock: Clock) -> None:
    one, other = liveness.part("one"), liveness.part("other")
    one.worked("first")
    clock.now_s += 1
    other.worked("second")
    clock.now_s += 1
    one.worked()
    did = liveness.did()
    assert did is not None
    assert (did.words, did.at_s) == ("second", 1001)
