"""Old addresses in nginx, over an export: the same answers as the service's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from feeds.address_patterns import AddressPattern
from feeds.model.feed import Format
from feeds.model.redirect import ToFeed, ToNothing, ToPage
from feeds.redirects import RedirectMap, RedirectRule
from service.web import create_app
from tests.service.export.conftest import Export
from tests.service.web.offices import SITE
from tests.support.newsrooms import NOON, Office, draft
from tests.support.nginx import over_export

BASE = SITE.base_url


def rule(old: str, **target: object) -> RedirectRule:
    return RedirectRule(text=old, pattern=AddressPattern.read(old), **target)  # type: ignore[arg-type]


RULES = (
    rule("/feed/", feed="all"),
    rule("/feed", feed="lessons"),  # hidden; nginx would refuse an entry that stands twice
    rule("/Feed/x", is_gone=True),
    rule("/feed/X", feed="lessons"),
    rule("/?feed=rss2", feed="all"),
    rule("/?feed=atom&cat=3", feed="lessons", format=Format.ATOM),
    rule("/?feed={kind}&cat=9", is_gone=True),
    rule("/?tag[]=a", feed="lessons", format=Format.JSON),
    rule("/category/{slug}/feed/", feed="{slug}"),
    rule("/comments/{rest...}", is_gone=True),
    rule("/caf%c3%a9/$1", to="https://www.example.org/$x"),
    rule("/{year:digits}/p-{slug}.html", to="/releases/{slug}"),
    rule("/wp-content/{rest...}", to="https://old.example/wp-content/{rest...}"),
    rule("/rss.xml", to="/feed/"),
    rule("/{slug}", release="{slug}"),
)


@pytest.fixture
def pair(office: Office, root: Path, export: Export) -> Iterator[tuple[Client, Client, str]]:
    """A client of nginx, one of the service, and the slug of a release."""
    [one] = office.add(draft("id:9", title="Nine"))
    office.publish()
    office.change(redirects=RedirectMap(RULES, office.catalogue))
    with office.database.transaction() as tx:
        tx.redirects.add_for_releases(
            {one.release.id: ["/?p=12", "https://old.example/2019/05/nine/"]}, now=NOON
        )
        tx.redirects.add(
            {
                "/old.php?id=1&x=%2F": ToFeed("lessons", Format.JSON),
                "/over": ToNothing(),
                "/moved": ToPage("/feeds/all"),
                "/feed": ToNothing(),
            },
            now=NOON,
        )
    export()
    with over_export(root) as nginx:
        yield Client(nginx), Client(create_app(office.current)), one.release.slug
        assert nginx.complaints == ""


def test_nginx_leads_on_as_the_service_does(pair: tuple[Client, Client, str]) -> None:
    nginx, service, slug = pair
    asked = [
        "/feed/", "/feed", "/feed/?utm_source=x", "/feed/x/y", "/?feed=rss2", "/?x=1&feed=rss2",
        "/?cat=3&feed=atom", "/?feed=atom&cat=3", "/?feed=atom&cat=9", "/?tag%5B%5D=a",
        "/category/lessons/feed/", "/category/none/feed/", "/category/lessons/x/feed",
        "/comments/feed/", "/comments/a/b/c", "/caf%C3%A9/$1", "/2019/p-x.html", "/may/p-x.html",
        "/wp-content/a%20b/c.png", "/rss.xml", f"/{slug}", "/nothing", "/?p=12",
        "/?preview=1&p=12", "/2019/05/nine", "/old.php?x=%2F&id=1", "/over", "/moved/", "/livez/x",
        "/robots.txt", "/feeds/all.atom", "/feeds/lessons", "/releases/none", "/Feed/x", "/feed/X",
        "/?utm_source=x", f"/{slug}/?a=b",
    ]  # fmt: skip
    expected = {one: _told(service.get(one)) for one in asked}
    assert {one: _told(nginx.get(one)) for one in asked} == expected
    assert {one: _told(nginx.head(one)) for one in asked} == expected
    led = [one for one, told in expected.items() if told[0] == 301]
    assert len(led) == 21, expected


def _told(answer) -> tuple[int, str | None, str | None]:  # type: ignore[no-untyped-def]
    kept = answer.headers["Cache-Control"] if answer.status_code in (301, 410) else None
    return answer.status_code, answer.headers.get("Location"), kept


def test_nothing_that_is_sent_comes_into_a_header(pair: tuple[Client, Client, str]) -> None:
    nginx, _, _ = pair
    for asked in (
        "/wp-content/a%0d%0aSet-Cookie:%20a",
        "/2019/p-%0d%0aSet-Cookie:a.html",
        "/category/lessons%0d%0a/feed",
        "//evil.example/feed/",
        "/wp-content//evil.example",
        "/wp-content/..%2f..%2fx",
    ):
        answer = nginx.get(asked)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers.get("Location", BASE).startswith((BASE, "https://old.example/wp-c"))
    assert nginx.get("/wp-content/../x").status_code == 404
    assert nginx.post("/feed/").status_code == 405
    gone = nginx.get("/over")
    assert gone.mimetype == "application/problem+json"
    assert gone.json is not None
    assert gone.json["status"] == 410
