"""Every real feed and every case of the validator's is read as its file says.

The expectations were written down by looking at the files.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from feeds.imports.feed import read_feed
from feeds.imports.items import IdFormat, ImportedItem, KnownId
from feeds.imports.reading import ReadFeed

DATA = Path(__file__).parents[2] / "data"
ATOM, RSS = IdFormat.ATOM, IdFormat.RSS


def read(path: str) -> ReadFeed:
    return read_feed((DATA / path).read_bytes())


def items(feed: ReadFeed) -> list[ImportedItem]:
    assert all(isinstance(item, ImportedItem) for item in feed.items)
    return [item for item in feed.items if isinstance(item, ImportedItem)]


class Expected(NamedTuple):
    number: int
    first: KnownId | None
    last: KnownId | None
    first_published: str | None
    last_published: str | None
    title: str
    link: str | None
    language: str | None


def atom(value: str) -> KnownId:
    return KnownId(value=value, format=ATOM)


def rss(value: str, *, is_permalink: bool | None) -> KnownId:
    return KnownId(value=value, format=RSS, is_permalink=is_permalink)


_NASA = "http://www.nasa.gov/press-release/"
_RUIZ = "http://ruiz.house.gov/%3Ca%20href%3D%22/media-center/press-releases/"
_GITHUB = "tag:github.com,2008:"
REAL = {
    "debian-news-2022-12.rdf": Expected(
        1,
        rss("https://www.debian.org/News/2022/20221217", is_permalink=True),
        rss("https://www.debian.org/News/2022/20221217", is_permalink=True),
        "2022-12-17",
        "2022-12-17",
        "Updated Debian 11: 11.6 released",
        "https://www.debian.org/News/2022/20221217",
        "en",
    ),
    "github-commits-miniflux-2024-03.atom.xml": Expected(
        20,
        atom(f"{_GITHUB}Grit::Commit/6d97f8b4582414b6ce69467656824690057d4793"),
        atom(f"{_GITHUB}Grit::Commit/111e3f2106646cd29f7f74c0102f2a570c598e2e"),
        "2024-03-12T05:30:27+00:00",
        "2024-03-05T01:36:10+00:00",
        "Parse podcast categories",
        "https://github.com/miniflux/v2/commit/6d97f8b4582414b6ce69467656824690057d4793",
        "en-US",
    ),
    "github-releases-feed-rs-2020-01.atom.xml": Expected(
        4,
        atom(f"{_GITHUB}Repository/90976281/v0.2.0"),
        atom(f"{_GITHUB}Repository/90976281/0.1.0"),
        "2020-01-19T16:08:59+11:00",
        "2017-06-15T16:44:26+10:00",
        "0.2.0",
        "https://github.com/feed-rs/feed-rs/releases/tag/v0.2.0",
        "en-US",
    ),
    # Its links are relative, and the address of the feed is only in rel="self".
    "github-releases-gulp-2015-06.atom": Expected(
        10,
        atom(f"{_GITHUB}Repository/11167738/v3.9.0"),
        atom(f"{_GITHUB}Repository/11167738/v3.8.3"),
        "2015-06-01T23:49:41+02:00",
        "2014-06-26T23:17:51+02:00",
        "v3.9.0",
        "https://github.com/gulpjs/gulp/releases/tag/v3.9.0",
        "en-US",
    ),
    "intertwingly-2012-07.atom": Expected(
        20,
        atom("tag:intertwingly.net,2004:3299"),
        atom("tag:intertwingly.net,2004:3280"),
        "2012-07-16T08:48:01-07:00",
        "2012-02-04T13:54:53-08:00",
        "Inhibiting Suspend",
        "http://intertwingly.net/blog/2012/07/16/Inhibiting-Suspend",
        None,
    ),
    # "18:48 EDT" without seconds; guids that are addresses, and say that they are no permalinks
    "nasa-breaking-news-2018-09.rss": Expected(
        10,
        rss(
            f"{_NASA}nasa-to-host-live-chat-on-successful-mission-to-asteroid-belt",
            is_permalink=False,
        ),
        rss(
            f"{_NASA}south-dakota-texas-students-to-speak-with-astronauts-on-international-space-station",
            is_permalink=False,
        ),
        "2018-09-04T18:48:00-04:00",
        "2018-08-24T09:29:00-04:00",
        "NASA to Host Live Chat on Successful Mission to Asteroid Belt",
        f"{_NASA}nasa-to-host-live-chat-on-successful-mission-to-asteroid-belt",
        "en-US",
    ),
    "netnewswire-releases-appcast.rss": Expected(
        3,
        None,
        None,
        "2026-08-19T10:10:00-07:00",
        "2025-12-03T21:40:00-08:00",
        "NetNewsWire 7.1.3",
        None,
        "en",
    ),
    "sec-edgar-company-filings.atom.xml": Expected(
        5,
        atom("urn:tag:sec.gov,2008:accession-number=0001104659-21-057704"),
        atom("urn:tag:sec.gov,2008:accession-number=0001104659-21-024398"),
        "2021-04-29T16:45:49-04:00",
        None,
        "S-1/A [Amend] - General form for registration of securities under the "
        "Securities Act of 1933",
        "https://www.sec.gov/Archives/edgar/data/1844419/000110465921057704/0001104659-21-057704-index.htm",
        None,
    ),
    "sec-press-releases-2025-01.rss": Expected(
        25,
        rss("ec1b9af9-5a0f-44b3-83c6-adc75a33096d", is_permalink=False),
        rss("4ab97279-1301-4336-9eea-4276f4b7b539", is_permalink=False),
        "2025-01-24T11:00:00-05:00",
        "2025-01-14T09:06:46-05:00",
        "Acting Chairman Mark T. Uyeda Names Acting Senior Staff",
        "https://www.sec.gov/newsroom/press-releases/2025-31",
        "en",
    ),
    "spec-sample-rss-2.0-liftoff-news.xml": Expected(
        4,
        rss("http://liftoff.msfc.nasa.gov/2003/06/03.html#item573", is_permalink=None),
        rss("http://liftoff.msfc.nasa.gov/2003/05/20.html#item570", is_permalink=None),
        "2003-06-03T09:39:21+00:00",
        "2003-05-20T08:56:02+00:00",
        "Star City",
        "http://liftoff.msfc.nasa.gov/news/2003/news-starcity.asp",
        "en-US",
    ),
    # "Monday, April 15, 2013 - 2:23pm" has no zone; guids that are escaped HTML
    "us-house-rep-ruiz-2013.rss": Expected(
        10,
        rss(
            f"{_RUIZ}dr-ruiz-highlights-first-100-days-in-congress%22%3Eview%3C/a%3E",
            is_permalink=True,
        ),
        rss(
            f"{_RUIZ}rep-ruiz-statement-on-the-president-s-state-of-the-union-address%22%3Eview%3C/a%3E",
            is_permalink=True,
        ),
        "2013-04-15T14:23:00+00:00",
        "2013-02-13T10:55:00+00:00",
        "Dr. Ruiz Highlights First 100 Days in Congress",
        "http://ruiz.house.gov/media-center/press-releases/dr-ruiz-highlights-first-100-days-in-congress",
        "en",
    ),
    "usgs-earthquakes-2018-11.atom.xml": Expected(
        6,
        atom("urn:earthquake-usgs-gov:ci:38138255"),
        atom("urn:earthquake-usgs-gov:nc:73112941"),
        "2018-11-19T21:45:04+00:00",
        "2018-11-19T21:15:51+00:00",
        "M 2.1 - 27km SE of Campo, CA",
        "https://earthquake.usgs.gov/earthquakes/eventpage/ci38138255",
        None,
    ),
}


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "feeds").iterdir()))
def test_a_real_feed_is_read_as_it_says(name: str) -> None:
    expected, feed = REAL[name], read(f"feeds/{name}")
    found = items(feed)
    first, last = found[0], found[-1]
    assert (len(found), first.known_id, last.known_id) == expected[:3]
    assert first.record.fields.get("published") == expected.first_published
    if expected.last_published is not None:
        assert last.record.fields.get("published") == expected.last_published
    assert first.record.fields["title"] == expected.title
    assert first.link == expected.link
    assert first.record.fields.get("language") == expected.language
    assert feed.warnings == ()
    assert all(str(item.record.fields["body"]).strip() for item in found)


def test_what_else_real_feeds_state() -> None:
    nasa = items(read("feeds/nasa-breaking-news-2018-09.rss"))[0]
    assert nasa.record.fields["enclosures"] == [
        {
            "url": "http://www.nasa.gov/sites/default/files/styles/1x1_cardfeed/public/thumbnails/"
            "image/pia18922_1.jpg?itok=6lkGO-xB",
            "type": "image/jpeg",
            "length": 174908,
        }
    ]
    assert nasa.source is not None
    assert nasa.source.url == "http://www.nasa.gov/rss/dyn/breaking_news.rss"
    liftoff = items(read("feeds/spec-sample-rss-2.0-liftoff-news.xml"))
    assert liftoff[0].record.fields["authors"] == [
        {"name": "Writer", "email": "writer@example.com"}
    ]
    assert liftoff[1].record.warnings == ("title: not stated; made of the first words",)
    # It has no link, and its guid is a permalink by default.
    assert liftoff[1].link == "http://liftoff.msfc.nasa.gov/2003/05/30.html#item572"
    ruby = read("feeds/intertwingly-2012-07.atom")
    assert ruby.link("hub") == "http://pubsubhubbub.appspot.com/"
    assert items(ruby)[0].record.fields["authors"] == [
        {
            "name": "Sam Ruby",
            "email": "rubys@intertwingly.net",
            "url": "http://intertwingly.net/blog/",
        }
    ]
    usgs = items(read("feeds/usgs-earthquakes-2018-11.atom.xml"))[0]
    assert "32.413&deg;N" in str(usgs.record.fields["body"])
    edgar = items(read("feeds/sec-edgar-company-filings.atom.xml"))
    assert {name for item in edgar for name in item.record.fields["categories"]} == {  # type: ignore[attr-defined]
        "S-1",
        "S-1/A",
    }


# The validator's cases.

_ROBOTS = atom("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a")
_OF_ROBOTS = "2003-12-13T18:30:02+00:00"
_RESTFUL = "http://www.xml.com/pub/a/2005/01/05/restful.html"
#: Number of items, id and date of the last one.
CASES: dict[str, tuple[int, KnownId | None, str | None]] = {
    "atom__1.1__extensive-noerror.xml": (
        1,
        atom("tag:example.org,2003:3.2397"),
        "2003-12-13T08:29:29-04:00",
    ),
    "atom__6.1__rdf-noerror.xml": (
        1,
        atom("urn:uuid:7A61F615-21E4-33C6-98E7-0AF0268BA2AA"),
        "2007-09-22T18:11:30+00:00",
    ),
    "ext__georss__box.xml": (1, _ROBOTS, "2005-08-17T07:02:32+00:00"),
    "ext__georss__line.xml": (1, _ROBOTS, "2005-08-17T07:02:32+00:00"),
    "ext__georss__simple_line.xml": (1, _ROBOTS, "2005-08-17T07:02:32+00:00"),
    "ext__media__example1.xml": (1, None, None),
    "ext__media__example5.xml": (1, None, None),
    "ext__media__valid_media_content.xml": (1, None, None),
    "ext__media__valid_restriction_allow.xml": (1, None, None),
    "ext__media__valid_restriction_allow_uri.xml": (1, None, None),
    "ext__thr__feed-irt-source.xml": (0, None, None),
    "ext__thr__source-in-reply-to.xml": (
        1,
        atom("tag:example.org,2005:1,1"),
        "2005-07-28T12:00:00+00:00",
    ),
    "rss11__must__pos-desc-enc.xml": (1, rss(_RESTFUL, is_permalink=True), None),
    "rss11__must__pos-mixed-order.xml": (2, rss(f"{_RESTFUL}#Ver2", is_permalink=False), None),
    "rss11__must__pos-optabout.xml": (1, None, None),
    "rss11__must__pos-optimage.xml": (0, None, None),
    "rss__must__cp_server.xml": (0, None, None),
    "rss__must__l_permalink.xml": (1, rss("http://www.exapmle.com/", is_permalink=False), None),
    "rss__must__rss10_spec_sample_nowarn.xml": (
        2,
        rss("http://xml.com/pub/2000/08/09/rdfdb/index.html", is_permalink=True),
        None,
    ),
    "rss__must__valid_dcterms_all2.xml": (1, None, "2005-07-04"),
    "rss__must__valid_taxo_all.xml": (1, rss("http://example.org/1", is_permalink=True), None),
    "rss__should__modwiki-new.xml": (
        1,
        rss("http://openwiki.com/ow.asp?p=SandBox&version=23", is_permalink=False),
        "2001-11-25T15:01:00+01:00",
    ),
}


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "validator_cases").iterdir()))
def test_a_case_of_the_validator_is_read_as_it_says(name: str) -> None:
    expected = CASES.get(name, (1, _ROBOTS, _OF_ROBOTS))
    found = items(read(f"validator_cases/{name}"))
    last = found[-1] if found else None
    known = last.known_id if last is not None else None
    published = last.record.fields.get("published") if last is not None else None
    assert (len(found), known, published) == expected


def _only(name: str) -> ImportedItem:
    [item] = items(read(f"validator_cases/{name}"))
    return item


def test_what_the_cases_are_about() -> None:
    assert _only("atom__2__xml-base.xml").link == "http://example.org/2003/12/13/atom03"
    text = _only("atom__3.1.1.3__example_xhtml_summary3.xml").record.fields["body"]
    assert text == "This is <b>XHTML</b> content."
    two = _only("atom__4.1.2__link-same-rel-different-types.xml")
    assert two.link == "http://example.org/2003/12/13/atom03.html"  # and not the PDF before it
    both = _only("atom__4.1.3.1__type-html.xml").record.fields
    assert (both["body"], both["summary"]) == ("Some content.", "Some text.")
    source = _only("atom__4.2.11__multiple-categories.xml")
    assert source.source is not None
    assert source.source.id == "urn:uuid:28213c50-f84c-11d9-8cd6-0800200c9a66"
    assert source.source.title == "Source of all knowledge"
    assert "categories" not in source.record.fields  # those are the source's
    assert read("validator_cases/ext__fh__example-complete.xml").is_complete
    songs = _only("ext__media__example5.xml").record.fields["enclosures"]
    assert [song["length"] for song in songs] == [1000, 2000, 4000, 8000, 16000]  # type: ignore[attr-defined]
    podcast = _only("atom__1.1__extensive-noerror.xml").record.fields
    assert podcast["enclosures"] == [
        {
            "url": "http://example.org/audio/ph34r_my_podcast.mp3",
            "type": "audio/mpeg",
            "length": 1337,
        }
    ]
    assert podcast["updated"] == "2005-07-11T12:29:29+00:00"
