"""Which releases a document lists, and their fragments: kept ones first, new ones made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import RenderFailed
from feeds.model.edition import Entry
from feeds.model.feed import Category, Feed, Format
from feeds.model.filing import Filed, stamp
from feeds.model.release import Release, ReleaseId, ReleaseStub
from feeds.newsstand.type_case import Line, TypeCase
from feeds.store.database import Transaction
from feeds.store.fragments import Fragment, FragmentKey

#: Releases looked up together: about as many as fill the bytes of a usual window.
RELEASES_A_LOOK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The releases of a document in its order, newest publication first."""

    lines: Sequence[Line]
    notices: Sequence[Line] = ()  #: of some of these releases; they count as none
    loose: int = 0  #: how many of the releases are in no archive document

    @property
    def set_aside(self) -> int:
        """How many releases are missing from at least one format."""
        return sum(any(f.body is None for f in line.fragments.values()) for line in self.lines)

    def is_whole(self, feed_format: Format) -> bool:
        """True when all releases could be rendered in this format."""
        return all(line.fragments[feed_format].body is not None for line in self.lines)

    def fragments(self, feed_format: Format) -> list[Fragment]:
        """The entries in one format, notices too, without those that could not be rendered."""
        lines = _in_order([*self.lines, *self.notices]) if self.notices else self.lines
        made = (line.fragments[feed_format] for line in lines)
        return [fragment for fragment in made if fragment.body is not None]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a release, to set its line."""

    stub: ReleaseStub
    categories: tuple[Category, ...]
    release: Release | None  #: the whole, where it is known to be needed


class Typesetter:
    """Sets pages, and keeps what it made until the press stores it."""

    def __init__(
        self,
        catalogue: Catalogue,
        case: TypeCase,
        *,
        progress: Callable[[Transaction], object] = lambda _: None,
    ) -> None:
        """Begin with nothing made.

        Args:
            catalogue: Gives the releases' categories.
            case: Lines that were made before, by whoever made them.
            progress: Called after each part of the work, which is one entry at the most.
        """
        self._progress = progress
        self._catalogue = catalogue
        self._case = case
        self._made: dict[FragmentKey, Fragment] = {}
        self._windows: dict[str, list[Filed]] = {}
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
            self._progress(tx)
        self._look(
            tx, [one for window in self._windows.values() for one in window[:RELEASES_A_LOOK]]
        )

    def page(self, tx: Transaction, feed: Feed) -> Page:
        """The feed's window as it is now, cut where ``window.bytes`` are full."""
        if feed.slug not in self._windows:
            self.prepare(tx, [feed])
        lines: list[Line] = []
        notices: list[Line] = []
        loose = size_bytes = 0
        for filed, line in self._lines_of(tx, self._windows.pop(feed.slug)):
            notice = line.notice if feed.notices else None
            size_bytes += line.size_bytes + (0 if notice is None else notice.size_bytes)
            if lines and size_bytes > feed.window.bytes:
                break
            lines.append(line)
            notices += [] if notice is None else [notice]
            loose += filed.archive is None
        return Page(lines=_in_order(lines), notices=notices, loose=loose)

    def whole_page(self, tx: Transaction, filed: Sequence[Filed]) -> Page:
        """A page of exactly these releases, without notices."""
        return Page(lines=_in_order([line for _, line in self._lines_of(tx, filed)]))

    def _lines_of(self, tx: Transaction, window: Sequence[Filed]) -> Iterator[tuple[Filed, Line]]:
        for start in range(0, len(window), RELEASES_A_LOOK):
            part = window[start : start + RELEASES_A_LOOK]
            self._look(tx, part)
            yield from ((one, self._lines[one.release_id]) for one in part)

    def _look(self, tx: Transaction, filed: Sequence[Filed]) -> None:
        """Have the lines of these releases: kept ones, and new ones for what is missing."""
        missing: dict[ReleaseId, None] = {}
        for one in filed:
            if one.release_id not in self._lines and one.release_id not in missing:
                line = self._case.find((one.release_id, one.stamp))
                if line is None:
                    missing[one.release_id] = None
                else:
                    self._lines[one.release_id] = line
        if missing:
            self._set(tx, list(missing))

    def _set(self, tx: Transaction, ids: Sequence[ReleaseId]) -> None:
        feeds, kept = tx.filings.of(ids), tx.fragments.of(ids)
        # Those of which something was never made are read whole; of the others, a stub tells
        # whether what was made of them is current.
        new = [one for one in ids if any((one, each) not in kept for each in Format)]
        releases = tx.releases.by_ids(new) if new else {}
        stubs = {one: release.stub for one, release in releases.items()}
        if len(new) < len(ids):
            stubs |= tx.releases.stubs([one for one in ids if one not in stubs])
        told_of = [one for one in ids if stubs[one].notice_since and one not in releases]
        releases |= tx.releases.by_ids(told_of) if told_of else {}
        for one in ids:
            stub, slugs = stubs[one], feeds.get(one, ())
            labels = self._catalogue.labels(slugs, language=stub.language)
            line = self._line(tx, Found(stub, labels, releases.get(one)), kept)
            self._lines[one] = line
            # What failed is not kept: the store is to hear of it as long as it fails. The stamp
            # is reckoned, not taken over: what was read may be newer than what was asked for.
            if line.is_whole:
                since = stub.notice_since
                known_by = stamp(stub.digest, stub.updated, slugs, notice_since=since)
                self._case.keep((one, known_by), line)
            self._progress(tx)

    def _line(self, tx: Transaction, found: Found, kept: Mapping[FragmentKey, Fragment]) -> Line:
        stub = found.stub
        return Line(
            release_id=stub.id,
            published=stub.published,
            fragments=self._current(tx, found, kept),
            notice=None if found.release is None else self._notice(found.release, found.categories),
        )

    def _notice(self, release: Release, categories: tuple[Category, ...]) -> Line | None:
        """The line of a release's notice. It is made in a moment, so no table keeps it.

        What it says is the release's title and what else is in the entry: it can be written
        wherever that can, and is left out where not.
        """
        if release.notice_since is None:
            return None
        entry = render.notice_entry(release, categories, self._catalogue.site)
        made = {each: self._make(entry, each, "") for each in Format}
        return Line(
            release_id=entry.release.id,
            published=entry.release.content.published,
            # Known by its bytes, as no other entry of any feed is.
            fragments={
                each: replace(one, fingerprint=render.digest(one.body or b""))
                for each, one in made.items()
            },
        )

    def _current(
        self, tx: Transaction, found: Found, kept: Mapping[FragmentKey, Fragment]
    ) -> dict[Format, Fragment]:
        current: dict[Format, Fragment] = {}
        stub, release = found.stub, found.release
        for each in Format:
            wanted = render.fingerprint(stub, found.categories, each, self._catalogue.site)
            fragment = kept.get((stub.id, each))
            if fragment is None or fragment.fingerprint != wanted:
                release = release or tx.releases.by_ids([stub.id])[stub.id]
                fragment = self._make(
                    Entry(release=release, categories=found.categories), each, wanted
                )
                self._made[stub.id, each] = fragment
            current[each] = fragment
        return current

    def _make(self, entry: Entry, feed_format: Format, fingerprint: str) -> Fragment:
        try:
            body = render.render_fragment(entry, feed_format, self._catalogue.site)
        except RenderFailed as error:
            return Fragment(fingerprint=fingerprint, body=None, reason=error.reason)
        return Fragment(fingerprint=fingerprint, body=body)


def _in_order(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.published, line.release_id), reverse=True)
