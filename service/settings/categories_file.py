"""The keys of ``categories.yaml``, with their defaults, limits and help."""

from typing import Annotated

from pydantic import Field

from service.settings.section import Items, Section
from service.settings.shared_keys import (
    EndedSettings,
    FeedAuthorSettings,
    FeedWindowSettings,
    LanguageSettings,
    TtlMinutes,
)
from service.settings.value_types import HubUrl, Language, Line, Slug, Text


class FeedSettings(Section):
    """Keys that every feed can have."""

    description: Text = Field(
        default="", description="A sentence about the feed; its title if empty."
    )
    language: Language | None = Field(
        default=None, description="BCP 47 language tag of the feed; site.language if unset."
    )
    languages: Items[LanguageSettings] = Field(
        default=(),
        description="Additional feeds, each with the releases of this feed in one language.",
    )
    group: Line | None = Field(
        default=None,
        description="Title of the group, one of groups, that the feed is listed under.",
    )
    window: FeedWindowSettings | None = Field(
        default=None,
        description="Values of this feed that differ from feeds.window in communique.yaml.",
    )
    ttl_minutes: TtlMinutes | None = Field(
        default=None,
        description="How long readers may cache a document, in minutes; feeds.ttl_minutes if "
        "unset.",
    )
    deltas: bool | None = Field(
        default=None,
        description="Whether readers may request only the entries that are new to them; "
        "feeds.deltas.offered if unset.",
    )
    notices: bool | None = Field(
        default=None,
        description="Whether the feed announces corrections, retractions and restorations in "
        "entries of their own; feeds.notices if unset.",
    )
    expected_days: Annotated[float, Field(gt=0, le=3660)] | None = Field(
        default=None,
        description="An alarm is raised when the feed has had no new release for this many days; "
        "never if unset.",
    )
    hubs: Items[HubUrl] | None = Field(
        default=None,
        description="WebSub hubs of this feed; those of communique.yaml if unset, none if [].",
    )
    author: FeedAuthorSettings | None = Field(
        default=None, description="Author of the feed; site.author if unset."
    )


class AllSettings(FeedSettings):
    """The feed of all releases; its slug is ``all``."""

    title: Line | None = Field(default=None, description="Title of the feed; site.title if unset.")


class NamedFeedSettings(FeedSettings):
    """Keys of every feed that has a slug of its own."""

    was: Items[Slug] = Field(
        default=(),
        description="Former slugs of the feed. Their addresses answer 301, and for readers it "
        "stays the same feed.",
    )
    ended: EndedSettings | None = Field(
        default=None,
        description="The end of the feed. It is served for feeds.farewell_days after that, with a "
        "last entry, and then its addresses answer 410.",
    )


class CategorySettings(NamedFeedSettings):
    """A category, and the feed of its releases."""

    slug: Slug = Field(
        description="Key of the category in addresses and feeds. Choose it once; to change it, "
        "see was."
    )
    title: Line = Field(
        description="Title of the category, and a name that releases may use for it."
    )
    names: Items[Line] = Field(
        default=(),
        description="Names that releases use for the category, besides its title. Case and white "
        "space do not count; a name may contain commas.",
    )


class UnionSettings(NamedFeedSettings):
    """A feed of several categories: releases of some, without those of others."""

    slug: Slug = Field(
        description="Key of the union in addresses and feeds. Choose it once; to change it, see "
        "was."
    )
    title: Line = Field(description="Title of the union.")
    any_of: Annotated[Items[str], Field(min_length=1)] = Field(
        description="Slugs of categories whose releases are in the feed. The slug all means every "
        "release."
    )
    none_of: Items[str] = Field(
        default=(), description="Slugs of categories whose releases are left out of the feed."
    )


class CategoriesFile(Section):
    """``categories.yaml``: the categories of releases, and the feeds made of them."""

    groups: Items[Line] = Field(
        default=(), description="Titles that feeds are listed under, in this order; see group."
    )
    all: AllSettings = Field(
        default=AllSettings(), description="The feed of all releases; its slug is all."
    )
    categories: Items[CategorySettings] = Field(
        default=(), description="The categories of releases; each has a feed."
    )
    unions: Items[UnionSettings] = Field(
        default=(),
        description="Feeds of several categories: releases of some, without those of others.",
    )
