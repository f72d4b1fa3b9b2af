"""Requests that nobody honest sends: a clean 4xx, never a 500, never a wait."""

import time

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from tests.support.nginx import Nginx

LONG = 64 * 1024

FIELDS = ["Accept", "Accept-Encoding", "If-None-Match", "If-Match", "If-Modified-Since", "Range"]
ODD = {
    "blanks": " " * LONG + "x",
    "commas": "," * LONG,
    "quotes": '"' * LONG,
    "never closed": '"' + "a" * LONG,
    "tags": '"a",' * (LONG // 4),
    "weights": "gzip;q=0.5," * (LONG // 11),
    "types": "text/html;level=1," * (LONG // 18),
    "semicolons": "a" + ";" * LONG,
    "letters": "x" * LONG,
    "not ASCII": "\xff\xfe\x80" * 100,
    "weak": "W/" * (LONG // 2),
    "a blank": " ",
    "digits": "bytes=0-" + "9" * 5000,
}

PATHS = [
    "/feeds/%00",
    "/feeds/%00.atom",
    "/feeds/all%00.atom",
    "/feeds/..",
    "/feeds/../feeds/none.atom",
    "/feeds/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/feeds/..%2f..%2fetc%2fpasswd.atom",
    "/feeds/%5c..%5cwindows.atom",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/%2e%2e%2fapp.py",
    "/static/newsroom.css",
    "/static/",
    "/releases/%00",
    "/releases/%ff%fe",
    "/releases/%ed%a0%80",
    "/releases/%0d%0aSet-Cookie:%20a=b",
    "/releases/'%20OR%201=1--",
    "/releases/" + "a" * 5000,
    "/releases/" + "%E2%80%AE" * 50,
    "//feeds/all.atom",
    "/feeds//all.atom",
    "/feeds/all.atom/",
    "/feeds/ALL.ATOM",
    "/{{7*7}}",
]


#: It goes up a folder before it looks, as RFC 3986 5.2.4 has it, but never out of the site, and
#: says that a NUL is no request at all.
IN_NGINX = {"/feeds/..": (200,)}


@pytest.mark.parametrize("path", PATHS)
def test_an_odd_address_is_not_found(reader: Client, path: str) -> None:
    is_nginx = isinstance(reader.application, Nginx)
    for accept in ("*/*", "text/html", "application/atom+xml"):
        response = reader.get(path, headers={"Accept": accept})
        assert response.status_code in (IN_NGINX.get(path, (400, 404)) if is_nginx else (404,))
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["/feeds/all.atom", "/feeds/all", "/none"])
def test_an_odd_field_is_borne(reader: Client, path: str) -> None:
    for field in FIELDS:
        for kind, value in ODD.items():
            started = time.perf_counter()
            response = reader.get(path, headers={field: value})
            took_s = time.perf_counter() - started
            assert response.status_code in {200, 206, 404, 412}, (field, kind)
            assert took_s < 1, (field, kind)


def test_a_year_of_eleven_digits_is_no_date(client: FlaskClient) -> None:
    """RFC 9110 13.1.3. Werkzeug's own reading raises OverflowError here."""
    fields = {"If-Modified-Since": "Mon, 01 Jan 99999999999 00:00:00 GMT"}
    assert client.get("/feeds/all.atom", headers=fields).status_code == 200


@pytest.mark.parametrize("letter", ["\x00", "\n", "\x7f"])
def test_no_control_character_reaches_the_store(client: FlaskClient, letter: str) -> None:
    """PostgreSQL raises on a NUL in a text parameter: SQLite alone would bear it."""
    addresses = client.application.url_map.bind("news.example.org")
    assert addresses.test("/releases/a-b")
    assert not addresses.test(f"/releases/a{letter}b")
    assert not addresses.test(f"/feeds/a{letter}b.atom")


@pytest.mark.parametrize("host", ["", "a b", "evil.example", "x" * 300, "[::1", "a:b:c"])
def test_the_host_that_a_client_names_means_nothing(client: FlaskClient, host: str) -> None:
    """Addresses come from the configuration: no cache can be poisoned with another host."""
    response = client.get("/", headers={"Host": host, "X-Forwarded-Host": "evil.example"})
    assert response.status_code in {200, 400}
    assert "evil.example" not in response.text


def test_an_address_with_an_escaped_letter_is_the_same_address(reader: Client) -> None:
    """RFC 3986 6.2.2.2: an unreserved character and its escape are one."""
    assert reader.get("/feeds/%61ll%2Eatom").data == reader.get("/feeds/all.atom").data
