"""A feed and its history, fetched from a real server."""

import gzip
from collections.abc import Iterator
from datetime import UTC
from ipaddress import ip_network
from typing import Any

import pytest

from feeds.imports.items import ImportedItem, Item
from service.imports.feed_history import USUAL_WAIT_S, FeedHistory, FeedUnavailable
from service.outbound import HttpClient
from tests.support.upstream_server import Page, UpstreamServer, atom, entry, upstream_server


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    with upstream_server() as running:
        yield running


def history(server: UpstreamServer, path: str = "/feed", **arguments: Any) -> FeedHistory:
    client = HttpClient((ip_network("127.0.0.0/8"),), 20, 4096, "test")
    waits: list[float] = arguments.pop("waits", [])
    how: dict[str, Any] = {"only_this": False, "zone": UTC, "sleep": waits.append, **arguments}
    return FeedHistory(client, server.url(path), **how)


def titles(found: FeedHistory) -> list[str]:
    items = list(found.items())
    return [str(item.record.fields["title"]) for item in items if isinstance(item, ImportedItem)]


def archive(path: str) -> str:
    return f'<link rel="prev-archive" href="{path}"/>'


def test_all_documents_are_read_and_the_last_address_is_the_base(server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(status=301, headers={"Location": "/blog/feed.atom"})
    server.pages["/blog/feed.atom"] = Page(body=atom(entry(3), entry(2), head=archive("1.atom")))
    server.pages["/blog/1.atom"] = Page(body=gzip.compress(atom(entry(2), entry(1))))
    found = history(server)
    assert titles(found) == ["Decision 3", "Decision 2", "Decision 1"]
    assert (found.pages, found.ended) == (2, "no older document is named")


def test_only_the_first_document(server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(body=atom(entry(3), head=archive("/1")))
    found = history(server, only_this=True)
    assert titles(found) == ["Decision 3"]
    assert len(server.requests) == 1


def test_the_digest_is_that_of_the_first_document(server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)))
    first = history(server).digest
    assert history(server).digest == first
    server.pages["/feed"] = Page(body=atom(entry(2)))
    assert history(server).digest != first


def test_the_charset_of_the_server_counts(server: UpstreamServer) -> None:
    text = '<rss version="2.0"><channel><item><title>Новости</title></item></channel></rss>'
    server.pages["/feed"] = Page(
        body=text.encode("koi8-r"), headers={"Content-Type": "text/xml; charset=KOI8-R"}
    )
    assert titles(history(server)) == ["Новости"]


@pytest.mark.parametrize(
    ("asked", "pause_s"),
    [("7", 7), ("Mon, 02 Mar 2026 12:05:00 GMT", 0), ("\u00b2", USUAL_WAIT_S)],
    ids=["seconds", "a date that is past", "no number"],
)
def test_a_busy_server_is_asked_once_more_after_its_pause(
    server: UpstreamServer, asked: str, pause_s: float
) -> None:
    server.pages["/feed"] = Page(status=503, headers={"Retry-After": asked})
    waits: list[float] = []
    with pytest.raises(FeedUnavailable, match="answers 503"):
        history(server, waits=waits)
    assert waits == [pause_s]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (Page(status=404), "its server answers 404: look at the address in a browser"),
        (Page(body=b""), "the body is empty"),
        (Page(body=b"<html><title>x"), "a page in HTML came instead of the feed"),
        (Page(body=b"\x1f\x8bbroken"), "its gzip is broken"),
        (Page(body=gzip.compress(b"<rss>" + b" " * 3_000_000)), "it has more than 1000000 bytes"),
        (Page(body=b"<rss>" + b" " * 2_000_000), "it has more than 1000000 bytes"),
        (Page(status=302, headers={"Location": "/feed"}), "more than 5 redirects"),
        (Page(status=302, headers={"Location": "http://10.0.0.1/"}), "private"),
    ],
)
def test_what_cannot_be_had_is_told(server: UpstreamServer, page: Page, message: str) -> None:
    server.pages["/feed"] = page
    with pytest.raises(FeedUnavailable) as raised:
        history(server, max_bytes=1_000_000)
    assert message in str(raised.value)


def test_an_older_document_that_is_broken_keeps_those_before_it(server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(body=atom(entry(2), head=archive("/1")))
    server.pages["/1"] = Page(status=500)
    found = history(server)
    taken: list[Item] = []
    with pytest.raises(FeedUnavailable, match="/1: its server answers 500: start the import again"):
        taken.extend(found.items())
    assert len(taken) == 1


def test_an_older_document_that_is_gone_is_the_end(server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(body=atom(entry(2), head=archive("/1")))
    found = history(server)
    assert titles(found) == ["Decision 2"]
    assert found.ended.endswith("/1 answers 404")
