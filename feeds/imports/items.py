"""What the readers of other systems' exports yield: items to take in, and items to leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.ingest.fields import SourceRecord


class IdFormat(StrEnum):
    """The format in which readers know an item's id; other formats may need another form of it."""

    RSS = "rss"
    ATOM = "atom"
    JSON_FEED = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownId:
    """The id under which readers know an item, byte for byte."""

    value: str
    format: IdFormat
    #: RSS ``isPermaLink`` as stated; None: not stated, which means true (RSS 2.0, ``guid``)
    is_permalink: bool | None = None


class ItemState(StrEnum):
    """What the old system says of an item that is to be taken."""

    PUBLISHED = "published"
    SCHEDULED = "scheduled"  #: becomes an embargo until its date


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A picture or file that an item names."""

    url: str  #: as the item has it, made absolute
    media_type: str | None = None
    length_bytes: int | None = None
    title: str | None = None
    alt: str | None = None
    in_body: bool = False  #: it stands in the body, and is no enclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedItem:
    """One item of an export or a feed, as it is there."""

    #: fields as docs/releases-in.md names them; ``published`` with its zone
    record: SourceRecord
    known_id: KnownId | None  #: None: the old system gave its readers none
    link: str | None = None  #: address of its page in the old system, absolute
    #: other addresses that led to it, absolute or with a path only: ``/?p=12``
    old_addresses: tuple[str, ...] = ()
    state: ItemState = ItemState.PUBLISHED
    files: tuple[FileReference, ...] = ()
    #: categories and tags with the names of the terms above them, outermost first
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: int = 0  #: not taken, only counted
    #: the feed that a re-published item says it was first in (RFC 4287 section 4.2.11)
    source: "SourceHead | None" = None


class Reason(StrEnum):
    """Why an item is not taken. The value is shown to people, after a count."""

    DRAFT = "draft"
    PRIVATE = "private"
    PASSWORD = "protected by a password"  # noqa: S105  # not a password
    TRASH = "in the trash"
    PENDING = "waiting for review"
    NOT_A_RELEASE = "of another kind"  #: detail says which: ``post_type attachment``
    UNREADABLE = "not readable"
    DELETED = "deleted"
    FILTERED = "not wanted by the filters"
    TWICE = "there twice"
    CHANGED_HERE = "changed here since it was imported"


#: Part of the warning of a record whose date states no zone; such dates are counted.
NO_ZONE = "has no time zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An item that is not taken, and why."""

    reason: Reason
    detail: str = ""  #: such as ``post_type page``; counted by (reason, detail)
    example: str = ""  #: its title or address, for people
    line: int | None = None  #: line of the file, where it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHead:
    """What an export or a feed says of itself."""

    url: str | None = None  #: address of the feed, absolute
    site_url: str | None = None  #: address of the site, absolute; the key of ids is (this, id)
    id: str | None = None  #: ``atom:id``
    title: str | None = None
    language: str | None = None
    generator: str | None = None
    rights: str | None = None


#: What a reader of exports yields, in the order of the export, after one `SourceHead`.
Item = ImportedItem | LeftOut
