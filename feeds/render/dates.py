"""Moments as the formats write them. Neither the locale nor the machine's time zone counts."""

from datetime import UTC, datetime
from email.utils import format_datetime

from feeds.model.text import whole_second

#: The earliest moment that entries tell. Of a date before 1970, which a computer counts below
#: zero, RSS Guard loses the whole feed, and newsboat and Akregator make the year 2105; 1970-01-01
#: itself is "no date" to FreshRSS. This one is right in all that were tried, wherever its reader
#: lives (see docs/readers.md). Pages tell the true date.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """*Moment* as Atom and JSON Feed write it: ``2019-05-21T16:38:50Z``.

    Raises:
        ValueError: *moment* has no time zone.

    Source: RFC 4287 section 3.3; RFC 3339 section 5.6, with ``Z`` for UTC.
    """
    return _utc(moment).replace(tzinfo=None).isoformat() + "Z"


def rfc822(moment: datetime) -> str:
    """*Moment* as RSS writes it: ``Tue, 21 May 2019 16:38:50 +0000``.

    Raises:
        ValueError: *moment* has no time zone.

    Source: RSS profile, "Date and Time": four-digit year, English names, numeric zone.
    """
    return format_datetime(_utc(moment))


def of_entry(moment: datetime) -> datetime:
    """*Moment* as an entry tells when it was published or changed: never before `EARLIEST`."""
    return max(moment, EARLIEST)


def _utc(moment: datetime) -> datetime:
    # astimezone() would read a naive moment in the machine's own zone, so it must not get one.
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return whole_second(moment)
