"""Every figure, in a process for each group; a core of its own is enough for some of them.

All of these processes are forked from this one, which has imported everything and measures nothing:
each begins without garbage, memory and caches of the figures before it, and need not import again.
"""

import gc
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from tempfile import TemporaryFile
from typing import IO

from bench import cores, forked
from bench.figure import Figure, Group, Unmeasurable, tell
from bench.made_once import for_all_of_a_run

_FORK = multiprocessing.get_context("fork")


def measure(one_core: Iterable[Group], all_cores: Iterable[Group]) -> int:
    """Measures all groups, and prints each one's lines as soon as it is done.

    Args:
        one_core: As many at a time as there are cores, each on a core of its own.
        all_cores: One at a time, after the others.

    Returns:
        The exit code: the largest one of all groups. A group that crashes is short.
    """
    begun = time.monotonic()
    gc.collect()
    gc.freeze()  # no process goes through what all of them have
    with for_all_of_a_run():
        codes = _on_one_core_each(one_core)
        codes += [_ended(_begun(group), group) for group in all_cores]
    tell(f"all in {time.monotonic() - begun:.0f} s")
    return max(codes, default=0)


def in_turn(figures: Iterable[Figure], scale: float = 1) -> int:
    """Measures figures in this process. Returns the exit code: 1 when one is short."""
    is_short, begun = False, time.monotonic()
    for figure in figures:
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


@dataclass(frozen=True, slots=True)
class _Running:
    """A group that is being measured, on one core; what it says is kept until it is done."""

    group: Group
    core: int
    process: ForkProcess
    streams: Sequence[IO[str]]

    def ended(self) -> int:
        """Prints what it said. Returns its exit code."""
        for said, to in zip(self.streams, (sys.stdout, sys.stderr), strict=True):
            with said:
                said.seek(0)
                print(said.read(), end="", file=to, flush=True)
        return _ended(self.process, self.group)


def _on_one_core_each(groups: Iterable[Group]) -> list[int]:
    waiting, free = deque(groups), deque(sorted(cores.allowed()))
    running: dict[int, _Running] = {}
    codes: list[int] = []
    while waiting or running:
        while waiting and free:
            one = _on_one_core(waiting.popleft(), free.popleft())
            running[one.process.sentinel] = one
        for sentinel in wait(list(running)):
            assert isinstance(sentinel, int)
            done = running.pop(sentinel)
            free.append(done.core)
            codes.append(done.ended())
    return codes


def _on_one_core(group: Group, core: int) -> _Running:
    # Closed when they have been printed.
    streams = [TemporaryFile("w+", encoding="utf-8") for _ in range(2)]  # noqa: SIM115
    return _Running(group, core, _begun(group, core, streams), streams)


def _begun(group: Group, core: int | None = None, streams: Sequence[IO[str]] = ()) -> ForkProcess:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or a process that is forked would write it too
    process = _FORK.Process(target=_measure, args=(group, core, streams))
    process.start()
    return process


def _measure(group: Group, core: int | None, streams: Sequence[IO[str]]) -> None:
    """Measures a group; in a process of its own, whose exit code it gives."""
    if core is not None:
        cores.keep_to({core})  # and whatever is started from here
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream.fileno(), number)  # for all that is started
    if streams:
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    forked.from_here()
    sys.exit(in_turn(group))


def _ended(process: ForkProcess, group: Group) -> int:
    process.join()
    code = process.exitcode
    if code is not None and code in {0, 1}:
        return code
    names = ", ".join(figure.name for figure in group)
    tell(f"{names}: the process that measured ended with {code}")
    return 1
