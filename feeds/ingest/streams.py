"""Reads documents and their lines from byte streams, within size limits."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO

from feeds.errors import DocumentRefused

# Decoding: UTF-8, or UTF-16 with a byte order mark. No encoding is guessed.

#: The little-endian mark of UTF-32 begins with that of UTF-16, so it is tested first.
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_REMEDY = "save the document as UTF-8"


def decode(data: bytes, *, line: int | None = None, offset: int = 0) -> str:
    """Returns *data* as text, without its byte order mark.

    Args:
        data: A document, or one line of it.
        line: The number of the line for messages, if *data* is a line; otherwise it is counted.
        offset: The position of *data* in the document, in bytes.

    Raises:
        DocumentRefused: *data* is neither UTF-8 nor UTF-16; the message names the first wrong byte
            and its offset.
    """
    if data.startswith(_UTF_32):
        raise DocumentRefused("the document is in UTF-32", remedy=_REMEDY, line=line)
    # The UTF-8 mark is removed here and not by "utf-8-sig", which counts offsets after the mark.
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        # "utf-16" reads the byte order from the mark.
        return text.decode("utf-16" if data.startswith(UTF_16) else "utf-8")
    except UnicodeDecodeError as fault:
        line = line or text.count(b"\n", 0, fault.start) + 1
        offset += len(data) - len(text)
        raise undecodable(fault, offset=offset, line=line) from fault


def undecodable(
    fault: UnicodeDecodeError, *, offset: int, line: int | None = None
) -> DocumentRefused:
    """Returns the refusal for *fault*, in bytes that start at *offset* of the document."""
    encoding = "UTF-16" if fault.encoding.startswith("utf-16") else "UTF-8"
    byte = fault.object[fault.start]
    return DocumentRefused(
        f"byte 0x{byte:02x} at offset {offset + fault.start} is not {encoding}",
        remedy=_REMEDY,
        line=line,
    )


# Documents that name their encoding: HTML, and parts of mail.

#: What labels mean besides what Python's codecs take them for (WHATWG Encoding, 4.2). A program
#: that writes such a label often writes more than it allows.
_LABELS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}


def decode_labelled(data: bytes, label: str) -> str | None:
    """Returns *data* as text by the encoding that *label* names, strictly.

    None when there is no such encoding for text, or *data* has bytes that it does not allow. The
    five bytes without a meaning in windows-1252 become C1 controls, as browsers read them.
    """
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    codec = _LABELS.get(name, name)
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode("latin-1") if codec == "cp1252" else None
    except (LookupError, ValueError):  # a codec that does not decode to text
        return None


# Streams that parsers can peek into, and read line by line as UTF-8.

#: Enough to recognise the form of a document.
PEEK_BYTES = 64 * 1024


class _Source(io.RawIOBase):
    """Adapts any binary stream to `io.BufferedReader`.

    A pipe is not seekable, hence the buffer around this class. Closing it leaves the stream open,
    which belongs to the caller.
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
    """A UTF-16 stream, recoded to UTF-8 while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._offset = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Reads UTF-8 into *buffer*.

        Raises:
            DocumentRefused: The stream has bytes that are not UTF-16.
        """
        encoded = b""
        while not encoded:
            # Two bytes of UTF-16 become at most three of UTF-8, so half a buffer of input fits into
            # the buffer.
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
    """Returns a reader whose first `PEEK_BYTES` can be peeked at without being consumed."""
    return io.BufferedReader(_Source(stream), PEEK_BYTES)


def in_utf8(stream: io.BufferedReader) -> io.BufferedReader:
    """Returns *stream*, recoded to UTF-8 if its byte order mark says UTF-16."""
    if not stream.peek(2).startswith(UTF_16):
        return stream
    return io.BufferedReader(_Utf16Source(stream), PEEK_BYTES)


# Whole documents and single lines, with at most an agreed number of bytes in memory.

#: Chunk size in which the rest of an over-long line is skipped.
_SKIPPED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of a document in a line-based form."""

    number: int  #: counted from 1
    text: str  #: without the line end


def read_whole(stream: BufferedReader, *, max_bytes: int) -> str:
    """Returns the whole document as text.

    Raises:
        DocumentRefused: The document has more than *max_bytes*, or another encoding.
    """
    return decode(
        read_bytes(
            stream,
            max_bytes=max_bytes,
            remedy="make it smaller; put many releases into JSON Lines, one a line",
        )
    )


def read_bytes(stream: BufferedReader, *, max_bytes: int, remedy: str = "make it smaller") -> bytes:
    """Returns the whole document.

    Raises:
        DocumentRefused: The document has more than *max_bytes*.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DocumentRefused(f"the document has more than {max_bytes} bytes", remedy=remedy)
    return data


def read_lines(
    stream: BufferedReader, *, max_bytes: int
) -> Iterator[DocumentLine | DocumentRefused]:
    """Yields the lines of a document one at a time, or a refusal in place of a faulty line.

    A line with more than *max_bytes* is skipped without being held in memory.
    """
    stream = in_utf8(stream)
    number, offset = 0, 0
    while True:
        try:
            data = stream.readline(max_bytes + 2)
        # invalid UTF-16; the rest of the document cannot be decoded
        except DocumentRefused as fault:
            fault.line = number + 1
            yield fault
            return
        if not data:
            return
        # A lone "\r" also ends a line; in JSON it could only be white space.
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
    """Skips the rest of the line that begins with *data*.

    Returns:
        The number of bytes skipped.
    """
    skipped = 0
    while data and not data.endswith(b"\n"):
        data = stream.readline(_SKIPPED_BYTES)
        skipped += len(data)
    return skipped
