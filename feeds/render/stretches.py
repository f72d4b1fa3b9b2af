"""A document compressed piece by piece, so that a new edition compresses only what is new in it.

A *stretch* is one piece of a document, deflated on its own up to a byte boundary, with no other
memory than the piece before it. So it depends on these two alone: it is the same in every document
where the one follows the other, and in every edition. A release that comes in at the top of a feed
costs its own stretch and that of the entry that it pushes down; the others are joined as they are.

The piece before it is what makes this pay: entries of one feed share their markup and their
newsroom's phrases. Measured on 120 documents made of the sample releases (173 kB and 23 entries on
average), against zlib's level 6 on whole documents:

=================================  =====  =====  ============================
a stretch remembers                 size  worst  made anew with one release
=================================  =====  =====  ============================
nothing                             1.26   1.47  1 entry
**the piece before it, level 5**    1.07   1.19  2 entries
the piece before it, level 6        1.06   1.18  2 entries
8 kB before it, level 6             1.04   1.14  2.8 entries
16 kB before it, level 6            1.02   1.08  3.9 entries
=================================  =====  =====  ============================

Time a document with one release more, the three feeds that it goes into counted together: 0.28 ms,
against 1.11 ms for libdeflate's fastest level on the whole and 5.66 ms for zlib's level 6. A
document of which nothing is known takes 4.4 ms.

zlib, not a faster relative of it: ISA-L's and zlib-ng's bytes depend on the processor, and
libdeflate takes no dictionary.
"""

import struct
import zlib
from collections.abc import Iterable

from feeds.render.compression import check_sum

LEVEL = 5

#: Deflate without a header (RFC 1951), with the largest window.
_RAW = -zlib.MAX_WBITS

#: How far back a match may lie.
WINDOW_BYTES = 1 << zlib.MAX_WBITS

#: RFC 1952 2.3.1: magic, deflate, no flags, no time, no word on the level, no system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

#: An empty last block: what was joined before it does not say that it is the end.
_END = b"\x03\x00"

_TRAILER = struct.Struct("<II")


def stretch(piece: bytes, before: bytes = b"") -> bytes:
    """*Piece*, deflated, for a reader that has *before* in its memory.

    Same bytes in, same bytes out. Two stretches may be joined wherever the second one's *before*
    is what the first one's piece ends with.
    """
    if before:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW, zdict=before[-WINDOW_BYTES:])
    else:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
    return packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)


def joined(stretches: Iterable[bytes], document: bytes) -> bytes:
    """One gzip member (RFC 1952) of *stretches*, which hold *document* from end to end."""
    trailer = _TRAILER.pack(check_sum(document), len(document) & 0xFFFFFFFF)
    return b"".join((_HEADER, *stretches, _END, trailer))
