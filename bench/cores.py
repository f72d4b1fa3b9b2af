"""Who runs where: what is measured on one core, who measures it on another."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def allowed() -> set[int]:
    """The cores that this process may run on, where the system tells; else all."""
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    else:  # noqa: RET505  # mypy takes what stands behind it for unreachable
        return set(range(os.cpu_count() or 1))


def keep_to(those: set[int], *, process_id: int = 0) -> None:
    """Have a process run on these cores alone, this one by default, where the system can."""
    if sys.platform == "linux":
        os.sched_setaffinity(process_id, those)


def measured() -> int:
    """The core of whatever is measured."""
    return min(allowed())


def measuring() -> int:
    """The core of the load; the same one where there is only one."""
    return max(allowed())


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is started in the block gets its core before all other work of this machine.

    By real-time priority, which Linux gives to root and to whom its owner allows it; elsewhere
    nothing is done. What a machine does besides would otherwise be most of a late percentile.
    """
    if sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            yield
            return
        try:
            yield
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    else:
        yield


@contextmanager
def on(core: int) -> Iterator[None]:
    """What is started in the block runs on *core* for good; we ourselves, to its end."""
    before = allowed()
    keep_to({core})
    try:
        yield
    finally:
        keep_to(before)
