"""Addresses of releases' pages, made from their titles."""

import pytest

from feeds.model.release import ReleaseId
from feeds.revision import mint_slug

ID = ReleaseId("urn:uuid:0190c8a2-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        pytest.param("Umsatz plus 2,5 Prozent", "umsatz-plus-2-5-prozent", id="decimal comma"),
        pytest.param("Inflation at 2.5%", "inflation-at-2-5", id="decimal point"),
        pytest.param("0,125 Punkte", "0-125-punkte", id="three decimals"),
        pytest.param("1,000,000 homes", "1000000-homes", id="thousands"),
        pytest.param("10,00,000 homes", "1000000-homes", id="thousands in India"),
        pytest.param("1.234,50 euros", "1-234-50-euros", id="point and comma"),
        pytest.param("Sections 2,5 and 7", "sections-2-5-and-7", id="list"),
        pytest.param("٢,٥ مليون", "2-5-mlywn", id="Arabic digits"),
    ],
)
def test_numbers_in_an_address_say_what_the_title_says(title: str, words: str) -> None:
    assert mint_slug(title, ID) == f"{words}-0190c8a2"


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Accounts as of 2024-12-31", "accounts-as-of-20241231"),
        ("2026/9/30: figures", "20260930-figures"),
        ("Consumer prices 2026-10", "consumer-prices-202610"),
        ("2026-10 prices", "2026-10-prices"),
        ("Budget 2026/27", "budget-2026-27"),
        ("Due on 31.12.2024", "due-on-31-12-2024"),
        ("Form 12024-12-31", "form-12024-12-31"),
    ],
)
def test_a_date_in_a_title_is_none_in_the_address(title: str, words: str) -> None:
    """findings/dates-in-addresses.sh: others would take it for the date of the release."""
    assert mint_slug(title, ID) == f"{words}-0190c8a2"
