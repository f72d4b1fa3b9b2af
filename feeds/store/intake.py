"""Files that intake has read, and documents that it rejected."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from feeds.model.intake import KeptRefusal, Refusal
from feeds.model.release import Origin
from feeds.store.dialects import lock_keys, upsert
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import intake_files, refusals

# Files of the watched folders that were read, so that a restart does not read them again.


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """The state of a file, by which a changed file is recognised."""

    size_bytes: int
    modified_ns: int
    rules: str  #: digest of the intake rules: other rules may accept the file


class IntakeFiles:
    """Read files over one connection.

    Machines over one store have folders of their own, and may call files alike. *host* is the name
    of one; empty where there is but one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stamps(self, host: str) -> dict[str, FileStamp]:
        """The state of every file that was read on this machine, by path."""
        query = select(intake_files).where(intake_files.c.host == host)
        return {row.path: _stamp(row) for row in self._connection.execute(query)}

    def stamps_elsewhere(self, host: str) -> dict[str, tuple[FileStamp, ...]]:
        """The states of files that were read on other machines, by path.

        A folder may be on a disk that machines share, and a machine may have been renamed.
        """
        found: dict[str, tuple[FileStamp, ...]] = {}
        query = select(intake_files).where(intake_files.c.host != host)
        for row in self._connection.execute(query):
            found[row.path] = (*found.get(row.path, ()), _stamp(row))
        return found

    def forget(self, paths: Sequence[str], *, host: str) -> None:
        """Removes files that are gone from this machine; if they return, they are read again."""
        for path in paths:
            is_it = (intake_files.c.host == host, intake_files.c.path == path)
            self._connection.execute(delete(intake_files).where(*is_it))

    def record(self, path: str, stamp: FileStamp, *, host: str, now: datetime) -> None:
        """Records that the file was read completely in this state, on this machine."""
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


# Rejected documents, listed until they are accepted.

# Built once: each intake runs it.
_LINES_OF = Prepared(
    select(refusals.c.document, refusals.c.line).where(
        refusals.c.document.in_(bindparam("documents", expanding=True))
    )
)


class Refusals:
    """Refusals over one connection: at most one for each document, or each line of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self, refused: Sequence[Refusal], *, now: datetime) -> None:
        """Stores refusals; each replaces an earlier one of the same document."""
        rows = {_key(refusal.origin): _row(refusal, now) for refusal in refused}
        upsert(self._connection, refusals, [rows[key] for key in sorted(rows)])

    def ask_keys(self, origins: Sequence[Origin]) -> Callable[[], set[tuple[str, int]]]:
        """Asks for the keys of the refusals that `clear` may delete; see ``pipelining.ask``."""
        documents = sorted({origin.document for origin in origins})
        return ask(
            self._connection,
            _LINES_OF,
            {"documents": documents},
            lambda rows: {(row.document, row.line) for row in rows},
        )

    def clear(self, origins: Sequence[Origin], refused: Collection[tuple[str, int]]) -> None:
        """Deletes the refusals of documents that are accepted now.

        Args:
            origins: The documents.
            refused: The keys of those that were refused, among others.
        """
        for document, line in map(_key, origins):
            if (document, line) in refused:
                gone = (refusals.c.document == document) & (refusals.c.line == line)
                send_later(self._connection, delete(refusals).where(gone))

    def clear_document(self, document: str) -> None:
        """Deletes all refusals of a document that is about to be read again."""
        self._connection.execute(delete(refusals).where(refusals.c.document == document))

    def forget(self, *, before: datetime, limit: int) -> int:
        """Deletes refusals from before that time, the oldest first. Returns how many."""
        keys = (refusals.c.document, refusals.c.line)
        oldest = select(*keys).where(refusals.c.refused_at < before)
        found = self._connection.execute(oldest.order_by(refusals.c.refused_at).limit(limit)).all()
        old = sorted((row.document, row.line) for row in found)
        lock_keys(self._connection, keys, old)
        if old:
            is_it = (refusals.c.document == bindparam("of")) & (refusals.c.line == bindparam("at"))
            gone = [{"of": document, "at": line} for document, line in old]
            self._connection.execute(delete(refusals).where(is_it), gone)
        return len(old)

    def documents(self) -> set[str]:
        """The documents with refusals."""
        return set(self._connection.execute(select(refusals.c.document)).scalars())

    def waiting(self) -> list[Refusal]:
        """Refusals of documents that become acceptable at a certain time."""
        return [kept.refusal for kept in self.kept() if kept.refusal.until is not None]

    def kept(self) -> list[KeptRefusal]:
        """All refusals, newest first."""
        order = (refusals.c.refused_at.desc(), refusals.c.document, refusals.c.line)
        return [_kept(row) for row in self._connection.execute(select(refusals).order_by(*order))]

    def latest(self, *, limit: int) -> list[KeptRefusal]:
        """The last refusals, newest first."""
        query = select(refusals).order_by(refusals.c.refused_at.desc()).limit(limit)
        return [_kept(row) for row in self._connection.execute(query)]

    def of_document(self, document: str, *, limit: int) -> tuple[list[Refusal], int]:
        """The first refusals of a document by line, and how many there are."""
        is_its = refusals.c.document == document
        query = select(refusals).where(is_its).order_by(refusals.c.line).limit(limit)
        first = [_kept(row).refusal for row in self._connection.execute(query)]
        if len(first) < limit:
            return first, len(first)
        count = select(func.count()).select_from(refusals).where(is_its)
        return first, int(self._connection.execute(count).scalar_one())

    def newest(self, *, limit: int) -> list[KeptRefusal]:
        """The refusals of the latest documents, the newest first."""
        query = select(refusals).order_by(refusals.c.refused_at.desc()).limit(limit)
        return [_kept(row) for row in self._connection.execute(query)]

    def count(self) -> int:
        """The number of refusals."""
        query = select(func.count()).select_from(refusals)
        return int(self._connection.execute(query).scalar_one())


def _kept(row: Row[Any]) -> KeptRefusal:
    return KeptRefusal(
        refusal=Refusal(
            origin=Origin(document=row.document, line=row.line or None),
            field=row.field,
            reason=row.reason,
            remedy=row.remedy,
            until=row.until,
        ),
        refused_at=row.refused_at,
    )


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
