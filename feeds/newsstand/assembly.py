"""From an assembled document to what is stored: named by its digest, and compressed."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock

from feeds import render
from feeds.store.documents import Fragment

#: A stretch takes some 2.3 kB. This is enough for what 100 feeds show in three formats.
MAX_BYTES = 24 * 1024 * 1024

#: What a stretch takes beside its bytes.
FRAME_BYTES = 300

#: A piece by the fingerprint of its entry, and of the one before it; None at the top.
SegmentKey = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class DocumentParts:
    """A document that is laid out: its pieces, and the entries that they were made of."""

    pieces: Sequence[bytes]  #: head, a piece for each entry, tail
    entries: Sequence[Fragment]

    def __post_init__(self) -> None:
        if len(self.pieces) != len(self.entries) + 2:
            raise ValueError(f"{len(self.entries)} entries do not make {len(self.pieces)} pieces")

    def document(self) -> bytes:
        """The whole, uncompressed."""
        return b"".join(self.pieces)

    @cached_property
    def keyed(self) -> list[tuple[SegmentKey, bytes, bytes]]:
        """Each entry's piece: what its stretch is known by, the piece, the entry before it.

        The first entry's stretch remembers nothing: heads differ from feed to feed and change
        with each edition, and so it is one stretch for all feeds that the entry is at the top of.
        """
        found: list[tuple[SegmentKey, bytes, bytes]] = []
        before: str | None = None
        remembered = b""
        for entry, piece in zip(self.entries, self.pieces[1:-1], strict=True):
            found.append(((entry.fingerprint, before), piece, remembered))
            # Not its piece: at the top of a document that lacks what stands between two.
            before, remembered = entry.fingerprint, entry.body or b""
        return found


class GzipAssembler:
    """Compresses documents, and remembers the stretches used last. Safe to share between threads.

    The bytes do not depend on what is remembered: see ``render.stretches``.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._stretches: OrderedDict[SegmentKey, bytes] = OrderedDict()
        self._lock = Lock()

    def unknown_bytes(self, parts: DocumentParts) -> int:
        """How many of its bytes are to be compressed anew."""
        return sum(len(piece) for key, piece, _ in parts.keyed if key not in self._stretches)

    def assemble(self, parts: DocumentParts, document: bytes) -> bytes:
        """*Document*, of which *parts* is the pieces, as one gzip member."""
        if len(document) < render.WHOLE_BYTES:
            return render.compress(document)
        head, *_, tail = parts.pieces
        stretches = [self._segment(*keyed) for keyed in parts.keyed]
        return render.join_segments(
            (render.deflate_segment(head), *stretches, _tail(tail)), document
        )

    def _segment(self, key: SegmentKey, piece: bytes, before: bytes) -> bytes:
        with self._lock:
            kept = self._stretches.get(key)
            if kept is not None:
                self._stretches.move_to_end(key)
                return kept
        return self._store(key, render.deflate_segment(piece, before))

    def _store(self, key: SegmentKey, made: bytes) -> bytes:
        with self._lock:
            if key not in self._stretches:
                self._stretches[key] = made
                self._bytes += len(made) + FRAME_BYTES
                while self._bytes > self._max_bytes:
                    _, gone = self._stretches.popitem(last=False)
                    self._bytes -= len(gone) + FRAME_BYTES
        return made


@cache
def _tail(tail: bytes) -> bytes:
    """A tail's stretch; there is one tail for each format."""
    return render.deflate_segment(tail)
