"""Documents in, drafts out: parses, cleans and checks releases, and recognises known ones.

`read_documents` reads streams, `read_record` one release that is already parsed; `read_file`
returns what a file says, for a form in which a person completes it.
`readable_suffixes` lists the file suffixes that `read_documents` can parse.
"""

from feeds.ingest.beside import KeepFile, KeptFile
from feeds.ingest.embargoes import read_embargo_end
from feeds.ingest.fields import EmbeddedPicture
from feeds.ingest.html_records import KeepPicture
from feeds.ingest.reading import (
    FileContents,
    document_name,
    kind_refused,
    read_documents,
    read_file,
    read_record,
    readable_suffixes,
    retraction_refused,
)
from feeds.ingest.rules import IntakeRules
from feeds.ingest.source_keys import key_of_id

__all__ = [
    "EmbeddedPicture",
    "FileContents",
    "IntakeRules",
    "KeepFile",
    "KeepPicture",
    "KeptFile",
    "document_name",
    "key_of_id",
    "kind_refused",
    "read_documents",
    "read_embargo_end",
    "read_file",
    "read_record",
    "readable_suffixes",
    "retraction_refused",
]
