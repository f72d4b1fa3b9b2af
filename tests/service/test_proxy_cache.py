"""A real cache before the real service stays right through new editions (RFC 9111).

It is nginx; where browsers and readers share one, Varnish as well.
"""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import brotli
import pytest
from werkzeug.test import Client, TestResponse

from tests.support.nginx import Nginx, running_nginx
from tests.support.running_service import Service, document, running, wait_until
from tests.support.varnish import varnish_before
from tests.support.wire_server import Forwarded

JSON = "/feeds/all.json"

#: nginx counts in whole seconds, and one that has begun still counts.
OVER_S = 2.1

#: One second, whatever the service says: a test cannot wait for a minute.
SHORT = """
        proxy_ignore_headers Cache-Control Expires;
        proxy_cache_valid 200 1s;
"""

CACHE = """
    proxy_cache_path {folder} keys_zone=press:1m use_temp_path=off;
"""

BEFORE_SERVICE = """
    location / {{
        proxy_pass {url};
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_cache press;
        proxy_cache_revalidate on;
        proxy_cache_lock on;
        add_header X-Cache $upstream_cache_status always;
        {life}
    }}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a release, and with those that tests published before."""
    configured = Service(folder=tmp_path_factory.mktemp("newsroom"))
    configured.drop("first.txt", document("The first", "Finance"))
    with running(configured) as started:
        wait_until(lambda: started.titles() == ["The first"])
        wait_until_dated(started)
        yield started


@pytest.fixture
def cache_folder() -> Iterator[str]:
    with TemporaryDirectory(prefix="cache") as name:
        Path(name).chmod(0o777)
        yield name


def nginx_before(service: Service, folder: str, life: str) -> "Iterator[Nginx]":
    server = BEFORE_SERVICE.format(url=service.base_url, life=life)
    with running_nginx(http=CACHE.format(folder=folder), server=server) as nginx:
        yield nginx


@pytest.fixture
def short(service: Service, cache_folder: str) -> Iterator[Client]:
    """A client of a cache that keeps what it has for a second."""
    for nginx in nginx_before(service, cache_folder, SHORT):
        yield Client(nginx, use_cookies=False)


@pytest.fixture
def patient(service: Service, cache_folder: str) -> Iterator[Client]:
    """A client of a cache that does as Cache-Control says."""
    for nginx in nginx_before(service, cache_folder, ""):
        yield Client(nginx, use_cookies=False)


def get(client: Client, coding: str = "identity", **fields: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return client.get(JSON, headers={"Accept-Encoding": coding, **named})


def titles(answer: TestResponse) -> list[str]:
    """The titles in an answer, whatever its coding."""
    plain = {"gzip": gzip.decompress, "br": brotli.decompress}
    coding = answer.headers.get("Content-Encoding")
    body = plain[coding](answer.data) if coding else answer.data
    return [item["title"] for item in json.loads(body)["items"]]


def publish(service: Service, title: str) -> None:
    """Publish a release, and wait until the service has it, and a date for its document."""
    service.drop(f"{title}.txt", document(title, "Finance", published="2026-01-06T09:00:00+00:00"))
    wait_until(lambda: title in service.titles())
    wait_until_dated(service)


def wait_until_dated(service: Service) -> None:
    """One that is dated ahead has no date until that comes."""
    wait_until(lambda: "last-modified" in service.get(JSON).headers)


def test_each_client_gets_its_own_coding(service: Service, short: Client) -> None:
    """RFC 9111 4.1: Vary tells the cache which of the stored answers fits."""
    for _ in range(2):
        for coding, told in (("gzip", "gzip"), ("br", "br"), ("identity", None)):
            answer = get(short, coding)
            assert answer.headers.get("Content-Encoding") == told
            assert answer.headers["ETag"].endswith(f'-{told}"' if told else '"')
            assert titles(answer) == service.titles()
            assert answer.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Mode"


def test_an_edition_that_is_still_current_is_not_sent_again(short: Client) -> None:
    """RFC 9111 4.3: the cache asks by the entity tag, and a 304 freshens what it has."""
    first = get(short, "gzip")
    wait_until(lambda: get(short, "gzip").headers["X-Cache"] == "REVALIDATED")
    again = get(short, "gzip")
    assert again.headers["X-Cache"] in ("HIT", "REVALIDATED")
    for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Link", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.data == first.data


def test_a_new_edition_comes_through_when_the_old_ones_time_is_over(
    service: Service, short: Client
) -> None:
    before = {coding: get(short, coding) for coding in ("gzip", "br", "identity")}
    publish(service, "News for all codings")
    time.sleep(OVER_S)
    for coding, old in before.items():
        # After its time the old one is shown to nobody: the next answer is the new one at once.
        after = get(short, coding)
        assert titles(after) == service.titles()
        assert set(titles(after)) - set(titles(old)) == {"News for all codings"}
        assert after.headers["ETag"] != old.headers["ETag"]
        own = service.get(JSON, Accept_Encoding=coding)
        assert after.data == own.body
        for name in ("ETag", "Last-Modified", "Link", "Cache-Control"):
            assert after.headers[name] == own.headers[name.lower()]


def test_who_holds_the_edition_gets_a_304_from_the_cache(service: Service, short: Client) -> None:
    held = get(short, "gzip").headers["ETag"]
    assert get(short, "gzip", If_None_Match=held).status_code == 304
    publish(service, "News for who holds the edition")
    time.sleep(OVER_S)
    answer = get(short, "gzip", If_None_Match=held)
    assert (answer.status_code, titles(answer)) == (200, service.titles())
    assert "News for who holds the edition" in titles(answer)
    assert get(short, "gzip", If_None_Match=answer.headers["ETag"]).status_code == 304


def test_through_many_editions_bodies_and_tags_belong_together(
    service: Service, short: Client
) -> None:
    """No coding of one edition is ever told under the tag of another."""
    bodies: dict[str, bytes] = {}
    plain: dict[str, list[str]] = {}
    for number in range(4):
        publish(service, f"Number {number}")
        deadline = time.monotonic() + OVER_S
        while time.monotonic() < deadline:
            for coding in ("gzip", "br", "identity"):
                answer = get(short, coding)
                etag = answer.headers["ETag"]
                assert bodies.setdefault(etag, answer.data) == answer.data
                revision = etag.strip('"').partition("-")[0]
                assert plain.setdefault(revision, titles(answer)) == titles(answer)
    assert len(plain) >= 3


def test_within_its_time_an_answer_comes_from_the_cache(service: Service, patient: Client) -> None:
    """RFC 9111 4.2: so long Cache-Control allows, and the service is not asked."""
    first = get(patient, "gzip")
    assert first.headers["X-Cache"] == "MISS"
    publish(service, "News that has to wait")
    again = get(patient, "gzip")
    assert (again.headers["X-Cache"], again.data) == ("HIT", first.data)
    assert "max-age=" in again.headers["Cache-Control"]


def test_problems_are_not_kept(patient: Client) -> None:
    """RFC 9111 5.2.2.5: no-store."""
    for _ in range(2):
        answer = patient.get("/feeds/none.atom")
        assert (answer.status_code, answer.headers["X-Cache"]) == (404, "MISS")


def test_a_feed_can_be_had_while_the_service_is_down(service: Service, patient: Client) -> None:
    first = get(patient)
    service.stop()
    try:
        assert get(patient).data == first.data
    finally:
        service.start()


OPENED = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html,*/*;q=0.8"}


@pytest.fixture(params=["nginx", "varnish"])
def shared(request: pytest.FixtureRequest, service: Service, cache_folder: str) -> Iterator[Client]:
    """A client of a cache that many share, as it comes."""
    if request.param == "nginx":
        for nginx in nginx_before(service, cache_folder, ""):
            yield Client(nginx, use_cookies=False)
    else:
        with varnish_before(service.port) as port:
            yield Client(Forwarded(port), use_cookies=False)


@pytest.mark.parametrize("first", ["reader", "browser"])
def test_browsers_and_readers_share_a_cache(service: Service, shared: Client, first: str) -> None:
    """Whoever comes first: the reader has the document from the cache, the browser its way."""
    if first == "browser":
        assert shared.get(JSON, headers=OPENED).status_code == 303
    whole = get(shared)
    assert (whole.status_code, whole.headers["X-Cache"]) == (200, "MISS")
    for _ in range(2):
        opened = shared.get(JSON, headers=OPENED)
        assert opened.status_code == 303
        # nginx puts its own host in the place of the service's.
        assert opened.headers["Location"].endswith("/feeds/all")
        assert opened.headers["X-Cache"] == "MISS"
        again = get(shared)
        assert (again.status_code, again.headers["X-Cache"]) == (200, "HIT")
        assert again.data == whole.data
    held = get(shared, If_None_Match=whole.headers["ETag"])
    assert (held.status_code, held.headers["X-Cache"]) == (304, "HIT")
    assert shared.get(f"{JSON}?raw", headers=OPENED).data == whole.data
