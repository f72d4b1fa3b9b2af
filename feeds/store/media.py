"""Media: pictures and files of releases, their bytes, and which document names which."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, or_, select, update

from feeds.model.medium import MediumUse, StoredMedium
from feeds.store.dialects import upsert
from feeds.store.pipelining import send_later
from feeds.store.schema import media, media_chunks, media_uses, releases

#: The size of a chunk. A request holds one in memory at a time, whatever the size of the file.
CHUNK_BYTES = 256 * 1024

#: Holders that are no releases begin with this. Their uses end with `Media.end_uses`.
DRAFT_HOLDER = "draft:"

#: ``media_uses.is_public``.
_DROPPED, _WAITS, _IS_PUBLIC = -1, 0, 1

_IS_COMPLETE = media.c.is_complete == 1
_FIND = select(media).where(media.c.digest == bindparam("digest"), _IS_COMPLETE)
_PUBLIC = (
    select(media)
    .join(media_uses, media_uses.c.digest == media.c.digest)
    .join(releases, releases.c.id == media_uses.c.holder)
    .where(
        media_uses.c.digest == bindparam("digest"),
        media_uses.c.name == bindparam("name"),
        media_uses.c.is_public == _IS_PUBLIC,
        releases.c.retracted_at.is_(None),
        _IS_COMPLETE,
    )
    .limit(1)
)
_CHUNK = select(media_chunks.c.bytes).where(
    media_chunks.c.digest == bindparam("digest"), media_chunks.c.number == bindparam("number")
)
_MARK_USED = (
    update(media)
    .where(media.c.digest == bindparam("used"), media.c.unused_since.is_not(None))
    .values(unused_since=None)
)
_WAITS_AGAIN = (
    update(media_uses)
    .where(media_uses.c.holder == bindparam("again"), media_uses.c.is_public == _DROPPED)
    .values(is_public=_WAITS)
)
_END_WAIT = (
    update(media_uses)
    .where(media_uses.c.holder == bindparam("ended"), media_uses.c.is_public == _WAITS)
    .values(is_public=_DROPPED)
)


class Media:
    """Media over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, digest: str) -> StoredMedium | None:
        """The medium with these bytes, public or not; None if it is not stored, or not wholly."""
        row = self._connection.execute(_FIND, {"digest": digest}).first()
        return None if row is None else _medium(row)

    def find_all(self, digests: Collection[str]) -> dict[str, StoredMedium]:
        """The media with these bytes that are stored, public or not, by digest."""
        if not digests:
            return {}
        query = select(media).where(media.c.digest.in_(sorted(digests)), _IS_COMPLETE)
        return {row.digest: _medium(row) for row in self._connection.execute(query)}

    def public(self, use: MediumUse) -> StoredMedium | None:
        """The medium at this address if a public release names the address; otherwise None."""
        parameters = {"digest": use.digest, "name": use.name}
        row = self._connection.execute(_PUBLIC, parameters).first()
        return None if row is None else _medium(row)

    def public_uses(
        self, *, after: MediumUse | None, limit: int
    ) -> list[tuple[MediumUse, datetime]]:
        """Addresses that public releases name, each once, behind *after*; and since when."""
        order = (media_uses.c.digest, media_uses.c.name)
        query = (
            select(media_uses.c.digest, media_uses.c.name, media.c.added_at)
            .join(releases, releases.c.id == media_uses.c.holder)
            .join(media, media.c.digest == media_uses.c.digest)
            .where(
                media_uses.c.is_public == _IS_PUBLIC,
                releases.c.retracted_at.is_(None),
                _IS_COMPLETE,
            )
        )
        if after is not None:
            is_same = media_uses.c.digest == after.digest
            query = query.where(or_(order[0] > after.digest, is_same & (order[1] > after.name)))
        rows = self._connection.execute(query.distinct().order_by(*order).limit(limit))
        return [(MediumUse(row.digest, row.name), row.added_at) for row in rows]

    def chunk(self, digest: str, number: int) -> bytes | None:
        """A chunk of a medium, counted from 0; None if it is not there (any more)."""
        parameters = {"digest": digest, "number": number}
        found: bytes | None = self._connection.execute(_CHUNK, parameters).scalar()
        return None if found is None else bytes(found)

    def listed(self, *, after: str = "", limit: int) -> list[StoredMedium]:
        """All media that are wholly stored, by digest, behind *after*."""
        is_behind = media.c.digest > after
        query = select(media).where(_IS_COMPLETE, is_behind).order_by(media.c.digest).limit(limit)
        return [_medium(row) for row in self._connection.execute(query)]

    def uses_of(self, digest: str) -> list[tuple[str, MediumUse]]:
        """Who names a medium: the holders, which are ids of releases, and their addresses."""
        query = select(media_uses).where(media_uses.c.digest == digest).order_by(*media_uses.c)
        rows = self._connection.execute(query)
        return [(row.holder, MediumUse(row.digest, row.name)) for row in rows]

    def holders_not_public(self, use: MediumUse, *, limit: int) -> list[str]:
        """Who names a medium at this address, and is not public: drafts, and what waits."""
        is_it = (media_uses.c.digest == use.digest) & (media_uses.c.name == use.name)
        query = select(media_uses.c.holder).where(is_it, media_uses.c.is_public == _WAITS)
        rows = self._connection.execute(query.order_by(media_uses.c.holder).limit(limit))
        return [*rows.scalars()]

    def count(self) -> tuple[int, int]:
        """How many media there are, and how many bytes they have."""
        query = select(func.count(), func.coalesce(func.sum(media.c.length_bytes), 0))
        count, size_bytes = self._connection.execute(query.select_from(media)).one()
        return int(count), int(size_bytes)

    # Bytes in. Chunks come in several transactions; the medium is there with the last one.

    def begin(self, medium: StoredMedium) -> None:
        """Stores a medium whose bytes follow; one that is there already stays as it is."""
        row = {
            "digest": medium.digest,
            "media_type": medium.media_type,
            "length_bytes": medium.length_bytes,
            "name": medium.name,
            "width": medium.width,
            "height": medium.height,
            "added_at": medium.added_at,
            "added_by": medium.added_by,
            "is_complete": 0,
            "unused_since": medium.added_at,
        }
        kept = [name for name in row if name not in ("digest", "unused_since")]
        upsert(self._connection, media, [row], keep=kept)

    def add_chunks(self, digest: str, first: int, chunks: Sequence[bytes]) -> None:
        """Stores chunks of a medium, the first with the number *first*."""
        rows = [
            {"digest": digest, "number": first + number, "bytes": chunk}
            for number, chunk in enumerate(chunks)
        ]
        # Somebody else may be storing the same file: equal digests have equal chunks.
        upsert(self._connection, media_chunks, rows, keep=["bytes"])

    def complete(self, digest: str, *, now: datetime) -> bool:
        """Marks a medium as wholly stored, or one that is there already as wanted again.

        Returns:
            False if it is not there (any more).
        """
        is_used = select(media_uses.c.digest).where(media_uses.c.digest == digest).exists()
        has_use = self._connection.execute(select(is_used)).scalar()
        written = update(media).where(media.c.digest == digest)
        values = {"is_complete": 1, "unused_since": None if has_use else now}
        return self._connection.execute(written.values(values)).rowcount > 0

    # Uses.

    def use(self, named: Sequence[tuple[str, Collection[MediumUse]]], *, is_public: bool) -> None:
        """Records which media documents name. What was recorded of them before stays.

        Args:
            named: The holders, as ids of releases or as `DRAFT_HOLDER` and a key, and what they
                name.
            is_public: Whether the documents are public; not before their embargo ends.
        """
        rows: dict[tuple[str, MediumUse], dict[str, Any]] = {
            (holder, use): {
                "holder": holder,
                "digest": use.digest,
                "name": use.name,
                "is_public": int(is_public),
            }
            for holder, uses in named
            for use in sorted(uses, key=lambda one: (one.digest, one.name))
        }
        if not rows:
            return
        if not is_public:
            holders = sorted({holder for holder, _ in rows})
            send_later(self._connection, _WAITS_AGAIN, [{"again": one} for one in holders])
        # A correction under embargo does not hide what its release shows already.
        keep = [] if is_public else ["is_public"]
        upsert(self._connection, media_uses, list(rows.values()), keep=keep)
        digests = sorted({row["digest"] for row in rows.values()})
        send_later(self._connection, _MARK_USED, [{"used": digest} for digest in digests])

    def end_uses(self, holder: str, *, now: datetime) -> None:
        """Ends all uses of a document that is no release, and is gone."""
        self._end([holder], now=now, is_which=media_uses.c.is_public <= _WAITS)

    def end_wait(self, holders: Sequence[str]) -> None:
        """Marks uses of documents as dropped whose embargo ended. Publication makes them public."""
        if holders:
            send_later(self._connection, _END_WAIT, [{"ended": one} for one in sorted(holders)])

    def end_dropped_uses(self, *, now: datetime) -> int:
        """Ends the uses of documents whose embargo was dropped; returns of how many documents."""
        query = select(media_uses.c.holder).where(media_uses.c.is_public < _WAITS).distinct()
        holders = sorted(self._connection.execute(query).scalars())
        self._end(holders, now=now, is_which=media_uses.c.is_public < _WAITS)
        return len(holders)

    def _end(self, holders: Sequence[str], *, now: datetime, is_which: ColumnElement[bool]) -> None:
        if not holders:
            return
        is_theirs = media_uses.c.holder.in_(holders) & is_which
        named = select(media_uses.c.digest).where(is_theirs).distinct()
        digests = sorted(self._connection.execute(named).scalars())
        self._connection.execute(delete(media_uses).where(is_theirs))
        for digest in digests:
            is_used = select(media_uses.c.digest).where(media_uses.c.digest == digest).exists()
            ended = update(media).where(media.c.digest == digest, ~is_used)
            self._connection.execute(ended.values(unused_since=now))

    # Bytes out.

    def unused(self, *, before: datetime, limit: int) -> list[str]:
        """Media that no document has named since then, the oldest first, by digest."""
        is_old = media.c.unused_since < before
        query = select(media.c.digest).where(is_old).order_by(media.c.unused_since).limit(limit)
        return [*self._connection.execute(query).scalars()]

    def forget(self, digest: str, *, before: datetime) -> bool:
        """Deletes a medium if it is still not named; returns whether it did."""
        is_used = select(media_uses.c.digest).where(media_uses.c.digest == digest).exists()
        gone = delete(media).where(
            media.c.digest == digest, media.c.unused_since < before, ~is_used
        )
        return self._connection.execute(gone).rowcount > 0

    def remove(self, digest: str) -> bool:
        """Deletes a medium, whoever names it; returns whether it was there."""
        gone = delete(media).where(media.c.digest == digest)
        return self._connection.execute(gone).rowcount > 0


def _medium(row: Row[Any]) -> StoredMedium:
    return StoredMedium(
        digest=row.digest,
        media_type=row.media_type,
        length_bytes=row.length_bytes,
        name=row.name,
        width=row.width,
        height=row.height,
        added_at=row.added_at,
        added_by=row.added_by,
    )
