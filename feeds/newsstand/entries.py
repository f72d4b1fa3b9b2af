"""The entries of a document: loaded, rendered where they are new, and kept in memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from textwrap import shorten
from threading import Lock
from uuid import NAMESPACE_URL, uuid5

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import InvalidFeed, RenderFailed
from feeds.model.edition import Entry, FeedEntry, entry_version
from feeds.model.feed import Category, Feed, FeedClosure, Format, Site
from feeds.model.release import Content, Release, ReleaseId, ReleaseStub, SourceKey
from feeds.store.database import Transaction
from feeds.store.documents import Fragment, FragmentKey

# Lines of recent pages, kept in memory: most of a page stands on the next one too.

#: A release takes some 20 kB in three formats. This is enough for what 100 feeds show.
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEntry:
    """One release of a document, with what became of it in each format."""

    release_id: ReleaseId
    published: datetime
    fragments: dict[Format, Fragment]
    notice: "RenderedEntry | None" = None  #: stands beside it in feeds that hold notices

    @property
    def size_bytes(self) -> int:
        """Of the longest format: a window is the same in all of them."""
        return max(len(fragment.body or b"") for fragment in self.fragments.values())

    @property
    def total_bytes(self) -> int:
        """Of all formats together, with its notice."""
        own = sum(len(fragment.body or b"") for fragment in self.fragments.values())
        return own if self.notice is None else own + self.notice.total_bytes

    @property
    def is_whole(self) -> bool:
        """True when it could be rendered in every format."""
        return all(fragment.body is not None for fragment in self.fragments.values())


#: Which line is meant: a release, and the stamp of its filings (``feeds.model.filing``).
EntryKey = tuple[ReleaseId, str]


class EntryCache:
    """The lines used last, up to a number of bytes. Safe to share between threads.

    One catalogue has one. What a line is made of stands in the stamp, in the catalogue (the
    titles of categories, the site's address) and in the code, so that a line found is current.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lines: OrderedDict[EntryKey, RenderedEntry] = OrderedDict()
        self._lock = Lock()

    def find(self, key: EntryKey) -> RenderedEntry | None:
        """The line of this key, if it is kept."""
        with self._lock:
            line = self._lines.get(key)
            if line is not None:
                self._lines.move_to_end(key)
            return line

    def store(self, key: EntryKey, line: RenderedEntry) -> None:
        """Keep a line; those go that were used longest ago."""
        with self._lock:
            if key in self._lines:
                return
            self._lines[key] = line
            self._bytes += line.total_bytes
            while self._bytes > self._max_bytes:
                _, gone = self._lines.popitem(last=False)
                self._bytes -= gone.total_bytes


# Which releases a document lists, and their fragments: kept ones first, new ones made.

#: Releases looked up together: about as many as fill the bytes of a usual window.
RELEASES_A_LOOK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """The releases of a document in its order, newest publication first."""

    lines: Sequence[RenderedEntry]
    notices: Sequence[RenderedEntry] = ()  #: of some of these releases; they count as none
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
class EntryRows:
    """What was read of a release, to set its line."""

    stub: ReleaseStub
    categories: tuple[Category, ...]
    release: Release | None  #: the whole, where it is known to be needed


class EntryLoader:
    """Sets pages, and keeps what it made until the press stores it."""

    def __init__(
        self,
        catalogue: Catalogue,
        case: EntryCache,
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
        self._windows: dict[str, list[FeedEntry]] = {}
        self._lines: dict[ReleaseId, RenderedEntry] = {}

    def drain_new(self) -> dict[FragmentKey, Fragment]:
        """Fragments made since the last call, for the store."""
        made, self._made = self._made, {}
        return made

    def prepare(self, tx: Transaction, feeds: Sequence[Feed]) -> None:
        """Look up together what the pages of these feeds begin with.

        A release is often in several of them, and one look at many costs little more than one
        at few. Without it, pages are set all the same.
        """
        for feed in feeds:
            self._windows[feed.slug] = tx.feed_entries.window(feed.slug, feed.window)
            self._progress(tx)
        self._query(
            tx, [one for window in self._windows.values() for one in window[:RELEASES_A_LOOK]]
        )

    def page(self, tx: Transaction, feed: Feed) -> EntryPage:
        """The feed's window as it is now, cut where ``window.bytes`` are full."""
        if feed.slug not in self._windows:
            self.prepare(tx, [feed])
        lines: list[RenderedEntry] = []
        notices: list[RenderedEntry] = []
        loose = size_bytes = 0
        for filed, line in self._lines_of(tx, self._windows.pop(feed.slug)):
            notice = line.notice if feed.notices else None
            size_bytes += line.size_bytes + (0 if notice is None else notice.size_bytes)
            if lines and size_bytes > feed.window.bytes:
                break
            lines.append(line)
            notices += [] if notice is None else [notice]
            loose += filed.archive is None
        return EntryPage(lines=_in_order(lines), notices=notices, loose=loose)

    def whole_page(self, tx: Transaction, filed: Sequence[FeedEntry]) -> EntryPage:
        """A page of exactly these releases, without notices."""
        return EntryPage(lines=_in_order([line for _, line in self._lines_of(tx, filed)]))

    def _lines_of(
        self, tx: Transaction, window: Sequence[FeedEntry]
    ) -> Iterator[tuple[FeedEntry, RenderedEntry]]:
        for start in range(0, len(window), RELEASES_A_LOOK):
            part = window[start : start + RELEASES_A_LOOK]
            self._query(tx, part)
            yield from ((one, self._lines[one.release_id]) for one in part)

    def _query(self, tx: Transaction, filed: Sequence[FeedEntry]) -> None:
        """Have the lines of these releases: kept ones, and new ones for what is missing."""
        missing: dict[ReleaseId, None] = {}
        for one in filed:
            if one.release_id not in self._lines and one.release_id not in missing:
                line = self._case.find((one.release_id, one.version))
                if line is None:
                    missing[one.release_id] = None
                else:
                    self._lines[one.release_id] = line
        if missing:
            self._load(tx, list(missing))

    def _load(self, tx: Transaction, ids: Sequence[ReleaseId]) -> None:
        feeds, kept = tx.feed_entries.of(ids), tx.fragments.of(ids)
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
            line = self._line(tx, EntryRows(stub, labels, releases.get(one)), kept)
            self._lines[one] = line
            # What failed is not kept: the store is to hear of it as long as it fails. The stamp
            # is reckoned, not taken over: what was read may be newer than what was asked for.
            if line.is_whole:
                since = stub.notice_since
                known_by = entry_version(stub.digest, stub.updated, slugs, notice_since=since)
                self._case.store((one, known_by), line)
            self._progress(tx)

    def _line(
        self, tx: Transaction, found: EntryRows, kept: Mapping[FragmentKey, Fragment]
    ) -> RenderedEntry:
        stub = found.stub
        return RenderedEntry(
            release_id=stub.id,
            published=stub.published,
            fragments=self._current(tx, found, kept),
            notice=None if found.release is None else self._notice(found.release, found.categories),
        )

    def _notice(self, release: Release, categories: tuple[Category, ...]) -> RenderedEntry | None:
        """The line of a release's notice. It is made in a moment, so no table keeps it.

        What it says is the release's title and what else is in the entry: it can be written
        wherever that can, and is left out where not.
        """
        if release.notice_since is None:
            return None
        entry = render.notice_entry(release, categories, self._catalogue.site)
        made = {each: self._make(entry, each, "") for each in Format}
        return RenderedEntry(
            release_id=entry.release.id,
            published=entry.release.content.published,
            # Known by its bytes, as no other entry of any feed is.
            fragments={
                each: replace(one, fingerprint=render.digest(one.body or b""))
                for each, one in made.items()
            },
        )

    def _current(
        self, tx: Transaction, found: EntryRows, kept: Mapping[FragmentKey, Fragment]
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


def _in_order(lines: Iterable[RenderedEntry]) -> list[RenderedEntry]:
    return sorted(lines, key=lambda line: (line.published, line.release_id), reverse=True)


# The last entry of a feed that ends: what its readers are told, and where to go.

#: About what a reader shows of a title.
MAX_TITLE_CHARS = 120


def closing_entry(feed: Feed, site: Site, *, feed_id: str) -> Entry:
    """Write the farewell of a feed that ends.

    Its id comes of the feed's, which is permanent: it never changes, whatever becomes of words,
    slug or host, and no table has to keep it. Published is when the feed ended. It speaks the
    feed's language, in the words of ops alone.

    Raises:
        InvalidFeed: The feed does not end.
    """
    ending = feed.ending
    if ending is None:
        raise InvalidFeed(feed.slug, "does not end")
    # Without another place, the feed's own page: once the feed is gone, that says so.
    page = site.feed_page(feed.slug) if ending.onward is None else ending.onward.url
    content = Content(
        title=shorten(ending.words.strip().splitlines()[0], MAX_TITLE_CHARS, placeholder=" …"),
        body=_body(ending),
        summary="",
        language=feed.language,
        published=ending.on,
    )
    release = Release(
        id=ReleaseId(uuid5(NAMESPACE_URL, f"{feed_id}#farewell").urn),
        source_key=SourceKey(f"farewell:{feed.slug}"),
        slug=feed.slug,
        revision=1,
        content=content,
        updated=ending.on,
        changed_at=ending.on,
    )
    return Entry(release=release, categories=(), page=page)


def _body(ending: FeedClosure) -> str:
    body = "".join(f"<p>{escape(each)}</p>" for each in ending.paragraphs)
    if ending.onward is None:
        return body
    return f'{body}<p><a href="{escape(ending.onward.url)}">{escape(ending.onward.title)}</a></p>'
