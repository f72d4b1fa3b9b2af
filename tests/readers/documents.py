"""Documents to be read, each with what was published in it.

``python -m tests.readers.documents`` prints them as JSON lines, made by whichever build stands on
the path, so that an older build's documents can be read beside today's.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Enclosure, Person, ReleaseId, Translation
from feeds.render import assemble, render_fragment
from feeds.render.content import feed_body
from tests.support.rendering import FEED, SITE, entry_of, head_of, sample_newsrooms

#: Entries of a document, about as many as a default window holds of real releases.
ENTRIES = 12

ANNA = Person(name="Anna Berg", email="anna@example.org", uri="https://example.org/anna")
CARL = Person(name="Carl Dahl")

#: Of an entry without an author of its own.
OFFICE = SITE.author.name

#: Of all RSS documents here.
TOPIC = SITE.topic(FEED.slug, Format.RSS)

#: A title that says something about markup; no reader may take it for some.
MARKUP = "5 < 7 & <b>bold</b> figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a reader should find of an entry."""

    id: str
    title: str
    link: str
    published: str  #: ISO 8601
    authors: list[str]
    emails: list[str | None]  #: of each author
    labels: list[str]
    content: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document and its truth."""

    name: str  #: what is special about it
    format: Format
    document: str
    entries: list[Published]


def special(**marks: Any) -> list[Entry]:
    """Two entries: one with *marks*, and a plain one after it, which must not suffer."""
    return [entry_of(**marks), _other()]


def _other() -> Entry:
    entry = entry_of(title="Another one")
    return replace(
        entry, release=replace(entry.release, id=ReleaseId("urn:uuid:4"), slug="another-one")
    )


def _translated() -> list[Entry]:
    others = (
        Translation(language="ar", slug="in-arabic"),
        Translation(language="fr", slug="in-french"),
    )
    enclosure = Enclosure(url="https://x.test/a.pdf", media_type="application/pdf", length_bytes=1)
    entry, other = special(enclosures=(enclosure,), url="https://source.example.org/1")
    return [replace(entry, release=replace(entry.release, translations=others)), other]


def _early() -> list[Entry]:
    moment = datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC)
    entry, other = special(published=moment)
    return [replace(entry, release=replace(entry.release, updated=moment)), other]


#: By what is special about them.
CASES = {
    "translations": _translated,
    "several authors": lambda: special(authors=(ANNA, CARL)),
    "one author": lambda: special(authors=(ANNA,)),
    "markup in titles": lambda: special(title=MARKUP, summary=MARKUP),
    "what ends CDATA": lambda: special(body="<p title='&lt;'>Here: <code>]]></code>, ]]&gt;</p>"),
    "before 1970": _early,
}


def documents(samples: int = 1000) -> Iterator[Document]:
    """The special cases, and *samples* of each file at the most; in all formats."""
    for file, entries in sample_newsrooms(samples).items():
        for start in range(0, len(entries), ENTRIES):
            yield from _in_all(f"samples: {file} {start}", entries[start : start + ENTRIES])
    for name, make in CASES.items():
        yield from _in_all(name, make())


def _in_all(name: str, entries: Sequence[Entry]) -> Iterator[Document]:
    for feed_format in Format:
        yield document(name, feed_format, entries)


def document(name: str, feed_format: Format, entries: Sequence[Entry]) -> Document:
    """*Entries* as one document."""
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    written = assemble(head_of(feed_format), feed_format, SITE, fragments)
    truth = [published(entry) for entry in entries]
    return Document(name=name, format=feed_format, document=written.decode(), entries=truth)


def published(entry: Entry) -> Published:
    release, content = entry.release, entry.release.content
    return Published(
        id=release.id,
        title=content.title,
        link=entry.page_at(SITE),
        published=content.published.isoformat(),
        authors=[each.name for each in content.authors] or [OFFICE],
        emails=[each.email for each in content.authors] or [SITE.author.email],
        labels=sorted(each.title for each in entry.categories),
        content=feed_body(release).strip(),
        summary=content.summary,
    )


def main() -> None:
    """Print them all."""
    for each in documents():
        sys.stdout.write(json.dumps(asdict(each)) + "\n")


if __name__ == "__main__":
    main()
