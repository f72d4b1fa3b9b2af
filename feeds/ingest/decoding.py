"""Bytes to text: UTF-8, or UTF-16 that says so by its byte order mark. Nothing is guessed."""

import codecs

from feeds.errors import DocumentRefused

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
