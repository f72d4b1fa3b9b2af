"""What is asked of incoming documents, and what is assumed where they are silent."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from feeds.model.release import UNSAID, Correction

#: The largest release in the sample sets has 60 kB; a book has 1 MB. A document, or a line of
#: JSON Lines, is held in memory as a whole, so this is what one can cost.
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
#: A JSON array is held as a whole too, but holds many records. Larger sets go into JSON Lines.
MAX_ARRAY_BYTES = 64 * 1024 * 1024
#: The longest real headline seen has 243 characters. Something longer is a body in the wrong field.
MAX_TITLE_CHARS = 500
#: A summary is a paragraph or two.
MAX_SUMMARY_CHARS = 2_000
#: A derived summary fills two lines in a reader's list, and search results cut at about this.
DERIVED_SUMMARY_CHARS = 300
#: Beyond this, categories no longer sort anything.
MAX_CATEGORIES = 100
#: A category is a name, not a sentence.
MAX_CATEGORY_CHARS = 300
#: A name and an affiliation.
MAX_NAME_CHARS = 300
#: A joint release of many bodies names them all.
MAX_AUTHORS = 100
#: A release with its photo gallery.
MAX_ENCLOSURES = 100
#: A desk in each country.
MAX_CONTACTS = 50
#: A reading list, and no longer.
MAX_RELATED = 100

#: A change note is a sentence or two; it stands before the text for ever.
MAX_NOTE_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRules:
    """How documents are read. The first five say what a silent document means."""

    base_url: str  #: relative links of a document without an address of its own start here
    language: str  #: BCP 47, of a document that names none
    time_zone: ZoneInfo  #: in which a date without a time is meant
    time_of_day: time  #: when, on a date without a time, a release was published; without a zone
    correction: Correction = UNSAID  #: what a changed document is
    max_document_bytes: int = MAX_DOCUMENT_BYTES  #: of one document, or one line of JSON Lines
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
