"""The keys of ``categories.yaml``, with their defaults, bounds and help."""

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
    """What can be said of any feed."""

    description: Text = Field(
        default="", description="A sentence about the feed; the title if empty."
    )
    language: Language | None = Field(default=None, description="BCP 47; the site's if unset.")
    languages: Items[LanguageSettings] = Field(
        default=(),
        description="Feeds beside this one, each of its releases in one language.",
    )
    group: Line | None = Field(default=None, description="One of groups: what it is listed under.")
    window: FeedWindowSettings | None = Field(
        default=None, description="What differs from feeds.window in communique.yaml."
    )
    ttl_minutes: TtlMinutes | None = Field(
        default=None,
        description="How long readers may keep a document; feeds.ttl_minutes if unset.",
    )
    deltas: bool | None = Field(
        default=None,
        description="Whether readers may ask for what is new to them alone; feeds.deltas.offered "
        "if unset.",
    )
    notices: bool | None = Field(
        default=None,
        description="Whether the feed tells of corrections, retractions and restorations in "
        "entries of their own; feeds.notices if unset.",
    )
    hubs: Items[HubUrl] | None = Field(
        default=None, description="WebSub hubs of this feed; the site's if unset, none if []."
    )
    author: FeedAuthorSettings | None = Field(default=None, description="The site's if unset.")


class AllSettings(FeedSettings):
    """The feed of everything; its slug is ``all``."""

    title: Line | None = Field(default=None, description="For a person; the site's title if unset.")


class NamedFeedSettings(FeedSettings):
    """What can be said of any feed with a slug of its own."""

    was: Items[Slug] = Field(
        default=(),
        description="Its former slugs: their addresses answer 301, and it stays the same feed for "
        "its readers.",
    )
    ended: EndedSettings | None = Field(
        default=None,
        description="When the feed ends. It then says farewell for feeds.farewell_days, and after "
        "that its addresses answer 410.",
    )


class CategorySettings(NamedFeedSettings):
    """A category, and the feed of its releases."""

    slug: Slug = Field(description="The key, in addresses and feeds: choose it once; see was.")
    title: Line = Field(description="For a person; also a name that releases may use.")
    names: Items[Line] = Field(
        default=(),
        description="What releases call it, beside the title. Case and white space do not count; "
        "commas may stand in a name.",
    )


class UnionSettings(NamedFeedSettings):
    """A feed of several categories: these, but not those."""

    slug: Slug = Field(description="The key, in addresses and feeds: choose it once; see was.")
    title: Line = Field(description="For a person.")
    any_of: Annotated[Items[str], Field(min_length=1)] = Field(
        description="Slugs of categories: releases of any of them belong into the feed. "
        "The slug all stands for every release."
    )
    none_of: Items[str] = Field(
        default=(), description="Slugs of categories: releases of any of them are left out."
    )


class CategoriesFile(Section):
    """``categories.yaml``: what releases are filed under, and the feeds made of it."""

    groups: Items[Line] = Field(
        default=(), description="Titles that feeds are listed under, in this order; see group."
    )
    all: AllSettings = Field(
        default=AllSettings(), description="The feed of everything; its slug is all."
    )
    categories: Items[CategorySettings] = Field(
        default=(), description="What releases are filed under; each has a feed."
    )
    unions: Items[UnionSettings] = Field(
        default=(), description="Feeds of several categories: these, but not those."
    )
