"""An entry is rendered once for a format, and known again without rendering."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds.errors import RenderFailed
from feeds.model.edition import Entry
from feeds.model.feed import Category, Format, Site
from feeds.model.release import Enclosure, Person, ReleaseId, SourceKey
from feeds.render import assemble, fingerprint, render_fragment
from feeds.render.documents import WRITERS
from tests.support.parsers import root_of
from tests.support.rendering import COOPERATION, FEED, RESEARCH, SITE, entry_of, head_of, stub_of

ENTRY = entry_of(
    url="https://source.example.org/1",
    authors=(Person(name="A", email="a@example.org", uri="https://a.test/"),),
    enclosures=(
        Enclosure(url="https://x.test/1", media_type="text/plain", length_bytes=1, title="T"),
        Enclosure(url="https://x.test/2", media_type="text/plain", length_bytes=2),
    ),
)


def fingerprint_of(entry: Entry, feed_format: Format, site: Site = SITE) -> str:
    return fingerprint(stub_of(entry.release), entry.categories, feed_format, site)


def with_release(**changes: Any) -> Entry:
    return replace(ENTRY, release=replace(ENTRY.release, **changes))


def with_content(**changes: Any) -> Entry:
    return with_release(content=replace(ENTRY.release.content, **changes))


VISIBLE = [
    pytest.param(with_release(id=ReleaseId("urn:uuid:0")), id="id"),
    pytest.param(with_release(slug="other"), id="slug"),
    pytest.param(with_release(updated=datetime(2020, 1, 1, tzinfo=UTC)), id="updated"),
    pytest.param(with_content(title="Other"), id="title"),
    pytest.param(with_content(body="<p>Other</p>"), id="body"),
    pytest.param(with_content(summary="Other"), id="summary"),
    pytest.param(with_content(language="de"), id="language"),
    pytest.param(with_content(published=datetime(2018, 1, 1, tzinfo=UTC)), id="published"),
    pytest.param(with_content(url="https://source.example.org/2"), id="url"),
    pytest.param(with_content(authors=(Person(name="B"),)), id="author"),
    pytest.param(with_content(enclosures=ENTRY.release.content.enclosures[:1]), id="enclosures"),
    pytest.param(replace(ENTRY, categories=(COOPERATION, RESEARCH)), id="categories"),
    pytest.param(
        replace(ENTRY, categories=(replace(COOPERATION, title="Other"),)), id="category title"
    ),
    pytest.param(
        replace(ENTRY, categories=(replace(COOPERATION, slug="other"),)), id="category slug"
    ),
]
UNSEEN = [
    pytest.param(with_release(revision=7), id="revision"),
    pytest.param(with_release(changed_at=datetime(2025, 1, 1, tzinfo=UTC)), id="taken in"),
    pytest.param(with_release(source_key=SourceKey("other")), id="source key"),
    pytest.param(
        replace(ENTRY, categories=(replace(COOPERATION, names=("Other",)),)), id="known names"
    ),
]


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("changed", VISIBLE)
def test_what_can_be_seen_changes_the_fingerprint(feed_format: Format, changed: Entry) -> None:
    assert fingerprint_of(changed, feed_format) != fingerprint_of(ENTRY, feed_format)


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("changed", UNSEEN)
def test_what_cannot_be_seen_changes_neither_fingerprint_nor_fragment(
    feed_format: Format, changed: Entry
) -> None:
    assert fingerprint_of(changed, feed_format) == fingerprint_of(ENTRY, feed_format)
    assert render_fragment(changed, feed_format, SITE) == render_fragment(ENTRY, feed_format, SITE)


@pytest.mark.parametrize("feed_format", Format)
def test_a_new_base_url_changes_the_fingerprint_and_a_new_site_title_does_not(
    feed_format: Format,
) -> None:
    moved = replace(SITE, base_url="https://elsewhere.example.org")
    renamed = replace(SITE, title="Other", subtitle="Other", rights="Other", icon=None)
    before = fingerprint_of(ENTRY, feed_format)
    assert fingerprint_of(ENTRY, feed_format, moved) != before
    assert fingerprint_of(ENTRY, feed_format, renamed) == before


def test_the_newsrooms_name_counts_where_entries_have_it() -> None:
    """RSS has no author for all of a channel; what the author of an entry is, its digest tells."""
    other, entry = replace(SITE, author=Person(name="Other")), entry_of()
    for feed_format in Format:
        is_named = fingerprint_of(entry, feed_format, other) != fingerprint_of(entry, feed_format)
        assert is_named is (feed_format is Format.RSS)
        fragment = render_fragment(entry, feed_format, other)
        assert (b"<dc:creator>Other</dc:creator>" in fragment) is is_named
        assert (fragment != render_fragment(entry, feed_format, SITE)) is is_named


def test_formats_do_not_share_a_fingerprint() -> None:
    assert len({fingerprint_of(ENTRY, feed_format) for feed_format in Format}) == len(Format)


def test_fields_cannot_run_into_each_other() -> None:
    first = with_content(title="a", summary="bc")
    second = with_content(title="ab", summary="c")
    assert fingerprint_of(first, Format.ATOM) != fingerprint_of(second, Format.ATOM)


@pytest.mark.parametrize("feed_format", Format)
def test_writing_differently_from_now_on_changes_the_fingerprint(
    feed_format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_of(ENTRY, feed_format)
    newer = replace(WRITERS[feed_format], version=WRITERS[feed_format].version + 1)
    monkeypatch.setitem(WRITERS, feed_format, newer)
    assert fingerprint_of(ENTRY, feed_format) != before


@pytest.mark.parametrize("feed_format", Format)
def test_an_entry_is_the_same_in_every_feed(feed_format: Format) -> None:
    """Nothing of the feed is among the arguments; each document holds the fragment whole."""
    fragment = render_fragment(ENTRY, feed_format, SITE)
    other = replace(FEED, slug="other", title="Other", language="ar", hubs=())
    for feed in (FEED, other):
        head = head_of(feed_format, feed)
        assert assemble(head, feed_format, SITE, [fragment]).count(fragment) == 1


@pytest.mark.parametrize(
    ("feed_format", "start", "end"),
    [
        (Format.ATOM, b'<entry xml:lang="en"><id>', b"</entry>"),
        (Format.RSS, b'<item xml:lang="en"><title>', b"</item>"),
        (Format.JSON, b'{"id":', b"}"),
    ],
)
def test_a_fragment_is_its_element_alone(feed_format: Format, start: bytes, end: bytes) -> None:
    fragment = render_fragment(ENTRY, feed_format, SITE)
    assert fragment.startswith(start)
    assert fragment.endswith(end)
    assert b"xmlns" not in fragment
    assert b"\n" not in fragment


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_a_fragment_is_well_formed_once_its_prefixes_are_declared(feed_format: Format) -> None:
    declared = b'<x xmlns:atom="a" xmlns:content="c" xmlns:dc="d" xmlns:media="m">%b</x>'
    assert len(root_of(declared % render_fragment(ENTRY, feed_format, SITE))) == 1


def broken(**content: Any) -> Entry:
    """A release that the model would refuse, as a bug elsewhere could let it through."""
    entry = entry_of()
    content_of = replace(entry.release.content)
    for field, value in content.items():
        object.__setattr__(content_of, field, value)
    release = replace(entry.release)
    object.__setattr__(release, "content", content_of)
    return Entry(release=release, categories=entry.categories)


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(broken(title="lone \ud800 surrogate"), id="surrogate in title"),
        pytest.param(broken(body="lone \udfff surrogate"), id="surrogate in body"),
        pytest.param(broken(body="NUL \0"), id="NUL in body"),
        pytest.param(broken(published=datetime(2020, 1, 1)), id="no time zone"),  # noqa: DTZ001
        pytest.param(broken(published=None), id="no date"),
        pytest.param(broken(authors=None), id="no list of authors"),
        pytest.param(broken(body=None), id="no body"),
    ],
)
def test_a_release_that_cannot_be_written_is_named_and_nothing_else_is_raised(
    feed_format: Format, entry: Entry
) -> None:
    with pytest.raises(RenderFailed) as failed:
        render_fragment(entry, feed_format, SITE)
    assert failed.value.release_id == entry.release.id
    assert failed.value.feed_format == feed_format
    assert failed.value.reason
    assert failed.value.__cause__ is not None


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_forbids_is_never_written(feed_format: Format, character: str) -> None:
    with pytest.raises(RenderFailed):
        render_fragment(broken(title=f"a{character}b"), feed_format, SITE)


def test_a_broken_release_does_not_touch_the_next() -> None:
    fragment = render_fragment(ENTRY, Format.RSS, SITE)
    with pytest.raises(RenderFailed):
        render_fragment(broken(title="\ud800"), Format.RSS, SITE)
    assert render_fragment(ENTRY, Format.RSS, SITE) == fragment


def test_fragments_do_not_depend_on_the_zone_that_a_moment_is_given_in() -> None:
    published = ENTRY.release.content.published
    elsewhere = published.astimezone(UTC) + timedelta(0)
    for feed_format in Format:
        assert render_fragment(with_content(published=elsewhere), feed_format, SITE) == (
            render_fragment(ENTRY, feed_format, SITE)
        )


def test_a_category_title_may_hold_anything() -> None:
    odd = Category(slug="odd", title="<\"&,;|'> 100 %")
    for feed_format in Format:
        assert render_fragment(replace(ENTRY, categories=(odd,)), feed_format, SITE)
