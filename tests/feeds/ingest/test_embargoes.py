"""The field ``embargoed_until``; docs/releases-in.md."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from feeds.ingest import read_embargo_end
from tests.feeds.ingest.intake import RULES, refuse, take


def test_a_document_without_an_embargo_has_none() -> None:
    assert take().embargoed_until is None
    assert take(embargoed_until=None).embargoed_until is None


def test_nobody_sees_it_before_its_embargo_ends_so_it_is_published_then() -> None:
    draft = take(embargoed_until="2024-02-01T09:00:00+01:00")
    assert draft.embargoed_until == datetime(2024, 2, 1, 8, tzinfo=UTC)
    assert draft.content.published == draft.embargoed_until


def test_a_document_that_is_published_after_its_embargo_says_so() -> None:
    """A release from an archive may have an embargo that ended long ago."""
    draft = take(embargoed_until="2024-01-30T09:00:00Z")
    assert draft.content.published == datetime(2024, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "reason", "remedy"),
    [
        ({"embargoed_until": "2024-02-01T09:00"}, "has no time zone", "add the offset"),
        ({"embargoed_until": "tomorrow"}, "is not an ISO 8601 time stamp", "2019-05-21T16"),
        ({"embargoed_until": "2024-02-30"}, "cannot be", "2019-05-21T16"),
        ({"embargoed_until": 1706688000}, "is not a text: 1706688000", "in quotes"),
        ({"embargoed_until": True}, "is not a text", "in quotes"),
        ({"embargoed_until": " "}, "embargoed_until is empty", "or leave it out"),
        ({"embargo": "2024-02-01"}, "not read from 'embargo'", "rename it"),
        ({"Embargoed_Until": "2024-02-01"}, "not read from 'Embargoed_Until'", "rename it"),
    ],
)
def test_a_slip_is_refused_because_it_would_publish(
    fields: dict[str, object], reason: str, remedy: str
) -> None:
    refusal = refuse(**fields)
    assert refusal.field == "embargoed_until"
    assert reason in refusal.reason
    assert remedy in refusal.remedy


@pytest.mark.parametrize(
    ("written", "clock", "end"),
    [
        pytest.param("2026-03-28", time(9), "2026-03-28T08:00", id="winter"),
        pytest.param("2026-03-29", time(9), "2026-03-29T07:00", id="the day it changes"),
        pytest.param("2026-03-29", time(2, 30), "2026-03-29T01:30", id="no such time"),
        pytest.param("2026-10-25", time(2, 30), "2026-10-25T01:30", id="twice: the later one"),
        pytest.param("2026-10-25", time(9), "2026-10-25T08:00", id="winter again"),
        pytest.param("2026-10-25T02:30:00+02:00", time(9), "2026-10-25T00:30", id="told apart"),
    ],
)
def test_across_a_change_of_daylight_saving(written: str, clock: time, end: str) -> None:
    rules = replace(RULES, time_zone=ZoneInfo("Europe/Berlin"), time_of_day=clock)
    expected = datetime.fromisoformat(f"{end}+00:00")
    assert read_embargo_end(written, rules=rules, warnings=[]) == expected
