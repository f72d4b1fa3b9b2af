"""Loads and renders the entries of documents, and caches them in memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
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

# The cache of rendered entries: most of a page is also on the next one.

#: A release takes some 20 kB in three formats. This is enough for the windows of 100 feeds.
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class RenderedEntry:
    """A release of a document with its fragments in each format."""

    release_id: ReleaseId
    published: datetime
    fragments: dict[Format, Fragment]
    notice: "RenderedEntry | None" = None  #: included in feeds that publish notices

    @cached_property
    def size_bytes(self) -> int:
        """Bytes in the longest format, because a window is the same in all formats."""
        return max(len(fragment.body or b"") for fragment in self.fragments.values())

    @property
    def total_bytes(self) -> int:
        """Bytes in all formats together, including the notice."""
        own = sum(len(fragment.body or b"") for fragment in self.fragments.values())
        return own if self.notice is None else own + self.notice.total_bytes

    @property
    def is_whole(self) -> bool:
        """Whether it could be rendered in every format."""
        return all(fragment.body is not None for fragment in self.fragments.values())


#: A release and its entry version (``feeds.model.edition``).
EntryKey = tuple[ReleaseId, str]


class EntryCache:
    """A cache of recent rendered entries, limited in bytes. Safe to share between threads.

    Each catalogue has one. A rendered entry depends on its version, the catalogue (titles of
    categories, the site's address) and the code, so a cached entry is never out of date.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[EntryKey, RenderedEntry] = OrderedDict()
        self._lock = Lock()

    def find(self, key: EntryKey) -> RenderedEntry | None:
        """Returns the entry with this key, or None if it is not cached."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def store(self, key: EntryKey, entry: RenderedEntry) -> None:
        """Caches an entry and evicts those that were used longest ago."""
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = entry
            self._bytes += entry.total_bytes
            while self._bytes > self._max_bytes:
                _, evicted = self._entries.popitem(last=False)
                self._bytes -= evicted.total_bytes

    def clear(self) -> None:
        """Evicts all entries."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0


# The pages of a document: stored fragments first, new ones rendered.

#: Releases loaded together: about as many as fill the bytes of a usual window.
RELEASES_PER_QUERY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """The releases of a document in its order, newest publication first."""

    entries: Sequence[RenderedEntry]
    notices: Sequence[RenderedEntry] = ()  #: of some of these releases; not counted as releases
    unarchived: int = 0  #: number of the releases that are in no archive document

    @property
    def set_aside(self) -> int:
        """Number of releases missing from at least one format."""
        return sum(any(f.body is None for f in entry.fragments.values()) for entry in self.entries)

    def is_whole(self, feed_format: Format) -> bool:
        """Whether all releases could be rendered in this format."""
        return all(entry.fragments[feed_format].body is not None for entry in self.entries)

    def fragments(self, feed_format: Format) -> list[Fragment]:
        """Returns the entries in one format, with notices, without those that failed to render."""
        entries = _in_order([*self.entries, *self.notices]) if self.notices else self.entries
        made = (entry.fragments[feed_format] for entry in entries)
        return [fragment for fragment in made if fragment.body is not None]


@dataclass(frozen=True, slots=True)
class EntryRows:
    """The rows read for one release, from which its entry is rendered."""

    stub: ReleaseStub
    categories: tuple[Category, ...]
    release: Release | None  #: the whole release, if it is known to be needed


class EntryLoader:
    """Loads pages, and collects new fragments until `EditionBuilder` stores them."""

    def __init__(
        self,
        catalogue: Catalogue,
        cache: EntryCache,
        *,
        on_progress: Callable[[], object] = lambda: None,
    ) -> None:
        """Loads nothing yet.

        Args:
            catalogue: Has the categories of the releases.
            cache: Entries that any loader has rendered before.
            on_progress: Called after each part of the work, which is one entry at most.
        """
        self._on_progress = on_progress
        self._catalogue = catalogue
        self._cache = cache
        self._new_fragments: dict[FragmentKey, Fragment] = {}
        self._windows: dict[str, list[FeedEntry]] = {}
        self._entries: dict[ReleaseId, RenderedEntry] = {}

    def drain_new(self) -> dict[FragmentKey, Fragment]:
        """Returns the fragments made since the last call, for the store."""
        made, self._new_fragments = self._new_fragments, {}
        return made

    def prepare(self, tx: Transaction, feeds: Sequence[Feed]) -> None:
        """Loads the first entries of the pages of these feeds together.

        A release is often in several feeds, and one query for many releases costs little more than
        one for few. This is only an optimisation: pages also load without it.
        """
        self._windows |= tx.feed_entries.windows({feed.slug: feed.window for feed in feeds})
        self._on_progress()
        self._query(
            tx, [one for window in self._windows.values() for one in window[:RELEASES_PER_QUERY]]
        )

    def page(self, tx: Transaction, feed: Feed) -> EntryPage:
        """Returns the feed's present window, cut off at ``window.bytes``."""
        if feed.slug not in self._windows:
            self.prepare(tx, [feed])
        entries: list[RenderedEntry] = []
        notices: list[RenderedEntry] = []
        unarchived = size_bytes = 0
        for feed_entry, entry in self._rendered_entries(tx, self._windows.pop(feed.slug)):
            notice = entry.notice if feed.notices else None
            size_bytes += entry.size_bytes + (0 if notice is None else notice.size_bytes)
            if entries and size_bytes > feed.window.bytes:
                break
            entries.append(entry)
            notices += [] if notice is None else [notice]
            unarchived += feed_entry.archive is None
        return EntryPage(entries=_in_order(entries), notices=notices, unarchived=unarchived)

    def whole_page(self, tx: Transaction, feed_entries: Sequence[FeedEntry]) -> EntryPage:
        """Returns a page of exactly these releases, without notices."""
        return EntryPage(
            entries=_in_order([entry for _, entry in self._rendered_entries(tx, feed_entries)])
        )

    def _rendered_entries(
        self, tx: Transaction, window: Sequence[FeedEntry]
    ) -> Iterator[tuple[FeedEntry, RenderedEntry]]:
        for start in range(0, len(window), RELEASES_PER_QUERY):
            part = window[start : start + RELEASES_PER_QUERY]
            self._query(tx, part)
            yield from ((one, self._entries[one.release_id]) for one in part)

    def _query(self, tx: Transaction, feed_entries: Sequence[FeedEntry]) -> None:
        """Loads the entries of these releases from the cache, and renders missing ones."""
        missing: dict[ReleaseId, None] = {}
        for one in feed_entries:
            if one.release_id not in self._entries and one.release_id not in missing:
                entry = self._cache.find((one.release_id, one.version))
                if entry is None:
                    missing[one.release_id] = None
                else:
                    self._entries[one.release_id] = entry
        if missing:
            self._load(tx, list(missing))

    def _load(self, tx: Transaction, ids: Sequence[ReleaseId]) -> None:
        ask_feeds, ask_stored = tx.feed_entries.ask_of(ids), tx.fragments.ask_of(ids)
        feeds, stored = ask_feeds(), ask_stored()
        # Releases with a missing fragment are read whole. For the others, a stub is enough to check
        # whether their fragments are current.
        new = [one for one in ids if any((one, each) not in stored for each in Format)]
        releases = tx.releases.by_ids(new) if new else {}
        stubs = {one: release.stub for one, release in releases.items()}
        if len(new) < len(ids):
            stubs |= tx.releases.stubs([one for one in ids if one not in stubs])
        with_notice = [one for one in ids if stubs[one].notice_since and one not in releases]
        releases |= tx.releases.by_ids(with_notice) if with_notice else {}
        for one in ids:
            stub, slugs = stubs[one], feeds.get(one, ())
            labels = self._catalogue.labels(slugs, language=stub.language)
            entry = self._rendered(tx, EntryRows(stub, labels, releases.get(one)), stored)
            self._entries[one] = entry
            # Failures are not cached, so that the store learns of them as long as they last. The
            # version is computed from the rows just read, because they may be newer than the
            # requested ones.
            if entry.is_whole:
                since = stub.notice_since
                version = entry_version(stub.digest, stub.updated, slugs, notice_since=since)
                self._cache.store((one, version), entry)
            self._on_progress()

    def _rendered(
        self, tx: Transaction, rows: EntryRows, stored: Mapping[FragmentKey, Fragment]
    ) -> RenderedEntry:
        stub = rows.stub
        return RenderedEntry(
            release_id=stub.id,
            published=stub.published,
            fragments=self._current(tx, rows, stored),
            notice=None if rows.release is None else self._notice(rows.release, rows.categories),
        )

    def _notice(self, release: Release, categories: tuple[Category, ...]) -> RenderedEntry | None:
        """Returns the rendered notice of a release. Rendering is fast, so no table stores it.

        A notice contains the release's title and other parts of its entry. It can be rendered
        whenever the entry can, and is left out otherwise.
        """
        if release.notice_since is None:
            return None
        entry = render.notice_entry(release, categories, self._catalogue.site)
        made = {each: self._make(entry, each, "") for each in Format}
        return RenderedEntry(
            release_id=entry.release.id,
            published=entry.release.content.published,
            # The fingerprint of a notice is the digest of its bytes, which no other entry of any
            # feed has.
            fragments={
                each: replace(one, fingerprint=render.digest(one.body or b""))
                for each, one in made.items()
            },
        )

    def _current(
        self, tx: Transaction, rows: EntryRows, stored: Mapping[FragmentKey, Fragment]
    ) -> dict[Format, Fragment]:
        current: dict[Format, Fragment] = {}
        stub, release = rows.stub, rows.release
        for each in Format:
            fingerprint = render.fingerprint(stub, rows.categories, each, self._catalogue.site)
            fragment = stored.get((stub.id, each))
            if fragment is None or fragment.fingerprint != fingerprint:
                release = release or tx.releases.by_ids([stub.id])[stub.id]
                fragment = self._make(
                    Entry(release=release, categories=rows.categories), each, fingerprint
                )
                self._new_fragments[stub.id, each] = fragment
            current[each] = fragment
        return current

    def _make(self, entry: Entry, feed_format: Format, fingerprint: str) -> Fragment:
        try:
            body = render.render_fragment(entry, feed_format, self._catalogue.site)
        except RenderFailed as error:
            return Fragment(fingerprint=fingerprint, body=None, reason=error.reason)
        return Fragment(fingerprint=fingerprint, body=body)


def _in_order(entries: Iterable[RenderedEntry]) -> list[RenderedEntry]:
    return sorted(entries, key=lambda entry: (entry.published, entry.release_id), reverse=True)


# The closing entry of a feed that ends.

#: About the length of a title that readers show.
MAX_TITLE_CHARS = 120


def closing_entry(feed: Feed, site: Site, *, feed_id: str) -> Entry:
    """Returns the closing entry of a feed that ends.

    Its id derives from the feed's permanent id. It never changes, whatever happens to text, slug or
    host, and no table has to store it. It is published at the end of the feed, in the feed's
    language, with the operators' own words.

    Raises:
        InvalidFeed: The feed does not end.
    """
    ending = feed.ending
    if ending is None:
        raise InvalidFeed(feed.slug, "does not end")
    # Without another address, the feed's own page, which reports that the feed is gone.
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
