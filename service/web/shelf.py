"""Documents at hand, so that a reader costs one small query and no blob."""

from collections import OrderedDict
from threading import Lock

from feeds.model.edition import DocumentVersion, FeedDocument
from feeds.model.feed import Format
from feeds.newsstand import Newsstand

#: A document is some 40 KB of gzip, so this is what a few hundred busy feeds need.
MAX_SHELF_BYTES = 32 * 1024 * 1024

_Key = tuple[str, Format]


class Shelf:
    """The latest document of each feed and format, the least recently asked for thrown out first.

    Safe to use from many threads. Compressed bytes are kept; the few readers that cannot take
    gzip pay for its undoing.
    """

    def __init__(self, max_bytes: int = MAX_SHELF_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._documents: OrderedDict[_Key, FeedDocument] = OrderedDict()
        self._lock = Lock()

    def fetch(self, newsstand: Newsstand, slug: str, feed_format: Format) -> FeedDocument | None:
        """Return the current document of a feed, from the store only when it is new to us.

        Returns:
            None while the feed has no edition.

        Raises:
            FeedNotFound: No feed has this slug.
            StoreUnavailable: The store cannot be asked.
        """
        version = newsstand.version(slug, feed_format)
        if version is None:
            return None
        held = self._take(slug, feed_format)
        if held is not None and _version_of(held) == version:
            return held
        document = newsstand.document(slug, feed_format)
        if document is not None:
            self._put(slug, feed_format, document)
        return document

    def _take(self, slug: str, feed_format: Format) -> FeedDocument | None:
        with self._lock:
            document = self._documents.get((slug, feed_format))
            if document is not None:
                self._documents.move_to_end((slug, feed_format))
            return document

    def _put(self, slug: str, feed_format: Format, document: FeedDocument) -> None:
        with self._lock:
            before = self._documents.pop((slug, feed_format), None)
            self._held_bytes += len(document.gzip) - (len(before.gzip) if before else 0)
            self._documents[slug, feed_format] = document
            while self._held_bytes > self._max_bytes:
                _, oldest = self._documents.popitem(last=False)
                self._held_bytes -= len(oldest.gzip)


def _version_of(document: FeedDocument) -> DocumentVersion:
    """Tell documents apart by more than their digest.

    A feed may come back to bytes that it had before; they are then modified later than the first
    time.
    """
    return DocumentVersion(
        edition=document.edition, digest=document.digest, modified_at=document.modified_at
    )
