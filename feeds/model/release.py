"""One press release as the public sees it, and the document that it came from."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NewType

from feeds.errors import InvalidRelease
from feeds.model.text import is_xml_text, require_utc

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


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @property
    def digest(self) -> str:
        """A digest of all that a reader could notice; equal texts have equal ones, for ever.

        ``updated`` is left out: exports that stamp each record anew would else make a
        correction of every release, each time.
        """
        return _digest_of(self)


# An intake asks for the digest of one content several times, and then never again.
@lru_cache(maxsize=64)
def _digest_of(content: Content) -> str:
    record = asdict(content)
    del record["updated"]
    record["published"] = content.published.isoformat()
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a document came from, for messages to a person: a file and, in it, a line."""

    document: str  #: the file's path as given, or ``-`` for standard input
    line: int | None = None  #: 1 for the first; None when the document is the whole file

    def __str__(self) -> str:
        return self.document if self.line is None else f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document read and cleaned, on its way to become a release or a correction of one."""

    source_key: SourceKey
    origin: Origin
    content: Content
    warnings: tuple[str, ...] = ()  #: what was mended on the way in, for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One press release as the public sees it. Datetimes are aware, in UTC."""

    id: ReleaseId
    source_key: SourceKey
    slug: str  #: permanent, in the address of the release's page
    revision: int  #: 1 for the first; grows with each correction
    content: Content
    updated: datetime  #: last change a reader would notice; ``atom:updated``
    changed_at: datetime  #: when we last took in anything of it; orders a feed's window

    def __post_init__(self) -> None:
        require_utc(self.id, "published", self.content.published)
        require_utc(self.id, "updated", self.updated)
        require_utc(self.id, "changed_at", self.changed_at)
        if not self.content.title:
            raise InvalidRelease(self.id, "title", "is empty")
        for field in ("title", "body", "summary"):
            if not is_xml_text(getattr(self.content, field)):
                raise InvalidRelease(self.id, field, "holds characters that XML forbids")

    @property
    def stub(self) -> "ReleaseStub":
        """The release without its text."""
        content = self.content
        return ReleaseStub(
            id=self.id,
            slug=self.slug,
            digest=content.digest,
            published=content.published,
            updated=self.updated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStub:
    """A release without its text: enough to say whether what was rendered of it is current."""

    id: ReleaseId
    slug: str
    digest: str  #: of the content
    published: datetime
    updated: datetime
