"""Releases, sites and heads to render, and real ones from the samples."""

from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from slugify import slugify

from feeds.ingest import IntakeRules, read_documents
from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Category, Feed, Format, Link, Site
from feeds.model.release import (
    Content,
    Draft,
    Person,
    Release,
    ReleaseId,
    ReleaseStub,
    SourceKey,
)
from feeds.revision import new_release

HEAD_ID = "urn:uuid:0d2a3d3c-2f0c-4c1e-9a52-8f1e6f0a7c11"
SAMPLES = Path("config/samples")
TAKEN_IN = datetime(2024, 1, 1, tzinfo=UTC)
RULES = IntakeRules(
    base_url="https://press.example.org",
    language="en",
    time_zone=ZoneInfo("UTC"),
    time_of_day=time(12),
)

SITE = Site(
    base_url="https://press.example.org",
    title="Example Newsroom",
    language="en",
    author=Person(name="Press Office", email="press@example.org", uri="https://example.org/"),
    subtitle="All that we say",
    rights="© Example <Org> & Friends",
    icon="https://press.example.org/static/icon.png",
    logo="https://press.example.org/static/logo.png",
)

COOPERATION = Category(
    slug="cooperation", title="International, regional, and subregional cooperation"
)
RESEARCH = Category(slug="r-and-d", title="R&D <advanced>")

FEED = Feed(
    slug="cooperation",
    title="Cooperation & <more>",
    description="What we do with others & why",
    language="en",
    author=SITE.author,
    any_of=("cooperation",),
    ttl_minutes=30,
    hubs=("https://hub.example.net/", "https://hub.example.com/?a=1&b=2"),
)

CONTENT = Content(
    title="CTED participates in Dushanbe Process Conference",
    body="<p>“Quoted” &amp; said.</p>",
    summary="A two-day conference.",
    language="en",
    published=datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC),
)

RELEASE = Release(
    id=ReleaseId("urn:uuid:0b9d1f1e-7c1f-4a4b-8f6e-2d7f6b1f7a11"),
    source_key=SourceKey("test:1"),
    slug="cted-participates-in-dushanbe-process-conference",
    revision=1,
    content=CONTENT,
    updated=CONTENT.published,
    changed_at=TAKEN_IN,
)


def entry_of(*categories: Category, **changes: Any) -> Entry:
    """An entry like `RELEASE`, with *changes* of its content and filed under *categories*."""
    release = replace(RELEASE, content=replace(CONTENT, **changes))
    return Entry(release=release, categories=categories or (COOPERATION,))


def stub_of(release: Release) -> ReleaseStub:
    """*Release* without its text, as the store gives it."""
    return ReleaseStub(
        id=release.id,
        slug=release.slug,
        digest=release.face,
        language=release.content.language,
        published=release.content.published,
        updated=release.updated,
        published_id=release.published_id,
    )


def head_of(feed_format: Format, feed: Feed = FEED) -> FeedHead:
    """What *feed* says of itself in one format."""
    links = (
        Link(rel="self", href=SITE.topic(feed.slug, feed_format)),
        *(Link(rel="hub", href=hub) for hub in feed.hubs),
    )
    return FeedHead(
        id=HEAD_ID,
        feed=feed,
        updated=datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
        links=links,
    )


@cache
def sample_newsrooms(limit: int) -> dict[str, tuple[Entry, ...]]:
    """Real releases as intake makes them, by sample file, at most *limit* of each.

    Each is filed under the names that it brings along.
    """
    paths = sorted(SAMPLES.iterdir())
    return {path.name: tuple(_entry(draft) for draft in _drafts(path, limit)) for path in paths}


def sample_entries(limit: int = 40) -> tuple[Entry, ...]:
    """The releases of all `sample_newsrooms` together."""
    return tuple(entry for entries in sample_newsrooms(limit).values() for entry in entries)


def _drafts(path: Path, limit: int) -> list[Draft]:
    with path.open("rb") as stream:
        read = read_documents(stream, document=path.name, rules=RULES)
        return [one for one in islice(read, limit) if isinstance(one, Draft)]


def _entry(draft: Draft) -> Entry:
    release_id = ReleaseId(uuid5(NAMESPACE_URL, draft.source_key).urn)
    release = new_release(draft, release_id, now=TAKEN_IN)
    categories = [
        Category(slug=f"{slugify(name)[:40]}-{uuid5(NAMESPACE_URL, name).hex[:4]}", title=name)
        for name in sorted(set(draft.content.category_names))
    ]
    return Entry(release=release, categories=tuple(sorted(categories, key=lambda one: one.slug)))
