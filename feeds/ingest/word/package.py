"""The parts of a Word document: a zip file of XML (ISO/IEC 29500-2), read within limits."""

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import PurePosixPath
from posixpath import normpath
from xml.etree.ElementTree import Element, ParseError, XMLParser

from feeds.errors import DocumentRefused

#: A long annual report has some hundred.
MAX_PARTS = 3_000
#: The text of a book has 5 MB as XML; one page of a release 20 kB.
MAX_XML_BYTES = 16 * 1024 * 1024
#: All parts that are read together.
MAX_BYTES = 128 * 1024 * 1024
#: XML of long tables is a hundredth of its size when packed. Only large parts are looked at.
MAX_RATIO = 300
_SMALL_BYTES = 1024 * 1024
#: The deepest element of real documents is the picture of a group in a nested table.
MAX_DEPTH = 150

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE_AGAIN = "open it in Word and save it as a Word document (.docx)"

#: Namespaces of the Strict form, as what they are in the Transitional one.
_STRICT = {
    f"http://purl.oclc.org/ooxml/{strict}".encode(): (
        f"http://schemas.openxmlformats.org/{transitional}".encode()
    )
    for strict, transitional in {
        "wordprocessingml/main": "wordprocessingml/2006/main",
        "officeDocument/relationships": "officeDocument/2006/relationships",
        "officeDocument/math": "officeDocument/2006/math",
        "drawingml/wordprocessingDrawing": "drawingml/2006/wordprocessingDrawing",
        "drawingml/main": "drawingml/2006/main",
        "drawingml/picture": "drawingml/2006/picture",
    }.items()
}
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8|utf-16)""", re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to."""

    kind: str  #: the last part of its type: ``hyperlink``, ``image``, ``header``
    target: str  #: an address, or the name of a part
    is_external: bool


class WordPackage:
    """A Word document, whose parts are read when they are asked for."""

    def __init__(self, data: bytes) -> None:
        """Opens the document.

        Raises:
            DocumentRefused: It is no Word document, is encrypted, or is larger than the limits.
        """
        _require_zip(data)
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as fault:
            raise _damaged(fault) from fault
        self._infos = {info.filename: info for info in self._zip.infolist()}
        self._read_bytes = 0
        _require_word(self._infos)
        if len(self._infos) > MAX_PARTS:
            raise _too_large(f"has {len(self._infos)} parts")
        if any(info.flag_bits & 1 for info in self._infos.values()):
            raise _encrypted()

    @cached_property
    def main(self) -> str:
        """The name of the part with the text."""
        relations = self.relations("").values()
        named = (one.target for one in relations if one.kind == "officeDocument")
        main = next(named, "word/document.xml")
        if main not in self._infos:
            raise _not_word("it has no text part")
        return main

    def has(self, name: str) -> bool:
        """Whether there is a part of this name."""
        return name in self._infos

    def relations(self, part: str) -> Mapping[str, Relation]:
        """Returns what a part refers to, by id; of the whole document for the empty name."""
        path = PurePosixPath(part)
        name = f"{path.parent / '_rels' / path.name}.rels" if part else "_rels/.rels"
        if name not in self._infos:
            return {}
        return {
            each.get("Id", ""): _relation(each, path.parent if part else PurePosixPath())
            for each in self.xml(name).iter(_RELATION)
        }

    def parts(self, kind: str) -> list[str]:
        """Returns the parts of a kind that the text refers to."""
        return [
            one.target
            for one in self.relations(self.main).values()
            if one.kind == kind and not one.is_external and one.target in self._infos
        ]

    def xml(self, name: str) -> Element:
        """Returns a part as a tree, with the names of the Transitional form.

        Raises:
            DocumentRefused: It is larger than the limits, or no XML that such a document may have.
        """
        data = self.data(name, max_bytes=MAX_XML_BYTES)
        if b"purl.oclc.org" in data:
            for strict, transitional in _STRICT.items():
                data = data.replace(strict, transitional)
        # A document type may define entities; OPC (ISO/IEC 29500-2, 8.1.4) forbids it, and every
        # encoding in which it might hide.
        text = data.decode("utf-16", "replace") if data[:2] in _UTF_16 else data
        marked = "<!DOCTYPE" in text if isinstance(text, str) else b"<!DOCTYPE" in text
        if marked or _DECLARED.match(data) or not _BEGINS.match(data):
            raise _damaged(f"{name} is not the XML of a Word document")
        parser = XMLParser()  # noqa: S314  # without a document type there are no entities
        try:
            parser.feed(data)
            root = parser.close()
        except (ParseError, ValueError, LookupError) as fault:
            raise _damaged(fault) from fault
        _require_shallow(root)
        return root

    def data(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Returns the bytes of a part.

        Raises:
            DocumentRefused: There are more than *max_bytes*, or too many of all parts together.
        """
        info = self._infos[name]
        packed = max(info.compress_size, 1)
        is_bomb = info.file_size > _SMALL_BYTES and info.file_size / packed > MAX_RATIO
        if is_bomb or info.file_size > max_bytes:
            raise _too_large(f"has a part of {info.file_size} bytes ({name})")
        try:
            with self._zip.open(info) as part:
                # The size that the file states may be a lie.
                data = part.read(max_bytes + 1)
        except _DAMAGED as fault:
            raise _damaged(fault) from fault
        self._read_bytes += len(data)
        if len(data) > max_bytes or self._read_bytes > MAX_BYTES:
            raise _too_large(f"has more than {max_bytes} bytes when unpacked")
        return data


#: What `zipfile` raises on damaged files; ValueError where a part would begin before the file does.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*<|\xff\xfe|\xfe\xff")


def _relation(element: Element, folder: PurePosixPath) -> Relation:
    target = element.get("Target", "")
    is_external = element.get("TargetMode") == "External"
    if not is_external:
        target = normpath(str(folder / target)).lstrip("/") if target else ""
    return Relation(element.get("Type", "").rpartition("/")[2], target, is_external)


def _require_shallow(root: Element) -> None:
    """Refuses a tree that is too deep for functions that call themselves."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise DocumentRefused(
                f"the document is nested more than {MAX_DEPTH} deep",
                remedy="take tables out of tables",
            )
        level = [child for element in level for child in element]


def _require_zip(data: bytes) -> None:
    if data.startswith(b"PK"):
        return
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise _encrypted()
        raise _not_word("it is of Word 97 to 2003, or of another program of that time")
    if data.startswith(b"{\\rtf"):
        raise _not_word("it is RTF")
    raise _not_word("it is another kind of file")


def _require_word(names: Mapping[str, object]) -> None:
    if "Index/Document.iwa" in names or "index.apxl" in names:
        raise DocumentRefused(
            "this is a Pages document", remedy="export it as Word (.docx) from Pages"
        )
    if "[Content_Types].xml" not in names:
        other = "it is an OpenDocument text" if "content.xml" in names else "it is another archive"
        raise _not_word(other)


def _not_word(fact: str) -> DocumentRefused:
    return DocumentRefused(f"this is no Word document: {fact}", remedy=_SAVE_AGAIN)


def _encrypted() -> DocumentRefused:
    return DocumentRefused(
        "the Word document is encrypted",
        remedy="take the password away (File, Info, Protect Document), and save it again",
    )


def _damaged(fault: object) -> DocumentRefused:
    return DocumentRefused(f"the Word document is damaged: {fault}", remedy=_SAVE_AGAIN)


def _too_large(fact: str) -> DocumentRefused:
    return DocumentRefused(
        f"the Word document {fact}", remedy="make it smaller: compress its pictures, shorten it"
    )
