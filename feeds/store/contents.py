"""Contents of releases as stored: packed as JSON, and the contents of former revisions."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from feeds.errors import RevisionNotFound
from feeds.model.history import FormerContent, Revision, Step, steps
from feeds.model.published_id import PublishedId
from feeds.model.release import (
    NO_DETAILS,
    ChangeNote,
    Contact,
    Content,
    Correction,
    Details,
    Draft,
    Enclosure,
    Origin,
    Person,
    RelatedLink,
    Release,
    SourceFeed,
    SourceKey,
    Weight,
    Written,
)
from feeds.store.schema import revisions

# Contents as JSON, for what no query searches by its parts.

_Record = Mapping[str, Any]


def pack_content(content: Content) -> dict[str, Any]:
    """Packs a whole content, with dates as ISO 8601."""
    return {
        **asdict(content),
        "details": pack_details(content.details),
        "published": content.published.isoformat(),
        "updated": _moment_to_text(content.updated),
    }


def unpack_content(record: _Record) -> Content:
    """Unpacks what `pack_content` of this version or an earlier one packed."""
    return Content(
        **{
            **record,
            "published": datetime.fromisoformat(record["published"]),
            "updated": _text_to_moment(record["updated"]),
            "authors": tuple(Person(**each) for each in record["authors"]),
            "enclosures": tuple(Enclosure(**each) for each in record["enclosures"]),
            "category_names": tuple(record["category_names"]),
            "details": unpack_details(record.get("details")),
        }
    )


def pack_details(details: Details) -> dict[str, Any] | None:
    """Packs the details that are set; None if none are."""
    if details == NO_DETAILS:  # the common case
        return None
    packed = {name: value for name, value in asdict(details).items() if value}
    if source := packed.get("source"):
        updated = _moment_to_text(source["updated"])
        packed["source"] = {n: v for n, v in {**source, "updated": updated}.items() if v}
    return packed or None


def unpack_details(record: _Record | None) -> Details:
    """Unpacks what `pack_details` packed."""
    if not record:
        return NO_DETAILS
    source = record.get("source")
    if source:
        updated = _text_to_moment(source.get("updated"))
        source = SourceFeed(**{**source, "updated": updated})
    return Details(
        **{
            **record,
            "source": source,
            "contacts": tuple(Contact(**each) for each in record.get("contacts", ())),
            "related": tuple(RelatedLink(**each) for each in record.get("related", ())),
        }
    )


def pack_person(person: Person) -> dict[str, str | None]:
    """Packs an author. By hand: most releases have one, and `asdict` takes ten times as long."""
    return {"name": person.name, "email": person.email, "uri": person.uri}


def pack_note(note: ChangeNote) -> dict[str, str]:
    """Packs a change note."""
    return {"at": note.at.isoformat(), "text": note.text}


def unpack_note(record: _Record) -> ChangeNote:
    """Unpacks what `pack_note` packed."""
    return ChangeNote(at=datetime.fromisoformat(record["at"]), text=record["text"])


def pack_draft(draft: Draft) -> dict[str, Any]:
    """Packs a whole draft."""
    return {
        "source_key": draft.source_key,
        "origin": asdict(draft.origin),
        "content": pack_content(draft.content),
        "warnings": list(draft.warnings),
        "left_out": list(draft.left_out),
        "embargoed_until": _moment_to_text(draft.embargoed_until),
        "correction": draft.correction and asdict(draft.correction),
        "source": draft.written and draft.written.digest,
        **({"published_id": asdict(draft.published_id)} if draft.published_id else {}),
        **({} if draft.is_news_at_release else {"is_news_at_release": False}),
    }


def unpack_draft(record: _Record) -> Draft:
    """Unpacks what `pack_draft` packed."""
    correction, source = record["correction"], record.get("source")
    return Draft(
        source_key=SourceKey(record["source_key"]),
        origin=Origin(**record["origin"]),
        content=unpack_content(record["content"]),
        warnings=tuple(record["warnings"]),
        left_out=tuple(record.get("left_out", ())),
        embargoed_until=_text_to_moment(record["embargoed_until"]),
        correction=correction
        and Correction(**{**correction, "weight": Weight(correction["weight"])}),
        written=Written(digest=source) if source else None,
        published_id=PublishedId(**known) if (known := record.get("published_id")) else None,
        is_news_at_release=record.get("is_news_at_release", True),
    )


def _moment_to_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _text_to_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# Former revisions of releases.

#: Without the text, which lists do not show.
_FORMER = select(
    revisions.c.revision, revisions.c.updated, revisions.c.changed_at, revisions.c.notes
).order_by(revisions.c.revision)


class Revisions:
    """Former revisions over one connection. ``Releases.replace`` writes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def steps(self, release: Release) -> list[Step]:
        """All revisions of a release, including the current one, newest first; without text."""
        return steps(release, self._former(release))

    def of(self, release: Release) -> list[Revision]:
        """The former revisions of a release, newest first."""
        return self._read(release, _whole(release))

    def one(self, release: Release, number: int) -> Revision:
        """One former revision of a release.

        Raises:
            RevisionNotFound: The release has no such revision, or it is the current one.
        """
        found = self._read(release, _whole(release).where(revisions.c.revision == number))
        if not found:
            raise RevisionNotFound(release.slug, number)
        return found[0]

    def _former(self, release: Release) -> list[FormerContent]:
        # A correction that came after the release was read is not part of its list.
        is_former = revisions.c.revision < release.revision
        query = _FORMER.where(revisions.c.release_id == release.id, is_former)
        return [
            FormerContent(
                number=row.revision, updated=row.updated, changed_at=row.changed_at, notes=row.notes
            )
            for row in self._connection.execute(query)
        ]

    def _read(self, release: Release, query: Select[Any]) -> list[Revision]:
        by_number = {step.number: step for step in self.steps(release)}
        rows = self._connection.execute(query).mappings()
        return [_revision(release, row, by_number) for row in rows]


def _whole(release: Release) -> Select[Any]:
    is_former = revisions.c.revision < release.revision
    query = select(revisions).where(revisions.c.release_id == release.id, is_former)
    return query.order_by(revisions.c.revision.desc())


def _revision(release: Release, row: RowMapping, by_number: Mapping[int, Step]) -> Revision:
    return Revision(
        step=by_number[row["revision"]],
        content=unpack_content(row["content"]),
        updated=row["updated"],
        notes=release.notes[: row["notes"]],
    )
