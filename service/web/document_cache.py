"""Documents in memory, so that a request costs no query while nothing changes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Protocol
from weakref import ref

from feeds.errors import FeedsError, StoreUnavailable
from feeds.model.edition import DocumentVersion, FeedDocument
from feeds.model.feed import Format
from feeds.newsstand import Newsstand
from service.http_rules import Coding
from service.web.change_detector import POLL_TIMEOUT_S, ChangeDetector
from service.web.encoded_variants import EncodedVariants
from service.web.replies import Reply

#: A document takes some 40 KB in each compressed form, and some 150 KB uncompressed.
DEFAULT_MEGABYTES = 64

#: How many answers are stored with a document. Most pollers send the same few requests.
MAX_ANSWERS = 64
#: The memory of one stored answer and its key, without the document's bytes, which it shares.
ANSWER_BYTES = 4096
#: The memory of a document in addition to its bytes.
OVERHEAD_BYTES = 4096

#: Locks for fetching. Two documents that share a lock wait for each other, which costs a little; a
#: lock for each document ever requested would have to be removed again.
_LOCKS = 64

_Key = tuple[str, Format]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMoment:
    """What was known of the store's changes before the store was asked for something."""

    version: int | None  #: by the change detector
    at: float  #: by the detector's clock
    retractions: int  #: by the detector


class BackgroundLookup(Protocol):
    """Threads for callers that must not wait. Neither kind of work waits for the other."""

    def check_store(self, work: Callable[[], None], /) -> None:
        """Runs a poll of the store."""

    def fetch(self, work: Callable[[], None], /) -> None:
        """Runs the fetch of a document."""


class CachedDocument:
    """A document in the cache, with everything made of it. It is evicted as a whole."""

    def __init__(
        self, document: FeedDocument, grow: "Callable[[CachedDocument, int], None]"
    ) -> None:
        self.document = document
        self.identity = object()  #: may be kept by others, and keeps nothing itself
        self.version = _version_of(document)
        self.store_version: int | None = None  #: the detector's, when it was last seen current
        self.current_at = float("-inf")  #: when that was, by the detector's clock
        self.refreshed_for: int | None = None  #: store version for which a successor was requested
        self.size_bytes = len(document.gzip) + OVERHEAD_BYTES
        # A weak reference: in a reference cycle an evicted document would stay until Python
        # collects cycles, which happens once in some hundred documents.
        this = ref(self)

        def count_variant(size: int) -> None:
            cached = this()
            if cached is not None:
                grow(cached, size)

        self.variants = EncodedVariants(document.gzip, Coding.GZIP, on_made=count_variant)
        self.answers: dict[Hashable, Reply] = {}  #: read only; see ``DocumentCache.remember``
        self._modified_s = document.modified_at.timestamp()

    def is_dated_ahead(self) -> bool:
        """Whether its date is still to come: until then no answer made of it may be stored.

        The application dates each such answer by itself (``answers.harden``).
        """
        return self._modified_s > time.time()


class DocumentCache:
    """The latest document of each feed and format; the least recently used is evicted first.

    Safe to use from many threads. Bounded by bytes, with all encoded variants counted. A document
    that is missing is read from the store once, however many requests for it come at once.
    """

    def __init__(
        self,
        *,
        max_bytes: int = DEFAULT_MEGABYTES * 1024 * 1024,
        detector: ChangeDetector | None = None,
    ) -> None:
        """Makes an empty cache.

        Args:
            max_bytes: The limit for all documents together.
            detector: Detects changes of the store; without it, each fetch asks the store.
        """
        self._max_bytes = max_bytes
        self._detector = detector
        self._held_bytes = 0
        self._documents: OrderedDict[_Key, CachedDocument] = OrderedDict()
        self._last_used: CachedDocument | None = None  #: stands at their end
        self._lock = Lock()
        self._fetching = [Lock() for _ in range(_LOCKS)]

    @property
    def held_bytes(self) -> int:
        """The size of all cached documents."""
        return self._held_bytes

    def fetch(self, newsstand: Newsstand, slug: str, feed_format: Format) -> CachedDocument | None:
        """Returns the current document of a feed; reads it from the store only if it is new.

        Returns:
            None while the feed has no edition.

        Raises:
            FeedNotFound: No feed has this slug.
            StoreUnavailable: The store cannot be asked.
        """
        key = (slug, feed_format)
        current, _ = self._find_current(key)
        if current is not None:
            return current
        held = self._get(key)
        lock = self._fetching[hash(key) % _LOCKS]
        if held is None or self._detector is None:
            with lock:
                return self._fetch(newsstand, key)
        # There is a document to answer with, so no request waits for a store that is away.
        if self._detector.is_away:
            return held
        if not lock.acquire(timeout=POLL_TIMEOUT_S):
            self._detector.mark_unreachable("no answer")
            return held
        try:
            return self._fetch(newsstand, key)
        except StoreUnavailable as error:
            self._detector.mark_unreachable(str(error), in_short=error.in_short)
            return held
        finally:
            lock.release()

    def _fetch(self, newsstand: Newsstand, key: _Key) -> CachedDocument | None:
        cached, version = self._find_current(key)  # another thread may have fetched it meanwhile
        if cached is None:
            asked_at = 0.0 if self._detector is None else self._detector.now()
            cached = self._read(newsstand, key)
            if cached is not None:
                cached.store_version, cached.current_at = version, asked_at
        return cached

    @property
    def is_away(self) -> bool:
        """Whether the store does not answer, and documents are the last ones read from it."""
        return self._detector is not None and self._detector.is_away

    @property
    def is_unreachable(self) -> bool:
        """Whether the store is away and on a server, so that a query might wait for long."""
        return self._detector is not None and self._detector.is_away and not self._detector.is_local

    def age_s(self, cached: CachedDocument) -> int | None:
        """Returns how long ago a document was known to be current; None while the store answers."""
        if self._detector is None:
            return None
        return self._detector.age_s(cached.store_version, cached.current_at)

    @property
    def is_remote(self) -> bool:
        """Whether the store is on a server, which may stop answering."""
        return self._detector is not None and not self._detector.is_local

    @property
    def away_because(self) -> str:
        """Why the store cannot be used, in short, while it is away."""
        detector = self._detector
        return StoreUnavailable.in_short if detector is None else detector.away_because

    @property
    def away_s(self) -> float | None:
        """How long the store has not answered; None while it does."""
        return None if self._detector is None else self._detector.away_s

    def age_of(self, read: StoreMoment) -> int | None:
        """Returns how long ago what was read then was current; None while the store answers."""
        return None if self._detector is None else self._detector.age_s(read.version, read.at)

    def outdated_s(self, read: StoreMoment) -> float:
        """Returns for how long the store answered after *read*; see `ChangeDetector.outdated_s`."""
        return 0.0 if self._detector is None else self._detector.outdated_s(read.version, read.at)

    @property
    def retractions(self) -> int:
        """A number that changes when a release was retracted or restored, as far as is known."""
        return 0 if self._detector is None else self._detector.retractions

    def moment(self) -> StoreMoment:
        """Returns what is known before the store is asked for something."""
        if self._detector is None:
            return StoreMoment(version=None, at=0.0, retractions=0)
        at = self._detector.now()
        # `retractions` is read after the poll, and before the store: a later retraction changes it.
        version = self._detector.version()
        return StoreMoment(version=version, at=at, retractions=self._detector.retractions)

    def check_store(self) -> None:
        """Finds out whether the store answers, unless that was found out a moment ago."""
        if self._detector is not None:
            self._detector.version()

    def check_store_in_background(self, background: BackgroundLookup) -> None:
        """Has another thread find out whether the store answers, if a poll is due."""
        if self._detector is not None:
            self._detector.trusted_versions(background.check_store)

    def holds(self, slug: str) -> bool:
        """Whether a document of this feed is in the cache."""
        with self._lock:
            return any((slug, each) in self._documents for each in Format)

    def peek(
        self, newsstand: Newsstand, slug: str, feed_format: Format, background: BackgroundLookup
    ) -> CachedDocument | None:
        """Returns a feed's document if it may still be trusted, without waiting for the store.

        A document that may have been replaced is fetched in the background while it is younger than
        the detector's max age: so no request waits for an edition, and no answer is older than
        that.

        Returns:
            None when the store has to be asked; `fetch` does so.
        """
        if self._detector is None:
            return None
        key = (slug, feed_format)
        trusted = self._detector.lately_trusted()
        if trusted is None:
            check = partial(self._check, key, newsstand, background)
            trusted = self._detector.trusted_versions(check)
        if trusted is None:
            return self._get(key) if self.is_away else None
        cached = self._get(key)
        if cached is None or cached.store_version not in trusted:
            return None
        self._refresh_if_old(cached, trusted[-1], newsstand, background)
        return cached

    def _check(
        self,
        key: _Key,
        newsstand: Newsstand,
        background: BackgroundLookup,
        poll: Callable[[], None],
    ) -> None:
        """Has the store polled, and then the document fetched that was asked for, if it is old.

        Other documents are fetched when they are asked for. This one need not wait for a request
        more, as it would until the next one comes that finds out that there is news.
        """

        def check() -> None:
            poll()
            cached = self._documents.get(key)
            if cached is not None and self._detector is not None and not self._detector.is_away:
                self._refresh_if_old(cached, self._detector.newest, newsstand, background)

        background.check_store(check)

    def _refresh_if_old(
        self,
        cached: CachedDocument,
        newest: int,
        newsstand: Newsstand,
        background: BackgroundLookup,
    ) -> None:
        if cached.store_version != newest and cached.refreshed_for != newest:
            cached.refreshed_for = newest
            background.fetch(partial(self._refresh, cached, newsstand))

    def _refresh(self, cached: CachedDocument, newsstand: Newsstand) -> None:
        """Fetches the successor of a document, in all codings that were requested of it."""
        try:
            current = self.fetch(newsstand, cached.document.feed, cached.document.format)
        except FeedsError:
            return  # the first request after the max age meets the error, and answers with it
        if current is not None and current is not cached:
            for coding in cached.variants.made:
                current.variants.get(coding)

    def remember(self, cached: CachedDocument, asked: Hashable, answer: Reply) -> None:
        """Stores an answer with its document, for requests that are equal to *asked*."""
        with self._lock:
            # When there are too many, all are removed: those in use come back at once, and rare
            # requests cannot fill the cache for good.
            excess = len(cached.answers) if len(cached.answers) >= MAX_ANSWERS else 0
            if excess:
                cached.answers.clear()
            added = asked not in cached.answers
            cached.answers[asked] = answer
            self._count(cached, (added - excess) * ANSWER_BYTES)

    def _find_current(self, key: _Key) -> tuple[CachedDocument | None, int | None]:
        """Returns the document if it is known to be current, and the store version before that."""
        version = None if self._detector is None else self._detector.version()
        cached = self._get(key)
        if cached is None or version is None or cached.store_version != version:
            return None, version
        return cached, version

    def _read(self, newsstand: Newsstand, key: _Key) -> CachedDocument | None:
        version = newsstand.version(*key)
        if version is None:
            return None
        cached = self._get(key)
        if cached is not None and cached.version == version:
            return cached
        document = newsstand.document(*key)
        return None if document is None else self._put(key, CachedDocument(document, self._grow))

    def _get(self, key: _Key) -> CachedDocument | None:
        cached = self._documents.get(key)
        if cached is None or cached is self._last_used:
            return cached
        with self._lock:
            cached = self._last_used = self._documents.get(key)
            if cached is not None:
                self._documents.move_to_end(key)
            return cached

    def _put(self, key: _Key, cached: CachedDocument) -> CachedDocument:
        with self._lock:
            before = self._documents.pop(key, None)
            self._last_used = cached
            self._held_bytes += cached.size_bytes - (before.size_bytes if before else 0)
            self._documents[key] = cached
            self._evict()
        return cached

    def _grow(self, cached: CachedDocument, size: int) -> None:
        with self._lock:
            self._count(cached, size)

    def _count(self, cached: CachedDocument, size: int) -> None:
        # An evicted document is not counted: only the requests that use it still hold it.
        if self._documents.get((cached.document.feed, cached.document.format)) is cached:
            cached.size_bytes += size
            self._held_bytes += size
            self._evict()

    def _evict(self) -> None:
        while self._held_bytes > self._max_bytes:
            _, oldest = self._documents.popitem(last=False)
            self._held_bytes -= oldest.size_bytes
        if not self._documents:
            self._last_used = None


def _version_of(document: FeedDocument) -> DocumentVersion:
    """Returns what tells documents apart, which is more than their digest.

    A feed may return to bytes that it had before; they are then modified later than the first
    time.
    """
    return DocumentVersion(
        edition=document.edition,
        digest=document.digest,
        modified_at=document.modified_at,
        size_bytes=document.size_bytes,
        updated=document.updated,
    )
