"""Cuts a long RSS file at its items, and parses each item by itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.entities import html5
from typing import BinaryIO

from lxml import etree
from lxml.etree import _Element as Element

from feeds.model.text import FORBIDDEN_IN_XML

_PIECE_BYTES = 256 * 1024
#: The longest item that is read. A book has 1 MB.
MAX_ITEM_BYTES = 32 * 1024 * 1024
#: The longest head: authors and terms.
MAX_HEAD_BYTES = 64 * 1024 * 1024

#: Control characters that XML forbids; editors and databases leave them in texts.
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")
_BOM = b"\xef\xbb\xbf"

_TOKEN = re.compile(rb"<!\[CDATA\[|<!--|<item(?:\s[^<>]*)?>|</item\s*>")
_ENDS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}
#: As long as any token may be.
_LONGEST_TOKEN = 256

_ENCODING = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ROOT = re.compile(rb"<(rss|rdf:RDF)\b([^>]*)>")
_DECLARED = re.compile(rb"\bxmlns:([\w.-]+)\s*=")
_REFERENCE = re.compile(
    r"(<!\[CDATA\[.*?\]\]>)|&(#[0-9]+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)?", re.S
)
_XML_REFERENCES = frozenset(("lt;", "gt;", "amp;", "quot;", "apos;"))


@dataclass(frozen=True, slots=True)
class XmlPiece:
    """A piece of a file."""

    line: int  #: in which it begins, from 1
    data: bytes
    is_whole: bool = True  #: False: the file ends in it, or it is too long


class ItemCutter:
    """Yields the head of a file, then its items; holds one item in memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0  # what is before it was taken
        self._line = 1
        self._head: bytes | None = None
        self._is_begun = self._is_at_end = False

    @property
    def encoding(self) -> str:
        """The encoding that the file states; UTF-8 without one."""
        found = _ENCODING.search(self.head()[:1000])
        return found[1].decode("ascii") if found else "utf-8"

    def opening(self, namespaces: Mapping[str, str]) -> bytes:
        """Returns a start tag that declares what the file's root does, and *namespaces*."""
        root = _ROOT.search(self.head())
        attributes = root[2].rstrip(b"/ ") if root else b""
        known = set(_DECLARED.findall(attributes))
        missing = b"".join(
            f' xmlns:{prefix}="{uri}"'.encode()
            for prefix, uri in namespaces.items()
            if prefix.encode() not in known
        )
        return b"<rss" + attributes + missing + b">"

    def head(self) -> bytes:
        """Returns what comes before the first item."""
        if self._head is None:
            while (start := self._start()) is None and len(self._buffer) < MAX_HEAD_BYTES:
                if not self._read():
                    break
            self._head = self._take(len(self._buffer) if start is None else start[0])
        return self._head

    def items(self) -> Iterator[XmlPiece]:
        """Yields the items, in their order, with their tags."""
        self.head()
        while True:
            found = self._find_item()
            if found is None:
                return
            yield found

    def _find_item(self) -> XmlPiece | None:
        while (start := self._start()) is None:
            self._take(max(self._at, len(self._buffer) - _LONGEST_TOKEN))
            if not self._read():
                return None
        self._take(start[0])
        line, is_whole = self._line, True
        while (end := self._end()) is None:
            if len(self._buffer) - self._at > MAX_ITEM_BYTES:
                is_whole = False
                self._take(len(self._buffer) - _LONGEST_TOKEN)
            if not self._read():
                return XmlPiece(line=line, data=self._take(len(self._buffer)), is_whole=False)
        data = self._take(end)
        return XmlPiece(line=line, data=data if is_whole else b"", is_whole=is_whole)

    def _start(self) -> tuple[int, int] | None:
        """Returns begin and end of the next start tag of an item."""
        for token, begin, end in self._tokens(self._at):
            if token.startswith(b"<item"):
                return begin, end
        return None

    def _end(self) -> int | None:
        """Returns the end of the item that begins here: its end tag, or where the next begins."""
        for token, begin, end in self._tokens(self._at):
            if token.startswith(b"</"):
                return end
            if begin > self._at:
                return begin
        return None

    def _tokens(self, position: int) -> Iterator[tuple[bytes, int, int]]:
        """Yields the tags of items from a position on that are in no comment or CDATA."""
        while (found := _TOKEN.search(self._buffer, position)) is not None:
            token, position = found[0], found.end()
            if token in _ENDS:
                end = self._buffer.find(_ENDS[token], position)
                if end < 0:
                    return
                position = end + len(_ENDS[token])
            else:
                yield token, *found.span()

    def _take(self, end: int) -> bytes:
        taken, self._at = self._buffer[self._at : end], end
        self._line += taken.count(b"\n")
        return taken

    def _read(self) -> bool:
        if self._is_at_end:
            return False
        piece = self._stream.read(_PIECE_BYTES)
        self._is_at_end = not piece
        if not self._is_begun:
            self._is_begun, piece = True, piece.removeprefix(_BOM)
        self._buffer = self._buffer[self._at :] + piece.translate(None, _CONTROLS)
        self._at = 0
        return bool(piece)


def parse_item(
    cut: XmlPiece, opening: bytes, encoding: str, *, is_head: bool = False
) -> Element | str:
    """Parses a piece of a file by itself.

    Args:
        cut: The piece.
        opening: Start tag of a root that declares its prefixes.
        encoding: That of the file.
        is_head: Whether it is the head, which ends inside ``<channel>``.

    Returns:
        ``<item>`` or ``<channel>``; or why it cannot be read.
    """
    if not cut.is_whole:
        return "the file ends in it" if cut.data else f"it has more than {MAX_ITEM_BYTES} bytes"
    data = _channel_of(cut.data) if is_head else cut.data
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    try:
        return _root(declaration + opening + data + b"</rss>", is_head=is_head)[0]
    except (etree.XMLSyntaxError, LookupError, IndexError):
        pass
    try:
        text = data.decode(encoding, "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    declaration = b'<?xml version="1.0" encoding="utf-8"?>'
    mended = _with_references(text).encode()
    try:
        return _root(declaration + opening + mended + b"</rss>", is_head=is_head)[0]
    except (etree.XMLSyntaxError, IndexError) as error:
        reason = getattr(error, "msg", None) or str(error)
        return re.sub(r", line \d+, column \d+.*", "", reason)


def _root(document: bytes, *, is_head: bool) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=is_head
    )
    return etree.fromstring(document, parser)


def _channel_of(head: bytes) -> bytes:
    """Returns the head as a whole ``<channel>``."""
    found = head.find(b"<channel")
    inner = head[found:] if found >= 0 else b"<channel>"
    return (
        inner
        if inner.rstrip().endswith(b"</channel>")
        else inner.partition(b"</channel>")[0] + b"</channel>"
    )


def _with_references(text: str) -> str:
    """Returns a text of XML with references that XML knows: HTML's by their characters."""

    def mended(found: re.Match[str]) -> str:
        if found[1] is not None or found[2] in _XML_REFERENCES:
            return found[0]
        if found[2] is None:
            return "&amp;"
        if found[2].startswith("#"):
            digits = found[2][1:-1]
            number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
            is_character = number < 0x110000 and not FORBIDDEN_IN_XML.match(chr(number))
            return found[0] if is_character else ""
        return html5.get(found[2], f"&amp;{found[2]}").replace("<", "&lt;")

    return FORBIDDEN_IN_XML.sub("", _REFERENCE.sub(mended, text))
