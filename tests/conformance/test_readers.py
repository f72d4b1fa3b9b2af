"""What the parsers that readers are made of find in our documents is what was published."""

from collections.abc import Sequence

import feedparser
import pytest

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.render import assemble, render_fragment
from tests.support.leftward import in_feeds
from tests.support.parsers import ReadEntry, by_atoma, by_feedparser
from tests.support.rendering import FEED, SITE, entry_of, head_of, sample_entries


def written(feed_format: Format, entries: Sequence[Entry]) -> bytes:
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    return assemble(head_of(feed_format), feed_format, SITE, fragments)


def published(entry: Entry) -> ReadEntry:
    """What a reader should find."""
    release, content = entry.release, entry.release.content
    return ReadEntry(
        id=release.id,
        title=content.title,
        link=SITE.release_page(release.slug),
        published=content.published,
        labels=tuple(sorted(category.title for category in entry.categories)),
        content=in_feeds(content).strip(),
        summary=content.summary,
    )


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_feedparser_agrees_on_every_sample_release(feed_format: Format) -> None:
    entries = sample_entries(12)
    assert by_feedparser(written(feed_format, entries)) == [published(each) for each in entries]


@pytest.mark.parametrize("feed_format", Format)
def test_atoma_agrees_on_every_sample_release(feed_format: Format) -> None:
    entries = sample_entries()
    assert by_atoma(written(feed_format, entries), feed_format) == [
        published(each) for each in entries
    ]


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_a_reader_finds_the_feeds_page_and_its_hubs(feed_format: Format) -> None:
    """The page is not the feed (channel link), whatever other links there are."""
    feed = feedparser.parse(written(feed_format, [entry_of()])).feed
    assert (feed.title, feed.link, feed.language) == (
        FEED.title,
        SITE.feed_page(FEED.slug),
        FEED.language,
    )
    assert [link.href for link in feed.links if link.rel == "hub"] == list(FEED.hubs)
    assert [link.href for link in feed.links if link.rel == "self"] == [
        SITE.topic(FEED.slug, feed_format)
    ]


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_a_reader_finds_each_entrys_language(feed_format: Format) -> None:
    document = written(feed_format, [entry_of(language="ar"), entry_of(language="pt-BR")])
    languages = [entry.title_detail.language for entry in feedparser.parse(document).entries]
    assert languages == ["ar", "pt-BR"]
