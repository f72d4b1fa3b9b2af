"""Real releases with pictures: ten of NASA's, from its feed of September 2018, and out again."""

import json
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path

import feedparser
import pytest

from feeds.ingest import read_documents
from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Draft, ReleaseId
from feeds.render import assemble, render_fragment
from feeds.render.checks import check
from feeds.revision import new_release
from tests.support.atom_grammar import assert_valid
from tests.support.parsers import items_of, root_of
from tests.support.rendering import COOPERATION, RULES, SITE, TAKEN_IN, head_of

FEED = Path("tests/data/feeds/nasa-breaking-news-2018-09.rss")


def records() -> list[dict[str, object]]:
    """The feed's items, as a newsroom would hand them in."""
    return [
        {
            "title": item.findtext("title"),
            "body": item.findtext("description"),
            "body_format": "text",
            "published": parsedate_to_datetime(item.findtext("pubDate")).isoformat(),
            "url": item.findtext("link"),
            "number": item.findtext("dc:identifier", namespaces=item.nsmap),
            "rights": "NASA",
            "enclosures": [
                {**each.attrib, "alt": item.findtext("title"), "credit": "NASA"}
                for each in item.iterfind("enclosure")
            ],
        }
        for item in root_of(FEED.read_bytes()).iterfind("channel/item")
    ]


def entries() -> list[Entry]:
    lines = "\n".join(json.dumps(one) for one in records()).encode()
    made = []
    for number, draft in enumerate(
        read_documents(BytesIO(lines), document="nasa.jsonl", rules=RULES)
    ):
        assert isinstance(draft, Draft), draft
        release = new_release(draft, ReleaseId(f"urn:x:{number}"), now=TAKEN_IN)
        made.append(Entry(release=release, categories=(COOPERATION,)))
    return made


def written(feed_format: Format) -> bytes:
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries()]
    return assemble(head_of(feed_format), feed_format, SITE, fragments)


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_every_picture_comes_out_as_it_went_in(feed_format: Format) -> None:
    theirs = feedparser.parse(FEED.read_bytes()).entries
    ours = feedparser.parse(written(feed_format))
    assert not ours.bozo
    assert len(theirs) == 10
    assert [entry.title for entry in ours.entries] == [entry.title for entry in theirs]
    for mine, other in zip(ours.entries, theirs, strict=True):
        assert [(e.href, e.type, e.length) for e in mine.enclosures] == [
            (e.href, e.type, e.length) for e in other.enclosures
        ]
        assert [(m["url"], m["filesize"], m["medium"]) for m in mine.media_content] == [
            (e.href, e.length, "image") for e in other.enclosures
        ]
        assert mine.rights == "NASA"


def test_they_are_attachments_with_what_they_show() -> None:
    items = items_of(written(Format.JSON))
    assert sum(len(item["attachments"]) for item in items) == 10
    for item in items:
        (picture,) = item["attachments"]
        assert picture["_communique"] == {"alt": item["title"], "credit": "NASA"}
        assert item["_communique"]["number"].isdecimal()


def test_the_documents_keep_their_promises() -> None:
    assert_valid(written(Format.ATOM))
    for feed_format in Format:
        assert check(written(feed_format), feed_format, now=TAKEN_IN.replace(year=2030)) == []
