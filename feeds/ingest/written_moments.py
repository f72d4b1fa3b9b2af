"""Reads unambiguous dates and times written in words, such as ``3 November 2026, 09:00 CET``."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

# Names of months and weekdays, and abbreviations of time zones.

_MONTHS = """
    january jan januar jänner janvier janv enero ene gennaio gen janeiro januari января
        январь يناير;
    february feb februar février fevrier févr fév febrero febbraio febbr fevereiro fev
        februari февраля فبراير;
    march mar märz maerz mär mrz mars marzo março marco maart марта март مارس;
    april apr avril avr abril abr aprile апреля апрель أبريل ابريل;
    may mai mayo maggio mag maio maj mei мая май مايو;
    june jun juni juin junio giugno giu junho июня июнь يونيو;
    july jul juli juillet juil julio luglio lug julho июля июль يوليو;
    august aug août aout agosto ago augustus augusti августа август أغسطس;
    september sept sep septembre septiembre settembre set setembro сентября сентябрь سبتمبر;
    october oct oktober okt octobre octubre ottobre ott outubro out октября октябрь أكتوبر;
    november nov novembre noviembre novembro ноября ноябрь نوفمبر;
    december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro декабря
        ديسمبر;
"""
_WEEKDAYS = """
    monday mon montag lundi lunes lunedì lunedi segunda-feira segunda maandag понедельник;
    tuesday tue tues dienstag mardi martes martedì martedi terça-feira terça dinsdag вторник;
    wednesday wed mittwoch mercredi miércoles mercoledì mercoledi quarta-feira quarta
        woensdag среда среду;
    thursday thu thur thurs donnerstag jeudi jueves giovedì giovedi quinta-feira quinta
        donderdag четверг;
    friday fri freitag vendredi viernes venerdì venerdi sexta-feira sexta vrijdag пятница
        пятницу;
    saturday sat samstag sonnabend samedi sábado sabato zaterdag суббота субботу;
    sunday sun sonntag dimanche domingo domenica zondag воскресенье;
"""


def _numbered(table: str, *, first: int) -> dict[str, int]:
    lines = table.strip().rstrip(";").split(";")
    return {name: number for number, line in enumerate(lines, first) for name in line.split()}


#: Numbers of months from 1, by lower-case name: English, German, French, Spanish, Italian,
#: Portuguese, Dutch, Swedish, Russian, Arabic. No name stands for two months.
MONTHS = _numbered(_MONTHS, first=1)
#: Numbers of weekdays as in `datetime.date.weekday`: 0 is Monday.
WEEKDAYS = _numbered(_WEEKDAYS, first=0)

#: Abbreviations that mean one offset in tzdata, each with a place that uses it: at the given moment
#: the abbreviation has to be valid there. ``CET`` in July is most likely a mistake for CEST. CST,
#: IST and PST are missing because they are ambiguous: China, Cuba and America use the first, India,
#: Ireland and Israel the second, the Philippines the third.
_PLACES = {
    "Europe/Paris": "CET CEST",
    "Europe/Berlin": "MEZ MESZ",
    "Europe/London": "BST",
    "Europe/Athens": "EET EEST",
    "Europe/Lisbon": "WET WEST",
    "Europe/Moscow": "MSK МСК",
    "America/New_York": "EST EDT ET",
    "America/Los_Angeles": "PDT PT",
    "Africa/Johannesburg": "SAST",
    "Asia/Tokyo": "JST",
    "Asia/Seoul": "KST",
    "Asia/Hong_Kong": "HKT",
    "Australia/Sydney": "AEDT",
    "Australia/Brisbane": "AEST",
    "Pacific/Auckland": "NZST NZDT",
}
_BY_LETTERS = {
    letters: position for position, written in _PLACES.items() for letters in written.split()
}
_UTC_LETTERS = ("UTC", "GMT", "Z", "بتوقيت غرينتش")
#: Names that tzdata uses for abbreviations in other languages.
_ENGLISH = {"MEZ": "CET", "MESZ": "CEST", "МСК": "MSK"}
_ANY_SEASON = frozenset({"ET", "PT"})
#: Zones in which "9:00" may be in the evening, because they write 20:30 as "8:30 p.m.".
TWELVE_HOURS = frozenset({"EST", "EDT", "ET", "PDT", "PT"})
ZONE_LETTERS = tuple(sorted([*_BY_LETTERS, *_UTC_LETTERS], key=len, reverse=True))


def zone_of(letters: str) -> tuple[tzinfo, str | None]:
    """Returns the zone that *letters* mean, and the name it must have at the given moment.

    Args:
        letters: One of `ZONE_LETTERS`.

    Returns:
        A zone, and a name as `datetime.tzname` returns it; None when the season does not matter.
    """
    if letters in _UTC_LETTERS:
        return timezone(timedelta()), None
    expected = None if letters in _ANY_SEASON else _ENGLISH.get(letters, letters)
    return ZoneInfo(_BY_LETTERS[letters]), expected


# Parsing: date, time and zone, as far as they are unambiguous.

#: The offsets furthest ahead and behind: Kiribati and Baker Island.
_EARLIEST = timezone(timedelta(hours=14))
_LATEST = timezone(timedelta(hours=-12))


def _any_of(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_MONTH = rf"(?P<month>{_any_of(MONTHS)})\b\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)(?:T(?=\d\d:))?",
        r"(?P<year>\d{4})\s?[年년]\s?(?P<number>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.|er|º)?\s+(?:of\s+|de\s+)?" + _MONTH
        + r"(?:,?\s+(?:del?\s+)?(?P<year>\d{4})\b(?:\s?(?:года|г)\b\.?)?)?",
        _MONTH + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+(?P<year>\d{4})\b)?",
        r"(?P<first>\d{1,2})(?P<sign>[./-])\s?(?P<second>\d{1,2})(?P=sign)\s?(?P<year>\d{4})\b",
    )
)  # fmt: skip
_HALF = r"(?P<half>[ap]\.?\s?m\b\.?)"
_UNIT = r"(?:h|hrs|hours|uhr|uur|heures|horas|ore|часов)\b"
_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<hour>\d{{1,2}})[:.h](?P<minute>\d\d)(?::\d\d)?(?!\d)(?:\s?(?:{_HALF}|{_UNIT}\.?))?",
        rf"(?P<hour>\d{{1,2}})\s?{_HALF}",
        rf"(?P<hour>\d{{1,2}})\s?{_UNIT}",
        r"(?P<hour>\d\d)(?P<minute>\d\d)(?=\s?(?:h|hrs|hours|z|gmt|utc)\b)",
        r"(?P<half>上午|下午)?\s?(?P<hour>\d{1,2})\s?[时時点點시](?:\s?(?P<minute>\d{1,2})\s?[分분])?",
        r"(?:12\s)?(?P<noon>noon|midday)\b",
    )
)
_ZONE = re.compile(
    r"\s*[,(]?\s*(?:(?i:hrs|hours|uhr|h)\b\.?\s*)?[,(]?\s*"
    rf"(?:(?:UTC|GMT)?\s?(?P<sign>[+\u2212-])(?P<hours>\d{{1,2}})(?::?(?P<minutes>\d\d))?(?!\d)"
    rf"|(?P<letters>{_any_of(ZONE_LETTERS)})(?![\w+]))"
)
#: Filler words and punctuation between the parts of a moment.
_FILLER = re.compile(
    r"""[\s,،.()\[\]*/"'“”„«»]+
    | (?:at|on|the|of|from|hrs|hours|um|uhr|am|den|dem|ab|à|a|al|alle|las|los|le|du|ore|h|kl|klo
      |op|om|uur|الساعة|في|يوم|до|в|às|as|dia|el|en|il|de|del|und|and|时|前|之前)\b\.?""",
    re.IGNORECASE | re.VERBOSE,
)
_WEEKDAY = re.compile(rf"({_any_of(WEEKDAYS)})\b\.?", re.IGNORECASE)
#: Midnight is ambiguous: it may mean the beginning or the end of the day.
_VAGUE = re.compile(r"midnight|mitternacht|minuit|medianoche|mezzanotte|meia-noite", re.IGNORECASE)


@dataclass(slots=True)
class _Clock:
    """A time of day, as far as the text states it."""

    time: time | None
    #: without "p.m.", and without "09" or "15", which would rule it out
    may_be_evening: bool = False
    letters: str = ""  #: abbreviation of the zone, if there is one
    zone: tzinfo | None = None

    def on(self, day: date) -> datetime | None:
        """Returns the moment in UTC; None when it is ambiguous."""
        if self.time is None or self.zone is None:
            return None
        if self.may_be_evening and self.letters in TWELVE_HOURS:
            return None
        # When clocks go back, the time occurs twice; the later one counts, so that nothing is
        # published early.
        both = [datetime.combine(day, self.time, self.zone).replace(fold=fold) for fold in (0, 1)]
        expected = zone_of(self.letters)[1] if self.letters else None
        named = [each for each in both if expected is None or each.tzname() == expected]
        return max((each.astimezone(UTC) for each in named), default=None)


@dataclass(slots=True)
class WrittenMoment:
    """The parts of a moment that a text states."""

    days: set[date | None] = field(default_factory=set)  #: None for an ambiguous or impossible date
    times: list[_Clock] = field(default_factory=list)
    weekdays: set[int] = field(default_factory=set)
    end: int = 0  #: position in the text after it

    @property
    def is_stated(self) -> bool:
        """Whether there is at least a part of a date, or a time of day."""
        return bool(self.days or self.times)

    @property
    def moment(self) -> datetime | None:
        """The moment in UTC; None unless date, time and zone are stated once, and agree."""
        day = self._day()
        if day is None or not self.times:
            return None
        found = {each.on(day) for each in self.times}
        return found.pop() if len(found) == 1 else None

    def bounds(self) -> tuple[datetime, datetime] | None:
        """Returns the earliest and latest possible moment in UTC; None if it could be any."""
        if (exact := self.moment) is not None:
            return exact, exact
        day = self._day()
        if day is None:
            return None
        first = (self.times[0].time if len(self.times) == 1 else None) or time.min
        last = datetime.combine(day, time.min, _LATEST) + timedelta(days=1)
        return datetime.combine(day, first, _EARLIEST).astimezone(UTC), last.astimezone(UTC)

    def _day(self) -> date | None:
        if len(self.days) != 1:
            return None
        (day,) = self.days
        if day is None or (self.weekdays and self.weekdays != {day.weekday()}):
            return None
        return day


def read_written(text: str, start: int = 0, *, day_first: bool = False) -> WrittenMoment:
    """Returns the moment that *text* states at position *start*.

    Reading stops at the first word that is not part of a moment.

    Args:
        text: One line; digits of any script.
        start: Position at which to begin.
        day_first: Whether the day comes first in 3/11/2026, as everywhere but in America.
    """
    text = "".join(map(_plain_digit, text))
    found = WrittenMoment(end=start)
    position = start
    while position < len(text):
        parsed = (
            _read_day(text, position, found, day_first=day_first)
            or _read_time(text, position, found)
            or _read_other(text, position, found)
        )
        found.end = parsed or found.end  # filler after the last part does not belong to it
        filler = None if parsed else _FILLER.match(text, position)
        if not parsed and filler is None:
            break
        position = parsed or (filler.end() if filler else 0)
    return found


def _plain_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _read_day(text: str, position: int, found: WrittenMoment, *, day_first: bool) -> int:
    for pattern in _DATES:
        if match := pattern.match(text, position):
            found.days.add(_day_of(match.groupdict(), day_first=day_first))
            return match.end()
    return 0


def _day_of(parsed: dict[str, str | None], *, day_first: bool) -> date | None:
    year = int(parsed.get("year") or 0)
    if parsed.get("first"):
        return _numeric_day(year, int(parsed["first"] or 0), int(parsed["second"] or 0), day_first)
    month = MONTHS[(parsed.get("month") or "").lower()] if parsed.get("month") else 0
    return _possible(year, month or int(parsed.get("number") or 0), int(parsed["day"] or 0))


def _numeric_day(year: int, first: int, second: int, day_first: bool) -> date | None:  # noqa: FBT001
    day_month, month_day = _possible(year, second, first), _possible(year, first, second)
    if day_first or month_day is None or day_month == month_day:
        return day_month
    return month_day if day_month is None else None


def _possible(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read_time(text: str, position: int, found: WrittenMoment) -> int:
    for pattern in _TIMES:
        if match := pattern.match(text, position):
            found.times.append(_clock_of(match.groupdict()))
            return _read_zone(text, match.end(), found.times[-1]) or match.end()
    return 0


def _clock_of(parsed: dict[str, str | None]) -> _Clock:
    if parsed.get("noon"):
        return _Clock(time(12))
    hour, minute = int(parsed.get("hour") or 0), int(parsed.get("minute") or 0)
    half = (parsed.get("half") or "").lower()
    may_be_evening = not half and 1 <= hour <= 12 and not (parsed["hour"] or "").startswith("0")
    if half:
        if not 1 <= hour <= 12:
            return _Clock(None)
        hour = hour % 12 + (12 if half[0] in "p下" else 0)
    return _Clock(
        time(hour, minute) if hour < 24 and minute < 60 else None, may_be_evening=may_be_evening
    )


def _read_zone(text: str, start: int, clock: _Clock) -> int:
    match = _ZONE.match(text, start) if clock.zone is None else None
    if match is None:
        return 0
    clock.letters, clock.zone = _zone_said(match)
    return match.end()


def _zone_said(match: re.Match[str]) -> tuple[str, tzinfo | None]:
    if letters := match["letters"]:
        return letters, zone_of(letters)[0]
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    if offset > timedelta(hours=14):
        return "", None
    return "", timezone(offset if match["sign"] == "+" else -offset)


def _read_other(text: str, position: int, found: WrittenMoment) -> int:
    if match := _WEEKDAY.match(text, position):
        found.weekdays.add(WEEKDAYS[match[1].lower()])
        return match.end()
    if match := _VAGUE.match(text, position):
        found.times.append(_Clock(None))
        return match.end()
    return _read_zone(text, position, found.times[-1]) if found.times else 0
