"""Imports in progress, and the files that imports have copied."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select

from feeds.store.dialects import upsert
from feeds.store.pipelining import ask
from feeds.store.prepared import Prepared
from feeds.store.schema import Instant, imported_files, imports, media

# Built once: each edition asks.
_IS_RUNNING = Prepared(
    select(
        exists().where(imports.c.held_until > bindparam("now", type_=Instant)).label("is_running")
    )
)
_FILES = (
    select(imported_files)
    .join(media, media.c.digest == imported_files.c.digest)
    .where(imported_files.c.key.in_(bindparam("keys", expanding=True)), media.c.is_complete == 1)
)
#: Databases take a limited number of parameters.
_KEYS_A_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import has come that has not ended."""

    key: str  #: digest of what is imported, and how
    begun_at: datetime
    held_until: datetime  #: until then no archive is closed, unless the import ends before
    position: int  #: items of the export that are done
    tally: Mapping[str, Any]  #: of these items, as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFile:
    """A file of another system that is a medium here now."""

    address: str  #: here, absolute
    digest: str  #: of the medium
    media_type: str
    length_bytes: int


class Imports:
    """Imports over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, key: str) -> ImportProgress | None:
        """The import with this key, if it was cut off."""
        row = self._connection.execute(select(imports).where(imports.c.key == key)).one_or_none()
        return None if row is None else ImportProgress(**row._asdict())

    def record(self, progress: ImportProgress) -> None:
        """Stores how far an import has come, in the transaction that stores its releases."""
        row = {
            "key": progress.key,
            "begun_at": progress.begun_at,
            "held_until": progress.held_until,
            "position": progress.position,
            "tally": dict(progress.tally),
        }
        upsert(self._connection, imports, [row], keep=["begun_at"])

    def end(self, key: str) -> None:
        """Records that an import has ended."""
        self._connection.execute(delete(imports).where(imports.c.key == key))

    def forget(self, *, before: datetime) -> None:
        """Deletes the imports that were cut off long ago."""
        self._connection.execute(delete(imports).where(imports.c.held_until < before))

    def ask_is_running(self, *, now: datetime) -> Callable[[], bool]:
        """Asks whether an import is running that orders archives; see ``pipelining.ask``."""
        return ask(self._connection, _IS_RUNNING, {"now": now}, lambda rows: bool(rows.scalar()))

    def files(self, addresses: Collection[str]) -> dict[str, CopiedFile]:
        """The copies of files whose media are still here, by the files' old addresses."""
        by_key = {_key(address): address for address in addresses}
        keys, found = sorted(by_key), {}
        for start in range(0, len(keys), _KEYS_A_QUERY):
            part = keys[start : start + _KEYS_A_QUERY]
            for row in self._connection.execute(_FILES, {"keys": part}):
                found[by_key[row.key]] = CopiedFile(
                    address=row.address,
                    digest=row.digest,
                    media_type=row.media_type,
                    length_bytes=row.length_bytes,
                )
        return found

    def record_files(self, copied: Sequence[tuple[str, CopiedFile]]) -> None:
        """Stores which files were copied, as pairs of old address and copy."""
        rows = {
            _key(address): {
                "key": _key(address),
                "address": file.address,
                "digest": file.digest,
                "media_type": file.media_type,
                "length_bytes": file.length_bytes,
            }
            for address, file in copied
        }
        upsert(self._connection, imported_files, [rows[key] for key in sorted(rows)])


def _key(address: str) -> str:
    return sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
