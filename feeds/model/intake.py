"""What becomes of incoming documents: taken in, refused, or under embargo."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum

from feeds.model.release import Draft, Origin, Release, ReleaseId

# What becomes of documents at the door.


class IntakeVerdict(StrEnum):
    """What an accepted document was to us."""

    NEW = "new"
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"
    EMBARGOED = "embargoed"  #: it waits for its minute, and nothing of it is public


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A document that was accepted, and what it did."""

    draft: Draft
    verdict: IntakeVerdict
    release: Release  #: as it is now; of one that waits, as it will be
    feeds: tuple[str, ...]  #: slugs of the feeds that it changed, sorted; empty when unchanged
    unclaimed: tuple[str, ...]  #: its category names that no category claims
    embargoed_until: datetime | None = None  #: while it waits. No log above debug may name it then


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """What is wrong with one field of a document."""

    field: str | None  #: as the document calls it: ``title``, ``enclosures[0].url``
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A document that was not accepted. It concerns no other document."""

    origin: Origin
    reason: str  #: the fact, for a person
    remedy: str  #: what to do, for a person
    field: str | None = None  #: the field at fault, as the document calls it
    #: From when on the same document is accepted, as nothing but time is missing; None for never.
    until: datetime | None = None
    #: Each fault by itself, where there may be several; not kept.
    faults: tuple[FieldFault, ...] = dataclass_field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRefusal:
    """A refusal as it is kept for ops, until the document is accepted."""

    refusal: Refusal
    refused_at: datetime  #: the last time


# A document that waits for its minute.


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """A document, complete and checked, that nobody is shown before its minute.

    It is no release yet: it has no place in any table that the public is answered from, and goes
    through the intake when its minute has come. A correction of a release may be embargoed, too.
    """

    release_id: ReleaseId  #: minted when it came, or that of the release that it corrects
    draft: Draft  #: its own ``embargoed_until`` is what the document says, should it say something
    until: datetime  #: what counts; aware, UTC, whole seconds
    held_since: datetime
    by: str  #: who set ``until``
