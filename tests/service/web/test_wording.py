"""Words for a person, the same under every locale."""

from datetime import datetime, timedelta, timezone

import pytest

from feeds.model.text import direction
from service.web import wording


def test_a_time_for_machines_is_in_utc() -> None:
    noon = datetime(2019, 5, 22, 1, 38, 50, tzinfo=timezone(timedelta(hours=9)))
    assert wording.machine(noon) == "2019-05-21T16:38:50Z"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("ar", "العربية"),
        ("fr-CA", "français (CA)"),
        ("zh-Hant-HK", "繁體中文 (HK)"),
        ("tlh", "tlh"),
    ],
)
def test_a_language_is_named_as_its_speakers_do(tag: str, expected: str) -> None:
    assert wording.language_name(tag) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"), ("ar", "rtl"), ("AR-EG", "rtl"), ("he", "rtl"), ("iw", "rtl"), ("fa", "rtl"),
        ("ur-PK", "rtl"), ("ps", "rtl"), ("yi", "rtl"), ("dv", "rtl"), ("az-Arab", "rtl"),
        ("az-Latn", "ltr"), ("ar-Latn-EG", "ltr"), ("zh-Hant", "ltr"), ("pt_BR", "ltr"),
        ("", "auto"), ("und", "auto"), ("mul", "auto"),
    ],
)  # fmt: skip
def test_a_language_tells_its_direction(language: str, expected: str) -> None:
    """BCP 47 2.2.3: the script subtag says how the language is written here."""
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("PostgreSQL 14 Released!", "he", "ltr"),
        ("PostgreSQL 14 שוחרר!", "he", "rtl"),
        ("بيان", "ar", "rtl"),
        ("A quotation: بيان", "en", "ltr"),
    ],
)
def test_a_title_may_be_written_otherwise(text: str, language: str, expected: str) -> None:
    assert wording.text_direction(text, language) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/files/annual%20report.pdf?x=1", "annual report.pdf"),
        ("https://a.example/files/", "files"),
        ("https://a.example", "a.example"),
    ],
)
def test_a_file_is_named_by_its_address(url: str, expected: str) -> None:
    assert wording.file_name(url) == expected


def test_links_from_page_to_page_keep_the_configured_path() -> None:
    assert wording.local("https://news.example.org/press/feeds/all") == "/press/feeds/all"
    assert wording.local("https://news.example.org/") == "/"
    assert wording.local("https://news.example.org") == "/"


def test_a_source_is_named_by_its_host() -> None:
    assert wording.host("https://www.justice.gov/opa/pr/x") == "justice.gov"
    assert wording.host("not an address") == "not an address"


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [(7, "0:07"), (754, "12:34"), (3723, "1:02:03"), (36_000, "10:00:00")],
)
def test_a_duration_reads_like_a_clock(duration_s: int, expected: str) -> None:
    assert wording.clock(duration_s) == expected


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+41 22 917 12 34", "tel:+41229171234"),
        ("+44 (0) 20-7946 0958", "tel:+442079460958"),
        ("(202) 514-2007", "tel:2025142007"),
        ("112", "tel:112"),
        ("202-514-2007 ext. 12", None),
        ("call the desk", None),
        ("٠٢٢٩١٧", None),
        ("+", None),
        ("(---)", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_telephone_is_dialled_where_its_number_is_plain(phone: str, expected: str | None) -> None:
    """RFC 3966."""
    assert wording.dial(phone) == expected


def test_a_mailbox_has_an_address_in_which_nothing_is_added() -> None:
    """RFC 6068: a "?" would begin header fields."""
    assert wording.mail("a+b@example.org") == "mailto:a+b@example.org"
    assert wording.mail("a?cc=b&c@example.org") == "mailto:a%3Fcc%3Db%26c@example.org"


def test_an_address_without_its_machinery() -> None:
    assert wording.bare("https://www.un.org/reports/") == "un.org/reports"
