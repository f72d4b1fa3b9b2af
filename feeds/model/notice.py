"""Notices: what happened to a release, told beside it in an entry with an id of its own.

Most readers never show that an entry changed, or change it without a word; all of them show an
entry that is new (docs/readers.md). A notice is no release: it has no page, and stands in no list,
archive or count.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from feeds.model.release import Release, ReleaseId


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
