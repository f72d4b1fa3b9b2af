"""What a release was before it was corrected, revision by revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from feeds.model.life import ChangeNote, Weight
from feeds.model.release import Content, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
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


def steps(release: Release, former: Sequence[Former]) -> list[Step]:
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


def _first(first: Former) -> Step:
    # Not when it was taken in: an archive of ten years comes in on one day.
    return Step(number=first.number, at=first.updated, weight=None, note=None)


def _as_former(release: Release) -> Former:
    return Former(
        number=release.revision,
        updated=release.updated,
        changed_at=release.changed_at,
        notes=len(release.notes),
    )
