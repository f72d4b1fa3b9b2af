"""The language of a page: messages, dates, numbers and names as its readers write them.

The only importer of Babel. Messages are English in templates and code; a catalogue
``translations/<tag>.po`` beside this module has them in another language. Catalogues are read as
they are written, so there is nothing to compile and nothing to forget.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from gettext import NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import PurePath
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_datetime_format,
    get_timezone_name,
)
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from babel.units import format_unit

from feeds.categories import Catalogue
from feeds.model.feed import Site
from feeds.model.months import Month
from feeds.model.text import direction, fallbacks, matches

#: The language of the messages in templates and code. It needs no catalogue.
SOURCE_LANGUAGE = "en"

#: How English is written where its tag names no country: ``21 May 2019, 18:38``. CLDR's own
#: default is the United States.
_USUAL_LOCALES = {"en": "en_GB"}

#: How many languages are kept ready: a few kilobytes each, and CLDR's part of it stays anyway.
_LANGUAGES_KEPT = 64

_SCRIPT_LETTERS = 4


@cache
def catalogue_files() -> Mapping[str, Traversable]:
    """The catalogues that ship with the package, by language tag in lower case."""
    folder = files("service.web").joinpath("translations")
    return {
        PurePath(each.name).stem.lower(): each
        for each in folder.iterdir()
        if PurePath(each.name).suffix == ".po"
    }


@cache
def _messages(tag: str) -> NullTranslations:
    """The messages of a language that has a catalogue, or of the source language."""
    if tag == SOURCE_LANGUAGE:
        return NullTranslations()
    with catalogue_files()[tag].open("rb") as stream:
        catalogue = read_po(stream, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def find_catalogue(tag: str) -> str | None:
    """Returns the catalogue for readers of *tag* (BCP 47): ``fr`` for ``fr-CA``; None without one.

    A catalogue in another script is none: readers of ``zh-Hant`` are not given ``zh``, which is in
    simplified characters.
    """
    for each in fallbacks(tag):
        has_catalogue = each == SOURCE_LANGUAGE or each in catalogue_files()
        if has_catalogue and _script(each) == _script(tag):
            return each
    return None


def _script(tag: str) -> str:
    """Returns the script of a language: ``Hans`` for ``zh``, ``Hant`` for ``zh-TW``.

    Source: CLDR, likely subtags.
    """
    primary, *subtags = tag.lower().split("-")
    for subtag in subtags:
        if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha():
            return subtag.title()
    likely = get_global("likely_subtags")
    for subtag in subtags:
        if (found := likely.get(f"{primary}_{subtag.upper()}")) is not None:
            return str(found).split("_")[1]
    return str(likely.get(primary, "__")).split("_")[1]


@dataclass(frozen=True, kw_only=True)
class PageLanguage:
    """How a page speaks: everything on it that is neither a release's nor configured."""

    tag: str  #: BCP 47, for ``<html lang>``
    catalogue: str  #: the catalogue of its messages, or the source language
    locale: Locale  #: by which dates and numbers are written
    time_zone: ZoneInfo

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return direction(self.tag)

    @cached_property
    def messages(self) -> NullTranslations:
        """The messages, by their English."""
        return _messages(self.catalogue)

    def day(self, moment: datetime) -> str:
        """Writes a date: ``21 May 2019``."""
        moment = moment.astimezone(self.time_zone)
        written = format_date(moment, "long", locale=self.locale)
        if moment.day == 1 and self.locale.language == "fr":
            # CLDR has "1 mai", which no French newspaper writes.
            return written.replace("1 ", "1er ", 1)
        return written

    def minute(self, moment: datetime) -> str:
        """Writes a date and time with its zone: ``21 May 2019, 18:38 CEST``."""
        moment = moment.astimezone(self.time_zone)
        clock = format_time(moment, "short", tzinfo=self.time_zone, locale=self.locale)
        pattern = str(get_datetime_format("long", locale=self.locale))
        both = pattern.replace("{1}", self.day(moment)).replace("{0}", clock)
        return f"{both} {self._zone_abbreviation(moment)}"

    def weekday(self, day: date) -> str:
        """Writes a day where its month is known: ``Tue 21``."""
        return format_skeleton("Ed", day, locale=self.locale)

    def clock(self, moment: datetime) -> str:
        """Writes a time of day with its zone: ``18:38 CEST``."""
        moment = moment.astimezone(self.time_zone)
        clock = format_time(moment, "short", tzinfo=self.time_zone, locale=self.locale)
        return f"{clock} {self._zone_abbreviation(moment)}"

    def month_title(self, month: Month) -> str:
        """Writes a month: ``May 2019``."""
        return format_skeleton("yMMMM", _first_day(month), locale=self.locale)

    def month_name(self, month: Month) -> str:
        """Writes a month where its year is known: ``May``."""
        return format_date(_first_day(month), "LLLL", locale=self.locale)

    def number(self, amount: float) -> str:
        """Writes a number: ``12,345``."""
        return format_decimal(amount, locale=self.locale)

    def size(self, length_bytes: int) -> str:
        """Writes a file's size in decimal units: ``1.4 MB``."""
        amount = float(length_bytes)
        for unit in ("byte", "kilobyte", "megabyte"):
            # Rounded first: 999,999 bytes are 1.0 MB and not 1000 kB.
            if round(amount) < _STEP:
                has_fraction = unit != "byte" and amount < _STEP / 100
                return self._unit(amount, unit, has_fraction=has_fraction)
            amount /= _STEP
        return self._unit(amount, "gigabyte", has_fraction=True)

    def _unit(self, amount: float, unit: str, *, has_fraction: bool) -> str:
        return format_unit(
            amount,
            f"digital-{unit}",
            # CLDR's short English has "900 byte".
            "long" if unit == "byte" else "short",
            format="#,##0.0" if has_fraction else "#,##0",
            locale=self.locale,
        )

    @cached_property
    def zone_name(self) -> str:
        """The name of the time zone: ``Central European Time``."""
        # Zones without summer time have no generic name: Babel says "Kenya Time" for it, and
        # "Unknown Region Time" for UTC.
        offsets = sorted(_offsets(self.time_zone))
        has_summer = offsets[0] != offsets[1]
        if not has_summer and not _keeps_its_name(self.time_zone, offsets[0], is_summer=False):
            return _universal(offsets[0])
        return get_timezone_name(
            self.time_zone,
            "long",
            zone_variant="generic" if has_summer else "standard",
            locale=self.locale,
        )

    def _zone_abbreviation(self, moment: datetime) -> str:
        """Returns ``CEST``, or ``UTC+2`` where readers of the language know no abbreviation.

        Babel is told whether it is summer, because it takes the word of the time zone database,
        where Dublin's summer is the standard. Abbreviations are those of today's rules: a moment
        when the zone had another offset has its offset, and so has one that CLDR still names by the
        time that the zone left: "PST" in Vancouver (findings/standard-time-names.sh).
        """
        offset = moment.utcoffset() or timedelta()
        usual = sorted(_offsets(self.time_zone))
        # Zones whose hours have no name, as in Casablanca, have digits in the database.
        if offset in usual and (moment.tzname() or "").isalpha() and offset:
            is_summer = offset != usual[0]
            if not _keeps_its_name(self.time_zone, offset, is_summer=is_summer):
                return _universal(offset)
            name = get_timezone_name(
                self.time_zone,
                "short",
                zone_variant="daylight" if is_summer else "standard",
                locale=self.locale,
            )
            if name.isupper() and len(name) <= _LONGEST_ABBREVIATION:
                return str(name)
        return _universal(offset)


def _first_day(month: Month) -> date:
    return date(month.year, month.number, 1)


#: The factor between one unit of size and the next.
_STEP = 1000

#: For zones without an abbreviation Babel gives a long name.
_LONGEST_ABBREVIATION = 5

#: A year in which the present rules of all zones hold.
_YEAR = 2037


@lru_cache(maxsize=_LANGUAGES_KEPT)
def _offsets(zone: ZoneInfo) -> tuple[timedelta, ...]:
    """The offsets of a zone in winter and summer, by its present rules."""
    found = (datetime(_YEAR, month, 15, tzinfo=zone).utcoffset() for month in (1, 7))
    return tuple(offset or timedelta() for offset in found)


#: The names of CLDR that places share, each with the one whose time it is.
_OWNERS = {
    "America_Eastern": "America/New_York",
    "America_Central": "America/Chicago",
    "America_Mountain": "America/Denver",
    "America_Pacific": "America/Los_Angeles",
}


@lru_cache(maxsize=_LANGUAGES_KEPT)
def _keeps_its_name(zone: ZoneInfo, offset: timedelta, *, is_summer: bool) -> bool:
    """False where the name that CLDR has for a zone means another offset elsewhere."""
    key = get_global("zone_aliases").get(zone.key, zone.key)
    owner = _OWNERS.get(get_global("meta_zones").get(key, ""))
    return owner is None or offset == sorted(_offsets(ZoneInfo(owner)))[is_summer]


def _universal(offset: timedelta) -> str:
    """Writes an offset as people do: ``UTC+5:30``."""
    if not offset:
        return "UTC"
    minutes = round(abs(offset) / timedelta(minutes=1))
    sign = "+" if offset > timedelta() else "−"
    hours, minutes = divmod(minutes, 60)
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"


def page_language(wanted: str, site: Site) -> PageLanguage:
    """Returns the language of a page that shows something in *wanted* (BCP 47).

    Without a catalogue for it the page speaks the site's language, and without that English.
    """
    return _page_language(wanted, site.language, site.time_zone)


@lru_cache(maxsize=_LANGUAGES_KEPT)
def _page_language(wanted: str, usual: str, time_zone: ZoneInfo) -> PageLanguage:
    for tag in (wanted, usual, SOURCE_LANGUAGE):
        catalogue = find_catalogue(tag)
        if catalogue is not None:
            break
    else:
        raise AssertionError("unreachable: the source language has no catalogue")
    return PageLanguage(
        tag=tag, catalogue=catalogue, locale=_locale(tag, usual), time_zone=time_zone
    )


def load_languages(catalogue: Catalogue) -> None:
    """Loads the languages of a site and of its feeds, so that processes forked later share them.

    Each takes one to two megabytes of CLDR, and the first one five. Those of releases in other
    languages are loaded when a page needs them.
    """
    feeds = catalogue.feeds.values()
    tags = [catalogue.site.language, *(feed.only_in or feed.language for feed in feeds)]
    for tag in dict.fromkeys(tags):
        language = page_language(tag, catalogue.site)
        _messages(language.catalogue)
        language.minute(datetime(_YEAR, 1, 1, tzinfo=UTC))
        language.size(0)


def _locale(tag: str, usual: str) -> Locale:
    """Returns CLDR's locale for a tag.

    A release in ``en`` from a newsroom in ``en-US`` has dates as that newsroom writes them.
    """
    if tag != usual and matches(usual, tag) and _script(usual) == _script(tag):
        return _locale(usual, usual)
    for each in fallbacks(tag):
        if each in _USUAL_LOCALES:
            return _without_the_rest(Locale.parse(_USUAL_LOCALES[each]))
        try:
            return _without_the_rest(Locale.parse(each, sep="-"))
        except (ValueError, UnknownLocaleError):
            continue
    return _without_the_rest(Locale.parse(_USUAL_LOCALES[SOURCE_LANGUAGE]))


#: What CLDR knows and pages never say: more than half of what a language takes in memory.
_NEVER_SAID = (
    "compound_unit_patterns",
    "currency_names_plural",
    "unit_display_names",
)

#: The units that pages write: those of `PageLanguage.size`.
_WRITTEN_UNITS = "digital-"


def _without_the_rest(locale: Locale) -> Locale:
    """Takes what pages never say out of Babel's cache, for a locale and those it inherits from."""
    # The same of what CLDR knows about all countries. Babel gives its own table, as with `load`.
    for table in (get_global("territory_currencies"), get_global("territory_languages")):
        cast("dict[str, Any]", table).clear()
    for name in reversed(list(_and_parents(str(locale)))):
        data = localedata.load(name)
        for key in _NEVER_SAID:
            data[key] = {}
        data["unit_patterns"] = {
            unit: patterns
            for unit, patterns in data["unit_patterns"].items()
            if unit.startswith(_WRITTEN_UNITS)
        }
    return locale


def _and_parents(name: str) -> Iterator[str]:
    """Yields the name of a locale and of those it inherits from: ``pt_PT``, ``pt``, ``root``."""
    while name != "root":
        if localedata.exists(name):
            yield name
        name = get_global("parent_exceptions").get(name) or name.rpartition("_")[0] or "root"
    yield name


# The language of the page that is being rendered. Macros and filters have no other way to it.

_rendered: ContextVar[PageLanguage] = ContextVar("page_language")


@contextmanager
def speaking(language: PageLanguage) -> Iterator[None]:
    """Makes *language* the one of what is rendered meanwhile."""
    token = _rendered.set(language)
    try:
        yield
    finally:
        _rendered.reset(token)


def spoken() -> PageLanguage:
    """Returns the language of the page that is being rendered."""
    return _rendered.get()


def noted(message: str) -> str:
    """Returns *message* as it is: marks a message of the code for catalogues."""
    return message
