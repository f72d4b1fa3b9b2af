"""Old addresses: where a newsroom's releases and feeds were before, and what they lead to now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

from feeds.model.feed import Format

#: Longer addresses are no old address: clients and proxies refuse them, and PostgreSQL cannot
#: index them (2,704 bytes).
MAX_ADDRESS_CHARS = 2000

#: Characters of a path that are not percent-encoded in its normal form (RFC 3986 section 3.3).
PATH_SAFE = "/!$&'()*+,;=:@~"

#: What paths of feeds end with. Those of a feed in Atom, RSS or JSON are ours as well.
_FEED_SUFFIXES = (".atom", ".rdf", ".rss", ".xml", "feed.json")
_FEED_WORDS = frozenset({"atom", "feed", "feeds", "rdf", "rss", "rss2"})

#: How many parameters of a query are compared with old addresses; no system's pages need more.
_MAX_PARAMETERS = 8


@dataclass(frozen=True, slots=True)
class OldAddress:
    """A path and a query in their normal form. Hosts do not count.

    Addresses that differ only in these are equal: a slash at the end, several slashes for one,
    percent-encoding, the order of the query's parameters.
    """

    path: str  #: percent-encoded; no slash at the end, unless it is ``/``
    query: tuple[tuple[str, str], ...] = ()  #: names and values, decoded, sorted, each pair once

    @classmethod
    def read(cls, text: str) -> "OldAddress":
        """Reads an absolute http or https address, or a path with or without a query.

        Raises:
            ValueError: It is neither, or it is longer than `MAX_ADDRESS_CHARS`.
        """
        if text.startswith("/"):
            path, _, query = text.partition("#")[0].partition("?")
        else:
            try:
                parts = urlsplit(text)
            except ValueError:
                raise ValueError("no address: its host cannot be read") from None
            if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
                raise ValueError("neither a path nor an http or https address")
            path, query = parts.path, parts.query
        address = cls.of_request(unquote_to_bytes(path), query)
        if len(str(address)) > MAX_ADDRESS_CHARS:
            raise ValueError(f"longer than {MAX_ADDRESS_CHARS:,} characters")
        return address

    @classmethod
    def of_request(cls, path: bytes, query: str) -> "OldAddress":
        """Returns the address of a request.

        Args:
            path: The path, percent-decoded: encoded slashes are slashes.
            query: What follows the question mark, as sent.
        """
        segments = [segment for segment in path.split(b"/") if segment]
        normal = quote(b"/" + b"/".join(segments), safe=PATH_SAFE)
        if not query:
            return cls(normal)
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        return cls(normal, tuple(sorted(set(pairs))))

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def is_home_query(self) -> bool:
        """Whether it is the front page with a query."""
        return self.path == "/" and bool(self.query)

    @property
    def looks_like_feed(self) -> bool:
        """Whether its path or its query are such as feeds of other systems have."""
        segments = self.path[1:].lower().split("/")
        ends = (segments[0], *segments[-2:])  # Blogger has /feeds/posts/default
        if segments[-1].endswith(_FEED_SUFFIXES) or not _FEED_WORDS.isdisjoint(ends):
            return True
        return any(
            name == "feed" or (name in ("format", "alt", "type") and value.lower() in _FEED_WORDS)
            for name, value in self.query
        )

    def matching(self) -> Iterator["OldAddress"]:
        """Yields the addresses whose redirects fit a request for this one, the best first.

        The address itself is the best; then those with two of its parameters, with one, and
        without. So parameters that a rule does not name do not count.
        """
        yield self
        some = self.query[:_MAX_PARAMETERS]
        for number in (2, 1):
            if len(self.query) > number:
                yield from (OldAddress(self.path, chosen) for chosen in combinations(some, number))
        if self.query and self.path != "/":
            yield OldAddress(self.path)


class RedirectOrigin(StrEnum):
    """Where a redirect comes from."""

    CONFIGURATION = "yaml"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class ToRelease:
    """The page of a release, whatever its slug is now."""

    release_id: str


@dataclass(frozen=True, slots=True)
class ToFeed:
    """A feed in one format."""

    slug: str
    format: Format


@dataclass(frozen=True, slots=True)
class ToPage:
    """A page of ours, by its path; or an absolute address elsewhere."""

    address: str


@dataclass(frozen=True, slots=True)
class ToNothing:
    """What was there is gone for good: 410."""


@dataclass(frozen=True, slots=True)
class RedirectKey:
    """Names a redirect: where it comes from, and its rule or old address."""

    origin: RedirectOrigin
    rule: str


@dataclass(frozen=True, slots=True)
class RedirectUse:
    """How often a redirect was used."""

    uses: int
    used_at: datetime  #: the last time, to some seconds


@dataclass(frozen=True, slots=True)
class MissingFeed:
    """An address that looks like a feed's, is asked for, and leads nowhere."""

    address: str  #: in its normal form
    requests: int
    first_at: datetime
    last_at: datetime


RedirectTarget = ToRelease | ToFeed | ToPage | ToNothing
