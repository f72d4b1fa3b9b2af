"""Whatever text comes in: it is in the store and in every format what the rule of cleaning says.

The rule stands here a second time, in a few lines of its own, so that what is expected does not
come from the code that is tried.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from itertools import count
from unicodedata import category, normalize

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.feed import ALL, Format, Window
from feeds.model.intake import Intake, Refusal
from feeds.model.release import Release
from feeds.store.database import Database
from service.jobs.reading import Outcome, take_in
from tests.feeds.ingest.intake import RECORD, RULES
from tests.support.newsrooms import NOON, Office, catalogue
from tests.support.parsers import NAMESPACES, by_feedparser, items_of, root_of
from tests.support.ready_stores import make_sqlite

#: DEL and the C1 controls but for NEL become what they were in another encoding, or go: that is
#: told in ``tests/feeds/ingest/test_characters.py``.
MISREAD = [chr(code) for code in range(0x7F, 0xA0) if code != 0x85]
#: Any other text at all, and often what hurts: controls, newlines of all sorts, markup, references,
#: marks that combine, writing from right to left, lone surrogates.
TEXT = st.lists(
    st.text(st.characters(exclude_categories=[], exclude_characters=MISREAD), max_size=8)
    | st.sampled_from(
        ["\x00", "\x0b", "\x1b", "\x85", "\u2028", "\u2029", "\r\n", "\r", "\n", "\t", "  ", "\xa0"]
    )
    | st.sampled_from(
        ["]]>", "<", ">", "&", "&amp;", "&#60;", "<b>", "</p>", "<!--", '"', "'", "\\"]
    )
    | st.sampled_from(["e\u0301", "\u0338", "\u0327\u0301", "\u1100\u1161", "\u212b", "\ufb01"])
    | st.sampled_from(["\u202e", "\u2066", "\u05d0", "\u0627", "\u200b", "\u200d", "\ufeff", "😀"])
    | st.sampled_from(["\ud800", "\udfff", "\ufffe", "\uffff", "\ufffd", "\U0010ffff"]),
    max_size=8,
).map("".join)

#: All that ends a line somewhere, and what does not.
NEWLINES = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\n", "\xa0", ""]
LINES = st.lists(TEXT | st.sampled_from(["a", "é"]) | st.sampled_from(NEWLINES), max_size=12).map(
    "".join
)

#: Text and tags, opened and closed as it comes.
HTML = st.lists(
    st.sampled_from(["<p>", "</p>", "<b>", "</b>", "<i>", "<ul>", "<li>", "</ul>", "<br>"])
    | st.sampled_from(
        ['<a href="/x">', "</a>", "<blockquote>", "<!-- x -->", "&lt;", "&nbsp;", "x"]
    )
    | TEXT.filter(lambda text: not re.search("[<&]", text)),
    max_size=12,
).map("".join)


def said(text: str) -> str:
    """*Text* as a JSON document says it: two escaped surrogates that fit are one character."""
    told: str = json.loads(json.dumps(text))
    return told


def allowed(text: str) -> str:
    """XML 1.0 ``Char``, section 2.2; one kind of newline."""
    text = re.sub("\r\n|[\r\x0b\x0c\x85\u2028]", "\n", said(text))
    return "".join(character for character in text if is_char(ord(character)))


def rule(text: str) -> str:
    """What is allowed, in NFC."""
    return normalize("NFC", allowed(text))


def is_char(point: int) -> bool:
    return (
        point in (0x9, 0xA, 0xD)
        or 0x20 <= point <= 0xD7FF
        or 0xE000 <= point <= 0xFFFD
        or 0x10000 <= point <= 0x10FFFF
    )


def one_line(text: str) -> str:
    return re.sub("[ \t\n\u2029]+", " ", rule(text)).strip()


def visible(lines: list[str]) -> list[str]:
    """The lines of which something can be seen; of a word processor's empty ones nothing stays."""
    return [one.strip() for one in lines if any(category(c)[0] not in "ZC" for c in one)]


def words(markup: str) -> list[str]:
    """The words of HTML, by a parser of Python's own."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append  # type: ignore[assignment, method-assign]
    parser.feed(markup)
    parser.close()
    return normalize("NFC", "".join(found)).split()


class Press:
    """A newsroom that publishes what is handed in, and reads its documents."""

    def __init__(self, database: Database) -> None:
        # The next release is two days later: a document never holds more than the last ones.
        self.office = Office(database, catalogue(window=Window(entries=1, days=1)))
        self._numbers = count(1)
        self._now = NOON

    def take_in(self, *records: dict[str, object]) -> list[Outcome]:
        """Take in records from JSON Lines, as the jobs do."""
        self._now += timedelta(days=2)
        lines = [json.dumps(RECORD | {"id": next(self._numbers)} | one) for one in records]
        stream = BytesIO("\n".join(lines).encode())
        newsroom, now = self.office.newsroom, self._now
        return list(take_in(stream, "a.jsonl", newsroom=newsroom, rules=RULES, now=lambda: now))

    def publish(self, **fields: object) -> Release | None:
        """Publish one record; None when it was refused."""
        (outcome,) = self.take_in(fields)
        if isinstance(outcome, Refusal):
            return None
        self.office.publish(now=self._now)
        return self.office.newsroom.release(outcome.release.id).release

    def document(self, feed_format: Format) -> bytes:
        """The feed of everything."""
        return self.office.newsstand.render(ALL, feed_format)

    def entry(self, release: Release, feed_format: Format) -> dict[str, object]:
        """What a strict parser finds of a release."""
        return _READERS[feed_format](self.document(feed_format), release.id)


def _atom(document: bytes, release_id: str) -> dict[str, object]:
    (entry,) = (
        one
        for one in root_of(document).iterfind("atom:entry", NAMESPACES)
        if one.findtext("atom:id", namespaces=NAMESPACES) == release_id
    )
    links = entry.iterfind("atom:link[@rel='enclosure']", NAMESPACES)
    return {
        "title": entry.findtext("atom:title", namespaces=NAMESPACES),
        "summary": entry.findtext("atom:summary", namespaces=NAMESPACES),
        "content": entry.findtext("atom:content", namespaces=NAMESPACES),
        "authors": [one.text for one in entry.iterfind("atom:author/atom:name", NAMESPACES)],
        "files": [link.get("title") for link in links],
    }


def _rss(document: bytes, release_id: str) -> dict[str, object]:
    (item,) = (
        one
        for one in root_of(document).iterfind("channel/item")
        if one.findtext("guid") == release_id
    )
    return {
        "title": item.findtext("title"),
        "summary": unescape(item.findtext("description")),
        "content": item.findtext("content:encoded", namespaces=NAMESPACES),
        "authors": [one.text for one in item.iterfind("dc:creator", NAMESPACES)],
    }


def _json(document: bytes, release_id: str) -> dict[str, object]:
    (item,) = (one for one in items_of(document) if one["id"] == release_id)
    return {
        "title": item["title"],
        "summary": item["summary"],
        "content": item["content_html"],
        "authors": [one["name"] for one in item.get("authors", [])],
        "files": [one.get("title") for one in item.get("attachments", [])],
    }


_READERS: dict[Format, Callable[[bytes, str], dict[str, object]]] = {
    Format.ATOM: _atom,
    Format.RSS: _rss,
    Format.JSON: _json,
}


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """One for all examples: each is a release of its own."""
    database = make_sqlite(tmp_path_factory.mktemp("press") / "store.db")
    yield Press(database)
    database.close()


@settings(max_examples=4 * settings().max_examples // 5)
@given(title=TEXT, summary=TEXT, author=TEXT, name=TEXT, file=TEXT)
def test_any_line_of_text_comes_out_of_every_format_as_it_went_in(
    press: Press, title: str, summary: str, author: str, name: str, file: str
) -> None:
    """Titles, summaries, authors, titles of files; and in the store the names of categories."""
    enclosure = {"url": "https://e.org/a", "type": "a/b", "length": 1, "title": f"{file}F"}
    release = press.publish(
        title=f"{title}T",
        summary=f"{summary}S",
        author=f"{author}A",
        categories=[f"{name}C"],
        enclosures=[enclosure],
    )
    assert release is not None
    assert release.content.category_names == (one_line(f"{name}C"),)
    expected = {
        "title": one_line(f"{title}T"),
        "summary": one_line(f"{summary}S"),
        "authors": [one_line(f"{author}A")],
        "files": [one_line(f"{file}F")],
    }
    for feed_format in Format:
        read = press.entry(release, feed_format)
        assert read == {name: expected.get(name, read[name]) for name in read}, feed_format


@settings(max_examples=4 * settings().max_examples // 5)
@given(body=LINES)
def test_any_text_is_published_paragraph_by_paragraph(press: Press, body: str) -> None:
    expected = visible(re.split("[\n\u2029]", rule(body)))
    release = press.publish(body=body, summary="S")
    assert (release is None) == (not expected)
    if release is None:
        return
    for feed_format in Format:
        content = str(press.entry(release, feed_format)["content"])
        lines = [normalize("NFC", unescape(one)) for one in re.split("</?p>|<br>", content)]
        assert visible(lines) == expected, feed_format
    for feed_format in (Format.ATOM, Format.RSS):
        by_feedparser(press.document(feed_format))  # which finds nothing to forgive


@settings(max_examples=4 * settings().max_examples // 5)
@given(body=HTML)
def test_any_html_is_published_with_the_words_that_a_sanitizer_finds_in_it(
    press: Press, body: str
) -> None:
    # Not in NFC yet: ``>`` and what composes with it would be no end of a tag. An end mark of XML
    # behind a tag is what an export left.
    expected = words(nh3.clean(re.sub(r"(?<=>)\]\]>\s*\Z", "", allowed(body))))
    release = press.publish(body=body, body_format="html", summary="S")
    if release is None:
        assert not visible(expected)
        return
    for feed_format in Format:
        content = str(press.entry(release, feed_format)["content"])
        assert words(content) == expected, feed_format


GOOD = TEXT.map(lambda text: {"title": f"{text}T"})
BAD = st.sampled_from(
    [
        {"title": "\ud800"},
        {"title": "x" * 501},
        {"published": "2024-02-30"},
        {"published": "2024-01-31T08:00"},
        {"published": "9999-01-01"},
        {"published": "2999-01-01"},
        {"body": "<script>x", "body_format": "html"},
        {"body": "<b>" * 600, "body_format": "html"},
        {"categories": ["c"] * 101},
        {"url": "javascript:x"},
        {"language": "english"},
        {"id": ["x"]},
    ]
)


@settings(max_examples=4 * settings().max_examples // 5)
@given(records=st.lists(st.tuples(st.booleans(), GOOD, BAD), min_size=1, max_size=12))
def test_of_a_mixed_batch_exactly_the_good_ones_are_taken_in_whatever_their_order(
    press: Press, records: list[tuple[bool, dict[str, object], dict[str, object]]]
) -> None:
    outcomes = press.take_in(*(good if is_good else bad for is_good, good, bad in records))
    assert [isinstance(outcome, Intake) for outcome in outcomes] == [one[0] for one in records]
    titles = [one_line(str(good["title"])) for is_good, good, _ in records if is_good]
    taken = [outcome.release for outcome in outcomes if isinstance(outcome, Intake)]
    assert [release.content.title for release in taken] == titles
    for release in taken:
        assert press.office.newsroom.release(release.id).release == release
    for number, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, Refusal):
            assert outcome.origin.line == number
            assert outcome.reason
            assert outcome.remedy
