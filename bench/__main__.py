"""``python -m bench [FIGURE …]``: one line a figure; see docs/figures.md.

Without a name, all but those of large stores; ``--large`` measures these. Exit codes: 0 when all
are within their bounds, 1 when one is short or cannot be measured, 2 for a name that is none.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from bench import every, samples
from bench.figure import Figure
from bench.figures import ALL_CORES, FIGURES, LARGE, ONE_CORE


def main(arguments: Sequence[str]) -> int:
    """Measure what *arguments* name."""
    if not arguments:
        samples.drafts()  # most figures need them: they are read once, before processes are forked
        return every.measure(ONE_CORE, ALL_CORES)
    if list(arguments) == ["--large"]:
        return every.measure((), LARGE)
    return named(arguments, figures=FIGURES)


def named(names: Sequence[str], *, figures: Mapping[str, Figure], scale: float = 1) -> int:
    """Measure these figures in this process."""
    if not set(names) <= set(figures):
        print(f"usage: python -m bench [--large | {' | '.join(figures)} …]", file=sys.stderr)
        return 2
    return every.in_turn((figures[name] for name in names), scale)


if __name__ == "__main__":
    # Hundreds of processes are started: each would compile all that it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
