"""A release that was first in somebody else's feed names that feed, in each format that can."""

from dataclasses import replace
from datetime import UTC, datetime

import feedparser
import pytest

from feeds.model.feed import Format
from feeds.model.release import Details, SourceFeed
from feeds.render import assemble, render_fragment
from feeds.store.contents import pack_content, unpack_content
from tests.support.parsers import NAMESPACES, root_of
from tests.support.rendering import SITE, entry_of, head_of

SOURCE = SourceFeed(
    title="Stadtrat & Kanzlei",
    url="https://council.example.org/feed?a=1&b=2",
    id="tag:council.example.org,2020:news",
    site_url="https://council.example.org/",
    updated=datetime(2026, 3, 2, 10, tzinfo=UTC),
)
ENTRY = entry_of(details=Details(source=SOURCE))


def document(feed_format: Format) -> bytes:
    fragment = render_fragment(ENTRY, feed_format, SITE)
    return assemble(head_of(feed_format), feed_format, SITE, [fragment])


def test_rfc4287_4_2_11_atom_has_the_required_elements_of_the_source() -> None:
    root = root_of(document(Format.ATOM))
    [source] = root.xpath("//atom:entry/atom:source", namespaces=NAMESPACES)
    found = [(each.tag.rpartition("}")[2], each.text or each.get("href")) for each in source]
    assert found == [
        ("id", SOURCE.id),
        ("title", SOURCE.title),
        ("updated", "2026-03-02T10:00:00Z"),
        ("link", SOURCE.url),
        ("link", SOURCE.site_url),
    ]


def test_rss_2_0_the_source_has_the_url_of_the_feed_and_its_title() -> None:
    [source] = root_of(document(Format.RSS)).xpath("//item/source")
    assert (source.get("url"), source.text) == (SOURCE.url, SOURCE.title)


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_a_reader_finds_the_source(feed_format: Format) -> None:
    [entry] = feedparser.parse(document(feed_format)).entries
    assert entry.source.title == SOURCE.title
    assert entry.title == ENTRY.release.content.title


def test_the_source_counts_as_content_but_not_the_date_of_its_last_change() -> None:
    content = ENTRY.release.content
    assert content.digest != replace(content, details=Details()).digest
    restamped = replace(SOURCE, updated=datetime(2026, 3, 3, tzinfo=UTC))
    assert replace(content, details=Details(source=restamped)).digest == content.digest


def test_the_source_comes_back_from_the_store() -> None:
    content = ENTRY.release.content
    assert unpack_content(pack_content(content)) == content
