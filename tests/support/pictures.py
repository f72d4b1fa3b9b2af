"""Small pictures that are valid, and what cameras write into them."""

import struct
from zlib import compress, crc32


def png(width: int = 3, height: int = 2, *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey picture, with further chunks."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    written = [(b"IHDR", head), *chunks, (b"IDAT", lines), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc32(kind + content))
        for kind, content in written
    )


PNG = png()


def jpeg(width: int, height: int, *segments: tuple[int, bytes]) -> bytes:
    """The segments of a picture up to its scan, with further ones."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    written = [*segments, (0xC0, frame), (0xDA, b"\1\1\0\0\x3f\0")]
    return b"\xff\xd8" + b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
        for marker, content in written
    ) + b"\xff\xd9"  # fmt: skip


def webp(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """The chunks of an extended file, with further ones."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    written = [(b"VP8X", b"\x0c\0\0\0" + size), *chunks]
    content = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(each)) + each + b"\0" * (len(each) % 2)
        for kind, each in written
    )
    return b"RIFF" + struct.pack("<I", len(content)) + content


def exif(*, author: bytes, has_place: bool, orientation: int = 1, order: str = ">") -> bytes:
    """A table as cameras write it: orientation, author, and a place in a table of its own."""
    author += b"\0"
    entries = [(0x0112, 3, 1, struct.pack(f"{order}HH", orientation, 0))]
    table = 8 + 2 + 12 * (3 if has_place else 2) + 4
    entries.append((0x013B, 2, len(author), struct.pack(f"{order}I", table)))
    behind = author + b"\0" * (len(author) % 2)
    if has_place:
        place = table + len(behind)
        entries.append((0x8825, 4, 1, struct.pack(f"{order}I", place)))
        values = place + 2 + 12 * 3 + 4
        inner = [
            (1, 2, 2, b"N\0\0\0"),
            (2, 5, 3, struct.pack(f"{order}I", values)),
            (18, 2, 7, struct.pack(f"{order}I", values + 24)),
        ]
        degrees = struct.pack(f"{order}IIIIII", 52, 1, 31, 1, 12, 1)
        behind += _table(inner, order) + degrees + b"WGS-84\0\0"
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return mark + struct.pack(f"{order}I", 8) + _table(entries, order) + behind


def _table(entries: list[tuple[int, int, int, bytes]], order: str) -> bytes:
    written = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count) + value for tag, kind, count, value in entries
    )
    return struct.pack(f"{order}H", len(entries)) + written + b"\0\0\0\0"
