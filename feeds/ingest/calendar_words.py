"""Names of months and weekdays, and time zones by their letters, as people write them."""

from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_MONTHS = """
    january jan januar jänner janvier janv enero ene gennaio gen janeiro januari января
        январь يناير;
    february feb februar février fevrier févr fév febrero febbraio febbr fevereiro fev
        februari февраля فبراير;
    march mar märz maerz mars marzo março marco maart марта март مارس;
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


#: From 1, in lower case: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish,
#: Russian, Arabic. No name means two months.
MONTHS = _numbered(_MONTHS, first=1)
#: As `datetime.date.weekday` counts: 0 is Monday.
WEEKDAYS = _numbered(_WEEKDAYS, first=0)

#: Letters with which tzdata means one offset, each with a place where they are used: in which they
#: have to be right at the moment in question. ``CET`` in July is a slip for CEST, most likely.
#: CST, IST and PST are missing: China, Cuba and America have the first, India, Ireland and Israel
#: the second, the Philippines the third.
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
_BY_LETTERS = {letters: place for place, written in _PLACES.items() for letters in written.split()}
_UTC_LETTERS = ("UTC", "GMT", "Z", "بتوقيت غرينتش")
#: As tzdata knows none of these: without a season, or in another language.
_ENGLISH = {"MEZ": "CET", "MESZ": "CEST", "МСК": "MSK"}
_ANY_SEASON = frozenset({"ET", "PT"})
#: Where "9:00" may be in the evening, since half past eight there is "8:30 p.m.".
TWELVE_HOURS = frozenset({"EST", "EDT", "ET", "PDT", "PT"})
ZONE_LETTERS = tuple(sorted([*_BY_LETTERS, *_UTC_LETTERS], key=len, reverse=True))


def zone_of(letters: str) -> tuple[tzinfo, str | None]:
    """The zone that *letters* stand for, and what it has to be called at the moment in question.

    Args:
        letters: One of `ZONE_LETTERS`.

    Returns:
        A zone, and a name as `datetime.tzname` gives it; None when the season does not count.
    """
    if letters in _UTC_LETTERS:
        return timezone(timedelta()), None
    expected = None if letters in _ANY_SEASON else _ENGLISH.get(letters, letters)
    return ZoneInfo(_BY_LETTERS[letters]), expected
