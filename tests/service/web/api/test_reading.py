"""Releases over HTTP: one by one, and page by page."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from feeds.model.published_id import known_as
from tests.service.web.api.pressroom import Pressroom
from tests.support.newsrooms import draft, later


def keys(room: Pressroom, query: str) -> list[str]:
    """The keys of a whole list, asked for page by page."""
    found: list[str] = []
    after = ""
    while True:
        page = room.ask("GET", f"/releases?{query}{after}").json
        found += [release["source_key"].removeprefix("id:") for release in page["releases"]]
        if "next" not in page:
            return found
        after = f"&after={page['next']}"


@pytest.fixture
def document_cache(room: Pressroom) -> Pressroom:
    """Five releases, an hour apart; the fourth in French, the fifth filed nowhere."""
    for number in range(1, 6):
        room.now = later(hours=number)
        room.put(
            str(number),
            language="fr" if number == 4 else "en",
            categories=["Nobody's"] if number == 5 else ["Finance", "Health"][: number % 2 + 1],
        )
    return room


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "54321"),
        ("limit=2", "54321"),
        ("limit=1&order=oldest", "12345"),
        ("category=health", "31"),
        ("language=FR", "4"),
        ("since=" + quote("2026-03-02T15:00:00Z"), "543"),
        ("since=" + quote("2026-03-02T16:00:00+01:00"), "543"),
        ("unfiled=true", "5"),
        ("unfiled=false&category=finance&language=en&limit=1", "321"),
        ("since=2026-03-03", ""),
    ],
)
def test_a_list_holds_what_was_asked_for(
    document_cache: Pressroom, query: str, expected: str
) -> None:
    assert "".join(keys(document_cache, query)) == expected


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("category=helth", "category"),
        ("langauge=fr", "langauge"),
        ("language=english", "language"),
        ("since=yesterday", "since"),
        ("since=2026-03-02T15:00:00", "since"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("unfiled=yes", "unfiled"),
        ("order=random", "order"),
        ("after=x", "after"),
        ("after=%C3%A9", "after"),
        ("after=W10", "after"),
        ("after=WzEsMiwzXQ", "after"),
        ("after=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTksMSwiYSJd", "after"),
    ],
)
def test_a_slip_in_a_query_is_told_and_not_passed_over(
    room: Pressroom, query: str, parameter: str
) -> None:
    answer = room.ask("GET", f"/releases?{query}")
    assert answer.status == 400
    assert [error["parameter"] for error in answer.json["errors"]] == [parameter]


def test_a_release_is_shown_with_all_that_it_has(room: Pressroom) -> None:
    put = room.put(
        url="https://a.example/1",
        summary="Short",
        authors=[{"name": "A", "email": "a@example.org", "url": "https://a.example/a"}],
        enclosures=[{"url": "https://a.example/a.mp3", "type": "audio/mpeg", "length": 5}],
        categories=["Money", "Nobody's"],
    )
    shown = room.ask("GET", "/releases/2026-17").json
    assert shown == put.json["release"]
    assert shown["authors"] == [
        {"name": "A", "email": "a@example.org", "url": "https://a.example/a"}
    ]
    assert shown["enclosures"] == [
        {"url": "https://a.example/a.mp3", "type": "audio/mpeg", "length": 5}
    ]
    assert (shown["categories"], shown["filed_under"], shown["unclaimed"]) == (
        ["Money", "Nobody's"],
        ["finance"],
        ["Nobody's"],
    )
    assert shown["page"].startswith("https://news.example.org/releases/a-treaty-is-signed-")


def test_what_was_shown_may_be_put_back(room: Pressroom) -> None:
    room.put(authors=["A"], summary="Short", url="https://a.example/1")
    shown = room.ask("GET", "/releases/2026-17").json
    again = room.ask("PUT", "/releases/2026-17", shown)
    assert (again.status, again.json["verdict"]) == (200, "unchanged")


def test_an_entity_tag_changes_with_the_release_and_with_where_it_is(room: Pressroom) -> None:
    room.put()
    first = room.etag()
    held = room.ask("GET", "/releases/2026-17", If_None_Match=f"W/{first}")
    assert (held.status, held.body, held.headers["etag"]) == (304, b"", first)
    room.put(title="Another")
    assert room.etag() != first
    assert room.ask("GET", "/releases/2026-17", If_None_Match=first).status == 200
    head = room.ask("HEAD", "/releases/2026-17")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", room.etag())


def test_the_id_that_readers_knew_is_shown_beside_our_own(room: Pressroom) -> None:
    room.put("1")
    key = "import:1"
    known = known_as("45863 at https://x", source_key=key)
    room.office.newsroom.take_in(
        [replace(draft(key, title="Old"), published_id=known)], now=later(hours=1), is_news=False
    )
    stored = room.office.newsroom.release(key).release
    shown = room.ask("GET", f"/releases/{quote(stored.id, safe='')}").json
    assert (shown["id"], shown["published_id"]) == (stored.id, "45863 at https://x")
    assert "published_id" not in room.ask("GET", "/releases/1").json
