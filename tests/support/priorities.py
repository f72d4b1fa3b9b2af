"""How much of a busy processor a process gets, as Linux sees it."""

import os
from pathlib import Path

_IS_ON = Path("/proc/sys/kernel/sched_autogroup_enabled")


def is_grouped() -> bool:
    """Whether the system divides a processor between sessions, and not between processes."""
    return _IS_ON.exists() and _IS_ON.read_text() == "1\n"


def standing_back(process_id: int) -> int:
    """How nice a process is to those of other sessions: what counts where Linux groups by them."""
    if is_grouped():
        return int(Path(f"/proc/{process_id}/autogroup").read_text().split()[-1])
    return os.getpriority(os.PRIO_PROCESS, process_id)
