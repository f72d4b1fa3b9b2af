"""The parts of a document around its entries: head, separator and tail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feeds.model.edition import History
from feeds.render import namespaces

#: Elements that say how much of a feed's history a document contains (RFC 5005 sections 2 and 4).
HISTORY_NAMES = {History.COMPLETE: "complete", History.ARCHIVE: "archive"}

_COMPLETE = b"<fh:complete/>"

#: Occurs nowhere in a head: XML texts there are escaped, and JSON contains no markup there.
_FIRST_ENTRY = re.compile(rb'<(?:entry|item)[ >]|"items":\[')

#: The start and end of the tombstone at the beginning of a retracted release's fragment.
_TOMBSTONE, _TOMBSTONE_END = b"<at:deleted-entry ", b"</at:deleted-entry>\n"


def incomplete(document: bytes) -> bytes:
    """Returns *document*, which contains a part of a feed, without ``fh:complete``.

    RFC 5005 section 2: a reader may delete entries that a complete document does not contain. The
    element is removed from the head only; an entry's text may contain the same characters.
    """
    first = _FIRST_ENTRY.search(document)
    end = first.start() if first else len(document)
    return document[:end].replace(_COMPLETE, b"", 1) + document[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Head and tail of a document, independent of its entries."""

    head: bytes
    between: bytes  #: joins two fragments
    tail: bytes
    root: bytes = b""  #: start tag that declares namespaces, if any
    date: bytes = b""  #: when the feed was updated, as the head says it, if it does

    def around(self, fragments: Sequence[bytes]) -> tuple["Frame", list[bytes]]:
        """Returns the frame for *fragments*, and the fragments without their tombstones.

        Tombstones go into the head, because Atom's grammar puts everything else before the entries
        (RFC 4287 appendix B). So a document with only some of the entries, which has the whole
        head, has all tombstones. The root declares the namespaces that are used.
        """
        has_tombstones = [True for each in fragments if each.startswith(_TOMBSTONE)]
        split = [_split(each) for each in fragments] if has_tombstones else []
        tombstones = b"".join(tombstone for tombstone, _ in split)
        entries = [entry for _, entry in split] or list(fragments)
        prefixes = namespaces.used_by(entries) if self.root else set()
        if tombstones:
            prefixes.add("at")
        if not prefixes:
            return self, entries
        declaring = self.root + namespaces.declarations(prefixes)
        return replace(self, head=self.head.replace(self.root, declaring, 1) + tombstones), entries

    def pieces(self, fragments: Sequence[bytes]) -> list[bytes]:
        """Returns the document in pieces: the head, one for each fragment in order, the tail."""
        following = [self.between + fragment for fragment in fragments[1:]]
        return [self.head, *fragments[:1], *following, self.tail]

    def document(self, fragments: Sequence[bytes]) -> bytes:
        """Returns the document; each fragment is copied only once."""
        parts = [self.head]
        for fragment in fragments:
            parts += (fragment, self.between)
        parts[-1:] = [self.tail] if fragments else [self.head, self.tail]
        return b"".join(parts)

    def size_bytes(self, fragments: Sequence[bytes]) -> int:
        """Returns the length of the document."""
        between = len(self.between) * max(0, len(fragments) - 1)
        return len(self.head) + sum(map(len, fragments)) + between + len(self.tail)


def _split(fragment: bytes) -> tuple[bytes, bytes]:
    if not fragment.startswith(_TOMBSTONE):
        return b"", fragment
    tombstone, end, entry = fragment.partition(_TOMBSTONE_END)
    return tombstone + end, entry
