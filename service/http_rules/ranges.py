"""Parts of a representation (RFC 9110 section 14)."""

import re
from dataclasses import dataclass

#: One range of bytes. Several ranges, other units and what is malformed do not match: RFC 9110
#: 14.2 lets a server ignore them, and nobody reads a feed in pieces from here and there.
_ONE_RANGE = re.compile(r"[Bb][Yy][Tt][Ee][Ss]=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII)

#: No document has 10^18 bytes, and Python refuses to read numbers of thousands of digits.
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *first* up to and without *end*."""

    first: int
    end: int

    def content_range(self, size: int) -> str:
        """Write ``Content-Range`` (RFC 9110 14.4)."""
        return f"bytes {self.first}-{self.end - 1}/{size}"


class Unsatisfiable(Exception):
    """A well-formed range has no byte in common with the representation: 416."""


def read_range(field: str, size: int) -> ByteRange | None:
    """Read a ``Range`` for a representation of *size* bytes.

    Returns:
        None when the field is to be ignored and the whole is to be sent.

    Raises:
        Unsatisfiable: RFC 9110 14.1.1: it begins behind the end, or asks for the last 0 bytes.
    """
    found = _ONE_RANGE.fullmatch(field)
    if found is None or size == 0:
        return None
    first, last = found.groups()
    if not first:
        return _last_bytes(last, size)
    begins = _number(first)
    if last and _number(last) < begins:
        # RFC 9110 14.1.2: "An int-range is invalid if the last-pos value is present and less
        # than first-pos"; 14.2: a server MUST ignore what it cannot make sense of.
        return None
    if begins >= size:
        raise Unsatisfiable
    return ByteRange(begins, min(_number(last) + 1, size) if last else size)


def _last_bytes(count: str, size: int) -> ByteRange | None:
    if not count:
        return None
    wanted = _number(count)
    if wanted == 0:
        raise Unsatisfiable
    return ByteRange(max(size - wanted, 0), size)


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return 10**_MAX_DIGITS if len(significant) > _MAX_DIGITS else int(significant or "0")
