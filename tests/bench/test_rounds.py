"""Contenders take turns; what counts is the median of what they say."""

from bench.rounds import WARM_UP, medians_ms, rounds_at


def test_contenders_take_turns_and_the_first_rounds_do_not_count() -> None:
    turns: list[str] = []
    times = {
        "ours": iter([900.0] * WARM_UP + [1, 50, 3]),
        "peer": iter([0.0] * WARM_UP + [7, 8, 9]),
    }

    def turn(name: str) -> float:
        turns.append(name)
        return next(times[name])

    contenders = {"ours": lambda: turn("ours"), "peer": lambda: turn("peer")}
    assert medians_ms(contenders, rounds=3) == {"ours": 3, "peer": 8}
    assert turns == ["ours", "peer"] * (WARM_UP + 3)


def test_a_ratio_is_of_the_medians_and_knows_the_rounds_farthest_from_it() -> None:
    times = {"ours": iter([0.0] * WARM_UP + [1, 8, 3]), "peer": iter([1.0] * WARM_UP + [4, 4, 1])}
    contenders = {name: lambda name=name: next(times[name]) for name in times}
    ratio = medians_ms(contenders, rounds=3).over("ours", "peer")
    assert (ratio, ratio.least, ratio.most) == (3 / 4, 1 / 4, 3)


def test_a_single_round_is_a_trial_and_warms_nothing_up() -> None:
    times = iter([7.0])
    assert medians_ms({"ours": lambda: next(times)}, rounds=1) == {"ours": 7}


def test_all_rounds_of_contenders_that_are_warm_count() -> None:
    times = iter([1.0, 5.0, 3.0])
    assert medians_ms({"ours": lambda: next(times)}, rounds=3, are_warm=True) == {"ours": 3}
    assert list(times) == []


def test_there_is_always_a_round_and_a_median_that_was_measured() -> None:
    assert [rounds_at(scale, 41) for scale in (0, 0.01, 0.1, 0.5, 1, 5)] == [1, 1, 5, 21, 41, 41]
