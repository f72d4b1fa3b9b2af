"""A figure: a ratio that is to stay on the right side of its bound."""

import sys
from collections.abc import Callable
from dataclasses import dataclass


class Unmeasurable(Exception):
    """What was to be measured did not happen; a figure of it would be a lie."""


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
        return f"{self.name:<19} {ratio:6.3f}  {sign} {self.bound:<5g} {verdict}"

    def keeps(self, ratio: float) -> bool:
        """Say whether *ratio*, as printed, is good enough."""
        printed = round(ratio, 3)
        return printed >= self.bound if self.is_least else printed <= self.bound


def tell(text: str) -> None:
    """Print raw numbers where they are in nobody's way."""
    print(f"  {text}", file=sys.stderr, flush=True)
