"""Streams of bytes that parsers can peek into, and read line by line as UTF-8."""

import codecs
import io
from typing import BinaryIO

from feeds.ingest.decoding import UTF_16, undecodable

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
