"""The language of a page: which one it is, and how it writes dates, numbers and sizes."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from babel import localedata
from babel.core import get_global

from service.web.page_language import (
    PageLanguage,
    _page_language,
    load_languages,
    page_language,
)
from tests.support.newsrooms import SITE, catalogue, feed

MOMENT = datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)


def language(wanted: str, usual: str = "en", zone: str = "UTC") -> PageLanguage:
    return page_language(wanted, replace(SITE, language=usual, time_zone=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("wanted", "usual", "zone", "expected"),
    [
        ("en", "en", "UTC", "21 May 2019, 16:38 UTC"),
        ("en", "en", "Europe/Berlin", "21 May 2019, 18:38 CEST"),
        ("en", "en", "Europe/Moscow", "21 May 2019, 19:38 UTC+3"),
        ("en", "en", "Asia/Kolkata", "21 May 2019, 22:08 UTC+5:30"),
        ("en", "en", "America/New_York", "21 May 2019, 12:38 UTC−4"),
        ("en", "en-US", "America/New_York", "May 21, 2019, 12:38\N{NARROW NO-BREAK SPACE}PM EDT"),
        ("en-US", "en", "America/New_York", "May 21, 2019, 12:38\N{NARROW NO-BREAK SPACE}PM EDT"),
    ],
)
def test_a_moment_has_the_newsrooms_zone_and_names_it(
    wanted: str, usual: str, zone: str, expected: str
) -> None:
    assert language(wanted, usual, zone).minute(MOMENT) == expected


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        # In the time zone database Dublin's summer is the standard, which Babel takes for winter.
        ("Europe/Dublin", datetime(2026, 1, 5, 12, tzinfo=UTC), "5 January 2026, 12:00 UTC"),
        ("Europe/Dublin", datetime(2026, 7, 5, 12, tzinfo=UTC), "5 July 2026, 13:00 UTC+1"),
        ("Africa/Casablanca", datetime(2026, 3, 5, 12, tzinfo=UTC), "5 March 2026, 12:00 UTC"),
        ("Africa/Casablanca", datetime(2026, 6, 5, 12, tzinfo=UTC), "5 June 2026, 13:00 UTC+1"),
        # Vilnius had Central European Time then; Babel would name today's.
        ("Europe/Vilnius", datetime(1999, 1, 5, 12, tzinfo=UTC), "5 January 1999, 13:00 UTC+1"),
        # Double summer time.
        ("Europe/London", datetime(1944, 7, 5, 12, tzinfo=UTC), "5 July 1944, 14:00 UTC+2"),
        ("UTC", datetime(987, 1, 2, 3, 4, tzinfo=UTC), "2 January 987, 03:04 UTC"),
    ],
)
def test_a_zone_has_the_name_of_its_offset_or_none(
    zone: str, moment: datetime, expected: str
) -> None:
    """findings/babel-irish-winter.sh and findings/babel-old-zones.sh."""
    assert language("en", zone=zone).minute(moment) == expected


@pytest.mark.parametrize(
    ("zone", "winter", "summer", "name"),
    [
        ("America/Vancouver", "UTC−7", "UTC−7", "UTC−7"),
        ("Canada/Pacific", "UTC−7", "UTC−7", "UTC−7"),
        ("America/Edmonton", "UTC−6", "UTC−6", "UTC−6"),
        ("America/Winnipeg", "UTC−5", "UTC−5", "UTC−5"),
        ("America/Los_Angeles", "PST", "PDT", "Pacific Time"),
        ("America/Phoenix", "MST", "MST", "Mountain Standard Time"),
        ("America/Regina", "CST", "CST", "Central Standard Time"),
        ("America/Panama", "EST", "EST", "Eastern Standard Time"),
    ],
)
def test_an_hour_is_not_named_by_that_which_its_zone_left(
    zone: str, winter: str, summer: str, name: str
) -> None:
    """findings/standard-time-names.sh: the zones are those of tzdata, not of the machine."""
    with files("tzdata.zoneinfo").joinpath(zone).open("rb") as file:
        spoken = replace(language("en-US"), time_zone=ZoneInfo.from_file(file, key=zone))
    hours = [spoken.clock(datetime(2027, month, 5, 20, tzinfo=UTC)) for month in (1, 7)]
    assert [hour.rpartition("\u202fPM ")[2] for hour in hours] == [winter, summer]
    assert spoken.zone_name == name


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "Central European Time"),
        ("UTC", "Coordinated Universal Time"),
        ("Africa/Nairobi", "East Africa Time"),
        ("Asia/Shanghai", "China Standard Time"),
    ],
)
def test_a_zone_has_a_name_in_full(zone: str, expected: str) -> None:
    assert language("en", zone=zone).zone_name == expected


@pytest.mark.parametrize(
    ("length_bytes", "expected"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (15_400, "15 kB"),
        (999_999, "1.0 MB"), (1_432_000, "1.4 MB"), (999_999_999, "1.0 GB"),
        (3 * 10**12, "3,000.0 GB"),
    ],
)  # fmt: skip
def test_a_size_is_written_in_decimal_units(length_bytes: int, expected: str) -> None:
    assert language("en").size(length_bytes) == expected


@pytest.mark.parametrize(
    ("wanted", "usual", "expected"),
    [
        ("en-GB", "en", "en-GB"),
        ("tlh", "en", "en"),
        ("mul", "en-IE", "en-IE"),
        ("tlh", "tlh", "en"),
        ("", "en", "en"),
    ],
)
def test_a_language_without_a_catalogue_is_the_sites_or_english(
    wanted: str, usual: str, expected: str
) -> None:
    assert language(wanted, usual).tag == expected


@pytest.mark.parametrize(
    ("tag", "zone", "expected"),
    [
        ("de", "Europe/Berlin", "1. Juni 2019, 18:38 MESZ"),
        ("fr", "Europe/Paris", "1er juin 2019, 18:38 UTC+2"),
        ("fr-CA", "America/Toronto", "1er juin 2019, 12 h 38 HAE"),
        ("es", "Europe/Madrid", "1 de junio de 2019, 18:38 CEST"),
        ("ar", "Asia/Riyadh", "1 يونيو 2019، 7:38 م UTC+3"),
        ("ar-EG", "Africa/Cairo", "1 يونيو 2019، 6:38 م UTC+2"),
        ("ru", "Europe/Moscow", "1 июня 2019 г., 19:38 UTC+3"),
        ("zh", "Asia/Shanghai", "2019年6月2日 00:38 UTC+8"),
    ],
)
def test_a_moment_is_written_as_readers_of_the_language_do(
    tag: str, zone: str, expected: str
) -> None:
    """CLDR; French newspapers write "1er". Digits are Western, in Egypt too."""
    moment = datetime(2019, 6, 1, 16, 38, 50, tzinfo=UTC)
    assert language(tag, zone=zone).minute(moment).replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        expected
    )


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de", ("12.345,5", "1,4 MB", "900 Byte", "Mitteleuropäische Zeit")),
        ("fr", ("12 345,5", "1,4 Mo", "900 octets", "heure d’Europe centrale")),
        ("es", ("12.345,5", "1,4 MB", "900 bytes", "hora de Europa central")),
        ("ar", ("12,345.5", "1.4 م.ب", "900 بايت", "توقيت وسط أوروبا")),
        ("ru", ("12 345,5", "1,4 МБ", "900 байт", "Центральная Европа")),
        ("zh", ("12,345.5", "1.4 MB", "900字节", "中欧时间")),
    ],
)
def test_numbers_sizes_and_zones_are_written_as_readers_of_the_language_do(
    tag: str, expected: tuple[str, ...]
) -> None:
    spoken = language(tag, zone="Europe/Berlin")
    found = (spoken.number(12_345.5), spoken.size(1_400_000), spoken.size(900), spoken.zone_name)
    blanks = str.maketrans("\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}", "  ")
    assert tuple(text.translate(blanks) for text in found) == expected


@pytest.mark.parametrize(
    ("wanted", "usual", "expected"),
    [
        ("fr-CA", "en", ("fr-CA", "fr")),
        ("zh-CN", "en", ("zh-CN", "zh")),
        ("zh-Hans-SG", "en", ("zh-Hans-SG", "zh")),
        # In other characters there is no catalogue.
        ("zh-TW", "en", ("en", "en")),
        ("zh-Hant", "de", ("de", "de")),
        ("ur", "ar", ("ar", "ar")),
        ("ar-Latn", "fr", ("fr", "fr")),
    ],
)
def test_a_catalogue_is_for_its_language_in_its_script(
    wanted: str, usual: str, expected: tuple[str, str]
) -> None:
    found = language(wanted, usual)
    assert (found.tag, found.catalogue) == expected


def test_languages_of_a_configuration_are_loaded_at_once() -> None:
    _page_language.cache_clear()
    load_languages(catalogue([], [feed("deutsch", "health", only_in="de")]))
    loaded = _page_language.cache_info().currsize
    assert (language("en").tag, language("de").tag) == ("en", "de")
    assert _page_language.cache_info().currsize == loaded == 2


def test_no_memory_is_kept_for_what_pages_never_say() -> None:
    """More than half of what Babel knows of a language, and the money of all countries."""
    _page_language.cache_clear()
    load_languages(catalogue([], [feed("portugais", "health", only_in="pt-PT")]))
    for name in ("root", "en", "en_001", "en_GB", "de", "de_AT"):
        known = localedata.load(name)
        assert all(unit.startswith("digital-") for unit in known["unit_patterns"]), name
        assert not any(known[key] for key in ("currency_names_plural", "unit_display_names"))
    assert not get_global("territory_currencies")
    assert language("de-AT").size(1_400_000) == "1,4 MB"
