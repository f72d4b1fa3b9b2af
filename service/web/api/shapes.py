"""The models of the API's requests and responses; the OpenAPI schemas are made from them.

The model of a record defines the types of its fields; the intake validates their contents, as it
does for files. Fields that are not named here are passed on to the intake, too.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

#: A time as it is written in a document; the intake decides which notations are valid.
WrittenMoment = Annotated[
    str,
    Field(
        description="A time stamp with its offset from UTC, or a bare date.",
        examples=["2026-01-05T09:00:00+00:00"],
    ),
]
OwnId = str | int


class Shape(BaseModel):
    """The base of all models. Types are not coerced: ``"5"`` is not a number."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="allow", hide_input_in_errors=True, validate_default=False
    )


class AuthorIn(Shape):
    """A person or an office. A name is enough."""

    name: str | None = None
    email: str | None = None
    url: str | None = None
    uri: str | None = Field(default=None, description="Another name of url.")


class EnclosureIn(Shape):
    """A file that belongs to the release."""

    url: str
    type: str | None = Field(default=None, description="Its media type.", examples=["image/png"])
    media_type: str | None = Field(default=None, description="Another name of type.")
    mime_type: str | None = Field(default=None, description="Another name of type.")
    length: int | str | None = Field(default=None, description="In bytes.", examples=[48213])
    length_bytes: int | str | None = Field(default=None, description="Another name of length.")
    size_in_bytes: int | str | None = Field(default=None, description="Another name of length.")
    title: str | None = None


class ContactIn(Shape):
    """Whom the press may ask."""

    name: str | None = None
    role: str | None = None
    organisation: str | None = None
    phone: str | None = None
    email: str | None = None
    uri: str | None = None


class RelatedIn(Shape):
    """Something that belongs to the release and stands elsewhere."""

    url: str
    title: str | None = None
    language: str | None = None
    media_type: str | None = None


class CorrectionIn(Shape):
    """What a changed release is to who has read it."""

    weight: Literal["minor", "major"]
    note: str | None = Field(default=None, description="What changed, for a reader.")


Authors = list[str | AuthorIn] | AuthorIn | str
Enclosures = list[EnclosureIn] | EnclosureIn


class Record(Shape):
    """A release as its sender has it: the very fields of a record in a JSON file."""

    title: str = Field(min_length=1, description="Plain text.", examples=["A treaty is signed"])
    body: str = Field(min_length=1, examples=["<p>It was signed today.</p>"])
    body_format: Literal["html", "text"] | None = Field(
        default=None,
        description="How the body is meant. Without it, it is text, and refused if it looks like "
        "HTML.",
        examples=["html"],
    )
    published: WrittenMoment
    updated: WrittenMoment | None = Field(
        default=None, description="The document's own word on its last change."
    )
    categories: list[str] | str | None = Field(
        default=None, description="Names, as the configured categories claim them."
    )
    language: str | None = Field(
        default=None, description="BCP 47; else the configured one.", examples=["en"]
    )
    url: str | None = Field(default=None, description="The release's address at its source.")
    summary: str | None = Field(default=None, description="Plain text; else made of the body.")
    subtitle: str | None = Field(default=None, description="Read where there is no summary.")
    authors: Authors | None = None
    author: Authors | None = Field(default=None, description="Read where there are no authors.")
    components: Authors | None = Field(
        default=None, description="The divisions that issued it: read where nobody else is named."
    )
    enclosures: Enclosures | None = None
    attachments: Enclosures | None = Field(default=None, description="More enclosures.")
    enclosure: Enclosures | None = Field(default=None, description="One more.")
    contacts: list[str | ContactIn] | ContactIn | str | None = None
    related: list[str | RelatedIn] | RelatedIn | str | None = None
    place: str | None = Field(default=None, description="Where it was given out.")
    number: OwnId | None = Field(
        default=None, description="As its publisher counts releases.", examples=["SG/SM/19589"]
    )
    rights: str | None = Field(default=None, description="Plain text.")
    license: str | None = Field(default=None, description="Address of the licence.")
    work: OwnId | None = Field(
        default=None, description="The same for a release and all its translations."
    )
    embargoed_until: WrittenMoment | None = Field(
        default=None, description="Nobody is shown it before."
    )
    correction: Literal["minor", "major"] | CorrectionIn | None = Field(
        default=None, description="Should it be one: whether readers are told."
    )
    source_key: OwnId | None = Field(
        default=None,
        description="What the release is known by to its sender. The address says it in a PUT; "
        "then it may be left out, and must be the same.",
    )
    id: OwnId | None = Field(default=None, description="Read in a batch without a source_key.")
    guid: OwnId | None = Field(default=None, description="Read in a batch without either.")


def _all_optional(shape: type[Shape]) -> dict[str, Any]:
    return {name: (field.annotation | None, None) for name, field in shape.model_fields.items()}  # type: ignore[operator]


#: The body of a PATCH (RFC 7396). A field that is null is removed.
Patch = create_model("Patch", __base__=Shape, __doc__="Fields to be replaced; null takes one out.",
                     **_all_optional(Record))  # fmt: skip

_ANY_RECORD = {
    "description": "A record. Each is judged for itself: one that is none stops no other.",
    "anyOf": [{"$ref": "#/components/schemas/Record"}, {}],
}


class PersonOut(Shape):
    """An author."""

    name: str
    email: str | None = None
    url: str | None = None


class EnclosureOut(Shape):
    """A file that belongs to the release; further fields where they are known."""

    url: str
    type: str
    length: int
    title: str | None = None


class ReleaseOut(Shape):
    """A release as it stands. What is null or empty may be left out."""

    source_key: str = Field(description="With the kind of the key: id:2026-17, url:…, file:…")
    id: str | None = Field(default=None, description="Permanent: the id of its entries in feeds.")
    page: str | None = Field(default=None, description="Address of its page.")
    revision: int = Field(ge=1)
    changed_at: datetime = Field(description="When it was last changed here.")
    title: str
    body: str = Field(description="Clean HTML.")
    body_format: Literal["html"] = "html"
    summary: str
    language: str
    published: datetime
    updated: datetime = Field(description="Last change that a reader would notice.")
    url: str | None = None
    authors: list[PersonOut] = Field(default_factory=list)
    enclosures: list[EnclosureOut] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list, description="Names, as they were given.")
    filed_under: list[str] = Field(
        default_factory=list, description="Slugs of the categories that the names mean."
    )
    unclaimed: list[str] = Field(default_factory=list, description="Names that no category claims.")
    feeds: list[str] = Field(default_factory=list, description="Slugs of the feeds it is in.")


class Outcome(Shape):
    """What became of one release."""

    verdict: str = Field(description="new, corrected, unchanged, embargoed or retracted.")
    dry_run: bool = Field(default=False, description="True when nothing was stored.")
    etag: str | None = Field(
        default=None, description="For If-Match: the release's entity tag from now on."
    )
    changed_feeds: list[str] = Field(
        default_factory=list, description="Slugs of the feeds that get a new edition."
    )
    warnings: list[str] = Field(
        default_factory=list, description="What was mended on the way in, for a person."
    )
    release: ReleaseOut


class Fault(Shape):
    """What is wrong with one thing that was sent."""

    detail: str
    remedy: str | None = None
    pointer: str | None = Field(
        default=None, description="JSON Pointer (RFC 6901) to the value in the body or item."
    )
    parameter: str | None = Field(default=None, description="Of the query.")


class Problem(Shape):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[Fault] = Field(default_factory=list)


class ItemOut(Shape):
    """What became of one record of a batch: an outcome, or a problem."""

    index: int = Field(ge=0, description="Its place in the batch, from 0.")
    status: int = Field(description="What a PUT of it alone would have been answered.")
    verdict: str
    id: str | None = None
    source_key: str | None = None
    page: str | None = None
    revision: int | None = None
    changed_feeds: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    errors: list[Fault] = Field(default_factory=list)


class BatchOut(Shape):
    """What became of a batch, record by record, in its order."""

    dry_run: bool = False
    results: list[ItemOut]


#: A batch as an array, and as lines, which OpenAPI can describe as text only.
BATCH_SCHEMA: dict[str, Any] = {"type": "array", "items": _ANY_RECORD}
LINES_SCHEMA: dict[str, Any] = {"type": "string", "description": "A record a line (JSON Lines)."}


class Page(Shape):
    """A page of a list."""

    releases: list[ReleaseOut]
    next: str | None = Field(
        default=None, description="For after: where the next page begins; null on the last one."
    )
