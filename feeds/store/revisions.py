"""What releases were before they were corrected."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from feeds.errors import RevisionNotFound
from feeds.model.history import Former, Revision, Step, steps
from feeds.model.release import Release
from feeds.store.packing import unpack_content
from feeds.store.schema import revisions

#: Without the text, of which a list has no need.
_FORMER = select(
    revisions.c.revision, revisions.c.updated, revisions.c.changed_at, revisions.c.notes
).order_by(revisions.c.revision)


class Revisions:
    """Former revisions over one connection. ``Releases.replace`` writes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def steps(self, release: Release) -> list[Step]:
        """All revisions of a release, the present one too, the newest first; without text."""
        return steps(release, self._former(release))

    def of(self, release: Release) -> list[Revision]:
        """All that a release was before, the newest first."""
        return self._read(release, _whole(release))

    def one(self, release: Release, number: int) -> Revision:
        """What a release was in one of its former revisions.

        Raises:
            RevisionNotFound: It has none of this number, or it is the present one.
        """
        found = self._read(release, _whole(release).where(revisions.c.revision == number))
        if not found:
            raise RevisionNotFound(release.slug, number)
        return found[0]

    def _former(self, release: Release) -> list[Former]:
        # A correction may have come since the release was read: then it is not of this list.
        is_former = revisions.c.revision < release.revision
        wanted = _FORMER.where(revisions.c.release_id == release.id, is_former)
        return [
            Former(
                number=row.revision, updated=row.updated, changed_at=row.changed_at, notes=row.notes
            )
            for row in self._connection.execute(wanted)
        ]

    def _read(self, release: Release, wanted: Select[Any]) -> list[Revision]:
        by_number = {step.number: step for step in self.steps(release)}
        rows = self._connection.execute(wanted).mappings()
        return [_revision(release, row, by_number) for row in rows]


def _whole(release: Release) -> Select[Any]:
    is_former = revisions.c.revision < release.revision
    wanted = select(revisions).where(revisions.c.release_id == release.id, is_former)
    return wanted.order_by(revisions.c.revision.desc())


def _revision(release: Release, row: RowMapping, by_number: Mapping[int, Step]) -> Revision:
    return Revision(
        step=by_number[row["revision"]],
        content=unpack_content(row["content"]),
        updated=row["updated"],
        notes=release.notes[: row["notes"]],
    )
