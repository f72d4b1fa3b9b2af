"""Files for the service user alone: the store, and what processes leave for each other."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from feeds.store.database import Database
from service.logs import get_logger
from service.processes.locks import run_folder

_log = get_logger(__name__)

#: For who makes files: nothing for the group, nothing for others.
UMASK = 0o077

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def keep_private(data_folder: Path, database: Database) -> None:
    """Take from others what they have of the store, and tell what remains.

    What belongs to somebody else is left as it is. So is the data folder, if others may write in
    it: they might put another store in the place of this one. That they may read its names is the
    operator's business: press officers may have to come through to a watched folder.
    """
    ours = _ours(data_folder, database)
    # SQLite makes these as the store is, which was open to others until now.
    beside = [Path(f"{database.file}{end}") for end in ("-wal", "-shm") if database.file]
    for path, found in _there([*ours, *beside]):
        if found.st_mode & _OTHERS and found.st_uid == os.geteuid():
            with contextlib.suppress(OSError):  # told below
                path.chmod(_mode(found) & ~_OTHERS)
                _log.warning("made private", path=str(path), was=f"{_mode(found):04o}")
    for fault in faults(data_folder, database):
        _log.warning("not private", what=fault)


def faults(data_folder: Path, database: Database) -> list[str]:
    """Who else may get at the store, for a person; empty when nobody does."""
    told = [_fault(path, found) for path, found in _there(_ours(data_folder, database))]
    homes = {data_folder} if database.file is None else {data_folder, database.file.parent}
    told += [
        f"others may write into {folder}: chmod go-w {folder}"
        for folder, found in _there(sorted(homes))
        if found.st_mode & _WRITTEN_BY_OTHERS
    ]
    return [fault for fault in told if fault is not None]


def _fault(path: Path, found: os.stat_result) -> str | None:
    me = os.geteuid()
    # Root may read everything, and SQLite gives what it makes as root to the owner of the store.
    if me not in (0, found.st_uid):
        return f"{path} belongs to user {found.st_uid}, and this is user {me}: chown {me} {path}"
    if found.st_mode & _OTHERS:
        return f"others may open {path}: chmod go= {path}"
    return None


def _ours(data_folder: Path, database: Database) -> list[Path]:
    run = run_folder(data_folder)
    return [run] if database.file is None else [run, database.file]


def _there(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    for path in paths:
        with contextlib.suppress(OSError):  # it is not there, or was a moment ago
            yield path, path.stat()


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode)
