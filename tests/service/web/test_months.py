"""Every release by links alone: pages of months, and from each release to the next."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import Client, TestResponse

from feeds.categories import Catalogue
from feeds.model import months
from feeds.model.feed import ALL, Category, FeedClosure
from feeds.model.months import Month
from service.export import ExportResult, ExportRun, Folder
from service.export.run import ExportMemory
from service.web import create_app
from service.web.page_language import page_language
from tests.service.export.conftest import by_result, root
from tests.service.web.offices import open_office
from tests.support.newsrooms import SITE, Office, draft, feed, later
from tests.support.nginx import over_export

__all__ = ["root"]  # a fixture

PAGE = {"Accept": "text/html"}
#: A page of a month, without those of one language.
MONTH = re.compile(r"(?:/releases|/feeds/[^/]+)/\d{4}/\d\d(?:/page/\d+)?")
CATALOGUE = Catalogue(
    SITE,
    [Category(slug="finance", title="Finance"), Category(slug="health", title="Health")],
    [
        feed(ALL),
        feed("finance", was=("money",)),
        feed("health", ending=FeedClosure(on=later(hours=2), gone_at=later(days=5), words="Over")),
    ],
)


def on(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 9, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Twelve in January, two in February, of which one is French; one that is in each feed."""
    opened = open_office(tmp_path, CATALOGUE)
    opened.add(
        *(draft(f"id:{day}", "Finance", published=on(1, day)) for day in range(1, 13)),
        draft("id:20", "Health", published=on(2, 1)),
        draft("id:21", "Finance", published=on(2, 20), language="fr", title="Un traité"),
        draft("id:22", "Finance", published=on(11, 30, year=2025)),
    )
    opened.publish(now=later(minutes=1))
    yield opened
    opened.database.close()


@pytest.fixture
def client(office: Office) -> FlaskClient:
    app = create_app(office.current, clock=lambda: later(minutes=5))
    return app.test_client(use_cookies=False)


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "RELEASES_A_PART", 3)


def links(answer: TestResponse) -> list[str]:
    """The local addresses that a page's text links to."""
    found = html.fromstring(answer.data).xpath("//body//a/@href")
    return [href for href in map(str, found) if href.startswith("/")]


def rel(answer: TestResponse, name: str) -> list[str]:
    """Where a page says that the previous or next one is, in its head and in its text."""
    found = html.fromstring(answer.data).xpath(f"//*[@rel='{name}']/@href")
    return sorted({href.removeprefix(SITE.base_url) for href in map(str, found)})


def walk(client: Client, start: str) -> tuple[set[str], set[str]]:
    """Follows links from page to page of months; says which pages and which releases there are."""
    pages, releases, waiting = set[str](), set[str](), [start]
    while waiting:
        path = waiting.pop()
        answer = client.get(path, headers=PAGE)
        assert answer.status_code == 200, path
        for link in links(answer):
            if re.fullmatch(r"/releases/[^/]+", link):
                releases.add(link)
            elif link not in pages and (MONTH.fullmatch(link) or link == "/releases"):
                pages.add(link)
                waiting.append(link)
    return pages, releases


def public(office: Office, slug: str = ALL) -> set[str]:
    listed = office.newsroom.releases(feed=slug, limit=100)
    return {f"/releases/{one.release.slug}" for one in listed if one.release.retraction is None}


@pytest.mark.usefixtures("_small_parts")
def test_links_lead_to_every_public_release_and_to_no_other(
    office: Office, client: FlaskClient
) -> None:
    retracted = office.newsroom.retract("id:5", reason="Wrong.", by="me", now=later(minutes=2))
    office.add(
        replace(draft("id:30", "Finance", title="Soon"), embargoed_until=later(hours=1)),
        now=later(minutes=2),
    )
    pages, releases = walk(client, "/")
    assert releases == public(office)
    assert f"/releases/{retracted.slug}" not in releases
    assert {"/releases/2026/01", "/releases/2026/01/page/2", "/releases/2025/11"} <= pages
    assert walk(client, "/feeds/finance")[1] == public(office, "finance")


@pytest.mark.usefixtures("_small_parts")
def test_later_and_earlier_lead_through_all_pages_and_back(client: FlaskClient) -> None:
    for step, end in (("prev", "/releases/2025/11"), ("next", "/releases/2026/02")):
        path = "/releases/2026/02" if step == "prev" else "/releases/2025/11"
        way = [path]
        while following := rel(client.get(path), step):
            [path] = following
            way.append(path)
        assert way[-1] == end
        assert sorted(way) == [
            "/releases/2025/11",
            "/releases/2026/01",
            "/releases/2026/01/page/1",
            "/releases/2026/01/page/2",
            "/releases/2026/01/page/3",
            "/releases/2026/02",
        ]


def test_previous_and_next_lead_through_all_releases(office: Office, client: FlaskClient) -> None:
    path = f"/releases/{office.newsroom.release('id:22').release.slug}"
    way = [path]
    while following := rel(client.get(path), "next"):
        [path] = following
        way.append(path)
    assert set(way) == public(office)
    for earlier, here in pairwise(way):
        assert rel(client.get(here), "prev") == [earlier]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/releases", 200),
        ("/releases/", 404),
        ("/releases/2026/01", 200),
        ("/feeds/finance/2026/01", 200),
        ("/releases/2026/02/fr", 200),
        ("/releases/2026/01/fr", 404),
        ("/releases/2026/02/FR", 404),
        ("/releases/2026/02/de", 404),
        ("/feeds/health/2026/02/en", 404),  # the feed has no other language
        ("/releases/2025/12", 404),  # a month between, without releases
        ("/releases/2026/03", 404),
        ("/releases/2026/13", 404),
        ("/releases/2026/1", 404),
        ("/releases/0000/01", 404),
        ("/releases/9999/12", 404),
        ("/releases/2026", 404),
        ("/releases/2026/01/page/1", 404),
        ("/releases/2026/01/page/01", 404),
        ("/releases/2026/01/", 404),
        ("/feeds/none/2026/01", 404),
        ("/feeds/finance/2025/12", 404),
        ("/feeds/all/2026/01", 301),
        ("/feeds/all/2026/02/fr", 301),
        ("/feeds/all/2026/13", 404),
        ("/feeds/money/2026/01", 301),
        ("/feeds/money/2026/01/page/1", 301),
    ],
)
def test_a_month_has_one_address(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path, headers={**PAGE, "Host": "evil.example"})
    assert answer.status_code == status
    if status == 301:
        to = path.replace("/feeds/all", "/releases").replace("money", "finance")
        assert answer.headers["Location"] == SITE.base_url + to
    if status == 200:
        assert f'<link rel="canonical" href="{SITE.base_url}{path}">' in answer.text


def test_a_feed_that_is_gone_takes_its_months_along(office: Office) -> None:
    app = create_app(office.current, clock=lambda: later(days=6))
    answer = app.test_client().get("/feeds/health/2026/02", headers=PAGE)
    assert answer.status_code == 410


def test_a_slug_may_look_like_a_year(office: Office, client: FlaskClient) -> None:
    assert client.get("/releases/2026/revisions/1").status_code == 404
    assert client.get("/releases/2026/01").status_code == 200


def test_a_month_that_is_over_is_cached_for_longer(office: Office) -> None:
    def cached(path: str, now: datetime) -> str:
        app = create_app(office.current, clock=lambda: now)
        return str(app.test_client().get(path).headers["Cache-Control"])

    office.add(draft("id:40", published=on(3, 1)), now=later(minutes=2))
    assert cached("/releases/2026/02", later()) == "public, max-age=3600"
    assert cached("/releases/2026/03", later()) == "public, max-age=60"
    site = replace(SITE, time_zone=ZoneInfo("America/New_York"))
    parts = list(CATALOGUE.categories.values()), list(CATALOGUE.feeds.values())
    office.configure(Catalogue(site, *parts), now=later(minutes=3))
    last_hours = datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC)
    assert cached("/releases/2026/02", last_hours) == "public, max-age=60"
    assert cached("/releases/2026/02", datetime(2026, 3, 1, 5, tzinfo=UTC)).endswith("3600")


def test_pages_say_how_many_there_are(client: FlaskClient) -> None:
    home = client.get("/", headers=PAGE)
    assert '<a href="/releases">All 15 releases</a>' in home.text
    texts = [" ".join(each.split()) for each in html.fromstring(home.data).xpath(
        "//li[@class='feed']//p[@class='small']//text()[normalize-space()]")]  # fmt: skip
    assert texts == ["14 releases, the last on", "20 February 2026",
                     "1 release, on", "1 February 2026"]  # fmt: skip
    page = html.fromstring(client.get("/releases").data)
    counts = {
        str(item.xpath("string(a/@href)")): str(item.xpath("string(span)"))
        for item in page.xpath("//ul[@class='months']/li")
    }
    assert counts == {
        "/releases/2026/01": "12",
        "/releases/2026/02": "2",
        "/releases/2025/11": "1",
    }


def test_a_feed_without_releases_says_so(tmp_path: Path) -> None:
    office = open_office(tmp_path, CATALOGUE)
    client = create_app(office.current, clock=later).test_client()
    assert client.get("/").text.count("No releases yet") == 2
    assert "No release has been published yet." in client.get("/releases").text
    office.database.close()


def test_a_page_is_revalidated_like_others(client: FlaskClient) -> None:
    first = client.get("/releases/2026/01")
    assert first.headers["Last-Modified"]
    for name, field in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        again = client.get("/releases/2026/01", headers={field: first.headers[name]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.usefixtures("_small_parts")
def test_an_export_has_the_same_pages_and_makes_only_those_that_changed(
    office: Office, client: FlaskClient, root: Path
) -> None:

    def export(now: datetime) -> dict[ExportResult, list[str]]:
        asked.clear()
        memory = ExportMemory(root=root, rules="same", now=now)
        run = ExportRun(
            office.application, Folder(root, site_url=SITE.base_url), application, memory=memory
        )
        return by_result(list(run.outcomes()))

    asked: list[str] = []
    app = create_app(office.current, clock=lambda: later(days=2))

    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        asked.append(str(environ["PATH_INFO"]))
        return app(environ, start)

    assert export(later(days=1))[ExportResult.FAILED] == []
    pages, releases = walk(client, "/")
    with over_export(root) as nginx:
        files = Client(nginx)
        assert walk(files, "/") == (pages, releases)
        for path in ("/releases/2026/02/fr", "/releases/2026/02/de", "/releases/2026/13",
                     "/feeds/all/2026/02", "/feeds/money/2026/01/page/1"):  # fmt: skip
            here, there = client.get(path), files.get(path)
            assert (there.status_code, there.headers.get("Location")) == (
                here.status_code, here.headers.get("Location")
            ), path  # fmt: skip
    office.add(draft("id:23", "Finance", published=on(2, 21)), now=later(days=2))
    office.newsroom.retract("id:22", reason="Wrong.", by="me", now=later(days=2))
    office.publish(now=later(days=2))
    again = export(later(days=2))
    assert "/releases/2025/11" in again[ExportResult.REMOVED]
    assert {"/releases/2026/02", "/feeds/finance/2026/02"} <= {*again[ExportResult.WRITTEN]}
    # Its neighbours' neighbours, and months that are not beside those that changed, stay.
    middle = office.newsroom.release("id:6").release.slug
    assert f"/releases/{middle}" not in asked


def test_a_list_of_one_language_speaks_it(client: FlaskClient) -> None:
    page = client.get("/releases/2026/02/fr").text
    assert '<html lang="fr"' in page
    assert "<h1" in page
    assert "février 2026" in page
    assert "1 communiqué" in page
    assert "February" not in page


@pytest.mark.parametrize(
    ("language", "title", "name"),
    [
        ("en", "November 2026", "November"),
        ("de", "November 2026", "November"),
        ("ru", "ноябрь 2026\u202fг.", "ноябрь"),
        ("ar", "نوفمبر 2026", "نوفمبر"),
        ("zh", "2026年11月", "十一月"),
    ],
)
def test_months_are_written_as_readers_write_them(language: str, title: str, name: str) -> None:
    """CLDR's standalone forms: Russian "ноября" would be "of November"."""
    spoken = page_language(language, SITE)
    month = Month(2026, 11)
    assert (spoken.month_title(month), spoken.month_name(month)) == (title, name)
