"""Work that one process does alone: locks in the folder that it works on."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from service.errors import ServiceError
from service.stores import known_memory_folder, memory_folder


class AlreadyRunning(ServiceError):
    """Another process works on this data folder."""

    def __init__(self, folder: Path, holder: str, /) -> None:
        super().__init__(f"another service (process {holder}) works on {folder}")
        self.folder = folder


class CannotLock(ServiceError):
    """Nobody can make sure to be alone: the data folder cannot be written."""

    def __init__(self, error: OSError, /) -> None:
        super().__init__(f"cannot make {error.filename}: {error.strerror}")
        self.in_short = f"the data folder cannot be written: {error.strerror}"


class Exporting(ServiceError):
    """Another process writes into this folder."""

    def __init__(self, folder: Path, /) -> None:
        super().__init__(f"another export works on {folder}")
        self.folder = folder


def run_folder(data_folder: Path) -> Path:
    """Where the processes of a service leave things for each other."""
    return data_folder / "run"


@contextmanager
def role_lock(data_folder: Path, role: str, *, wait_s: float) -> Iterator[None]:
    """Do one kind of work alone on *data_folder* until the end of the block.

    The system frees the lock when its holder dies, however it dies.

    Args:
        data_folder: Of the service.
        role: The work: each kind has a lock of its own.
        wait_s: How long to wait for whoever has it.

    Raises:
        Occupied: Somebody else has it, and did not let go in time.
        CannotLock: The lock cannot be made.
    """
    run = run_folder(data_folder)
    holder = run / f"{role}.pid"
    lock = FileLock(run / f"{role}.lock", timeout=wait_s)
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AlreadyRunning(data_folder, _read(holder)) from error
    except OSError as error:
        raise CannotLock(error) from error
    try:
        with suppress(OSError):  # a full disk is no reason: it is the lock that counts
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        lock.release()


class Presence:
    """Tells that somebody is at some work, for as long as any process of theirs lives.

    Unlike a role's, any number may be at it. It ends with the process, however that ends.
    """

    def __init__(self, data_folder: Path, work: str) -> None:
        """Name the work; nobody is at it because of this.

        Args:
            data_folder: Of the service.
            work: Each kind has a presence of its own.
        """
        self._data_folder = data_folder
        self._name = f"{work}.present"
        self._file: IO[bytes] | None = None  #: open, and so locked

    def take(self) -> None:
        """Be at it until the end of the process.

        A process that is forked from this one is at it as well, until it lets go; no program that
        it starts is.

        Raises:
            OSError: Neither the data folder nor memory takes a file.
        """
        try:
            folder = run_folder(self._data_folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = _opened(folder / self._name)
        except OSError:
            file = _opened(memory_folder(self._data_folder) / self._name)
        fcntl.flock(file, fcntl.LOCK_SH)
        self._file = file

    def let_go(self) -> None:
        """Be at it no more, in this process alone."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def leave(self) -> None:
        """Leave nothing in memory, once nobody is at it any more but this process."""
        if (folder := known_memory_folder(self._data_folder)) is not None:
            with suppress(OSError):
                (folder / self._name).unlink()

    def is_anybodys(self) -> bool:
        """True while somebody is at it. Not to be asked by who is."""
        folders = run_folder(self._data_folder), known_memory_folder(self._data_folder)
        return any(_is_locked(folder / self._name) for folder in folders if folder is not None)


def _opened(path: Path) -> IO[bytes]:
    """The file, which is made if need be; on a disk that cannot be written, as it is."""
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
        return False  # nobody ever was, as there is no folder
    return False


@contextmanager
def export_lock(folder: Path) -> Iterator[None]:
    """Write alone into an export's folder until the end of the block.

    Raises:
        Exporting: Another process is at it.
    """
    try:
        # Beside the folder's files, of which it is none: it is not to be served or copied.
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise Exporting(folder) from error


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return "unknown"
