"""A press release, the document that it came from, and what happened to it."""

import json
from dataclasses import asdict, dataclass, fields
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, NewType

from feeds.errors import InvalidRelease
from feeds.model.published_id import PublishedId
from feeds.model.text import is_xml_text, require_utc

# Events in the life of a release: corrections, retractions, translations, and who caused them.


class Weight(StrEnum):
    """How much a correction matters to people who have read the release."""

    MINOR = "minor"  #: a typo: new bytes, the same ``updated``
    MAJOR = "major"  #: ``updated`` moves, and a note says what changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a document states about itself as a correction. Ignored when the release is new."""

    weight: Weight
    note: str | None = None  #: plain text, one line: what changed, for readers
    is_assumed: bool = False  #: from the configuration; the document states nothing


#: The default for a changed document about which nothing is stated.
ASSUMED_CORRECTION = Correction(weight=Weight.MAJOR, is_assumed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNote:
    """A note on what changed, shown above the content."""

    at: datetime  #: aware, UTC, whole seconds
    text: str  #: plain text, one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """The retraction of a release. Its id and address are never reused."""

    at: datetime  #: aware, UTC, whole seconds
    reason: str  #: plain text, one line, public


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The same release in another language, which is a release of its own."""

    language: str  #: BCP 47
    slug: str


class AuditAction(StrEnum):
    """What someone did to a release, or to somebody's account."""

    EMBARGOED = "embargoed"
    EMBARGO_MOVED = "embargo moved"
    EMBARGO_LIFTED = "embargo lifted"
    EMBARGO_DROPPED = "embargo dropped"
    PUBLISHED = "published"
    ADDED = "added"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    RESTORED = "restored"
    DRAFT_SAVED = "draft saved"
    DRAFT_DROPPED = "draft dropped"
    PREVIEW_OPENED = "preview opened"
    PREVIEW_CLOSED = "preview closed"
    USER_ADDED = "user added"
    USER_CHANGED = "user changed"
    USER_DISABLED = "user disabled"
    USER_ENABLED = "user enabled"
    PASSWORD_SET = "password set"  # noqa: S105  # not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to a release or an account, and when. Stored permanently, never public."""

    #: the release's id, minted at intake, also for embargoed documents; or `of_user`, `of_draft`
    subject: str
    action: AuditAction
    at: datetime
    by: str  #: name of a person or a token; ``folder`` for files from a watched folder
    detail: str | None = None  #: for example an end of an embargo, or a reason


def of_user(name: str) -> str:
    """Returns the subject of audit events about somebody's account."""
    return f"user:{name}"


def of_draft(draft_id: str) -> str:
    """Returns the subject of audit events about a draft of the desk."""
    return f"draft:{draft_id}"


def kind_of_subject(subject: str) -> tuple[str, str]:
    """Returns what audit events are about, ``user``, ``draft`` or ``release``, and its name."""
    kind, _, name = subject.partition(":")
    return (kind, name) if kind in ("user", "draft") else ("release", subject)


# The release and its document.

#: A permanent, opaque id, minted once at intake: ``urn:uuid:…``. It is ``atom:id``, RSS ``guid``
#: and JSON Feed ``id`` of a release that has no `PublishedId`.
ReleaseId = NewType("ReleaseId", str)

#: Identifies a document when it is received again; see ``feeds.ingest.source_keys``.
SourceKey = NewType("SourceKey", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author as a feed names one (RFC 4287 section 3.2)."""

    name: str
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file of a release. Length and media type are known, never guessed."""

    url: str
    media_type: str
    length_bytes: int
    title: str | None = None
    alt: str | None = None  #: plain-text description of a picture for people who cannot see it
    credit: str | None = None  #: its creator; plain text
    thumbnail: str | None = None  #: address of a small picture of it
    duration_s: int | None = None  #: for audio and video


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact for the press. All fields are plain text."""

    name: str
    role: str | None = None
    organisation: str | None = None
    phone: str | None = None
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLink:
    """A link to related material elsewhere."""

    url: str
    title: str | None = None
    language: str | None = None  #: BCP 47
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFeed:
    """The feed of somebody else that a release was first in (RFC 4287 section 4.2.11)."""

    title: str  #: of the feed, or of who publishes it; plain text
    url: str | None = None  #: address of the feed
    id: str | None = None  #: its ``atom:id``
    site_url: str | None = None  #: address of its site
    updated: datetime | None = None  #: its last change when the release was taken; aware, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The optional parts of a press release besides its text."""

    contacts: tuple[Contact, ...] = ()
    related: tuple[RelatedLink, ...] = ()
    place: str | None = None  #: where it was issued; shown before the text as its dateline
    number: str | None = None  #: the publisher's own number: SG/SM/19589
    rights: str | None = None  #: plain text
    license: str | None = None  #: address of the licence (RFC 4946)
    work: str | None = None  #: an opaque value that a release and all its translations share
    source: SourceFeed | None = None  #: of a release that was carried from somebody else's feed


#: The details of most releases.
NO_DETAILS = Details()


# Without slots, because of the cached digest.
@dataclass(frozen=True, kw_only=True)
class Content:
    """What a press office wrote: the part of a release that a correction may change.

    Text is NFC and contains only characters that XML allows; datetimes are aware, in UTC, with
    whole seconds.
    """

    title: str  #: plain text, one line, never empty
    body: str  #: clean HTML with absolute links
    summary: str  #: plain text; may be empty
    language: str  #: BCP 47
    published: datetime  #: when the press office published it; does not move by itself
    updated: datetime | None = None  #: date of the last change as the document states it
    url: str | None = None  #: the release's address at its source
    authors: tuple[Person, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    category_names: tuple[str, ...] = ()  #: as in the document, in its order
    details: Details = NO_DETAILS

    @cached_property
    def digest(self) -> str:
        """A digest of everything a reader could notice; stable across versions of this program.

        ``updated`` is left out. Otherwise exports that stamp every record anew would turn each
        release into a correction every time.
        """
        # One JSON object with sorted names: "authors", "body", then the others.
        authors = [{"name": a.name, "email": a.email, "uri": a.uri} for a in self.authors]
        others = _JSON.encode(self._other_fields())
        text = f'{{"authors":{_JSON.encode(authors)},"body":{_quoted(self.body)},{others[1:]}'
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def remember_digest(self, digest: str) -> None:
        """Has `digest` be what was computed when this content was stored."""
        vars(self)["digest"] = digest

    def _other_fields(self) -> dict[str, Any]:
        # Field by field: `asdict` copies deeply, which took a quarter of the time of an intake.
        others: dict[str, Any] = {
            "category_names": self.category_names,
            "enclosures": [_enclosure_fields(each) for each in self.enclosures],
            "language": self.language,
            "published": self.published.isoformat(),
            "summary": self.summary,
            "title": self.title,
            "url": self.url,
        }
        details = {} if self.details == NO_DETAILS else asdict(self.details)
        if source := details.get("source"):
            # The date of the whole feed, which changes with every item of it.
            details["source"] = {n: v for n, v in source.items() if v and n != "updated"}
        if with_values := {name: value for name, value in details.items() if value}:
            others["details"] = with_values
        return others


_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _quoted(body: str) -> str:
    """Returns *body* as a JSON string; twice as fast as the encoder for a long text."""
    if not is_xml_text(body):  # other control characters have to be escaped too
        return _JSON.encode(body)
    for character, escape in _ESCAPES:
        body = body.replace(character, escape)
    return f'"{body}"'


#: The backslash comes first, because the other escapes contain it.
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


#: The enclosure fields that existed when digests were first stored. Later fields count only when
#: they have a value, so that a new field changes no digest.
_FIRST_ENCLOSURE_FIELDS = {"url", "media_type", "length_bytes", "title"}
_ENCLOSURE_FIELDS = fields(Enclosure)


def _enclosure_fields(enclosure: Enclosure) -> dict[str, Any]:
    values = [(each.name, getattr(enclosure, each.name)) for each in _ENCLOSURE_FIELDS]
    return {n: v for n, v in values if v is not None or n in _FIRST_ENCLOSURE_FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a document came from, for messages to people: a file and a line in it."""

    document: str  #: path of the file as given, or ``-`` for standard input
    line: int | None = None  #: from 1; None when the document is the whole file

    def __str__(self) -> str:
        return self.document if self.line is None else f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmeasuredEnclosure:
    """A file whose document omits its length or media type. Its server may know them."""

    field: str  #: the document's name for it, for messages
    position: int  #: index among the release's enclosures at which it is inserted
    known: Enclosure  #: the fields that are known; a type of ``""`` and a length of 0 are missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The state of a release that the sender of a correction has seen."""

    revision: int  #: 0 when there was no release
    face: str = ""  #: `Release.face`


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEmbargo:
    """The state of an embargo that the sender of a document has seen."""

    seen: str = ""  #: ``Embargo.seen``; empty when nothing was under embargo
    #: The end that the sender sets, whatever the document states; None: as the document states.
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document as written, before cleaning."""

    digest: str  #: of everything that determines the content, including the rules of cleaning
    body: str = dataclass_field(default="", repr=False)  #: not stored while under embargo
    is_html: bool = False  #: whether the body is HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document that was read and cleaned, before it becomes a release or a correction of one."""

    source_key: SourceKey
    origin: Origin
    content: Content
    warnings: tuple[str, ...] = ()  #: corrections made during intake, for people
    #: What of the document is not in the release, as sentences for people: "2 comments".
    left_out: tuple[str, ...] = dataclass_field(default=(), compare=False)
    embargoed_until: datetime | None = None  #: aware, UTC, whole seconds; None: public at once
    correction: Correction | None = None  #: applies if it is a correction
    #: Start and end of the day, in UTC, for a document with a bare date; `content.published` is
    #: then the configured time of that day. None when the document states a time, or is under
    #: embargo.
    day: tuple[datetime, datetime] | None = dataclass_field(default=None, compare=False)
    #: False for a document without a date: it is published when it is taken in, and
    #: `content.published` is a moment that never comes.
    is_dated: bool = dataclass_field(default=True, compare=False)
    #: Files that are not in `content` yet. Intake skips those that remain here.
    unmeasured: tuple[UnmeasuredEnclosure, ...] = ()
    #: The summary was derived from the body; the rules may change between versions of this program.
    is_summary_derived: bool = dataclass_field(default=False, compare=False)
    #: Identifies the document when it is received again; None if the draft was not read from one.
    #: Not part of what the document states.
    written: Written | None = dataclass_field(default=None, compare=False)
    #: The state that the sender has seen. If it is no longer current, nothing is stored. None: no
    #: such check. Not part of what the document states.
    expected: Expected | None = dataclass_field(default=None, compare=False)
    #: The same for the embargo with its key.
    expected_embargo: ExpectedEmbargo | None = dataclass_field(default=None, compare=False)
    #: `Content.digest` of the other members of its work to which the sender may link. If there are
    #: others by now, nothing is stored. None: link to all members. Not part of what the document
    #: states.
    expected_members: frozenset[str] | None = dataclass_field(default=None, compare=False)
    #: Under which id readers know the release already; ignored when the release is not new.
    published_id: PublishedId | None = None
    #: False if it is under embargo, and is no news when that ends: nobody is told, and it takes its
    #: place by date. Not part of what the document states.
    is_news_at_release: bool = dataclass_field(default=True, compare=False)
    #: The id if it becomes a new release, where it was minted before: what somebody was shown with
    #: it is then final. None: an id is minted. Not part of what the document states.
    release_id: ReleaseId | None = dataclass_field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A press release as the public sees it. Datetimes are aware, in UTC."""

    id: ReleaseId
    source_key: SourceKey
    slug: str  #: permanent; used in the address of the release's page
    revision: int  #: 1 for the first; grows with each correction
    content: Content
    updated: datetime  #: last change that a reader would notice; ``atom:updated``
    changed_at: datetime  #: when it, or one of its translations, was last stored
    notes: tuple[ChangeNote, ...] = ()  #: one for each major correction, oldest first
    retraction: Retraction | None = None
    #: the other members of its work, by language and slug
    translations: tuple[Translation, ...] = ()
    document: str | None = None  #: the document with this content, if known; not public
    source: str | None = None  #: `Written.digest` of that document; None if it was not recorded
    #: Since when feeds hold a notice of its last change (``feeds.model.history``).
    notice_since: datetime | None = None
    published_id: PublishedId | None = None  #: of a release that was public before it came here
    #: Its place in the order of windows and archives, if that is not ``changed_at``: the own date
    #: of a release that came with an import, which is no news.
    own_place: datetime | None = None

    def __post_init__(self) -> None:
        self.require_valid()

    def require_valid(self) -> None:
        """Raises an error if a field holds what no format can represent.

        Raises:
            InvalidRelease: It says which field.
        """
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
        if self.own_place is not None:
            require_utc(self.id, "own_place", self.own_place)
        if self.published_id is not None and not is_xml_text(self.published_id.value):
            raise InvalidRelease(self.id, "published_id", "holds characters that XML forbids")

    @property
    def atom_id(self) -> str:
        """``atom:id`` of its entries."""
        return self.id if self.published_id is None else self.published_id.iri

    @property
    def guid(self) -> str:
        """RSS ``guid`` and JSON Feed ``id`` of its entries."""
        return self.id if self.published_id is None else self.published_id.value

    @property
    def placed_at(self) -> datetime:
        """Its place in the order of windows and archives, which begin with the latest."""
        return self.own_place or self.changed_at

    @property
    def seen(self) -> Expected:
        """The state that a client has seen after reading this release."""
        return Expected(revision=self.revision, face=self.face)

    @property
    def face(self) -> str:
        """A digest of all that its entry shows except dates: equal for equal looks."""
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
            published_id=self.published_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStub:
    """A release without its text: enough to check whether its rendered entry is current."""

    id: ReleaseId
    slug: str
    digest: str  #: `Release.face`
    language: str  #: BCP 47
    published: datetime
    updated: datetime
    notice_since: datetime | None = None  #: `Release.notice_since`
    published_id: PublishedId | None = None
