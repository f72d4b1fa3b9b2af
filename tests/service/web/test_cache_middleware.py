"""The layer before the application: what it answers, what it lets pass, how old it may be."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import Format
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from service.web.cache_middleware import MAX_REMEMBERED_CHARS
from service.web.change_detector import MAX_AGE_S, POLL_EVERY_S, REMOTE_POLL_EVERY_S
from service.web.document_cache import MAX_ANSWERS
from tests.service.web.offices import CATALOGUE, SITE, ask_memory
from tests.support.newsrooms import Office, draft, later
from tests.support.ready_stores import url_of

ATOM = "/feeds/all.atom"


class Counted:
    """The application, and which paths came through to it."""

    def __init__(self, office: Office, document_cache: DocumentCache) -> None:
        self._application = create_app(office.current, document_cache)
        self.paths: list[str] = []

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self.paths.append(environ["PATH_INFO"])
        return self._application(environ, start_response)


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_all_but_documents_goes_on_to_the_application(office: Office) -> None:
    document_cache = DocumentCache()
    application = Counted(office, document_cache)
    client = Client(
        CacheMiddleware(application, current=office.current, document_cache=document_cache)
    )
    through = ["/", "/feeds/all", "/feeds.opml", "/livez", "/feeds/none.atom", "/feeds/all.xml"]
    for path in [*through, ATOM]:
        client.get(path)
    assert application.paths == through
    for method in ("POST", "OPTIONS", "DELETE"):
        client.open(ATOM, method=method)
    client.get(ATOM, headers={"If-Match": '"x"'})
    assert application.paths == [*through, ATOM, ATOM, ATOM, ATOM]


def test_a_feed_before_its_first_edition_is_the_applications(
    empty_office: Office, closing: ExitStack
) -> None:
    client = ask_memory(empty_office, closing)
    assert client.get(ATOM).status_code == 503
    empty_office.publish(now=later(minutes=1))
    assert client.get(ATOM).status_code == 200


def test_a_store_out_of_reach_leaves_what_is_at_hand(
    empty_office: Office, closing: ExitStack
) -> None:
    """With its age; for what is not there, the application has the words: 503 and Retry-After."""
    client = ask_memory(empty_office, closing)
    empty_office.publish(now=later(minutes=1))
    assert client.get(ATOM).status_code == 200
    with empty_office.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE documents RENAME TO gone"))
    held = client.get(ATOM)
    assert (held.status_code, held.headers["Age"]) == (200, "0")
    response = client.get(ATOM.replace(".atom", ".rss"))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"


def test_no_answer_is_older_than_the_lease(database: Database, closing: ExitStack) -> None:
    """On both databases, with a commit of another connection's, by a clock that is set by hand."""
    office, clock = Office(database), Hands()
    office.publish(now=later(minutes=1))
    changes = Changes(database, of_documents=True)
    closing.callback(changes.close)
    document_cache = DocumentCache(detector=ChangeDetector(changes, clock=clock))
    client = Client(
        CacheMiddleware(
            create_app(office.current, document_cache),
            current=office.current,
            document_cache=document_cache,
        )
    )
    every_s = POLL_EVERY_S if database.is_sqlite else REMOTE_POLL_EVERY_S
    before = client.get(ATOM).headers["ETag"]
    for minute in range(2, 6):
        other = Database.open(url_of(database))
        elsewhere = Office(other)
        elsewhere.add(draft(f"id:{minute}", title=f"Take {minute}"), now=later(minutes=minute))
        elsewhere.publish(now=later(minutes=minute))
        other.close()
        # Within the time between two looks, memory answers by itself ...
        clock.now += every_s * 0.99
        assert client.get(ATOM, headers={"If-None-Match": before}).status_code == 304
        # ... and after it, long before the lease ends, what was committed is there.
        clock.now += every_s * 0.02
        after = client.get(ATOM, headers={"If-None-Match": before})
        assert after.status_code == 200
        assert f"Take {minute}" in after.text
        before = after.headers["ETag"]
    assert REMOTE_POLL_EVERY_S <= MAX_AGE_S / 2


def test_a_reload_takes_effect_with_the_next_request(
    empty_office: Office, closing: ExitStack
) -> None:
    """Other feeds, other ages, other hubs; and nothing of before stays in memory."""
    client = ask_memory(empty_office, closing)
    empty_office.publish(now=later(minutes=1))
    before = client.get(ATOM)
    assert client.get("/feeds/lessons.atom").status_code == 200
    kept = [feed for feed in CATALOGUE.feeds.values() if feed.slug != "lessons"]
    feeds = [replace(feed, ttl_minutes=7) for feed in kept]
    fewer = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    empty_office.change(catalogue=fewer)
    after = client.get(ATOM)
    assert "max-age=4" in after.headers["Cache-Control"]
    assert after.headers["Cache-Control"] != before.headers["Cache-Control"]
    assert after.data == before.data
    assert client.get("/feeds/lessons.atom").status_code == 404


def test_a_server_may_do_with_a_header_list_what_it_likes(
    office: Office, closing: ExitStack
) -> None:
    """PEP 3333: "the server or gateway may modify" it."""
    client = ask_memory(office, closing)
    front = client.application
    taken: list[list[tuple[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        taken.append(list(headers))
        headers.clear()

    for _ in range(3):
        front({"REQUEST_METHOD": "GET", "PATH_INFO": ATOM}, start_response)
    assert taken[0] == taken[1] == taken[2]
    assert taken[0]


def test_what_is_remembered_is_bounded_whatever_is_asked(office: Office) -> None:
    """No client can fill a worker's memory, and none is refused for trying."""
    document_cache = DocumentCache()
    client = Client(
        CacheMiddleware(
            create_app(office.current, document_cache),
            current=office.current,
            document_cache=document_cache,
        )
    )
    held = document_cache.fetch(office.newsstand, "all", Format.ATOM)
    assert held is not None
    etag = client.get(ATOM).headers["ETag"]
    for number in range(3 * MAX_ANSWERS):
        fields = {"If-None-Match": f'"{number}", {etag}'}
        assert client.get(ATOM, headers=fields).status_code == 304
        assert client.get(ATOM, headers={"Range": f"bytes={number}-"}).status_code == 206
        assert len(held.answers) <= MAX_ANSWERS
    assert not [one for one in held.answers.values() if one.status.startswith("206")]
    known = len(held.answers)
    long = {"If-None-Match": '"x",' * MAX_REMEMBERED_CHARS + etag}
    assert client.get(ATOM, headers=long).status_code == 304
    assert len(held.answers) == known


@pytest.mark.parametrize("slug", ["déjà", "新闻"])
def test_an_address_may_be_of_any_script(empty_office: Office, slug: str) -> None:
    """PEP 3333: a path comes as the bytes of its UTF-8, each as one character."""
    feed = replace(CATALOGUE.feeds["lessons"], slug=slug)
    feeds = [CATALOGUE.feeds["all"], feed]
    described = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    empty_office.configure(described, now=later(minutes=1))
    empty_office.publish(now=later(minutes=1))
    document_cache = DocumentCache()
    application = Counted(empty_office, document_cache)
    client = Client(
        CacheMiddleware(application, current=empty_office.current, document_cache=document_cache)
    )
    assert client.get(f"/feeds/{slug}.atom").status_code == 200
    assert application.paths == []
