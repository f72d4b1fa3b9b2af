"""``Last-Modified`` of pages and lists: when they last changed, whatever changed them.

RFC 9110 8.8.2, and promise 2 of the house: validators never lie. For each address, whatever
happens: other bytes have a later date, a date never goes back, and who asks by date alone is told
304 exactly as long as the bytes are the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client, TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.store.database import Database
from service.web import create_app
from tests.service.web.offices import open_office
from tests.support.newsrooms import SITE, Office, draft, feed, later

LISTS = [
    *("/", "/feeds/all", "/feeds/finance", "/releases"),
    *("/feeds.opml", "/sitemap.xml", "/news-sitemap.xml"),
]
PAGE = {"Accept": "text/html"}


def described(**settings: Any) -> Catalogue:
    categories = [
        Category(slug="finance", title="Finance"),
        Category(slug="health", title="Health"),
    ]
    feeds = [feed(ALL), feed("finance", **settings), feed("health")]
    return Catalogue(SITE, categories, feeds)


class Watched:
    """A newsroom whose pages are looked at after each step, and a clock set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = later(minutes=1)
        self.office = open_office(folder, described())
        self.client = Client(
            create_app(self.office.current, clock=lambda: self.now), use_cookies=False
        )
        self.paths = list(LISTS)
        self._seen: dict[str, tuple[bytes, datetime]] = {}

    def get(self, path: str, **fields: str) -> TestResponse:
        return self.client.get(path, headers={**PAGE, **fields})

    def look(self) -> set[str]:
        """Look at all pages; says which are others than before, by bytes."""
        return {path for path in self.paths if self._look(path)}

    def _look(self, path: str) -> bool:
        answer = self.get(path)
        if answer.status_code != 200:
            self._seen.pop(path, None)
            return True
        date = parsedate_to_datetime(answer.headers["Last-Modified"])
        assert date <= self.now
        before = self._seen.get(path)
        self._seen[path] = (answer.data, date)
        assert (
            self.get(path, **{"If-Modified-Since": answer.headers["Last-Modified"]}).status_code
            == 304
        )
        if before is None:
            return True
        old_bytes, old_date = before
        assert date >= old_date, path
        is_other: bool = old_bytes != answer.data
        assert date > old_date or not is_other, path
        return is_other

    def publish(self) -> None:
        self.office.publish(now=self.now)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    opened = Watched(tmp_path)
    opened.publish()
    opened.now = later(minutes=2)
    assert opened.look() == set(LISTS)
    assert opened.look() == set()
    yield opened
    opened.office.database.close()


def test_each_change_of_a_release_moves_what_shows_it(watched: Watched) -> None:
    office = watched.office
    watched.now = later(hours=1)
    [taken] = office.add(draft("id:1", "Finance"), now=watched.now)
    watched.publish()
    watched.paths.append(f"/releases/{taken.release.slug}")
    assert watched.look() == {*watched.paths}
    for number in range(3):  # within one second: HTTP has no smaller unit
        office.add(draft("id:1", "Finance", title=f"Corrected {number}"), now=watched.now)
        watched.publish()
        watched.now = later(hours=1, seconds=1 + number)
        assert watched.paths[-1] in watched.look()
    assert watched.get(f"{watched.paths[-1]}/revisions/1").headers["Last-Modified"]
    watched.now = later(hours=2)
    office.newsroom.retract(taken.release.id, reason="It was wrong.", by="me", now=watched.now)
    watched.publish()
    assert {"/", "/sitemap.xml", watched.paths[-1]} <= watched.look()
    office.newsroom.restore(taken.release.id, by="me", now=watched.now)
    watched.publish()
    watched.now = later(hours=2, seconds=9)
    assert {"/", "/sitemap.xml"} <= watched.look()
    assert watched.get("/feeds/health").headers["Last-Modified"] == "Mon, 02 Mar 2026 12:01:00 GMT"


@dataclass
class Change:
    """A configuration, and which of the lists it changes."""

    catalogue: Catalogue
    shows: set[str]


CHANGES = {
    "a title": Change(described(title="Money"), {"/", "/feeds/finance", "/feeds.opml"}),
    "a group": Change(described(group="Matters"), {"/", "/feeds.opml"}),
    "no raw": Change(described(opens_as_page=False), {"/feeds/finance"}),
    "a site": Change(
        Catalogue(replace(SITE, title="News"), list(described().categories.values()),
                  list(described().feeds.values())),
        set(LISTS) - {"/sitemap.xml"},
    ),
    "a feed less": Change(
        Catalogue(SITE, [Category(slug="finance", title="Finance")],
                  [feed(ALL), feed("finance")]),
        {"/", "/feeds.opml", "/sitemap.xml"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_another_configuration_moves_them_and_back_again(watched: Watched, name: str) -> None:
    """Also by a clock that was set back, and when what was newest is not there any more."""
    watched.now = later(hours=1)
    watched.office.add(draft("id:1", "Finance", "Health"), now=watched.now)
    watched.publish()
    watched.look()
    for catalogue in (CHANGES[name].catalogue, described()):
        watched.office.configure(catalogue, now=later(minutes=30))
        watched.publish()
        watched.now = later(hours=1, minutes=1)
        assert watched.look() >= CHANGES[name].shows


def test_lists_of_months_and_neighbours_move_with_what_they_show(watched: Watched) -> None:
    """A release that comes between, is corrected, moves or goes; also within one second."""
    office = watched.office

    def add(key: str, day: int, title: str = "A treaty is signed", month: int = 1) -> str:
        published = datetime(2026, month, day, tzinfo=UTC)
        [taken] = office.add(
            draft(key, "Finance", title=title, published=published), now=watched.now
        )
        watched.publish()
        return f"/releases/{taken.release.slug}"

    watched.now = later(hours=1)
    first, last = add("id:1", 1), add("id:3", 30)
    other = add("id:4", 1, month=2)
    months = [
        "/releases/2026/01", "/releases/2026/02", "/feeds/finance/2026/01", "/feeds/finance/2026/02"
    ]  # fmt: skip
    watched.paths += [first, last, other, *months]
    watched.now = later(hours=1, minutes=1)
    watched.look()
    assert watched.look() == set()
    add("id:2", 15)
    shown = watched.look()
    assert shown >= {first, last, *months[::2]}
    assert other not in shown
    for step in range(3):
        add("id:2", 15, title=f"Corrected {step}")
        watched.now = later(hours=1, minutes=1, seconds=1 + step)
        assert watched.look() >= {first, last, *months[::2]}
    watched.now = later(hours=2)
    add("id:2", 20, month=2)
    assert watched.look() >= {first, last, other, *months}
    watched.now = later(hours=3)
    office.newsroom.retract("id:3", reason="It was wrong.", by="me", now=watched.now)
    watched.publish()
    assert watched.look() >= {first, *months[::2]}
    watched.now = later(hours=4)
    office.newsroom.retract("id:1", reason="It was wrong.", by="me", now=watched.now)
    watched.publish()
    assert watched.look() >= {*months}
    assert watched.get(months[0]).status_code == 404


def test_another_time_zone_dates_pages_anew_and_leaves_documents_as_they_are(
    watched: Watched,
) -> None:
    before = watched.get("/").headers["Last-Modified"]
    watched.now = later(hours=1)
    here = replace(SITE, time_zone=ZoneInfo("Europe/Zurich"))
    categories = list(described().categories.values())
    watched.office.configure(
        Catalogue(here, categories, list(described().feeds.values())), now=later()
    )
    assert watched.office.publish(now=watched.now) == {}
    after = watched.get("/").headers["Last-Modified"]
    assert parsedate_to_datetime(after) > parsedate_to_datetime(before)


def test_what_time_changes_moves_at_its_moment(watched: Watched) -> None:
    """A feed that ends and is gone; a release that is no news any more."""
    ending = FeedClosure(on=later(hours=2), gone_at=later(hours=3), words="It has ended.")
    watched.office.add(draft("id:1", "Finance"), now=later(minutes=3))
    watched.office.configure(described(ending=ending), now=later(minutes=4))
    watched.publish()
    watched.now = later(hours=1)
    watched.look()
    watched.now = later(hours=2)
    watched.office.newsroom.closures.announce(now=watched.now)
    watched.publish()
    assert "/feeds/finance" in watched.look()
    watched.now = later(hours=3)
    assert {"/", "/feeds.opml", "/feeds/finance"} <= watched.look()
    watched.paths.remove("/feeds/finance")
    watched.now = later(hours=47, milliseconds=999)  # it was published an hour before noon
    assert watched.look() == set()
    watched.now = later(hours=47, seconds=1)
    assert watched.look() == {"/news-sitemap.xml"}
    date = watched.get("/news-sitemap.xml").headers["Last-Modified"]
    assert date == "Wed, 04 Mar 2026 11:00:01 GMT"


def test_what_is_still_being_published_has_no_date(watched: Watched) -> None:
    watched.now = later(hours=1)
    watched.office.add(draft("id:1", "Finance"), now=watched.now)
    for path in ("/", "/feeds/finance", "/sitemap.xml", "/news-sitemap.xml"):
        assert "Last-Modified" not in watched.get(path).headers
    assert "Last-Modified" in watched.get("/feeds/health").headers
    watched.publish()
    assert "Last-Modified" in watched.get("/").headers


def test_a_process_that_works_by_another_configuration_gives_no_date(watched: Watched) -> None:
    """What it shows is not what the date in the store is of."""
    other = Office(watched.office.database, described(title="Money"))
    assert "Last-Modified" not in watched.get("/").headers
    app = create_app(other.current, clock=lambda: later(hours=1))
    other.publish(now=later(minutes=5))
    assert "Last-Modified" in app.test_client().get("/").headers


def test_a_start_and_another_machine_find_the_same_date(watched: Watched) -> None:
    dates = {path: watched.get(path).headers["Last-Modified"] for path in LISTS}
    for minutes in (30, 60):
        again = Office(watched.office.database, described())
        again.configure(described(), now=later(minutes=minutes))
        client = create_app(again.current, clock=lambda: later(hours=5)).test_client()
        found = {path: client.get(path, headers=PAGE).headers["Last-Modified"] for path in LISTS}
        assert found == dates


def test_a_store_from_a_copy_is_dated_anew(watched: Watched) -> None:
    with watched.office.database.transaction() as tx:
        tx.documents.redate(now=later(hours=1))
        tx.appearance.renew(now=later(hours=1))
    watched.now = later(hours=2)
    for path in LISTS:
        date = parsedate_to_datetime(watched.get(path).headers["Last-Modified"])
        assert date >= later(hours=1)


def test_another_program_makes_other_pages(database: Database) -> None:
    """Of the same configuration: templates differ."""
    office = Office(database)
    before = office.newsstand.pages_since()
    assert before is not None
    newsroom = Newsroom(database, office.catalogue, mint_id=office._mint_id, page_version="new")
    newsroom.apply_catalogue(now=later(minutes=-5))
    after = Newsstand(database, office.catalogue, page_version="new").pages_since()
    assert after is not None
    assert after > before
    assert office.newsstand.pages_since() is None
