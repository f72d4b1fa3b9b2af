"""Answers that were made from the store, cached for the time in which it does not answer."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

from feeds.categories import Catalogue
from feeds.errors import FeedsError
from service.http_rules import Coding, Representation
from service.web.document_cache import StoreMoment
from service.web.encoded_variants import EncodedVariants

#: The limit for all pages of a worker. A page takes some 10 KB, compressed.
MAX_BYTES = 16 * 1024 * 1024

#: The largest page that is stored. A list of ten thousand pages takes a fraction of it, compressed.
MAX_PAGE_BYTES = 2 * 1024 * 1024

#: How many pages are remembered as gone. Each keeps its release, some 10 KB.
MAX_REFUSALS = 200

#: The memory of a page in addition to its bytes.
OVERHEAD_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedPage:
    """An answer, independent of the conditions and codings of the client that requested it."""

    catalogue: Catalogue  #: from which it was made
    body: bytes  #: as gzip
    described: Representation
    read: StoreMoment  #: from before the store was asked

    @property
    def size_bytes(self) -> int:
        """The memory that it takes."""
        return len(self.body) + OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRefusal:
    """Why there is no page any more: what has been there is gone."""

    catalogue: Catalogue
    error: FeedsError
    read: StoreMoment


class PageCache:
    """The most recently made answers. Bounded by bytes. Safe to share between threads."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        """Makes an empty cache."""
        self._max_bytes = max_bytes
        self._pages: OrderedDict[Hashable, CachedPage] = OrderedDict()
        self._lock = Lock()
        self._held_bytes = 0
        self._refusals: OrderedDict[Hashable, CachedRefusal] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """The size of all cached pages."""
        return self._held_bytes

    def store(
        self,
        key: Hashable,
        variants: EncodedVariants,
        described: Representation,
        *,
        catalogue: Catalogue,
        read: StoreMoment,
    ) -> None:
        """Stores an answer, and replaces the earlier one of the same key."""
        before = self.get(key)
        is_same = before is not None and before.described.revision == described.revision
        page = CachedPage(
            catalogue=catalogue,
            body=before.body if before is not None and is_same else variants.get(Coding.GZIP),
            described=described,
            read=read,
        )
        with self._lock:
            self._refusals.pop(key, None)
            self._remove(key)
            if page.size_bytes <= MAX_PAGE_BYTES:
                self._pages[key] = page
                self._held_bytes += page.size_bytes
            while self._held_bytes > self._max_bytes:
                self._remove(next(iter(self._pages)))

    def get(self, key: Hashable) -> CachedPage | None:
        """Returns the page stored under a key."""
        with self._lock:
            return self._pages.get(key)

    def refuse(self, key: Hashable, refusal: CachedRefusal) -> None:
        """Stores why there is no page, and removes the one that was."""
        with self._lock:
            self._remove(key)
            self._refusals[key] = refusal
            if len(self._refusals) > MAX_REFUSALS:
                self._refusals.popitem(last=False)

    def refusal(self, key: Hashable) -> CachedRefusal | None:
        """Returns why there is no page under a key."""
        with self._lock:
            return self._refusals.get(key)

    def remove(self, key: Hashable) -> None:
        """Removes a page that must not be served any more."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: Hashable) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self._held_bytes -= page.size_bytes
