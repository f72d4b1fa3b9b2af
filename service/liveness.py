"""What a process knows of its own work: whether it goes on, and what came of it last."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: A part that comes to no end for so long stands still. The longest round that is none is one
#: edition of sixteen large feeds, or a statement that runs into the database's time limit.
STUCK_AFTER_S = 900.0

#: Nor does anything go on while another configuration is taken; with hundreds of thousands of
#: releases to file anew, that takes its time.
BUSY_AT_MOST_S = 3600.0

#: A clock that nobody sets.
Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class LastWork:
    """Something that was done."""

    words: str  #: for a person; never what stands in a release
    at_s: float


class WorkPart:
    """One kind of work that a process does in rounds, again and again."""

    def __init__(self, *, every_s: float = 0.0, monotonic: Monotonic = time.monotonic) -> None:
        """Begin; the first round is under way.

        Args:
            every_s: The pause between two rounds.
            monotonic: The clock of all moments here.
        """
        self._monotonic = monotonic
        self.every_s = every_s
        self.ended_s = monotonic()  #: the end of the last round, however it went
        self.worked_s: float | None = None  #: the end of the last one that did what it is for
        self.did: LastWork | None = None  #: the last of them with something to tell

    def worked(self, did: str | None = None) -> None:
        """Note the end of a round that did what it is for, be it that nothing was to be done."""
        self.ended_s = self.worked_s = self._monotonic()
        if did is not None:
            self.did = LastWork(did, self.ended_s)

    def ended(self) -> None:
        """Note the end of a round that failed: the process lives, its work does not go on."""
        self.ended_s = self._monotonic()

    @contextmanager
    def round(self) -> Iterator[None]:
        """Note the end of a round, also of one that fails. One that did not calls `worked`."""
        try:
            yield
        finally:
            self.ended()


class Liveness:
    """The parts of one process. Safe to share between threads."""

    def __init__(self, *, monotonic: Monotonic = time.monotonic) -> None:
        """Begin without parts: a process that has none lives, and does no work."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._parts: dict[str, WorkPart] = {}
        self._busy: dict[object, float] = {}  #: since when, each
        self._last: LastWork | None = None  #: of parts that are no more

    def part(self, name: str, *, every_s: float = 0.0) -> WorkPart:
        """Begin a part of this name; what the former one did stays known."""
        part = WorkPart(every_s=every_s, monotonic=self._monotonic)
        with self._lock:
            self._keep_last()
            if name in self._parts:
                part.worked_s = self._parts[name].worked_s
            self._parts[name] = part
        return part

    def end_parts(self) -> None:
        """Have no parts, and do no work, until others begin."""
        with self._lock:
            self._keep_last()
            self._parts.clear()

    def rest(self) -> None:
        """Note that no part works, and none is meant to."""
        with self._lock:
            for part in self._parts.values():
                part.ended()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Be at something that all parts wait for, and that takes as long as it takes."""
        key = object()
        with self._lock:
            self._busy[key] = self._monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._busy[key]
                for part in self._parts.values():
                    # What waited has its time from here on.
                    part.ended()
                    if part.worked_s is not None:
                        part.worked()

    def stuck(self) -> str | None:
        """Return the part that stands still, or None."""
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
        """Return until when every part did its work; None when one, or all, have not done any.

        While a part waits for its next round, it is as good as at work.
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
        """Return what was done last that was worth telling."""
        with self._lock:
            self._keep_last()
            return self._last

    def _keep_last(self) -> None:
        done = [part.did for part in self._parts.values() if part.did is not None]
        known = [*done, self._last] if self._last is not None else done
        self._last = max(known, key=lambda one: one.at_s, default=None)
