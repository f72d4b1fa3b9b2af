"""Documents that wait for their minute. Nothing that the public is shown is read from here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from feeds.errors import EmbargoNotFound, StoreConflict
from feeds.model.history import originals_of
from feeds.model.intake import Embargo
from feeds.model.release import ReleaseId, SourceKey
from feeds.store.contents import pack_draft, unpack_draft
from feeds.store.schema import embargoes

# Built once: each intake asks for them.
_BY_SOURCE_KEYS = select(embargoes).where(
    embargoes.c.source_key.in_(bindparam("keys", expanding=True))
)
#: Within the packed document: it has a column in no table but that of what is public.
_work = embargoes.c.draft[("content", "details", "work")].as_string()
_OF_WORK = select(embargoes).where(
    or_(
        _work == bindparam("work"),
        and_(embargoes.c.source_key.in_(bindparam("originals", expanding=True)), _work.is_(None)),
    )
)
_ORDER = (embargoes.c.until, embargoes.c.release_id)
_NEXT = select(func.min(embargoes.c.until))


class Embargoes:
    """Embargoes over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_source_keys(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Embargo]:
        """What waits under these source keys."""
        found = self._fetch(_BY_SOURCE_KEYS, {"keys": keys})
        return {embargo.draft.source_key: embargo for embargo in found}

    def by_digests(self, digests: Sequence[str]) -> dict[str, Embargo]:
        """What waits with exactly this content, by its digest."""
        if not digests:
            return {}
        found = self._fetch(select(embargoes).where(embargoes.c.digest.in_(digests)))
        return {embargo.draft.content.digest: embargo for embargo in found}

    def of_work(self, work: str) -> list[Embargo]:
        """What waits, and will belong to this work, whether it names it or the work names it.

        Looks into all that waits: some dozens, at the most as many as an office holds back.
        """
        return self._fetch(_OF_WORK, {"work": work, "originals": originals_of(work)})

    def all(self) -> list[Embargo]:
        """All that waits, what is due first."""
        return self._fetch(select(embargoes).order_by(*_ORDER))

    def named(self, name: str) -> Embargo:
        """What waits under this id, source key or file.

        Raises:
            EmbargoNotFound: Nothing does.
        """
        is_it = (embargoes.c.release_id == name) | embargoes.c.source_key.in_(
            [name, f"file:{name}"]
        )
        found = self._fetch(select(embargoes).where(is_it).limit(1))
        if not found:
            raise EmbargoNotFound(name)
        return found[0]

    def claim_due(self, *, now: datetime, limit: int) -> list[Embargo]:
        """Some of those whose minute has come, the first ones first, for this transaction alone.

        On PostgreSQL they are locked until its end, and passed over by whoever else asks; on
        SQLite there is one writer anyway. Who claims them ends them.
        """
        due = select(embargoes).where(embargoes.c.until <= now).order_by(*_ORDER).limit(limit)
        return self._fetch(due.with_for_update(skip_locked=True))

    def next_end(self) -> datetime | None:
        """When the next embargo ends; None when nothing waits."""
        end: datetime | None = self._connection.execute(_NEXT).scalar_one()
        return end

    def hold(self, held: Sequence[Embargo]) -> None:
        """Let documents wait that did not."""
        if held:
            self._connection.execute(insert(embargoes), [_row(embargo) for embargo in held])

    def change(self, was: Embargo, becomes: Embargo) -> None:
        """Put another document, or another end, in the place of what waits.

        Raises:
            StoreConflict: It waits no longer, or no longer so: somebody changed it a moment ago.
        """
        is_still_so = (
            (embargoes.c.release_id == was.release_id)
            & (embargoes.c.until == was.until)
            & (embargoes.c.digest == was.draft.content.digest)
        )
        change = update(embargoes).where(is_still_so).values(_row(becomes))
        _require(self._connection.execute(change).rowcount == 1)

    def move(self, release_id: ReleaseId, *, until: datetime, by: str) -> None:
        """Let it wait until another moment, whatever document it is by now.

        Raises:
            StoreConflict: It waits no longer.
        """
        waiting = embargoes.c.release_id == release_id
        move = update(embargoes).where(waiting).values(until=until, held_by=by)
        _require(self._connection.execute(move).rowcount == 1)

    def end(self, ids: Sequence[ReleaseId]) -> None:
        """Let these wait no longer.

        Raises:
            StoreConflict: One of them does not wait any more.
        """
        if ids:
            gone = delete(embargoes).where(embargoes.c.release_id.in_(ids))
            _require(self._connection.execute(gone).rowcount == len(ids))

    def count(self) -> int:
        """How many wait."""
        wanted = select(func.count()).select_from(embargoes)
        return int(self._connection.execute(wanted).scalar_one())

    def _fetch(self, wanted: Select[Any], asked: Mapping[str, Any] | None = None) -> list[Embargo]:
        return [_embargo(row) for row in self._connection.execute(wanted, asked or {})]


def _require(is_so: bool) -> None:  # noqa: FBT001  # a claim, and its only one
    if not is_so:
        raise StoreConflict("an embargo was changed or ended meanwhile")


def _row(embargo: Embargo) -> dict[str, Any]:
    return {
        "release_id": embargo.release_id,
        "source_key": embargo.draft.source_key,
        "digest": embargo.draft.content.digest,
        "until": embargo.until,
        "draft": pack_draft(embargo.draft),
        "held_since": embargo.held_since,
        "held_by": embargo.by,
    }


def _embargo(row: Row[Any]) -> Embargo:
    return Embargo(
        release_id=ReleaseId(row.release_id),
        draft=unpack_draft(row.draft),
        until=row.until,
        held_since=row.held_since,
        by=row.held_by,
    )
