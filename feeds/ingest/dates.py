"""Parses dates and times in documents as aware datetimes in UTC, in whole seconds."""

import re
from datetime import UTC, date, datetime, time, timedelta

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.rules import IntakeRules
from feeds.model.text import whole_second

#: RFC 3339 section 5.6, with these variants: a space for the ``T``, as its note allows; a comma
#: before the fraction, as in ISO 8601; and an offset without colon or minutes, as many programs
#: write it.
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?"
    r"(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: The modern press release dates from 1906; a year outside this range is a typing error.
_YEARS = range(1900, 3000)
#: The offset of Kiribati. No place is further ahead, or as far behind.
_MAX_OFFSET = timedelta(hours=14)

_REMEDY = "write it as 2019-05-21T16:38:50+00:00"
_MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(),  # noqa: SIM905
        start=1,
    )
}
_HUMAN_DATE = re.compile(r"(\d{1,2})\.?\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})", re.ASCII)
_HUMAN_DATE_US = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})", re.ASCII)


def read_moment(text: str, *, field: str, warnings: list[str]) -> datetime:
    """Returns a date and time with its zone, in that zone.

    Args:
        text: As the document has it.
        field: Name of the field in messages.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: *text* is not a time stamp, is impossible, or has no zone.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise _refusal(field, f"is not an ISO 8601 time stamp: {shown(text)}", _REMEDY)
    day, clock, zulu, hours, minutes = found.groups()
    if not zulu and not hours:
        remedy = "add the offset from UTC: Z, or such as +02:00"
        raise _refusal(field, f"has no time zone: {shown(text)}", remedy)
    offset = "+00:00" if zulu else f"{hours}:{minutes or '00'}"
    _check_offset(offset, field=field, written=text)
    moment = _possible(f"{day}T{clock}{offset}", field=field, written=text)
    if abs(moment.utcoffset() or timedelta()) > _MAX_OFFSET:
        # RFC 3339 allows up to 23:59, and in a seventh of one real set the time of day was typed
        # twice (17:10:00+17:10). A time that is wrong by hours is better than a refusal.
        warnings.append(f"{field}: no place on Earth has the offset of {text}; taken as written")
    return moment


def read_moment_or_day(
    text: str, *, field: str, rules: IntakeRules, warnings: list[str]
) -> datetime:
    """Returns a moment, or a bare date at the configured time of day, in its own zone.

    Raises:
        DocumentRefused: As for `read_moment`.
    """
    if not _DAY.fullmatch(text):
        return read_moment(text, field=field, warnings=warnings)
    day = _possible(text, field=field, written=text).date()
    return datetime.combine(day, rules.time_of_day, tzinfo=rules.time_zone)


def bounds_of_day(text: str, *, rules: IntakeRules) -> tuple[datetime, datetime] | None:
    """Returns when the day of a bare date begins and ends, in UTC; None when *text* is a moment."""
    if not _DAY.fullmatch(text):
        return None
    day = date.fromisoformat(text)
    begins, ends = (
        datetime.combine(each, time(), tzinfo=rules.time_zone)
        for each in (day, day + timedelta(days=1))
    )
    return in_utc(begins), in_utc(ends)


def in_utc(moment: datetime) -> datetime:
    """Returns the aware *moment* in UTC, in whole seconds."""
    return whole_second(moment).astimezone(UTC)


def human_day(text: str) -> date | None:
    """Returns the day in "Tuesday, 21 May 2019" or "May 21, 2019"; None if it is not in English."""
    if found := _HUMAN_DATE.search(text):
        day, month, year = found.groups()
    elif found := _HUMAN_DATE_US.search(text):
        month, day, year = found.groups()
    else:
        return None
    try:
        return date(int(year), _MONTHS.get(month[:3].lower(), 0), int(day))
    except ValueError:
        return None


def _check_offset(offset: str, *, field: str, written: str) -> None:
    """Refuses an offset that RFC 3339 section 5.6 does not allow.

    Python reads ``+00:99`` as 1 h 39 min.
    """
    if offset[1:3] > "23" or offset[4:] > "59":
        raise _refusal(
            field,
            f"cannot be: {shown(written)} (no offset from UTC is {offset})",
            "write the offset in hours and minutes: Z, or such as +02:00",
        )


def _possible(iso: str, *, field: str, written: str) -> datetime:
    # Newer Python versions read 24:00 as the next day; RFC 3339 does not allow it.
    if iso[11:13] == "24":
        raise _refusal(field, f"cannot be: {shown(written)} (a day ends at 23:59:59)", _REMEDY)
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError as fault:
        raise _refusal(field, f"cannot be: {shown(written)} ({fault})", _REMEDY) from fault
    if moment.year not in _YEARS:
        years = f"{_YEARS.start} to {_YEARS.stop - 1}"
        raise _refusal(field, f"is not in the years {years}: {shown(written)}", _REMEDY)
    return moment


def _refusal(field: str, fact: str, remedy: str) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}", remedy=remedy, field=field)
