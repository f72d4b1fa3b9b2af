"""Feed documents over HTTP, section by section of RFC 9110."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import brotli
import pytest
import zstandard
from werkzeug.test import Client, TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from feeds.render import digest
from service.application import Application, CurrentApplication
from service.web import CacheMiddleware, DocumentCache, create_app
from tests.service.web.offices import CATALOGUE, HUBS, SITE, read_sample
from tests.support.newsrooms import Office, draft, later
from tests.support.nginx import Nginx

Ask = Callable[[Office], Client]

ATOM = "/feeds/all.atom"
#: Of the feed "cooperation": its 15 minutes, and its own few seconds.
MAX_AGE = 15 * 60 + 55
LAST_MODIFIED = "Mon, 02 Mar 2026 12:01:00 GMT"


def get(client: Client, path: str = ATOM, **fields: str) -> TestResponse:
    """Ask for *path* with header fields written with underscores."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return client.get(path, headers=headers)


@pytest.mark.parametrize(
    ("feed_format", "media_type"),
    [
        (Format.ATOM, "application/atom+xml; charset=utf-8"),
        (Format.RSS, "application/rss+xml; charset=utf-8"),
        (Format.JSON, "application/feed+json; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("slug", CATALOGUE.feeds)
def test_every_feed_is_served_in_every_format(
    reader: Client, office: Office, slug: str, feed_format: Format, media_type: str
) -> None:
    """RFC 4287 7, RSS 2.0, JSON Feed 1.1: media types. RFC 9110 8.6: Content-Length is true."""
    response = get(reader, f"/feeds/{slug}.{feed_format}")
    document = office.newsstand.document(slug, feed_format)
    assert document is not None
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    assert digest(response.data) == document.digest
    assert response.headers["Content-Length"] == str(len(response.data))
    assert "Content-Encoding" not in response.headers


def test_what_travels_with_a_document(reader: Client) -> None:
    """RFC 9111 5.2, RFC 5861, RFC 9110 12.5.5, Fetch 3.3."""
    headers = get(reader, "/feeds/cooperation.rss").headers
    assert headers["Cache-Control"] == (
        f"public, max-age={MAX_AGE}, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert headers["Vary"] == "Accept-Encoding, Sec-Fetch-Mode"
    assert headers["Last-Modified"] == LAST_MODIFIED
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Expose-Headers"] == "ETag, Link, Last-Modified"
    assert "Set-Cookie" not in headers


def test_a_feed_is_good_as_long_as_it_says_itself(reader: Client, office: Office) -> None:
    """RSS 2.0 <ttl> is max-age in minutes; no two feeds need to be asked for at one moment."""
    ages = {}
    for slug, feed in CATALOGUE.feeds.items():
        response = get(reader, f"/feeds/{slug}.rss")
        [age] = re.findall(r"max-age=(\d+)", response.headers["Cache-Control"])
        [ttl] = re.findall(r"<ttl>(\d+)</ttl>", response.text)
        assert int(age) // 60 == int(ttl) == feed.ttl_minutes
        ages[slug] = int(age) % 60
    assert len(set(ages.values())) == len(ages)


@pytest.mark.parametrize("feed_format", list(Format))
def test_header_and_body_announce_the_same_topic_and_hubs(
    reader: Client, feed_format: Format
) -> None:
    """WebSub 4: the Link header names exactly one self, and each hub."""
    response = get(reader, f"/feeds/all.{feed_format}")
    links = re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers["Link"])
    topic = SITE.topic(ALL, feed_format)
    assert links == [(topic, "self"), *((hub, "hub") for hub in HUBS)]
    body = unescape(response.text)
    assert all(href in body for href, _ in links)


@pytest.mark.parametrize(
    ("accept_encoding", "is_gzip"),
    [
        pytest.param("gzip, deflate", True, id="a reader"),
        pytest.param("gzip, br;q=0.9", True, id="liked best"),
        pytest.param("gzip;q=0.5, identity", False, id="identity liked better"),
        pytest.param("gzip;q=0", False, id="refused"),
        pytest.param("deflate", False, id="what we have not"),
    ],
)
def test_gzip_travels_as_it_is_stored(
    reader: Client, office: Office, accept_encoding: str, is_gzip: bool
) -> None:
    """RFC 9110 8.4 and 12.5.3."""
    document = office.newsstand.document(ALL, Format.ATOM)
    assert document is not None
    response = get(reader, Accept_Encoding=accept_encoding)
    assert response.headers.get("Content-Encoding") == ("gzip" if is_gzip else None)
    expected = document.gzip if is_gzip else gzip.decompress(document.gzip)
    assert response.data == expected
    assert response.headers["Content-Length"] == str(len(expected))
    assert response.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Mode"


def test_nothing_fits_a_client_that_refuses_everything(reader: Client) -> None:
    """RFC 9110 15.5.7."""
    assert get(reader, Accept_Encoding="identity;q=0, deflate").status_code == 406


def test_each_coding_has_its_own_strong_validator(reader: Client) -> None:
    """RFC 9110 8.8.3.3."""
    plain = get(reader).headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]+"', plain)
    for coding in ("gzip", "br", "zstd"):
        coded = get(reader, Accept_Encoding=coding)
        assert coded.headers["Content-Encoding"] == coding
        assert coded.headers["ETag"] == f'{plain[:-1]}-{coding}"'


@pytest.mark.parametrize("feed_format", list(Format))
@pytest.mark.parametrize("path", ["/feeds/all.{}", "/feeds/lessons.{}"])
def test_what_was_coded_is_what_was_published(
    reader: Client, path: str, feed_format: Format
) -> None:
    """RFC 9110 8.4.1: the codings are undone by others than us."""
    address = path.format(feed_format)
    plain = get(reader, address).data
    undo = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": zstandard.ZstdDecompressor().decompress,
    }
    for coding, decompress in undo.items():
        response = get(reader, address, Accept_Encoding=coding)
        assert decompress(response.data) == plain
        assert response.headers["Content-Length"] == str(len(response.data))


def test_who_likes_several_codings_equally_gets_the_fewest_bytes(reader: Client) -> None:
    """RFC 9110 12.5.3 leaves it to us."""
    sizes = {
        coding: len(get(reader, Accept_Encoding=coding).data) for coding in ("br", "zstd", "gzip")
    }
    assert list(sizes) == sorted(sizes, key=sizes.__getitem__)
    chosen = get(reader, Accept_Encoding="gzip, deflate, br, zstd")
    assert len(chosen.data) == min(sizes.values())


@pytest.mark.parametrize("path", [ATOM, "/feeds.opml", "/", "/feeds/all", "/favicon.ico"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_is_get_without_the_body(reader: Client, path: str, coding: str) -> None:
    """RFC 9110 9.3.2."""
    fields = {"Accept-Encoding": coding}
    head, full = reader.head(path, headers=fields), reader.get(path, headers=fields)
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers == full.headers


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_304_repeats_what_the_200_said(reader: Client, coding: str) -> None:
    """RFC 9110 15.4.5."""
    full = get(reader, Accept_Encoding=coding)
    short = get(reader, Accept_Encoding=coding, If_None_Match=full.headers["ETag"])
    assert short.status_code == 304
    assert short.data == b""
    for name in ("ETag", "Cache-Control", "Vary", "Link", "Last-Modified"):
        assert short.headers[name] == full.headers[name]
    for name in ("Content-Type", "Content-Encoding"):
        assert name not in short.headers
    # RFC 9110 8.6: none, or the one of the 200; nginx says that.
    assert short.headers.get("Content-Length") in (None, full.headers["Content-Length"])


def test_a_tag_in_any_dress_is_recognised(reader: Client) -> None:
    """RFC 9110 13.1.2: weak comparison; Apache's -gzip; a list; the other coding."""
    etag = get(reader).headers["ETag"]
    for sent in (f"W/{etag}", f'"x", {etag}', etag[:-1] + '-gzip"', "*"):
        assert get(reader, If_None_Match=sent).status_code == 304
        assert get(reader, If_None_Match=sent, Accept_Encoding="gzip").status_code == 304


def test_a_304_has_the_tag_of_the_200(reader: Client) -> None:
    """RFC 9110 15.4.5. Squid labels what it has with it, whatever coding that is in."""
    etag, coded = (get(reader, Accept_Encoding=each).headers["ETag"] for each in ("", "gzip"))
    response = get(reader, If_None_Match=etag, Accept_Encoding="gzip")
    assert (response.status_code, response.headers["ETag"]) == (304, coded)


def test_a_tag_decides_alone(reader: Client) -> None:
    """RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match."""
    changed = get(reader, If_None_Match='"other"', If_Modified_Since=LAST_MODIFIED)
    assert changed.status_code == 200
    etag = get(reader).headers["ETag"]
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert get(reader, If_None_Match=etag, If_Modified_Since=long_ago).status_code == 304


def test_dates_serve_readers_without_tags(reader: Client) -> None:
    """RFC 9110 13.1.3."""
    response = get(reader, If_Modified_Since=LAST_MODIFIED)
    assert (response.status_code, response.headers["Last-Modified"]) == (304, LAST_MODIFIED)
    assert get(reader, If_Modified_Since="Mon, 02 Mar 2026 12:00:59 GMT").status_code == 200


def test_a_client_that_wants_another_version_gets_none(reader: Client) -> None:
    """RFC 9110 13.1.1 and 15.5.13. nginx gives none to who wants this one, either."""
    assert get(reader, If_Match='"other"').status_code == 412
    is_nginx = isinstance(reader.application, Nginx)
    same = get(reader, If_Match=get(reader).headers["ETag"])
    assert same.status_code == (412 if is_nginx else 200)


def test_query_strings_change_nothing(reader: Client) -> None:
    response = get(reader, f"{ATOM}?utm_source=x&%00=%zz&format=rss")
    assert response.data == get(reader).data


def test_a_browser_may_ask_before_it_asks(reader: Client) -> None:
    """Fetch 4.8: If-None-Match from a script needs a preflight."""
    response = reader.options(ATOM, headers={"Origin": "https://reader.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", ["/feeds/none.atom", "/feeds/all.xml", "/feeds/.atom", "/feeds/"])
def test_what_is_no_document_is_not_found(reader: Client, path: str) -> None:
    assert get(reader, path).status_code == 404


def test_a_feed_before_its_first_edition_asks_for_patience(empty_office: Office, ask: Ask) -> None:
    """RFC 9110 10.2.3 and 15.6.4."""
    response = get(ask(empty_office))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_new_edition_is_served_at_once(empty_office: Office, ask: Ask) -> None:
    """What is kept in process never outlives its edition, and dates never go back."""
    client = ask(empty_office)
    empty_office.publish(now=later(minutes=1))
    before = get(client)
    empty_office.add(*read_sample("arabr-ar.jsonl", limit=1), now=later(minutes=2))
    assert get(client, If_None_Match=before.headers["ETag"]).status_code == 304
    empty_office.publish(now=later(minutes=3))
    after = get(client, If_None_Match=before.headers["ETag"])
    assert after.status_code == 200
    assert "R-Ladies" in after.text
    assert after.last_modified is not None
    assert before.last_modified is not None
    assert after.last_modified - before.last_modified == timedelta(minutes=2)


def test_a_document_is_fetched_once_an_edition(
    empty_office: Office, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between editions a reader costs one small query; the blob is at hand."""
    fetched: list[str] = []
    original = empty_office.newsstand.document

    def counted(slug: str, feed_format: Format) -> object:
        fetched.append(f"{slug}.{feed_format}")
        return original(slug, feed_format)

    monkeypatch.setattr(empty_office.newsstand, "document", counted)
    client = ask(empty_office)
    empty_office.publish(now=later(minutes=1))
    for _ in range(3):
        get(client)
        get(client, Accept_Encoding="gzip")
    assert fetched == ["all.atom"]
    empty_office.add(draft(), now=later(minutes=2))
    empty_office.publish(now=later(minutes=3))
    get(client)
    assert fetched == ["all.atom", "all.atom"]


def test_a_reload_takes_effect_with_the_next_request(empty_office: Office, ask: Ask) -> None:
    """The application asks for catalogue and newsstand anew in each request."""
    client = ask(empty_office)
    empty_office.publish(now=later(minutes=1))
    assert get(client, "/feeds/lessons.atom").status_code == 200
    feeds = [feed for feed in CATALOGUE.feeds.values() if feed.slug != "lessons"]
    described = type(CATALOGUE)(SITE, list(CATALOGUE.categories.values()), feeds)
    empty_office.configure(described, now=later(minutes=2))
    assert get(client, "/feeds/lessons.atom").status_code == 404
    assert get(client).status_code == 200


@pytest.mark.parametrize("path", ["/", ATOM, "/feeds.opml", "/readyz", "/nowhere"])
def test_a_request_reads_the_application_once(office: Office, path: str) -> None:
    reads: list[str] = []

    class Watched(CurrentApplication):
        @property
        def application(self) -> Application:
            reads.append(path)
            return office.application

        @application.setter
        def application(self, given: Application) -> None: ...

    current = Watched(office.application)
    documents = DocumentCache()
    layered = CacheMiddleware(
        create_app(current, documents), current=current, document_cache=documents
    )
    reads.clear()
    Client(layered).get(path, headers={"Accept": "text/html"})
    assert reads == [path]


def test_a_reload_in_the_middle_of_a_request_does_not_split_it(empty_office: Office) -> None:
    """The layer in front finds no edition, a reload comes, and the application answers."""
    before = empty_office.application
    feeds = [feed for slug, feed in before.catalogue.feeds.items() if slug != "lessons"]
    fewer = Catalogue(SITE, list(before.catalogue.categories.values()), feeds)
    documents = DocumentCache()
    application = create_app(empty_office.current, documents)

    def reload_first(environ: dict[str, Any], start: Any) -> Any:
        empty_office.configure(fewer, now=later(minutes=1))
        return application(environ, start)

    layered = CacheMiddleware(reload_first, current=empty_office.current, document_cache=documents)
    client = Client(layered)
    answer = client.get("/feeds/lessons", headers={"Accept": "text/html"})
    assert (answer.status_code, "دروس" in answer.text) == (200, True)
    assert client.get("/feeds/lessons", headers={"Accept": "text/html"}).status_code == 404


def test_no_answer_dates_a_document_later_than_itself(empty_office: Office, ask: Ask) -> None:
    """RFC 9110 8.8.2.1. Several editions in one second are dated ahead, a second each."""
    empty_office.publish(now=datetime.now(UTC) + timedelta(minutes=5))
    reader = ask(empty_office)
    for fields in ({}, {"If_Modified_Since": LAST_MODIFIED}):
        response = get(reader, **fields)
        assert response.status_code == 200
        assert response.last_modified is None or response.last_modified <= datetime.now(UTC)
