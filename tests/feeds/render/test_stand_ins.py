"""RFC 6721: a retracted release is a tombstone, and a stand-in for who does not know those."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import feedparser
import pytest

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import ChangeNote, Details, Enclosure, Person, Retraction
from feeds.render import assemble, render_fragment
from feeds.render.checks import check
from tests.support.atom_grammar import assert_valid
from tests.support.parsers import by_atoma, by_feedparser, by_hand, items_of, root_of
from tests.support.rendering import RELEASE, SITE, entry_of, head_of

AT = datetime(2019, 6, 1, 8, 30, tzinfo=UTC)
REASON = "The figures in it are wrong & <misleading>."
WHEN = "2019-06-01T08:30:00Z"
SECRET = "SECRET"
AT_NAMESPACE = {"at": "http://purl.org/atompub/tombstones/1.0"}


def retracted(language: str = "en") -> Entry:
    """An entry that says SECRET wherever it can, but for its title; retracted."""
    entry = entry_of(
        body=f"<p>{SECRET}</p>",
        summary=SECRET,
        language=language,
        url=f"https://source.example/{SECRET}",
        authors=(Person(name=SECRET),),
        enclosures=(
            Enclosure(url=f"https://m.example/{SECRET}", media_type="a/b", length_bytes=1),
        ),
        details=Details(place=SECRET, number=SECRET, rights=SECRET),
    )
    release = replace(
        entry.release,
        retraction=Retraction(at=AT, reason=REASON),
        notes=(ChangeNote(at=AT, text=SECRET),),
        updated=AT,
    )
    return replace(entry, release=release)


def written(feed_format: Format, *entries: Entry) -> bytes:
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    return assemble(head_of(feed_format), feed_format, SITE, fragments)


def tombstones(document: bytes) -> Sequence[tuple[str, str, str]]:
    found = root_of(document).iterfind(".//at:deleted-entry", AT_NAMESPACE)
    return [
        (e.get("ref"), e.get("when"), e.findtext("at:comment", "", AT_NAMESPACE)) for e in found
    ]


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_the_tombstone_stands_beside_the_entry(feed_format: Format) -> None:
    """RFC 6721 section 2: a child of atom:feed; in RSS, of the channel as a foreign element."""
    document = written(feed_format, entry_of(), retracted())
    assert tombstones(document) == [(RELEASE.id, WHEN, REASON)]
    [element] = root_of(document).iterfind(".//at:deleted-entry", AT_NAMESPACE)
    assert element.getparent().tag.rpartition("}")[2] in ("feed", "channel")


def test_the_namespace_is_declared_once_at_the_root() -> None:
    for feed_format in (Format.ATOM, Format.RSS):
        assert written(feed_format, retracted()).count(b"xmlns:at=") == 1
        assert b"xmlns:at=" not in written(feed_format, entry_of())


def test_json_feed_says_it_in_an_extension_of_the_item() -> None:
    [item] = items_of(written(Format.JSON, retracted()))
    assert item["_communique"] == {"retracted": {"when": WHEN, "reason": REASON}}
    assert "_communique" not in items_of(written(Format.JSON, entry_of()))[0]


@pytest.mark.parametrize("feed_format", Format)
def test_nothing_of_the_release_is_left_but_its_title(feed_format: Format) -> None:
    document = written(feed_format, retracted())
    assert SECRET.encode() not in document
    assert RELEASE.content.title.encode() in document


@pytest.mark.parametrize("feed_format", Format)
def test_no_tombstone_is_older_than_the_entry_beside_it(feed_format: Format) -> None:
    """RFC 6721 section 2: else it is ignored. What was stored since does not count."""
    entry = retracted()
    later = replace(entry, release=replace(entry.release, updated=AT.replace(year=2021)))
    assert render_fragment(later, feed_format, SITE) == render_fragment(entry, feed_format, SITE)
    assert b"2021" not in render_fragment(later, feed_format, SITE)


@pytest.mark.parametrize("feed_format", Format)
def test_readers_are_shown_the_stand_in(feed_format: Format) -> None:
    document = written(feed_format, retracted())
    read = [*by_atoma(document, feed_format)]
    read += by_hand(document) if feed_format is Format.JSON else by_feedparser(document)
    for entry in read:
        assert entry.id == RELEASE.id
        assert entry.title == f"Retracted: {RELEASE.content.title}"
        assert "retracted on 2019-06-01" in entry.content
        assert "Reason: The figures in it are wrong &amp; &lt;misleading&gt;." in entry.content
        assert entry.summary.endswith(REASON)
        assert entry.published == RELEASE.content.published


@pytest.mark.parametrize("feed_format", Format)
def test_the_documents_keep_their_promises(feed_format: Format) -> None:
    document = written(feed_format, retracted())
    topic = SITE.topic("cooperation", feed_format)
    assert check(document, feed_format, now=datetime(2026, 1, 1, tzinfo=UTC), topic=topic) == []
    if feed_format is Format.ATOM:
        assert_valid(document)
        assert feedparser.parse(document).entries[0].updated == WHEN


@pytest.mark.parametrize(
    ("language", "begins"),
    [
        ("en-GB", "Retracted: "),
        ("fr", "Retiré : "),
        ("es-MX", "Retirado: "),
        ("ar", "سُحب: "),
        ("ru", "Отозвано: "),
        ("zh-Hans", "已撤回："),
    ],
)
def test_the_stand_in_speaks_the_releases_language(language: str, begins: str) -> None:
    [item] = items_of(written(Format.JSON, retracted(language)))
    assert item["title"] == begins + RELEASE.content.title
    assert "2019-06-01" in item["content_text"]
    assert REASON in item["content_text"]
    leftward = f'<div lang="{language}" dir="rtl">'
    assert item["content_html"].startswith(f"{leftward}<p>" if language == "ar" else "<p>")


def test_in_other_languages_it_is_in_english_and_says_so() -> None:
    [item] = items_of(written(Format.JSON, retracted("he")))
    assert item["language"] == "he"
    assert item["content_html"].count('<p lang="en" dir="ltr">') == 2


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
@pytest.mark.parametrize(
    ("good", "bad", "finding"),
    [
        (f'ref="{RELEASE.id}"', 'ref=""', "feed: has a tombstone without ref"),
        (f'when="{WHEN}"', 'when="today"', "feed: has the date 'today', which the format"),
        ('2019-06-01T08:30:00Z">', '2031-06-01T08:30:00Z">', "feed: has the date '2031-06-01"),
    ],
)
def test_a_tombstone_that_is_none_is_found(
    feed_format: Format, good: str, bad: str, finding: str
) -> None:
    """RFC 6721 section 3."""
    document = written(feed_format, retracted()).replace(good.encode(), bad.encode(), 1)
    [found] = check(document, feed_format, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert found.startswith(finding)
