"""Entries become fragments, fragments become documents, documents become what is sent.

A fragment is one entry in one format, the same bytes in every feed that holds it; a document is
head, fragments and tail, joined. No clock, no chance, no state: the same arguments give the same
bytes on every machine.
"""

from feeds.render.compression import WHOLE_BYTES, compress, decompress, digest
from feeds.render.documents import assemble, frame
from feeds.render.fragments import fingerprint, render_fragment, writer_versions
from feeds.render.frame import Frame, incomplete
from feeds.render.notices import notice_entry
from feeds.render.stretches import joined, stretch

__all__ = [
    "WHOLE_BYTES",
    "Frame",
    "assemble",
    "compress",
    "decompress",
    "digest",
    "fingerprint",
    "frame",
    "incomplete",
    "joined",
    "notice_entry",
    "render_fragment",
    "stretch",
    "writer_versions",
]
