"""Disks that cannot be written: what is wrong with one, and where notes go meanwhile."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

#: With less room than this, a disk is as good as full: SQLite's index and a small commit need it.
ROOM_BYTES = 128 * 1024

FULL, READ_ONLY = "its disk is full", "its file system is read-only"
NOT_ALLOWED = "the service's user may not write it"

#: A folder in memory that every Linux has; else where temporary files go.
_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder in it is looked at before it is used

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_fault(path: Path) -> str | None:
    """Say why a file cannot be written, as far as its disk tells without being written; or None."""
    folder = path.parent
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None  # whoever writes meets the same, and says so
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if disk.f_bavail * disk.f_frsize < ROOM_BYTES:
        return FULL
    may_write = os.access(folder, os.W_OK | os.X_OK)
    may_write &= os.access(path, os.W_OK) or not path.exists()
    return None if may_write else NOT_ALLOWED


def memory_folder(data_folder: Path) -> Path:
    """A folder in memory for what cannot be written into *data_folder*, made if need be.

    It is for this user alone, and the same for all processes over one data folder.

    Raises:
        OSError: There is none.
    """
    for folder in _memory_folders(data_folder, os.geteuid()):
        with suppress(OSError):
            folder.mkdir(mode=0o700)
        if _is_private(folder, os.geteuid()):
            return folder
    raise OSError(f"no folder in memory for {data_folder}")


def known_memory_folder(data_folder: Path) -> Path | None:
    """The same one, if it was made; root is given that of the data folder's owner, too."""
    users = [os.geteuid()]
    if users == [0]:
        with suppress(OSError):
            users.append(data_folder.stat().st_uid)
    for user in users:
        for folder in _memory_folders(data_folder, user):
            if _is_private(folder, user):
                return folder
    return None


def leave_memory_folder(data_folder: Path) -> None:
    """Take it away if nothing is in it."""
    for folder in _memory_folders(data_folder, os.geteuid()):
        with suppress(OSError):
            folder.rmdir()


def _memory_folders(data_folder: Path, user: int) -> Iterator[Path]:
    digest = sha256(os.fsencode(data_folder.resolve())).hexdigest()[:16]
    for parent in dict.fromkeys((_MEMORY, Path(gettempdir()))):
        yield parent / f"communique-{user}-{digest}"


def _is_private(folder: Path, user: int) -> bool:
    """See that nobody else has made it, or may look into it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_closed = stat.S_ISDIR(found.st_mode) and not found.st_mode & _OTHERS
    return is_closed and found.st_uid == user
