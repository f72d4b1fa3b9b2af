"""Lists of the releases' pages, in parts."""

from datetime import timedelta

from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft

LONG_AGO = NOON - timedelta(days=30)


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
    assert walked == newsstand.sitemap_part(1, size=100)
    assert newsstand.sitemap_parts(size=3) == [1, 2, 3]
    assert walked[3:6] == newsstand.sitemap_part(2, size=3)
    assert newsstand.sitemap_part(4, size=3) is None
    assert newsstand.count_release_pages() == 7


def test_what_comes_late_moves_no_page_to_another_part(database: Database) -> None:
    """Search engines fetch again what changed. A part twice as full as it should be is divided."""
    office = filled(database)
    stand = office.newsstand
    assert stand.sitemap_parts(size=2) == [1, 2, 3, 4]
    before = {number: stand.sitemap_part(number, size=2) for number in (2, 3, 4)}
    late = [draft(f"id:late{n}", title=f"Late {n}", published=LONG_AGO) for n in range(2)]
    office.add(*late)
    assert len(stand.sitemap_part(1, size=2) or ()) == 4
    office.add(draft("id:late2", title="Late 2", published=LONG_AGO))
    assert len(stand.sitemap_part(1, size=2) or ()) == 2
    assert stand.sitemap_parts(size=2) == [1, 5, 6, 2, 3, 4]
    assert [len(stand.sitemap_part(number, size=2) or ()) for number in (5, 6)] == [2, 1]
    assert before == {number: stand.sitemap_part(number, size=2) for number in (2, 3, 4)}


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
