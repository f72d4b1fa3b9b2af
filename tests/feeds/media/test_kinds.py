"""Files are what their bytes are: the smallest beginnings of each type, and what is refused."""

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from feeds.media.kinds import UnknownType, file_name, recognise, type_of
from tests.support.pictures import PNG

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"


def zipped(*names: str, first: str = "") -> bytes:
    """A ZIP file; *first* is what its file ``mimetype`` says."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        if first:
            archive.writestr(ZipInfo("mimetype"), first)
        for name in names:
            archive.writestr(name, "<x/>" * 50)
    return file.getvalue()


def ftyp(*brands: bytes) -> bytes:
    """The beginning of an ISO media file."""
    content = b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    return struct.pack(">I", len(content) + 4) + content + bytes(64)


def ole(stream: str) -> bytes:
    """A compound file with a stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024) + stream.encode("utf-16-le") + b"\xff"


OPEN, OFFICE = "application/vnd.oasis.opendocument", "application/vnd.openxmlformats-officedocument"
TYPES_LIST = "[Content_Types].xml"
WAVE = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x44\xac\0\0\x88\x58\1\0\2\0\x10\0data\0\0\0\0"
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webmB\x87\x81\4"

#: Bytes, a name that may mislead, and the type.
TYPES: list[tuple[bytes, str, str]] = [
    (JPEG, "photo.png", "image/jpeg"),
    (PNG, "photo", "image/png"),
    (b"GIF89a\1\0\1\0\0\0\0;", "a.gif", "image/gif"),
    (b"RIFF\x1a\0\0\0WEBPVP8L", "a.webp", "image/webp"),
    (ftyp(b"avif", b"mif1"), "a", "image/avif"),
    (ftyp(b"mif1", b"avif"), "a", "image/avif"),
    (ftyp(b"heic", b"mif1"), "a", "image/heic"),
    (b"II*\0\x08\0\0\0\0\0", "a.tif", "image/tiff"),
    (b"%PDF-1.7\n%\xe2\xe3", "a.html", "application/pdf"),
    (b"ID3\3\0\0\0\0\0\n", "a", "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(413), "a", "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + bytes(413), "a", "audio/aac"),
    (ftyp(b"M4A ", b"mp42"), "a", "audio/mp4"),
    (b"OggS\0\2" + bytes(20) + b"\1\x1e\1vorbis", "a", "audio/ogg"),
    (b"OggS\0\2" + bytes(20) + b"\1\x2a\x80theora", "a", "video/ogg"),
    (b"fLaC\0\0\0\x22", "a", "audio/flac"),
    (WAVE, "a", "audio/wav"),
    (ftyp(b"isom", b"iso2", b"mp41"), "a", "video/mp4"),
    (ftyp(b"iso6", b"dash"), "a", "video/mp4"),
    (ftyp(b"qt  "), "a", "video/quicktime"),
    (WEBM, "a", "video/webm"),
    (zipped(TYPES_LIST, "word/document.xml"), "a", f"{OFFICE}.wordprocessingml.document"),
    (zipped("xl/workbook.xml", "[Content_Types].xml"), "a", f"{OFFICE}.spreadsheetml.sheet"),
    (zipped(TYPES_LIST, "ppt/a.xml"), "a", f"{OFFICE}.presentationml.presentation"),
    (zipped("content.xml", first=f"{OPEN}.text"), "a", f"{OPEN}.text"),
    (zipped("META-INF/container.xml", first="application/epub+zip"), "a", "application/epub+zip"),
    (zipped("word/notes.txt", "photo.jpg"), "a.docx", "application/zip"),
    (ole("WordDocument"), "a", "application/msword"),
    (ole("Workbook"), "a", "application/vnd.ms-excel"),
    (b"{\\rtf1\\ansi hello}", "a", "application/rtf"),
    (b"name,age\nA,1\n", "a.csv", "text/csv; charset=utf-8"),
    ("﻿Größe;1\n".encode(), "a.CSV", "text/csv; charset=utf-8"),
    (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "a.ics", "text/calendar; charset=utf-8"),
    (b"Plain words.", "a.txt", "text/plain; charset=utf-8"),
]  # fmt: skip

#: Bytes, a name, and a part of the reason.
REFUSED: list[tuple[bytes, str, str]] = [
    (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "a.txt", "HTML, SVG"),
    (b"\n <!DOCTYPE html><html></html>", "a.csv", "HTML, SVG"),
    ("﻿<script>1</script>".encode(), "a.txt", "HTML, SVG"),
    (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff", "a.jpg", "no type"),
    (b"\x7fELF\2\1\1\0", "a.txt", "no type"),
    (b"Plain\0words.", "a.txt", "no type"),
    ("Größe".encode("latin-1"), "a.txt", "no type"),
    (b"Plain words.", "a.js", "its name does not end in"),
    (zipped("META-INF/MANIFEST.MF", "A.class"), "a.zip", "program"),
    (zipped(TYPES_LIST, "word/vbaProject.bin"), "a.docx", "macros"),
    (zipped("a.txt")[:-30], "a.zip", "damaged"),
    (ole("Unknown"), "a.doc", "no type"),
    (b"\x1aE\xdf\xa3" + b"matroska", "a.mkv", "no type"),
]


def test_bytes_decide() -> None:
    for content, name, media_type in TYPES:
        found = recognise(BytesIO(content), name=name)
        assert found.media_type == media_type, (content[:20], name)
        assert type_of(media_type) == found


def test_what_may_not_be_stored() -> None:
    for content, name, reason in REFUSED:
        with pytest.raises(UnknownType, match=reason):
            recognise(BytesIO(content), name=name)


#: As written, the bytes, and as the address has it.
NAMES = [
    ("photo.png", PNG, "photo.png"),
    ("photo.PNG", PNG, "photo.png"),
    ("photo.png", JPEG, "photo.jpg"),
    ("photo.jpeg", JPEG, "photo.jpeg"),
    ("photo", JPEG, "photo.jpg"),
    ("photo.html", PNG, "photo.png"),
    ("figures.2026", PNG, "figures.2026.png"),
    ("C:\\Users\\ana\\Brücke über Fluß (1).png", PNG, "Brücke-über-Fluß-1.png"),
    ("../../etc/passwd", PNG, "passwd.png"),
    (".png", PNG, "file.png"),
    ('a"b<c>&d;.png', PNG, "a-b-c-d.png"),
    ("Cafe\u0301.png", PNG, "Café.png"),
    ("صورة.png", PNG, "صورة.png"),
    ("a" * 300 + ".png", PNG, "a" * 120 + ".png"),
]


def test_names_fit_addresses_and_types() -> None:
    for written, content, name in NAMES:
        found = recognise(BytesIO(content), name=written)
        assert file_name(written, found) == name
