"""The former revisions of a release, its translations, and notices of changes to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, pairwise
from uuid import NAMESPACE_URL, uuid5

from feeds.model.release import (
    ChangeNote,
    Content,
    Draft,
    Release,
    ReleaseId,
    SourceKey,
    Translation,
    Weight,
)

# Works: a release and its translations.
#
# Each release belongs to one work: the one that it names, else the one with the release's own name.
# So an original need not name a work, and a translation names it by the original's id or address.

#: Kinds of source keys that contain a name which a document may refer to; see
#: `feeds.ingest.source_keys`.
_KINDS = ("id", "url", "file")


def work_named(name: str) -> str:
    """Returns the work with this name. A site that moves to https keeps its works."""
    return re.sub("^http:", "https:", name)


def work_of(release: Release | Draft) -> str:
    """Returns the work that *release* belongs to, or will belong to."""
    kind, _, name = release.source_key.partition(":")
    own_name = name if kind in _KINDS else release.source_key
    return release.content.details.work or work_named(own_name)


def originals_of(work: str) -> tuple[SourceKey, ...]:
    """Returns the source keys of releases that belong to *work* without naming it."""
    names = {work, re.sub("^https:", "http:", work)}
    return tuple(SourceKey(f"{kind}:{name}") for kind in _KINDS for name in sorted(names))


def translations_of(release: Release, members: Iterable[Release]) -> tuple[Translation, ...]:
    """Returns the other releases of its work in other languages, one each, by language.

    RFC 4287 section 4.1.2 allows one alternate for each language. Of several releases in one
    language it is the one published first; releases in the same language do not link to one
    another. A retracted release is not listed as a translation, and lists none.
    """
    if release.retraction is not None:
        return ()
    public = sorted(
        (each for each in members if each.retraction is None),
        key=lambda each: (each.content.language, each.content.published, each.id),
    )
    firsts = [next(same) for _, same in groupby(public, key=lambda each: each.content.language)]
    return tuple(
        Translation(language=each.content.language, slug=each.slug)
        for each in firsts
        if each.content.language != release.content.language
    )


# Former revisions of a release.


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerContent:
    """The dates of a revision that was replaced, without its text."""

    number: int  #: 1 for the first
    updated: datetime
    changed_at: datetime  #: when it was stored
    notes: int  #: number of change notes that the release had at that time


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A revision as a list shows it."""

    number: int
    at: datetime  #: when readers got it, as the press office would say
    weight: Weight | None  #: of the correction that made it; None for the first
    note: ChangeNote | None  #: the note of that correction, if it was a major one


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision that was replaced, with its whole content."""

    step: Step
    content: Content
    updated: datetime
    notes: tuple[ChangeNote, ...]  #: change notes that it had, oldest first


def steps(release: Release, former: Sequence[FormerContent]) -> list[Step]:
    """Returns all revisions of a release, including the present one, newest first.

    A revision is a major correction when it has one note more than the revision before: each major
    correction adds a note, and no note is ever removed.

    Args:
        release: The present revision.
        former: All former revisions, by number.
    """
    if not former:
        return [_first(_as_former(release))]
    found = [_first(former[0])]
    for before, after in pairwise([*former, _as_former(release)]):
        is_major = after.notes > before.notes
        found.append(
            Step(
                number=after.number,
                at=after.updated if is_major else after.changed_at,
                weight=Weight.MAJOR if is_major else Weight.MINOR,
                note=release.notes[after.notes - 1] if is_major else None,
            )
        )
    return found[::-1]


def _first(first: FormerContent) -> Step:
    # The release's own date, because an archive of ten years is imported on one day.
    return Step(number=first.number, at=first.updated, weight=None, note=None)


def _as_former(release: Release) -> FormerContent:
    return FormerContent(
        number=release.revision,
        updated=release.updated,
        changed_at=release.changed_at,
        notes=len(release.notes),
    )


# Notices: changes to a release, published as entries with ids of their own.
#
# Most readers never show that an entry changed, or update it silently; all of them show a new entry
# (docs/readers.md). A notice is not a release: it has no page, and appears in no list, archive or
# count.


class Occasion(StrEnum):
    """The kind of change that a notice reports."""

    CORRECTED = "corrected"
    RETRACTED = "retracted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice: what happened to a release, and when."""

    id: ReleaseId  #: permanent; never the id of a release or of another notice
    occasion: Occasion
    at: datetime  #: aware, UTC, whole seconds; ``published`` and ``updated`` of the entry


def notice_of(release: Release) -> Notice | None:
    """Returns the notice beside a release, which reports its last change; None when there is none.

    The kind follows from the release itself: a major correction and a restoration both move
    ``updated``, and only a correction leaves a note with that date.
    """
    if release.notice_since is None:
        return None
    if release.retraction is not None:
        return _notice_at(release, Occasion.RETRACTED, release.retraction.at)
    if release.notes and release.notes[-1].at == release.updated:
        # Numbered, because two corrections may have the same date. No note is ever removed.
        mark = f"{Occasion.CORRECTED}-{len(release.notes)}"
        return Notice(
            id=_derived_id(release, mark), occasion=Occasion.CORRECTED, at=release.notes[-1].at
        )
    return _notice_at(release, Occasion.RESTORED, release.updated)


def _notice_at(release: Release, occasion: Occasion, at: datetime) -> Notice:
    # Retractions and restorations of one release are at least one second apart.
    return Notice(id=_derived_id(release, f"{occasion}-{at.isoformat()}"), occasion=occasion, at=at)


def _derived_id(release: Release, mark: str) -> ReleaseId:
    """Returns an id derived from the permanent id of the release, so no table has to store it."""
    return ReleaseId(_derived(release.id, mark))


def _derived(release_id: str, mark: str) -> str:
    return uuid5(NAMESPACE_URL, f"{release_id}#{mark}").urn


#: A release that was corrected more often has notices that other newsrooms do not recognise.
_CORRECTIONS_KNOWN = 50


def ids_of_notices(release_id: str, moments: Iterable[datetime]) -> set[str]:
    """Returns the ids that notices beside a release may have: for readers of another newsroom.

    Args:
        release_id: Its id in a feed of that newsroom.
        moments: When it may have been retracted or restored.
    """
    marks = [f"{Occasion.CORRECTED}-{number}" for number in range(1, _CORRECTIONS_KNOWN + 1)]
    for moment in moments:
        at = moment.astimezone(UTC).isoformat()
        marks += [f"{Occasion.RETRACTED}-{at}", f"{Occasion.RESTORED}-{at}"]
    return {_derived(release_id, mark) for mark in marks}
