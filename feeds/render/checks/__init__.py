"""What a document promises its readers, read off its bytes again: ``communique feed check``.

Nothing here knows how documents are made. Each format is read by a file of its own into what the
formats have in common, which is then checked once for all of them.
"""

from feeds.render.checks.checks import MAX_DOCUMENT_BYTES, check, format_of

__all__ = ["MAX_DOCUMENT_BYTES", "check", "format_of"]
