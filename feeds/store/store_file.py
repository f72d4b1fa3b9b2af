"""The file of an SQLite store, which has to stay the one that was opened.

SQLite goes on with a file that was deleted or replaced under it: what is written then goes to a
file that nobody can open, or, over a new connection, to another one. So a transaction looks at the
file before it begins and after it was committed: what was acknowledged is in the file at its path.
The log beside it is looked at as well. Where a copy is written over a store in use and the log
deleted, as a restore does, the log alone is another file.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from feeds.errors import StoreReplaced

#: The device and the number of a file there: no two files have the same at one time.
_Place = tuple[int, int]

#: What to do about a file that changed while it was in use.
_REMEDY = "stop the service, put the store back, and start the service again"

_LOG = "communique_log"


class StoreFile:
    """One SQLite file, as the connections of this process have it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(f"{path.name}-wal")
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
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
