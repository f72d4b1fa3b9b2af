"""Catalogues that were applied to an empty store once: the next empty store gets the same rows.

To apply one takes some 25 ms of processor time on SQLite and 80 ms on PostgreSQL, and half the
tests of the suite begin with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, exists, insert, literal_column, select, union_all

from feeds.categories import Catalogue
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.release import ReleaseId
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from feeds.store.schema import metadata

_TABLES = metadata.sorted_tables
_FILLED: CompoundSelect[Any] = union_all(
    *(
        select(literal_column(str(number))).where(exists().select_from(table))
        for number, table in enumerate(_TABLES)
    )
)


@dataclass(frozen=True, slots=True)
class _Applied:
    rows: dict[int, list[dict[str, Any]]]  #: by the number of the table
    minted: int  #: how many ids it took


_known: dict[tuple[str, ...], _Applied] = {}


def apply(
    database: Database,
    catalogue: Catalogue,
    newsroom: Newsroom,
    *,
    mint_id: Callable[[], ReleaseId],
    now: datetime,
) -> None:
    """Apply *catalogue*, as ``newsroom.apply_catalogue`` does.

    Args:
        database: Of the newsroom.
        catalogue: The newsroom's.
        newsroom: It does what was not done before.
        mint_id: The newsroom's; the ids that it gives must be the same for every newsroom.
        now: The moment.
    """
    fingerprints = ConfigurationFingerprints(catalogue)
    key = (
        database._engine.dialect.name,
        fingerprints.digest,
        fingerprints.appearance(""),
        repr(fingerprints.at(now)),
        now.isoformat(),
    )
    with database._engine.begin() as connection:
        is_empty = not _filled(connection)
        known = _known.get(key) if is_empty else None
        if known is not None:
            for number, rows in known.rows.items():
                connection.execute(insert(_TABLES[number]), rows)
    if known is not None:
        for _ in range(known.minted):
            mint_id()
        return
    newsroom.apply_catalogue(now=now)
    if is_empty:
        with database._engine.begin() as connection:
            made = {number: _rows(connection, number) for number in _filled(connection)}
        _known[key] = _Applied(made, minted=len(fingerprints.at(now)))


def _filled(connection: Connection) -> list[int]:
    return list(connection.execute(_FILLED).scalars())


def _rows(connection: Connection, number: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(_TABLES[number])).mappings()]
