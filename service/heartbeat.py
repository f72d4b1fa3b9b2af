"""How a process tells its supervisor that it lives: a byte up the line, every second.

That needs neither the disk nor the store, which may be full, away or frozen without any fault of
the process. No byte comes while a part of the work stands still.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.line import Line
from service.liveness import Liveness
from service.logs import get_logger

_log = get_logger(__name__)

#: How often the supervisor is told.
BEAT_EVERY_S = 1.0


@contextmanager
def beating(line: Line, liveness: Liveness) -> Iterator[None]:
    """Tell the supervisor, until the end of the block, that the work goes on.

    Args:
        line: To the supervisor; nothing is told on one that is not open.
        liveness: Says whether it does.
    """
    is_over = threading.Event()
    if line.is_open:
        beats = threading.Thread(
            target=_beat, args=[line, liveness, is_over], name="heartbeat", daemon=True
        )
        beats.start()
    try:
        yield
    finally:
        is_over.set()


def _beat(line: Line, liveness: Liveness, is_over: threading.Event) -> None:
    told: str | None = None
    while True:
        stuck = liveness.stuck()
        if stuck is None:
            line.beat()
        elif stuck != told:
            _log.error("work stands still", part=stuck, remedy="the process is replaced")
        told = stuck
        if is_over.wait(BEAT_EVERY_S):
            return
