"""Categories, the feeds made of them, and the site that publishes them."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from feeds.errors import InvalidFeed
from feeds.model.release import Person
from feeds.model.text import fallbacks, matches

#: The slug of the feed of everything.
ALL = "all"

#: The time zone of a newsroom that configures none.
UNIVERSAL = ZoneInfo("UTC")


class Format(StrEnum):
    """A format in which a feed is published. The value is the suffix of its address."""

    ATOM = "atom"
    RSS = "rss"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return _MEDIA_TYPES[self]

    @property
    def label(self) -> str:
        """The name of the format for people."""
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

    At least ``entries`` entries *and* all changes within ``days`` days before the newest one, but
    never more than ``bytes`` of fragments (and always one entry, however large).
    """

    entries: int = 20
    days: int = 2
    bytes: int = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category as configured."""

    slug: str  #: the key: used in addresses, and as ``term`` in feeds
    title: str  #: for people; may contain commas
    names: tuple[str, ...] = ()  #: what releases call it, besides its titles
    titles: tuple[tuple[str, str], ...] = ()  #: in other languages: BCP 47 tag and title

    def title_in(self, language: str) -> str:
        """Returns the title for readers of *language* (BCP 47)."""
        by_language = {tag.lower(): title for tag, title in self.titles}
        found = (by_language[tag] for tag in fallbacks(language) if tag in by_language)
        return next(found, self.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where readers of a feed that ended can go instead."""

    url: str  #: absolute
    title: str  #: for people


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedClosure:
    """The configured end of a feed. Nothing of it is public before ``on``. Datetimes are in UTC."""

    on: datetime  #: from then on the feed accepts nothing new and has a closing entry
    gone_at: datetime  #: from then on the feed no longer exists
    words: str  #: the closing text for readers: plain text, paragraphs separated by empty lines
    onward: Redirect | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text by paragraph, each on one line."""
        parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", self.words))
        return tuple(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deltas:
    """Settings for clients that ask for only what is new to them (RFC 3229)."""

    days: int = 14  #: how long a former document is remembered
    #: clients that handle deltas badly, by a part of their ``User-Agent``
    not_for: tuple[str, ...] = ()


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """An rssCloud server, at which RSS readers subscribe to changes."""

    domain: str  #: a name or an address, with brackets where URLs have them
    port: int
    path: str  #: begins with a slash; includes the query, if any
    ping_url: str | None = None  #: where changes are announced; None for our own server

    @classmethod
    def at(cls, url: str, *, ping_url: str | None = None) -> "Cloud":
        """Returns the server with the subscription endpoint *url*, which is an absolute URL."""
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
    language: str  #: BCP 47 tag of the feed itself; each entry has its own
    author: Person
    any_of: tuple[str, ...]  #: category slugs; empty in ``all`` alone
    none_of: tuple[str, ...] = ()
    only_in: str | None = None  #: BCP 47: accept only releases in this language
    beside: str | None = None  #: slug of the feed in all languages that this one is part of
    window: Window = Window()
    ttl_minutes: int = 30  #: how long a client may cache a document
    hubs: tuple[str, ...] = ()  #: WebSub hubs, in the order they are announced
    cloud: Cloud | None = None  #: the rssCloud server for RSS readers
    group: str | None = None  #: title of the group in which the feed is listed
    deltas: Deltas | None = None  #: None: all clients get whole documents
    opens_as_page: bool = True  #: redirect browsers to the feed's page
    notices: bool = True  #: publish corrections and retractions as entries of their own
    was: tuple[str, ...] = ()  #: former slugs
    ending: FeedClosure | None = None

    def __hash__(self) -> int:
        """By the slug alone: each edition looks for what is cached for a feed."""
        return hash(self.slug)

    def __post_init__(self) -> None:
        if not self.any_of and self.slug != ALL:
            raise InvalidFeed(self.slug, "has no category")
        if self.slug == ALL and (self.was or self.ending):
            raise InvalidFeed(self.slug, "is the feed of everything: it cannot be renamed or ended")

    def announced_to(self, feed_format: Format) -> tuple[str, ...]:
        """Returns the URLs to ping about a new document in this format, each once, in order.

        An rssCloud server other than our own is pinged for RSS like a hub. Documents name it in
        ``<cloud>``.
        """
        cloud = self.cloud if feed_format is Format.RSS else None
        also = (cloud.ping_url,) if cloud is not None and cloud.ping_url is not None else ()
        return tuple(dict.fromkeys((*self.hubs, *also)))

    def accepts(self, categories: AbstractSet[str], *, language: str, published: datetime) -> bool:
        """Whether a release in *categories* (slugs) belongs to this feed.

        A feed that has ended accepts nothing published after its end. This depends on the date of
        the release and not on the clock, so the answer is always the same.
        """
        if self.has_ended(published) or not categories.isdisjoint(self.none_of):
            return False
        if self.only_in is not None and not matches(language, self.only_in):
            return False
        return self.slug == ALL or ALL in self.any_of or not categories.isdisjoint(self.any_of)

    def has_ended(self, now: datetime) -> bool:
        """Whether the feed has ended. Until it is gone, its documents have a closing entry."""
        return self.ending is not None and now >= self.ending.on

    def is_gone(self, now: datetime) -> bool:
        """Whether the feed no longer exists, not even with its closing entry."""
        return self.ending is not None and now >= self.ending.gone_at

    def next_change(self, now: datetime) -> datetime | None:
        """Returns the next moment at which the feed changes by itself; None if there is none."""
        moments = () if self.ending is None else (self.ending.on, self.ending.gone_at)
        return min((moment for moment in moments if moment > now), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The newsroom's public site, and the only place that makes addresses.

    Addresses are built from the configured base URL, never from a request: they are WebSub topics
    and appear in documents that others store for years.
    """

    base_url: str  #: absolute, without a trailing slash
    title: str
    language: str
    author: Person
    subtitle: str = ""
    rights: str = ""
    icon: str | None = None  #: absolute URL of a square image
    logo: str | None = None  #: absolute URL of an image twice as wide as high
    time_zone: ZoneInfo = UNIVERSAL  #: of dates on pages, and of the months that list releases

    def __hash__(self) -> int:
        """By the address alone; see ``Feed``."""
        return hash(self.base_url)

    @property
    def base_path(self) -> str:
        """The path of the base URL, as encoded there; empty if it has none."""
        return urlsplit(self.base_url).path

    @property
    def home(self) -> str:
        """The address of the newsroom page."""
        return f"{self.base_url}/"

    @property
    def opml(self) -> str:
        """The address of the list of all feeds."""
        return f"{self.base_url}/feeds.opml"

    @property
    def sitemap(self) -> str:
        """The address of the list of all pages, or of its parts."""
        return f"{self.base_url}/sitemap.xml"

    @property
    def news_sitemap(self) -> str:
        """The address of the list of the newest pages."""
        return f"{self.base_url}/news-sitemap.xml"

    @property
    def open_search(self) -> str:
        """The address of the description of the search, for browsers (OpenSearch)."""
        return f"{self.base_url}/opensearch.xml"

    @property
    def search(self) -> str:
        """The address of the search, without a question."""
        return f"{self.base_url}/search"

    def search_page(self, parameters: Sequence[tuple[str, str]], *, number: int = 1) -> str:
        """Returns the address of a page of a search's hits, counted from 1."""
        paged = [*parameters, *([("page", str(number))] if number > 1 else [])]
        return f"{self.search}?{urlencode(paged)}"

    def search_feed(self, parameters: Sequence[tuple[str, str]], feed_format: Format) -> str:
        """Returns the address of a search as a feed in one format."""
        return f"{self.search}.{feed_format}?{urlencode(parameters)}"

    @property
    def hub(self) -> str:
        """The address of the built-in WebSub hub."""
        return f"{self.base_url}/hub"

    @property
    def cloud(self) -> str:
        """The address at which RSS readers subscribe to changes (rssCloud)."""
        return f"{self.base_url}/cloud/pleaseNotify"

    def canary(self, token: str) -> str:
        """Returns the callback of our own subscription at a hub that is monitored."""
        return f"{self.hub}/canary/{token}"

    def upstream_callback(self, token: str) -> str:
        """Returns the callback of our subscription at the hub of an upstream."""
        return f"{self.hub}/upstream/{token}"

    def sitemap_part(self, number: int) -> str:
        """Returns the address of one part of the list of all pages, counted from 1."""
        return f"{self.base_url}/sitemap-{number}.xml"

    def feed_page(self, slug: str) -> str:
        """Returns the address of a feed's page for people."""
        return f"{self.base_url}/feeds/{quote(slug, safe='')}"

    def topic(self, slug: str, feed_format: Format) -> str:
        """Returns the address of a feed in one format: its self URL, hence its WebSub topic."""
        return f"{self.feed_page(slug)}.{feed_format}"

    def archive(self, slug: str, number: int, feed_format: Format) -> str:
        """Returns the address of an archive document. Numbers count from 1, the oldest."""
        return f"{self.feed_page(slug)}/archive/{number}.{feed_format}"

    @property
    def releases_page(self) -> str:
        """The address of the list of all months."""
        return f"{self.base_url}/releases"

    def month_page(self, slug: str, place: str) -> str:
        """Returns the address of a page of the releases of one month.

        Args:
            slug: The feed. That of everything has the shorter addresses.
            place: The page, as ``MonthPlace.path`` has it.
        """
        return f"{self.releases_page if slug == ALL else self.feed_page(slug)}/{place}"

    def medium(self, path: str) -> str:
        """Returns the address of a file that is stored here, by its path."""
        return f"{self.base_url}{path}"

    def release_page(self, slug: str) -> str:
        """Returns the address of a release's page for people."""
        return f"{self.base_url}/releases/{quote(slug, safe='')}"

    def revision_page(self, slug: str, number: int) -> str:
        """Returns the address of the page of a former revision of a release."""
        return f"{self.release_page(slug)}/revisions/{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a document contains, and that its HTTP ``Link`` header repeats."""

    rel: str
    href: str
