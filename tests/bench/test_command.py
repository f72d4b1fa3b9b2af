"""``python -m bench``: one line a figure, and an exit code that a build can act on."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from bench import cores, every
from bench.__main__ import named
from bench.figure import Figure, Ratio, Unmeasurable
from bench.figures import ALL_CORES, FIGURES, LARGE, ONE_CORE

#: A figure comes out a hundredth below its bound, on it, or a thousandth above.
RATIOS = {"good": 0.49, "even": 0.5, "bad": 0.501}


def measuring(ratio: float) -> Callable[[float], float]:
    """A measurement that always comes out the same."""
    return lambda scale: ratio if scale == 1 else 0.0


TABLE = {
    name: Figure(name=name, bound=0.5, measure=measuring(ratio)) for name, ratio in RATIOS.items()
}


def test_all_figures_are_printed_each_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    named([*TABLE], figures=TABLE)
    words = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert words == [
        ["good", "0.490", "<=", "0.5", "ok"],
        ["even", "0.500", "<=", "0.5", "ok"],
        ["bad", "0.501", "<=", "0.5", "short"],
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["good"], 0, id="within its bound"),
        pytest.param(["even"], 0, id="on its bound"),
        pytest.param(["bad"], 1, id="short"),
        pytest.param(["good", "even"], 0, id="two that are"),
        pytest.param(["good", "bad", "even"], 1, id="one of them is short"),
        pytest.param(["good", "fast"], 2, id="unknown"),
    ],
)
def test_the_exit_code_says_how_it_went(arguments: list[str], code: int) -> None:
    assert named(arguments, figures=TABLE) == code


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(0.51, "ok"), (0.5, "ok"), (0.499, "short"), (40, "ok")]
)
def test_a_figure_may_be_the_least_that_is_promised(
    ratio: float, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = Figure(name="rate", bound=0.5, is_least=True, measure=measuring(ratio))
    assert named(["rate"], figures={"rate": figure}) == (verdict == "short")
    assert capsys.readouterr().out.split() == ["rate", f"{ratio:.3f}", ">=", "0.5", verdict]


def test_a_figure_of_several_rounds_is_printed_with_its_spread(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = Figure(name="rate", bound=0.5, measure=lambda _: Ratio.of([0.4, 0.7, 0.45]))
    named(["rate"], figures={"rate": figure})
    assert capsys.readouterr().out.split() == [
        "rate", "0.450", "<=", "0.5", "ok", "0.400", "to", "0.700"
    ]  # fmt: skip


def test_what_cannot_be_measured_is_told_and_is_not_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: float) -> float:
        raise Unmeasurable("wrk is missing: apt-get install wrk")

    figures = {"rate": Figure(name="rate", bound=1, measure=fail), "good": TABLE["good"]}
    assert named([*figures], figures=figures) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == [
        "rate", "not measured: wrk is missing: apt-get install wrk"
    ]  # fmt: skip
    assert lines[1].endswith("ok")


def test_only_the_named_figure_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    named(["even"], figures=TABLE)
    assert capsys.readouterr().out.split()[0] == "even"


def test_a_figure_is_measured_at_the_size_asked_for() -> None:
    sizes: list[float] = []

    def measure(scale: float) -> float:
        sizes.append(scale)
        return 0.0

    figures = {"one": Figure(name="one", bound=1, measure=measure)}
    named(["one"], figures=figures, scale=0.125)
    assert sizes == [0.125]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    asked = [sys.executable, "-m", "bench", "fast"]
    answered = subprocess.run(asked, capture_output=True, text=True)
    assert answered.returncode == 2
    assert answered.stdout == ""
    assert "publish_cost" in answered.stderr


#: Says the names that follow, and which cores it may use; "bad" is short.
SAY_WHERE = """\
import sys
from bench import cores
print(*sys.argv[1:], sorted(cores.allowed()))
print('raw', file=sys.stderr)
sys.exit('bad' in sys.argv)
"""


def test_each_group_has_a_process_of_its_own_and_one_core_or_all(
    capfd: pytest.CaptureFixture[str],
) -> None:
    there = cores.allowed()
    good, even, bad = TABLE.values()
    command = (sys.executable, "-c", SAY_WHERE)
    code = every.measure([(good,), (bad,), (even,)], [(good, even)], command=command)
    assert code == 1, "one of them is short"
    told = capfd.readouterr()
    *alone, last = told.out.splitlines()
    assert sorted(line.split()[0] for line in alone) == ["bad", "even", "good"]
    for line in alone:
        used = json.loads(line.split(maxsplit=1)[1])
        assert len(used) == (1 if sys.platform == "linux" else len(there))
        assert set(used) <= there
    assert last == f"good even {sorted(there)}"
    assert told.err.count("raw") == 4
    assert "all in " in told.err
    assert cores.allowed() == there


def test_every_figure_is_in_one_group() -> None:
    groups = [*ONE_CORE, *ALL_CORES, *LARGE]
    assert sum(map(len, groups)) == len(FIGURES)
