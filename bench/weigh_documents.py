"""``python -P weigh_documents.py RELEASES``: bytes of compressed documents, a line for each format.

It runs on whichever build is on the path, so it uses what the former and this one have alike.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from bench import samples
from feeds import render, revision
from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import ALL, Category, Feed, Format, Link, Site
from feeds.model.release import Person, ReleaseId
from feeds.render import frame, render_fragment

# By this build's names, or by those that they had before 0.1.0.
deflate_segment = getattr(render, "deflate_segment", None) or getattr(render, "stretch")  # noqa: B009
join_segments = getattr(render, "join_segments", None) or getattr(render, "joined")  # noqa: B009
new_release = getattr(revision, "new_release", None) or getattr(revision, "first")  # noqa: B009

#: About as many as fill a window.
ENTRIES = 24

NOW = datetime(2024, 1, 1, tzinfo=UTC)
OFFICE = Person(name="Press Office", email="press@example.org")
SITE = Site(base_url="https://news.example.org", title="News", language="en", author=OFFICE)
FEED = Feed(slug=ALL, title="All", description="", language="en", author=OFFICE, any_of=())


def weigh(entries: Sequence[Entry], feed_format: Format) -> int:
    """The bytes of one document as the service compresses it, entry by entry."""
    links = (Link(rel="self", href=SITE.topic(ALL, feed_format)),)
    head = FeedHead(id=uuid5(NAMESPACE_URL, ALL).urn, feed=FEED, updated=NOW, links=links)
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    around, bodies = frame(head, feed_format, SITE).around(fragments)
    top, *pieces, tail = around.pieces(bodies)
    memories = [b"", *bodies][: len(pieces)]
    stretches = [
        deflate_segment(piece, before) for piece, before in zip(pieces, memories, strict=True)
    ]
    document = b"".join([top, *pieces, tail])
    return len(join_segments([deflate_segment(top), *stretches, deflate_segment(tail)], document))


def main(releases: int) -> None:
    """Weigh the documents of the first so many samples."""
    entries = []
    for draft in samples.drafts()[:releases]:
        release = new_release(draft, ReleaseId(uuid5(NAMESPACE_URL, draft.source_key).urn), now=NOW)
        names = sorted(set(draft.content.category_names))
        filed = tuple(Category(slug=f"c-{len(name)}", title=name) for name in names)
        entries.append(Entry(release=release, categories=filed))
    for feed_format in Format:
        starts = range(0, len(entries), ENTRIES)
        size = sum(weigh(entries[n : n + ENTRIES], feed_format) for n in starts)
        sys.stdout.write(f"{feed_format} {size}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
