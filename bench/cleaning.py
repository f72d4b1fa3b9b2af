"""What it costs that meaning survives: this build's cleaning over the former one's.

Both clean the HTML bodies of all samples, make a summary of each, and write it as plain text; in
turns, each in a process of its own.
"""

from pathlib import Path

from bench.figure import Figure, tell
from bench.former import ROOT, Turns, former_build
from bench.rounds import medians_ms, rounds_at
from bench.samples import FOLDER

SCRIPT = Path(__file__).parent / "clean_samples.py"
#: More than there are.
BODIES = 1_000
ROUNDS = 3


def measure(scale: float) -> float:
    """Ours over the former build's."""
    arguments = (str(FOLDER), str(max(9, round(BODIES * min(1, scale)))))
    with (
        former_build() as build,
        Turns(build, SCRIPT, *arguments) as former,
        Turns(ROOT, SCRIPT, *arguments) as ours,
    ):
        turns = {"former": former.turn, "ours": ours.turn}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    tell(
        f"HTML bodies to clean HTML, summary and text: {medians['ours']:.0f} ms, "
        f"by the former build {medians['former']:.0f} ms"
    )
    return medians.over("ours", "former")


FIGURE = Figure(name="cleaning", bound=1.5, measure=measure)
