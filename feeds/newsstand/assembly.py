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

#: Fingerprints of an entry and of the entry before it; None for the first one. Of a part of a head,
#: its bytes and those before it.
SegmentKey = tuple[str, str | None] | tuple[bytes, bytes]


@dataclass(frozen=True, kw_only=True)
class DocumentParts:
    """A document as its parts."""

    frame: render.Frame  #: around these entries
    entries: Sequence[Fragment]
    bodies: Sequence[bytes]  #: of the entries, in their order

    def document(self) -> bytes:
        """Returns the whole document, uncompressed."""
        return self.frame.document(self.bodies)

    @cached_property
    def size_bytes(self) -> int:
        """The length of the document."""
        return self.frame.size_bytes(self.bodies)

    @cached_property
    def keys(self) -> list[SegmentKey]:
        """For each entry the key of its segment.

        The first entry's segment has no preceding bytes: heads differ from feed to feed and change
        with each edition. So all feeds with this entry at the top share one segment.
        """
        names = [entry.fingerprint for entry in self.entries]
        return list(zip(names, [None, *names], strict=False))

    def segment(self, index: int) -> bytes:
        """Deflates an entry."""
        if index == 0:
            return render.deflate_segment(self.bodies[0])
        # After the body, not the piece: the first piece of a document has no separator before it.
        piece = self.frame.between + self.bodies[index]
        return render.deflate_segment(piece, self.bodies[index - 1])


class GzipAssembler:
    """Compresses documents and caches recent deflate segments. Safe to share between threads.

    The output does not depend on the content of the cache: see ``feeds.render.compression``.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._segments: OrderedDict[SegmentKey, bytes] = OrderedDict()
        self._lock = Lock()

    def known(self, parts: DocumentParts) -> list[bytes | None]:
        """Returns the cached segments of the entries, None for others."""
        return self._known(parts.keys)

    def assemble(
        self, parts: DocumentParts, document: bytes, known: Sequence[bytes | None]
    ) -> bytes:
        """Returns *document*, which consists of *parts*, as one gzip member.

        Args:
            parts: The parts of the document.
            document: Their bytes.
            known: The segments of the entries that were cached.
        """
        if len(document) < render.WHOLE_BYTES:
            return render.compress(document)
        segments = [
            self._segment(parts, index) if segment is None else segment
            for index, segment in enumerate(known)
        ]
        return render.join_segments(
            [*self._head(parts.frame), *segments, _tail(parts.frame.tail)], document
        )

    def clear(self) -> None:
        """Evicts all segments."""
        with self._lock:
            self._segments.clear()
            self._bytes = 0

    def _head(self, frame: render.Frame) -> list[bytes]:
        """Returns the segments of a head, of which only the date is another one each time."""
        if not frame.date:
            return [self._part(frame.head)]
        before, date, after = frame.head.partition(frame.date)
        # The date counts as zeros, which no head contains: so nothing refers to it.
        memory = before + bytes(len(date))
        return [self._part(before), render.store_segment(date), self._part(after, memory)]

    def _part(self, piece: bytes, before: bytes = b"") -> bytes:
        key = (piece, before)
        [known] = self._known([key])
        return self._cache(key, render.deflate_segment(piece, before)) if known is None else known

    def _segment(self, parts: DocumentParts, index: int) -> bytes:
        """Returns the segment of an entry that was not cached, unless another document has it."""
        key = parts.keys[index]
        known = self._segments.get(key)
        return self._cache(key, parts.segment(index)) if known is None else known

    def _known(self, keys: Sequence[SegmentKey]) -> list[bytes | None]:
        """Returns the cached segments, None for others."""
        with self._lock:
            found = list(map(self._segments.get, keys))
            for key, segment in zip(keys, found, strict=True):
                if segment is not None:
                    self._segments.move_to_end(key)
        return found

    def _cache(self, key: SegmentKey, segment: bytes) -> bytes:
        with self._lock:
            if key not in self._segments:
                self._segments[key] = segment
                self._bytes += _memory_bytes(key, segment)
                while self._bytes > self._max_bytes:
                    self._bytes -= _memory_bytes(*self._segments.popitem(last=False))
        return segment


def unknown_bytes(parts: DocumentParts, known: Sequence[bytes | None]) -> int:
    """Returns how many bytes of entries have no segment among the *known* ones."""
    if None not in known:
        return 0
    pairs = zip(parts.bodies, known, strict=True)
    return sum([len(body) for body, segment in pairs if segment is None])


def _memory_bytes(key: SegmentKey, segment: bytes) -> int:
    names = [len(name) for name in key if isinstance(name, bytes)]
    return len(segment) + OVERHEAD_BYTES + sum(names)


@cache
def _tail(tail: bytes) -> bytes:
    """Returns the segment of a tail; each format has one tail."""
    return render.deflate_segment(tail)
