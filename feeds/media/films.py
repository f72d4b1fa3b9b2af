"""The place where a film was taken, which is taken out of MP4 and QuickTime files.

Telephones write it beside the film's title. It is overwritten in place: a box becomes a free one of
the same size, or a text becomes spaces. So no byte moves, and the tables that say where pictures
and sound are in the file stay right. Tracks that say it second by second are not taken out, as
their samples lie among those of the film; that they are there is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from feeds.media.pictures import blanked_xmp

#: What writes the place: QuickTime's user data (QuickTime File Format, "User Data Atoms"), and
#: 3GPP's (TS 26.244 section 8.10).
_PLACES = (b"\xa9xyz", b"loci")
#: Keys of QuickTime's metadata that tell of it, as ``com.apple.quicktime.location.ISO6709``.
_KEY_OF_PLACE = re.compile(rb"location|gps", re.IGNORECASE)
#: Boxes that hold boxes.
_CONTAINERS = frozenset({b"moov", b"trak", b"udta", b"mdia", b"minf", b"stbl"})
#: The type of a box with XMP (XMP part 3 section 1.2.7.1).
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
#: Formats of samples with places: GoPro's, and Google's Camera Motion Metadata.
_TRACKS = (b"gpmd", b"camm")

#: A film has some hundred boxes beside its samples; reading ends after so many.
_MAX_BOXES = 20_000
#: Metadata are at most so large; what is larger is none.
_MAX_BLOCK_BYTES = 16 * 1024 * 1024
_MAX_DEPTH = 12


@dataclass(slots=True)
class FilmPlaces:
    """What a film said of the place where it was taken."""

    is_taken_out: bool = False  #: it was said once for the film, and is not any more
    has_track: bool = False  #: a track says it, still


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    offset: int  #: of its header
    content: int  #: where its content begins
    end: int


def take_out_place_of_film(file: BinaryIO) -> FilmPlaces:
    """Overwrites the place where a film was taken.

    Args:
        file: An ISO media file (ISO 14496-12) or a QuickTime film; can be read and written at any
            place.
    """
    return _Film(file).cleaned()


@dataclass(slots=True)
class _Film:
    file: BinaryIO
    found: FilmPlaces = field(default_factory=FilmPlaces)
    count: int = 0

    def cleaned(self) -> FilmPlaces:
        self._look_into(0, self.file.seek(0, 2), depth=0)
        return self.found

    def _look_into(self, start: int, end: int, *, depth: int) -> None:
        for box in list(self._boxes(start, end)) if depth < _MAX_DEPTH else ():
            if box.kind in _PLACES:
                self._free(box)
            elif box.kind == b"meta":
                self._look_into_metadata(box)
            elif box.kind == b"stsd":
                self._look_at_formats(box)
            elif box.kind == b"uuid" and self._read(box.content, 16) == _XMP:
                self._blank_xmp(box)
            elif box.kind in _CONTAINERS:
                self._look_into(box.content, box.end, depth=depth + 1)

    def _boxes(self, start: int, end: int) -> Iterator[_Box]:
        """Yields the boxes between two places (ISO 14496-12 section 4.2)."""
        while end - start >= 8 and self.count < _MAX_BOXES:
            self.count += 1
            head = self._read(start, 16)
            size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], start + 8
            if size == 1:
                size, content = int.from_bytes(head[8:16], "big"), start + 16
            elif size == 0:  # up to the end of the file
                size = end - start
            if not content - start <= size <= end - start:
                return
            yield _Box(kind, start, content, start + size)
            start += size

    def _look_into_metadata(self, meta: _Box) -> None:
        """Blanks values of keys that tell of a place, and iTunes' items of that name."""
        # A full box in ISO media files, a plain one in QuickTime films.
        is_plain = self._read(meta.content + 4, 4) == b"hdlr"
        start = meta.content + (0 if is_plain else 4)
        boxes = {box.kind: box for box in self._boxes(start, meta.end)}
        if b"ilst" not in boxes:
            return
        keys = self._keys(boxes[b"keys"]) if b"keys" in boxes else []
        items = boxes[b"ilst"]
        for item in list(self._boxes(items.content, items.end)):
            number = int.from_bytes(item.kind, "big")
            is_place = 0 < number <= len(keys) and _KEY_OF_PLACE.search(keys[number - 1])
            if item.kind in _PLACES or is_place:
                for value in list(self._boxes(item.content, item.end)):
                    self._blank_value(value)

    def _keys(self, keys: _Box) -> list[bytes]:
        """Returns names of keys; items are numbered by them, from 1."""
        boxes = self._boxes(keys.content + 8, keys.end)
        return [self._read(box.content, min(box.end - box.content, 200)) for box in boxes]

    def _blank_value(self, value: _Box) -> None:
        # A box "data" begins with the type of the value and its language.
        start, size = value.content + 8, value.end - value.content - 8
        if value.kind != b"data" or not 0 < size <= _MAX_BLOCK_BYTES:
            return
        is_text = self._read(value.content, 4) == b"\0\0\0\1"
        self._overwrite(start, (b" " if is_text else b"\0") * size)

    def _look_at_formats(self, formats: _Box) -> None:
        """Notes a track of places: of a format that has them, or with a key of Apple's for them."""
        for entry in self._boxes(formats.content + 8, formats.end):
            size = min(entry.end - entry.content, _MAX_BLOCK_BYTES)
            is_keyed = entry.kind == b"mebx" and _KEY_OF_PLACE.search(
                self._read(entry.content, size)
            )
            if entry.kind in _TRACKS or is_keyed:
                self.found.has_track = True

    def _blank_xmp(self, box: _Box) -> None:
        if box.end - box.content > _MAX_BLOCK_BYTES:
            return
        before = self._read(box.content, box.end - box.content)
        self._overwrite(box.content, blanked_xmp(before))

    def _free(self, box: _Box) -> None:
        self._overwrite(box.offset + 4, b"free")
        at, end = box.content, box.end
        while at < end:
            size = min(end - at, 64 * 1024)
            self._overwrite(at, bytes(size))
            at += size

    def _read(self, offset: int, size: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(size)

    def _overwrite(self, offset: int, content: bytes) -> None:
        if self._read(offset, len(content)) != content:
            self.found.is_taken_out = True
            self.file.seek(offset)
            self.file.write(content)
