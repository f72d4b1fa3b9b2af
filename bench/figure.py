"""A figure: a ratio that is to stay below its bound."""

import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One promise in numbers, and how it is measured.

    ``measure`` takes a scale: 1 is the size that the promise is made for, and a test measures a
    hundredth of it to see that all of it works. It returns the ratio, and prints what the ratio
    is made of on stderr.
    """

    name: str
    bound: float  #: the largest ratio that keeps the promise
    measure: Callable[[float], float]

    def line(self, ratio: float) -> str:
        """The figure as it is printed."""
        verdict = "ok" if self.keeps(ratio) else "short"
        return f"{self.name:<16} {ratio:6.3f}  <= {self.bound:<5g} {verdict}"

    def keeps(self, ratio: float) -> bool:
        """Say whether *ratio*, as printed, is good enough."""
        return round(ratio, 3) <= self.bound


def tell(text: str) -> None:
    """Print raw numbers where they are in nobody's way."""
    print(f"  {text}", file=sys.stderr, flush=True)
