"""The size of a picture in pixels, and the place where it was taken, which is taken out.

A telephone's photograph says where it was taken, to a few metres: at home, or at a source's. That
is overwritten in place, so that nothing else in the file moves or changes: not the
picture, its orientation, its author or its rights. No library is needed to find five kinds of
containers and one kind of table; Pillow would decode the picture and write it anew.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from zlib import crc32

# Where metadata is.


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of metadata inside a file."""

    offset: int
    size: int
    is_xmp: bool
    #: Where the CRC of the block is, and what it is of besides the block; None if there is none.
    crc: tuple[int, bytes] | None = None


#: Metadata are at most so large; what is larger is none.
_MAX_BLOCK_BYTES = 16 * 1024 * 1024

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_XMP_IN_PNG = b"XML:com.adobe.xmp\0\0\0"
#: The header of Exif's table, in both byte orders (TIFF 6.0 section 2).
_TIFF_HEADER = re.compile(rb"II\*\0|MM\0\*")
_STARTS_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_START_OF_SCAN, _END_OF_IMAGE, _APP1 = 0xDA, 0xD9, 0xE1
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _blocks(file: BinaryIO, media_type: str) -> Iterator[_Block]:
    match media_type:
        case "image/jpeg":
            yield from _in_jpeg(file)
        case "image/png":
            yield from _in_png(file)
        case "image/webp":
            yield from _in_webp(file)
        case "image/tiff":
            yield _Block(0, file.seek(0, 2), is_xmp=False)
        case "image/heic" | "image/avif":
            yield from _in_iso_media(file)


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yields marker, offset and size of the segments of a JPEG before its picture (T.81 B.1)."""
    offset = 2
    while True:
        head = _at(file, offset, 4)
        if len(head) < 4 or head[0] != 0xFF:
            return
        marker = head[1]
        if marker == 0xFF:  # fill bytes
            offset += 1
        elif marker in _STANDALONE:
            offset += 2
        elif marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        else:
            size = int.from_bytes(head[2:], "big")
            yield marker, offset + 4, size - 2
            offset += 2 + size


def _in_jpeg(file: BinaryIO) -> Iterator[_Block]:
    for marker, offset, size in _segments(file):
        if marker != _APP1:
            continue
        head = _at(file, offset, len(_XMP))
        if head.startswith(_EXIF):
            yield _Block(offset + len(_EXIF), size - len(_EXIF), is_xmp=False)
        elif head == _XMP:
            yield _Block(offset + len(_XMP), size - len(_XMP), is_xmp=True)


def _in_png(file: BinaryIO) -> Iterator[_Block]:
    offset = 8
    while len(head := _at(file, offset, 8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        content = offset + 8
        if kind == b"eXIf":
            yield _Block(content, size, is_xmp=False, crc=(content + size, kind))
        elif kind == b"iTXt" and _at(file, content, len(_XMP_IN_PNG)) == _XMP_IN_PNG:
            yield _Block(content, size, is_xmp=True, crc=(content + size, kind))
        offset = content + size + 4


def _in_webp(file: BinaryIO) -> Iterator[_Block]:
    offset = 12
    while len(head := _at(file, offset, 8)) == 8:
        size, content = int.from_bytes(head[4:], "little"), offset + 8
        if head[:4] == b"EXIF":
            skipped = len(_EXIF) if _at(file, content, len(_EXIF)) == _EXIF else 0
            yield _Block(content + skipped, size - skipped, is_xmp=False)
        elif head[:4] == b"XMP ":
            yield _Block(content, size, is_xmp=True)
        offset = content + size + size % 2


def _in_iso_media(file: BinaryIO) -> Iterator[_Block]:
    """Yields Exif blocks of HEIC and AVIF, whose tables of contents need not be read for that."""
    whole = _at(file, 0, -1)
    for found in re.finditer(rb"Exif\0\0(?=II\*\0|MM\0\*)", whole):
        yield _Block(found.end(), len(whole) - found.end(), is_xmp=False)
    for found in re.finditer(rb"<x:xmpmeta.*?</x:xmpmeta>", whole, re.DOTALL):
        yield _Block(found.start(), found.end() - found.start(), is_xmp=True)


# Exif's tables (Exif 2.32 section 4.6).

_ORIENTATION, _GPS_TABLE = 0x0112, 0x8825
_ENTRY_BYTES = 12
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
#: Turned by a quarter: width and height change places.
_TURNED = frozenset({5, 6, 7, 8})
#: More entries than this has no table that a camera wrote.
_MAX_ENTRIES = 1_000


class _Table:
    """The first table of a block, and the table of places that it may lead to."""

    def __init__(self, block: bytes) -> None:
        self.bytes = bytearray(block)
        self._order: str = "little" if block[:2] == b"II" else "big"
        self._first = self._number(4, 4) if _TIFF_HEADER.match(block) else 0

    def value(self, tag: int) -> int | None:
        """Returns the short number of an entry of the first table."""
        for at in self._entries(self._first):
            if self._number(at, 2) == tag:
                return self._number(at + 8, 2)
        return None

    def drop_places(self) -> bool:
        """Overwrites the table of places and removes what leads to it; False if there is none."""
        for at in self._entries(self._first):
            if self._number(at, 2) == _GPS_TABLE:
                places = self._number(at + 8, 4)
                first_end = self._entries(self._first).stop
                self._remove_entry(at)
                if not self._first <= places < first_end:  # as no camera writes it
                    self._blank_table(places)
                return True
        return False

    def _number(self, at: int, size: int) -> int:
        found = self.bytes[at : at + size]
        return int.from_bytes(found, "little" if self._order == "little" else "big")

    def _entries(self, table: int) -> range:
        count = self._number(table, 2) if table else 0
        end = table + 2 + count * _ENTRY_BYTES
        if count > _MAX_ENTRIES or end > len(self.bytes):
            return range(0)
        return range(table + 2, end, _ENTRY_BYTES)

    def _blank_table(self, table: int) -> None:
        entries = self._entries(table)
        for at in entries:
            size = _SIZES.get(self._number(at + 2, 2), 1) * self._number(at + 4, 4)
            if size > 4:  # the value is elsewhere
                self._blank(self._number(at + 8, 4), size)
        if entries:
            self._blank(table, len(entries) * _ENTRY_BYTES + 6)

    def _remove_entry(self, at: int) -> None:
        entries = self._entries(self._first)
        end = entries[-1] + _ENTRY_BYTES + 4  # with the address of the next table
        behind = bytes(self.bytes[at + _ENTRY_BYTES : end])
        self.bytes[at : at + len(behind)] = behind
        self._blank(at + len(behind), _ENTRY_BYTES)
        order = "little" if self._order == "little" else "big"
        count = (len(entries) - 1).to_bytes(2, order)  # type: ignore[arg-type]
        self.bytes[self._first : self._first + 2] = count

    def _blank(self, at: int, size: int) -> None:
        end = min(at + size, len(self.bytes))
        if at < end:
            self.bytes[at:end] = bytes(end - at)


#: In XMP, as an attribute or an element (XMP part 2 section 3.2).
_PLACE_IN_XMP = re.compile(
    rb"exif:GPS\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')|<exif:GPS(\w+)[^>]*>.*?</exif:GPS\1\s*>", re.DOTALL
)


def take_out_place(file: BinaryIO, media_type: str) -> bool:
    """Overwrites the place where a picture was taken; returns whether the file had one.

    Args:
        file: The picture; can be read and written at any place.
        media_type: Its type.
    """
    found = False
    for block in list(_blocks(file, media_type)):
        if not 0 < block.size <= _MAX_BLOCK_BYTES and media_type != "image/tiff":
            continue
        before = _at(file, block.offset, block.size)
        after = blanked_xmp(before) if block.is_xmp else _without_places(before)
        if after == before:
            continue
        found = True
        file.seek(block.offset)
        file.write(after)
        if block.crc is not None:
            offset, kind = block.crc
            file.seek(offset)
            file.write(crc32(kind + after).to_bytes(4, "big"))
    return found


def _without_places(block: bytes) -> bytes:
    table = _Table(block)
    return bytes(table.bytes) if table.drop_places() else block


def blanked_xmp(block: bytes) -> bytes:
    """Returns XMP with spaces in place of every place in it."""
    return _PLACE_IN_XMP.sub(lambda found: b" " * len(found[0]), block)


# Sizes.


def size_in_pixels(file: BinaryIO, media_type: str) -> tuple[int, int] | None:
    """Returns width and height of a picture as it is shown; None where that is not known."""
    match media_type:
        case "image/png":
            head = _at(file, 16, 8)
            return _pair(head[:4], head[4:], "big")
        case "image/gif":
            head = _at(file, 6, 4)
            return _pair(head[:2], head[2:], "little")
        case "image/jpeg":
            return _jpeg_size(file)
        case "image/webp":
            return _webp_size(_at(file, 12, 18))
        case "image/avif" | "image/heic":
            return _iso_media_size(_at(file, 0, 64 * 1024))
    return None


def _pair(width: bytes, height: bytes, order: str) -> tuple[int, int] | None:
    is_big = order == "big"
    found = [int.from_bytes(each, "big" if is_big else "little") for each in (width, height)]
    return (found[0], found[1]) if all(found) else None


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    orientation, size = None, None
    for marker, offset, length in _segments(file):
        if marker == _APP1 and _at(file, offset, len(_EXIF)) == _EXIF:
            table = _Table(_at(file, offset + len(_EXIF), length - len(_EXIF)))
            orientation = orientation or table.value(_ORIENTATION)
        elif marker in _STARTS_OF_FRAME and size is None:
            frame = _at(file, offset, 5)
            size = _pair(frame[3:5], frame[1:3], "big")
    return size[::-1] if size is not None and orientation in _TURNED else size


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """RFC 9649 sections 2.5 to 2.7."""
    match head[:4]:
        case b"VP8X":
            width, height = head[12:15], head[15:18]
            return 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")
        case b"VP8L":
            bits = int.from_bytes(head[9:13], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            return _pair(_masked(head[14:16]), _masked(head[16:18]), "little")
    return None


def _masked(number: bytes) -> bytes:
    return (int.from_bytes(number, "little") & 0x3FFF).to_bytes(2, "little")


def _iso_media_size(head: bytes) -> tuple[int, int] | None:
    """Returns the size of the largest picture in the file (ISO 23008-12 section 6.5.3)."""
    sizes = [
        (int.from_bytes(found[1], "big"), int.from_bytes(found[2], "big"))
        for found in re.finditer(rb"ispe\0\0\0\0(.{4})(.{4})", head, re.DOTALL)
    ]
    return max(sizes, default=None)
