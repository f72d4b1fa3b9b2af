"""Archive documents as they are served: RFC 5005 section 4, RFC 8246."""

from collections.abc import Callable
from dataclasses import replace
from gzip import decompress

import pytest
from werkzeug.test import Client, TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format, Window
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.atom_grammar import assert_valid
from tests.support.history import rebuilt
from tests.support.newsrooms import Office, draft, later

SMALL = Window(entries=4, days=0, bytes=1_000_000)


@pytest.fixture
def client(empty_office: Office, ask: Callable[[Office], Client]) -> Client:
    """A client of a newsroom whose feed of everything has archives."""
    feeds = [replace(feed, window=SMALL) for feed in CATALOGUE.feeds.values()]
    described = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    empty_office.configure(described, now=later(hours=0))
    for hour in range(12):
        empty_office.add(draft(f"id:{hour}", title=f"No {hour}"), now=later(hours=hour))
        empty_office.publish(now=later(hours=hour))
    return ask(empty_office)


def path(number: int, feed_format: Format = Format.ATOM) -> str:
    return f"/feeds/all/archive/{number}.{feed_format}"


def last_of(office: Office) -> int:
    last = office.newsstand.last_archive(ALL)
    assert last >= 3
    return last


@pytest.mark.parametrize("feed_format", Format)
def test_a_reader_that_knows_only_links_has_everything(
    client: Client, empty_office: Office, feed_format: Format
) -> None:
    """By the addresses that documents name, and nothing else."""

    def fetch(url: str) -> bytes:
        assert url.startswith(SITE.base_url)
        response = client.get(url.removeprefix(SITE.base_url))
        assert response.status_code == 200
        assert response.content_type == f"{feed_format.media_type}; charset=utf-8"
        body: bytes = response.data
        if feed_format is Format.ATOM:
            assert_valid(body)
        return body

    listed = empty_office.newsroom.releases(limit=100)
    expected = {one.release.id: one.release.content.title for one in listed}
    assert rebuilt(SITE.topic(ALL, feed_format), feed_format, fetch) == expected


def test_an_archive_is_good_for_ever(client: Client) -> None:
    """RFC 8246: who has it need not ask again."""
    response = client.get(path(1))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_it_has_the_validators_and_codings_of_every_document(client: Client) -> None:
    """RFC 9110 sections 8.8, 12.5.3 and 13."""
    whole = client.get(path(1))
    coded = client.get(path(1), headers={"Accept-Encoding": "gzip"})
    assert decompress(coded.data) == whole.data
    for given in (whole, coded):
        known = client.get(path(1), headers={"If-None-Match": given.headers["ETag"]})
        assert (known.status_code, known.data) == (304, b"")
    dated = {"If-Modified-Since": whole.headers["Last-Modified"]}
    assert client.get(path(1), headers=dated).status_code == 304
    assert _same(client.head(path(1)), whole)
    part = client.get(path(1), headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, whole.data[:10])


def _same(head: TestResponse, whole: TestResponse) -> bool:
    return head.data == b"" and list(head.headers) == list(whole.headers)


def test_what_follows_the_newest_archive_is_the_subscription_document(
    client: Client, empty_office: Office
) -> None:
    """RFC 9110 15.4.8: for now, that is. The newest archive names its successor already."""
    following = client.get(path(last_of(empty_office) + 1, Format.RSS))
    assert following.status_code == 307
    assert following.headers["Location"] == SITE.topic(ALL, Format.RSS)
    assert following.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("number", ["0", "01", "-1", "99", "1e3", "9" * 40, "x"])
def test_what_there_is_not_is_not_found(client: Client, number: str) -> None:
    assert client.get(f"/feeds/all/archive/{number}.atom").status_code == 404


def test_other_methods_are_refused(client: Client) -> None:
    """RFC 9110 15.5.6."""
    refused = client.post(path(1))
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_the_archive_of_a_feed_without_one_is_not_found(client: Client) -> None:
    assert client.get("/feeds/lessons/archive/1.atom").status_code == 404
    assert client.get("/feeds/none/archive/1.atom").status_code == 404
