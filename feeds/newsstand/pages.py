"""Which releases a document lists, and their fragments: kept ones first, new ones made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import RenderFailed
from feeds.model.edition import Entry
from feeds.model.feed import Category, Feed, Format
from feeds.model.release import Release, ReleaseId, ReleaseStub
from feeds.newsstand.type_case import Line, LineKey, TypeCase
from feeds.store.database import Transaction
from feeds.store.fragments import Fragment, FragmentKey

#: Releases looked up together: about as many as fill the bytes of a usual window.
RELEASES_A_LOOK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The releases of a document in its order, newest publication first."""

    lines: Sequence[Line]

    @property
    def set_aside(self) -> int:
        """How many of them are missing from at least one format."""
        return sum(any(f.body is None for f in line.fragments.values()) for line in self.lines)

    def fragments(self, feed_format: Format) -> list[bytes]:
        """The entries in one format, without those that could not be rendered."""
        bodies = (line.fragments[feed_format].body for line in self.lines)
        return [body for body in bodies if body is not None]


class Typesetter:
    """Sets pages, and keeps what it made until the press stores it."""

    def __init__(self, catalogue: Catalogue, case: TypeCase) -> None:
        self._catalogue = catalogue
        self._case = case
        self._made: dict[FragmentKey, Fragment] = {}
        self._windows: dict[str, list[ReleaseId]] = {}
        self._lines: dict[ReleaseId, Line] = {}

    def take_made(self) -> dict[FragmentKey, Fragment]:
        """Fragments made since the last call, for the store."""
        made, self._made = self._made, {}
        return made

    def prepare(self, tx: Transaction, feeds: Sequence[Feed]) -> None:
        """Look up together what the pages of these feeds begin with.

        A release is often in several of them, and one look at many costs little more than one
        at few. Without it, pages are set all the same.
        """
        for feed in feeds:
            self._windows[feed.slug] = tx.filings.window(feed.slug, feed.window)
        firsts = [ids[:RELEASES_A_LOOK] for ids in self._windows.values()]
        self._look(tx, list(dict.fromkeys(one for ids in firsts for one in ids)))

    def page(self, tx: Transaction, feed: Feed) -> Page:
        """The feed's window as it is now, cut where ``window.bytes`` are full."""
        if feed.slug not in self._windows:
            self.prepare(tx, [feed])
        lines: list[Line] = []
        size_bytes = 0
        for line in self._lines_of(tx, self._windows.pop(feed.slug)):
            size_bytes += line.size_bytes
            if lines and size_bytes > feed.window.bytes:
                break
            lines.append(line)
        lines.sort(key=lambda line: (line.published, line.release_id), reverse=True)
        return Page(lines=lines)

    def _lines_of(self, tx: Transaction, ids: Sequence[ReleaseId]) -> Iterator[Line]:
        for start in range(0, len(ids), RELEASES_A_LOOK):
            part = ids[start : start + RELEASES_A_LOOK]
            self._look(tx, [one for one in part if one not in self._lines])
            yield from (self._lines[one] for one in part)

    def _look(self, tx: Transaction, ids: Sequence[ReleaseId]) -> None:
        """Have the lines of these releases: kept ones, and new ones for what is missing."""
        stubs, filed = tx.releases.stubs(ids), tx.filings.of(ids)
        writers = tuple(render.writer_versions().values())
        keys = [
            LineKey(stubs[one], self._catalogue.labels(filed.get(one, ())), writers) for one in ids
        ]
        found = {key.stub.id: self._case.find(key) for key in keys}
        missing = [key for key in keys if found[key.stub.id] is None]
        kept = tx.fragments.of([key.stub.id for key in missing])
        made = {key.stub.id: self._line(tx, key, kept) for key in missing}
        self._lines |= {one: line for one, line in found.items() if line is not None} | made

    def _line(self, tx: Transaction, key: LineKey, kept: Mapping[FragmentKey, Fragment]) -> Line:
        fragments = self._current(tx, key.stub, key.categories, kept)
        line = Line(release_id=key.stub.id, published=key.stub.published, fragments=fragments)
        # What failed is not kept: the store is to hear of it as long as it fails.
        if all(fragment.body is not None for fragment in fragments.values()):
            self._case.keep(key, line)
        return line

    def _current(
        self,
        tx: Transaction,
        stub: ReleaseStub,
        categories: tuple[Category, ...],
        kept: Mapping[FragmentKey, Fragment],
    ) -> dict[Format, Fragment]:
        current: dict[Format, Fragment] = {}
        release: Release | None = None
        for feed_format in Format:
            wanted = render.fingerprint(stub, categories, feed_format, self._catalogue.site)
            fragment = kept.get((stub.id, feed_format))
            if fragment is None or fragment.fingerprint != wanted:
                release = release or tx.releases.by_ids([stub.id])[stub.id]
                entry = Entry(release=release, categories=categories)
                fragment = self._make(entry, feed_format, wanted)
                self._made[stub.id, feed_format] = fragment
            current[feed_format] = fragment
        return current

    def _make(self, entry: Entry, feed_format: Format, fingerprint: str) -> Fragment:
        try:
            body = render.render_fragment(entry, feed_format, self._catalogue.site)
        except RenderFailed as error:
            return Fragment(fingerprint=fingerprint, body=None, reason=error.reason)
        return Fragment(fingerprint=fingerprint, body=body)
