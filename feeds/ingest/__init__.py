"""Documents in, drafts out: parsed, cleaned, and told apart from each other.

The doors of this room are `read_documents`, for streams, and `read_record`, for one release that
is read already. `readable_suffixes` tells which files are for the first.
"""

from feeds.ingest.embargoes import read_embargo_end
from feeds.ingest.reading import document_name, read_documents, read_record, readable_suffixes
from feeds.ingest.rules import IntakeRules
from feeds.ingest.source_keys import key_of_id

__all__ = [
    "IntakeRules",
    "document_name",
    "key_of_id",
    "read_documents",
    "read_embargo_end",
    "read_record",
    "readable_suffixes",
]
