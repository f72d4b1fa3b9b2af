"""How long processes have worked."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def worked_ms(process_id: int) -> float:
    """How long the threads that a process has now had a processor, in milliseconds.

    Finer than by the system's ticks of ten milliseconds.
    """
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks) / 1e6


def processes(process_id: int) -> list[int]:
    """A process and all below it. A server's come and go: of those that end, what was seen."""
    found = [process_id]
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += processes(int(child))
    return found


def worked_in_all_ms(*process_ids: int | None) -> Mapping[int, float]:
    """How long each of these processes and of those below them has worked, by ticks.

    With the threads that have ended. None stands for no process.
    """
    found = {}
    for root in process_ids:
        for each in [] if root is None else processes(root):
            with suppress(FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
                found[each] = (int(fields[11]) + int(fields[12])) * _TICK_MS
    return found


def since_ms(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """How long processes have worked between two looks of `worked_in_all_ms`."""
    return sum(worked - before.get(each, 0.0) for each, worked in now.items())


@dataclass(frozen=True, slots=True)
class Processors:
    """What work takes of the processors: in this process, and in a database server."""

    server: int | None = None  #: its first process

    def worked_ms(self, *works: Callable[[], object]) -> float:
        """Do some work, one piece after the other. Milliseconds for each."""
        before = self._now()
        for work in works:
            work()
        return (self._now() - before) / len(works)

    def _now(self) -> float:
        others = [] if self.server is None else processes(self.server)
        return time.process_time() * 1000 + sum(map(worked_ms, others))


#: Without a database server.
ALONE = Processors()
