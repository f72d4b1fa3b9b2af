"""What is published: categories, the feeds made of them, and the site around them."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlsplit

from feeds.errors import InvalidFeed
from feeds.model.release import Person
from feeds.model.text import fallbacks, matches

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
    names: tuple[str, ...] = ()  #: what releases call it, beside its titles
    titles: tuple[tuple[str, str], ...] = ()  #: in other languages: BCP 47 tag and title

    def title_in(self, language: str) -> str:
        """The title for a reader of *language* (BCP 47)."""
        by_language = {tag.lower(): title for tag, title in self.titles}
        found = (by_language[tag] for tag in fallbacks(language) if tag in by_language)
        return next(found, self.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where readers of a feed that ended find what they are looking for."""

    url: str  #: absolute
    title: str  #: for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedClosure:
    """The end of a feed, as ops set it. Before ``on`` nothing of it shows. Datetimes are in UTC."""

    on: datetime  #: from here the feed takes nothing new and says farewell
    gone_at: datetime  #: from here it is not there any more
    words: str  #: what its readers are told: plain text, paragraphs between empty lines
    onward: Redirect | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The words, paragraph by paragraph, each on one line."""
        parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", self.words))
        return tuple(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deltas:
    """That readers who ask for it are sent only what is new to them (RFC 3229)."""

    days: int = 14  #: how long a document is remembered that is no longer current
    not_for: tuple[str, ...] = ()  #: readers that take it badly, by a part of their name


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """An rssCloud server, at which readers of RSS ask to be told of changes."""

    domain: str  #: a name, or an address; with brackets where URLs have them
    port: int
    path: str  #: begins with a slash; with a query, if it has one
    ping_url: str | None = None  #: where it is told of changes; None when it is our own

    @classmethod
    def at(cls, url: str, *, ping_url: str | None = None) -> "Cloud":
        """The server where readers register at *url*, which is absolute and has a host."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        return cls(
            domain=f"[{host}]" if ":" in host else host,
            port=parts.port or _PORTS[parts.scheme],
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            ping_url=ping_url,
        )


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
    only_in: str | None = None  #: BCP 47: of these, the releases in this language
    beside: str | None = None  #: slug of the feed in all languages that this is a part of
    window: Window = Window()
    ttl_minutes: int = 30  #: how long a reader may keep a document before it asks again
    hubs: tuple[str, ...] = ()  #: WebSub hubs, in the order they are announced
    cloud: Cloud | None = None  #: what readers of RSS may ask instead
    group: str | None = None  #: title of the group it is listed under
    deltas: Deltas | None = None  #: None: everybody gets whole documents
    opens_as_page: bool = True  #: whoever opens a document in a browser is led to the feed's page
    notices: bool = True  #: of corrections and the like, each in an entry of its own
    was: tuple[str, ...] = ()  #: its former slugs
    ending: FeedClosure | None = None

    def __post_init__(self) -> None:
        if not self.any_of and self.slug != ALL:
            raise InvalidFeed(self.slug, "names no category")
        if self.slug == ALL and (self.was or self.ending):
            raise InvalidFeed(self.slug, "is the feed of everything: it neither moves nor ends")

    def announced_to(self, feed_format: Format) -> tuple[str, ...]:
        """Where a new document in this format is announced: URLs, each once, in their order.

        An rssCloud server other than ours is told of RSS, as a hub is; documents name it as cloud.
        """
        cloud = self.cloud if feed_format is Format.RSS else None
        also = (cloud.ping_url,) if cloud is not None and cloud.ping_url is not None else ()
        return tuple(dict.fromkeys((*self.hubs, *also)))

    def takes(self, categories: AbstractSet[str], *, language: str, published: datetime) -> bool:
        """True when a release filed under *categories* (slugs) belongs into this feed.

        A feed that ended takes nothing that was published since. That goes by the release's own
        date and not by the clock, so it is the same whenever one asks.
        """
        if self.has_ended(published) or not categories.isdisjoint(self.none_of):
            return False
        if self.only_in is not None and not matches(language, self.only_in):
            return False
        return self.slug == ALL or ALL in self.any_of or not categories.isdisjoint(self.any_of)

    def has_ended(self, now: datetime) -> bool:
        """True from the moment that the feed ends; it goes on saying farewell until it is gone."""
        return self.ending is not None and now >= self.ending.on

    def is_gone(self, now: datetime) -> bool:
        """True when even the farewell is over."""
        return self.ending is not None and now >= self.ending.gone_at

    def next_change(self, now: datetime) -> datetime | None:
        """The next moment at which the feed will change by itself, if one is known."""
        moments = () if self.ending is None else (self.ending.on, self.ending.gone_at)
        return min((moment for moment in moments if moment > now), default=None)


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

    @property
    def hub(self) -> str:
        """The built-in WebSub hub."""
        return f"{self.base_url}/hub"

    @property
    def cloud(self) -> str:
        """Where readers of RSS ask to be told of changes (rssCloud)."""
        return f"{self.base_url}/cloud/pleaseNotify"

    def canary(self, token: str) -> str:
        """Where a hub pushes to that we watch: a callback of our own."""
        return f"{self.hub}/canary/{token}"

    def sitemap_part(self, number: int) -> str:
        """One part of the list of all pages, counted from 1."""
        return f"{self.base_url}/sitemap-{number}.xml"

    def feed_page(self, slug: str) -> str:
        """A feed's page for a person."""
        return f"{self.base_url}/feeds/{quote(slug, safe='')}"

    def topic(self, slug: str, feed_format: Format) -> str:
        """A feed's document in one format: its self URL, hence its WebSub topic."""
        return f"{self.feed_page(slug)}.{feed_format}"

    def archive(self, slug: str, number: int, feed_format: Format) -> str:
        """An archive document of a feed in one format. Numbers count from 1, the oldest."""
        return f"{self.feed_page(slug)}/archive/{number}.{feed_format}"

    def release_page(self, slug: str) -> str:
        """A release's page for a person."""
        return f"{self.base_url}/releases/{quote(slug, safe='')}"

    def revision_page(self, slug: str, number: int) -> str:
        """Where a person reads what a release was before it was corrected."""
        return f"{self.release_page(slug)}/revisions/{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a document announces of itself, in its body and in its HTTP ``Link`` header."""

    rel: str
    href: str
