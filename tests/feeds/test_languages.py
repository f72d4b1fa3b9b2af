"""BCP 47 tags: which language a tag is, and what may stand for it."""

import pytest

from feeds.model.text import fallbacks, matches


@pytest.mark.parametrize(
    ("tag", "language_range", "expected"),
    [
        ("fr", "fr", True),
        ("fr-CA", "fr", True),
        ("FR-ca", "Fr", True),
        ("fr", "fr-CA", False),
        ("frr", "fr", False),
        ("zh-Hant-TW", "zh-Hant", True),
        ("zh-TW", "zh-Hant", False),
    ],
)
def test_a_kind_of_a_language_is_of_it(tag: str, language_range: str, expected: bool) -> None:
    """RFC 4647 section 3.3.1."""
    assert matches(tag, language_range) is expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("fr", ["fr"]),
        ("zh-Hant-TW", ["zh-hant-tw", "zh-hant", "zh"]),
        ("en-a-bbb-x-ccc", ["en-a-bbb-x-ccc", "en-a-bbb", "en"]),
    ],
)
def test_what_may_stand_for_a_language(tag: str, expected: list[str]) -> None:
    """RFC 4647 section 3.4: single letters go with what they introduce."""
    assert fallbacks(tag) == expected
