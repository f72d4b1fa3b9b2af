"""``python -m bench``: one line a figure, and an exit code that a build can act on."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from bench import cores
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


#: Measures groups of figures: each says where and by which process it is measured. In a process
#: with one thread, as it is one that is forked.
MEASURE_ALL = """\
import os, signal, sys, threading, time
from bench import cores, every
from bench.figure import Figure
from bench.made_once import made_once

def figure(name, ratio=0.4):
    def measure(scale):
        print(name, os.getpid(), sorted(cores.allowed()), time.monotonic(), end=" ")
        print("raw", file=sys.stderr)
        os.system("echo told by another >&2")
        with made_once("both", lambda folder: (folder / "by").write_text(str(os.getpid()))) as made:
            print((made / "by").read_text())
        if name.startswith("slow"):
            time.sleep(1.5)
        if name == "killed":
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "crashed":
            raise RuntimeError("it broke")
        return ratio
    return Figure(name=name, bound=0.5, measure=measure)

one_core, all_cores = eval(sys.argv[1])
code = every.measure(one_core, all_cores)
assert threading.active_count() == 1
print("own", sorted(cores.allowed()))
sys.exit(code)
"""


def measured(one_core: str, all_cores: str = "[]") -> subprocess.CompletedProcess[str]:
    """What comes of groups, which are written as they are in `MEASURE_ALL`."""
    command = [sys.executable, "-c", MEASURE_ALL, f"({one_core}, {all_cores})"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_each_group_has_a_process_of_its_own_and_one_core_or_all() -> None:
    there = cores.allowed()
    done = measured(
        "[(figure('good'),), (figure('bad', 0.6),), (figure('even'),)]",
        "[(figure('first'), figure('second'))]",
    )
    assert done.returncode == 1, "one of them is short"
    *lines, own = done.stdout.splitlines()
    raw = [line.split(maxsplit=2) for line in lines[::2]]
    verdicts = [line.split()[0] for line in lines[1::2]]
    assert [name for name, *_ in raw] == verdicts
    assert sorted(verdicts[:3]) == ["bad", "even", "good"]
    assert verdicts[3:] == ["first", "second"]
    processes = [process_id for _, process_id, _ in raw]
    assert len(set(processes)) == 4
    assert processes[3] == processes[4], "one group is one process"
    used = [json.loads(rest[: rest.index("]") + 1]) for *_, rest in raw]
    for each in used[:3]:
        assert len(each) == (1 if sys.platform == "linux" else len(there))
        assert set(each) <= there
    assert used[3:] == [sorted(there)] * 2
    makers = {rest.split()[-1] for *_, rest in raw}
    assert len(makers) == 1, "what all of them need is made once"
    assert done.stderr.count("raw") == done.stderr.count("told by another") == 5
    assert "all in " in done.stderr
    assert own == f"own {sorted(there)}"


def test_as_many_groups_are_measured_at_a_time_as_there_are_cores() -> None:
    count = 2 * len(cores.allowed())
    done = measured(f"[(figure(f'slow-{{each}}'),) for each in range({count})]")
    begun = sorted(float(line.split("]")[1].split()[0]) for line in done.stdout.splitlines()[:-1:2])
    early = [each for each in begun if each < begun[0] + 1.5]
    assert len(begun) == count
    assert len(early) == count // 2


def test_lines_are_printed_as_soon_as_a_group_is_done() -> None:
    if len(cores.allowed()) == 1:
        pytest.skip("one after the other on one core")
    done = measured("[(figure('slow'),), (figure('fast'),)]")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:-1:2]] == ["fast", "slow"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("killed", "killed: the process that measured ended with -9"), ("crashed", "it broke")],
)
def test_a_group_that_crashes_is_short_and_stops_no_other(name: str, says: str) -> None:
    groups = f"[(figure({name!r}),), (figure('good'),)]"
    for done in (measured(groups), measured("[]", groups)):
        assert done.returncode == 1
        assert says in done.stderr
        assert "good                 0.400  <= 0.5   ok" in done.stdout


def test_every_figure_is_in_one_group() -> None:
    groups = [*ONE_CORE, *ALL_CORES, *LARGE]
    assert sum(map(len, groups)) == len(FIGURES)
