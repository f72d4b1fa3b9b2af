"""Documents that are broken in one place each, and what is found there."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds import render
from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Enclosure, ReleaseId
from feeds.render.checks import MAX_DOCUMENT_BYTES, check, format_of
from tests.support.rendering import RELEASE, SITE, entry_of, head_of, sample_newsrooms

NOW = datetime(2024, 6, 1, tzinfo=UTC)

#: With everything in it that can be broken below.
BODY = (
    '<p><a href="https://a.example/x">x</a>'
    '<img src="https://a.example/1.png" srcset="https://a.example/2.png 2x, '
    'https://a.example/3.png 3x"></p>'
)
FIRST = entry_of(
    body=BODY,
    url="https://source.example/1",
    enclosures=(
        Enclosure(url="https://a.example/a.pdf", media_type="application/pdf", length_bytes=9),
    ),
)
#: With everything that is said of files.
TALK = entry_of(
    enclosures=(
        Enclosure(
            url="https://a.example/talk.mp3",
            media_type="audio/mpeg",
            length_bytes=9,
            alt="A talk",
            thumbnail="https://a.example/hall.jpg",
            duration_s=754,
        ),
    ),
)
SECOND = Entry(
    release=replace(
        RELEASE, id=ReleaseId("urn:uuid:9d5b7d3e-3b1f-4a4b-8f6e-2d7f6b1f7a22"), slug="second"
    ),
    categories=FIRST.categories,
)


def document(feed_format: Format, *entries: Entry) -> bytes:
    """A document as it is published."""
    made = [render.render_fragment(entry, feed_format, SITE) for entry in entries]
    return render.assemble(head_of(feed_format), feed_format, SITE, made)


def found(feed_format: Format, broken: bytes, *, now: datetime = NOW) -> list[str]:
    """What is found in a document of the feed *cooperation*."""
    return check(broken, feed_format, now=now, topic=SITE.topic("cooperation", feed_format))


@pytest.mark.parametrize("feed_format", Format)
def test_what_we_publish_has_no_findings(feed_format: Format) -> None:
    assert found(feed_format, document(feed_format, FIRST, SECOND)) == []
    assert found(feed_format, document(feed_format)) == []


@pytest.mark.parametrize("feed_format", Format)
def test_real_releases_have_no_findings(feed_format: Format) -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    for entries in sample_newsrooms(20).values():
        assert found(feed_format, document(feed_format, *entries), now=later) == []


@pytest.mark.parametrize("feed_format", Format)
def test_the_format_is_seen_from_the_first_bytes(feed_format: Format) -> None:
    made = document(feed_format, FIRST)
    assert format_of(made) == feed_format
    assert format_of(b"\xef\xbb\xbf\n" + made) == feed_format


IN_ATOM = [
    pytest.param(b"</feed>", b"", "is not well-formed", id="cut off"),
    pytest.param(b"\xe2\x80\x9c", b"\xff", "is not well-formed", id="no UTF-8"),
    pytest.param(b"UTF-8", b"ISO-8859-1", "declares the encoding ISO-8859-1", id="encoding"),
    pytest.param(b"<feed", b"<!DOCTYPE feed><feed", "has a document type", id="doctype"),
    pytest.param(b"<feed", b"<fed", "is not well-formed", id="root is not closed"),
    pytest.param(b"/2005/Atom", b"/2006/Atom", "is not an Atom feed", id="other namespace"),
    pytest.param(b"<updated>", b"<x>", "is not well-formed", id="unclosed element"),
    pytest.param(
        b"<title type=\"text\">Cooperation &amp; &lt;more&gt;</title>",
        b"",
        "feed: has no title",
        id="no feed title",
    ),
    pytest.param(b'rel="self"', b'rel="other"', "names 0 self addresses, not one", id="no self"),
    pytest.param(
        b"cooperation.atom", b"finance.atom", "as its own address, which is", id="other self"
    ),
    pytest.param(b'rel="hub"', b'rel="self"', "names 3 self addresses", id="hubs as self"),
    pytest.param(b"https://hub.example.net/", b"/hub", "address '/hub'", id="relative hub"),
    pytest.param(b'src="https://a.example/1.png"', b'src="/1.png"', "'/1.png'", id="relative src"),
    pytest.param(b"https://a.example/3.png 3x", b"3.png 3x", "'3.png'", id="relative srcset"),
    pytest.param(b'href="https://a.example/x"', b'href="#x"', "'#x'", id="fragment"),
    pytest.param(b"2024-02-03T04:05:06Z", b"2024-02-03", "'2024-02-03'", id="date only"),
    pytest.param(b"2024-02-03T04:05:06Z", b"2024-02-03T04:05:06", "the format", id="no zone"),
    pytest.param(b"2024-02-03T", b"2024-02-30T", "the format does not", id="no such day"),
    pytest.param(b"2024-02-03T", b"2031-02-03T", "lies in the future", id="in the future"),
    pytest.param(b'type="html"', b'type="CDATA"', "of type 'CDATA'", id="CDATA as a type"),
    pytest.param(b"9d5b7d3e-3b1f-4a4b-8f6e-2d7f6b1f7a22", b"0b9d1f1e-7c1f-4a4b-8f6e-2d7f6b1f7a11",
        "entry 2: has the id", id="an id twice"),
    pytest.param(b"<id>urn:uuid:9d5b", b"<id>9d5b", "is not an IRI", id="id without a scheme"),
    pytest.param(b"<feed ", b'<feed xml:base="https://a.example/" ', "xml:base", id="xml:base"),
    pytest.param(b'rel="via"', b'rel="alternate" type="text/html" hreflang="en"',
        "2 alternate links of one kind (text/html en)", id="two alternates"),
]  # fmt: skip

IN_RSS = [
    pytest.param(b"</channel>", b"", "is not well-formed", id="cut off"),
    pytest.param(b'version="2.0"', b'version="0.91"', "is not RSS 2.0", id="old version"),
    pytest.param(b"<channel>", b"<channel/><channel>", "with one channel", id="two channels"),
    pytest.param(b'rel="self"', b'rel="other"', "names 0 self addresses, not one", id="no self"),
    pytest.param(b"cooperation.rss", b"finance.rss", "own address, which is", id="other self"),
    pytest.param(b"<guid", b"<uuid", "not well-formed", id="half a guid"),
    pytest.param(b'isPermaLink="false"', b'isPermaLink="true"', None, id="urn as permalink"),
    pytest.param(b"Tue, 21 May 2019", b"Di, 21 Mai 2019", "'Di, 21 Mai 2019", id="German date"),
    pytest.param(b"16:38:50 +0000", b"16:38:50 PST", "which the format", id="zone by name"),
    pytest.param(b"16:38:50 +0000", b"16:38:50 +02:00", "which the format", id="ISO zone"),
    pytest.param(b"16:38:50 +0000", b"16:38:50 -0000", "which the format", id="zone unknown"),
    pytest.param(b"21 May 2019", b"21 May 19", "which the format", id="year of two digits"),
    pytest.param(b"21 May 2019", b"21 May 2031", "lies in the future", id="in the future"),
    pytest.param(b"https://a.example/a.pdf", b"a.pdf", "address 'a.pdf'", id="enclosure"),
    pytest.param(b'length="9"', b"", "an enclosure without length", id="enclosure's length"),
    pytest.param(b"src=\"https://a.example/1.png\"", b'src="1.png"', "'1.png'", id="relative src"),
    pytest.param(b"<ttl>", b"<link>/</link><ttl>", "has link 2 times", id="two links"),
    pytest.param(b"<pubDate>Tue", b"<author>Ann</author><pubDate>Tue", "'Ann', which is not",
        id="author by name"),
    pytest.param(b"urn:uuid:9d5b7d3e-3b1f-4a4b-8f6e-2d7f6b1f7a22",
        b"urn:uuid:0b9d1f1e-7c1f-4a4b-8f6e-2d7f6b1f7a11", "entry 2: has the id", id="a guid twice"),
]  # fmt: skip


IN_MEDIA = [
    pytest.param(b' url="https://a.example/talk.mp3" fileSize', b" fileSize",
        "has a media:content without url", id="no url"),
    pytest.param(b'url="https://a.example/talk.mp3" fileSize', b'url="t.mp3" fileSize',
        "'t.mp3', which is not absolute", id="relative url"),
    pytest.param(b"https://a.example/hall.jpg", b"hall.jpg", "'hall.jpg'", id="relative thumbnail"),
    pytest.param(b'fileSize="9"', b'fileSize="9 MB"', "fileSize is '9 MB'", id="size"),
    pytest.param(b'duration="754"', b'duration="12:34"', "duration is '12:34'", id="clock"),
    pytest.param(b'type="plain"', b'type="text"', "media text of type 'text'", id="type"),
]  # fmt: skip


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
@pytest.mark.parametrize(("old", "new", "finding"), IN_MEDIA)
def test_media_rss(feed_format: Format, old: bytes, new: bytes, finding: str) -> None:
    """Media RSS 1.5.1."""
    good = document(feed_format, TALK)
    assert found(feed_format, good) == []
    assert old in good, good.decode()
    assert finding in "\n".join(found(feed_format, good.replace(old, new)))


def test_podcasts_have_durations() -> None:
    good = document(Format.RSS, TALK)
    clock = good.replace(b"<itunes:duration>754", b"<itunes:duration>0:12:34")
    assert found(Format.RSS, clock) == []
    words = good.replace(b"<itunes:duration>754", b"<itunes:duration>long")
    assert found(Format.RSS, words) == [
        f"entry 1 ({RELEASE.id}): has the duration 'long', which is not valid"
    ]


def test_rights_stand_once_in_an_entry() -> None:
    """RFC 4287 section 4.1.2."""
    good = document(Format.ATOM, entry_of())
    twice = good.replace(b"</entry>", b"<rights>a</rights><rights>b</rights></entry>")
    assert "has rights 2 times" in found(Format.ATOM, twice)[0]


def broken_by(feed_format: Format, old: bytes, new: bytes) -> bytes:
    """A good document with one thing changed, wherever it stands."""
    good = document(feed_format, FIRST, SECOND)
    assert old in good, good.decode()
    return good.replace(old, new)


@pytest.mark.parametrize(("old", "new", "finding"), IN_ATOM)
def test_atom(old: bytes, new: bytes, finding: str) -> None:
    """RFC 4287, and what readers are known to stumble over."""
    assert finding in "\n".join(found(Format.ATOM, broken_by(Format.ATOM, old, new)))


@pytest.mark.parametrize(("old", "new", "finding"), IN_RSS)
def test_rss(old: bytes, new: bytes, finding: str | None) -> None:
    """RSS 2.0 and its profile. A ``urn:`` is an absolute address, if an odd permalink."""
    findings = found(Format.RSS, broken_by(Format.RSS, old, new))
    assert finding in "\n".join(findings) if finding else findings == []


CLOUD = b'<cloud domain="a" port="80" path="/" registerProcedure="" protocol="http-post"/>'


@pytest.mark.parametrize(
    ("cloud", "findings"),
    [
        pytest.param(CLOUD, [], id="good"),
        pytest.param(CLOUD * 2, ["has cloud 2 times, which is allowed once"], id="two"),
        pytest.param(CLOUD.replace(b"domain=", b"x="), ["has a cloud without domain"], id="domain"),
        pytest.param(CLOUD.replace(b"port=", b"x="), ["has a cloud without port"], id="no port"),
        pytest.param(
            CLOUD.replace(b'registerProcedure=""', b""),
            ["has a cloud without registerProcedure"],
            id="no procedure",
        ),
        pytest.param(
            CLOUD.replace(b"80", b"65536"),
            ["has a cloud at port '65536', which is not valid"],
            id="port",
        ),
        pytest.param(
            CLOUD.replace(b'"/"', b'"rpc"'),
            ["has a cloud whose path does not begin with a slash"],
            id="path",
        ),
        pytest.param(
            CLOUD.replace(b"http-post", b"rest"),
            ["has a cloud of the protocol 'rest', which readers do not support"],
            id="protocol",
        ),
    ],
)
def test_a_cloud(cloud: bytes, findings: list[str]) -> None:
    """RSS 2.0, "<cloud> sub-element of <channel>"."""
    broken = broken_by(Format.RSS, b"<ttl>", cloud + b"<ttl>")
    assert found(Format.RSS, broken) == [f"feed: {finding}" for finding in findings]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(
            {"version": "https://jsonfeed.org/version/1"}, "is not JSON Feed 1.1", id="1.0"
        ),
        pytest.param({"items": {}}, "is not JSON Feed 1.1", id="no items"),
        pytest.param({"title": 7}, "feed: has no title", id="title is a number"),
        pytest.param({"home_page_url": "/"}, "address '/'", id="relative home page"),
        pytest.param({"feed_url": "https://a.example/f.json"}, "as its own", id="other feed_url"),
        pytest.param({"authors": None}, "has author without authors", id="author"),
        pytest.param({"hubs": [{"type": "WebSub", "url": "hub"}]}, "address 'hub'", id="hub"),
        pytest.param({"items": ["text"]}, "entry 1: is not an object", id="item is text"),
    ],
)
def test_json_feed(change: dict[str, Any], finding: str) -> None:
    """JSON Feed 1.1."""
    top = json.loads(document(Format.JSON, FIRST)) | change
    assert finding in "\n".join(found(Format.JSON, json.dumps(top).encode()))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param({"id": 7}, "has no id that is text", id="id is a number"),
        pytest.param({"content_html": None}, "has neither content_html nor", id="no content"),
        pytest.param({"date_published": "2019-05-21"}, "'2019-05-21'", id="date only"),
        pytest.param({"date_modified": "2031-05-21T00:00:00Z"}, "in the future", id="future"),
        pytest.param({"content_html": "<a href=x>x</a>"}, "address 'x'", id="relative link"),
        pytest.param({"url": "/releases/x"}, "address '/releases/x'", id="relative url"),
        pytest.param({"attachments": [{"url": "https://a.example/"}]}, "mime_type", id="no type"),
        pytest.param(
            {"attachments": [{"url": "a:b", "mime_type": "a/b", "size_in_bytes": "9"}]},
            "attachment whose size_in_bytes is not a number",
            id="size is text",
        ),
        pytest.param(
            {"attachments": [{"url": "a:b", "mime_type": "a/b", "duration_in_seconds": -1}]},
            "attachment whose duration_in_seconds is not a number",
            id="duration below 0",
        ),
    ],
)
def test_an_item_of_json_feed(change: dict[str, Any], finding: str) -> None:
    top = json.loads(document(Format.JSON, FIRST))
    top["items"][0] |= change
    assert finding in "\n".join(found(Format.JSON, json.dumps(top).encode()))


def test_an_id_twice_in_json_feed() -> None:
    assert "entry 2: has the id" in found(Format.JSON, document(Format.JSON, FIRST, FIRST))[0]


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff", b"[" * 100_000], ids=repr)
def test_what_is_no_json_at_all(broken: bytes) -> None:
    [finding] = found(Format.JSON, broken)
    assert finding.startswith("is not ")


def test_an_entry_without_author_in_a_feed_without_one() -> None:
    """RFC 4287 section 4.1.1."""
    good = document(Format.ATOM, FIRST)
    start, end = good.index(b"<author>"), good.index(b"</author>") + len(b"</author>")
    [finding] = found(Format.ATOM, good[:start] + good[end:])
    assert "has no author, and the feed has none either" in finding
    assert finding.startswith(f"entry 1 ({RELEASE.id}): ")


def test_a_document_that_is_too_large_for_old_readers() -> None:
    large = document(Format.JSON, entry_of(body=f"<p>{'x' * MAX_DOCUMENT_BYTES}</p>"))
    [finding] = found(Format.JSON, large)
    assert finding.endswith("more than 512,000")


def test_entities_are_not_fetched_and_not_expanded() -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed>&a;</feed>'
    [finding] = found(Format.ATOM, bomb)
    assert "document type" in finding


def test_a_clock_that_is_a_little_ahead_is_no_finding() -> None:
    made = document(Format.ATOM, FIRST)
    changed = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert found(Format.ATOM, made, now=changed - timedelta(minutes=4)) == []
    assert len(found(Format.ATOM, made, now=changed - timedelta(minutes=6))) == 1
