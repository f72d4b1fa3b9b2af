"""Word documents (.docx): the package, a pass over its XML, and HTML by mammoth."""

from feeds.ingest.word.form import parse_word

__all__ = ["parse_word"]
