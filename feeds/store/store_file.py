"""The file of an SQLite store, which has to stay the one that was opened.

SQLite goes on with a file that was deleted or replaced under it: what is written then goes to a
file that nobody can open, or, over a new connection, to another one. So a transaction looks at the
file before it begins and after it was committed: what was acknowledged is in the file at its path.
The log beside it is looked at as well. Where a copy is written over a store in use and the log
deleted, as a restore does, the log alone is another file.

SQLite needs a third file, the index of the log, also to read. On a full or read-only disk it cannot
make one. Such a store is at rest: every process that has the store open, and so every writer, would
have made that index. It is read without one, and what was read counts only if the files are as they
were before (https://sqlite.org/wal.html, "Read-Only Databases").
"""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from feeds.errors import StoreReplaced

#: The device and the number of a file there: no two files have the same at one time.
_Place = tuple[int, int]

#: What to do about a file that changed while it was in use.
_REMEDY = "stop the service, put the store back, and start the service again"

_LOG = "communique_log"

#: The least that the index of a log has while anybody uses it (https://sqlite.org/walformat.html).
_INDEX_BYTES = 32 * 1024

#: The device, number, size and time of the last change of a file.
_State = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Stamp:
    """The files of a store that nobody has open: the same as long as nobody wrote."""

    file: tuple[int, ...]
    log: tuple[int, ...] | None

    @property
    def has_log(self) -> bool:
        """True when the log may hold what the file does not."""
        return self.log is not None


class StoreFile:
    """One SQLite file, as the connections of this process have it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._index = path.with_name(f"{path.name}-shm")
        self._opened: _Place | None = None

    @classmethod
    def of(cls, url: URL) -> "StoreFile | None":
        """The file that *url* names; None for every other store."""
        name = url.database
        if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
            return None
        return cls(Path(name))

    def before_connecting(self, *, must_be_there: bool) -> None:
        """Refuse to connect where that would make an empty store in place of one that is gone.

        Raises:
            StoreReplaced: The file is gone, or another one.
        """
        if self._opened is not None:
            self._require(self.path, self._opened)
        elif must_be_there and not self.path.exists():
            raise gone(self.path)
        self._make_private()

    def _make_private(self) -> None:
        """Make the file of a new database before SQLite does, which would let everybody read it.

        The log and the index that SQLite makes beside it have the mode of the file.
        """
        with suppress(OSError):  # SQLite meets the same, and says so
            if not self.path.exists():
                self.path.touch(mode=0o600)

    def connected(self) -> None:
        """Note what a new connection has open.

        Raises:
            StoreReplaced: It has another file open than the connections before it.
        """
        if self._opened is None:
            self._opened = _place(self.path)
        else:
            self._require(self.path, self._opened)

    def committed(self, info: dict[Any, Any]) -> None:
        """See that what was committed is in the files; *info* is kept with the connection.

        Raises:
            StoreReplaced: One of them is gone, or another one.
        """
        if info.get(_LOG) is None:
            # From its first transaction to its end a connection has the same log open, and nobody
            # who works by SQLite's rules deletes it meanwhile.
            info[_LOG] = _place(self._log)
        self.require_same(info)

    def require_same(self, info: dict[Any, Any]) -> None:
        """See that the files are still those that the connection of this *info* has open.

        Raises:
            StoreReplaced: One of them is gone, or another one.
        """
        for path, opened in ((self.path, self._opened), (self._log, info.get(_LOG))):
            if opened is not None:
                self._require(path, opened)

    def at_rest(self) -> Stamp | None:
        """The files as they are; None while somebody may have the store open."""
        index, file, log = _state(self._index), _state(self.path), _state(self._log)
        if file is None or _size(index) >= _INDEX_BYTES:
            return None
        if _size(log) == 0:
            return Stamp(file, None)
        # All that is committed is written into the log first. Whoever reads may write from it into
        # the file, which changes nothing of what is read.
        return Stamp(file[:2], log)

    def connect_at_rest(self, *, wait_ms: int) -> sqlite3.Connection:
        """Open a store that is at rest; nothing can be written over this connection.

        Args:
            wait_ms: How long to wait for others who do the same, where there is a log: it is read
                under a lock that one process has at a time.
        """
        stamp = self.at_rest()
        if stamp is not None and stamp.has_log:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=wait_ms / 1000
            )
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            return connection
        uri = f"{self.path.absolute().as_uri()}?immutable=1"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    def _require(self, path: Path, opened: _Place) -> None:
        here = _place(path)
        if here != opened:
            happened = "deleted" if here is None else "replaced"
            raise StoreReplaced(
                f"{path} was {happened} while the store was in use, and nothing is read from it or "
                f"stored any more: {_REMEDY}"
            )


def gone(path: Path) -> StoreReplaced:
    """What is told of a store that was there at the last start."""
    return StoreReplaced(
        f"the store at {path} is gone: put it back, or a copy of it, and run 'communique store "
        "restored'; to begin with an empty one instead, run 'communique store adopt'"
    )


def _place(path: Path) -> _Place | None:
    state = _state(path)
    return None if state is None else state[:2]


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _size(state: _State | None) -> int:
    return 0 if state is None else state[2]
