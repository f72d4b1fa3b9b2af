"""Drafts of the desk. No public page, feed or answer reads from here."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from feeds.errors import DraftChanged, DraftNotFound
from feeds.model.release import Expected, SourceKey
from feeds.model.saved_draft import DraftPosition, SavedDraft
from feeds.store.schema import Instant, drafts

_position = tuple_(drafts.c.changed_at, drafts.c.id)

#: Rows that are read at once to find those that somebody may see.
_ROWS_AT_ONCE = 100


class SavedDrafts:
    """Drafts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(
        self,
        *,
        after: DraftPosition | None,
        limit: int,
        is_wanted: Callable[[SavedDraft], bool],
    ) -> list[SavedDraft]:
        """A page of drafts, the last changed first.

        Args:
            after: Where the page before ended.
            limit: The greatest number of drafts.
            is_wanted: Whether a draft is listed.
        """
        wanted: list[SavedDraft] = []
        while len(wanted) < limit:
            query = select(drafts).order_by(drafts.c.changed_at.desc(), drafts.c.id.desc())
            if after is not None:
                start = tuple_(literal(after.changed_at, Instant), after.id)
                query = query.where(_position < start)
            found = [_draft(row) for row in self._connection.execute(query.limit(_ROWS_AT_ONCE))]
            wanted += filter(is_wanted, found)
            if len(found) < _ROWS_AT_ONCE:
                break
            after = DraftPosition(changed_at=found[-1].changed_at, id=found[-1].id)
        return wanted[:limit]

    def by_id(self, draft_id: str) -> SavedDraft:
        """The draft with this id.

        Raises:
            DraftNotFound: There is none.
        """
        row = self._connection.execute(select(drafts).where(drafts.c.id == draft_id)).first()
        if row is None:
            raise DraftNotFound(draft_id)
        return _draft(row)

    def by_preview(self, secret: str) -> SavedDraft:
        """The draft whose preview has this address.

        Raises:
            DraftNotFound: There is none.
        """
        row = self._connection.execute(select(drafts).where(drafts.c.preview == secret)).first()
        if row is None:
            raise DraftNotFound("of this preview")
        return _draft(row)

    def of_release(self, key: SourceKey, seen: Expected) -> list[SavedDraft]:
        """The drafts that change a release as somebody has seen it; the first begun first."""
        return self._begun(
            drafts.c.source_key == key,
            drafts.c.revision == seen.revision,
            drafts.c.face == seen.face,
        )

    def of_work(self, work: str, language: str) -> list[SavedDraft]:
        """The drafts of a work in a language that correct nothing; the first begun first."""
        names = (drafts.c.record[name].as_string() for name in ("work", "translation_of"))
        return self._begun(
            drafts.c.revision.is_(None),
            drafts.c.record["language"].as_string() == language,
            or_(*(name == work for name in names)),
        )

    def _begun(self, *conditions: ColumnElement[bool]) -> list[SavedDraft]:
        query = select(drafts).where(*conditions).order_by(drafts.c.made_at, drafts.c.id)
        return [_draft(row) for row in self._connection.execute(query)]

    def add(self, draft: SavedDraft) -> None:
        """Stores a new draft."""
        self._connection.execute(insert(drafts), _row(draft))

    def change(self, replacement: SavedDraft, *, seen: int) -> None:
        """Replaces a draft, on condition that it still has the version that somebody has seen.

        Raises:
            DraftChanged: It has another one.
            DraftNotFound: There is no such draft any more.
        """
        still = (drafts.c.id == replacement.id) & (drafts.c.version == seen)
        changed = self._connection.execute(update(drafts).where(still).values(_row(replacement)))
        if changed.rowcount != 1:
            present = self.by_id(replacement.id)
            raise DraftChanged(present.id, present.changed_by)

    def delete(self, draft_id: str, *, seen: int) -> None:
        """Deletes a draft on the same condition.

        Raises:
            DraftChanged: It has another version.
            DraftNotFound: There is no such draft any more.
        """
        still = (drafts.c.id == draft_id) & (drafts.c.version == seen)
        if self._connection.execute(delete(drafts).where(still)).rowcount != 1:
            raise DraftChanged(draft_id, self.by_id(draft_id).changed_by)


def _row(draft: SavedDraft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "version": draft.version,
        "record": dict(draft.record),
        "source_key": draft.source_key,
        "revision": None if draft.corrects is None else draft.corrects.revision,
        "face": None if draft.corrects is None else draft.corrects.face,
        "made_by": draft.made_by,
        "made_at": draft.made_at,
        "changed_by": draft.changed_by,
        "changed_at": draft.changed_at,
        "preview": draft.preview,
    }


def _draft(row: Row[Any]) -> SavedDraft:
    corrects = None if row.revision is None else Expected(revision=row.revision, face=row.face)
    return SavedDraft(
        id=row.id,
        version=row.version,
        record=row.record,
        source_key=SourceKey(row.source_key),
        corrects=corrects,
        made_by=row.made_by,
        made_at=row.made_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        preview=row.preview,
    )
