"""Dates as the formats ask for them, read back without any kindness."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: RFC 4287 section 3.3: RFC 3339 with an upper-case T, and Z or an offset.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

#: RFC 822 with a year of four digits, English names, and a zone in numbers (RSS profile).
_RFC822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)


def rfc3339(text: str) -> tuple[str, datetime | None]:
    """*Text* with the moment that it means; None when it is no date of Atom or JSON Feed."""
    if not _RFC3339.fullmatch(text):
        return text, None
    try:
        return text, datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February
        return text, None


def rfc822(text: str) -> tuple[str, datetime | None]:
    """*Text* with the moment that it means; None when it is no date of RSS."""
    if not _RFC822.fullmatch(text):
        return text, None
    try:
        moment = parsedate_to_datetime(text)
        # "-0000" says that the zone is unknown: such a moment comes without one.
        return text, moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return text, None
