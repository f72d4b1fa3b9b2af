"""The keys of ``upstreams``: other people's feeds that the newsroom carries."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from service.settings.section import Items, Section
from service.settings.value_types import Language, Line, Slug, Url

#: A feed that says nothing is not asked more often than this; hosts notice those who do.
MIN_EVERY_MINUTES = 5
#: Whatever a server wishes, it is asked once a day.
MAX_EVERY_MINUTES = 1440


def _feed_url(text: str) -> str:
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise ValueError("expected an address without a user name: logs and pages show it")
    if parts.fragment:
        raise ValueError(f"expected an address without a fragment (#{parts.fragment})")
    return text


class UpstreamFilterSettings(Section):
    """Words by which items are chosen. Case and white space do not count."""

    titles: Items[Line] = Field(default=(), description="Words of the title.")
    categories: Items[Line] = Field(
        default=(), description="Whole names of categories, as the upstream writes them."
    )
    text: Items[Line] = Field(default=(), description="Words of the title, summary or text.")


class UpstreamSettings(Section):
    """Somebody else's feed, and what is taken from it."""

    slug: Slug = Field(
        description="Key of the upstream, for commands and the store. Choose it once: with another "
        "slug everything is taken anew."
    )
    url: Annotated[Url, AfterValidator(_feed_url)] = Field(
        description="Address of the feed: RSS, Atom or JSON Feed."
    )
    categories: Annotated[Items[Line], Field(min_length=1)] = Field(
        description="Slugs of the categories that its items go into."
    )
    names: dict[str, Slug] = Field(
        default={},
        description="Further categories by the names that the upstream uses: items with the name "
        "also go into the category with this slug. Case does not count.",
    )
    language: Language | None = Field(
        default=None,
        description="BCP 47 language tag of its items; as the feed says if unset, else "
        "site.language.",
    )
    attribution: Line | None = Field(
        default=None,
        description="Who publishes it, as pages and entries name the source; the feed's title if "
        "unset.",
    )
    rights: Line | None = Field(
        default=None,
        description="Line about rights that each of its items carries; as the feed says if unset.",
    )
    license: Url | None = Field(default=None, description="Address of the licence of its items.")
    take: Literal["summary", "whole"] = Field(
        default="summary",
        description="How much is published: summary, with a link to the original, or whole.",
    )
    as_news: bool = Field(
        default=False,
        description="Whether new items are news: on top of the feeds, pinged and pushed. If false, "
        "they take their place by date. What the first poll finds is never news.",
    )
    only: UpstreamFilterSettings = Field(
        default=UpstreamFilterSettings(),
        description="Takes only items that match one of the words of each list that has any.",
    )
    without: UpstreamFilterSettings = Field(
        default=UpstreamFilterSettings(), description="Leaves out items that match any word."
    )
    at_most_a_day: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="Most new items taken within 24 hours, the oldest first; the others wait. "
        "Unlimited if unset.",
    )
    deletions: Literal["retract", "keep"] = Field(
        default="retract",
        description="What happens to a release whose item the upstream deletes: by a tombstone, or "
        "by its absence from a feed that says it is complete.",
    )
    when_gone: Literal["retract", "keep"] = Field(
        default="keep",
        description="What happens to its releases when the feed answers 410: it is gone for good.",
    )
    every_minutes: Annotated[float, Field(ge=MIN_EVERY_MINUTES, le=MAX_EVERY_MINUTES)] = Field(
        default=60,
        description="Pause between two polls, in minutes. A server that asks for a longer one gets "
        "it, up to a day.",
    )
    push: bool = Field(
        default=True,
        description="Whether to subscribe at the hub that the feed names, if it names one.",
    )
