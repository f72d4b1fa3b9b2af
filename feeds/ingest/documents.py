"""Documents and their lines, taken from a stream without holding more than agreed."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from feeds.errors import DocumentRefused
from feeds.ingest.decoding import decode
from feeds.ingest.streams import in_utf8

#: Over-long lines are thrown away in pieces of this size.
_SKIPPED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
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


def read_lines(stream: BufferedReader, *, max_bytes: int) -> Iterator[Line | DocumentRefused]:
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


def _line(data: bytes, number: int, offset: int, max_bytes: int) -> Line | DocumentRefused:
    if len(data) > max_bytes:
        return DocumentRefused(
            f"the line has more than {max_bytes} bytes", remedy="shorten the record", line=number
        )
    try:
        return Line(number, decode(data, line=number, offset=offset))
    except DocumentRefused as fault:
        return fault


def _skip_rest(stream: BufferedReader, data: bytes) -> int:
    """Go to the end of the line that *data* begins; how many bytes that took."""
    skipped = 0
    while data and not data.endswith(b"\n"):
        data = stream.readline(_SKIPPED_BYTES)
        skipped += len(data)
    return skipped
