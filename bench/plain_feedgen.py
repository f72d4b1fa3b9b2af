"""The peer: feedgen as its manual shows it, our own items for what it cannot write, and zlib.

It rebuilds: whatever a document holds is made of the releases again, as it is by everybody who
keeps no fragments. feedgen has no JSON Feed, so the peer makes its items by our writer.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedgen.feed import FeedGenerator

from feeds.categories import Catalogue
from feeds.model.edition import Entry
from feeds.model.feed import Category, Feed, Format, Site
from feeds.model.release import Release
from feeds.render import json_feed

#: zlib's own choice between speed and size, and that of web servers which compress on the fly.
LEVEL = 6

#: zlib's code for "gzip, with the largest window".
_GZIP_WBITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one feed's documents are to hold, all of it in memory."""

    feed: Feed
    releases: Sequence[Release]  #: in the document's order
    json_head: dict[str, Any]  #: the members of the JSON Feed document beside its items


def documents(order: Order, described: Catalogue) -> list[bytes]:
    """The feed as Atom, RSS and JSON Feed, compressed.

    One generator writes both XML formats, which is the cheapest that feedgen offers.
    """
    made = _head(order, described.site)
    for release in order.releases:
        _add_entry(made, release, described)
    items = b",".join(_item(release, described) for release in order.releases)
    head = json.dumps(order.json_head, ensure_ascii=False).encode()
    laid_out = head.removesuffix(b"}") + b',"items":[' + items + b"]}"
    return [gzip(document) for document in (made.atom_str(), made.rss_str(), laid_out)]


def gzip(document: bytes) -> bytes:
    """One gzip member."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    return packer.compress(document) + packer.flush()


def _item(release: Release, described: Catalogue) -> bytes:
    entry = Entry(release=release, categories=_categories(release, described))
    return json_feed.fragment(entry, described.site)


def _categories(release: Release, described: Catalogue) -> tuple[Category, ...]:
    content = release.content
    slugs = described.match_all(content.category_names).categories
    return described.labels(slugs, language=content.language)


def _head(order: Order, site: Site) -> FeedGenerator:
    feed, made = order.feed, FeedGenerator()
    made.id(site.topic(feed.slug, Format.ATOM))
    made.title(feed.title)
    made.description(feed.description)
    made.language(feed.language)
    made.author(name=feed.author.name, email=feed.author.email)
    made.link(href=site.feed_page(feed.slug), rel="alternate")
    made.updated(max(release.updated for release in order.releases))
    return made


def _add_entry(made: FeedGenerator, release: Release, described: Catalogue) -> None:
    content, entry = release.content, made.add_entry(order="append")
    entry.id(release.id)
    entry.title(content.title)
    entry.link(href=described.site.release_page(release.slug))
    entry.published(content.published)
    entry.updated(release.updated)
    entry.summary(content.summary or None)
    entry.content(content.body, type="html")
    for author in content.authors:
        entry.author(name=author.name, email=author.email)
    for category in _categories(release, described):
        entry.category(term=category.slug, label=category.title)
