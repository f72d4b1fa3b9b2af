"""Dates as the formats write them, independent of the locale and the machine's time zone."""

from datetime import UTC, datetime
from email.utils import format_datetime

from feeds.model.text import whole_second

#: The earliest date in entries. With a date before 1970 (negative in Unix time) RSS Guard loses the
#: whole feed, and newsboat and Akregator show the year 2105; FreshRSS takes 1970-01-01 for "no
#: date". 1970-01-02 works in all readers that were tried, in every time zone (see
#: docs/readers.md). Pages show the true date.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """Formats *moment* as Atom and JSON Feed do: ``2019-05-21T16:38:50Z``.

    Raises:
        ValueError: *moment* has no time zone.

    Source: RFC 4287 section 3.3; RFC 3339 section 5.6, with ``Z`` for UTC.
    """
    return _utc(moment).replace(tzinfo=None).isoformat() + "Z"


def rfc822(moment: datetime) -> str:
    """Formats *moment* as RSS does: ``Tue, 21 May 2019 16:38:50 +0000``.

    Raises:
        ValueError: *moment* has no time zone.

    Source: RSS profile, "Date and Time": four-digit year, English names, numeric zone.
    """
    return format_datetime(_utc(moment))


def entry_date(moment: datetime) -> datetime:
    """Returns *moment* for use in an entry: never before `EARLIEST`."""
    return max(moment, EARLIEST)


def _utc(moment: datetime) -> datetime:
    # astimezone() would interpret a naive datetime in the machine's own zone.
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return whole_second(moment)
