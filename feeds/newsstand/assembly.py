"""Compresses assembled documents, reusing deflate segments of unchanged entries."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock

from feeds import render
from feeds.store.documents import Fragment

#: A segment takes some 2.3 kB. This is enough for the windows of 100 feeds in three formats.
MAX_BYTES = 24 * 1024 * 1024

#: Memory of a cached segment besides its bytes.
OVERHEAD_BYTES = 300

#: Fingerprints of an entry and of the entry before it; None for the first one.
SegmentKey = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class DocumentParts:
    """A document as its parts, and the entries that they were made of."""

    pieces: Sequence[bytes]  #: head, a piece for each entry, tail
    entries: Sequence[Fragment]

    def __post_init__(self) -> None:
        if len(self.pieces) != len(self.entries) + 2:
            raise ValueError(f"{len(self.entries)} entries do not make {len(self.pieces)} pieces")

    def document(self) -> bytes:
        """Returns the whole document, uncompressed."""
        return b"".join(self.pieces)

    @cached_property
    def keyed(self) -> list[tuple[SegmentKey, bytes, bytes]]:
        """For each entry: the key of its segment, its piece, and the bytes of the entry before it.

        The first entry's segment has no preceding bytes: heads differ from feed to feed and change
        with each edition. So all feeds with this entry at the top share one segment.
        """
        found: list[tuple[SegmentKey, bytes, bytes]] = []
        before: str | None = None
        preceding = b""
        for entry, piece in zip(self.entries, self.pieces[1:-1], strict=True):
            found.append(((entry.fingerprint, before), piece, preceding))
            # The body, not the piece: the first piece of a document has no separator before it.
            before, preceding = entry.fingerprint, entry.body or b""
        return found


class GzipAssembler:
    """Compresses documents and caches recent deflate segments. Safe to share between threads.

    The output does not depend on the content of the cache: see ``feeds.render.compression``.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._segments: OrderedDict[SegmentKey, bytes] = OrderedDict()
        self._lock = Lock()

    def unknown_bytes(self, parts: DocumentParts) -> int:
        """Returns how many bytes have no cached segment."""
        return sum(len(piece) for key, piece, _ in parts.keyed if key not in self._segments)

    def assemble(self, parts: DocumentParts, document: bytes) -> bytes:
        """Returns *document*, which consists of *parts*, as one gzip member."""
        if len(document) < render.WHOLE_BYTES:
            return render.compress(document)
        head, *_, tail = parts.pieces
        segments = [self._segment(*keyed) for keyed in parts.keyed]
        return render.join_segments(
            (render.deflate_segment(head), *segments, _tail(tail)), document
        )

    def clear(self) -> None:
        """Evicts all segments."""
        with self._lock:
            self._segments.clear()
            self._bytes = 0

    def _segment(self, key: SegmentKey, piece: bytes, before: bytes) -> bytes:
        with self._lock:
            cached = self._segments.get(key)
            if cached is not None:
                self._segments.move_to_end(key)
                return cached
        return self._cache(key, render.deflate_segment(piece, before))

    def _cache(self, key: SegmentKey, segment: bytes) -> bytes:
        with self._lock:
            if key not in self._segments:
                self._segments[key] = segment
                self._bytes += len(segment) + OVERHEAD_BYTES
                while self._bytes > self._max_bytes:
                    _, evicted = self._segments.popitem(last=False)
                    self._bytes -= len(evicted) + OVERHEAD_BYTES
        return segment


@cache
def _tail(tail: bytes) -> bytes:
    """Returns the segment of a tail; each format has one tail."""
    return render.deflate_segment(tail)
