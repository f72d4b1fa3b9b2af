"""``python -m bench [FIGURE …]``: one line a figure; see docs/figures.md.

Without a name, all but those of large stores; ``--large`` measures these. Exit codes: 0 when all
are within their bounds, 1 when one is short or cannot be measured, 2 for a name that is none.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from bench import every
from bench.figure import Figure, Unmeasurable, tell
from bench.figures import ALL_CORES, FIGURES, LARGE, ONE_CORE


def main(arguments: Sequence[str]) -> int:
    """Measure what *arguments* name."""
    if not arguments:
        return every.measure(ONE_CORE, ALL_CORES)
    if list(arguments) == ["--large"]:
        return every.measure((), LARGE)
    return named(arguments, figures=FIGURES)


def named(names: Sequence[str], *, figures: Mapping[str, Figure], scale: float = 1) -> int:
    """Measure these figures in this process."""
    if not set(names) <= set(figures):
        print(f"usage: python -m bench [--large | {' | '.join(figures)} …]", file=sys.stderr)
        return 2
    return _run([figures[name] for name in names], scale)


def _run(chosen: Iterable[Figure], scale: float) -> int:
    is_short, begun = False, time.monotonic()
    for figure in chosen:
        try:
            ratio = figure.measure(scale)
        except Unmeasurable as error:
            print(f"{figure.name:<19} not measured: {error}", flush=True)
            is_short = True
            continue
        print(figure.line(ratio), flush=True)
        is_short |= not figure.keeps(ratio)
    tell(f"in {time.monotonic() - begun:.0f} s")
    return int(is_short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
