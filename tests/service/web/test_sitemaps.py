"""Lists of pages for search engines."""

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from feeds.model.release import Draft
from service.web import create_app, sitemaps
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.newsrooms import NOON, Office, draft, later

NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
}
PAGES = ["/", *(f"/feeds/{slug}" for slug in CATALOGUE.feeds)]


def told(document: bytes, path: str) -> list[str | None]:
    """The texts at a path of an XML document."""
    return [element.text for element in ET.fromstring(document).findall(path, NAMES)]


def paths(document: bytes) -> list[str]:
    """The addresses in a list, without the host."""
    return [(text or "").removeprefix(SITE.base_url) for text in told(document, "*/s:loc")]


def published(key: str, **ago: float) -> Draft:
    """A release that was published before noon."""
    return draft(f"id:{key}", title=f"Release {key}", published=NOON - timedelta(**ago))


def clients(office: Office, now: datetime = NOON) -> FlaskClient:
    return create_app(office.current, clock=lambda: now).test_client()


def test_every_page_is_listed_once(client: FlaskClient, office: Office) -> None:
    """sitemaps.org: an absolute loc for each page, and its last change as W3C has dates."""
    response = client.get("/sitemap.xml")
    assert response.headers["Content-Type"] == "application/xml; charset=utf-8"
    listed = paths(response.data)
    assert listed[: len(PAGES)] == PAGES
    assert len(listed) == len(set(listed)) == len(PAGES) + office.newsstand.count_release_pages()
    assert all(client.get(path).status_code == 200 for path in listed)
    assert len(told(response.data, "s:url/s:lastmod")) == office.newsstand.count_release_pages()


def test_a_list_that_is_too_long_is_split(
    empty_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sitemaps.org, "Using Sitemap index files". New releases come at the end."""
    monkeypatch.setattr(sitemaps, "URLS_A_FILE", 2)
    empty_office.add(*(published(str(n), hours=9 - n) for n in range(5)))
    client = clients(empty_office)
    index = client.get("/sitemap.xml")
    assert paths(index.data) == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    parts = [paths(client.get(path).data) for path in paths(index.data)]
    assert parts[0][: len(PAGES)] == PAGES
    releases = [path for part in parts for path in part if path not in PAGES]
    assert [path.split("-")[1] for path in releases] == ["0", "1", "2", "3", "4"]
    assert client.get("/sitemap-4.xml").status_code == 404
    assert client.get("/sitemap-0.xml").status_code == 404


def test_news_are_the_releases_of_two_days(empty_office: Office) -> None:
    """Google: name, language, date and title of what was published in the last two days."""
    empty_office.add(
        published("today", hours=1), published("old", days=2, seconds=1), published("just", days=2)
    )
    response = clients(empty_office).get("/news-sitemap.xml")
    news = "s:url/news:news/news:"
    assert told(response.data, f"{news}title") == ["Release today", "Release just"]
    assert told(response.data, f"{news}publication_date")[0] == "2026-03-02T11:00:00Z"
    assert set(told(response.data, f"{news}publication/news:name")) == {SITE.title}
    assert set(told(response.data, f"{news}publication/news:language")) == {"en"}


def test_news_have_a_validator_that_changes_with_them_alone(empty_office: Office) -> None:
    """The clock goes on; the bytes do not, until a page leaves the list."""
    empty_office.add(published("a", days=1))
    tags = [
        clients(empty_office, now).get("/news-sitemap.xml").headers["ETag"]
        for now in (NOON, later(hours=1), later(days=1, seconds=1))
    ]
    assert tags[0] == tags[1] != tags[2]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh", "zh-cn"),
        ("zh-Hans", "zh-cn"),
        ("zh-Hant-HK", "zh-tw"),
        ("zh-TW", "zh-tw"),
    ],
)
def test_languages_are_written_as_the_extension_has_them(tag: str, expected: str) -> None:
    assert sitemaps.news_language(tag) == expected


def test_nothing_breaks_the_xml() -> None:
    [urls] = [sitemaps.write_urls([sitemaps.Url("https://news.example.org/?a=1&b=<2>\x00")])]
    assert told(urls, "s:url/s:loc") == ["https://news.example.org/?a=1&b=<2>"]
