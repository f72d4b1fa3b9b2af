"""What stands around the entries of a document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feeds.model.edition import History

#: How a document says what it is of its feed's history (RFC 5005 sections 2 and 4).
HISTORY_NAMES = {History.COMPLETE: "complete", History.ARCHIVE: "archive"}

_COMPLETE = b"<fh:complete/>"

#: With its tombstone begins the fragment of a release that was retracted.
_TOMBSTONE, _TOMBSTONE_END = b"<at:deleted-entry ", b"</at:deleted-entry>\n"


def incomplete(document: bytes) -> bytes:
    """*Document*, which holds a part of a feed, without the word that it holds everything.

    RFC 5005 section 2: a reader may drop what is not in a complete document. The element is
    ours, in the head: in text the sign "<" is escaped.
    """
    return document.replace(_COMPLETE, b"", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Head and tail of one document; an entry more or less changes neither."""

    head: bytes
    between: bytes  #: joins two fragments
    tail: bytes

    def around(self, fragments: Sequence[bytes]) -> tuple["Frame", list[bytes]]:
        """Part *fragments*: their tombstones go into the head, the entries stand by themselves.

        The grammar of Atom has everything else before the entries (RFC 4287 appendix B). So a
        part of the document, which has its whole head, has all of its tombstones.
        """
        parted = [_part(fragment) for fragment in fragments]
        tombstones = b"".join(tombstone for tombstone, _ in parted)
        if not tombstones:
            return self, list(fragments)
        return replace(self, head=self.head + tombstones), [entry for _, entry in parted]

    def pieces(self, fragments: Sequence[bytes]) -> list[bytes]:
        """The document in pieces: head, a piece for each of *fragments* in their order, tail."""
        following = [self.between + fragment for fragment in fragments[1:]]
        return [self.head, *fragments[:1], *following, self.tail]


def _part(fragment: bytes) -> tuple[bytes, bytes]:
    if not fragment.startswith(_TOMBSTONE):
        return b"", fragment
    tombstone, end, entry = fragment.partition(_TOMBSTONE_END)
    return tombstone + end, entry
