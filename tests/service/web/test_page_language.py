"""The language of a page: which one it is, and how it writes dates, numbers and sizes."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.web.page_language import PageLanguage, page_language
from tests.support.newsrooms import SITE

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
        # Double summer time.
        ("Europe/London", datetime(1944, 7, 5, 12, tzinfo=UTC), "5 July 1944, 14:00 UTC+2"),
        ("UTC", datetime(987, 1, 2, 3, 4, tzinfo=UTC), "2 January 987, 03:04 UTC"),
    ],
)
def test_a_zone_has_the_name_of_its_offset_or_none(
    zone: str, moment: datetime, expected: str
) -> None:
    assert language("en", zone=zone).minute(moment) == expected


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
