import json
from dataclasses import replace

import pytest

from feeds.errors import InvalidFeed
from feeds.model.feed import Format
from feeds.model.release import ReleaseId
from feeds.render import assemble, render_fragment
from feeds.render.documents import WRITERS
from tests.support.parsers import items_of, root_of
from tests.support.rendering import FEED, SITE, entry_of, head_of

ENTRIES = [
    replace(entry, release=replace(entry.release, id=ReleaseId(f"urn:uuid:{number}")))
    for number, entry in enumerate([entry_of()] * 3)
]


def fragments(feed_format: Format) -> list[bytes]:
    return [render_fragment(entry, feed_format, SITE) for entry in ENTRIES]


def ids(document: bytes, feed_format: Format) -> list[str]:
    if feed_format is Format.JSON:
        return [item["id"] for item in items_of(document)]
    path = {
        Format.ATOM: "//a:entry/a:id/text()",
        Format.RSS: "//item/guid/text()",
    }[feed_format]
    return list(root_of(document).xpath(path, namespaces={"a": "http://www.w3.org/2005/Atom"}))


def test_every_format_has_its_row() -> None:
    assert set(WRITERS) == set(Format)


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_document_holds_its_fragments_in_the_order_given(feed_format: Format, count: int) -> None:
    parts = fragments(feed_format)[:count]
    document = assemble(head_of(feed_format), feed_format, SITE, parts)
    assert ids(document, feed_format) == [f"urn:uuid:{number}" for number in range(count)]
    turned = assemble(head_of(feed_format), feed_format, SITE, parts[::-1])
    assert ids(turned, feed_format) == [f"urn:uuid:{number}" for number in range(count)][::-1]


@pytest.mark.parametrize("feed_format", Format)
def test_a_new_entry_leaves_all_other_bytes_as_they_were(feed_format: Format) -> None:
    """Joining is all that a document costs."""
    head, (newest, *held) = head_of(feed_format), fragments(feed_format)
    before = assemble(head, feed_format, SITE, held)
    after = assemble(head, feed_format, SITE, [newest, *held])
    between = WRITERS[feed_format].frame(head, SITE).between
    assert after.replace(newest + between, b"") == before


@pytest.mark.parametrize("feed_format", Format)
def test_documents_are_utf_8_and_end_with_a_line_end(feed_format: Format) -> None:
    document = assemble(head_of(feed_format), feed_format, SITE, fragments(feed_format))
    assert "“" in document.decode("utf-8")
    assert document.endswith((b">\n", b"}\n"))


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_xml_says_its_encoding(feed_format: Format) -> None:
    document = assemble(head_of(feed_format), feed_format, SITE, [])
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')


@pytest.mark.parametrize("feed_format", Format)
def test_the_generator_is_not_a_version(feed_format: Format) -> None:
    """An upgrade of a library must not look like news to every reader."""
    document = assemble(head_of(feed_format), feed_format, SITE, [])
    assert b"feedgen" not in document
    assert b"1.0.0" not in document


def test_the_feeds_id_does_not_move_with_the_host() -> None:
    moved = replace(SITE, base_url="https://elsewhere.example.org")
    here, there = (
        root_of(assemble(head_of(Format.ATOM), Format.ATOM, site, [])).findtext(
            "{http://www.w3.org/2005/Atom}id"
        )
        for site in (SITE, moved)
    )
    assert here == there


@pytest.mark.parametrize("feed_format", Format)
def test_a_feed_that_cannot_be_described_is_named(feed_format: Format) -> None:
    feed = replace(FEED, title="\ud800")
    with pytest.raises(InvalidFeed) as invalid:
        assemble(head_of(feed_format, feed), feed_format, SITE, [])
    assert invalid.value.slug == FEED.slug


def test_the_json_head_needs_no_entries_to_be_json() -> None:
    assert json.loads(assemble(head_of(Format.JSON), Format.JSON, SITE, []))["items"] == []
