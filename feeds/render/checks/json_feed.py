"""Parses JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) for the checks."""

import json
from typing import Any

from feeds.render.checks.reading import ParsedEntry, ParsedFeed, Unreadable, rfc3339

VERSION = "https://jsonfeed.org/version/1.1"


def read(document: bytes) -> ParsedFeed:
    """Parses a document.

    Raises:
        Unreadable: It is not JSON in UTF-8, or not JSON Feed 1.1.
    """
    top = _object(document)
    items = top.get("items")
    if top.get("version") != VERSION or not isinstance(items, list):
        raise Unreadable(f"is not JSON Feed 1.1: its version is {top.get('version')!r}")
    feed = ParsedEntry(place="feed", addresses=_texts(top, "home_page_url", "icon", "favicon"))
    feed.addresses += _of_each(top, "hubs", "url") + _of_each(top, "authors", "url")
    for name in ("title", "home_page_url", "feed_url"):
        feed.require_one(name, len(_texts(top, name)))
    _check_author(top, feed)
    return ParsedFeed(
        self_urls=_texts(top, "feed_url"),
        feed=feed,
        entries=[_item(item, number) for number, item in enumerate(items, 1)],
    )


def _object(document: bytes) -> dict[str, Any]:
    try:
        top = json.loads(document.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not JSON: {error}") from error
    if not isinstance(top, dict):
        raise Unreadable("is not a JSON object")
    return top


def _item(item: Any, number: int) -> ParsedEntry:
    parsed = ParsedEntry(place=f"entry {number}")
    if not isinstance(item, dict):
        parsed.findings.append("is not an object")
        return parsed
    parsed.ids = _texts(item, "id")
    parsed.require_one("id that is text", len(parsed.ids))
    if not isinstance(item.get("content_html", item.get("content_text")), str):
        parsed.findings.append("has neither content_html nor content_text")
    parsed.moments = [rfc3339(text) for text in _texts(item, "date_published", "date_modified")]
    parsed.addresses = _texts(item, "url", "external_url", "image", "banner_image")
    parsed.addresses += _of_each(item, "attachments", "url") + _of_each(item, "authors", "url")
    parsed.bodies = _texts(item, "content_html")
    _check_author(item, parsed)
    for attachment in _objects(item, "attachments"):
        parsed.findings += [
            f"has an attachment without {name}"
            for name in ("url", "mime_type")
            if not _texts(attachment, name)
        ]
        parsed.findings += [
            f"has an attachment whose {name} is not a number of at least 0"
            for name in ("size_in_bytes", "duration_in_seconds")
            if not _is_amount(attachment.get(name, 0))
        ]
    return parsed


def _check_author(members: dict[str, Any], parsed: ParsedEntry) -> None:
    """JSON Feed 1.1, "Top-level": author is allowed beside authors, for readers of version 1."""
    if "author" in members and not _objects(members, "authors"):
        parsed.findings.append("has author without authors, which is its name since 1.1")


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _texts(members: dict[str, Any], *names: str) -> list[str]:
    """Returns the members of these names that are non-empty text."""
    values = (members.get(name) for name in names)
    return [value for value in values if isinstance(value, str) and value]


def _objects(members: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = members.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _of_each(members: dict[str, Any], name: str, key: str) -> list[str]:
    return [text for each in _objects(members, name) for text in _texts(each, key)]
