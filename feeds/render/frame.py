"""What stands around the entries of a document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feeds.model.edition import History
from feeds.render import namespaces

#: How a document says what it is of its feed's history (RFC 5005 sections 2 and 4).
HISTORY_NAMES = {History.COMPLETE: "complete", History.ARCHIVE: "archive"}

_COMPLETE = b"<fh:complete/>"

#: Nothing in a head looks like it: its texts are escaped, and in JSON it holds no markup at all.
_FIRST_ENTRY = re.compile(rb'<(?:entry|item)[ >]|"items":\[')

#: With its tombstone begins the fragment of a release that was retracted.
_TOMBSTONE, _TOMBSTONE_END = b"<at:deleted-entry ", b"</at:deleted-entry>\n"


def incomplete(document: bytes) -> bytes:
    """*Document*, which holds a part of a feed, without the word that it holds everything.

    RFC 5005 section 2: a reader may drop what is not in a complete document. The element is
    ours, in the head; an entry's text may hold the same signs.
    """
    first = _FIRST_ENTRY.search(document)
    end = first.start() if first else len(document)
    return document[:end].replace(_COMPLETE, b"", 1) + document[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Head and tail of one document, whatever entries it has."""

    head: bytes
    between: bytes  #: joins two fragments
    tail: bytes
    root: bytes = b""  #: begins the start tag that declares namespaces, if the format has one

    def around(self, fragments: Sequence[bytes]) -> tuple["Frame", list[bytes]]:
        """The frame for *fragments*, and what of each stands by itself.

        Tombstones go into the head: the grammar of Atom has everything else before the entries
        (RFC 4287 appendix B). So a part of the document, which has its whole head, has all of its
        tombstones. The root declares the namespaces that are used.
        """
        parted = [_part(fragment) for fragment in fragments]
        tombstones = b"".join(tombstone for tombstone, _ in parted)
        entries = [entry for _, entry in parted]
        prefixes = namespaces.used_by(entries) if self.root else set()
        if tombstones:
            prefixes.add("at")
        if not prefixes:
            return self, entries
        declaring = self.root + namespaces.declarations(prefixes)
        return replace(self, head=self.head.replace(self.root, declaring, 1) + tombstones), entries

    def pieces(self, fragments: Sequence[bytes]) -> list[bytes]:
        """The document in pieces: head, a piece for each of *fragments* in their order, tail."""
        following = [self.between + fragment for fragment in fragments[1:]]
        return [self.head, *fragments[:1], *following, self.tail]


def _part(fragment: bytes) -> tuple[bytes, bytes]:
    if not fragment.startswith(_TOMBSTONE):
        return b"", fragment
    tombstone, end, entry = fragment.partition(_TOMBSTONE_END)
    return tombstone + end, entry
