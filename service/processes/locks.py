"""Locks in a folder, for work that only one process may do."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from service.errors import ServiceError
from service.stores import known_memory_folder, memory_folder

#: The roles that only one process may have if the store is SQLite.
EXCLUSIVE_ROLES = ("jobs", "hub")


class AlreadyRunning(ServiceError):
    """Another process does the same work on this data folder."""

    def __init__(self, folder: Path, holder: str, /) -> None:
        super().__init__(f"another service (process {holder}) works on {folder}")
        self.folder = folder


class CannotLock(ServiceError):
    """The lock cannot be created because the data folder cannot be written."""

    def __init__(self, error: OSError, /) -> None:
        super().__init__(f"cannot create {error.filename}: {error.strerror}")
        self.in_short = f"the data folder cannot be written: {error.strerror}"


class Exporting(ServiceError):
    """Another export writes to this folder."""

    def __init__(self, folder: Path, /) -> None:
        super().__init__(f"another export works on {folder}")
        self.folder = folder


def run_folder(data_folder: Path) -> Path:
    """Returns the folder for files that the processes of a service share."""
    return data_folder / "run"


@contextmanager
def role_lock(data_folder: Path, role: str, *, wait_s: float) -> Iterator[None]:
    """Holds the lock of one role on *data_folder* until the end of the block.

    The system releases the lock when its holder dies, in whatever way.

    Args:
        data_folder: The service's data folder.
        role: The work; each role has a lock of its own.
        wait_s: How long to wait for another holder.

    Raises:
        AlreadyRunning: Another process holds the lock and did not release it in time.
        CannotLock: The lock cannot be created.
    """
    run = run_folder(data_folder)
    holder = run / f"{role}.pid"
    lock = FileLock(run / f"{role}.lock", timeout=wait_s)
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AlreadyRunning(data_folder, holder_of(data_folder, role)) from error
    except OSError as error:
        raise CannotLock(error) from error
    try:
        with suppress(OSError):  # on a full disk the lock works without the pid
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        lock.release()


def holder_of(data_folder: Path, role: str) -> str:
    """Returns the id of the process that took the lock of a role last, or ``unknown``."""
    try:
        path = run_folder(data_folder) / f"{role}.pid"
        return path.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return "unknown"


class Presence:
    """A shared lock that shows whether any process does some work.

    Any number of processes may hold it. The system releases it when a process ends, in whatever
    way.
    """

    def __init__(self, data_folder: Path, work: str) -> None:
        """Names the lock; it is not held yet.

        Args:
            data_folder: The service's data folder.
            work: The work; each kind has a lock of its own.
        """
        self._data_folder = data_folder
        self._name = f"{work}.present"
        self._file: IO[bytes] | None = None  #: open, and so locked

    def acquire(self) -> None:
        """Holds the lock until the end of the process.

        A process forked from this one holds it as well until it calls `release`; a program that
        it executes does not.

        Raises:
            OSError: The file can be created neither in the data folder nor in memory.
        """
        try:
            folder = run_folder(self._data_folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = _opened(folder / self._name)
        except OSError:
            file = _opened(memory_folder(self._data_folder) / self._name)
        fcntl.flock(file, fcntl.LOCK_SH)
        self._file = file

    def release(self) -> None:
        """Releases the lock in this process only."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove_from_memory(self) -> None:
        """Removes the lock's file in memory, if any. No other process may hold the lock."""
        if (folder := known_memory_folder(self._data_folder)) is not None:
            with suppress(OSError):
                (folder / self._name).unlink()

    def is_held(self) -> bool:
        """Whether any process holds the lock. A holder must not call this."""
        folders = run_folder(self._data_folder), known_memory_folder(self._data_folder)
        return any(_is_locked(folder / self._name) for folder in folders if folder is not None)


def _opened(path: Path) -> IO[bytes]:
    """Opens the file, and creates it if missing; on a read-only disk, opens it for reading."""
    try:
        return path.open("ab")
    except OSError:
        return path.open("rb")


def _is_locked(path: Path) -> bool:
    try:
        with _opened(path) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # the file was never created
    return False


@contextmanager
def export_lock(folder: Path) -> Iterator[None]:
    """Holds the lock of an export's folder until the end of the block.

    Raises:
        Exporting: Another export holds the lock.
    """
    try:
        # The lock's file is no part of the export, and is not to be served or copied.
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise Exporting(folder) from error
