"""The root of a document declares what its entries use, and nothing that they do not."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feeds.model.edition import Entry, History
from feeds.model.feed import Format
from feeds.model.release import Enclosure, Retraction
from feeds.render import assemble, render_fragment
from tests.support.parsers import root_of
from tests.support.rendering import SITE, entry_of, head_of

SOUND = Enclosure(url="https://x.test/a.mp3", media_type="audio/mpeg", length_bytes=9)
PAPER = Enclosure(url="https://x.test/a.pdf", media_type="application/pdf", length_bytes=9)
LONG = replace(SOUND, duration_s=7)
TITLED = replace(PAPER, title="T", credit="C")

PLAIN = entry_of()
RETRACTED = replace(
    PLAIN,
    release=replace(
        PLAIN.release, retraction=Retraction(at=datetime(2020, 1, 1, tzinfo=UTC), reason="R")
    ),
)
TALKS_OF_THEM = entry_of(body='<p title="&lt;media:content/>">&lt;itunes:title></p>')

ALWAYS = {Format.ATOM: set(), Format.RSS: {"atom", "content", "dc"}}


@pytest.mark.parametrize("feed_format", ALWAYS)
@pytest.mark.parametrize(
    ("entries", "in_atom", "in_rss"),
    [
        pytest.param([], "", "", id="no entry"),
        pytest.param([PLAIN, TALKS_OF_THEM], "", "", id="nothing of the kind"),
        pytest.param([RETRACTED], "at", "at", id="a tombstone"),
        pytest.param([PLAIN, entry_of(enclosures=(PAPER,))], "", "", id="a file"),
        pytest.param([entry_of(enclosures=(PAPER, TITLED)), PLAIN], "media", "media", id="files"),
        pytest.param([entry_of(enclosures=(TITLED,))], "media", "media", id="a file with more"),
        pytest.param([entry_of(enclosures=(SOUND,))], "", "itunes", id="a sound"),
        pytest.param([entry_of(enclosures=(LONG,))], "media", "itunes media", id="its duration"),
        pytest.param(
            [entry_of(enclosures=(SOUND,)), RETRACTED, entry_of(enclosures=(TITLED,))],
            "at media",
            "at itunes media",
            id="all",
        ),
    ],
)
def test_what_is_used_is_declared(
    feed_format: Format, entries: list[Entry], in_atom: str, in_rss: str
) -> None:
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    document = assemble(head_of(feed_format), feed_format, SITE, fragments)
    root_of(document)  # Whatever is used and not declared, no parser takes.
    expected = set((in_atom if feed_format is Format.ATOM else in_rss).split())
    assert declared_by(document) == ALWAYS[feed_format] | expected


@pytest.mark.parametrize("feed_format", ALWAYS)
@pytest.mark.parametrize("history", History)
def test_history_is_declared_where_it_is_told(feed_format: Format, history: History) -> None:
    head = replace(head_of(feed_format), history=history)
    document = assemble(head, feed_format, SITE, [])
    assert ("fh" in declared_by(document)) is (history is not History.PARTIAL)
    assert document.count(b"xmlns:fh") == (history is not History.PARTIAL)


def declared_by(document: bytes) -> set[str]:
    root = re.search(rb"<(?:rss|feed)\b[^>]*>", document)
    assert root is not None
    names = re.findall(rb"xmlns:(\w+)=", root[0])
    assert len(names) == len(set(names)) == document.count(b"xmlns:")
    return {name.decode() for name in names}
