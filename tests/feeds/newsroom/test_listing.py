"""Lists of releases, page by page: stable while releases come and change."""

from collections.abc import Iterator

import pytest

from feeds.model.listing import ChangePosition, ReleaseQuery
from feeds.model.release import SourceKey
from feeds.store.database import Database
from tests.support.newsrooms import COOPERATION, Office, draft, later


def walk(office: Office, wanted: ReleaseQuery, *, limit: int = 2) -> Iterator[str]:
    """The source keys of a whole list, asked for in pages."""
    after: ChangePosition | None = None
    while page := office.newsroom.listed(wanted, after=after, limit=limit):
        yield from (one.release.source_key for one in page)
        last = page[-1].release
        after = ChangePosition(
            changed_at=last.changed_at, published=last.content.published, id=last.id
        )


@pytest.fixture
def office(database: Database) -> Office:
    """Seven releases; the first five came in one second."""
    office = Office(database)
    office.add(
        draft("id:1", COOPERATION),
        draft("id:2", "Money"),
        draft("id:3", "Money", language="fr"),
        draft("id:4", "Nobody's"),
        draft("id:5", published=later(hours=-9)),
    )
    office.add(draft("id:6", "Health"), now=later(hours=1))
    office.add(draft("id:7", "Health", "Money"), now=later(hours=2))
    return office


def test_both_orders_hold_each_release_once(office: Office) -> None:
    newest = list(walk(office, ReleaseQuery()))
    oldest = list(walk(office, ReleaseQuery(is_newest_first=False)))
    assert newest[:2] == ["id:7", "id:6"]
    assert sorted(newest) == [f"id:{number}" for number in range(1, 8)]
    assert oldest == newest[::-1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(ReleaseQuery(feed="finance"), {"id:2", "id:3", "id:7"}, id="a category"),
        pytest.param(ReleaseQuery(language="fr"), {"id:3"}, id="a language"),
        pytest.param(ReleaseQuery(since=later(hours=1)), {"id:6", "id:7"}, id="since"),
        pytest.param(ReleaseQuery(is_unfiled=True), {"id:4"}, id="unfiled"),
        pytest.param(
            ReleaseQuery(feeds=("cooperation", "health")), {"id:1", "id:6", "id:7"}, id="any of"
        ),
        pytest.param(ReleaseQuery(feed="finance", feeds=("health",)), {"id:7"}, id="both"),
        pytest.param(ReleaseQuery(feeds=()), set(), id="nothing allowed"),
    ],
)
def test_a_list_holds_what_was_asked_for(
    office: Office, wanted: ReleaseQuery, expected: set[str]
) -> None:
    assert set(walk(office, wanted)) == expected


def test_who_walks_from_the_oldest_change_misses_nothing_that_changes_meanwhile(
    office: Office,
) -> None:
    seen = []
    for key in walk(office, ReleaseQuery(is_newest_first=False), limit=1):
        seen.append(key)
        if len(seen) == 3:
            office.add(draft(seen[0], title="Corrected"), now=later(hours=5))
            office.add(draft("id:8"), now=later(hours=6))
    assert seen[-2:] == [seen[0], "id:8"]
    assert set(seen) == {f"id:{number}" for number in range(1, 9)}


def test_a_release_is_found_by_its_key_or_its_permanent_id(office: Office) -> None:
    by_key = office.newsroom.find(SourceKey("id:2"), or_id="2")
    assert by_key is not None
    by_id = office.newsroom.find(SourceKey(f"id:{by_key.release.id}"), or_id=by_key.release.id)
    assert by_id == by_key
    assert by_key.feeds == ("all", "finance")
    assert office.newsroom.find(SourceKey("id:none"), or_id="none") is None
