import re
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.settings.value_types import Language, Line, Slug, Text, TimeOfDay, TimeZoneName


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        read(kind, value)
    return refused.value.errors()[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize("slug", ["a", "fraud", "g7", "health-care-2024", "x" * 64])
def test_a_slug_is_kept(slug: str) -> None:
    assert read(Slug, slug) == slug


@pytest.mark.parametrize(
    ("slug", "such_as"),
    [
        ("Health_Care", "'health-care'"),
        ("Fräud & Co.", "'fraud-co'"),
        ("-a-", "'a'"),
        ("a--b", "'a-b'"),
        ("x" * 65, repr("x" * 64)),
    ],
)
def test_another_slug_is_refused_with_one_that_would_do(slug: str, such_as: str) -> None:
    assert refusal(Slug, slug).endswith(f"such as {such_as}")


@pytest.mark.parametrize("slug", ["", "!", "a\n", "دروس"])
def test_a_slug_that_nothing_can_be_made_of_is_refused(slug: str) -> None:
    assert "a-z, 0-9" in refusal(Slug, slug)


def test_all_is_reserved() -> None:
    assert "the feed of everything" in refusal(Slug, "all")


@given(st.text(max_size=80))
def test_a_suggested_slug_is_a_slug(text: str) -> None:
    try:
        read(Slug, text)
    except ValidationError as refused:
        if found := re.search("such as '(.*)'$", refused.errors()[0]["msg"]):
            assert read(Slug, found[1]) == found[1]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        ("NO", "no"),
        ("en-gb", "en-GB"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("sr-latn-rs", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("de-CH-1901", "de-CH-1901"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("en-u-ca-gregory", "en-u-ca-gregory"),
        ("en-x-US", "en-x-us"),
        ("zh-cmn-Hans-CN", "zh-cmn-Hans-CN"),
    ],
)
def test_a_language_tag_is_kept_in_its_usual_case(tag: str, expected: str) -> None:
    """RFC 5646, 2.1 and 2.1.1."""
    assert read(Language, tag) == expected


@pytest.mark.parametrize(
    ("tag", "such_as"),
    [
        ("en_US", "en-US"),
        ("en_us.UTF-8", "en-US"),
        ("english", "en-GB"),
        ("e", "en-GB"),
        ("", "en-GB"),
        ("en-", "en-GB"),
        ("en-x", "en-GB"),
        ("en\n", "en-GB"),
    ],
)
def test_what_is_no_language_tag_is_refused_with_one_that_is(tag: str, such_as: str) -> None:
    assert refusal(Language, tag) == f"expected a BCP 47 language tag, such as '{such_as}'"


def test_a_time_zone_is_one_of_the_database() -> None:
    assert read(TimeZoneName, "Europe/London") == "Europe/London"
    assert refusal(TimeZoneName, "europe/lodnon").endswith("such as 'Europe/London'")
    for text in ("", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "x" * 1000):
        assert "IANA" in refusal(TimeZoneName, text)


def test_a_time_of_day_has_hours_and_minutes() -> None:
    assert read(TimeOfDay, "23:59") == time(23, 59)
    for value in ("9:00", "24:00", "09:60", "09:00:01", "09:00\n", 540, None):
        assert "HH:MM" in refusal(TimeOfDay, value)


def test_text_is_composed_and_trimmed_and_fit_for_xml() -> None:
    assert read(Text, " e\u0301\n x ") == "é\n x"
    assert read(Line, " e\u0301\n x ") == "é x"
    assert "control characters" in refusal(Text, "a\x07")
    assert "expected some text" in refusal(Line, " \n ")
