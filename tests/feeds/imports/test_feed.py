"""Feeds of others: what has to be kept, and what real ones get wrong."""

import html
import json
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.errors import NotAFeed
from feeds.imports.feed import read_feed
from feeds.imports.items import IdFormat, ImportedItem, KnownId, LeftOut, Reason
from feeds.imports.reading import ReadFeed
from feeds.ingest.drafting import draft
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Draft
from tests.support.wordpress import export, post

DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
RSS = f'<rss version="2.0" {DC} {{0}}><channel>{{1}}</channel></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" {0}><title>F</title>{1}</feed>'
ITEM = "<title>T</title><link>https://e.example/1</link><description>d</description>"


def rss(items: str, attributes: str = "", **arguments: Any) -> ReadFeed:
    return read_feed(RSS.format(attributes, items).encode(), **arguments)


def atom(entries: str, attributes: str = "", **arguments: Any) -> ReadFeed:
    return read_feed(ATOM.format(attributes, entries).encode(), **arguments)


def entry(content: str, attributes: str = "", **arguments: Any) -> ImportedItem:
    head = "<title>T</title><id>urn:x:1</id><updated>2026-01-01T00:00:00Z</updated>"
    return only(atom(f"<entry>{head}{content}</entry>", attributes, **arguments))


def only(feed: ReadFeed) -> ImportedItem:
    [item] = feed.items
    assert isinstance(item, ImportedItem)
    return item


def taken(feed: ReadFeed) -> list[ImportedItem]:
    return [item for item in feed.items if isinstance(item, ImportedItem)]


# Ids.


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ('<guid isPermaLink="false">54 at example.com</guid>', ("54 at example.com", False)),
        ("<guid>4 at https://x.example/?a&amp;b=2</guid>", ("4 at https://x.example/?a&b=2", None)),
        ('<guid isPermaLink="true">/a/../b?</guid>', ("/a/../b?", True)),
        ("<guid>HTTP://X.example/%7Ea#</guid>", ("HTTP://X.example/%7Ea#", None)),
        ("<guid ispermalink='False'>x</guid>", ("x", False)),
        ("<guid>http://localhost/?p=1</guid>", ("http://localhost/?p=1", None)),
        ("<guid><![CDATA[a&amp;b]]></guid>", ("a&amp;b", None)),
        ("<guid>caf\u00c3\u00a9 \u0092</guid>", ("caf\u00c3\u00a9 \u0092", None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", [1, -1])
def test_a_guid_is_kept_byte_for_byte(
    guid: str, expected: tuple[str, bool | None], order: int
) -> None:
    """feedparser resolves it, and whether it is a link depends on what stands before it."""
    children = "".join([guid, ITEM][::order])
    item = only(rss(f"<item>{children}</item>", 'xml:base="https://base.example/x/"'))
    known = item.known_id
    assert known is not None
    assert (known.value, known.is_permalink) == expected
    assert known.format is IdFormat.RSS
    assert item.link == "https://e.example/1"


def test_an_atom_id_is_never_resolved() -> None:
    item = entry("<id>relative</id>", 'xml:base="https://base.example/"')
    assert item.known_id == KnownId(value="relative", format=IdFormat.ATOM)


def test_a_missing_guid_is_none_and_the_link_stays() -> None:
    item = only(rss(f"<item>{ITEM}</item>"))
    assert item.known_id is None
    assert item.link == "https://e.example/1"


def test_links_tell_items_with_one_guid_apart() -> None:
    feed = rss(
        "".join(
            f"<item><title>T{n}</title><link>https://e.example/{n}</link><guid>same</guid></item>"
            for n in (1, 2, 3)
        )
    )
    assert [item.known_id for item in taken(feed)] == [
        KnownId(value=f"https://e.example/{n}", format=IdFormat.RSS, is_permalink=True)
        for n in (1, 2, 3)
    ]
    [warning] = feed.warnings
    assert warning == "3 items share ids ('same'); their links tell them apart"


def test_the_newer_of_two_states_of_an_entry_is_taken() -> None:
    """RFC 4287 section 4.1.1: entries with one id are states of one entry."""
    both = "".join(
        f"<entry><title>{title}</title><id>urn:x:1</id><link href='https://e.example/1'/>"
        f"<updated>{day}T00:00:00Z</updated></entry>"
        for title, day in (("old", "2026-01-01"), ("new", "2026-01-02"), ("older", "2025-01-01"))
    )
    feed = atom(both)
    assert [item.record.fields["title"] for item in taken(feed)] == ["new"]
    left = [item for item in feed.items if isinstance(item, LeftOut)]
    assert [each.example for each in left] == ["old", "older"]


def test_all_tombstones_are_told() -> None:
    """RFC 6721. feedparser keeps the last one."""
    feed = atom(
        '<at:deleted-entry ref="urn:x:8" when="2026-01-01T00:00:00Z"/>'
        '<at:deleted-entry ref="urn:x:9" when="2026-01-01T00:00:00Z"><at:comment>c</at:comment>'
        "</at:deleted-entry>",
        'xmlns:at="http://purl.org/atompub/tombstones/1.0"',
    )
    assert feed.items == (
        LeftOut(reason=Reason.DELETED, example="urn:x:8", line=1),
        LeftOut(reason=Reason.DELETED, example="urn:x:9", line=1),
    )


APP, OLD_APP = "http://www.w3.org/2007/app", "http://purl.org/atom/app#"
BLOGGER = "http://schemas.google.com/blogger/2018"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f'<control xmlns="{APP}"><draft>yes</draft></control>', (Reason.DRAFT, "")),
        (f'<x:control xmlns:x="{OLD_APP}"><x:draft>yes</x:draft></x:control>', (Reason.DRAFT, "")),
        (f'<status xmlns="{BLOGGER}">DRAFT</status>', (Reason.DRAFT, "")),
        (f'<type xmlns="{BLOGGER}">PAGE</type>', (Reason.NOT_A_RELEASE, "type PAGE")),
        (
            f'<type xmlns="{BLOGGER}">COMMENT</type><status xmlns="{BLOGGER}">PENDING</status>',
            (Reason.NOT_A_RELEASE, "type COMMENT"),
        ),
    ],
)
def test_drafts_and_what_is_no_post_are_left_out(content: str, expected: tuple[Any, str]) -> None:
    """Exports that are Atom have them among the entries (RFC 5023 section 13.1.1; Blogger)."""
    head = "<title>Not yet</title><id>urn:x:2</id><updated>2026-01-01T00:00:00Z</updated>"
    [left] = atom(f"<entry>{head}{content}</entry>").items
    assert isinstance(left, LeftOut)
    assert (left.reason, left.detail, left.example) == (*expected, "Not yet")


@pytest.mark.parametrize(
    "content",
    [
        f'<control xmlns="{APP}"><draft>no</draft></control>',
        f'<control xmlns="{APP}"/>',
        f'<type xmlns="{BLOGGER}">POST</type><status xmlns="{BLOGGER}">LIVE</status>',
        f'<author><name>A</name><type xmlns="{BLOGGER}">BLOGGER</type></author>',
    ],
)
def test_what_is_public_is_taken(content: str) -> None:
    assert entry(content).record.fields["title"] == "T"


# What a newsroom like this one leaves in its feeds when it retracts a release: a tombstone, a
# stand-in under the same id and date, and a notice with an id of its own.

RETRACTED = "urn:uuid:af7fb62c-088b-5550-ad86-e7ffed56b722"
NOTICE = "urn:uuid:deb037fd-8a57-5535-aba9-4af902039c2b"  # as such a feed had it


@pytest.mark.parametrize(
    ("stand_in_changed", "is_taken"),
    [("2026-12-01T00:10:12Z", False), ("2026-12-01T01:10:13+01:00", True)],
)
def test_a_stand_in_beside_its_tombstone_is_deleted(
    stand_in_changed: str, *, is_taken: bool
) -> None:
    """RFC 6721 section 3: only an entry that changed after its tombstone is there again."""
    entries = "".join(
        f"<entry><id>{each}</id><title>Retracted: Bridge</title><link href='https://e.example/1'/>"
        f"<updated>{updated}</updated></entry>"
        for each, updated in (
            (NOTICE, "2026-12-01T00:10:12Z"),
            (RETRACTED, stand_in_changed),
            ("urn:uuid:9a4a0a3c-5d0b-5b0e-8f5b-1e6e3a5c7d11", "2026-11-01T00:00:00Z"),
        )
    )
    stone = f'<at:deleted-entry ref="{RETRACTED}" when="2026-12-01T00:10:12Z"/>'
    feed = atom(stone + entries, 'xmlns:at="http://purl.org/atompub/tombstones/1.0"')
    ids = [item.known_id.value for item in taken(feed) if item.known_id is not None]
    assert (RETRACTED in ids) == is_taken
    assert NOTICE not in ids
    assert len(ids) == 1 + is_taken
    left = [(one.reason, one.example) for one in feed.items if isinstance(one, LeftOut)]
    assert left == [(Reason.NOT_A_RELEASE, "Retracted: Bridge"), (Reason.DELETED, RETRACTED)]


def test_items_that_are_retracted_in_rss_and_json_feed_are_deleted() -> None:
    stone = (
        '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" '
        f'ref="{RETRACTED}" when="2026-12-01T00:10:12Z"/>'
    )
    date = "<pubDate>Tue, 01 Dec 2026 00:09:33 +0000</pubDate>"
    guid = '<guid isPermaLink="false">{}</guid>'
    items = f"<item>{ITEM}{guid.format(RETRACTED)}{date}</item>"
    items += f"<item>{ITEM}{guid.format(NOTICE)}{date}</item>"
    marked = {"retracted": {"when": "2026-12-01T00:10:12Z", "reason": "A mistake"}}
    written = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [
            {"id": NOTICE, "content_text": "N", "date_published": "2026-12-01T00:10:12Z"},
            {"id": RETRACTED, "content_text": "R", "_communique": marked},
        ],
    }
    for feed in (rss(stone + items), read_feed(json.dumps(written).encode())):
        left = [one for one in feed.items if isinstance(one, LeftOut)]
        assert taken(feed) == []
        assert [one.reason for one in left] == [Reason.NOT_A_RELEASE, Reason.DELETED]
        assert left[1].example == RETRACTED


# Dates.


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tue, 03 Jun 2003 09:39:21 GMT", "2003-06-03T09:39:21+00:00"),
        ("Tue, 04 Sep 2018 18:48 EDT", "2018-09-04T18:48:00-04:00"),
        ("Tue, 04 Dec 2018 18:48:00 EST", "2018-12-04T18:48:00-05:00"),
        ("Tue, 04 Sep 2018 18:48:00 PST", "2018-09-04T18:48:00-08:00"),
        ("04 Sep 18 18:48:00 +0530", "2018-09-04T18:48:00+05:30"),
        ("Di, 04 Mär 2025 08:00:00 +0100", "2025-03-04T08:00:00+01:00"),
        ("Wed, 05 Jul 2023 10:00:00 CEST", "2023-07-05T10:00:00+02:00"),
        ("Wed, 05 Jul 2023 10:00:00 +0200 (CEST)", "2023-07-05T10:00:00+02:00"),
        ("Wed, 05 Jul 2023 10:00:00 GMT+0200", "2023-07-05T10:00:00+02:00"),
        ("Wed Jul  5 10:00:00 2023", "2023-07-05T10:00:00+01:00"),
        ("Monday, April 15, 2013 - 2:23pm", "2013-04-15T14:23:00+01:00"),
        ("2023-07-05 10:00:00", "2023-07-05T10:00:00+01:00"),
        ("2023-07-05T10:00:00.123456-0700", "2023-07-05T10:00:00-07:00"),
        ("2023-07-05T24:00:00Z", "2023-07-06T00:00:00+00:00"),
        ("2023-07-05", "2023-07-05"),
        ("Wed, 05 Jul 2023", "2023-07-05"),
        ("2004년 05월 28일  오후 11:20:41", None),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_dates_keep_their_zone(written: str, expected: str | None) -> None:
    item = only(
        rss(f"<item>{ITEM}<pubDate>{written}</pubDate></item>", zone=ZoneInfo("Europe/London"))
    )
    assert item.record.fields.get("published") == expected
    told = [each for each in item.record.warnings if each.startswith("published")]
    assumed = (
        expected is not None
        and "+01:00" in expected
        and "(" not in written
        and "0100" not in written
    )
    assert bool(told) == (expected is None or assumed), told


def test_without_a_date_that_of_the_change_is_taken_and_told() -> None:
    item = entry("")
    assert item.record.fields["published"] == "2026-01-01T00:00:00+00:00"
    assert "published: not stated; the date of the last change was taken" in item.record.warnings
    undated = only(rss(f"<item>{ITEM}</item>"))
    assert "published" not in undated.record.fields
    assert undated.record.may_be_undated
    assert undated.record.warnings == ("published: not stated",)


def test_the_date_of_an_item_of_rdf_is_no_change() -> None:
    """Every item of RSS 1.0 was counted among those whose date is missing."""
    written = "<dc:date>2022-12-17T10:00:00+01:00</dc:date>"
    item = only(rss(f"<item>{ITEM}{written}</item>"))
    assert item.record.fields["published"] == "2022-12-17T10:00:00+01:00"
    assert item.record.warnings == ()
    [told] = [each for each in entry(written).record.warnings if each.startswith("published")]
    assert told == "published: not stated; the date of the last change was taken"


# Texts.


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("We &lt;3 Bern: the &lt;video&gt; element", "We <3 Bern: the <video> element"),
        ("<![CDATA[&lt;b&gt;Bold&lt;/b&gt; news]]>", "<b>Bold</b> news"),
        ("&lt;b&gt;Bold&lt;/b&gt; news", "Bold news"),
        ("a &nbsp; b &ndash; c", "a \u00a0 b \u2013 c"),
        ("Fish & chips, a&b", "Fish & chips, a&b"),
    ],
)
def test_titles_of_rss(written: str, expected: str) -> None:
    title = only(rss(f"<item><title>{written}</title></item>")).record.fields["title"]
    # The intake decodes references in the fields of an HTML release once.
    assert html.unescape(str(title)) == expected


@pytest.mark.parametrize(
    ("attributes", "written", "expected"),
    [
        ("", "a &lt;b> c", "a <b> c"),
        ('type="html"', "a &lt;b>c&lt;/b> &amp;amp; d", "a c &amp; d"),
        ('type="xhtml"', '<div xmlns="http://www.w3.org/1999/xhtml">a <b>c</b></div>', "a c"),
    ],
)
def test_titles_of_atom(attributes: str, written: str, expected: str) -> None:
    feed = atom(f"<entry><id>urn:x:1</id><title {attributes}>{written}</title></entry>")
    assert only(feed).record.fields["title"] in (expected, expected.replace("&amp;", "&"))


def test_full_content_goes_before_the_summary() -> None:
    content = "<content:encoded><![CDATA[<p>All of it</p>]]></content:encoded>"
    for order in (1, -1):
        children = "".join([content, "<description>Short</description>"][::order])
        item = only(
            rss(
                f"<item><title>T</title>{children}</item>",
                'xmlns:content="http://purl.org/rss/1.0/modules/content/"',
            )
        )
        assert item.record.fields["body"] == "<p>All of it</p>"
        assert item.record.fields["summary"] == "Short"


def test_a_content_elsewhere_is_linked_to() -> None:
    item = entry('<content src="a.pdf" type="application/pdf"/>', url="https://e.example/f.atom")
    assert item.record.fields["body"] == '<p><a href="https://e.example/a.pdf">T</a></p>'
    assert "body: the content is not in the feed; a link leads to it" in item.record.warnings


def test_line_breaks_of_xhtml_are_not_doubled() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">a<br/>b<img src="/i.png" alt="x"/></div>'
    item = entry(f'<content type="xhtml">{div}</content>', url="https://e.example/f")
    assert item.record.fields["body"] == 'a<br>b<img src="https://e.example/i.png" alt="x">'
    [file] = item.files
    assert (file.url, file.alt, file.in_body) == ("https://e.example/i.png", "x", True)


def test_an_item_without_title_and_text() -> None:
    item = only(rss("<item><link>https://e.example/?a=1&amp;b</link></item>"))
    assert item.record.fields["title"] == "https://e.example/?a=1&b"
    assert 'href="https://e.example/?a=1&amp;b"' in str(item.record.fields["body"])


# Addresses and languages.


@pytest.mark.parametrize(
    ("attributes", "inside", "expected"),
    [
        ('xml:base="https://b.example/x/"', "", "https://b.example/x/i.png"),
        ('xml:base="/y/"', "", "https://e.example/y/i.png"),
        ("", '<link href="/2026/a/"/>', "https://e.example/2026/a/i.png"),
        ("", "", "https://e.example/feeds/i.png"),
    ],
)
def test_bases_of_relative_addresses(attributes: str, inside: str, expected: str) -> None:
    """In this order: ``xml:base``, the link of the entry, the address of the feed."""
    item = entry(
        f"{inside}<content type='html' {attributes}>&lt;img src='i.png'></content>",
        url="https://e.example/feeds/all.atom",
    )
    assert f'src="{expected}"' in str(item.record.fields["body"])


def test_bases_apply_to_links_and_enclosures_and_srcset() -> None:
    item = entry(
        '<link href="a"/><link rel="enclosure" href="b.mp3" type="audio/mpeg" length="7"/>'
        "<content type='html'>&lt;img src='c.png' srcset='c.png 1x, d,1.png 2x'></content>",
        'xml:base="https://b.example/x/"',
    )
    assert item.link == "https://b.example/x/a"
    assert item.record.fields["enclosures"] == [
        {"url": "https://b.example/x/b.mp3", "type": "audio/mpeg", "length": 7}
    ]
    assert 'srcset="https://b.example/x/c.png 1x, https://b.example/x/d,1.png 2x"' in str(
        item.record.fields["body"]
    )


def test_the_real_link_is_feedburners() -> None:
    item = only(
        rss(
            f"<item>{ITEM}<feedburner:origLink>https://real.example/1</feedburner:origLink></item>",
            'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"',
        )
    )
    assert item.link == "https://real.example/1"


@pytest.mark.parametrize(
    ("attributes", "inside", "expected"),
    [
        ('xml:lang="de"', "", "de"),
        ('xml:lang="de"', "<dc:language>fr</dc:language>", "fr"),
        ("", "<dc:language>pt_BR</dc:language>", "pt-BR"),
        ("", "", "en"),
        ("", "<dc:language>English</dc:language>", None),
    ],
)
def test_languages(attributes: str, inside: str, expected: str | None) -> None:
    item = only(rss(f"<language>en</language><item {attributes}>{ITEM}{inside}</item>"))
    assert item.record.fields.get("language") == expected


# What is broken.


@pytest.mark.parametrize(
    ("body", "reason", "remedy"),
    [
        (b"", "the body is empty", "try later"),
        (b" \r\n", "the body is empty", "try later"),
        (b"<!doctype html><title>x</title>", "a page in HTML", "address of the feed"),
        (b"<!-- x --><html lang=en>", "a page in HTML", "address of the feed"),
        (b'<?xml version="1.0"?><html xmlns="x"/>', "a page in HTML", "address of the feed"),
        (
            b'<html><link rel=alternate type="application/rss+xml" href="/f.xml">',
            "a page in HTML",
            "the page names /f.xml",
        ),
        (b"<html><title>Just a moment...</title>", "proof of a browser", "let feed readers pass"),
        (b"<opml version='2.0'/>", "its root element is opml", "list of feeds"),
        (export(post(status="draft")), "an export of WordPress", "communique import wxr"),
        (b"{", "not JSON", "mend"),
        (b"{}", "without a list of items", "give the address"),
        (b"hello", "it begins with 'hello'", "give the address"),
    ],
)
def test_what_is_no_feed_is_an_error_of_its_own(body: bytes, reason: str, remedy: str) -> None:
    with pytest.raises(NotAFeed) as raised:
        read_feed(body)
    assert reason in raised.value.reason
    assert remedy in raised.value.remedy


def test_a_document_that_ends_in_an_item_gives_the_others() -> None:
    whole = RSS.format("", f"\n<item>{ITEM}</item>\n<item><title>Cut</title><description>Half a")
    feed = read_feed(whole.partition("</channel>")[0].encode())
    assert [item.record.fields["title"] for item in taken(feed)] == ["T"]
    assert feed.items[-1] == LeftOut(
        reason=Reason.UNREADABLE, detail="the document ends in it", line=3
    )
    [warning] = feed.warnings
    assert "not well-formed" in warning


def test_markup_that_is_not_escaped() -> None:
    text = "<description><p>One<br>two &nbsp; <b>x</description>"
    feed = rss("".join(f"<item><title>A<br>{n}</title>{text}</item>" for n in (1, 2)))
    assert [item.record.fields["title"] for item in taken(feed)] == ["A 1", "A 2"]
    assert "two" in str(taken(feed)[1].record.fields["body"])


def test_undeclared_prefixes_and_controls() -> None:
    feed = read_feed(
        b"\n<rss version='2.0'><channel><item><title>a\x0bb&#11;</title>"
        b"<dc:creator>Ann</dc:creator>"
        b"<media:content url='https://e.example/p.jpg' type='image/jpeg' fileSize='9'/>"
        b"</item></channel></rss>"
    )
    fields = only(feed).record.fields
    assert fields["title"] == "ab"
    assert fields["authors"] == [{"name": "Ann"}]
    assert fields["enclosures"] == [
        {"url": "https://e.example/p.jpg", "type": "image/jpeg", "length": 9}
    ]


def test_entities_are_not_expanded_without_bounds() -> None:
    bomb = (
        '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">'
        '<!ENTITY c SYSTEM "file:///etc/hostname">]>'
        + RSS.format("", "<item><title>&a;-&b;-&c;</title></item>")
    )
    assert only(read_feed(bomb.encode())).record.fields["title"] in (
        "aaaaaaaaaa-&b;-&c;",
        "aaaaaaaaaa-&amp;b;-&amp;c;",
    )


@pytest.mark.parametrize(
    ("prolog", "charset", "codec", "is_told"),
    [
        pytest.param("", None, "utf-8", False, id="none"),
        pytest.param("", None, "utf-8-sig", False, id="mark"),
        pytest.param("utf-8", None, "utf-16", False, id="UTF-16"),
        pytest.param("", None, "utf-16-le", False, id="UTF-16 without a mark"),
        pytest.param("iso-8859-1", None, "utf-8", True, id="wrong prolog"),
        pytest.param("utf-8", "iso-8859-1", "utf-8", True, id="wrong charset"),
        pytest.param("iso-8859-1", None, "windows-1252", False, id="windows-1252 as latin-1"),
        pytest.param("utf-8", None, "windows-1252", True, id="windows-1252 as UTF-8"),
        pytest.param("", "koi8-r", "koi8-r", False, id="KOI8-R"),
        pytest.param("koi8-r", None, "koi8-r", False, id="KOI8-R in the prolog"),
        pytest.param("gb2312", None, "gb18030", False, id="GB18030"),
        pytest.param("utf-8", "gbk", "utf-8", False, id="UTF-8 as GBK by the server"),
    ],
)
def test_encodings(prolog: str, charset: str | None, codec: str, *, is_told: bool) -> None:
    title = {"koi8-r": "Новости", "gb18030": "联通新闻", "windows-1252": "“Zürich” – 5 €"}.get(
        codec, "Zürich – 联通"
    )
    declaration = f'<?xml version="1.0" encoding="{prolog}"?>' if prolog else ""
    text = declaration + RSS.format("", f"<item><title>{title}</title></item>")
    feed = read_feed(text.encode(codec), charset=charset)
    assert only(feed).record.fields["title"] == title
    assert bool(feed.warnings) == is_told


# JSON Feed.


def test_json_feed() -> None:
    feed = read_feed(
        b"\xef\xbb\xbf"
        + json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "News & more",
                "home_page_url": "https://e.example/",
                "feed_url": "https://e.example/feed.json",
                "next_url": "feed2.json",
                "language": "de",
                "authors": [{"name": "Redaktion", "url": "/wir"}],
                "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
                "items": [
                    {
                        "id": 12,
                        "url": "/a",
                        "content_html": "<p><img src='/p.png' alt='P'>x</p>",
                        "summary": "s",
                        "date_published": "2026-01-02T03:04:05+01:00",
                        "tags": ["News", "Köln"],
                        "attachments": [
                            {
                                "url": "/m.mp3",
                                "mime_type": "audio/mpeg",
                                "size_in_bytes": 5,
                                "title": "Ton",
                            }
                        ],
                    },
                    {"id": "b", "content_text": "Nur <Text>", "author": {"name": "Ann"}},
                    "broken",
                ],
            }
        ).encode()
    )
    first, second = taken(feed)
    assert first.known_id == KnownId(value="12", format=IdFormat.JSON_FEED)
    assert first.link == "https://e.example/a"
    assert first.record.fields == {
        "title": "x",
        "body": '<p><img src="https://e.example/p.png" alt="P">x</p>',
        "body_format": "html",
        "summary": "s",
        "published": "2026-01-02T03:04:05+01:00",
        "url": "https://e.example/a",
        "language": "de",
        "authors": [{"name": "Redaktion", "url": "https://e.example/wir"}],
        "categories": ["News", "Köln"],
        "enclosures": [
            {"url": "https://e.example/m.mp3", "type": "audio/mpeg", "length": 5, "title": "Ton"}
        ],
    } | {"title": first.record.fields["title"]}
    assert second.record.fields["body_format"] == "text"
    assert second.record.fields["body"] == "Nur <Text>"
    assert second.record.fields["authors"] == [{"name": "Ann"}]
    assert (feed.link("next"), feed.link("hub")) == (
        "https://e.example/feed2.json",
        "https://hub.example/",
    )
    assert feed.head.title == "News & more"
    assert [item.detail for item in feed.items if isinstance(item, LeftOut)] == ["not an object"]


# What the intake makes of it.


def test_the_intake_takes_what_is_read() -> None:
    """No optional field of a feed refuses an item."""
    rules = IntakeRules(
        base_url="https://n.example",
        language="en",
        time_zone=ZoneInfo("UTC"),
        time_of_day=time(9),
    )
    item = only(
        rss(
            f"<item><title>{'Long ' * 300}</title><link>javascript:alert(1)</link>"
            f"<description>{'words ' * 900}</description><language>xx-nonsense-tag-</language>"
            "<enclosure url='https://e.example/100%.pdf' length='unknown' type='pdf'/>"
            f"{''.join(f'<category>c{n}</category>' for n in range(150))}"
            "<category>" + "x" * 400 + "</category>"
            "<author>nobody at all</author><pubDate>Tue, 03 Jun 2003 09:39:21 GMT</pubDate></item>"
        )
    )
    read = draft(item.record, document="feed.xml", rules=rules)
    assert isinstance(read, Draft), read
    assert read.content.url is None
    assert len(read.content.category_names) == 100
