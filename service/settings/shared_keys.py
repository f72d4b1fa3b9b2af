"""Sections and types of keys that several sections use: authors, windows, hubs."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from service.settings.section import Items, Section
from service.settings.value_types import (
    Email,
    FilePath,
    HubUrl,
    Language,
    Line,
    Moment,
    Slug,
    Text,
    Url,
    UrlOrSlug,
    Words,
)

# A hub that is pinged: only its URL, or a section with settings of its own.


def _user(text: str) -> str:
    # RFC 7617 section 2: "a user-id containing a colon character is invalid".
    if ":" in text:
        raise ValueError("expected a user name without a colon")
    return text


class HubSettings(Section):
    """A hub, and how it is pinged."""

    url: HubUrl = Field(
        description="Required: the hub's URL, which is pinged, and which documents name."
    )
    topics_at_once: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1,
        description="How many feeds one ping may name, for hubs that accept the topic field more "
        "than once.",
    )
    topic_fields: Annotated[Items[Line], Field(min_length=1)] | None = Field(
        default=None,
        description="Form fields that carry the feed's URL; websub.topic_fields if unset.",
    )
    extra_fields: dict[str, str] = Field(
        default={},
        description="Additional form fields of a ping, by name. They must not be secret.",
    )
    username: Annotated[Line, AfterValidator(_user)] | None = Field(
        default=None, description="User name, for a hub that requires HTTP Basic authentication."
    )
    password_file: FilePath | None = Field(
        default=None,
        description="File that holds the password, on one line. Relative to this file.",
    )

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> object:
        return self.url if self.model_fields_set == {"url"} else dump(self)


def _section_of(value: object) -> object:
    if isinstance(value, str):
        return {"url": value}
    if isinstance(value, dict):
        return value
    raise ValueError("expected the URL of a WebSub hub, or a section with its url")


#: A hub. A URL is short for a section with only that URL.
Hub = Annotated[
    HubSettings, BeforeValidator(_section_of, json_schema_input_type=HubUrl | HubSettings)
]


# Authors, windows, deltas, languages and ends, for the site and its feeds.

#: feeds_must 23: readers of the FeedBurner era stop at 1 MiB. A document is larger than its
#: entries, but 512 kB of entries stay below half of that in every format.
MAX_WINDOW_BYTES = 512_000

Entries = Annotated[int, Field(ge=1, le=1000)]
Days = Annotated[int, Field(ge=1, le=366)]
WindowBytes = Annotated[int, Field(ge=1000, le=MAX_WINDOW_BYTES)]
#: A day at most: a reader that obeys a longer one would miss corrections for that long.
TtlMinutes = Annotated[int, Field(ge=1, le=1440)]
#: Some readers poll once a month, so a day is short; after ten years no reader polls any more.
FarewellDays = Annotated[int, Field(ge=1, le=3660)]
RetractionDays = Annotated[int, Field(ge=1, le=3660)]


class AuthorSettings(Section):
    """The author of releases that name none."""

    name: Line | None = Field(
        default=None, description="Name of a person or an office; site.title if unset."
    )
    email: Email | None = Field(
        default=None, description="E-mail address of the author. It is public, in every feed."
    )
    uri: Url | None = Field(default=None, description="Address of a page about the author.")


class FeedAuthorSettings(Section):
    """The author of one feed."""

    name: Line = Field(description="Name of a person or an office.")
    email: Email | None = Field(
        default=None, description="E-mail address of the author. It is public, in the feed."
    )
    uri: Url | None = Field(default=None, description="Address of a page about the author.")


class WindowSettings(Section):
    """How many entries a feed's document holds."""

    entries: Entries = Field(
        default=20, description="At least this many entries, the most recently changed."
    )
    days: Days = Field(
        default=2, description="At least the changes of this many days before the newest one."
    )
    bytes: WindowBytes = Field(
        default=250_000,
        description="Entries of at most this many bytes, uncompressed; but always one entry.",
    )


class FeedWindowSettings(Section):
    """Values of one feed that differ from ``feeds.window``."""

    entries: Entries | None = Field(
        default=None, description="At least this many entries, the most recently changed."
    )
    days: Days | None = Field(
        default=None, description="At least the changes of this many days before the newest one."
    )
    bytes: WindowBytes | None = Field(
        default=None,
        description="Entries of at most this many bytes, uncompressed; but always one entry.",
    )


class DeltaSettings(Section):
    """Feed deltas (RFC 3229): a reader that sends A-IM: feed gets only entries new to it."""

    offered: bool = Field(
        default=False,
        description="Whether deltas are offered for every feed that does not set this itself. "
        "Some readers request them and then lose entries: see docs/configuration.md.",
    )
    days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=14,
        description="How many days documents are remembered. A reader that returns later gets the "
        "whole document.",
    )
    not_for: Items[Line] = Field(
        default=("rss2email", "feedparser/"),
        description="Readers that always get whole documents, by a part of their User-Agent; case "
        "does not count.",
    )


class LanguageSettings(Section):
    """One language of a feed: an additional feed of its releases in that language."""

    language: Language = Field(
        description="BCP 47 language tag: the feed has the releases in this language, with its "
        "regions and scripts."
    )
    title: Line = Field(
        description="Title of the feed, in that language. For a category also a name that "
        "releases may use, and the name shown by entries in that language."
    )
    description: Text = Field(
        default="", description="A sentence about the feed, in that language; its title if empty."
    )
    slug: Slug | None = Field(
        default=None,
        description="Key of the feed in addresses; if unset, the slug of the main feed, a hyphen "
        "and the language.",
    )
    ended_words: Words | None = Field(
        default=None,
        description="The text that readers get when the feed ends, in that language; ended.words "
        "if unset.",
    )


def language_slug(slug: str, language: str) -> str:
    """Returns the slug of the feed of *slug* in a language, when none is configured for it."""
    return f"{slug}-{language.lower()}"


class EndedSettings(Section):
    """The end of a feed: it takes no new releases, gets a last entry, and later answers 410."""

    on: Moment = Field(
        description="When the feed ends: a date, read like the dates of releases, or a moment "
        "with its offset from UTC. Until then readers see no sign of it."
    )
    words: Words = Field(
        description="The text that readers get, in the feed's language. Its first line is the "
        "title of the feed's last entry."
    )
    moved_to: UrlOrSlug | None = Field(
        default=None,
        description="Where readers should go instead: a URL, or the slug of another feed.",
    )
