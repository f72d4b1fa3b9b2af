"""Time stamps; docs/releases-in.md, "Times"."""

import pytest

from tests.feeds.ingest.intake import accepted, refuse, refused, take


@pytest.mark.parametrize(
    ("written", "reason", "remedy"),
    [
        ("2024-01-31T08:00:00+00:99", "no offset from UTC is +00:99", "such as +02:00"),
        ("2024-01-31T08:00:00+25:00", "no offset from UTC is +25:00", "such as +02:00"),
        ("2024-01-31T08:00:00-24:00", "no offset from UTC is -24:00", "such as +02:00"),
        ("2024-01-31T08:00:00+0260", "no offset from UTC is +02:60", "such as +02:00"),
        ("2024-01-31T24:00:00Z", "cannot be: '2024-01-31T24:00:00Z' (a day ends", "write it as"),
        ("2024-01-31T08:60:00Z", "cannot be", "write it as"),
        ("2016-12-31T23:59:60Z", "cannot be", "write it as"),
        ("0000-01-31T08:00:00Z", "cannot be", "write it as"),
        ("0024-01-31T08:00:00Z", "is not in the years 1900 to 2999", "write it as"),
        ("2024-01-31T08:00:00+5", "is not an ISO 8601 time stamp", "write it as"),
        ("2024-01-31T08:00:00 CET", "is not an ISO 8601 time stamp", "write it as"),
    ],
)
@pytest.mark.parametrize("field", ["published", "updated", "embargoed_until"])
def test_a_time_stamp_that_cannot_be_is_refused(
    field: str, written: str, reason: str, remedy: str
) -> None:
    refusal = refuse(**{field: written})
    assert refusal.field == field
    assert reason in refusal.reason
    assert remedy in refusal.remedy


def test_an_offset_that_cannot_be_is_refused_in_the_text_form() -> None:
    refusal = refused("Title\n\nBody\n\n2019-05-21T16:38:50+00:99 x|Finance|")
    assert (refusal.field, refusal.origin.line) == ("published", 5)
    assert "no offset from UTC is +00:99" in refusal.reason


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2024-01-31T08:00:00+05:30", "02:30"),
        ("2024-01-31T08:00:00+0530", "02:30"),
        ("2024-01-31 08:00:00+05", "03:00"),  # as PostgreSQL writes it
        ("2024-01-31T08:00:00-00:00", "08:00"),
        ("2024-01-31T08:00:00,5z", "08:00"),
        ("2024-01-31T08:00:00+14:00", "18:00"),
    ],
)
def test_every_way_to_write_an_offset_is_read(written: str, hour: str) -> None:
    draft = take(published=written)
    assert f"{draft.content.published:%H:%M}" == hour
    assert draft.warnings == ()
    text = accepted(f"T\n\nB\n\n{written}|Finance|")
    assert text.content.published == draft.content.published


def test_an_offset_of_nowhere_is_taken_as_written() -> None:
    """A seventh of one real set has the time of day typed twice."""
    draft = take(published="2024-01-31T17:10:00+17:10")
    assert f"{draft.content.published:%H:%M}" == "00:00"
    assert "no place on Earth" in draft.warnings[0]
