"""A reader that knows nothing of us but the links of RFC 5005 and JSON Feed's ``next_url``."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from feeds.model.feed import Format
from tests.support.parsers import NAMESPACES, root_of

#: By id: the title of the newest revision.
Titles = dict[str, str]


def rebuilt(topic: str, feed_format: Format, fetch: Callable[[str], bytes]) -> Titles:
    """Everything that a feed ever held, from its subscription document back to its beginning.

    "If an entry occurs in several documents, the most recent one wins": the documents come from
    the newest to the oldest, so the first that names an id.
    """
    titles: Titles = {}
    for document in documents(topic, feed_format, fetch):
        for entry_id, title in _entries(document, feed_format):
            titles.setdefault(entry_id, title)
    return titles


def documents(topic: str, feed_format: Format, fetch: Callable[[str], bytes]) -> Iterator[Any]:
    """The subscription document, then the archives, the newest first."""
    seen: set[str] = set()
    url: str | None = topic
    while url is not None:
        assert url not in seen, f"the links lead round to {url}"
        seen.add(url)
        fetched = fetch(url)
        document = json.loads(fetched) if feed_format is Format.JSON else root_of(fetched)
        yield document
        url = _before(document, feed_format)


def _before(document: Any, feed_format: Format) -> str | None:
    if feed_format is Format.JSON:
        url: str | None = document.get("next_url")
        return url
    path = "/atom:feed/atom:link[@rel='prev-archive'] | /rss/channel/atom:link[@rel='prev-archive']"
    links = document.xpath(path, namespaces=NAMESPACES)
    assert len(links) <= 1
    return links[0].get("href") if links else None


def _entries(document: Any, feed_format: Format) -> list[tuple[str, str]]:
    match feed_format:
        case Format.JSON:
            return [(item["id"], item["title"]) for item in document["items"]]
        case Format.ATOM:
            entries = document.xpath("/atom:feed/atom:entry", namespaces=NAMESPACES)
            names = ("atom:id", "atom:title")
        case Format.RSS:
            entries, names = document.xpath("/rss/channel/item"), ("guid", "title")
    return [
        tuple(entry.findtext(name, namespaces=NAMESPACES) for name in names) for entry in entries
    ]
