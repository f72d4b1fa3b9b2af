"""The limits of incoming documents, and the defaults for what they leave out."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from feeds.model.release import ASSUMED_CORRECTION, Correction

#: A document, or a line of JSON Lines, is held in memory as a whole, so this bounds its cost. The
#: largest release in the sample sets has 60 kB; a book has 1 MB.
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
#: A Word document has its pictures in it, and a message its attachments.
MAX_FILE_BYTES = 64 * 1024 * 1024
#: A JSON array is also held in memory as a whole, but contains many records. Larger sets need JSON
#: Lines.
MAX_ARRAY_BYTES = 64 * 1024 * 1024
#: The longest headline in real releases has 243 characters. A longer title is a body in the wrong
#: field.
MAX_TITLE_CHARS = 500
#: A summary is a paragraph or two.
MAX_SUMMARY_CHARS = 2_000
#: Two lines in a reader's list; search results are cut at about this length.
DERIVED_SUMMARY_CHARS = 300
#: More categories than this do not classify anything.
MAX_CATEGORIES = 100
#: A category is a name, not a sentence.
MAX_CATEGORY_CHARS = 300
#: A name and an affiliation.
MAX_NAME_CHARS = 300
#: A joint release may name all of its publishers.
MAX_AUTHORS = 100
#: Enough for a release with a photo gallery.
MAX_ENCLOSURES = 100
#: Enough for a press office in each country.
MAX_CONTACTS = 50
#: Enough for a reading list.
MAX_RELATED = 100

#: A change note is a sentence or two, and stays above the text permanently.
MAX_NOTE_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRules:
    """Settings of the intake: five defaults for what a document leaves out, and the limits."""

    base_url: str  #: base of relative links in a document without an address of its own
    language: str  #: BCP 47 tag for documents that name no language
    time_zone: ZoneInfo  #: time zone of a date without a time
    time_of_day: time  #: publication time for a date without a time; without a zone
    correction: Correction = (
        ASSUMED_CORRECTION  #: the kind of correction that a changed document is
    )
    has_tracked_changes: bool = True  #: whether a Word document may have any
    max_document_bytes: int = MAX_DOCUMENT_BYTES  #: of one document, or one line of JSON Lines
    max_file_bytes: int = MAX_FILE_BYTES  #: of a Word document, or a message
    max_array_bytes: int = MAX_ARRAY_BYTES  #: of a whole `.json` file
    max_title_chars: int = MAX_TITLE_CHARS
    max_summary_chars: int = MAX_SUMMARY_CHARS
    derived_summary_chars: int = DERIVED_SUMMARY_CHARS
    max_categories: int = MAX_CATEGORIES
    max_category_chars: int = MAX_CATEGORY_CHARS
    max_name_chars: int = MAX_NAME_CHARS
    max_authors: int = MAX_AUTHORS
    max_enclosures: int = MAX_ENCLOSURES
    max_note_chars: int = MAX_NOTE_CHARS
    max_contacts: int = MAX_CONTACTS
    max_related: int = MAX_RELATED
