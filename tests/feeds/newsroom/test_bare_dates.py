"""A document that is dated by a bare date is published on that day, and today is now."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from feeds.model.intake import IntakeVerdict, Refusal
from feeds.model.release import Draft
from feeds.store.database import Database
from tests.feeds.ingest.intake import RULES, accepted, record
from tests.support.newsrooms import NOON, Office, later

#: In the zone of these rules it is noon now, and the time of day is still to come.
EVENING = replace(RULES, time_zone=ZoneInfo("UTC"), time_of_day=time(18))
TODAY, TOMORROW = NOON.date().isoformat(), later(days=1).date().isoformat()
AT_SIX = NOON.replace(hour=18)


def of_day(day: str, **fields: object) -> Draft:
    """A document that is dated by a bare date."""
    return accepted(record(id="1", published=day, **fields), "release.json", EVENING)


@pytest.mark.parametrize("hours", [0, 7], ids=["before the time of day", "after it"])
def test_today_is_now(database: Database, hours: int) -> None:
    now = later(hours=hours)
    [taken] = Office(database).add(of_day(TODAY), now=now)
    assert taken.verdict is IntakeVerdict.NEW
    assert (taken.release.content.published, taken.release.updated) == (now, now)


def test_releases_of_one_day_are_dated_as_they_come(database: Database) -> None:
    """Programs that go by dates miss what is not later than the last one (findings/by-date.sh)."""
    office = Office(database)
    [first] = office.add(of_day(TODAY), now=later(hours=7))
    [second] = office.add(
        accepted(record(id="2", published=TODAY), "release.json", EVENING), now=later(hours=8)
    )
    assert first.release.content.published < second.release.content.published


def test_today_is_what_it_is_in_the_configured_zone(database: Database) -> None:
    """At noon in UTC it is tomorrow on Kiritimati."""
    kiribati = replace(EVENING, time_zone=ZoneInfo("Pacific/Kiritimati"))
    tomorrow = accepted(record(published=TOMORROW), "release.json", kiribati)
    [taken] = Office(database).add(tomorrow)
    assert taken.release.content.published == NOON


def test_an_earlier_day_has_the_time_of_day(database: Database) -> None:
    [taken] = Office(database).add(of_day(TODAY), now=later(hours=24))
    assert taken.release.content.published == AT_SIX


@pytest.mark.parametrize("hours", [1, 7, 24], ids=["before", "after", "the day after"])
def test_what_comes_again_keeps_the_moment_that_the_public_knows(
    database: Database, hours: int
) -> None:
    office = Office(database)
    office.add(of_day(TODAY))
    [again] = office.add(of_day(TODAY), now=later(hours=hours))
    assert again.verdict is IntakeVerdict.UNCHANGED
    [corrected] = office.add(of_day(TODAY, title="Corrected"), now=later(hours=hours))
    assert corrected.verdict is IntakeVerdict.CORRECTED
    assert corrected.release.content.published == NOON


def test_another_day_is_another_date(database: Database) -> None:
    office = Office(database)
    office.add(of_day(TODAY))
    [moved] = office.add(of_day(TOMORROW), now=later(days=1, hours=1))
    assert moved.release.content.published == later(days=1, hours=1)


def test_its_last_change_is_not_in_the_future_either(database: Database) -> None:
    [taken] = Office(database).add(of_day("2026-03-01", updated=TODAY))
    assert taken.release.updated == taken.release.content.published < NOON


def test_tomorrow_is_refused_until_it_comes(database: Database) -> None:
    office = Office(database)
    [refused] = office.newsroom.take_in([of_day(TOMORROW)], now=NOON)
    assert isinstance(refused, Refusal)
    assert refused.until == AT_SIX + timedelta(days=1)
    [kept] = office.newsroom.refusals()
    assert kept.refusal == refused
    [taken] = office.add(of_day(TOMORROW), now=refused.until)
    assert taken.release.content.published == refused.until


@pytest.mark.parametrize("clock", ["13:00", "18:00", "19:00"])
def test_the_day_of_an_embargos_end_is_no_later_than_its_end(
    database: Database, clock: str
) -> None:
    office = Office(database)
    until = datetime.fromisoformat(f"{TODAY}T{clock}+00:00")
    [waits] = office.add(of_day(TODAY, embargoed_until=until.isoformat()))
    assert waits.verdict is IntakeVerdict.EMBARGOED
    office.newsroom.embargoes.release(now=until)
    [listed] = office.newsroom.releases()
    assert listed.release.content.published == until
