"""What a parser hands on: a record as its document has it, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from feeds.errors import DocumentRefused
from feeds.ingest.embargo_words import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One release as a document has it: read, but not judged."""

    fields: Mapping[str, object]  #: by the names of docs/releases-in.md
    line: int | None = None  #: where it starts; None when it is the whole document
    is_whole_document: bool = False  #: the document is this record's own; its name identifies it
    lines_by_field: Mapping[str, int] = field(default_factory=dict)  #: where a parser knows them
    warnings: tuple[str, ...] = ()  #: the parser's own
    notices: tuple[Notice, ...] = ()  #: of an embargo, which stood outside all fields


#: What parsers yield. A fault concerns the record at its line, or the rest of the document.
Parsed = Record | DocumentRefused
