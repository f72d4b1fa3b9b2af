"""Files that were read, and documents that were refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from feeds.model.intake import KeptRefusal, Refusal
from feeds.model.release import Origin
from feeds.store.dialects import upsert
from feeds.store.schema import intake_files, refusals

# Files of the watched folders that were read, so that a restart does not read them again.


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

    def record(self, path: str, stamp: FileStamp, *, host: str, now: datetime) -> None:
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


# Documents refused at the door, kept until they are accepted.

# Built once: each intake asks for it.
_LINES_OF = select(refusals.c.document, refusals.c.line).where(
    refusals.c.document.in_(bindparam("documents", expanding=True))
)


class Refusals:
    """Refusals over one connection. There is one for a document, or for a line of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self, refused: Sequence[Refusal], *, now: datetime) -> None:
        """Keep these; a document refused again has its newest refusal."""
        rows = {_key(refusal.origin): _row(refusal, now) for refusal in refused}
        upsert(self._connection, refusals, [rows[key] for key in sorted(rows)])

    def clear(self, origins: Sequence[Origin]) -> None:
        """Forget the refusals of documents that were accepted now."""
        asked = {"documents": list({origin.document for origin in origins})}
        rows = self._connection.execute(_LINES_OF, asked)
        refused = {(row.document, row.line) for row in rows}
        for document, line in map(_key, origins):
            if (document, line) in refused:
                gone = (refusals.c.document == document) & (refusals.c.line == line)
                self._connection.execute(delete(refusals).where(gone))

    def clear_document(self, document: str) -> None:
        """Forget all refusals of a document, because it is about to be read again."""
        self._connection.execute(delete(refusals).where(refusals.c.document == document))

    def documents(self) -> set[str]:
        """The documents that have any."""
        return set(self._connection.execute(select(refusals.c.document)).scalars())

    def waiting(self) -> list[Refusal]:
        """Those of documents that are accepted as they are when their time has come."""
        return [kept.refusal for kept in self.kept() if kept.refusal.until is not None]

    def kept(self) -> list[KeptRefusal]:
        """All refusals, the newest first."""
        order = (refusals.c.refused_at.desc(), refusals.c.document, refusals.c.line)
        return [
            KeptRefusal(
                refusal=Refusal(
                    origin=Origin(document=row.document, line=row.line or None),
                    field=row.field,
                    reason=row.reason,
                    remedy=row.remedy,
                    until=row.until,
                ),
                refused_at=row.refused_at,
            )
            for row in self._connection.execute(select(refusals).order_by(*order))
        ]

    def count(self) -> int:
        """How many there are."""
        wanted = select(func.count()).select_from(refusals)
        return int(self._connection.execute(wanted).scalar_one())


def _key(origin: Origin) -> tuple[str, int]:
    return origin.document, origin.line or 0


def _row(refusal: Refusal, now: datetime) -> dict[str, object]:
    document, line = _key(refusal.origin)
    return {
        "document": document,
        "line": line,
        "field": refusal.field,
        "reason": refusal.reason,
        "remedy": refusal.remedy,
        "refused_at": now,
        "until": refusal.until,
    }
