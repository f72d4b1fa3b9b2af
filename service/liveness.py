"""The progress of a process's own work: whether it goes on, and what it last did."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: A part whose round takes longer than this is stuck. The longest healthy round is one edition of
#: sixteen large feeds, or a statement that runs into the database's time limit.
STUCK_AFTER_S = 900.0

#: The time limit while a new configuration is applied, which all parts wait for: hundreds of
#: thousands of releases may have to be reassigned.
BUSY_AT_MOST_S = 3600.0

#: A clock that is never set.
Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class LastWork:
    """The result of a round, and when it ended."""

    words: str  #: for a person; never holds text from a release
    at_s: float


class WorkPart:
    """One kind of work that a process does in repeated rounds."""

    def __init__(self, *, every_s: float = 0.0, monotonic: Monotonic = time.monotonic) -> None:
        """Begins with the first round under way.

        Args:
            every_s: The pause between two rounds.
            monotonic: The clock for all times here.
        """
        self._monotonic = monotonic
        self.every_s = every_s
        self.ended_s = monotonic()  #: the end of the last round, successful or not
        self.worked_s: float | None = None  #: the end of the last successful round
        self.did: LastWork | None = None  #: the last successful round with a result to report

    def worked(self, did: str | None = None) -> None:
        """Records the end of a successful round, also of one that had nothing to do."""
        self.ended_s = self.worked_s = self._monotonic()
        if did is not None:
            self.did = LastWork(did, self.ended_s)

    def ended(self) -> None:
        """Records the end of a failed round: the process is alive, but did not do its work."""
        self.ended_s = self._monotonic()

    @contextmanager
    def round(self) -> Iterator[None]:
        """Records the end of the round in the block. A successful round also calls `worked`."""
        try:
            yield
        finally:
            self.ended()


class Liveness:
    """The parts of one process. Safe to share between threads."""

    def __init__(self, *, monotonic: Monotonic = time.monotonic) -> None:
        """Begins without parts: a process that has none is alive and does no work."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._parts: dict[str, WorkPart] = {}
        self._busy: dict[object, float] = {}  #: the start of each `busy` block
        self._last: LastWork | None = None  #: also of parts that were ended

    def part(self, name: str, *, every_s: float = 0.0) -> WorkPart:
        """Begins a part; the results of a former part with this name are remembered."""
        part = WorkPart(every_s=every_s, monotonic=self._monotonic)
        with self._lock:
            self._remember_last()
            if name in self._parts:
                part.worked_s = self._parts[name].worked_s
            self._parts[name] = part
        return part

    def end_parts(self) -> None:
        """Ends all parts: the process does no work until new ones begin."""
        with self._lock:
            self._remember_last()
            self._parts.clear()

    def rest(self) -> None:
        """Records that no part works, on purpose."""
        with self._lock:
            for part in self._parts.values():
                part.ended()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Marks the block as work that all parts wait for, and that may take long."""
        key = object()
        with self._lock:
            self._busy[key] = self._monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._busy[key]
                for part in self._parts.values():
                    # The time limit of the parts that waited starts again here.
                    part.ended()
                    if part.worked_s is not None:
                        part.worked()

    def stuck(self) -> str | None:
        """Returns the name of a part that is stuck, or None."""
        now = self._monotonic()
        with self._lock:
            if self._busy:
                is_stuck = now - min(self._busy.values()) > BUSY_AT_MOST_S
                return "configuration" if is_stuck else None
            found = [
                name
                for name, one in self._parts.items()
                if now - one.ended_s > one.every_s + STUCK_AFTER_S
            ]
        return found[0] if found else None

    def worked_s(self) -> float | None:
        """Returns the time up to which every part has worked; None if any part has not, or none is.

        A part that waits for its next round counts as working.
        """
        now = self._monotonic()
        with self._lock:
            ends = [
                None if part.worked_s is None else min(now, part.worked_s + part.every_s)
                for part in self._parts.values()
            ]
            is_busy = any(now - since <= BUSY_AT_MOST_S for since in self._busy.values())
        known = [end for end in ends if end is not None]
        if len(known) < len(ends) or not ends:
            return None
        return now if is_busy else min(known)

    def did(self) -> LastWork | None:
        """Returns the last result that was worth reporting."""
        with self._lock:
            self._remember_last()
            return self._last

    def _remember_last(self) -> None:
        done = [part.did for part in self._parts.values() if part.did is not None]
        known = [*done, self._last] if self._last is not None else done
        self._last = max(known, key=lambda one: one.at_s, default=None)
