"""Recognises the type of a file by its bytes. Neither its name nor what the sender says decides.

No library does: puremagic 1.30 takes every ZIP file for a Word document, filetype was last released
in 2022 and knows no MP4 of the DASH brands, and libmagic is a program of its own that reads a
hundred times as many formats as may be stored here. See docs/decisions/media.md.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile


class MediumKind(StrEnum):
    """Kinds of files, of which the settings name those that may be stored."""

    PICTURE = "picture"
    PDF = "pdf"
    AUDIO = "audio"
    VIDEO = "video"
    OFFICE = "office"
    TEXT = "text"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file that may be stored."""

    media_type: str
    kind: MediumKind
    suffixes: tuple[str, ...]  #: the usual one first
    is_shown: bool = True  #: whether a browser shows it; otherwise it offers to save it


class UnknownType(Exception):
    """The bytes are of no type that may be stored; the message says what they are, or are not."""


_OPEN = "application/vnd.oasis.opendocument."
_MICROSOFT = "application/vnd.openxmlformats-officedocument."


def _office(media_type: str, *suffixes: str) -> FileType:
    return FileType(media_type, MediumKind.OFFICE, suffixes, is_shown=False)


_JPEG = FileType("image/jpeg", MediumKind.PICTURE, (".jpg", ".jpeg", ".jpe", ".jfif"))
_PNG = FileType("image/png", MediumKind.PICTURE, (".png",))
_GIF = FileType("image/gif", MediumKind.PICTURE, (".gif",))
_WEBP = FileType("image/webp", MediumKind.PICTURE, (".webp",))
_AVIF = FileType("image/avif", MediumKind.PICTURE, (".avif",))
_HEIC = FileType("image/heic", MediumKind.PICTURE, (".heic", ".heif"), is_shown=False)
_TIFF = FileType("image/tiff", MediumKind.PICTURE, (".tif", ".tiff"), is_shown=False)
#: Saved, as viewers of browsers do not run in the sandbox that keeps all files from this site.
_PDF = FileType("application/pdf", MediumKind.PDF, (".pdf",), is_shown=False)
_MP3 = FileType("audio/mpeg", MediumKind.AUDIO, (".mp3",))
_M4A = FileType("audio/mp4", MediumKind.AUDIO, (".m4a", ".m4b"))
_AAC = FileType("audio/aac", MediumKind.AUDIO, (".aac",))
_OGG = FileType("audio/ogg", MediumKind.AUDIO, (".ogg", ".oga", ".opus"))
_FLAC = FileType("audio/flac", MediumKind.AUDIO, (".flac",))
_WAV = FileType("audio/wav", MediumKind.AUDIO, (".wav",))
_MP4 = FileType("video/mp4", MediumKind.VIDEO, (".mp4", ".m4v"))
_MOV = FileType("video/quicktime", MediumKind.VIDEO, (".mov",))
_WEBM = FileType("video/webm", MediumKind.VIDEO, (".webm",))
_OGV = FileType("video/ogg", MediumKind.VIDEO, (".ogv",))
_RTF = _office("application/rtf", ".rtf")
_ZIP = FileType("application/zip", MediumKind.ZIP, (".zip",), is_shown=False)
_EPUB = _office("application/epub+zip", ".epub")

#: By the folder of its main part.
_WORD_AND_OTHERS = {
    "word/": _office(f"{_MICROSOFT}wordprocessingml.document", ".docx"),
    "xl/": _office(f"{_MICROSOFT}spreadsheetml.sheet", ".xlsx"),
    "ppt/": _office(f"{_MICROSOFT}presentationml.presentation", ".pptx"),
}
#: By what the file ``mimetype`` in them says.
_BY_OWN_WORDS = {
    one.media_type: one
    for one in (
        _office(f"{_OPEN}text", ".odt"),
        _office(f"{_OPEN}spreadsheet", ".ods"),
        _office(f"{_OPEN}presentation", ".odp"),
        _office(f"{_OPEN}graphics", ".odg"),
        _EPUB,
    )
}
#: By the name of their main stream, in UTF-16.
_BEFORE_2007 = {
    "WordDocument": _office("application/msword", ".doc"),
    "Workbook": _office("application/vnd.ms-excel", ".xls"),
    "PowerPoint Document": _office("application/vnd.ms-powerpoint", ".ppt"),
}
#: Texts have nothing in their bytes that tells them apart, so their names do.
_TEXTS = {
    ".txt": FileType("text/plain; charset=utf-8", MediumKind.TEXT, (".txt",)),
    ".csv": FileType("text/csv; charset=utf-8", MediumKind.TEXT, (".csv",), is_shown=False),
    ".ics": FileType("text/calendar; charset=utf-8", MediumKind.TEXT, (".ics",), is_shown=False),
    ".vcf": FileType("text/vcard; charset=utf-8", MediumKind.TEXT, (".vcf",), is_shown=False),
    ".vtt": FileType("text/vtt; charset=utf-8", MediumKind.TEXT, (".vtt",)),
}

_ALL = (
    _JPEG, _PNG, _GIF, _WEBP, _AVIF, _HEIC, _TIFF, _PDF, _MP3, _M4A, _AAC, _OGG, _FLAC, _WAV, _MP4,
    _MOV, _WEBM, _OGV, _RTF, _ZIP, *_WORD_AND_OTHERS.values(), *_BY_OWN_WORDS.values(),
    *_BEFORE_2007.values(), *_TEXTS.values(),
)  # fmt: skip
_BY_MEDIA_TYPE = {one.media_type: one for one in _ALL}

#: What the beginnings of the others have in common with nothing else.
_BEGINNINGS = (
    (b"\xff\xd8\xff", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"%PDF-", _PDF),
    (b"ID3", _MP3),
    (b"fLaC", _FLAC),
    (b"{\\rtf", _RTF),
)

#: How much of a file decides, except for ZIP files, whose list is at their end.
_HEAD_BYTES = 64 * 1024

_BRANDS = {
    b"avif": _AVIF, b"avis": _AVIF, b"heic": _HEIC, b"heix": _HEIC, b"heim": _HEIC, b"heis": _HEIC,
    b"M4A ": _M4A, b"M4B ": _M4A, b"qt  ": _MOV,
    b"M4V ": _MP4, b"mp41": _MP4, b"mp42": _MP4, b"avc1": _MP4, b"dash": _MP4, b"MSNV": _MP4,
}  # fmt: skip
_ISO_BRAND = re.compile(rb"iso[m1-9a-c]")

_MARKUP = re.compile(r"\s*<")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")

#: Members of ZIP files that are programs, by name.
_PROGRAMS = frozenset({"META-INF/MANIFEST.MF", "AndroidManifest.xml"})


def type_of(media_type: str) -> FileType:
    """Returns the type of a stored file."""
    return _BY_MEDIA_TYPE[media_type]


def recognise(file: BinaryIO, *, name: str) -> FileType:
    """Returns the type of a file by its bytes.

    Args:
        file: Can be read at any place.
        name: Decides only which of several types of plain text it is.

    Raises:
        UnknownType: It is of no type that may be stored.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    for beginning, found in _BEGINNINGS:
        if head.startswith(beginning):
            return found
    if head.startswith(b"PK\x03\x04"):
        return _zipped(file)
    found_type = _by_structure(head)
    return found_type or _text(file, name)


def _by_structure(head: bytes) -> FileType | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": _WEBP, b"WAVE": _WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:4] == b"OggS":
        return _OGV if b"\x80theora" in head[:4096] else _OGG
    if head[:4] == b"\x1aE\xdf\xa3":
        return _WEBM if b"webm" in head[:64] else None
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return None  # its streams may be listed anywhere: see `_text`
    if len(head) > 1 and head[0] == 0xFF:  # the first byte of a frame
        if head[1] & 0xF6 == 0xF0:  # ISO 13818-7, ADTS
            return _AAC
        if head[1] & 0xE6 == 0xE2:  # ISO 11172-3, layer III
            return _MP3
    return None


def _of_brands(head: bytes) -> FileType | None:
    """Returns the type of an ISO media file (ISO 14496-12 section 4.3), by its brands."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, 256), 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
    return _MP4 if any(_ISO_BRAND.fullmatch(brand) for brand in brands) else None


def _zipped(file: BinaryIO) -> FileType:
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
            own_words = ""
            if (
                names
                and names[0] == "mimetype"
                and archive.infolist()[0].file_size <= len(_OPEN) * 2
            ):
                own_words = archive.read("mimetype").decode("ascii", "replace").strip()
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise UnknownType(f"it is a damaged ZIP file: {error}") from error
    if own_words in _BY_OWN_WORDS:
        return _BY_OWN_WORDS[own_words]
    if not _PROGRAMS.isdisjoint(names):
        raise UnknownType("it is a program")
    if "[Content_Types].xml" in names:
        if any(name.endswith("vbaProject.bin") for name in names):
            raise UnknownType("it is a document with macros, which are programs: save it without")
        for folder, found in _WORD_AND_OTHERS.items():
            if any(name.startswith(folder) for name in names):
                return found
    return _ZIP


def _text(file: BinaryIO, name: str) -> FileType:
    """Returns the type of a text, or of a document of the time before 2007."""
    file.seek(0)
    whole = file.read()
    if whole.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        for stream, found in _BEFORE_2007.items():
            if stream.encode("utf-16-le") in whole:
                return found
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnknownType("its bytes are of no type that may be stored") from None
    if _MARKUP.match(text):
        raise UnknownType("it is HTML, SVG or XML, which browsers would run as part of this site")
    if _NO_TEXT.search(text) or not text.strip():
        raise UnknownType("its bytes are of no type that may be stored")
    found_type = _TEXTS.get(PurePosixPath(name.lower()).suffix)
    if found_type is None:
        raise UnknownType(f"it is a text, and its name does not end in {', '.join(_TEXTS)}")
    return found_type


# Names.

#: The longest name, without what percent-encoding adds. File systems take 255 bytes.
MAX_NAME_CHARS = 120

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def file_name(written: str, found: FileType) -> str:
    """Returns the name of a file as its address has it, with a suffix that fits its type.

    Letters of all scripts stay. Everything else becomes a hyphen, so that the name stays as it is
    in addresses, in HTML and in file systems.
    """
    name = written.replace("\\", "/").rpartition("/")[2]
    name = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", name))
    stem, dot, suffix = name.rpartition(".")
    if not dot or f".{suffix.lower()}" not in found.suffixes:
        # "photo.png" that is a JPEG is "photo.jpg", and "report.2026" is "report.2026.pdf".
        stem = stem if dot and f".{suffix.lower()}" in _SUFFIXES else name
        suffix = found.suffixes[0][1:]
    stem = stem.strip("-._")[:MAX_NAME_CHARS] or "file"
    return f"{stem}.{suffix.lower()}"


_SUFFIXES: Collection[str] = frozenset(
    {suffix for one in _ALL for suffix in one.suffixes} | {".svg", ".html", ".htm", ".xml", ".exe"}
)
