"""How often somebody may ask."""

import threading

from service.web.rate_limits import RateLimiter


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_as_much_as_the_bucket_fills() -> None:
    clock = Clock()
    buckets = RateLimiter(monotonic=clock)

    def ask(who: str = "a") -> int:
        return buckets.wait_s(who, per_minute=30, burst=3)

    assert [ask() for _ in range(5)] == [0, 0, 0, 2, 2]
    assert ask("b") == 0
    clock.now = 2.0
    assert [ask(), ask()] == [0, 2]
    clock.now = 3600.0
    assert [ask() for _ in range(4)] == [0, 0, 0, 2]


def test_an_empty_bucket_does_not_get_full_by_being_asked() -> None:
    clock = Clock()
    buckets = RateLimiter(monotonic=clock)
    assert buckets.wait_s("a", per_minute=60, burst=1) == 0
    for _ in range(9):
        clock.now += 0.1
        assert buckets.wait_s("a", per_minute=60, burst=1) == 1
    clock.now += 0.2
    assert buckets.wait_s("a", per_minute=60, burst=1) == 0


def test_who_did_not_ask_for_the_longest_time_is_forgotten() -> None:
    buckets = RateLimiter(monotonic=Clock(), max_remembered=3)

    def is_held_up(who: str) -> bool:
        return buckets.wait_s(who, per_minute=1, burst=1) > 0

    assert [is_held_up(who) for who in "abcabc"] == [False] * 3 + [True] * 3
    assert not is_held_up("d")
    assert is_held_up("b")
    assert not is_held_up("a")


def test_many_threads_take_no_more_than_there_is() -> None:
    buckets = RateLimiter(monotonic=Clock())
    taken = []

    def ask() -> None:
        taken.extend([buckets.wait_s("a", per_minute=1, burst=150) for _ in range(100)])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert taken.count(0) == 150
