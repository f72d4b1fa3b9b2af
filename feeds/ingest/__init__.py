"""Documents in, drafts out: parsed, cleaned, and told apart from each other.

The door of this room is `read_documents`; `readable_suffixes` tells which files are for it.
"""

from feeds.ingest.embargoes import read_embargo_end
from feeds.ingest.parsers import readable_suffixes
from feeds.ingest.reading import document_name, read_documents
from feeds.ingest.rules import IntakeRules

__all__ = [
    "IntakeRules",
    "document_name",
    "read_documents",
    "read_embargo_end",
    "readable_suffixes",
]
