"""How many releases each month lists; that the counts are true holds after every test here."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feeds.categories import Catalogue
from feeds.errors import MonthNotFound
from feeds.model import months
from feeds.model.feed import ALL, Category
from feeds.model.months import Month, MonthPlace
from feeds.newsstand import months as lists
from feeds.store.database import Database
from tests.support.newsrooms import SITE, Office, catalogue, draft, feed, later

JANUARY, FEBRUARY, MARCH = (Month(2026, number) for number in (1, 2, 3))


def on(month: int, day: int = 1, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def counted(office: Office, slug: str = ALL, language: str | None = None) -> dict[str, int]:
    listed = office.newsstand.months(slug).listed(language)
    return {one.month.path: one.releases for one in listed}


def keys(
    office: Office, month: Month, language: str | None = None, number: int | None = None
) -> list[str]:
    page = office.newsstand.month(ALL, MonthPlace(month, language, number))
    return [release.source_key.removeprefix("id:") for release in page.releases]


@pytest.fixture
def office(database: Database) -> Office:
    """One in January and two in February, of which one is French; the last is for Health, too."""
    office = Office(database)
    office.add(
        draft("id:1", "finance", published=on(1)),
        draft("id:2", "finance", published=on(2), language="fr"),
        draft("id:3", "finance", "health", published=on(2, 5)),
    )
    return office


def test_each_feed_counts_its_own(office: Office) -> None:
    assert counted(office) == counted(office, "finance") == {"2026/02": 2, "2026/01": 1}
    assert counted(office, "health") == {"2026/02": 1}
    assert counted(office, "cooperation") == {}
    assert counted(office, language="fr") == {"2026/02": 1}
    found = office.newsstand.summaries()
    assert (found[ALL].releases, found[ALL].last_published) == (3, on(2, 5))
    assert (found["cooperation"].releases, found["cooperation"].last_published) == (0, None)


def test_a_correction_may_move_a_release_to_another_month_feed_and_language(
    office: Office,
) -> None:
    office.add(draft("id:3", "cooperation", published=on(1, 20), language="ar"), now=later(hours=1))
    assert counted(office) == {"2026/02": 1, "2026/01": 2}
    assert counted(office, "health") == {}
    assert office.newsstand.months(ALL).languages(JANUARY) == {"ar": 1, "en": 1}


def test_one_batch_may_correct_what_it_adds(office: Office) -> None:
    first = draft("id:4", published=on(1))
    office.add(first, replace(first, content=replace(first.content, published=on(2, 7))))
    assert counted(office) == {"2026/02": 3, "2026/01": 1}


def test_a_retracted_release_counts_nowhere_until_it_is_restored(office: Office) -> None:
    office.newsroom.retract("id:1", reason="In error.", by="me", now=later(hours=1))
    assert counted(office) == {"2026/02": 2}
    office.add(draft("id:1", published=on(1), title="Corrected"), now=later(hours=2))
    assert counted(office) == {"2026/02": 2}
    with pytest.raises(MonthNotFound):
        office.newsstand.month(ALL, MonthPlace(JANUARY))
    office.newsroom.notices.expire(now=later(days=40))
    assert counted(office) == {"2026/02": 2}
    office.newsroom.restore("id:1", by="me", now=later(days=41))
    assert counted(office) == {"2026/02": 2, "2026/01": 1}
    assert office.newsstand.summaries()["finance"].releases == 2, "by its corrected names"


def test_a_document_under_embargo_counts_when_it_is_public(office: Office) -> None:
    held = replace(draft("id:5", published=on(3)), embargoed_until=later(hours=1))
    office.add(held)
    assert "2026/03" not in counted(office)
    office.newsroom.embargoes.release(now=later(hours=1))
    assert counted(office)["2026/03"] == 1


def test_another_configuration_moves_counts_with_the_releases(office: Office) -> None:
    money = Category(slug="money", title="Money", names=("finance",))
    moved = Catalogue(SITE, [money], [feed(ALL), feed("money", was=("finance",))])
    office.configure(moved, now=later(hours=1))
    assert counted(office, "money") == {"2026/02": 2, "2026/01": 1}
    health = Category(slug="health", title="Health", names=("finance",))
    office.configure(catalogue([health]), now=later(hours=2))
    assert counted(office, "health") == {"2026/02": 2, "2026/01": 1}


def test_months_are_those_of_the_newsroom(office: Office) -> None:
    """What is published at 0:30 in Geneva stands under the day that it is there."""
    office.add(draft("id:4", published=datetime(2026, 2, 28, 23, 30, tzinfo=UTC)))
    assert counted(office)["2026/02"] == 3
    described = office.catalogue
    site = replace(SITE, time_zone=ZoneInfo("Europe/Zurich"))
    parts = list(described.categories.values()), list(described.feeds.values())
    office.configure(Catalogue(site, *parts), now=later(hours=1))
    assert counted(office) == {"2026/03": 1, "2026/02": 2, "2026/01": 1}
    assert keys(office, MARCH) == ["4"]
    assert keys(office, FEBRUARY) == ["3", "2"]
    office.add(draft("id:6", published=datetime(2026, 1, 31, 23, tzinfo=UTC)), now=later(hours=2))
    assert counted(office)["2026/02"] == 3, "and so do counts of later releases"


def test_a_process_that_has_another_time_zone_counts_by_that_of_the_store(office: Office) -> None:
    """Until it reloads: counts of two zones would never agree."""
    site = replace(SITE, time_zone=ZoneInfo("Pacific/Kiritimati"))
    parts = list(office.catalogue.categories.values()), list(office.catalogue.feeds.values())
    former = office.newsroom
    office.configure(Catalogue(site, *parts), now=later(hours=1))
    former.take_in([draft("id:7", published=on(1, 31, 12))], now=later(hours=2))
    assert counted(office)["2026/02"] == 3


def test_a_month_with_many_releases_is_divided(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part is full, and stays as it is when later releases come."""
    monkeypatch.setattr(months, "RELEASES_A_PART", 3)
    some = [draft(f"id:m{number}", published=on(3, 1 + number)) for number in range(8)]
    office.add(*some, now=later(days=30))
    assert keys(office, MARCH) == ["m7", "m6", "m5", "m4", "m3"]
    assert keys(office, MARCH, number=1) == ["m2", "m1", "m0"]
    page = office.newsstand.month(ALL, MonthPlace(MARCH))
    first = MonthPlace(MARCH, number=1)
    assert (page.count, page.first, page.places) == (8, 4, [MonthPlace(MARCH), first])
    assert (page.later, page.earlier) == (None, first)
    assert office.newsstand.month(ALL, first).earlier == MonthPlace(FEBRUARY)
    assert office.newsstand.month(ALL, MonthPlace(FEBRUARY)).later == first
    with pytest.raises(MonthNotFound):
        office.newsstand.month(ALL, MonthPlace(MARCH, number=2))
    office.add(draft("id:m8", published=on(3, 9), language="fr"), now=later(days=30))
    assert keys(office, MARCH) == ["m8", "m7", "m6"]
    assert keys(office, MARCH, number=2) == ["m5", "m4", "m3"]
    assert keys(office, MARCH, number=1) == ["m2", "m1", "m0"]
    assert keys(office, MARCH, language="fr") == ["m8"]


def test_the_middle_of_a_long_month_is_found_by_where_its_parts_begin(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is the same as counted from an end, whatever happens to the month meanwhile."""
    monkeypatch.setattr(months, "RELEASES_A_PART", 2)
    rank = [0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 6, 7]  # some at the same moment
    some = [
        draft(f"id:m{n}", published=on(3, 1 + day), language="fr" if n % 3 else "en")
        for n, day in enumerate(rank)
    ]
    office.add(*some, now=later(days=30))

    def shown(skipped_at_most: int) -> list[list[str]]:
        monkeypatch.setattr(lists, "MAX_SKIPPED", skipped_at_most)
        found = []
        for language in (None, "fr"):
            counted_in = office.newsstand.months(ALL).listed(language)
            [count] = [each for each in counted_in if each.month == MARCH]
            found += [
                keys(office, MARCH, language, place.number)
                for place in months.places_of(count, language)
            ]
        return found

    def same() -> list[list[str]]:
        assert shown(-1) == shown(1_000)
        return shown(-1)

    before = same()
    assert before == same(), "as remembered"
    office.newsroom.retract("id:m3", reason="In error.", by="me", now=later(days=31))
    after = same()
    assert after != before
    # A document for a retracted release changes what will be restored; it is listed nowhere.
    office.add(draft("id:m3", published=on(3, 12), title="Corrected"), now=later(days=32))
    assert same() == after
    office.add(draft("id:m5", published=on(3, 20), language="fr"), now=later(days=33))
    moved = same()
    assert moved[0][0] == "m5"
    office.newsroom.restore("id:m3", by="me", now=later(days=34))
    assert sum(map(len, same())) > sum(map(len, moved))


def test_a_month_of_a_million_links_to_a_few_of_its_pages(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "RELEASES_A_PART", 1)
    some = [draft(f"id:m{number}", published=on(3, 1, 1 + number)) for number in range(23)]
    office.add(*some, now=later(days=30))
    page = office.newsstand.month(ALL, MonthPlace(MARCH, number=10))
    shown = [place.number for place in page.places]
    assert shown == [None, 21, 19, 17, 15, 13, 12, 11, 10, 9, 8, 7, 5, 3, 1]
    assert (page.later, page.earlier) == (
        MonthPlace(MARCH, number=11),
        MonthPlace(MARCH, number=9),
    )


def test_the_pages_of_a_language_lead_to_months_that_have_it(office: Office) -> None:
    office.add(draft("id:4", published=on(3), language="fr"))
    page = office.newsstand.month(ALL, MonthPlace(MARCH, "fr"))
    assert page.earlier == MonthPlace(FEBRUARY, "fr")
    assert office.newsstand.month(ALL, MonthPlace(FEBRUARY, "fr")).earlier is None
    with pytest.raises(MonthNotFound):
        office.newsstand.month(ALL, MonthPlace(JANUARY, "fr"))


def test_neighbours_are_public_and_by_publication(office: Office) -> None:
    def beside(key: str) -> list[str | None]:
        found = office.newsstand.neighbours(office.newsroom.release(key).release)
        titles = (found.previous, found.next)
        return [None if one is None else one.title for one in titles]

    office.add(draft("id:1", published=on(1), title="One"), now=later(minutes=1))
    office.add(draft("id:2", published=on(2), title="Two", language="fr"), now=later(minutes=1))
    office.add(draft("id:3", published=on(2, 5), title="Three"), now=later(minutes=1))
    assert [beside(f"id:{number}") for number in (1, 2, 3)] == [
        [None, "Two"],
        ["One", "Three"],
        ["Two", None],
    ]
    office.newsroom.retract("id:2", reason="In error.", by="me", now=later(hours=1))
    assert [beside("id:1"), beside("id:3")] == [[None, "Three"], ["One", None]]


def test_a_list_that_changed_has_a_later_date_even_within_one_second(office: Office) -> None:
    dates = [office.newsstand.month(ALL, MonthPlace(FEBRUARY)).changed_at]
    for number in range(3):
        office.add(draft("id:2", published=on(2), title=f"Corrected {number}"), now=later())
        dates.append(office.newsstand.month(ALL, MonthPlace(FEBRUARY)).changed_at)
    assert dates == sorted({one for one in dates if one is not None})


def test_the_edges_of_the_calendar_are_months(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1", published=datetime(1, 1, 1, tzinfo=UTC)))
    site = replace(SITE, time_zone=ZoneInfo("America/New_York"))
    office.configure(Catalogue(site, [], [feed(ALL)]), now=later(hours=1))
    assert keys(office, Month(1, 1)) == ["1"]
    assert Month(9999, 12).ends(ZoneInfo("Asia/Tokyo")) is None
    assert Month(1, 1).begins(ZoneInfo("Asia/Tokyo")) == datetime(1, 1, 1, tzinfo=UTC)
