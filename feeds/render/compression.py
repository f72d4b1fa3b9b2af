"""Compresses documents: short ones as a whole, long ones segment by segment."""

import struct
import zlib
from collections.abc import Iterable
from hashlib import sha256

import deflate

# Whole documents, compressed once when they are made and not for each reader.
#
# This part is for short documents and pages; long ones are compressed in segments (see below). The
# library was chosen for speed, with a size limit of 12 % above zlib's level 6. Measured on 87
# documents made from the nine files of sample releases (1 to 100 entries each, three formats),
# relative to zlib level 6:
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
# All documents that fit a feed's default window of 250 kB stay within the limit; of the larger
# ones the worst (one announcement in many languages, 290 kB of Atom) is 13.5 % above.
#
# ISA-L is fastest, but its output is too large for long and for JSON documents, and depends on the
# processor. The output of libdeflate does not. The package ``deflate`` wraps libdeflate; it
# releases the interpreter lock while it works (from 0.9) and uses a separate compressor for each
# call, so threads compress in parallel.

XML_LEVEL = 1
#: A JSON Feed contains each text twice, one entry's length apart. Level 1 looks back too little to
#: find the second copy: up to 23 % above zlib's level 6 where entries are long.
JSON_LEVEL = 2

#: Documents shorter than this are compressed as a whole: that takes no longer than joining
#: segments, and segments would save little.
WHOLE_BYTES = 32 * 1024

#: Length of a digest in hex digits: 128 bits.
DIGEST_LENGTH = 32

#: zlib's parameter for gzip with the largest window.
_GZIP_WBITS = 16 + zlib.MAX_WBITS


def compress(document: bytes) -> bytes:
    """Compresses *document* to one gzip member without name and time: deterministic bytes."""
    level = JSON_LEVEL if document.startswith(b"{") else XML_LEVEL
    return bytes(deflate.gzip_compress(document, level))


def decompress(compressed: bytes) -> bytes:
    """Decompresses what `compress` returned.

    Raises:
        zlib.error: *compressed* is not a complete gzip member, or its checksum is wrong.
    """
    return zlib.decompress(compressed, _GZIP_WBITS)


def check_sum(document: bytes) -> int:
    """Returns the CRC-32 (RFC 1952 section 8), four times as fast as zlib."""
    return int(deflate.crc32(document))


def digest(document: bytes) -> str:
    """Returns the digest of an uncompressed document, from which its ETag is made.

    SHA-256 cut to 128 bits: with the processor's instructions for it, it takes half the time of
    BLAKE2b (0.10 ms against 0.19 ms for 200 kB).
    """
    return sha256(document).hexdigest()[:DIGEST_LENGTH]


# Documents compressed in segments, so that a new edition compresses only its new parts.
#
# A *segment* is one piece of a document, deflated separately up to a byte boundary, with only the
# piece before it as dictionary. So it depends on these two pieces alone and is the same in every
# document and edition where one follows the other. A release that enters at the top of a feed
# costs its own segment and that of the entry below it; all others are reused.
#
# The dictionary makes this worthwhile: entries of one feed share their markup and their newsroom's
# phrases. Measured on 120 documents made from the sample releases (173 kB and 23 entries on
# average), relative to zlib's level 6 on whole documents:
#
# =================================  =====  =====  ============================
# dictionary of a segment             size  worst  compressed for a new release
# =================================  =====  =====  ============================
# none                                1.26   1.47  1 entry
# **the piece before it, level 5**    1.07   1.19  2 entries
# the piece before it, level 6        1.06   1.18  2 entries
# 8 kB before it, level 6             1.04   1.14  2.8 entries
# 16 kB before it, level 6            1.02   1.08  3.9 entries
# =================================  =====  =====  ============================
#
# Time for a document with one new release, for the three feeds that contain it together: 0.28 ms,
# against 1.11 ms for libdeflate's fastest level on whole documents and 5.66 ms for zlib's level 6.
# A document without any stored segments takes 4.4 ms.
#
# zlib is used, and not a faster library: the output of ISA-L and zlib-ng depends on the processor,
# and libdeflate takes no dictionary.

LEVEL = 5

#: zlib's parameter for raw deflate (RFC 1951) with the largest window.
_RAW = -zlib.MAX_WBITS

#: The largest distance of a match.
WINDOW_BYTES = 1 << zlib.MAX_WBITS

#: RFC 1952 section 2.3.1: magic, deflate, no flags, no time, level unknown, system unknown.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

#: An empty final block, because the segments before it are not marked as the end.
_END = b"\x03\x00"

_TRAILER = struct.Struct("<II")


def deflate_segment(piece: bytes, before: bytes = b"") -> bytes:
    """Deflates *piece*, with the piece *before* it as dictionary.

    Deterministic. Segments may be joined wherever the *before* of the second is the end of the
    first one's piece.
    """
    if before:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW, zdict=before[-WINDOW_BYTES:])
    else:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
    return compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)


def join_segments(segments: Iterable[bytes], document: bytes) -> bytes:
    """Joins *segments* that together contain *document* to one gzip member (RFC 1952)."""
    trailer = _TRAILER.pack(check_sum(document), len(document) & 0xFFFFFFFF)
    return b"".join((_HEADER, *segments, _END, trailer))
