"""What stands around the entries of a document."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Head and tail of one document; an entry more or less changes neither."""

    head: bytes
    between: bytes  #: joins two fragments
    tail: bytes

    def around(self, fragments: Sequence[bytes]) -> bytes:
        """The whole document, with *fragments* in the order given."""
        return b"".join((self.head, self.between.join(fragments), self.tail))
