"""Compresses documents: short ones as a whole, long ones segment by segment."""

import struct
import zlib
from collections.abc import Iterable
from hashlib import sha256

import deflate

# Whole documents, compressed once when they are made and not for each reader.
#
# This part is for short documents and pages; long ones are compressed in segments (see below). The
# library was chosen for speed, with a size limit of 12 % above zlib's level 6. libdeflate takes
# 0.19 of zlib's time, and its output does not depend on the processor, as that of ISA-L does. All
# documents that fit a feed's default window of 250 kB stay within the limit. The package
# ``deflate`` releases the interpreter lock while it works (from 0.9), so threads compress in
# parallel. What was measured: docs/decisions/rendering-and-compression.md.

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
# phrases. Without one, documents are 26 % larger than zlib's level 6 makes them as a whole, with
# the piece before it 7 %. A larger dictionary saves little and changes more segments with each
# release. zlib is used, and not a faster library: the output of ISA-L and zlib-ng depends on the
# processor, and libdeflate takes no dictionary. What was measured:
# docs/decisions/rendering-and-compression.md.

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

#: The header of a block that is stored: type, length, and its complement.
_STORED = struct.Struct("<BHH")


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


def store_segment(piece: bytes) -> bytes:
    """Returns a short *piece* as a segment that is not compressed (RFC 1951 section 3.2.4)."""
    return _STORED.pack(0, len(piece), len(piece) ^ 0xFFFF) + piece


def join_segments(segments: Iterable[bytes], document: bytes) -> bytes:
    """Joins *segments* that together contain *document* to one gzip member (RFC 1952)."""
    trailer = _TRAILER.pack(check_sum(document), len(document) & 0xFFFFFFFF)
    return b"".join((_HEADER, *segments, _END, trailer))
