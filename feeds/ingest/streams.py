"""Documents and their lines, read from a stream of bytes within agreed bounds."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO

from feeds.errors import DocumentRefused

# Bytes to text: UTF-8, or UTF-16 that says so by its byte order mark. Nothing is guessed.

#: UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_REMEDY = "save the document as UTF-8"


def decode(data: bytes, *, line: int | None = None, offset: int = 0) -> str:
    """*Data* as text, without its byte order mark.

    Args:
        data: A document, or a line of one.
        line: The line, for messages, if *data* is one; otherwise it is counted.
        offset: Where in the document *data* starts, in bytes.

    Raises:
        DocumentRefused: *data* is neither; the first wrong byte and its offset are told.
    """
    if data.startswith(_UTF_32):
        raise DocumentRefused("the document is in UTF-32", remedy=_REMEDY, line=line)
    # A UTF-8 mark is cut off here rather than by "utf-8-sig", which counts offsets behind it.
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        # "utf-16" takes the byte order from the mark.
        return text.decode("utf-16" if data.startswith(UTF_16) else "utf-8")
    except UnicodeDecodeError as fault:
        line = line or text.count(b"\n", 0, fault.start) + 1
        offset += len(data) - len(text)
        raise undecodable(fault, offset=offset, line=line) from fault


def undecodable(
    fault: UnicodeDecodeError, *, offset: int, line: int | None = None
) -> DocumentRefused:
    """What a person hears of *fault*, in bytes that start at *offset* of the document."""
    encoding = "UTF-16" if fault.encoding.startswith("utf-16") else "UTF-8"
    byte = fault.object[fault.start]
    return DocumentRefused(
        f"byte 0x{byte:02x} at offset {offset + fault.start} is not {encoding}",
        remedy=_REMEDY,
        line=line,
    )


# Streams of bytes that parsers can peek into, and read line by line as UTF-8.

#: Enough to see what a document is.
PEEK_BYTES = 64 * 1024


class _Source(io.RawIOBase):
    """Any binary stream, as `io.BufferedReader` wants it.

    A pipe cannot be wound back, hence the buffer that is put around this. Closing it leaves the
    stream open: that is its owner's.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Utf16Source(_Source):
    """A UTF-16 stream, written anew as UTF-8 while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._offset = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Raises `DocumentRefused` at bytes that are not UTF-16."""
        encoded = b""
        while not encoded:
            # Two bytes of UTF-16 make three of UTF-8 at most, so half a buffer fits into one.
            data = self._stream.read(len(buffer) // 2)
            encoded = self._decode(data).encode()
            if not data:
                break
        buffer[: len(encoded)] = encoded
        return len(encoded)

    def _decode(self, data: bytes) -> str:
        held = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as fault:
            raise undecodable(fault, offset=self._offset - held) from fault
        self._offset += len(data)
        return text


def peekable(stream: BinaryIO) -> io.BufferedReader:
    """*Stream*, so that its first `PEEK_BYTES` can be looked at without being taken."""
    return io.BufferedReader(_Source(stream), PEEK_BYTES)


def in_utf8(stream: io.BufferedReader) -> io.BufferedReader:
    """*Stream*, recoded on the way if its byte order mark says UTF-16."""
    if not stream.peek(2).startswith(UTF_16):
        return stream
    return io.BufferedReader(_Utf16Source(stream), PEEK_BYTES)


# Documents and their lines, taken from a stream without holding more than agreed.

#: Over-long lines are thrown away in pieces of this size.
_SKIPPED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of a document that is a list of lines."""

    number: int  #: 1 for the first
    text: str  #: without its newline


def read_whole(stream: BufferedReader, *, max_bytes: int) -> str:
    """The document as text.

    Raises:
        DocumentRefused: It has more than *max_bytes*, or is in another encoding.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DocumentRefused(
            f"the document has more than {max_bytes} bytes",
            remedy="make it smaller; put many releases into JSON Lines, one a line",
        )
    return decode(data)


def read_lines(
    stream: BufferedReader, *, max_bytes: int
) -> Iterator[DocumentLine | DocumentRefused]:
    """The lines of a document, one at a time; instead of a faulty one, its fault.

    A line with more than *max_bytes* is skipped without being held.
    """
    stream = in_utf8(stream)
    number, offset = 0, 0
    while True:
        try:
            data = stream.readline(max_bytes + 2)
        except DocumentRefused as fault:  # UTF-16 that ceases to be UTF-16: the rest is lost
            fault.line = number + 1
            yield fault
            return
        if not data:
            return
        # "\r" alone ends a line too; inside JSON it could only be white space.
        start = offset
        for piece in data.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
            number += 1
            yield _line(piece, number, start, max_bytes)
            start += len(piece) + 1
        offset += len(data) + _skip_rest(stream, data)


def _line(data: bytes, number: int, offset: int, max_bytes: int) -> DocumentLine | DocumentRefused:
    if len(data) > max_bytes:
        return DocumentRefused(
            f"the line has more than {max_bytes} bytes", remedy="shorten the record", line=number
        )
    try:
        return DocumentLine(number, decode(data, line=number, offset=offset))
    except DocumentRefused as fault:
        return fault


def _skip_rest(stream: BufferedReader, data: bytes) -> int:
    """Go to the end of the line that *data* begins; how many bytes that took."""
    skipped = 0
    while data and not data.endswith(b"\n"):
        data = stream.readline(_SKIPPED_BYTES)
        skipped += len(data)
    return skipped
