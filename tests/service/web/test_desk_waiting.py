"""What waits, at the desk: its calendar."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feeds.categories import Catalogue
from feeds.model.user import UserRole
from tests.service.web.desk_room import Desk
from tests.service.web.offices import CATALOGUE
from tests.support.desk_browser import DeskBrowser
from tests.support.newsrooms import NOON, draft


@pytest.fixture
def desk(room: Desk) -> Desk:
    """Anna's, in Paris."""
    site = replace(CATALOGUE.site, time_zone=ZoneInfo("Europe/Paris"))
    described = Catalogue(site, [*CATALOGUE.categories.values()], [*CATALOGUE.feeds.values()])
    room.office.configure(described, now=NOON)
    room.add("anna")
    return room


def hold(desk: Desk, name: str, until: datetime, *categories: str) -> str:
    """Put a document under embargo; gives its page."""
    made = draft(f"id:{name}", *(categories or ("cooperation",)), title=f"Waiting {name}")
    desk.office.add(replace(made, embargoed_until=until))
    embargo = desk.office.newsroom.embargoes.named(f"id:{name}")
    return f"/desk/waiting/{embargo.release_id}"


def days_in(browser: DeskBrowser, month: str) -> dict[str, list[str]]:
    """The days of a month's page on which something comes out, and what."""
    page = browser.get(f"/desk/waiting/{month}")
    assert page.status_code == 200
    rows = re.findall(r'<time datetime="([\d-]{10})">.*?</tr>', page.text, re.DOTALL)
    cells = re.findall(r"<td>(.*?)</td>", page.text, re.DOTALL)
    found = {
        day: re.findall(r"Waiting (\w+)</a>", cell) for day, cell in zip(rows, cells, strict=True)
    }
    assert [*found] == sorted(found)
    return {day: names for day, names in found.items() if names}


def test_a_month_shows_each_day_of_the_newsrooms_zone_and_what_comes_out(desk: Desk) -> None:
    for name, until in (
        ("last", datetime(2026, 3, 31, 21, 59, tzinfo=UTC)),  # 23:59 in Paris
        ("next", datetime(2026, 3, 31, 22, 0, tzinfo=UTC)),  # the first of April there
        ("first", datetime(2026, 3, 2, 23, 30, tzinfo=UTC)),  # half past midnight on the third
        ("second", datetime(2026, 3, 3, 8, 0, tzinfo=UTC)),
    ):
        path = hold(desk, name, until)
    anna = desk.signed_in("anna")
    assert days_in(anna, "2026/03") == {"2026-03-03": ["first", "second"], "2026-03-31": ["last"]}
    assert days_in(anna, "2026/04") == {"2026-04-01": ["next"]}
    assert days_in(anna, "2026/05") == {}
    page = anna.get("/desk/waiting/2026/03").text
    assert len(re.findall(r'<th scope="row"', page)) == 31, "days on which nothing comes out, too"
    assert "Mon 2</time>" in page
    assert "09:00 CET</time>" in page
    assert "23:59 CEST</time>" in page
    assert path.replace(":", "%3A") in page
    [today] = re.findall(r'aria-current="date"><time datetime="([\d-]+)"', page)
    assert today == f"{NOON:%Y-%m-%d}"
    for other in ("2026/02", "2026/04"):
        assert f'href="/desk/waiting/{other}"' in page
    assert 'href="/desk/waiting/2026/03"' in anna.get("/desk/waiting").text
    assert 'href="/desk/waiting/2026/03"' in anna.get("/desk/waiting/2026/07").text
    # The calendar has a beginning and an end.
    for month in ("0001/01", "9999/12"):
        assert days_in(anna, month) == {}
    for none in ("2026/13", "0000/01", "2026/3"):
        assert anna.get(f"/desk/waiting/{none}").status_code in (403, 404)


def test_a_month_with_more_than_a_page_shows_ends_where_it_knows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.desk.waiting.ROWS_A_MONTH", 2)
    for day in (3, 4, 5, 6):
        hold(desk, f"n{day}", datetime(2026, 3, day, 8, 0, tzinfo=UTC))
    anna = desk.signed_in("anna")
    assert days_in(anna, "2026/03") == {"2026-03-03": ["n3"], "2026-03-04": ["n4"]}
    page = anna.get("/desk/waiting/2026/03").text
    assert "2026-03-05" not in page, "a day is not shown as empty that is not"
    [rest] = re.findall(r'href="(/desk/waiting\?after=[^"]+)"', page)
    assert re.findall(r"Waiting (\w+)</a>", anna.get(rest).text) == ["n5", "n6"]


def test_a_calendar_has_only_what_one_may_see(desk: Desk) -> None:
    desk.add("carla", UserRole.WRITE, categories=("lessons",))
    hold(desk, "theirs", datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    hold(desk, "hers", datetime(2026, 3, 4, 8, 0, tzinfo=UTC), "دروس")
    assert days_in(desk.signed_in("carla"), "2026/03") == {"2026-03-04": ["hers"]}
