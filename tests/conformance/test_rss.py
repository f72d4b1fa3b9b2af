"""RSS 2.0, the RSS Advisory Board's Best Practices Profile, and WebSub 4 where it concerns RSS."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest

from feeds.model.edition import Entry, History
from feeds.model.feed import Cloud, Format
from feeds.model.release import Enclosure, Person
from feeds.render import assemble, render_fragment
from tests.support.parsers import NAMESPACES, XML_LANG, root_of
from tests.support.rendering import (
    COOPERATION,
    FEED,
    RESEARCH,
    SITE,
    entry_of,
    head_of,
    sample_entries,
)

FULL = entry_of(
    COOPERATION,
    RESEARCH,
    title="AT&T says <b> & 1 > 0",
    summary="Bread & <butter>",
    url="https://source.example.org/?a=1&b=2",
    authors=(Person(name="A & B", email="a@example.org"), Person(name="C")),
    enclosures=tuple(
        Enclosure(url=f"https://x.test/{n}.pdf", media_type="application/pdf", length_bytes=n)
        for n in (1, 2, 3)
    ),
)


def written(*entries: Entry, site: Any = SITE, feed: Any = FEED) -> bytes:
    fragments = [render_fragment(entry, Format.RSS, site) for entry in entries]
    return assemble(head_of(Format.RSS, feed), Format.RSS, site, fragments)


def find(document: bytes, path: str) -> list[Any]:
    return list(root_of(document).xpath(path, namespaces=NAMESPACES))


def texts(document: bytes, path: str) -> list[str]:
    return [element.text for element in find(document, path)]


def test_the_channel_says_what_it_is() -> None:
    channel = {
        child.tag: child.text
        for child in find(written(), "/rss[@version='2.0']/channel/*")
        if child.text
    }
    assert channel == {
        "title": FEED.title,
        "link": "https://press.example.org/feeds/cooperation",
        "description": FEED.description,
        "language": "en",
        "copyright": SITE.rights,
        "managingEditor": "press@example.org (Press Office)",
        "lastBuildDate": "Sat, 03 Feb 2024 04:05:06 +0000",
        "docs": "https://www.rssboard.org/rss-specification",
        "generator": "Communiqué",
        "ttl": "30",
    }


def test_the_image_has_the_channels_title_and_link() -> None:
    assert texts(written(), "//image/*") == [
        SITE.logo,
        FEED.title,
        "https://press.example.org/feeds/cooperation",
    ]


def test_the_icon_stands_in_for_a_logo_and_nothing_for_both() -> None:
    assert texts(written(site=replace(SITE, logo=None)), "//image/url") == [SITE.icon]
    assert texts(written(site=replace(SITE, logo=None, icon=None)), "//image") == []


def test_an_editor_without_an_address_is_not_named() -> None:
    """managingEditor is an e-mail address, or absent."""
    document = written(feed=replace(FEED, author=Person(name="Press Office")))
    assert texts(document, "//managingEditor") == []


def test_a_feed_without_description_has_its_title_there() -> None:
    """The element is required."""
    document = written(feed=replace(FEED, description=""))
    assert texts(document, "/rss/channel/description") == [FEED.title]


def test_websub_4_one_self_one_page_and_every_hub() -> None:
    assert [dict(link.attrib) for link in find(written(FULL), "/rss/channel/atom:link")] == [
        {
            "rel": "self",
            "type": "application/rss+xml",
            "href": "https://press.example.org/feeds/cooperation.rss",
        },
        {"rel": "hub", "href": "https://hub.example.net/"},
        {"rel": "hub", "href": "https://hub.example.com/?a=1&b=2"},
        {"rel": "alternate", "type": "text/html", "href": SITE.feed_page(FEED.slug)},
    ]


def test_cloud_is_where_readers_register() -> None:
    """RSS 2.0: "<cloud> sub-element of <channel>"; an archive changes no more and names none."""
    feed = replace(FEED, cloud=Cloud.at(SITE.cloud))
    [cloud] = find(written(feed=feed), "channel/cloud")
    assert dict(cloud.attrib) == {
        "domain": "press.example.org",
        "port": "443",
        "path": "/cloud/pleaseNotify",
        "registerProcedure": "",
        "protocol": "http-post",
    }
    assert feedparser.parse(written(feed=feed)).feed.cloud.path == "/cloud/pleaseNotify"
    archive = replace(head_of(Format.RSS, feed), history=History.ARCHIVE)
    for other in (written(), assemble(archive, Format.RSS, SITE, [])):
        assert find(other, "channel/cloud") == []


def test_an_item_is_named_by_its_id_and_points_to_its_page() -> None:
    (guid,) = find(written(FULL), "//item/guid")
    assert (guid.text, guid.get("isPermaLink")) == (FULL.release.id, "false")
    assert texts(written(FULL), "//item/link") == [SITE.release_page(FULL.release.slug)]


def test_character_data_plain_text_is_escaped_by_name() -> None:
    """The profile's hex references stay as they are in titles that fast-xml-parser 5 reads."""
    document = written(FULL)
    assert b"<title>AT&amp;T says &lt;b&gt; &amp; 1 &gt; 0</title>" in document
    assert b">R&amp;D &lt;advanced&gt;</category>" in document
    assert b"<dc:creator>A &amp; B, C</dc:creator>" in document
    assert b"<title>Cooperation &amp; &lt;more&gt;</title>" in document
    assert b"&#" not in document
    assert texts(document, "//item/title") == [FULL.release.content.title]


def test_the_description_is_the_summary_as_html_and_comes_first() -> None:
    document = written(FULL)
    assert texts(document, "//item/description") == ["Bread &amp; &lt;butter&gt;"]
    assert texts(document, "//item/content:encoded") == [FULL.release.content.body]
    assert document.index(b"<description>Bread") < document.index(b"<content:encoded>")


def test_without_a_summary_the_description_is_the_body() -> None:
    document = written(entry_of(summary=""))
    assert texts(document, "//item/description") == [entry_of().release.content.body]
    assert texts(document, "//item/content:encoded") == []


def test_without_summary_and_body_there_is_a_title() -> None:
    """An item needs a title or a description."""
    document = written(entry_of(summary="", body=""))
    assert len(texts(document, "//item/title")) == 1
    assert texts(document, "//item/description") == []


@pytest.mark.parametrize(
    ("names", "creator"),
    [
        pytest.param(["A & B", "C"], "A & B, C", id="several are one: most readers show one"),
        pytest.param(["Food, Rural Affairs", "C"], "Food, Rural Affairs; C", id="with a comma"),
        pytest.param(["C"], "C", id="one"),
        pytest.param([], SITE.author.name, id="nobody but the newsroom"),
    ],
)
def test_authors_are_names_not_addresses(names: list[str], creator: str) -> None:
    people = tuple(Person(name=each, email="a@example.org") for each in names)
    document = written(entry_of(authors=people))
    assert texts(document, "//item/dc:creator") == [creator]
    assert texts(document, "//item/author") == []


def test_categories_are_what_a_person_reads_and_nothing_else() -> None:
    """RSS 2.0: domain "identifies a categorization taxonomy", which a slug is none of."""
    categories = find(written(FULL), "//item/category")
    assert [(dict(each.attrib), each.text) for each in categories] == [
        ({}, COOPERATION.title),
        ({}, RESEARCH.title),
    ]


def test_one_enclosure_is_an_enclosure_and_the_others_are_links() -> None:
    document = written(FULL)
    assert [dict(each.attrib) for each in find(document, "//item/enclosure")] == [
        {"url": "https://x.test/1.pdf", "length": "1", "type": "application/pdf"}
    ]
    links = find(document, "//item/atom:link[@rel='enclosure']")
    assert [(each.get("href"), each.get("length"), each.get("type")) for each in links] == [
        ("https://x.test/2.pdf", "2", "application/pdf"),
        ("https://x.test/3.pdf", "3", "application/pdf"),
    ]


def test_the_source_is_linked() -> None:
    assert [each.get("href") for each in find(written(FULL), "//item/atom:link[@rel='via']")] == [
        "https://source.example.org/?a=1&b=2"
    ]


def test_each_item_has_its_language() -> None:
    document = written(entry_of(language="ar"), entry_of(language="pt-BR"))
    assert texts(document, "//item/dc:language") == ["ar", "pt-BR"]
    assert [item.get(XML_LANG) for item in find(document, "//item")] == ["ar", "pt-BR"]


def test_a_correction_shows_when_and_leaves_the_publication_date() -> None:
    entry = entry_of()
    corrected = replace(entry.release, updated=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    document = written(entry, Entry(release=corrected, categories=entry.categories))
    assert texts(document, "//item/pubDate") == ["Tue, 21 May 2019 16:38:50 +0000"] * 2
    assert texts(document, "//item/atom:updated") == ["2020-01-02T03:04:05Z"]


def test_dates_have_four_digit_years_english_names_and_a_numeric_zone() -> None:
    pattern = re.compile(
        "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
        "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9:]{8} [+]0000"
    )
    dates = texts(written(*sample_entries()), "//pubDate")
    assert dates
    assert [date for date in dates if not pattern.fullmatch(date)] == []
