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
    """A person or an office. The name alone is enough."""

    name: str | None = None
    email: str | None = None
    url: str | None = None
    uri: str | None = Field(default=None, description="Another name of url.")


class EnclosureIn(Shape):
    """A file that belongs to the release."""

    url: str
    type: str | None = Field(
        default=None, description="The media type of the file.", examples=["image/png"]
    )
    media_type: str | None = Field(default=None, description="Another name of type.")
    mime_type: str | None = Field(default=None, description="Another name of type.")
    length: int | str | None = Field(
        default=None, description="The size of the file in bytes.", examples=[48213]
    )
    length_bytes: int | str | None = Field(default=None, description="Another name of length.")
    size_in_bytes: int | str | None = Field(default=None, description="Another name of length.")
    title: str | None = None


class ContactIn(Shape):
    """A contact for the press."""

    name: str | None = None
    role: str | None = None
    organisation: str | None = None
    phone: str | None = None
    email: str | None = None
    uri: str | None = None


class RelatedIn(Shape):
    """A related page elsewhere."""

    url: str
    title: str | None = None
    language: str | None = None
    media_type: str | None = None


class CorrectionIn(Shape):
    """How important a change is to those who have read the release."""

    weight: Literal["minor", "major"]
    note: str | None = Field(default=None, description="What was changed, for readers.")


Authors = list[str | AuthorIn] | AuthorIn | str
Enclosures = list[EnclosureIn] | EnclosureIn


class Record(Shape):
    """A release as sent to the API, with the same fields as a record in a JSON file."""

    title: str = Field(min_length=1, description="Plain text.", examples=["A treaty is signed"])
    body: str = Field(min_length=1, examples=["<p>It was signed today.</p>"])
    body_format: Literal["html", "text"] | None = Field(
        default=None,
        description="The format of the body. Without this field the body is plain text, and is "
        "refused if it looks like HTML.",
        examples=["html"],
    )
    published: WrittenMoment
    updated: WrittenMoment | None = Field(
        default=None, description="When the release was last changed, according to its sender."
    )
    categories: list[str] | str | None = Field(
        default=None, description="Category names, as the configured categories match them."
    )
    language: str | None = Field(
        default=None,
        description="The language (BCP 47). Default: the configured one.",
        examples=["en"],
    )
    url: str | None = Field(default=None, description="The URL of the release at its source.")
    summary: str | None = Field(
        default=None, description="Plain text. Default: a summary made from the body."
    )
    subtitle: str | None = Field(
        default=None, description="Used as the summary if there is no summary."
    )
    authors: Authors | None = None
    author: Authors | None = Field(
        default=None, description="Used as authors if there are no authors."
    )
    components: Authors | None = Field(
        default=None,
        description="The divisions that issued the release. Used as authors if no author is named.",
    )
    enclosures: Enclosures | None = None
    attachments: Enclosures | None = Field(default=None, description="Further enclosures.")
    enclosure: Enclosures | None = Field(default=None, description="A further enclosure.")
    contacts: list[str | ContactIn] | ContactIn | str | None = None
    related: list[str | RelatedIn] | RelatedIn | str | None = None
    place: str | None = Field(default=None, description="Where the release was issued.")
    number: OwnId | None = Field(
        default=None,
        description="The publisher's own number of the release.",
        examples=["SG/SM/19589"],
    )
    rights: str | None = Field(default=None, description="The copyright notice. Plain text.")
    license: str | None = Field(default=None, description="The URL of the licence.")
    work: OwnId | None = Field(
        default=None, description="An identifier that a release shares with all its translations."
    )
    embargoed_until: WrittenMoment | None = Field(
        default=None, description="The release is not public before this time."
    )
    correction: Literal["minor", "major"] | CorrectionIn | None = Field(
        default=None, description="If this is a correction: major ones are announced to readers."
    )
    source_key: OwnId | None = Field(
        default=None,
        description="The sender's key of the release. In a PUT the URL has the key; this field may "
        "then be left out, or must be equal.",
    )
    id: OwnId | None = Field(
        default=None, description="In a batch: the key of a record without a source_key."
    )
    guid: OwnId | None = Field(
        default=None, description="In a batch: the key of a record with neither source_key nor id."
    )


def _all_optional(shape: type[Shape]) -> dict[str, Any]:
    return {name: (field.annotation | None, None) for name, field in shape.model_fields.items()}  # type: ignore[operator]


#: The body of a PATCH (RFC 7396). A field that is null is removed.
Patch = create_model("Patch", __base__=Shape, __doc__="Fields to replace; null removes a field.",
                     **_all_optional(Record))  # fmt: skip

_ANY_RECORD = {
    "description": "A record. Each is validated separately: an invalid one does not affect others.",
    "anyOf": [{"$ref": "#/components/schemas/Record"}, {}],
}


class PersonOut(Shape):
    """An author."""

    name: str
    email: str | None = None
    url: str | None = None


class EnclosureOut(Shape):
    """A file that belongs to the release. There are further fields where they are known."""

    url: str
    type: str
    length: int
    title: str | None = None


class ReleaseOut(Shape):
    """The current revision of a release. Fields that are null or empty may be left out."""

    source_key: str = Field(description="The sender's key with its kind: id:2026-17, url:…, file:…")
    id: str | None = Field(
        default=None,
        description="The permanent id of the release; of its entries too, without a published_id.",
    )
    published_id: str | None = Field(
        default=None,
        description="The id that readers knew before the release came here; its entries keep it.",
    )
    page: str | None = Field(default=None, description="The URL of the release's page.")
    revision: int = Field(ge=1)
    changed_at: datetime = Field(description="When the release was last changed here.")
    title: str
    body: str = Field(description="Cleaned HTML.")
    body_format: Literal["html"] = "html"
    summary: str
    language: str
    published: datetime
    updated: datetime = Field(description="The last change that readers would notice.")
    url: str | None = None
    authors: list[PersonOut] = Field(default_factory=list)
    enclosures: list[EnclosureOut] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list, description="The category names as sent.")
    filed_under: list[str] = Field(
        default_factory=list, description="The slugs of the categories that the names match."
    )
    unclaimed: list[str] = Field(
        default_factory=list, description="The category names that no category matches."
    )
    feeds: list[str] = Field(
        default_factory=list, description="The slugs of the feeds that have the release."
    )


class EmbargoOut(Shape):
    """A release that is not public before its embargo ends."""

    embargoed_until: datetime = Field(description="The end of the embargo.")
    held_since: datetime = Field(description="When the release came under embargo.")
    by: str = Field(description="Who set the end of the embargo.")
    release: ReleaseOut = Field(
        description="The release as it will be then. Its page does not exist before."
    )


class EmbargoPage(Shape):
    """One page of a list of embargoes."""

    embargoes: list[EmbargoOut]
    next: str | None = Field(
        default=None, description="The value of after for the next page; null on the last page."
    )


class Outcome(Shape):
    """The result of an operation on one release."""

    verdict: str = Field(description="new, corrected, unchanged, embargoed or retracted.")
    dry_run: bool = Field(default=False, description="True if nothing was stored.")
    etag: str | None = Field(
        default=None, description="The new entity tag of the release, for If-Match."
    )
    changed_feeds: list[str] = Field(
        default_factory=list, description="The slugs of the feeds that get a new edition."
    )
    warnings: list[str] = Field(
        default_factory=list, description="What the intake repaired, in words."
    )
    release: ReleaseOut


class Fault(Shape):
    """A fault in one value that was sent."""

    detail: str
    remedy: str | None = None
    pointer: str | None = Field(
        default=None, description="A JSON Pointer (RFC 6901) to the value in the body or item."
    )
    parameter: str | None = Field(default=None, description="The name of the query parameter.")


class Problem(Shape):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[Fault] = Field(default_factory=list)


class ItemOut(Shape):
    """The result for one record of a batch: an outcome, or a problem."""

    index: int = Field(ge=0, description="The position of the record in the batch, from 0.")
    status: int = Field(description="The status that a PUT of this record alone would have got.")
    verdict: str
    id: str | None = None
    source_key: str | None = None
    page: str | None = None
    revision: int | None = None
    changed_feeds: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    errors: list[Fault] = Field(default_factory=list)


class BatchOut(Shape):
    """The results for the records of a batch, in the order of the batch."""

    dry_run: bool = False
    results: list[ItemOut]


#: A batch as an array, and as lines, which OpenAPI can describe as text only.
BATCH_SCHEMA: dict[str, Any] = {"type": "array", "items": _ANY_RECORD}
LINES_SCHEMA: dict[str, Any] = {
    "type": "string",
    "description": "One record per line (JSON Lines).",
}


class Page(Shape):
    """One page of a list of releases."""

    releases: list[ReleaseOut]
    next: str | None = Field(
        default=None, description="The value of after for the next page; null on the last page."
    )


class MediumOut(Shape):
    """A picture or file that is stored."""

    url: str = Field(
        description="Its address, for enclosures of releases and for pictures in their texts."
    )
    name: str = Field(description="What it is called in its address.")
    media_type: str = Field(description="Its type, as found in its bytes.")
    length_bytes: int
    digest: str = Field(
        description="SHA-256 of its bytes as stored, in hex. They differ from those sent if the "
        "place where a picture was taken was taken out."
    )
    width: int | None = Field(default=None, description="Of a picture, in pixels.")
    height: int | None = Field(default=None, description="Of a picture, in pixels.")
    warnings: list[str] = Field(default_factory=list, description="What was changed, in words.")


class TopicReadersOut(Shape):
    """Who reads a feed in one format."""

    feed: str
    format: str
    readers: int = Field(description="The sum that counts.")
    reported: int = Field(description="Subscribers that hosted readers report.")
    credible: int = Field(description="Reported subscribers that are steady and plausible.")
    pollers: int = Field(
        description="Different programs that polled by themselves: the median of the last week."
    )
    subscriptions: int = Field(description="Subscriptions by WebSub and rssCloud.")


class DayOut(Shape):
    """Requests for a feed in one format on one day."""

    day: str = Field(json_schema_extra={"format": "date"})
    feed: str
    format: str
    requests: int
    not_modified: int = Field(description="Requests that were answered with 304.")
    unconditional: int = Field(description="Whole documents that were sent without a condition.")
    bytes_sent: int
    bytes_saved: int = Field(description="What the answers with 304 saved, as gzip.")
    pollers: int = Field(description="Different programs that polled by themselves.")


class HostedOut(Shape):
    """What a hosted reader reports."""

    feed: str
    format: str
    service: str
    feed_id: str
    subscribers: int
    fault: str | None = Field(default=None, description="Why the number does not count.")


class UnconditionalOut(Shape):
    """A user agent that never sends a condition."""

    agent: str
    requests: int
    bytes_sent: int


class PushDelayOut(Shape):
    """How long pushes by a hub took, in seconds."""

    hub: str
    median_s: float | None = None
    worst_s: float | None = None


class ReadersOut(Shape):
    """Who reads which feed, and what it takes. All days are in UTC."""

    since: str = Field(json_schema_extra={"format": "date"})
    until: str = Field(json_schema_extra={"format": "date"})
    topics: list[TopicReadersOut]
    days: list[DayOut]
    hosted: list[HostedOut]
    unconditional: list[UnconditionalOut]
    push_delays: list[PushDelayOut]
