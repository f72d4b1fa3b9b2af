"""Opens the configured store, and checks whether its disk can be written."""

import json
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from uuid import uuid4

from feeds.errors import StoreReplaced, StoreUnavailable
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.migrate import sqlite_file
from feeds.store.state import StoreState
from service.logs import get_logger
from service.settings import Settings
from service.sockets import Sockets

# Disks that cannot be written: the fault, and the folder in memory that is used meanwhile.

#: With less room than this a disk counts as full: SQLite's index and a small commit need it.
ROOM_BYTES = 128 * 1024

FULL, READ_ONLY = "its disk is full", "its file system is read-only"
NOT_ALLOWED = "the service's user may not write it"

#: A folder in memory that every Linux has. The fall-back is the folder for temporary files.
_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder in it is checked before it is used

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_fault(path: Path) -> str | None:
    """Returns why a file cannot be written, as far as that shows without writing; or None."""
    folder = path.parent
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None  # the next write fails with the same error and reports it
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if disk.f_bavail * disk.f_frsize < ROOM_BYTES:
        return FULL
    may_write = os.access(folder, os.W_OK | os.X_OK)
    may_write &= os.access(path, os.W_OK) or not path.exists()
    return None if may_write else NOT_ALLOWED


def memory_folder(data_folder: Path) -> Path:
    """Returns a folder in memory for files that *data_folder* cannot hold; creates it if missing.

    It is private to this user, and the same for all processes over one data folder.

    Raises:
        OSError: No such folder can be created.
    """
    for folder in _memory_folders(data_folder, os.geteuid()):
        with suppress(OSError):
            folder.mkdir(mode=0o700)
        if _is_private(folder, os.geteuid()):
            return folder
    raise OSError(f"no folder in memory for {data_folder}")


def known_memory_folder(data_folder: Path) -> Path | None:
    """Returns the folder in memory for *data_folder* if it exists; None if not.

    Root also gets the folder of the data folder's owner.
    """
    users = [os.geteuid()]
    if users == [0]:
        with suppress(OSError):
            users.append(data_folder.stat().st_uid)
    for user in users:
        for folder in _memory_folders(data_folder, user):
            if _is_private(folder, user):
                return folder
    return None


def remove_memory_folder(data_folder: Path) -> None:
    """Removes the folder in memory for *data_folder* if it is empty."""
    for folder in _memory_folders(data_folder, os.geteuid()):
        with suppress(OSError):
            folder.rmdir()


def _memory_folders(data_folder: Path, user: int) -> Iterator[Path]:
    digest = sha256(os.fsencode(data_folder.resolve())).hexdigest()[:16]
    for parent in dict.fromkeys((_MEMORY, Path(gettempdir()))):
        yield parent / f"communique-{user}-{digest}"


def _is_private(folder: Path, user: int) -> bool:
    """Whether the folder belongs to *user*, and no other user may open it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_closed = stat.S_ISDIR(found.st_mode) and not found.st_mode & _OTHERS
    return is_closed and found.st_uid == user


# Opening the configured store. This is not in `wiring`, because the supervisor needs no components.
#
# A note beside the store records which store it is and how much it held. It reveals a store that
# was deleted, replaced, or restored from an older copy: a service that started on an empty store
# would read all documents again and give each release another id.

_log = get_logger(__name__)


class StoreNote:
    """The file that records the last known state of a store."""

    def __init__(self, settings: Settings) -> None:
        """Names the file: beside SQLite's file, else in the data folder. It is not read yet."""
        file = sqlite_file(settings.store.url.reveal())
        folder = settings.data_folder
        self.path = folder / "store-note" if file is None else file.with_name(f"{file.name}-note")

    def read(self) -> StoreState | None:
        """Returns the recorded state; None when there is no note.

        Raises:
            StoreReplaced: The file cannot be read, or is not such a note.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return StoreState(
                id=str(content["id"]),
                changes=int(content["changes"]),
                restores=int(content.get("restores", 0)),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreReplaced(
                f"{self.path}, which says which store is here, cannot be read: {error}; if the "
                "store is the right one, run 'communique store adopt'"
            ) from error

    def write(self, state: StoreState) -> None:
        """Records the state, atomically. A disk that cannot be written is logged only."""
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
            _log.warning("store note cannot be written", path=str(self.path), reason=error.strerror)

    def remove(self) -> None:
        """Removes the note, so that any store is accepted."""
        self.path.unlink(missing_ok=True)


def require_access(settings: Settings) -> None:
    """Refuses a store that this user may not open; the error names the owner.

    Raises:
        StoreUnavailable: The store, its note, or a folder of these belongs to another user.
    """
    file = sqlite_file(settings.store.url.reveal())
    for path in (StoreNote(settings).path, *([] if file is None else [file])):
        for part in (*reversed(path.parents), path):
            if (reason := _forbidden(part, os.R_OK if part == path else os.X_OK)) is not None:
                what = "it" if part == path else part
                raise StoreUnavailable(f"cannot open {path}: {what} {reason}")


def _forbidden(path: Path, mode: int) -> str | None:
    """Returns what keeps this user from a file or folder; None if it may open it, or none is there.

    The text follows the name of the file or folder.
    """
    try:
        owner = path.stat().st_uid
    except OSError:
        return None
    if os.access(path, mode, effective_ids=os.access in os.supports_effective_ids):
        return None
    me = os.geteuid()
    if owner == me:
        return "has permissions that exclude its owner"
    name = _user_name(owner)
    return f"belongs to {name}, and this is {_user_name(me)}: run it as {name}"


def _user_name(user: int) -> str:
    try:
        return f"user {pwd.getpwuid(user).pw_name}"
    except KeyError:  # a container may run under a user id without a name
        return f"user {user}"


def open_database(settings: Settings) -> Database:
    """Returns the configured database, without a connection yet.

    Raises:
        StoreReplaced: The note beside it cannot be read.
    """
    return _open(settings, StoreNote(settings).read())


def open_older(settings: Settings) -> Database:
    """Returns the configured database, also if it was restored from an older copy."""
    known = StoreNote(settings).read()
    return _open(settings, known and replace(known, changes=0, restores=0))


def _open(settings: Settings, expected: StoreState | None) -> Database:
    return Database.open(
        settings.store.url.reveal(),
        expected=expected,
        connections=Sockets(),
        write_fault=write_fault,
    )


def make_ready(settings: Settings, database: Database) -> str:
    """Upgrades the store to this version's schema and records its state in the note.

    Returns:
        The schema's name.

    Raises:
        StoreOutdated: The store was created by a newer version.
        StoreReplaced: The store is gone, or is not the one of the last start.
        StoreUnavailable: The store cannot be reached.
    """
    schema = migrate.upgrade(database)
    with database.transaction() as tx:
        tx.identity.name(str(uuid4()))
    record_state(settings, database)
    return schema


def record_state(settings: Settings, database: Database) -> None:
    """Records in the note which store it is and how much it holds."""
    note = StoreNote(settings)
    with database.read() as tx:
        state = tx.identity.state()
    if state is not None and state != note.read():
        note.write(state)


def record_known(settings: Settings, database: Database) -> None:
    """Records in the note what this process has seen of a store on a server; asks for nothing.

    A service that is started on a copy of that store knows by the note whether the copy lags. Where
    somebody has removed the note, to accept another store, it stays away.
    """
    note, known = StoreNote(settings), database.known_state
    if known is None:
        return
    try:
        recorded = note.read()
    except StoreReplaced:  # the next start says so
        return
    if recorded is not None and recorded.id == known.id and recorded.is_behind(known):
        note.write(known)
