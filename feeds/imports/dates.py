"""Reads the dates of feeds and exports: RFC 822, RFC 3339 and their misspellings, with zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feeds.ingest.written_moments import MONTHS

#: Hours east of UTC. RFC 822 section 5 defines the American ones, which RSS refers to; the others
#: are what servers write. ``IST`` is missing: India, Ireland and Israel use it.
_OFFSETS = """
    Z 0  UT 0  UTC 0  GMT 0  WET 0  BST 1  WEST 1  CET 1  MEZ 1  CEST 2  MESZ 2  EET 2  EEST 3
    EST -5  EDT -4  CST -6  CDT -5  MST -7  MDT -6  PST -8  PDT -7  AKST -9  AKDT -8  HST -10
    MSK 3  NST -3.5  NDT -2.5  AST -4  ADT -3  SAST 2  SGT 8  HKT 8  AWST 8  JST 9  KST 9  ACST 9.5
    ACDT 10.5  AEST 10  AEDT 11  NZST 12  NZDT 13
""".split()  # noqa: SIM905
_HOURS_BY_LETTERS = dict(zip(_OFFSETS[::2], map(float, _OFFSETS[1::2]), strict=True))
#: Names that mean the one or the other offset by the season.
_PLACES = {"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles"}

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
_ZONE = (
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*"
    r"(?:\(?(?P<letters>[A-Za-z]{1,5})\)?(?!\w))?\s*(?:(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?"
    r"(?:\s*\([^)]*\))?"
)
_AT = rf"{_CLOCK}{_ZONE}"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-(?P<number>\d\d)-(?P<day>\d\d)(?:\s*T\s*|\s+){_AT}", re.ASCII
)
_MONTH = r"(?P<month>[^\W\d_]{3,})\.?"
_FORMS = (
    _ISO,
    # RFC 822: "Tue, 03 Jun 2003 09:39:21 GMT"
    re.compile(
        rf"(?:[^\W\d]+\.?,?\s*)?(?P<day>\d{{1,2}})[\s.-]+{_MONTH}[\s,.-]+(?P<year>\d{{4}}|\d\d)"
        rf"(?:[\s,]+{_AT})?"
    ),
    # as ctime writes it: Tue Jun 3 09:39:21 2003
    re.compile(
        rf"(?:[^\W\d]+,?\s+)?{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+{_CLOCK}\s+(?P<year>\d{{4}})"
    ),
    # as Drupal does: Monday, April 15, 2013 - 2:23pm
    re.compile(
        rf"(?:[^\W\d]+,?\s+)?{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})"
        rf"(?:[\s,]+(?:-\s+|at\s+)?{_AT})?"
    ),
)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_MAX_CHARS = 200
#: Others are mistakes such as ``0001-01-01``, or no dates of releases.
_YEARS = range(1900, 3000)


@dataclass(frozen=True, slots=True)
class FeedDate:
    """A date as a feed has it."""

    text: str  #: as `feeds.ingest` reads it: RFC 3339 with an offset, or ``2005-07-04``
    has_zone: bool  #: False: the default zone was taken; a day without a time has none either

    @property
    def moment(self) -> datetime | None:
        """The moment; None for a day without a time."""
        return datetime.fromisoformat(self.text) if "T" in self.text else None

    def moment_in(self, zone: tzinfo) -> datetime:
        """Returns the moment; of a day without a time its beginning in *zone*."""
        return self.moment or datetime.fromisoformat(self.text).replace(tzinfo=zone)


def read_feed_date(text: str, *, zone: tzinfo) -> FeedDate | None:
    """Returns the date in *text*; None when it is none that can be read.

    Args:
        text: As the feed has it.
        zone: Zone of a time without one.
    """
    if len(text) > _MAX_CHARS:
        return None
    text = " ".join(text.split())
    try:
        if found := _DAY.fullmatch(text):
            day = date(*map(int, found.groups()))
            return FeedDate(day.isoformat(), has_zone=False) if day.year in _YEARS else None
        for form in _FORMS:
            if match := form.fullmatch(text):
                parts = {name: value for name, value in match.groupdict().items() if value}
                return _read(parts, zone)
    except (ValueError, KeyError, OverflowError):
        return None
    return None


def _read(parts: dict[str, str], zone: tzinfo) -> FeedDate | None:
    year = int(parts["year"])
    if len(parts["year"]) == 2:  # RFC 2822 section 4.3
        year += 2000 if year < 50 else 1900
    month = int(parts["number"]) if "number" in parts else MONTHS[parts["month"].lower()]
    if year not in _YEARS:
        return None
    if "hour" not in parts:
        return FeedDate(date(year, month, int(parts["day"])).isoformat(), has_zone=False)
    hour = int(parts["hour"])
    if half := parts.get("half", "").lower():
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    stated = _zone(parts)
    minute, second = int(parts["minute"]), min(int(parts.get("second", 0)), 59)
    moment = datetime(year, month, int(parts["day"]), 0, minute, second, tzinfo=stated or zone)
    moment += timedelta(hours=hour)  # some write 24:00
    # An offset of RFC 3339 has whole minutes; old local times have none.
    offset = moment.utcoffset() or timedelta()
    fixed = timezone(timedelta(minutes=round(offset.total_seconds() / 60)))
    return FeedDate(moment.replace(tzinfo=fixed).isoformat(), has_zone=stated is not None)


def _zone(parts: dict[str, str]) -> tzinfo | None:
    letters = parts.get("letters", "").upper()
    if "sign" in parts:  # also behind letters: "GMT+0200"
        offset = timedelta(hours=int(parts["hours"]), minutes=int(parts.get("minutes", 0)))
        return timezone(offset if parts["sign"] == "+" else -offset)
    if letters in _PLACES:
        return ZoneInfo(_PLACES[letters])
    hours = _HOURS_BY_LETTERS.get(letters)
    return None if hours is None else timezone(timedelta(hours=hours))
