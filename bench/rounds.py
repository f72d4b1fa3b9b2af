"""Contenders measured in turns, so that a busy machine slows them alike."""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from bench.figure import Ratio

#: Rounds before the count starts: caches fill, prepared statements are made.
WARM_UP = 1


class Medians(dict[str, float]):
    """The median time of each contender, in milliseconds, by its name."""

    def __init__(self, rounds: Mapping[str, list[float]]) -> None:
        """Takes the times of each contender, in the order of the rounds."""
        super().__init__({name: median(times) for name, times in rounds.items()})
        self._rounds = rounds

    def over(self, one: str, other: str) -> Ratio:
        """The median of *one* over that of *other*, with the least and the most of all rounds."""
        return Ratio.between(self._rounds[one], self._rounds[other])


def timed_ms(work: Callable[[], object]) -> float:
    """How long *work* takes, in milliseconds of wall time: waiting for the disk counts."""
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1000


def medians_ms(
    contenders: Mapping[str, Callable[[], float]], *, rounds: int, are_warm: bool = False
) -> Medians:
    """The median time of each contender over *rounds* rounds, in which each has one turn.

    Args:
        contenders: By name; each does its turn, in the order given, and says in milliseconds how
            long the part took that counts.
        rounds: That count; see `warm_up_before`.
        are_warm: All of them count, because a turn is so long that it makes no difference what
            happens in the first one only, or because that has happened before.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    warm_up = 0 if are_warm else warm_up_before(rounds)
    for _ in range(warm_up + rounds):
        for name, turn in contenders.items():
            gc.collect()  # nobody pays for another one's garbage
            times[name].append(turn())
    return Medians({name: measured[warm_up:] for name, measured in times.items()})


def warm_up_before(rounds: int) -> int:
    """How many rounds go before those that count: none before a single one, which is a trial."""
    return WARM_UP if rounds > 1 else 0


def rounds_at(scale: float, full: int) -> int:
    """How many rounds to take at *scale*: an odd number, so that the median was measured."""
    return max(1, round(full * min(scale, 1))) // 2 * 2 + 1
