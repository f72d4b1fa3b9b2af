"""What fails in a process, why and since when; troubles that last are told once."""

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

# Troubles that last: told when they begin and when they are over, not each time they are met.


class Troubles:
    """What was told and is not over. Safe to share between threads."""

    def __init__(
        self,
        *,
        again_after_s: float = float("inf"),
        over_after_s: float = 0.0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with none.

        Args:
            again_after_s: A trouble is told anew when it was not for so long.
            over_after_s: A trouble is over when it was not met for so long: what comes and goes
                lasts.
            seconds: A clock that never goes back.
        """
        self._again_after_s = again_after_s
        self._seconds = seconds
        self._over_after_s = over_after_s
        self._told: dict[str, dict[str, float]] = {}  #: when, by what and by reason
        self._met_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_news(self, what: str, reason: str) -> bool:
        """True when this is to be told: *what* did not have this trouble before."""
        now = self._seconds()
        with self._lock:
            self._met_at[what] = now
            told = self._told.setdefault(what, {})
            if now - told.get(reason, float("-inf")) < self._again_after_s:
                return False
            told[reason] = now
            return True

    def is_over(self, what: str, *, at_once: bool = False) -> bool:
        """True when a trouble of *what* was told, which now has none any more."""
        with self._lock:
            if what not in self._told:
                return False
            if not at_once and self._seconds() - self._met_at[what] < self._over_after_s:
                return False
            del self._told[what], self._met_at[what]
            return True


# What fails in the processes of a service: for ``/readyz``, metrics and ``communique status``.
#
# Each process keeps a file of its own in memory, and none while all goes well: what fails most
# often is writing, so neither the disk nor the store can hold it. Processes of other machines are
# not seen.

_log = get_logger(__name__)

#: Work that fails, works and fails again has failed all the time: it works again after so long.
OVER_AFTER_S = 10.0

_PREFIX = "failing-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Work that fails, in one process."""

    role: str  #: of the process
    work: str
    reason: str  #: without a word about where the store is
    since: datetime


class Failures:
    """What fails in this process. Safe to share between threads."""

    def __init__(
        self,
        role: str,
        *,
        now: Callable[[], datetime],
        data_folder: Path | None = None,
        over_after_s: float = OVER_AFTER_S,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing that fails.

        Args:
            role: Of this process.
            now: This machine's clock.
            data_folder: Of the service; nobody else is shown what fails when it is None.
            over_after_s: Work is well again when it has not failed for so long.
            seconds: A clock that never goes back.
        """
        self._role = role
        self._now = now
        self._data_folder = data_folder
        self._troubles = Troubles(over_after_s=over_after_s, seconds=seconds)
        self._lock = threading.Lock()
        self._known: dict[str, Failure] = {}
        self._file: Path | None = None

    def failed(self, work: str, error: Exception) -> bool:
        """Note that *work* failed. True when that, or the reason, is new, and is to be logged."""
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
        """Note that *work* was done. True when it had failed and is well again.

        Args:
            work: As `failed` was told.
            at_once: It is well again, however lately it failed.
        """
        if not self._troubles.is_over(work, at_once=at_once):
            return False
        with self._lock:
            self._known.pop(work, None)
            self._share()
        return True

    def close(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            self._known.clear()
            self._share()

    def _share(self) -> None:
        if self._data_folder is None:
            return
        with suppress(OSError):  # then only the log says it
            if not self._known:
                if self._file is not None:
                    self._file.unlink(missing_ok=True)
                return
            pid = os.getpid()
            self._file = memory_folder(self._data_folder) / f"{_PREFIX}{self._role}-{pid}"
            written = self._file.with_name(f".{self._file.name}-{threading.get_ident()}")
            rows = [{**asdict(one), "since": one.since.isoformat()} for one in self._known.values()]
            written.write_text(json.dumps({"born": _born(pid), "failures": rows}), encoding="utf-8")
            written.replace(self._file)


def in_short(error: Exception) -> str:
    """Say why something failed, to those who are not to know where the store is."""
    if isinstance(error, StoreUnavailable):
        return error.in_short
    if isinstance(error, StoreConflict):
        return "others write into the store all the time"
    short = getattr(error, "in_short", None)
    return short if isinstance(short, str) else "an error that was not expected; see the log"


def failures_of(data_folder: Path) -> list[Failure]:
    """All that fails in the processes over *data_folder* on this machine, oldest first."""
    folder = known_memory_folder(data_folder)
    if folder is None:
        return []
    found = [one for path in folder.glob(f"{_PREFIX}*") for one in _read(path)]
    return sorted(found, key=lambda one: (one.since, one.role, one.work))


def in_words(failures: Iterable[Failure]) -> list[str]:
    """One line for each process and reason."""
    words = []
    by_reason = sorted(failures, key=_kind)
    for (role, reason), those in groupby(by_reason, key=_kind):
        group = list(those)
        works = ", ".join(sorted({one.work for one in group}))
        since = min(one.since for one in group)
        words.append(f"{role}: {works} failing since {since:%Y-%m-%dT%H:%M:%SZ}: {reason}")
    return words


def _kind(failure: Failure) -> tuple[str, str]:
    return failure.role, failure.reason


def _read(path: Path) -> Iterator[Failure]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        pid = int(path.name.rpartition("-")[2])
        if content["born"] != _born(pid):  # it was killed
            path.unlink(missing_ok=True)
            return
        for row in content["failures"]:
            yield Failure(**{**row, "since": datetime.fromisoformat(row["since"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.debug("what fails cannot be read", path=str(path), reason=repr(error))


def _born(pid: int) -> str | None:
    """Tells a process from an earlier one of the same number; None when there is none."""
    try:
        # The name, in brackets, may hold anything; of what follows, the start is the twentieth.
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
