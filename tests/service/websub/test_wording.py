"""Durations in the log."""

from datetime import timedelta

import pytest

from service.websub.retries import in_short


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (29.6, "30s"),
        (119, "119s"),
        (600, "10m"),
        (3600, "60m"),
        (7199, "2h"),
        (7500, "2h5m"),
        (86_400, "24h"),
    ],
)
def test_a_duration_is_told_as_a_person_would(seconds: float, words: str) -> None:
    assert in_short(timedelta(seconds=seconds)) == words
