"""Checks documents from their bytes alone: ``communique feed check``.

Nothing here knows how documents are made. One module per format parses a document into a common
form, which is then checked once for all formats.
"""

from feeds.render.checks.checks import MAX_DOCUMENT_BYTES, check, format_of

__all__ = ["MAX_DOCUMENT_BYTES", "check", "format_of"]
