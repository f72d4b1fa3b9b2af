"""A figure: a ratio that is to stay on the right side of its bound."""

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self


class Unmeasurable(Exception):
    """What was to be measured did not happen; a figure of it would be a lie."""


class Ratio(float):
    """A ratio of several rounds: the one in the middle, with the least and the most of them."""

    least: float
    most: float

    @classmethod
    def of(cls, rounds: Collection[float]) -> Self:
        """Makes it of the ratio of each round; there is at least one."""
        return cls._spread(rounds, middle=median(rounds))

    @classmethod
    def between(cls, ones: Sequence[float], others: Sequence[float]) -> Self:
        """Makes it of what two contenders have in each round; in the middle, of their medians."""
        rounds = [one / other for one, other in zip(ones, others, strict=True)]
        return cls._spread(rounds, middle=median(ones) / median(others))

    @classmethod
    def _spread(cls, rounds: Collection[float], *, middle: float) -> Self:
        ratio = cls(middle)
        ratio.least, ratio.most = min(rounds), max(rounds)
        return ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One promise in numbers, and how it is measured.

    ``measure`` takes a scale: 1 is the size that the promise is made for, and a test measures a
    hundredth of it to see that all of it works. It returns the ratio, and prints what the ratio
    is made of on stderr.
    """

    name: str
    bound: float  #: the largest ratio that keeps the promise; or the least, where more is better
    measure: Callable[[float], float]
    is_least: bool = False  #: more is better

    def line(self, ratio: float) -> str:
        """The figure as it is printed."""
        verdict = "ok" if self.keeps(ratio) else "short"
        sign = ">=" if self.is_least else "<="
        line = f"{self.name:<19} {ratio:6.3f}  {sign} {self.bound:<5g} {verdict}"
        if isinstance(ratio, Ratio) and ratio.least < ratio.most:
            line = f"{line:<46} {ratio.least:.3f} to {ratio.most:.3f}"
        return line

    def keeps(self, ratio: float) -> bool:
        """Say whether *ratio*, as printed, is good enough."""
        printed = round(ratio, 3)
        return printed >= self.bound if self.is_least else printed <= self.bound


#: Figures that one process measures: what some of them share is then measured once.
Group = tuple[Figure, ...]


def tell(text: str) -> None:
    """Print raw numbers where they are in nobody's way."""
    print(f"  {text}", file=sys.stderr, flush=True)
