"""JSON Feed 1.1, checked against a schema of its rules and by hand."""

import json
import re
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Enclosure, Person
from feeds.render import assemble, render_fragment
from tests.support.rendering import (
    COOPERATION,
    FEED,
    RESEARCH,
    SITE,
    entry_of,
    head_of,
    sample_entries,
)

URL = {"type": "string", "pattern": "^(https?|mailto):[^ ]+$"}
DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
TEXT = {"type": "string", "minLength": 1}
#: "must start with an _ character followed by a letter", without dots; and says something.
EXTENSIONS = {"^_[A-Za-z][^.]*$": {"type": "object", "minProperties": 1}}
AUTHOR = {
    "type": "object",
    "properties": {"name": TEXT, "url": URL, "avatar": URL},
    "minProperties": 1,
    "additionalProperties": False,
}
AUTHORS = {"type": "array", "minItems": 1, "items": AUTHOR}
ITEM = {
    "type": "object",
    "required": ["id"],
    "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
    "properties": {
        "id": TEXT,
        "url": URL,
        "external_url": URL,
        "title": TEXT,
        "summary": TEXT,
        "content_html": {"type": "string"},
        "content_text": TEXT,
        "date_published": DATE,
        "date_modified": DATE,
        "language": TEXT,
        "author": AUTHOR,
        "authors": AUTHORS,
        "tags": {"type": "array", "items": TEXT},
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url", "mime_type"],
                "properties": {
                    "url": URL,
                    "mime_type": {"type": "string", "pattern": ".+/.+"},
                    "title": TEXT,
                    "size_in_bytes": {"type": "integer", "minimum": 0},
                    "duration_in_seconds": {"type": "integer", "minimum": 1},
                },
                "patternProperties": EXTENSIONS,
                "additionalProperties": False,
            },
        },
    },
    "patternProperties": EXTENSIONS,
    "additionalProperties": False,
}
FEED_SCHEMA = {
    "type": "object",
    "required": ["version", "title", "items", "feed_url", "home_page_url"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "home_page_url": URL,
        "feed_url": URL,
        "description": TEXT,
        "icon": URL,
        "favicon": URL,
        "language": TEXT,
        "author": AUTHOR,
        "authors": AUTHORS,
        "hubs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "url"],
                "properties": {"type": TEXT, "url": URL},
            },
        },
        "items": {"type": "array", "items": ITEM},
    },
    "additionalProperties": False,
}

FULL = entry_of(
    COOPERATION,
    RESEARCH,
    title="AT&T <b>",
    url="https://source.example.org/?a=1&b=2",
    authors=(Person(name="A & B", email="a@example.org"), Person(name="C", uri="https://c.test/")),
    enclosures=(
        Enclosure(url="https://x.test/1.pdf", media_type="application/pdf", length_bytes=0),
        Enclosure(url="https://x.test/2.mp3", media_type="audio/mpeg", length_bytes=7, title="T"),
    ),
)


def written(*entries: Entry, feed: Any = FEED) -> dict[str, Any]:
    fragments = [render_fragment(entry, Format.JSON, SITE) for entry in entries]
    document = assemble(head_of(Format.JSON, feed), Format.JSON, SITE, fragments)
    read: dict[str, Any] = json.loads(document)
    return read


def test_every_rule_is_kept_by_every_sample_release() -> None:
    validator = Draft202012Validator(FEED_SCHEMA)
    assert list(validator.iter_errors(written(FULL, *sample_entries()))) == []


def test_a_feed_without_entries_is_a_feed() -> None:
    document = written(feed=replace(FEED, description="", hubs=()))
    assert list(Draft202012Validator(FEED_SCHEMA).iter_errors(document)) == []
    assert "hubs" not in document


def test_the_feed_says_what_it_is() -> None:
    document = written()
    del document["items"]
    assert document == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": FEED.title,
        "home_page_url": "https://press.example.org/feeds/cooperation",
        "feed_url": "https://press.example.org/feeds/cooperation.json",
        "description": FEED.description,
        "icon": SITE.icon,
        "favicon": SITE.icon,
        "language": "en",
        "author": {"name": "Press Office", "url": "https://example.org/"},
        "authors": [{"name": "Press Office", "url": "https://example.org/"}],
        "hubs": [
            {"type": "WebSub", "url": "https://hub.example.net/"},
            {"type": "WebSub", "url": "https://hub.example.com/?a=1&b=2"},
        ],
    }


def test_an_item_says_all() -> None:
    (item,) = written(FULL)["items"]
    assert item == {
        "id": FULL.release.id,
        "url": SITE.release_page(FULL.release.slug),
        "external_url": "https://source.example.org/?a=1&b=2",
        "title": "AT&T <b>",
        "summary": "A two-day conference.",
        "content_html": "<p>“Quoted” &amp; said.</p>",
        "content_text": "“Quoted” & said.",
        "date_published": "2019-05-21T16:38:50Z",
        "date_modified": "2019-05-21T16:38:50Z",
        "language": "en",
        "author": {"name": "A & B, C"},
        "authors": [
            {"name": "A & B", "url": "mailto:a@example.org"},
            {"name": "C", "url": "https://c.test/"},
        ],
        "tags": [COOPERATION.title, RESEARCH.title],
        "attachments": [
            {"url": "https://x.test/1.pdf", "mime_type": "application/pdf", "size_in_bytes": 0},
            {
                "url": "https://x.test/2.mp3",
                "mime_type": "audio/mpeg",
                "title": "T",
                "size_in_bytes": 7,
            },
        ],
    }


def test_an_item_without_a_body_still_has_content() -> None:
    """ "One or both must be present": readers discard items without."""
    (item,) = written(entry_of(body=""))["items"]
    assert item["content_html"] == ""


def test_html_stands_in_content_html_alone() -> None:
    tag = re.compile("</?(p|a|div|br|li|h[1-6]|span)[ />]")
    for item in written(*sample_entries())["items"]:
        assert not tag.search(item.get("content_text", ""))


def test_text_is_written_as_itself() -> None:
    fragment = render_fragment(entry_of(title="„Grüße“ 😀 \u2028"), Format.JSON, SITE)
    assert "„Grüße“ 😀 \u2028".encode() in fragment
