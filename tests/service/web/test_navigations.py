"""A feed's address opened in a browser: a page for the person, the document for all others.

What each layer answers to each request stands in ``test_request_table.py``; here are the states
that a feed may be in, and the key that switches it off.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from lxml import html
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Deltas, FeedClosure, Format
from service.http_rules import is_navigation, wants_raw
from service.web import CacheMiddleware, DocumentCache
from tests.service.web.offices import CATALOGUE, SITE, ask_export, ask_memory
from tests.support.newsrooms import Office, draft, later

ATOM = "/feeds/all.atom"
OPENED = {"Sec-Fetch-Mode": "navigate"}
PAGE = f"{SITE.base_url}/feeds/all"


def described(**settings: Any) -> Catalogue:
    """The usual catalogue, with something else in each of its feeds."""
    feeds = [replace(feed, **settings) for feed in CATALOGUE.feeds.values()]
    return Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("navigate", True), (" navigate ", True), ("Navigate", False), ("cors", False), ("", False),
     ("navigate, navigate", False), ("navigate;x", False), (None, False)],
)  # fmt: skip
def test_only_a_browser_that_opens_an_address_navigates(mode: str | None, expected: bool) -> None:
    assert is_navigation(mode) is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("raw", True), ("raw=", True), ("raw=1", True), ("a=b&raw", True), ("raw&a=b", True),
     ("", False), ("rawer", False), ("draw", False), ("a=raw", False), ("RAW", False)],
)  # fmt: skip
def test_raw_is_a_key_of_the_query(query: str, expected: bool) -> None:
    assert wants_raw(query) is expected


def test_where_the_key_is_off_everybody_is_given_the_document(
    empty_office: Office, ask: Callable[[Office], Client]
) -> None:
    empty_office.configure(described(opens_as_page=False), now=later(hours=0))
    empty_office.publish(now=later(minutes=1))
    client = ask(empty_office)
    plain = client.get(ATOM)
    assert plain.headers["Vary"] == "Accept-Encoding"
    for path in (ATOM, f"{ATOM}?raw"):
        opened = client.get(path, headers=OPENED)
        assert (opened.status_code, opened.data) == (200, plain.data)
        assert sorted(opened.headers) == sorted(plain.headers)
    held = {**OPENED, "If-None-Match": plain.headers["ETag"]}
    assert client.get(ATOM, headers=held).status_code == 304


def test_where_the_key_is_off_nginx_gives_the_document_too(
    empty_office: Office, closing: ExitStack
) -> None:
    empty_office.configure(described(opens_as_page=False), now=later(hours=0))
    empty_office.publish(now=later(minutes=1))
    opened = ask_export(empty_office, closing).get(ATOM, headers=OPENED)
    assert (opened.status_code, opened.headers["Vary"]) == (200, "Accept-Encoding")


def test_a_reload_switches_it(empty_office: Office, closing: ExitStack) -> None:
    client = ask_memory(empty_office, closing)
    empty_office.publish(now=later(minutes=1))
    before = client.get(ATOM)
    assert client.get(ATOM, headers=OPENED).status_code == 303
    empty_office.configure(described(opens_as_page=False), now=later(hours=1))
    assert empty_office.publish(now=later(hours=1)) == {}
    assert client.get(ATOM, headers=OPENED).status_code == 200
    # No document says anything of it.
    assert client.get(ATOM).headers["ETag"] == before.headers["ETag"]


def test_a_feed_without_an_edition_has_its_page(
    empty_office: Office, ask: Callable[[Office], Client]
) -> None:
    client = ask(empty_office)
    assert client.get(ATOM).status_code == 503
    assert client.get(ATOM, headers=OPENED).headers["Location"] == PAGE
    assert client.get("/feeds/all", headers=OPENED).status_code == 200


def test_a_feed_that_says_farewell_says_it_on_its_page(
    empty_office: Office, ask: Callable[[Office], Client]
) -> None:
    ending = FeedClosure(on=later(minutes=0), gone_at=later(days=36_500), words="It has ended.")
    feeds = [
        replace(feed, ending=ending) if feed.slug == "lessons" else feed
        for feed in CATALOGUE.feeds.values()
    ]
    kept = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    empty_office.configure(kept, now=later(hours=1))
    empty_office.publish(now=later(hours=1))
    client = ask(empty_office)
    way = client.get("/feeds/lessons.atom", headers=OPENED)
    assert (way.status_code, way.headers["Location"]) == (303, f"{SITE.base_url}/feeds/lessons")
    assert "It has ended." in client.get("/feeds/lessons", headers=OPENED).text


def test_an_archive_is_a_document_for_everybody(
    empty_office: Office, ask: Callable[[Office], Client]
) -> None:
    """No page names it, and none shows what is in it: so its ``Vary`` stays as it is."""
    window = replace(CATALOGUE.feeds[ALL].window, entries=2, days=0)
    empty_office.configure(described(window=window), now=later(hours=0))
    for hour in range(6):
        empty_office.add(draft(f"id:{hour}", title=f"No {hour}"), now=later(hours=hour))
        empty_office.publish(now=later(hours=hour))
    archive = ask(empty_office).get("/feeds/all/archive/1.atom", headers=OPENED)
    assert (archive.status_code, archive.headers["Vary"]) == (200, "Accept-Encoding")
    assert "immutable" in archive.headers["Cache-Control"]


def test_what_is_new_varies_by_it_too(
    empty_office: Office, ask: Callable[[Office], Client]
) -> None:
    """RFC 9110 12.5.5: whoever opens the address with the same fields is given something else."""
    empty_office.configure(described(deltas=Deltas()), now=later(hours=0))
    empty_office.add(draft("id:1"))
    empty_office.publish(now=later(minutes=1))
    client = ask(empty_office)
    held = {"A-IM": "feed", "If-None-Match": client.get(ATOM).headers["ETag"]}
    empty_office.add(draft("id:2", title="Another"), now=later(hours=1))
    empty_office.publish(now=later(hours=1))
    delta = client.get(ATOM, headers=held)
    assert delta.status_code == 226
    assert delta.headers["Vary"].startswith("Accept-Encoding, Sec-Fetch-Mode, ")
    assert (
        client.get(f"{ATOM}?raw", headers=held).headers["Vary"].startswith("Accept-Encoding, A-IM")
    )
    assert client.get(ATOM, headers={**held, **OPENED}).status_code == 303


@pytest.mark.parametrize("slug", CATALOGUE.feeds)
def test_the_page_has_each_document_one_click_away(reader: Client, slug: str) -> None:
    """And that click, which is a navigation, is given the document."""
    way = reader.get(f"/feeds/{slug}.rss", headers={**OPENED, "Accept": "text/html"})
    page = reader.get(
        way.headers["Location"].removeprefix(SITE.base_url),
        headers={**OPENED, "Accept": "text/html"},
    )
    links = html.fromstring(page.text).xpath("//dl[@class='addresses']//a/@href")
    assert links == [f"/feeds/{slug}.{each}?raw" for each in Format]
    for each, link in zip(Format, links, strict=True):
        shown = reader.get(link, headers={**OPENED, "Accept": "text/html"})
        assert shown.content_type == f"{each.media_type}; charset=utf-8"
        assert shown.data == reader.get(f"/feeds/{slug}.{each}").data


def test_what_is_raw_comes_from_memory_and_apart(office: Office) -> None:
    """Two answers to one path, with a field that differs: neither is given for the other."""

    def application(*_: object) -> list[bytes]:
        pytest.fail("the application was entered")

    client = Client(
        CacheMiddleware(application, current=office.current, document_cache=DocumentCache())
    )
    for _ in range(2):
        assert client.get(ATOM).headers["Vary"] == "Accept-Encoding, Sec-Fetch-Mode"
        assert client.get(f"{ATOM}?raw", headers=OPENED).headers["Vary"] == "Accept-Encoding"
