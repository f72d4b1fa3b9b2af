"""Compression of documents: whole, or entry by entry so that known ones are not repeated."""

import struct
import zlib
from collections.abc import Iterable
from hashlib import sha256

import deflate

# Documents on their way out: compressed once when they are made, not for each reader.
#
# Long documents are compressed piece by piece, in ``stretches``; what is said here is of the short
# ones, and of pages. The library was chosen for speed, with the size bound to at most 12 % above
# zlib's level 6. Measured on 87 documents made from the nine
# files of sample releases (1 to 100 entries each, three formats), against zlib level 6:
#
# ===================  =====  ====================  =====  =====  =====
# library, level       time   size: all documents   Atom   RSS    JSON
# ===================  =====  ====================  =====  =====  =====
# zlib 6               1.00   1.00                  1.00   1.00   1.00
# zlib 1               0.34   1.20                  1.19   1.18   1.24
# ISA-L 3 (isal)       0.12   1.12                  1.11   1.11   1.14
# zlib-ng 3            0.28   1.06                  1.06   1.06   1.07
# libdeflate 1         0.17   1.11                  1.10   1.09   1.13
# libdeflate 2         0.23   1.07                  1.06   1.06   1.08
# libdeflate 3         0.25   1.04                  1.04   1.04   1.05
# **1, and 2 for JSON  0.19   1.09                  1.10   1.09   1.08**
# ===================  =====  ====================  =====  =====  =====
#
# Documents that a feed's default window of 250 kB allows all keep the bound; of the larger ones
# the worst (one announcement in many languages, 290 kB of Atom) is 13.5 % above.
#
# ISA-L is fastest, but too large for long and for JSON documents, and its bytes depend on the
# processor it runs on. libdeflate has no such choice to make. It comes with the package
# ``deflate``, which lets go of the interpreter's lock while it works (from 0.9) and takes a
# compressor of its own for each call, so threads compress side by side.

XML_LEVEL = 1
#: A JSON Feed holds each text twice, an entry's length apart. Level 1 remembers too little to
#: find the second: up to 23 % above zlib's level 6 where entries are long.
JSON_LEVEL = 2

#: Documents shorter than this are compressed as a whole: it takes no longer than to join
#: stretches, and there is less to gain by remembering (see ``stretches``).
WHOLE_BYTES = 32 * 1024

#: Hex digits of a digest: 128 bits.
DIGEST_LENGTH = 32

#: zlib's code for "gzip, with the largest window".
_GZIP_WBITS = 16 + zlib.MAX_WBITS


def compress(document: bytes) -> bytes:
    """*Document* as one gzip member without name and time: same bytes in, same bytes out."""
    level = JSON_LEVEL if document.startswith(b"{") else XML_LEVEL
    return bytes(deflate.gzip_compress(document, level))


def decompress(compressed: bytes) -> bytes:
    """What `compress` was given.

    Raises:
        zlib.error: *compressed* is not a whole gzip member, or its check sum is wrong.
    """
    return zlib.decompress(compressed, _GZIP_WBITS)


def check_sum(document: bytes) -> int:
    """CRC-32 (RFC 1952 section 8), four times as fast as by zlib."""
    return int(deflate.crc32(document))


def digest(document: bytes) -> str:
    """The name of an uncompressed document's bytes, of which its ETag is made.

    SHA-256, cut to 128 bits: with the processor's own instructions for it, it takes half the
    time of BLAKE2b (0.10 ms against 0.19 ms for 200 kB).
    """
    return sha256(document).hexdigest()[:DIGEST_LENGTH]


# A document compressed piece by piece, so that a new edition compresses only what is new in it.
#
# A *stretch* is one piece of a document, deflated on its own up to a byte boundary, with no other
# memory than the piece before it. So it depends on these two alone: it is the same in every
# document where the one follows the other, and in every edition. A release that comes in at the top
# of a feed costs its own stretch and that of the entry that it pushes down; the others are joined
# as they are.
#
# The piece before it is what makes this pay: entries of one feed share their markup and their
# newsroom's phrases. Measured on 120 documents made of the sample releases (173 kB and 23 entries
# on average), against zlib's level 6 on whole documents:
#
# =================================  =====  =====  ============================
# a stretch remembers                 size  worst  made anew with one release
# =================================  =====  =====  ============================
# nothing                             1.26   1.47  1 entry
# **the piece before it, level 5**    1.07   1.19  2 entries
# the piece before it, level 6        1.06   1.18  2 entries
# 8 kB before it, level 6             1.04   1.14  2.8 entries
# 16 kB before it, level 6            1.02   1.08  3.9 entries
# =================================  =====  =====  ============================
#
# Time a document with one release more, the three feeds that it goes into counted together: 0.28
# ms, against 1.11 ms for libdeflate's fastest level on the whole and 5.66 ms for zlib's level 6. A
# document of which nothing is known takes 4.4 ms.
#
# zlib, not a faster relative of it: ISA-L's and zlib-ng's bytes depend on the processor, and
# libdeflate takes no dictionary.

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


def deflate_segment(piece: bytes, before: bytes = b"") -> bytes:
    """*Piece*, deflated, for a reader that has *before* in its memory.

    Same bytes in, same bytes out. Two stretches may be joined wherever the second one's *before*
    is what the first one's piece ends with.
    """
    if before:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW, zdict=before[-WINDOW_BYTES:])
    else:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
    return packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)


def join_segments(stretches: Iterable[bytes], document: bytes) -> bytes:
    """One gzip member (RFC 1952) of *stretches*, which hold *document* from end to end."""
    trailer = _TRAILER.pack(check_sum(document), len(document) & 0xFFFFFFFF)
    return b"".join((_HEADER, *stretches, _END, trailer))
