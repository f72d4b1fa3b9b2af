"""Opens the configured store, and says what its disk allows."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from uuid import uuid4

from feeds.errors import StoreReplaced
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.migrate import sqlite_file
from feeds.store.state import StoreState
from service.logs import get_logger
from service.settings import Settings
from service.sockets import Sockets

# Disks that cannot be written: what is wrong with one, and where notes go meanwhile.

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


# Opens the configured store. Apart from `wiring`, whose rooms the supervisor has no use for.
#
# A note beside the store says which store it is and how much it held. A store that was deleted,
# replaced, or put back from an older copy is told by it: what starts on an empty one would read all
# documents again, and give each release another id.

_log = get_logger(__name__)


class StoreNote:
    """What is known of a store, in a file beside it."""

    def __init__(self, settings: Settings) -> None:
        """Make one that was not read yet: beside SQLite's file, else in the data folder."""
        file = sqlite_file(settings.store.url.reveal())
        folder = settings.data_folder
        self.path = folder / "store-note" if file is None else file.with_name(f"{file.name}-note")

    def read(self) -> StoreState | None:
        """What is known; None when there is no note.

        Raises:
            StoreReplaced: The file is no note of ours.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return StoreState(id=str(content["id"]), changes=int(content["changes"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreReplaced(
                f"{self.path}, which says which store is here, cannot be read: {error}; if the "
                "store is the right one, run 'communique store adopt'"
            ) from error

    def write(self, state: StoreState) -> None:
        """Keep what is known now: whole, or as it was. A disk that takes nothing is told of."""
        try:
            with NamedTemporaryFile(
                "w", dir=self.path.parent, prefix=".note-", encoding="utf-8", delete=False
            ) as file:
                try:
                    json.dump(asdict(state), file)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self.path)
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            _log.warning("note cannot be written", path=str(self.path), reason=error.strerror)

    def remove(self) -> None:
        """Forget what is known: whatever store is there is the right one."""
        self.path.unlink(missing_ok=True)


def open_database(settings: Settings) -> Database:
    """The configured database; nothing is connected to yet.

    Raises:
        StoreReplaced: The note beside it cannot be read.
    """
    return _open(settings, StoreNote(settings).read())


def open_older(settings: Settings) -> Database:
    """The same one, also when it holds less than it did: it was put back from a copy."""
    known = StoreNote(settings).read()
    return _open(settings, known and StoreState(id=known.id, changes=0))


def _open(settings: Settings, expected: StoreState | None) -> Database:
    return Database.open(
        settings.store.url.reveal(),
        expected=expected,
        connections=Sockets(),
        write_fault=write_fault,
    )


def make_ready(settings: Settings, database: Database) -> str:
    """Bring the store to this version's schema, and note which it is. Returns the schema's name.

    Raises:
        StoreOutdated: It was made by a newer version.
        StoreReplaced: It is gone, or another one than at the last start.
        StoreUnavailable: It cannot be reached.
    """
    schema = migrate.upgrade(database)
    with database.transaction() as tx:
        tx.identity.name(str(uuid4()))
    note_state(settings, database)
    return schema


def note_state(settings: Settings, database: Database) -> None:
    """Note which store it is, and how much it holds."""
    note = StoreNote(settings)
    with database.read() as tx:
        state = tx.identity.state()
    if state is not None and state != note.read():
        note.write(state)
