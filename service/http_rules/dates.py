"""Dates in header fields (RFC 9110 section 5.6.7)."""

from datetime import datetime
from email.utils import format_datetime

from werkzeug.http import parse_date

from feeds.model.text import whole_second

#: The longest date has 33 characters ("Wednesday, 09-Nov-94 08:49:37 GMT"). RFC 9110 13.1.3: a
#: field that has more than one member is to be ignored, and two dates are longer than this.
MAX_DATE_CHARS = 40


def http_date(field: str | None) -> datetime | None:
    """Read a date in any of the three forms; None when absent or not a date.

    RFC 9110 13.1.3: a recipient MUST ignore a value that is not a valid HTTP-date. Werkzeug's
    own reading raises OverflowError on a year of eleven digits.
    """
    if field is not None and len(field) > MAX_DATE_CHARS:
        return None
    try:
        return parse_date(field)
    except OverflowError:
        return None


def write_date(moment: datetime) -> str:
    """Write an aware moment in UTC in the preferred form, cut to its second."""
    return format_datetime(whole_second(moment), usegmt=True)
