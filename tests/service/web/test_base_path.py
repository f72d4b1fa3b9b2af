"""A base URL with a path: everything is there with it, and behind a proxy that removes it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from feeds.categories import Catalogue
from service.http_rules import Coding
from tests.service.web.offices import (
    CATALOGUE,
    SITE,
    ask_wire,
    open_office,
    read_sample,
    serve_wire,
)
from tests.support.newsrooms import NOON, later
from tests.support.nginx import running_nginx
from tests.support.running_service import ROOT
from tests.support.wire_server import Forwarded

BASE = "/presse/%C3%A9t%C3%A9"
BASE_URL = f"https://news.example.org{BASE}"
OTHER = "/feeds"  # one of our own names

_LINK = re.compile(
    rb'(?:href|src|url|<loc>|<id>)[=":> ]+"?((?:https://news.example.org)?/[^"<> ]*)'
)


def _catalogue(base_url: str) -> Catalogue:
    site = replace(SITE, base_url=base_url)
    return Catalogue(site, list(CATALOGUE.categories.values()), list(CATALOGUE.feeds.values()))


def _locations() -> list[str]:
    """nginx's two of docs/deploy.md: one passes the path on, one removes it."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    return re.findall(r"location /press/ {[^}]*}", page)


#: Base paths, and how nginx passes requests on, if it does.
WAYS = [(BASE, ""), (OTHER, ""), *(("/press", location) for location in _locations())]


@pytest.fixture(scope="module", params=WAYS, ids=["direct", "own name", "passed on", "removed"])
def based(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Client]]:
    """The base path, and a client of the whole server."""
    base, location = request.param
    described = _catalogue(f"https://news.example.org{base}")
    with ExitStack() as stack:
        office = open_office(tmp_path_factory.mktemp("based"), described)
        stack.callback(office.database.close)
        office.add(*read_sample("000_e053d2e383822934.txt"))
        office.publish(now=later(minutes=1))
        port = serve_wire(office, stack)
        if location:
            http = f"upstream communique {{ server 127.0.0.1:{port}; }}"
            port = stack.enter_context(running_nginx(http=http, server=location)).port
        yield base, Client(Forwarded(port), use_cookies=False)


def _links(client: Client, address: str) -> set[str]:
    """The addresses of this site in an answer, by their path."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    found = {urlsplit(match.decode()).path for match in _LINK.findall(answer.data)}
    return {path for path in found if not path.startswith("//")}


def test_every_address_that_is_linked_is_there(based: tuple[str, Client]) -> None:
    base, client = based
    seen: set[str] = set()
    waiting = {f"{base}/", f"{base}/feeds.opml", f"{base}/sitemap.xml", f"{base}/robots.txt"}
    while waiting:
        address = waiting.pop()
        seen.add(address)
        found = _links(client, address)
        assert all(path.startswith(f"{base}/") for path in found), (address, found)
        waiting |= found - seen
    kinds = {path.removeprefix(base).split("/")[1] for path in seen}
    assert {"feeds", "releases", "static", "feeds.opml", "sitemap.xml"} <= kinds
    assert {path[path.rfind(".") :] for path in seen} >= {".atom", ".rss", ".json", ".css"}


@pytest.mark.parametrize("based", WAYS[:2], ids=["direct", "own name"], indirect=True)
@pytest.mark.parametrize("path", ["/feeds/all.atom", "/feeds/all", "/feeds.opml", "/livez", "/"])
def test_it_is_the_same_where_the_proxy_removes_the_path(
    based: tuple[str, Client], path: str
) -> None:
    base, client = based
    if path.startswith(f"{base}/"):
        # One of our own names, which a proxy must not remove: it would be split off again.
        assert client.get(path).status_code == 404
        return
    with_base, without = client.get(base + path), client.get(path)
    assert (with_base.status_code, without.status_code) == (200, 200)
    assert with_base.data == without.data
    assert with_base.headers.get("ETag") == without.headers.get("ETag")


def test_documents_come_from_memory_and_are_revalidated(based: tuple[str, Client]) -> None:
    base, client = based
    first = client.get(f"{base}/feeds/all.atom", headers={"Accept-Encoding": Coding.GZIP})
    tag = first.headers["ETag"]
    for _ in range(2):
        again = client.get(
            f"{base}/feeds/all.atom", headers={"Accept-Encoding": "gzip", "If-None-Match": tag}
        )
        assert (again.status_code, again.headers["ETag"]) == (304, tag)
    assert f'<https://news.example.org{base}/feeds/all.atom>; rel="self"' in first.headers["Link"]


def test_the_base_url_without_its_slash_leads_to_the_newsroom(based: tuple[str, Client]) -> None:
    base, client = based
    answer = client.get(base)
    assert answer.status_code == 301
    assert urlsplit(answer.headers["Location"]).path == f"{base}/"


def test_what_only_looks_like_it_is_not_there(based: tuple[str, Client]) -> None:
    base, client = based
    assert client.get(f"{base}x/feeds/all.atom").status_code == 404


def test_a_reload_with_another_path_takes_effect_with_the_next_request(tmp_path: Path) -> None:
    with ExitStack() as stack:
        office = open_office(tmp_path, _catalogue(BASE_URL))
        stack.callback(office.database.close)
        office.publish(now=later(minutes=1))
        client = ask_wire(office, stack)
        assert client.get(f"{BASE}/feeds/all.atom").status_code == 200
        office.configure(_catalogue("https://news.example.org/news"), now=NOON)
        assert client.get("/news/feeds/all.atom").status_code == 200
        assert client.get(f"{BASE}/feeds/all.atom").status_code == 404
