"""Files of the watched folders that were read, so that a restart does not read them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from feeds.store.schema import intake_files
from feeds.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """By which a file that changed is told from one that did not."""

    size_bytes: int
    modified_ns: int
    rules: str  #: digest of the rules that it is read by: other rules may accept it


class IntakeFiles:
    """Read files over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stamps(self) -> dict[str, FileStamp]:
        """The stamp of every file that was read, by path."""
        return {
            row.path: FileStamp(
                size_bytes=row.size_bytes, modified_ns=row.modified_ns, rules=row.rules
            )
            for row in self._connection.execute(select(intake_files))
        }

    def forget(self, paths: Sequence[str]) -> None:
        """Forget files that are gone; should they come back, they are read again."""
        for path in paths:
            gone = delete(intake_files).where(intake_files.c.path == path)
            self._connection.execute(gone)

    def note(self, path: str, stamp: FileStamp, *, now: datetime) -> None:
        """Note that the file was read to its end as it is by *stamp*."""
        row = {
            "path": path,
            "size_bytes": stamp.size_bytes,
            "modified_ns": stamp.modified_ns,
            "rules": stamp.rules,
            "read_at": now,
        }
        upsert(self._connection, intake_files, [row])
