"""Every figure, in a process for each group; a core of its own is enough for some of them.

A process of its own has no memory, no garbage and no caches of the figures before it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock

from bench import cores
from bench.figure import tell
from bench.figures import Group

#: For a process of its own; `measured` by tests with another one.
COMMAND = (sys.executable, "-m", "bench")


def measure(
    one_core: Iterable[Group], all_cores: Iterable[Group], *, command: Sequence[str] = COMMAND
) -> int:
    """Measures all groups, and prints each one's lines as soon as it is done.

    Args:
        one_core: As many at a time as there are cores, each on a core of its own.
        all_cores: One at a time, after the others.
        command: Measures the figures whose names follow.

    Returns:
        The exit code: the largest one of all groups.
    """
    begun = time.monotonic()
    printing = Lock()
    free = SimpleQueue[int]()
    for core in cores.allowed():
        free.put(core)

    def measure_on_one_core(group: Group) -> int:
        core = free.get()
        try:
            cores.keep_to({core})  # of this thread: what it starts stays there
            done = _run(command, group, capture_output=True)
        finally:
            free.put(core)
        with printing:
            print(done.stdout, end="", flush=True)
            print(done.stderr, end="", file=sys.stderr, flush=True)
        return done.returncode

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = list(pool.map(measure_on_one_core, one_core))
    codes += [_run(command, group).returncode for group in all_cores]
    tell(f"all in {time.monotonic() - begun:.0f} s")
    return max(codes, default=0)


def _run(
    command: Sequence[str], group: Group, *, capture_output: bool = False
) -> subprocess.CompletedProcess[str]:
    words = [*command, *(figure.name for figure in group)]
    return subprocess.run(words, check=False, capture_output=capture_output, text=True)
