"""``python -m bench [ONLY]``: one line a figure; see docs/figures.md.

Exit codes: 0 when all are within their bounds, 1 when one is short or
cannot be measured, 2 for a name that is none.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence

from bench.figure import Figure, Unmeasurable
from bench.figures import FIGURES


def main(
    arguments: Sequence[str], *, figures: Mapping[str, Figure] = FIGURES, scale: float = 1
) -> int:
    """Measure the figures that *arguments* name: one, or all when none is named."""
    if len(arguments) > 1 or not set(arguments) <= set(figures):
        print(f"usage: python -m bench [{' | '.join(figures)}]", file=sys.stderr)
        return 2
    return _run([figures[name] for name in arguments or figures], scale)


def _run(chosen: Iterable[Figure], scale: float) -> int:
    is_short = False
    for figure in chosen:
        try:
            ratio = figure.measure(scale)
        except Unmeasurable as error:
            print(f"{figure.name:<19} not measured: {error}", flush=True)
            is_short = True
            continue
        print(figure.line(ratio), flush=True)
        is_short |= not figure.keeps(ratio)
    return int(is_short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
