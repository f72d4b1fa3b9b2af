"""What a process of the service proves of its work."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: The newest work of a process that is well is no older than this. It proves it every five
#: seconds; a writer may keep it waiting for twenty.
AT_WORK_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """A process that works in the background, as it last described itself. Moments are its own."""

    worker: str  #: tells it from all others, and from its predecessors
    role: str  #: ``jobs`` or ``hub``
    host: str
    pid: int
    started_at: datetime
    worked_at: datetime | None  #: the end of its last round of work; None before the first
    did: str | None  #: what it did last that was worth telling, for a person
    did_at: datetime | None

    def is_at_work(self, now: datetime) -> bool:
        """True when its last round of work ended not long ago."""
        return self.worked_at is not None and now - self.worked_at <= AT_WORK_WITHIN


def idle_reason(role: str, known: Iterable[ProcessState], now: datetime) -> str | None:
    """Say, for a person, that no process of a role is at work.

    One is enough, on whatever machine. Of a role that no process ever had, nothing is known.

    Returns:
        The reason; None when one is at work, or when there never was any.
    """
    those = [one for one in known if one.role == role]
    if not those or any(one.is_at_work(now) for one in those):
        return None
    ends = [one.worked_at for one in those if one.worked_at is not None]
    if not ends:
        since = max(one.started_at for one in those)
        return f"no {role} process has worked yet; one was started {_ago(now - since)} ago"
    return f"no {role} process has worked for {_ago(now - max(ends))}"


def _ago(passed: timedelta) -> str:
    return f"{max(0, round(passed.total_seconds()))} s"
