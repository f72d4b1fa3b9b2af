"""Who runs where: what is measured on one core, who measures it on another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def measured() -> int:
    """The core of whatever is measured."""
    return min(os.sched_getaffinity(0))


def measuring() -> int:
    """The core of the load; the same one where there is only one."""
    return max(os.sched_getaffinity(0))


@contextmanager
def on(core: int) -> Iterator[None]:
    """What is started in the block runs on *core* for good; we ourselves, to its end."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
