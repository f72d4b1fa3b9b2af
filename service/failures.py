"""The work that fails in a process, why and since when; lasting failures are logged once."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from feeds.errors import StoreConflict, StoreUnavailable
from service.logs import get_logger
from service.stores import known_memory_folder, memory_folder

# Lasting failures are reported when they begin and when they end, not at each occurrence.


class Troubles:
    """The failures that were reported and have not ended. Safe to share between threads."""

    def __init__(
        self,
        *,
        again_after_s: float = float("inf"),
        over_after_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins with no failure.

        Args:
            again_after_s: A failure is reported again if the last report is older than this.
            over_after_s: A failure has ended when it has not occurred for this long: one that
                comes and goes lasts.
            monotonic: A clock that never goes back.
        """
        self._again_after_s = again_after_s
        self._monotonic = monotonic
        self._over_after_s = over_after_s
        self._reported: dict[str, dict[str, float]] = {}  #: times, by work and by reason
        self._occurred_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_news(self, what: str, reason: str) -> bool:
        """Records a failure of *what*; returns whether it is new and should be reported."""
        now = self._monotonic()
        with self._lock:
            self._occurred_at[what] = now
            reported = self._reported.setdefault(what, {})
            if now - reported.get(reason, float("-inf")) < self._again_after_s:
                return False
            reported[reason] = now
            return True

    def is_over(self, what: str, *, at_once: bool = False) -> bool:
        """Whether *what* had reported failures that have ended now.

        Args:
            what: The work, as given to `is_news`.
            at_once: End the failure even if it occurred lately.
        """
        with self._lock:
            if what not in self._reported:
                return False
            is_recent = self._monotonic() - self._occurred_at[what] < self._over_after_s
            if is_recent and not at_once:
                return False
            del self._reported[what], self._occurred_at[what]
            return True


# The failures of all processes of a service: for ``/readyz``, metrics and ``communique status``.
#
# A process with failures keeps them in a file of its own in memory. Most failures are of writing,
# so neither the disk nor the store can hold them. Processes of other machines are not seen.

_log = get_logger(__name__)

#: Work that fails, works and fails again counts as failing until it has not failed for this long.
OVER_AFTER_S = 10.0

_PREFIX = "failing-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Work that fails in one process."""

    role: str  #: of the process
    work: str
    reason: str  #: public: it does not say where the store is
    since: datetime


class Failures:
    """The failures of this process. Safe to share between threads."""

    def __init__(
        self,
        role: str,
        *,
        now: Callable[[], datetime],
        data_folder: Path | None = None,
        over_after_s: float = OVER_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins with no failure.

        Args:
            role: The role of this process.
            now: This machine's clock.
            data_folder: The service's data folder; if None, other processes do not see failures.
            over_after_s: Work has recovered when it has not failed for this long.
            monotonic: A clock that never goes back.
        """
        self._role = role
        self._now = now
        self._data_folder = data_folder
        self._troubles = Troubles(over_after_s=over_after_s, monotonic=monotonic)
        self._lock = threading.Lock()
        self._known: dict[str, Failure] = {}
        self._file: Path | None = None

    def failed(self, work: str, error: Exception) -> bool:
        """Records that *work* failed; returns whether it or its reason is new, and to be logged."""
        is_news = self._troubles.is_news(work, str(error) or repr(error))
        if is_news:
            with self._lock:
                known = self._known.get(work)
                self._known[work] = Failure(
                    role=self._role,
                    work=work,
                    reason=in_short(error),
                    since=self._now() if known is None else known.since,
                )
                self._share()
        return is_news

    def worked(self, work: str, *, at_once: bool = False) -> bool:
        """Records that *work* succeeded; returns whether it had failed and has recovered.

        Args:
            work: The name given to `failed`.
            at_once: Count it as recovered even if it failed lately.
        """
        if not self._troubles.is_over(work, at_once=at_once):
            return False
        with self._lock:
            self._known.pop(work, None)
            self._share()
        return True

    def close(self) -> None:
        """Forgets all failures and removes the file."""
        with self._lock:
            self._known.clear()
            self._share()

    def _share(self) -> None:
        if self._data_folder is None:
            return
        with suppress(OSError):  # the failure is in the log only
            if not self._known:
                if self._file is not None:
                    self._file.unlink(missing_ok=True)
                return
            pid = os.getpid()
            self._file = memory_folder(self._data_folder) / f"{_PREFIX}{self._role}-{pid}"
            written = self._file.with_name(f".{self._file.name}-{threading.get_ident()}")
            rows = [{**asdict(one), "since": one.since.isoformat()} for one in self._known.values()]
            content = json.dumps({"born": _start_time(pid), "failures": rows})
            written.write_text(content, encoding="utf-8")
            written.replace(self._file)


def in_short(error: Exception) -> str:
    """Returns why something failed, for readers who must not learn where the store is."""
    if isinstance(error, StoreUnavailable):
        return error.in_short
    if isinstance(error, StoreConflict):
        return "other processes keep writing to the store"
    short = getattr(error, "in_short", None)
    return short if isinstance(short, str) else "unexpected error; see the log"


def failures_of(data_folder: Path) -> list[Failure]:
    """Returns the failures of all processes over *data_folder* on this machine, oldest first."""
    folder = known_memory_folder(data_folder)
    if folder is None:
        return []
    found = [one for path in folder.glob(f"{_PREFIX}*") for one in _read(path)]
    return sorted(found, key=lambda one: (one.since, one.role, one.work))


def in_words(failures: Iterable[Failure]) -> list[str]:
    """Returns one line for each process and reason."""
    lines = []
    by_reason = sorted(failures, key=_role_and_reason)
    for (role, reason), those in groupby(by_reason, key=_role_and_reason):
        group = list(those)
        works = ", ".join(sorted({one.work for one in group}))
        since = min(one.since for one in group)
        lines.append(f"{role}: {works} failing since {since:%Y-%m-%dT%H:%M:%SZ}: {reason}")
    return lines


def _role_and_reason(failure: Failure) -> tuple[str, str]:
    return failure.role, failure.reason


def _read(path: Path) -> Iterator[Failure]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        pid = int(path.name.rpartition("-")[2])
        if content["born"] != _start_time(pid):  # the process was killed
            path.unlink(missing_ok=True)
            return
        for row in content["failures"]:
            yield Failure(**{**row, "since": datetime.fromisoformat(row["since"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.debug("failures file cannot be read", path=str(path), reason=repr(error))


def _start_time(pid: int) -> str | None:
    """Returns what distinguishes a process from an earlier one with its pid; None without one."""
    try:
        # The name, in brackets, may hold anything; the start time is the 20th field after it.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return fields.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return "unknown"
