"""The file of an SQLite store, which must stay the file that was opened.

SQLite continues with a file that was deleted or replaced under it. Writes then go to a file that
nobody can open or, over a new connection, to another file. So a transaction checks the file before
it begins and after it was committed: what was acknowledged is in the file at its path. The
write-ahead log is checked as well. When a copy is written over a store in use and the log is
deleted, as a restore does, only the log has another identity.

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

#: Device and inode of a file: no two files have the same at one time.
_Inode = tuple[int, int]

#: What to do about a file that changed while in use.
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
    """One SQLite file as this process has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._index = path.with_name(f"{path.name}-shm")
        self._open_inode: _Inode | None = None

    @classmethod
    def of(cls, url: URL) -> "StoreFile | None":
        """The file that *url* names; None for every other store."""
        name = url.database
        if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
            return None
        return cls(Path(name))

    def before_connecting(self, *, must_be_there: bool) -> None:
        """Refuses to connect where that would create an empty store in place of a missing one.

        Raises:
            StoreReplaced: The file is gone or was replaced.
        """
        if self._open_inode is not None:
            self._require(self.path, self._open_inode)
        elif must_be_there and not self.path.exists():
            raise gone(self.path)
        self._make_private()

    def _make_private(self) -> None:
        """Creates a new database file before SQLite does, which would make it readable by all.

        SQLite gives the log and the index beside it the mode of the file.
        """
        with suppress(OSError):  # SQLite fails in the same way and reports it
            if not self.path.exists():
                self.path.touch(mode=0o600)

    def connected(self) -> None:
        """Records which file a new connection has open.

        Raises:
            StoreReplaced: The file is not the one that earlier connections have open.
        """
        if self._open_inode is None:
            self._open_inode = _inode(self.path)
        else:
            self._require(self.path, self._open_inode)

    def committed(self, info: dict[Any, Any]) -> None:
        """Checks after a commit that the files are still in place.

        Args:
            info: The connection's own dictionary, which stores the identity of its log.

        Raises:
            StoreReplaced: One of the files is gone or was replaced.
        """
        if info.get(_LOG) is None:
            # A connection has the same log open from its first transaction to its end, and no
            # program that follows SQLite's rules deletes it meanwhile.
            info[_LOG] = _inode(self._log)
        self.require_same(info)

    def require_same(self, info: dict[Any, Any]) -> None:
        """Checks that the files are those that the connection with this *info* has open.

        Raises:
            StoreReplaced: One of the files is gone or was replaced.
        """
        for path, expected in ((self.path, self._open_inode), (self._log, info.get(_LOG))):
            if expected is not None:
                self._require(path, expected)

    def at_rest(self) -> Stamp | None:
        """The state of the files; None while another process may have the store open."""
        index, file, log = _state(self._index), _state(self.path), _state(self._log)
        if file is None or _size(index) >= _INDEX_BYTES:
            return None
        if _size(log) == 0:
            return Stamp(file, None)
        # What is committed is written into the log first. A reader may copy it from there into
        # the file, which changes nothing that is read.
        return Stamp(file[:2], log)

    def connect_at_rest(self, *, wait_ms: int) -> sqlite3.Connection:
        """Opens a store that is at rest, for reading only.

        Args:
            wait_ms: How long to wait for others that do the same, where there is a log: the log is
                read under a lock that one process holds at a time.
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

    def _require(self, path: Path, expected: _Inode) -> None:
        found = _inode(path)
        if found != expected:
            happened = "deleted" if found is None else "replaced"
            raise StoreReplaced(
                f"{path} was {happened} while the store was in use, and nothing is read from it or "
                f"stored any more: {_REMEDY}"
            )


def gone(path: Path) -> StoreReplaced:
    """Returns the error for a store that existed at the last start and is missing now."""
    return StoreReplaced(
        f"the store at {path} is gone: put it back, or a copy of it, and run 'communique store "
        "restored'; to begin with an empty one instead, run 'communique store adopt'"
    )


def _inode(path: Path) -> _Inode | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _size(state: _State | None) -> int:
    return 0 if state is None else state[2]
