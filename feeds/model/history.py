"""The former revisions of a release, its translations, and notices of what happened to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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

# Works: what a release and its translations have in common.
#
# Each release belongs to one work: the one that it names, else the one called as the release itself
# is. So an original need say nothing, and a translation names it by what it is recognised by, its
# id or its address.

#: Of the source keys that hold a name which a document may know; see `feeds.ingest.source_keys`.
_KINDS = ("id", "url", "file")


def called(name: str) -> str:
    """The work of that name. A site that moves to https has not written its releases anew."""
    return re.sub("^http:", "https:", name)


def work_of(release: Release | Draft) -> str:
    """The work that *release* belongs to, or will belong to."""
    kind, _, name = release.source_key.partition(":")
    return release.content.details.work or called(name if kind in _KINDS else release.source_key)


def originals_of(work: str) -> tuple[SourceKey, ...]:
    """The source keys of the releases that belong to *work* if they name none."""
    names = {work, re.sub("^https:", "http:", work)}
    return tuple(SourceKey(f"{kind}:{name}") for kind in _KINDS for name in sorted(names))


def translations_of(release: Release, members: Iterable[Release]) -> tuple[Translation, ...]:
    """The others of its work in other languages, one each, by language.

    RFC 4287 section 4.1.2 allows one alternate for each language. Of several releases in one
    language it is the one that was published first; they do not link to one another. What was
    retracted is nobody's translation, and has none.
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


# What a release was before it was corrected, revision by revision.


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerContent:
    """What the store keeps of a revision that was replaced, without its text."""

    number: int  #: 1 for the first
    updated: datetime
    changed_at: datetime  #: when it was taken in
    notes: int  #: how many of its release's change notes stood at its head


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A revision as a list shows it."""

    number: int
    at: datetime  #: when readers were given it, as the press office would say
    weight: Weight | None  #: of the correction that made it; None for the first
    note: ChangeNote | None  #: of that correction, if it was a major one


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision that was replaced, with all that it said."""

    step: Step
    content: Content
    updated: datetime
    notes: tuple[ChangeNote, ...]  #: that stood at its head, the oldest first


def steps(release: Release, former: Sequence[FormerContent]) -> list[Step]:
    """All revisions of a release, the present one too, the newest first.

    Args:
        release: The present revision.
        former: All that it was before, by number.

    A revision is a major correction when it has a note more than the one before it: each major
    one adds one, and no note is ever taken away.
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
    # Not when it was taken in: an archive of ten years comes in on one day.
    return Step(number=first.number, at=first.updated, weight=None, note=None)


def _as_former(release: Release) -> FormerContent:
    return FormerContent(
        number=release.revision,
        updated=release.updated,
        changed_at=release.changed_at,
        notes=len(release.notes),
    )


# Notices: what happened to a release, told beside it in an entry with an id of its own.
#
# Most readers never show that an entry changed, or change it without a word; all of them show an
# entry that is new (docs/readers.md). A notice is no release: it has no page, and stands in no
# list, archive or count.


class Occasion(StrEnum):
    """What a notice tells of a release."""

    CORRECTED = "corrected"
    RETRACTED = "retracted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice: of which occasion it is, and when that was."""

    id: ReleaseId  #: permanent; never that of a release, nor of another notice
    occasion: Occasion
    at: datetime  #: aware, UTC, whole seconds; ``published`` and ``updated`` of the entry


def notice_of(release: Release) -> Notice | None:
    """The notice that stands beside a release: of the last that happened to it; None for none.

    It is told by the release itself: a major correction and a restoration both move ``updated``,
    and only the former leaves a note of that moment.
    """
    if release.notice_since is None:
        return None
    if release.retraction is not None:
        return _dated(release, Occasion.RETRACTED, release.retraction.at)
    if release.notes and release.notes[-1].at == release.updated:
        # By number: two corrections may have the same moment. No note is ever taken away.
        mark = f"{Occasion.CORRECTED}-{len(release.notes)}"
        return Notice(
            id=_minted(release, mark), occasion=Occasion.CORRECTED, at=release.notes[-1].at
        )
    return _dated(release, Occasion.RESTORED, release.updated)


def _dated(release: Release, occasion: Occasion, at: datetime) -> Notice:
    # Retractions and restorations of one release are a second apart at least.
    return Notice(id=_minted(release, f"{occasion}-{at.isoformat()}"), occasion=occasion, at=at)


def _minted(release: Release, mark: str) -> ReleaseId:
    """The id comes of the release's, which is permanent: no table has to keep it."""
    return ReleaseId(uuid5(NAMESPACE_URL, f"{release.id}#{mark}").urn)
