"""Lists of the releases' pages, in parts."""

from datetime import timedelta

from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft


def filled(database: Database) -> Office:
    office = Office(database)
    office.add(
        *(
            draft(f"id:{n}", title=f"Number {n}", published=NOON - timedelta(hours=n // 2))
            for n in range(7)
        )
    )
    return office


def test_all_pages_are_walked_through_in_parts_each_once(database: Database) -> None:
    """Two of them share each moment, so the id has to tell them apart."""
    newsstand = filled(database).newsstand
    walked = newsstand.release_pages(behind=None, limit=2)
    while part := newsstand.release_pages(behind=walked[-1], limit=2):
        walked += part
    assert len({page.slug for page in walked}) == len(walked) == 7
    assert walked == sorted(walked, key=lambda page: (page.published, page.id))
    assert walked == newsstand.slice_of_release_pages(offset=0, limit=100)
    assert walked[3:5] == newsstand.slice_of_release_pages(offset=3, limit=2)
    assert newsstand.count_release_pages() == 7


def test_pages_that_are_there_are_told_from_those_that_are_not(database: Database) -> None:
    newsstand = filled(database).newsstand
    [first, *_] = newsstand.release_pages(behind=None, limit=1)
    assert newsstand.release_pages_there([first.slug, "no-such-page"]) == {first.slug}


def test_the_newest_pages_come_first_and_bounds_count(database: Database) -> None:
    newsstand = filled(database).newsstand
    hour = timedelta(hours=1)
    found = newsstand.newest_release_pages(since=NOON - hour, until=NOON - hour, limit=9)
    assert {page.title for page in found} == {"Number 2", "Number 3"}
    found = newsstand.newest_release_pages(since=NOON - 9 * hour, until=NOON, limit=3)
    assert [page.published for page in found] == [NOON, NOON, NOON - hour]
