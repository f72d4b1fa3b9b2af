"""How a document's bytes are cut into entries, so that some of them can be sent alone."""

import struct
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

#: Length of the head, and of what stands between two entries.
_HEAD = struct.Struct(">IB")
#: Mark and length of an entry.
_CUT = struct.Struct(">8sI")

#: Bytes of a mark: with 64 bits, two entries of one feed share one by chance in never.
MARK_BYTES = 8


#: Of a document that is never cut.
NONE = b""


@dataclass(frozen=True, slots=True)
class Cut:
    """One entry of a document."""

    mark: bytes  #: the same in two documents of a format exactly when the entry's bytes are
    length: int  #: in bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a document each of its entries stands."""

    head: int  #: bytes before the first entry
    between: int  #: bytes between two entries
    cuts: tuple[Cut, ...]  #: in the document's order

    @property
    def marks(self) -> frozenset[bytes]:
        """What the document held, without its order."""
        return frozenset(cut.mark for cut in self.cuts)

    @classmethod
    def unpack(cls, packed: bytes) -> "Layout | None":
        """What `pack` wrote; None for the empty bytes of a document older than layouts."""
        if not packed:
            return None
        head, between = _HEAD.unpack_from(packed)
        cuts = _CUT.iter_unpack(packed[_HEAD.size :])
        return cls(head, between, tuple(Cut(mark, length) for mark, length in cuts))


def pack(head: int, between: int, cuts: Iterable[tuple[bytes, int]]) -> bytes:
    """A layout as it is kept, 12 bytes an entry. Each edition needs it; few are ever read.

    Args:
        head: Bytes before the first entry.
        between: Bytes between two entries.
        cuts: Mark and length of each entry, in the document's order.
    """
    return _HEAD.pack(head, between) + b"".join([_CUT.pack(*cut) for cut in cuts])


def without_known(document: bytes, layout: Layout, known: AbstractSet[bytes]) -> tuple[bytes, int]:
    """The document with only those entries whose marks are not *known*, and how many those are.

    Args:
        document: Uncompressed.
        layout: Its own.
        known: Marks of another document of the same feed and format.
    """
    kept: list[bytes] = []
    start, between = layout.head, b""
    for number, cut in enumerate(layout.cuts):
        if number:
            between = document[start : start + layout.between]
            start += layout.between
        if cut.mark not in known:
            kept.append(document[start : start + cut.length])
        start += cut.length
    return b"".join((document[: layout.head], between.join(kept), document[start:])), len(kept)
