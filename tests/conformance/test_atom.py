"""RFC 4287, and WebSub 4 where it concerns Atom."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Enclosure, Person
from feeds.render import assemble, render_fragment
from tests.support.atom_grammar import assert_valid, find
from tests.support.parsers import XML_LANG, root_of
from tests.support.rendering import (
    COOPERATION,
    FEED,
    HEAD_ID,
    RESEARCH,
    SITE,
    entry_of,
    head_of,
    sample_entries,
)

FULL = entry_of(
    COOPERATION,
    RESEARCH,
    url="https://source.example.org/?a=1&b=2",
    authors=(Person(name="A & B", email="a@example.org"), Person(name="C", uri="https://c.test/")),
    enclosures=(
        Enclosure(url="https://x.test/1.pdf", media_type="application/pdf", length_bytes=12),
        Enclosure(
            url="https://x.test/2.mp3", media_type="audio/mpeg", length_bytes=7, title="T & <i>"
        ),
    ),
)
OWN = Person(name="Own", email="own@example.org")
BARE = entry_of(body="", summary="")


def written(*entries: Any) -> bytes:
    fragments = [render_fragment(entry, Format.ATOM, SITE) for entry in entries]
    return assemble(head_of(Format.ATOM), Format.ATOM, SITE, fragments)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((), id="no entry"),
        pytest.param((BARE,), id="nothing but a title"),
        pytest.param((FULL, BARE), id="all there is"),
    ],
)
def test_appendix_b_the_grammar_is_satisfied(entries: tuple[Entry, ...]) -> None:
    assert_valid(written(*entries))


def test_appendix_b_by_every_sample_release() -> None:
    assert_valid(written(*sample_entries()))


def test_appendix_b_the_grammar_would_tell() -> None:
    broken = written(FULL).replace(b'type="html"', b'type="CDATA"')
    with pytest.raises(AssertionError):
        assert_valid(broken)


def test_4_1_1_the_feed_says_what_it_is() -> None:
    (feed,) = find(root_of(written()), "/atom:feed")
    assert feed.get(XML_LANG) == FEED.language
    assert [child.text for child in feed if not child.get("href") and not len(child)] == [
        HEAD_ID,
        FEED.title,
        "2024-02-03T04:05:06Z",
        "Communiqué",
        SITE.icon,
        SITE.logo,
        SITE.rights,
        FEED.description,
    ]
    assert find(feed, "atom:author/*/text()") == [
        "Press Office",
        "press@example.org",
        "https://example.org/",
    ]


def test_4_2_7_and_websub_4_one_self_one_page_and_every_hub() -> None:
    links = find(root_of(written(FULL)), "/atom:feed/atom:link")
    assert [dict(link.attrib) for link in links] == [
        {"rel": "alternate", "type": "text/html", "href": SITE.feed_page(FEED.slug)},
        {
            "rel": "self",
            "type": "application/atom+xml",
            "href": "https://press.example.org/feeds/cooperation.atom",
        },
        {"rel": "hub", "href": "https://hub.example.net/"},
        {"rel": "hub", "href": "https://hub.example.com/?a=1&b=2"},
    ]


def test_4_1_2_an_entry_keeps_all_that_feedgen_loses() -> None:
    (entry,) = find(root_of(written(FULL)), "//atom:entry")
    assert [dict(link.attrib) for link in find(entry, "atom:link")] == [
        {
            "rel": "alternate",
            "type": "text/html",
            "hreflang": "en",
            "href": SITE.release_page(FULL.release.slug),
        },
        {"rel": "via", "href": "https://source.example.org/?a=1&b=2"},
        {
            "rel": "enclosure",
            "type": "application/pdf",
            "length": "12",
            "href": "https://x.test/1.pdf",
        },
        {
            "rel": "enclosure",
            "type": "audio/mpeg",
            "length": "7",
            "title": "T & <i>",
            "href": "https://x.test/2.mp3",
        },
        {
            "rel": "alternate",
            "type": "text/html; charset=utf-8",
            "hreflang": "en",
            "href": SITE.release_page(FULL.release.slug),
        },
    ]
    assert find(entry, "atom:author/atom:name/text()") == ["A & B, C"]


def test_4_2_7_an_entry_with_nothing_but_its_page_has_one_link() -> None:
    (link,) = find(root_of(written(BARE)), "//atom:entry/atom:link")
    assert (link.get("rel"), link.get("type")) == ("alternate", "text/html")


@pytest.mark.parametrize("people", [FULL.release.content.authors, (OWN,), ()], ids=len)
def test_3_2_an_address_is_that_of_the_one_author(people: tuple[Person, ...]) -> None:
    (entry,) = find(root_of(written(entry_of(authors=people))), "//atom:entry")
    said = [child.text for child in find(entry, "atom:author/*")]
    assert said == (["A & B, C"] if len(people) > 1 else [OWN.name, OWN.email] * len(people))


def test_4_2_2_the_slug_is_the_term_and_the_title_the_label() -> None:
    categories = find(root_of(written(FULL)), "//atom:entry/atom:category")
    assert [dict(category.attrib) for category in categories] == [
        {"term": "cooperation", "label": COOPERATION.title},
        {"term": "r-and-d", "label": "R&D <advanced>"},
    ]


def test_2_each_entry_has_its_language() -> None:
    root = root_of(written(entry_of(language="ar"), entry_of(language="pt-BR")))
    assert [entry.get(XML_LANG) for entry in find(root, "//atom:entry")] == ["ar", "pt-BR"]
    assert find(root, "//atom:entry/atom:link/@hreflang") == ["ar", "pt-BR"]


def test_4_1_3_3_html_is_escaped_text() -> None:
    (content,) = find(root_of(written(FULL)), "//atom:content")
    assert (content.get("type"), content.text) == ("html", FULL.release.content.body)


def test_3_1_1_plain_text_says_so() -> None:
    """Some (feedparser-rs, rss-to-json) take for HTML what has no type."""
    document = written(
        entry_of(summary="1 < 2", details=replace(FULL.release.content.details, rights="(c)"))
    )
    for name in ("title", "subtitle", "rights", "summary"):
        found = find(root_of(document), f"//atom:{name}")
        assert found
        assert {each.get("type") for each in found} == {"text"}


def test_4_2_6_ids_are_unique_and_permanent() -> None:
    ids = find(root_of(written(*sample_entries())), "//atom:id/text()")
    assert all(name.startswith("urn:uuid:") for name in ids)
    assert Counter(ids).most_common(1)[0][1] == 1


def test_3_3_dates_are_utc_with_z() -> None:
    dates = find(root_of(written(*sample_entries())), "//atom:updated | //atom:published")
    assert {date.text[-1] for date in dates} == {"Z"}
    assert {len(date.text) for date in dates} == {len("2019-05-21T16:38:50Z")}
