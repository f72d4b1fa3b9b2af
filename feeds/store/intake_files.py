"""Files of the watched folders that were read, so that a restart does not read them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from feeds.store.schema import intake_files
from feeds.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """By which a file that changed is told from one that did not."""

    size_bytes: int
    modified_ns: int
    rules: str  #: digest of the rules that it is read by: other rules may accept it


class IntakeFiles:
    """Read files over one connection.

    Machines over one store have folders of their own, and may call files alike. *host* is the name
    of one; empty where there is but one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stamps(self, host: str) -> dict[str, FileStamp]:
        """The stamp of every file that was read on this machine, by path."""
        wanted = select(intake_files).where(intake_files.c.host == host)
        return {row.path: _stamp(row) for row in self._connection.execute(wanted)}

    def stamps_elsewhere(self, host: str) -> dict[str, tuple[FileStamp, ...]]:
        """The stamps of files that were read on other machines, by path.

        A folder may be on a disk that they share, and a machine may have got another name.
        """
        found: dict[str, tuple[FileStamp, ...]] = {}
        wanted = select(intake_files).where(intake_files.c.host != host)
        for row in self._connection.execute(wanted):
            found[row.path] = (*found.get(row.path, ()), _stamp(row))
        return found

    def forget(self, paths: Sequence[str], *, host: str) -> None:
        """Forget files that are gone from this machine; should they come back, they are read."""
        for path in paths:
            is_it = (intake_files.c.host == host, intake_files.c.path == path)
            self._connection.execute(delete(intake_files).where(*is_it))

    def note(self, path: str, stamp: FileStamp, *, host: str, now: datetime) -> None:
        """Note that the file was read to its end, on this machine, as it is by *stamp*."""
        row = {
            "host": host,
            "path": path,
            "size_bytes": stamp.size_bytes,
            "modified_ns": stamp.modified_ns,
            "rules": stamp.rules,
            "read_at": now,
        }
        upsert(self._connection, intake_files, [row])


def _stamp(row: Row[Any]) -> FileStamp:
    return FileStamp(size_bytes=row.size_bytes, modified_ns=row.modified_ns, rules=row.rules)
