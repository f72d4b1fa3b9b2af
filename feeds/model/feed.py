"""What is published: categories, the feeds made of them, and the site around them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from feeds.errors import InvalidFeed
from feeds.model.release import Person

#: The slug of the feed of everything.
ALL = "all"


class Format(StrEnum):
    """A format that a feed is published in; the value is the suffix of its address."""

    ATOM = "atom"
    RSS = "rss"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return _MEDIA_TYPES[self]

    @property
    def label(self) -> str:
        """The format's name for a person."""
        return _LABELS[self]


_MEDIA_TYPES = {
    Format.ATOM: "application/atom+xml",
    Format.RSS: "application/rss+xml",
    Format.JSON: "application/feed+json",
}
_LABELS = {Format.ATOM: "Atom", Format.RSS: "RSS", Format.JSON: "JSON Feed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How much of a feed its document holds, by most recent change.

    At least ``entries`` entries *and* all changes of ``days`` days before the newest one, but
    never more than ``bytes`` of fragments (and always one entry, however large).
    """

    entries: int = 20
    days: int = 2
    bytes: int = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category as ops describe it."""

    slug: str  #: the key: in addresses, and the ``term`` of feeds
    title: str  #: for a person; may hold commas
    names: tuple[str, ...] = ()  #: what releases call it, beside the title


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: the releases of one category, of a union of categories, or all."""

    slug: str
    title: str
    description: str
    language: str  #: BCP 47, of the feed itself; each entry has its own
    author: Person
    any_of: tuple[str, ...]  #: category slugs; empty in ``all`` alone
    none_of: tuple[str, ...] = ()
    window: Window = Window()
    ttl_minutes: int = 30  #: how long a reader may keep a document before it asks again
    hubs: tuple[str, ...] = ()  #: WebSub hubs, in the order they are announced
    group: str | None = None  #: title of the group it is listed under

    def __post_init__(self) -> None:
        if not self.any_of and self.slug != ALL:
            raise InvalidFeed(self.slug, "names no category")

    def takes(self, categories: AbstractSet[str]) -> bool:
        """True when a release filed under *categories* (slugs) belongs into this feed."""
        if not categories.isdisjoint(self.none_of):
            return False
        return self.slug == ALL or ALL in self.any_of or not categories.isdisjoint(self.any_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The newsroom as the public sees it. The one place where addresses are made.

    Addresses come from the configured base URL, never from a request: they are WebSub topics
    and stand in documents that are kept for years.
    """

    base_url: str  #: absolute, without a slash at the end
    title: str
    language: str
    author: Person
    subtitle: str = ""
    rights: str = ""
    icon: str | None = None  #: absolute URL of a square image
    logo: str | None = None  #: absolute URL of an image twice as wide as high

    @property
    def home(self) -> str:
        """The newsroom page."""
        return f"{self.base_url}/"

    @property
    def opml(self) -> str:
        """The list of all feeds."""
        return f"{self.base_url}/feeds.opml"

    @property
    def sitemap(self) -> str:
        """The list of all pages, or of its parts."""
        return f"{self.base_url}/sitemap.xml"

    @property
    def news_sitemap(self) -> str:
        """The list of the newest pages."""
        return f"{self.base_url}/news-sitemap.xml"

    def sitemap_part(self, number: int) -> str:
        """One part of the list of all pages, counted from 1."""
        return f"{self.base_url}/sitemap-{number}.xml"

    def feed_page(self, slug: str) -> str:
        """A feed's page for a person."""
        return f"{self.base_url}/feeds/{quote(slug, safe='')}"

    def topic(self, slug: str, feed_format: Format) -> str:
        """A feed's document in one format: its self URL, hence its WebSub topic."""
        return f"{self.feed_page(slug)}.{feed_format}"

    def release_page(self, slug: str) -> str:
        """A release's page for a person."""
        return f"{self.base_url}/releases/{quote(slug, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a document announces of itself, in its body and in its HTTP ``Link`` header."""

    rel: str
    href: str
