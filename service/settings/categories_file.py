"""The keys of ``categories.yaml``, with their defaults, limits and help."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from feeds.address_patterns import AddressPattern, target_captures
from service.settings.section import Items, Section
from service.settings.shared_keys import (
    EndedSettings,
    FeedAuthorSettings,
    FeedWindowSettings,
    LanguageSettings,
    TtlMinutes,
)
from service.settings.value_types import HubUrl, Language, Line, Slug, Text


def _old_pattern(text: str) -> str:
    AddressPattern.read(text)
    return text


def _new_target(text: str) -> str:
    list(target_captures(text))
    return text


def _new_address(text: str) -> str:
    _new_target(text)
    if text.startswith("/") and not text.startswith("//"):
        return text
    found = re.match(r"https?://([^/?#]+)", text)
    if found is None or "{" in found[1]:
        raise ValueError(
            "expected a path such as /feeds/tax, or an address such as https://www.example.org/, "
            "whose host has no {…}"
        )
    return text


#: A path, with or without a query, that may have captures.
OldPattern = Annotated[
    str, AfterValidator(_old_pattern), Field(json_schema_extra={"pattern": "^/(?!/)"})
]
#: A slug that may have captures.
NewTarget = Annotated[Line, AfterValidator(_new_target)]
#: A path, or an absolute http(s) address, that may have captures.
NewAddress = Annotated[
    str,
    AfterValidator(_new_address),
    Field(json_schema_extra={"pattern": "^(https?://[^\\s/?#{]+|/(?!/))"}),
]


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


class RedirectSettings(Section):
    """An old address, or a pattern of them, and what it leads to."""

    old: OldPattern = Field(
        description="Required: the old path, with or without a query. A slash at its end and the "
        "order of parameters do not count. {slug} stands for any text between two slashes, "
        "{year:digits} for digits, {rest...} for the rest of the path.",
    )
    feed: NewTarget | None = Field(
        default=None, description="Slug of the feed that is there now; may contain captures of old."
    )
    format: Literal["atom", "rss", "json"] | None = Field(
        default=None, description="Format of feed: rss if unset, as most old addresses were."
    )
    release: NewTarget | None = Field(
        default=None, description="Slug of the release that is there now."
    )
    to: NewAddress | None = Field(
        default=None,
        description="Another page: a path of this newsroom, or an address on another server.",
    )
    gone: Literal[True] | None = Field(
        default=None, description="true: nothing is there any more, and readers get 410."
    )

    @model_validator(mode="after")
    def _leads_to_one(self) -> Self:
        targets = (self.feed, self.release, self.to, self.gone)
        if sum(each is not None for each in targets) != 1:
            raise ValueError("expected one of feed, release, to and gone")
        if self.format is not None and self.feed is None:
            raise ValueError("expected format with feed only")
        known = set(target_captures(self.old))
        if len(set(target_captures(self.feed or ""))) > 1:
            raise ValueError("expected at most one capture in feed")
        written = self.feed or self.release or self.to or ""
        for name in target_captures(written):
            if name not in known:
                raise ValueError(f"expected {{{name}}} in old, too")
        return self


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
    redirects: Items[RedirectSettings] = Field(
        default=(),
        description="Addresses of the site that was here before, and what each leads to: 301 in "
        "one step, or 410. The first rule that fits counts; rules with more parameters come first.",
    )
