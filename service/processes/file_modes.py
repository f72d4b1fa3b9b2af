"""Permissions of the store and of the processes' shared files: for the service user only."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from feeds.store.database import Database
from service.logs import get_logger
from service.processes.locks import run_folder

_log = get_logger(__name__)

#: New files get no permissions for the group or for others.
UMASK = 0o077

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def keep_private(data_folder: Path, database: Database) -> None:
    """Removes other users' access to the store, and logs what remains.

    Files of other owners stay as they are. So does the data folder: if others may write to it and
    so replace the store, that is only logged. Whether others may list it is the operator's choice:
    press officers may need to pass through it to a watched folder.
    """
    ours = _private_paths(data_folder, database)
    # SQLite creates these with the store's permissions, which others may have had until now.
    beside = [Path(f"{database.file}{end}") for end in ("-wal", "-shm") if database.file]
    for path, found in _existing([*ours, *beside]):
        if found.st_mode & _OTHERS and found.st_uid == os.geteuid():
            with contextlib.suppress(OSError):  # logged below
                path.chmod(_mode(found) & ~_OTHERS)
                _log.warning("made private", path=str(path), was=f"{_mode(found):04o}")
    for fault in faults(data_folder, database):
        _log.warning("not private", what=fault)


def faults(data_folder: Path, database: Database) -> list[str]:
    """Returns how other users can access the store, for a person; empty if they cannot."""
    found_faults = [
        _fault(path, found) for path, found in _existing(_private_paths(data_folder, database))
    ]
    folders = {data_folder} if database.file is None else {data_folder, database.file.parent}
    found_faults += [
        f"others may write into {folder}: chmod go-w {folder}"
        for folder, found in _existing(sorted(folders))
        if found.st_mode & _WRITABLE_BY_OTHERS
    ]
    return [fault for fault in found_faults if fault is not None]


def _fault(path: Path, found: os.stat_result) -> str | None:
    me = os.geteuid()
    # Root may read everything, and SQLite as root gives its new files to the store's owner.
    if me not in (0, found.st_uid):
        return f"{path} belongs to user {found.st_uid}, and this is user {me}: chown {me} {path}"
    if found.st_mode & _OTHERS:
        return f"others may open {path}: chmod go= {path}"
    return None


def _private_paths(data_folder: Path, database: Database) -> list[Path]:
    run = run_folder(data_folder)
    return [run] if database.file is None else [run, database.file]


def _existing(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    for path in paths:
        with contextlib.suppress(OSError):  # the file does not exist, or no longer
            yield path, path.stat()


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode)
