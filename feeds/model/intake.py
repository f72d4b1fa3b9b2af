"""The results of intake: accepted, refused and embargoed documents."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum

from feeds.model.release import Draft, Origin, Release, ReleaseId

# Results of intake.


class IntakeVerdict(StrEnum):
    """How an accepted document compares with what is stored."""

    NEW = "new"
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"
    EMBARGOED = "embargoed"  #: stored until its embargo ends; nothing of it is public


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """An accepted document and its effect."""

    draft: Draft
    verdict: IntakeVerdict
    release: Release  #: as it is now; for an embargoed document, as it will be
    feeds: tuple[str, ...]  #: slugs of the feeds that changed, sorted; empty when unchanged
    unclaimed: tuple[str, ...]  #: its category names that no category uses
    #: set while under embargo; logs above debug must not name the release then
    embargoed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """An error in one field of a document."""

    field: str | None  #: as the document calls it: ``title``, ``enclosures[0].url``
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A document that was not accepted. Other documents of the batch are not affected."""

    origin: Origin
    reason: str  #: the fact, for people
    remedy: str  #: what to do, for people
    field: str | None = None  #: the field with the error, as the document calls it
    #: When the same document will be accepted, if it is only too early; else None.
    until: datetime | None = None
    #: Every error, where there may be several; not stored.
    faults: tuple[FieldFault, ...] = dataclass_field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractionRequest:
    """A document that retracts a release."""

    origin: Origin
    #: What it retracts: an id, a slug, a source key, a file or an address, as written.
    name: str
    reason: str  #: public; plain text, which may be empty or too long
    warnings: tuple[str, ...] = ()  #: corrections made while it was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An accepted document that retracts a release."""

    request: RetractionRequest
    release: Release  #: as it is now
    feeds: tuple[str, ...]  #: slugs of the feeds that changed, sorted
    is_new: bool  #: False if the release was retracted already


#: What becomes of one document while it is read.
ReadDocument = Draft | Refusal | RetractionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRefusal:
    """A refusal as stored for operators, until the document is accepted."""

    refusal: Refusal
    refused_at: datetime  #: the last time


# Embargoes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """A complete and checked document that is not public before its time.

    It is not a release yet: it is in no table from which the public is served, and goes through the
    intake when its time has come. A correction of a release may be embargoed, too.
    """

    release_id: ReleaseId  #: minted at intake, or the id of the release that it corrects
    draft: Draft  #: its ``embargoed_until`` is what the document states, if anything
    until: datetime  #: the end that applies; aware, UTC, whole seconds
    held_since: datetime
    by: str  #: who set ``until``
    slug: str  #: the slug that the release has, or will have
    version: int = 1  #: grows with each change of the document or of ``until``

    @property
    def seen(self) -> str:
        """The state that somebody has seen who has read this embargo."""
        # A correction that was dropped and sent again has the same id, and its first version again.
        return f"{self.version}.{self.held_since.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbargoQuery:
    """Selects embargoes for a list, which is in the order of their ends."""

    #: only documents that are in some of these categories and in no others; None for all
    categories: tuple[str, ...] | None = None
    ends_from: datetime | None = None  #: only those that end at or after this moment
    ends_before: datetime | None = None  #: only those that end before this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbargoPosition:
    """A position in a list of embargoes, where the next page begins."""

    until: datetime
    release_id: str
