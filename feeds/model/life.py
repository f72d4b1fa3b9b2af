"""What happens to a release after it came: correction, retraction, translation; and by whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Weight(StrEnum):
    """How much a correction matters to who has read the release."""

    MINOR = "minor"  #: a slip of the pen: new bytes, and ``updated`` stays
    MAJOR = "major"  #: ``updated`` moves, and a note says what changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a document says of itself as a correction. A release that is new ignores it."""

    weight: Weight
    note: str | None = None  #: plain text, one line: what changed, for a reader
    is_assumed: bool = False  #: by the configuration: the document itself says nothing


#: What a changed document is that nobody said anything of.
UNSAID = Correction(weight=Weight.MAJOR, is_assumed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNote:
    """What changed, as it stands at the head of the content from then on."""

    at: datetime  #: aware, UTC, whole seconds
    text: str  #: plain text, one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """A release that was taken back. Its id and address are never given to another."""

    at: datetime  #: aware, UTC, whole seconds
    reason: str  #: plain text, one line, for the public


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The same release in another language, which is a release of its own."""

    language: str  #: BCP 47
    slug: str


class Deed(StrEnum):
    """What somebody did to a release."""

    EMBARGOED = "embargoed"
    EMBARGO_MOVED = "embargo moved"
    EMBARGO_LIFTED = "embargo lifted"
    EMBARGO_DROPPED = "embargo dropped"
    PUBLISHED = "published"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who did what to a release, and when. Kept for ever, and never shown to the public."""

    subject: str  #: the release's id, which it has from the day that it came, embargoed too
    deed: Deed
    at: datetime
    by: str  #: a person's or a token's name; ``folder`` for what came by itself
    detail: str | None = None  #: until when, why
