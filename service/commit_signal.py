"""Reports commits at once, whichever process made them.

Linux reports each write to SQLite's write-ahead log (inotify(7)). The write comes before the
commit: the log is synced to the disk in between. So the store is asked right after the write, and
again and again for a moment. Where nothing is reported, as on another system and with PostgreSQL,
the store is asked at short intervals if somebody wants that, and otherwise everybody polls.
"""

import ctypes
import errno
import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.logs import get_logger

_log = get_logger(__name__)

#: After a write the store is asked at once, and after each of these pauses, in seconds, until the
#: next write begins them anew. Most commits are there within a millisecond or two. A disk that
#: takes longer than all of them for a commit delays everything else more.
ASK_AGAIN_S = (0.001, 0.003, 0.01, 0.05, 0.15, 0.3, 0.8)

#: How many of these pauses are left out once a commit was seen: a further one is rarely on its way.
SHORT_PAUSES = 2

#: The least pause between two questions, in seconds, and the one while writes go on and on: a bulk
#: intake writes thousands of times a second. So many questions may have the least pause before the
#: longer one counts; each of the longer ones that passes allows one more.
SOON_S, AT_MOST_EVERY_S, SOON_QUESTIONS = 0.001, 0.02, 32

#: How often the store is asked although nothing was written. If that finds a commit, writes are not
#: reported here, as in a container over another machine's disk.
DOUBT_EVERY_S = 5.0

#: The interval for those who want commits reported everywhere, and the pause after the store could
#: not be asked, in seconds.
POLL_EVERY_S, STORE_AWAY_PAUSE_S = 0.05, 1.0

#: ``sys/inotify.h``: a file was written; reports were lost; the folder is no longer watched.
_MODIFIED, _LOST, _ENDED = 0x2, 0x4000, 0x8000

#: ``struct inotify_event`` without the name: watch, mask, cookie, length of the name.
_EVENT = struct.Struct("iIII")

_READ_BYTES = 64 * 1024


class CommitSignal:
    """Calls back after commits. Safe to share between threads."""

    def __init__(self, database: Database, *, poll_every_s: float | None = None) -> None:
        """Creates a signal that is not started yet.

        Args:
            database: The store.
            poll_every_s: The interval at which the store is asked where the system reports nothing;
                None to leave it at that.
        """
        self._file = database.file if sys.platform == "linux" else None
        self._poll_every_s = poll_every_s
        self._changes = Changes(database)
        self._callbacks: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ends: socket.socket | None = None  #: closed to end the thread
        self._is_reliable = False
        self._is_known = False  #: the last question was answered

    @property
    def is_reliable(self) -> bool:
        """Whether nobody needs to poll for commits as well.

        False until a commit was reported, and for good after one that was not.
        """
        return self._is_reliable

    def subscribe(self, callback: Callable[[], object]) -> None:
        """Has *callback* called after each commit, from another thread. It must not wait."""
        with self._lock:
            self._callbacks.append(callback)

    def unsubscribe(self, callback: Callable[[], object]) -> None:
        """Ends the calls of *callback*."""
        with self._lock, suppress(ValueError):
            self._callbacks.remove(callback)

    def start(self) -> None:
        """Starts to wait for reports, in a daemon thread, where there can be any."""
        if self._file is None and self._poll_every_s is None:
            return
        over, self._ends = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=[over], name="commits", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops. Nobody is called afterwards."""
        if self._ends is not None:
            self._ends.close()
        if self._thread is not None:
            self._thread.join()

    def _run(self, over: socket.socket) -> None:
        with over, closing(self._changes):
            is_over = self._file is not None and self._is_followed(self._file, over)
            self._is_reliable = False
            if not is_over and self._poll_every_s is not None:
                self._poll(over, self._poll_every_s)

    def _is_followed(self, file: Path, over: socket.socket) -> bool:
        """Goes by the system's reports; returns False when there are none, or no more."""
        try:
            with closing(_Writes(file)) as writes:
                return self._follow(writes, over)
        except OSError as error:  # the system has no more watches, or the folder is gone
            _log.debug("commits are not reported", reason=error.strerror)
            return False

    def _poll(self, over: socket.socket, every_s: float) -> None:
        pause_s = every_s
        while over not in select.select([over], [], [], pause_s)[0]:
            if self._is_changed():
                self._call()
            pause_s = every_s if self._is_known else STORE_AWAY_PAUSE_S

    def _follow(self, writes: "_Writes", over: socket.socket) -> bool:
        asked = len(ASK_AGAIN_S)  #: times, since the last write and the question right after it
        self._is_changed()  # the first answer says nothing
        limit = _Limit(time.monotonic)
        while True:
            is_quiet = asked == len(ASK_AGAIN_S)
            pause_s = DOUBT_EVERY_S if is_quiet else ASK_AGAIN_S[asked]
            least_s = min(pause_s, limit.pause_s())
            if _is_ready(over, [over], least_s) or _is_ready(
                over, [over, writes], pause_s - least_s
            ):
                return True
            is_reported = not is_quiet
            if writes.read():
                asked, is_reported = 0, True
            elif not is_quiet:
                asked += 1
            is_known = self._is_known
            if self._is_changed():
                # A write is reported before its commit can be seen.
                if is_known and not is_reported and not writes.read():
                    _log.info("commits are not reported by the system", effect="polling")
                    self._is_reliable = False
                    self._call()
                    return False
                self._is_reliable = True
                asked = max(asked, min(SHORT_PAUSES, len(ASK_AGAIN_S)))
                self._call()

    def _is_changed(self) -> bool:
        """Whether there was a commit since the last call; true also for the first answer."""
        self._is_known = False
        with suppress(StoreUnavailable):
            is_changed = self._changes.poll()
            self._is_known = True
            return is_changed
        return False

    def _call(self) -> None:
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()


class _Limit:
    """Says how long to wait before the next question: short, but for a steady stream of them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._left = float(SOON_QUESTIONS)
        self._asked_at = monotonic()

    def pause_s(self) -> float:
        """Counts one more question; returns the least pause before it, in seconds."""
        now = self._monotonic()
        passed = (now - self._asked_at) / AT_MOST_EVERY_S
        self._left, self._asked_at = min(SOON_QUESTIONS, self._left + passed), now
        if self._left < 1:
            return AT_MOST_EVERY_S
        self._left -= 1
        return SOON_S


def _is_ready(
    one: socket.socket, awaited: "list[socket.socket | _Writes]", within_s: float
) -> bool:
    """Waits for any of *awaited*, at most so long; returns whether *one* is ready."""
    return within_s > 0 and one in select.select(awaited, [], [], within_s)[0]


class _Writes:
    """The reports of writes to one SQLite file and its log."""

    def __init__(self, file: Path) -> None:
        """Begins to watch.

        Raises:
            OSError: The system gives no reports.
        """
        c = ctypes.CDLL(None, use_errno=True)
        self._names = {os.fsencode(file.name), os.fsencode(f"{file.name}-wal")}
        self._fd = c.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        # The folder, because the log is made anew when all connections were closed.
        if self._fd < 0 or c.inotify_add_watch(self._fd, os.fsencode(file.parent), _MODIFIED) < 0:
            error = ctypes.get_errno()
            self.close()
            raise OSError(error, os.strerror(error))

    def fileno(self) -> int:
        """Returns the descriptor that is readable when there are reports."""
        return int(self._fd)

    def read(self) -> bool:
        """Takes all reports that have come; returns whether there was a write.

        Raises:
            OSError: The folder is gone.
        """
        was_written = False
        with suppress(BlockingIOError):
            while reports := os.read(self._fd, _READ_BYTES):
                for mask, name in _parsed(reports):
                    if mask & _ENDED:
                        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
                    was_written |= bool(mask & _LOST) or name in self._names
        return was_written

    def close(self) -> None:
        """Ends the reports."""
        if self._fd >= 0:
            os.close(self._fd)


def _parsed(reports: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the mask of each report, and the name of the file."""
    at = 0
    while at < len(reports):
        _, mask, _, length = _EVENT.unpack_from(reports, at)
        at += _EVENT.size
        yield mask, reports[at : at + length].rstrip(b"\0")
        at += length
