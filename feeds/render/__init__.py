"""Renders entries to fragments, fragments to documents, and documents to compressed bytes.

A fragment is one entry in one format: the same bytes in every feed that contains it. A document is
head, fragments and tail, joined. There is no clock, no randomness and no state: the same arguments
give the same bytes on every machine.
"""

from feeds.render.compression import (
    WHOLE_BYTES,
    compress,
    decompress,
    deflate_segment,
    digest,
    join_segments,
    store_segment,
)
from feeds.render.content import notice_entry
from feeds.render.documents import (
    assemble,
    assemble_once,
    fingerprint,
    frame,
    render_fragment,
    writer_versions,
)
from feeds.render.frame import Frame, incomplete

__all__ = [
    "WHOLE_BYTES",
    "Frame",
    "assemble",
    "assemble_once",
    "compress",
    "decompress",
    "deflate_segment",
    "digest",
    "fingerprint",
    "frame",
    "incomplete",
    "join_segments",
    "notice_entry",
    "render_fragment",
    "store_segment",
    "writer_versions",
]
