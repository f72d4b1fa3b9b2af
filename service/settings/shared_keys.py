"""Keys that several sections share: authors, windows, hubs."""

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

# The keys of a hub that is told of changes: its URL alone, or a section with its ways.


def _user(text: str) -> str:
    # RFC 7617 section 2: "a user-id containing a colon character is invalid".
    if ":" in text:
        raise ValueError("expected a user name without a colon")
    return text


class HubSettings(Section):
    """A hub, and how it wants to be told."""

    url: HubUrl = Field(description="Required: where it is told, and what documents name.")
    topics_at_once: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1,
        description="How many feeds one request may name, for a hub that reads the field again "
        "and again.",
    )
    topic_fields: Annotated[Items[Line], Field(min_length=1)] | None = Field(
        default=None,
        description="Form fields that carry the feed's URL; those of websub if unset.",
    )
    extra_fields: dict[str, str] = Field(
        default={}, description="What else it wants in the form, by name. Nothing secret."
    )
    username: Annotated[Line, AfterValidator(_user)] | None = Field(
        default=None, description="For a hub that asks who is there (HTTP Basic)."
    )
    password_file: FilePath | None = Field(
        default=None,
        description="A file that holds the password, on one line. Relative to this file.",
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


#: A hub: its URL alone stands for a section that says nothing else.
Hub = Annotated[
    HubSettings, BeforeValidator(_section_of, json_schema_input_type=HubUrl | HubSettings)
]


# Keys that the site and its feeds share: authors and windows.

#: feeds_must 23: readers of the FeedBurner age stop at 1 MiB, and entries have a frame around
#: them; 512 kB of entries stay below half of that in every format.
MAX_WINDOW_BYTES = 512_000

Entries = Annotated[int, Field(ge=1, le=1000)]
Days = Annotated[int, Field(ge=1, le=366)]
WindowBytes = Annotated[int, Field(ge=1000, le=MAX_WINDOW_BYTES)]
#: A day at most: a reader that obeys would miss a correction for longer.
TtlMinutes = Annotated[int, Field(ge=1, le=1440)]
#: Some readers look in once a month, so a day is short; after ten years nobody asks any more.
FarewellDays = Annotated[int, Field(ge=1, le=3660)]
RetractionDays = Annotated[int, Field(ge=1, le=3660)]


class AuthorSettings(Section):
    """Who answers for the releases that name no author themselves."""

    name: Line | None = Field(
        default=None, description="A person or an office; the site's title if unset."
    )
    email: Email | None = Field(default=None, description="Public: it stands in every feed.")
    uri: Url | None = Field(default=None, description="A page about the author.")


class FeedAuthorSettings(Section):
    """Who answers for one feed."""

    name: Line = Field(description="A person or an office.")
    email: Email | None = Field(default=None, description="Public: it stands in the feed.")
    uri: Url | None = Field(default=None, description="A page about the author.")


class WindowSettings(Section):
    """How much a feed's document holds."""

    entries: Entries = Field(
        default=20, description="At least so many entries, by most recent change."
    )
    days: Days = Field(
        default=2, description="At least the changes of so many days before the newest one."
    )
    bytes: WindowBytes = Field(
        default=250_000,
        description="Never more than so many bytes, uncompressed; but always one entry.",
    )


class FeedWindowSettings(Section):
    """What one feed's window has different from ``feeds.window``."""

    entries: Entries | None = Field(default=None, description="At least so many entries.")
    days: Days | None = Field(default=None, description="At least the changes of so many days.")
    bytes: WindowBytes | None = Field(default=None, description="Never more than so many bytes.")


class DeltaSettings(Section):
    """Readers who ask for it (A-IM: feed) are sent only what is new to them (RFC 3229)."""

    offered: bool = Field(
        default=False,
        description="For every feed that says nothing else. Some readers ask for it and then "
        "lose what they get: see docs/configuration.md.",
    )
    days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=14,
        description="How long documents are remembered; who comes back later gets the whole.",
    )
    not_for: Items[Line] = Field(
        default=("rss2email", "feedparser/"),
        description="Readers that get whole documents all the same, by a part of their "
        "User-Agent, in any case.",
    )


class LanguageSettings(Section):
    """One language of a feed: a feed beside it, of its releases in that language."""

    language: Language = Field(
        description="BCP 47: the feed takes releases in it, and in its regions and scripts."
    )
    title: Line = Field(
        description="For a person, in that language. Of a category also a name that releases may "
        "use, and what their entries in that language show."
    )
    description: Text = Field(
        default="", description="A sentence about the feed, in that language; the title if empty."
    )
    slug: Slug | None = Field(
        default=None,
        description="The key, in addresses; the slug of the feed, a hyphen and the language if "
        "unset.",
    )
    ended_words: Words | None = Field(
        default=None,
        description="What readers are told when the feed ends, in that language; those of ended "
        "if unset.",
    )


def language_slug(slug: str, language: str) -> str:
    """The slug of the feed beside *slug* in a language that has none of its own."""
    return f"{slug}-{language.lower()}"


class EndedSettings(Section):
    """The end of a feed. It holds nothing published since, says farewell, and then is gone."""

    on: Moment = Field(
        description="When: a date, meant as releases' dates are, or a moment with its offset from "
        "UTC. Before it nothing is said."
    )
    words: Words = Field(
        description="What readers are told, in the feed's language; the first line is the title of "
        "its last entry."
    )
    moved_to: UrlOrSlug | None = Field(
        default=None, description="Where to go instead: a URL, or the slug of another feed."
    )
