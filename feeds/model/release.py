"""One press release as the public sees it, its document, and what happened to it."""

import json
from dataclasses import asdict, dataclass, fields
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, NewType

from feeds.errors import InvalidRelease
from feeds.model.text import is_xml_text, require_utc

# What happens to a release after it came: correction, retraction, translation; and by whom.


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


class AuditAction(StrEnum):
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
class AuditEvent:
    """Who did what to a release, and when. Kept for ever, and never shown to the public."""

    subject: str  #: the release's id, which it has from the day that it came, embargoed too
    action: AuditAction
    at: datetime
    by: str  #: a person's or a token's name; ``folder`` for what came by itself
    detail: str | None = None  #: until when, why


# One press release as the public sees it, and the document that it came from.

#: Permanent, opaque, minted once at intake: ``urn:uuid:…``. It is ``atom:id``, RSS ``guid`` and
#: JSON Feed ``id``.
ReleaseId = NewType("ReleaseId", str)

#: By which the same document is recognised when it comes again; see ``feeds.ingest.source_keys``.
SourceKey = NewType("SourceKey", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author as a feed names one (RFC 4287 section 3.2)."""

    name: str
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to a release. Length and media type are true, never guessed."""

    url: str
    media_type: str
    length_bytes: int
    title: str | None = None
    alt: str | None = None  #: what a picture shows, for who cannot see it; plain text
    credit: str | None = None  #: who made it; plain text
    thumbnail: str | None = None  #: address of a small picture of it
    duration_s: int | None = None  #: of sound and moving pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom the press may ask. All plain text."""

    name: str
    role: str | None = None
    organisation: str | None = None
    phone: str | None = None
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLink:
    """Something that belongs to a release and stands elsewhere."""

    url: str
    title: str | None = None
    language: str | None = None  #: BCP 47
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a press release may have beside its text."""

    contacts: tuple[Contact, ...] = ()
    related: tuple[RelatedLink, ...] = ()
    place: str | None = None  #: where it was given out; stands before the text as its dateline
    number: str | None = None  #: as its publisher counts releases: SG/SM/19589
    rights: str | None = None  #: plain text
    license: str | None = None  #: address of the licence (RFC 4946)
    work: str | None = None  #: the same for a release and all its translations, whatever it is


#: What most releases have.
NO_DETAILS = Details()


# Without slots, so that it can remember its digest.
@dataclass(frozen=True, kw_only=True)
class Content:
    """What a press office wrote: the part of a release that a correction may change.

    Text is NFC and holds only characters that XML allows; datetimes are aware, in UTC, with
    whole seconds.
    """

    title: str  #: plain text, no markup, one line, never empty
    body: str  #: clean HTML, links absolute
    summary: str  #: plain text; may be empty
    language: str  #: BCP 47
    published: datetime  #: when the press office published it; never moves by itself
    updated: datetime | None = None  #: the document's own word on its last change, if it has one
    url: str | None = None  #: the release's address at its source, if it has one
    authors: tuple[Person, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    category_names: tuple[str, ...] = ()  #: as the document gives them, in its order
    details: Details = NO_DETAILS

    @cached_property
    def digest(self) -> str:
        """A digest of all that a reader could notice; equal texts have equal ones, for ever.

        ``updated`` is left out: exports that stamp each record anew would else make a
        correction of every release, each time.
        """
        # One JSON object with its names in order: "authors", "body", and then the others.
        authors = [{"name": a.name, "email": a.email, "uri": a.uri} for a in self.authors]
        others = _AS_JSON.encode(self._beside_body())
        text = f'{{"authors":{_AS_JSON.encode(authors)},"body":{_quoted(self.body)},{others[1:]}'
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _beside_body(self) -> dict[str, Any]:
        # Field by field: `asdict` copies deeply, which took a quarter of the time of an intake.
        told: dict[str, Any] = {
            "category_names": self.category_names,
            "enclosures": [_without_nothing(each) for each in self.enclosures],
            "language": self.language,
            "published": self.published.isoformat(),
            "summary": self.summary,
            "title": self.title,
            "url": self.url,
        }
        details = {} if self.details == NO_DETAILS else asdict(self.details)
        if that_say_something := {name: value for name, value in details.items() if value}:
            told["details"] = that_say_something
        return told


_AS_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _quoted(body: str) -> str:
    """*Body* as a JSON string; in half the time that the encoder takes for a long text."""
    if not is_xml_text(body):  # other controls than these three have to be escaped too
        return _AS_JSON.encode(body)
    for character, escape in _ESCAPES:
        body = body.replace(character, escape)
    return f'"{body}"'


#: The backslash first: it stands in the others.
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


#: What content had when digests were first kept. What was added since counts only where it says
#: something, so that no digest changes by our learning more.
_FIRST_ENCLOSURE_FIELDS = {"url", "media_type", "length_bytes", "title"}
_ENCLOSURE_FIELDS = fields(Enclosure)


def _without_nothing(enclosure: Enclosure) -> dict[str, Any]:
    told = [(each.name, getattr(enclosure, each.name)) for each in _ENCLOSURE_FIELDS]
    return {n: v for n, v in told if v is not None or n in _FIRST_ENCLOSURE_FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a document came from, for messages to a person: a file and, in it, a line."""

    document: str  #: the file's path as given, or ``-`` for standard input
    line: int | None = None  #: 1 for the first; None when the document is the whole file

    def __str__(self) -> str:
        return self.document if self.line is None else f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmeasuredEnclosure:
    """A file whose length or media type its document does not tell. Its server may."""

    field: str  #: the document's name for it, for messages
    position: int  #: before which of the release's other enclosures it stands
    known: Enclosure  #: what was told; a type of ``""`` and a length of 0 were not


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a document's sender has seen of the release that it is to correct."""

    revision: int  #: 0 when there was none
    face: str = ""  #: `Release.face`


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document as it was written, before anything was made of it."""

    digest: str  #: of all that its content is made of, and of the rules by which it is
    body: str = dataclass_field(default="", repr=False)  #: not kept when it waits under embargo
    is_html: bool = False  #: the body


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document read and cleaned, on its way to become a release or a correction of one."""

    source_key: SourceKey
    origin: Origin
    content: Content
    warnings: tuple[str, ...] = ()  #: what was mended on the way in, for a person
    embargoed_until: datetime | None = None  #: aware, UTC, whole seconds; public at once without
    correction: Correction | None = None  #: should it be one
    #: When the day begins that it is dated by, in UTC: it has a bare date, and `content.published`
    #: is the configured time of that day. None when it says the moment, or waits.
    day_begins: datetime | None = dataclass_field(default=None, compare=False)
    #: Files that are not in `content` yet. A draft is taken in without those that still are here.
    unmeasured: tuple[UnmeasuredEnclosure, ...] = ()
    #: The summary was made of the body by us: how we do it may change from one version to another.
    is_summary_derived: bool = dataclass_field(default=False, compare=False)
    #: By which it is known when it comes again; None for what was not read from a document. It is
    #: no part of what the document says.
    written: Written | None = dataclass_field(default=None, compare=False)
    #: Where it is not so any more, nothing is stored. Without it, the document counts anyhow. It
    #: is no part of what the document says.
    expected: Expected | None = dataclass_field(default=None, compare=False)
    #: `Content.digest` of the others of its work, as its sender may link to them. Where there are
    #: others, nothing is stored. Without it, it is linked to whatever is there.
    company: frozenset[str] | None = dataclass_field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One press release as the public sees it. Datetimes are aware, in UTC."""

    id: ReleaseId
    source_key: SourceKey
    slug: str  #: permanent, in the address of the release's page
    revision: int  #: 1 for the first; grows with each correction
    content: Content
    updated: datetime  #: last change a reader would notice; ``atom:updated``
    changed_at: datetime  #: when we last took in anything of it, or of its translations
    notes: tuple[ChangeNote, ...] = ()  #: of its major corrections, the oldest first
    retraction: Retraction | None = None
    translations: tuple[Translation, ...] = ()  #: the others of its work, by language and slug
    document: str | None = None  #: that gave its content, if that is known; not for the public
    source: str | None = None  #: `Written.digest` of that document; None where it was not noted
    #: Since when feeds hold a notice of the last that happened to it (``feeds.model.history``).
    notice_since: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.id, "published", self.content.published)
        require_utc(self.id, "updated", self.updated)
        require_utc(self.id, "changed_at", self.changed_at)
        if not self.content.title:
            raise InvalidRelease(self.id, "title", "is empty")
        for field in ("title", "body", "summary"):
            if not is_xml_text(getattr(self.content, field)):
                raise InvalidRelease(self.id, field, "holds characters that XML forbids")
        if not all(is_xml_text(note.text) for note in self.notes):
            raise InvalidRelease(self.id, "notes", "hold characters that XML forbids")

    @property
    def seen(self) -> Expected:
        """What somebody who looks at it now has seen."""
        return Expected(revision=self.revision, face=self.face)

    @property
    def face(self) -> str:
        """A digest of all that its entry shows, dates aside: equal ones are equal to readers."""
        if not (self.notes or self.retraction or self.translations):
            return self.content.digest
        shown = (
            self.content.digest,
            [(each.at.isoformat(), each.text) for each in self.notes],
            self.retraction and (self.retraction.at.isoformat(), self.retraction.reason),
            [(each.language, each.slug) for each in self.translations],
        )
        return sha256(json.dumps(shown).encode("ascii")).hexdigest()

    @property
    def stub(self) -> "ReleaseStub":
        """The release without its text."""
        content = self.content
        return ReleaseStub(
            id=self.id,
            slug=self.slug,
            digest=self.face,
            language=content.language,
            published=content.published,
            updated=self.updated,
            notice_since=self.notice_since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStub:
    """A release without its text: enough to say whether what was rendered of it is current."""

    id: ReleaseId
    slug: str
    digest: str  #: `Release.face`
    language: str  #: BCP 47
    published: datetime
    updated: datetime
    notice_since: datetime | None = None  #: `Release.notice_since`
