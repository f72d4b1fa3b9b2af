"""One table of requests, asked of each layer that answers readers: all answer alike.

RFC 9110, by section. In the fields, ``{etag}`` is the entity tag of the document without a coding,
``{revision}`` the same without its quotes, ``{size}`` its length.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest
from werkzeug.test import Client, TestResponse

from feeds.model.feed import Format
from service.web import CacheMiddleware, DocumentCache
from tests.service.web.offices import CATALOGUE, SITE, ask_application, ask_memory
from tests.support.newsrooms import Office
from tests.support.nginx import Nginx

ATOM = "/feeds/all.atom"
VARY = "Accept-Encoding, Sec-Fetch-Mode"
OPENED = {"Sec-Fetch-Mode": "navigate"}
PAGE = f"{SITE.base_url}/feeds/all"
#: The way to the page: nobody in between may keep it, and nothing says since when it is so.
TO_PAGE = {"Location": PAGE, "Cache-Control": "private, no-store", "Vary": VARY, "ETag": None,
           "Last-Modified": None, "Content-Encoding": None}  # fmt: skip
LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"
LAST_MODIFIED = "Mon, 02 Mar 2026 12:01:00 GMT"
READER = "application/atom+xml, application/rss+xml;q=0.9, */*;q=0.1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request, and what its answer has to be."""

    name: str
    status: int
    method: str = "GET"
    path: str = ATOM
    fields: dict[str, str] = field(default_factory=dict)
    #: What header fields say; None for one that is not to be there.
    told: dict[str, str | None] = field(default_factory=dict)


ROWS = [
    Row(name="9.3.1 a GET", status=200, told={"Content-Length": "{size}", "ETag": "{etag}"}),
    Row(name="9.3.2 a HEAD", status=200, method="HEAD", told={"Content-Length": "{size}"}),
    Row(name="12.5.3 gzip", status=200, fields={"Accept-Encoding": "gzip"},
        told={"Content-Encoding": "gzip", "ETag": '"{revision}-gzip"', "Vary": VARY}),
    Row(name="12.5.3 br by weight", status=200, fields={"Accept-Encoding": "gzip;q=0.5, br"},
        told={"Content-Encoding": "br", "ETag": '"{revision}-br"'}),
    Row(name="12.5.3 zstd", status=200, fields={"Accept-Encoding": "zstd"},
        told={"Content-Encoding": "zstd", "ETag": '"{revision}-zstd"'}),
    Row(name="12.5.3 identity refused", status=200, fields={"Accept-Encoding": "identity;q=0, *"},
        told={"Content-Encoding": "br"}),
    Row(name="12.5.3 all refused", status=406, fields={"Accept-Encoding": "*;q=0"},
        told={"Cache-Control": "no-store", "ETag": None}),
    Row(name="12.5.3 a bomb", status=200, fields={"Accept-Encoding": "gzip;q=0.5," * 6000},
        told={"Content-Encoding": None}),
    Row(name="13.1.2 held", status=304, fields={"If-None-Match": "{etag}"},
        told={"ETag": "{etag}", "Vary": VARY, "Last-Modified": LAST_MODIFIED,
              "Content-Length": None, "Content-Type": None}),
    Row(name="13.1.2 held, HEAD", status=304, method="HEAD", fields={"If-None-Match": "{etag}"}),
    Row(name="13.1.2 held, weak", status=304, fields={"If-None-Match": "W/{etag}"}),
    Row(name="13.1.2 held, in a list", status=304, fields={"If-None-Match": '"x", {etag}, "y"'}),
    Row(name="13.1.2 held in another coding", status=304,
        fields={"If-None-Match": '"{revision}-br"', "Accept-Encoding": "gzip"},
        told={"ETag": '"{revision}-gzip"'}),
    Row(name="13.1.2 held in another coding, HEAD", status=304, method="HEAD",
        fields={"If-None-Match": '"{revision}-br"', "Accept-Encoding": "zstd"},
        told={"ETag": '"{revision}-zstd"'}),
    Row(name="13.1.2 any coding held, quotes lost", status=304,
        fields={"If-None-Match": "x, {revision}-br", "Accept-Encoding": "gzip"},
        told={"ETag": '"{revision}-gzip"'}),
    Row(name="13.1.2 anything held, gzip", status=304,
        fields={"If-None-Match": "*", "Accept-Encoding": "gzip"},
        told={"ETag": '"{revision}-gzip"'}),
    Row(name="13.1.3 since, gzip", status=304,
        fields={"If-Modified-Since": LAST_MODIFIED, "Accept-Encoding": "gzip"},
        told={"ETag": '"{revision}-gzip"'}),
    Row(name="13.1.2 held, as a proxy calls it", status=304,
        fields={"If-None-Match": 'W/"{revision};gzip"'}),
    Row(name="13.1.2 anything held", status=304, fields={"If-None-Match": "*"}),
    Row(name="13.1.2 not held", status=200, fields={"If-None-Match": '"x"'}),
    Row(name="13.1.2 a kilometre of tags", status=200, fields={"If-None-Match": '"x",' * 16_000}),
    Row(name="13.1.2 at its end", status=304,
        fields={"If-None-Match": '"x",' * 16_000 + "{etag}"}),
    Row(name="13.1.2 odd bytes", status=200, fields={"If-None-Match": "\xff\xfe\x80"}),
    Row(name="13.1.3 since", status=304, fields={"If-Modified-Since": LAST_MODIFIED},
        told={"Last-Modified": LAST_MODIFIED}),
    Row(name="13.1.3 since long ago", status=200, fields={"If-Modified-Since": LONG_AGO}),
    Row(name="13.1.3 ignored beside a tag", status=200,
        fields={"If-Modified-Since": LAST_MODIFIED, "If-None-Match": '"x"'}),
    Row(name="13.1.1 this version", status=200, fields={"If-Match": "{etag}"}),
    Row(name="13.1.1 any version", status=200, fields={"If-Match": "*"}),
    Row(name="13.1.1 another version", status=412, fields={"If-Match": '"x"'},
        told={"Cache-Control": "no-store"}),
    Row(name="13.1.1 weak", status=412, fields={"If-Match": "W/{etag}"}),
    Row(name="13.1.4 unmodified", status=200, fields={"If-Unmodified-Since": LAST_MODIFIED}),
    Row(name="13.1.4 modified", status=412, fields={"If-Unmodified-Since": LONG_AGO}),
    Row(name="13.1.4 no date", status=200, fields={"If-Unmodified-Since": "yesterday"}),
    Row(name="13.2.2 If-Unmodified-Since first", status=412,
        fields={"If-Unmodified-Since": LONG_AGO, "If-None-Match": "{etag}"}),
    Row(name="13.2.2 If-Match first", status=412,
        fields={"If-Match": '"x"', "If-None-Match": "{etag}"}),
    Row(name="13.2.2 If-None-Match before Range", status=304,
        fields={"If-None-Match": "{etag}", "Range": "bytes=0-9"}),
    Row(name="14.2 a part", status=206, fields={"Range": "bytes=0-9"},
        told={"Content-Range": "bytes 0-9/{size}", "Content-Length": "10", "ETag": "{etag}"}),
    Row(name="14.2 the end", status=206, fields={"Range": "bytes=-1"},
        told={"Content-Length": "1"}),
    Row(name="14.2 not on HEAD", status=200, method="HEAD", fields={"Range": "bytes=0-9"},
        told={"Content-Length": "{size}", "Content-Range": None}),
    Row(name="14.2 several parts", status=200, fields={"Range": "bytes=0-1,4-5"}),
    Row(name="14.2 unknown unit", status=200, fields={"Range": "items=0-1"}),
    Row(name="14.1.2 the last before the first", status=200, fields={"Range": "bytes=9-3"}),
    Row(name="14.1.1 the last none", status=416, fields={"Range": "bytes=-0"}),
    Row(name="14.2 more than there is", status=206, fields={"Range": "bytes=5-99999999"}),
    Row(name="14.2 malformed", status=200, fields={"Range": "bytes=nine"}),
    Row(name="15.5.17 behind the end", status=416, fields={"Range": "bytes=99999999-"},
        told={"Content-Range": "bytes */{size}", "Cache-Control": "no-store"}),
    Row(name="13.1.5 the rest of this", status=206,
        fields={"Range": "bytes=5-", "If-Range": "{etag}"}),
    Row(name="13.1.5 weak", status=200, fields={"Range": "bytes=5-", "If-Range": "W/{etag}"}),
    Row(name="13.1.5 of another", status=200, fields={"Range": "bytes=5-", "If-Range": '"x"'}),
    Row(name="13.1.5 by date", status=200,
        fields={"Range": "bytes=5-", "If-Range": LAST_MODIFIED}),
    Row(name="12.5.1 a reader", status=200, path="/feeds/all", fields={"Accept": READER},
        told={"Content-Type": "application/atom+xml; charset=utf-8", "ETag": "{etag}",
              "Content-Location": f"{SITE.base_url}{ATOM}", "Vary": "Accept, Accept-Encoding"}),
    Row(name="12.5.1 a reader that holds it", status=304, path="/feeds/all",
        fields={"Accept": READER, "If-None-Match": "{etag}"},
        told={"Content-Location": f"{SITE.base_url}{ATOM}", "Vary": "Accept, Accept-Encoding"}),
    Row(name="12.5.1 RSS", status=200, path="/feeds/all",
        fields={"Accept": "application/rss+xml, */*;q=0.5"},
        told={"Content-Location": f"{SITE.base_url}/feeds/all.rss"}),
    Row(name="12.5.1 JSON Feed", status=200, path="/feeds/all",
        fields={"Accept": "application/feed+json"},
        told={"Content-Location": f"{SITE.base_url}/feeds/all.json"}),
    Row(name="12.5.1 JSON Feed by weight", status=200, path="/feeds/all",
        fields={"Accept": "application/atom+xml;q=0.25, application/feed+json;q=0.3, text/*;q=0.1"},
        told={"Content-Location": f"{SITE.base_url}/feeds/all.json"}),
    Row(name="12.5.1 no page", status=200, path="/feeds/all",
        fields={"Accept": "*/*, text/html;q=0"},
        told={"Content-Location": f"{SITE.base_url}{ATOM}"}),
    Row(name="12.5.1 a browser", status=200, path="/feeds/all", fields={"Accept": BROWSER},
        told={"Content-Type": "text/html; charset=utf-8", "Content-Location": None,
              "Vary": "Accept, Accept-Encoding"}),
    Row(name="12.5.1 the suffix decides", status=200, fields={"Accept": "text/html"},
        told={"Content-Type": "application/atom+xml; charset=utf-8", "Content-Location": None,
              "Vary": VARY}),
    Row(name="15.4.4 opened in a browser", status=303, fields={**OPENED, "Accept": BROWSER},
        told=TO_PAGE),
    Row(name="15.4.4 opened in a browser, RSS", status=303, path="/feeds/all.rss", fields=OPENED,
        told=TO_PAGE),
    Row(name="15.4.4 opened in a browser, JSON Feed", status=303, path="/feeds/all.json",
        fields=OPENED, told=TO_PAGE),
    Row(name="15.4.4 opened in a browser, HEAD", status=303, method="HEAD", fields=OPENED,
        told=TO_PAGE),
    Row(name="15.4.4 opened in a frame", status=303, fields={**OPENED, "Sec-Fetch-Dest": "iframe"},
        told=TO_PAGE),
    Row(name="15.4.4 opened with a query of others", status=303, path=f"{ATOM}?utm=raw&rawer",
        fields=OPENED, told=TO_PAGE),
    Row(name="13.2.1 opened, and held", status=303, fields={**OPENED, "If-None-Match": "{etag}"},
        told=TO_PAGE),
    Row(name="13.2.1 opened, and held since", status=303,
        fields={**OPENED, "If-Modified-Since": LAST_MODIFIED}, told=TO_PAGE),
    Row(name="13.2.1 opened, with a condition that fails", status=303,
        fields={**OPENED, "If-Match": '"x"'}, told=TO_PAGE),
    Row(name="13.2.1 opened, a part", status=303, fields={**OPENED, "Range": "bytes=0-9"},
        told=TO_PAGE),
    Row(name="12.5.3 opened, all codings refused", status=303,
        fields={**OPENED, "Accept-Encoding": "*;q=0"}, told=TO_PAGE),
    Row(name="12.1 opened as it is", status=200, path=f"{ATOM}?raw",
        fields={**OPENED, "Accept": BROWSER, "Accept-Encoding": "gzip"},
        told={"Content-Type": "application/atom+xml; charset=utf-8", "ETag": '"{revision}-gzip"',
              "Vary": "Accept-Encoding", "Last-Modified": LAST_MODIFIED}),
    Row(name="12.1 opened as it is, and held", status=304, path=f"{ATOM}?utm_source=x&raw=1",
        fields={**OPENED, "If-None-Match": "{etag}"},
        told={"ETag": "{etag}", "Vary": "Accept-Encoding"}),
    Row(name="12.1 opened as it is, HEAD", status=200, path=f"{ATOM}?raw", method="HEAD",
        fields=OPENED, told={"Vary": "Accept-Encoding", "Content-Length": "{size}"}),
    Row(name="12.1 opened as it is, a part", status=206, path=f"{ATOM}?raw",
        fields={**OPENED, "Range": "bytes=0-9"}, told={"Vary": "Accept-Encoding"}),
    Row(name="12.1 fetched as it is", status=200, path=f"{ATOM}?raw",
        told={"ETag": "{etag}", "Vary": "Accept-Encoding"}),
    Row(name="12.1 raw in the path", status=404, path=f"{ATOM}%3Fraw", fields=OPENED),
    *(Row(name=f"12.1 not opened but {mode!r}", status=200, fields={"Sec-Fetch-Mode": mode},
          told={"ETag": "{etag}", "Vary": VARY})
      for mode in ("cors", "no-cors", "same-origin", "navigate, navigate", "Navigate", "x", "")),
    Row(name="12.1 a reader in a browser", status=304,
        fields={"Sec-Fetch-Mode": "cors", "If-None-Match": "{etag}"}, told={"Vary": VARY}),
    Row(name="12.1 a frame that a script fetches", status=200,
        fields={"Sec-Fetch-Dest": "document"}, told={"Vary": VARY}),
    Row(name="12.5.1 a page that is opened", status=200, path="/feeds/all",
        fields={**OPENED, "Accept": BROWSER},
        told={"Content-Type": "text/html; charset=utf-8", "Vary": "Accept, Accept-Encoding"}),
    Row(name="12.5.1 a page that is opened for a format", status=200, path="/feeds/all",
        fields={**OPENED, "Accept": READER}, told={"ETag": "{etag}"}),
    Row(name="15.5.5 no such feed, opened", status=404, path="/feeds/none.atom", fields=OPENED),
    Row(name="15.5.5 no such spelling, opened", status=404, path="/feeds/ALL.atom", fields=OPENED),
    Row(name="15.5.6 a POST, opened", status=405, method="POST", fields=OPENED),
    Row(name="15.5.6 a POST", status=405, method="POST"),
    Row(name="15.5.6 a DELETE", status=405, method="DELETE", path="/feeds/all"),
    Row(name="15.5.6 a method of nobody's", status=405, method="BREW"),
    Row(name="15.5.5 no such feed", status=404, path="/feeds/none.atom", told={"ETag": None}),
    Row(name="15.5.5 no such format", status=404, path="/feeds/all.xml"),
    Row(name="RFC 3986 3.4 a query of others", status=200, path=f"{ATOM}?utm_source=x&%00=%zz",
        told={"ETag": "{etag}", "Content-Length": "{size}"}),
]  # fmt: skip

#: What nginx over an export answers otherwise, and cannot be taught; docs/export.md tells why.
OTHERWISE_IN_NGINX = {
    # RFC 9110 8.6 allows it: it is the length that the 200 would have.
    "13.1.2 held": Row(name="13.1.2 held", status=304, told={"Content-Length": "{size}"}),
    # It compares with its own tag, of which there is none.
    "13.1.1 this version": Row(name="13.1.1 this version", status=412),
    "13.1.4 no date": Row(name="13.1.4 no date", status=412),
    # Dates are compared by nginx itself, after the maps have decided on tags.
    "13.2.2 If-Unmodified-Since first": Row(name="13.2.2 If-Unmodified-Since first", status=304),
}

#: Which of them the memory answers by itself; pages and problems are the application's.
DOCUMENTS = [
    row
    for row in ROWS
    if row.status in (200, 206, 304) and "text/html" not in (row.told.get("Content-Type") or "")
]


def in_nginx(row: Row) -> Row:
    """The row with what nginx is known to answer."""
    other = OTHERWISE_IN_NGINX.get(row.name, row)
    return replace(row, status=other.status, told={**row.told, **other.told})


def by_name(row: Row) -> str:
    return row.name


class Asking:
    """Asks for rows, with what the table leaves open filled in."""

    def __init__(self, client: Client, office: Office) -> None:
        self._client = client
        document = office.newsstand.document("all", Format.ATOM)
        assert document is not None
        digest = document.digest
        self._known = {
            "{etag}": f'"{digest}"', "{revision}": digest, "{size}": str(document.size_bytes)
        }  # fmt: skip

    def fill(self, text: str | None) -> str | None:
        """Write the document's own values into a text."""
        for name, value in self._known.items():
            text = None if text is None else text.replace(name, value)
        return text

    def __call__(self, row: Row) -> TestResponse:
        fields = {name: self.fill(value) or "" for name, value in row.fields.items()}
        return self._client.open(row.path, method=row.method, headers=fields)


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_request_gets_its_answer(reader: Client, office: Office, row: Row) -> None:
    asking = Asking(reader, office)
    row = in_nginx(row) if isinstance(reader.application, Nginx) else row
    response = asking(row)
    if row.method == "BREW" and response.status_code == 400:
        return  # over the wire, what is no method of HTTP's is no request
    assert response.status_code == row.status
    for name, value in row.told.items():
        assert response.headers.get(name) == asking.fill(value), name
    if row.status == 405:
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if row.status != 405:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers
    if row.method == "HEAD" or row.status == 304:
        assert response.data == b""
    elif row.status < 300:
        assert len(response.data) == int(response.headers["Content-Length"])


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_both_layers_answer_alike(office: Office, closing: ExitStack, row: Row) -> None:
    """Every byte, and every header field but the order in which a 405 names the methods."""
    layers = (ask_application, ask_memory)
    plain, quick = (Asking(ask(office, closing), office)(row) for ask in layers)
    assert quick.status_code == plain.status_code
    for response in (quick, plain):
        response.headers.pop("Allow", None)
    assert sorted(quick.headers) == sorted(plain.headers)
    assert quick.data == plain.data


@pytest.mark.parametrize("row", DOCUMENTS, ids=by_name)
def test_no_document_enters_the_application(office: Office, row: Row) -> None:
    def application(*_: object) -> list[bytes]:
        pytest.fail("the application was entered")

    client = Client(
        CacheMiddleware(application, current=office.current, document_cache=DocumentCache())
    )
    asking = Asking(client, office)
    first, again = asking(row), asking(row)
    assert (first.status, first.headers, first.data) == (again.status, again.headers, again.data)


@pytest.mark.parametrize("slug", CATALOGUE.feeds)
@pytest.mark.parametrize("feed_format", list(Format))
def test_a_chosen_document_is_the_one_with_the_suffix(
    reader: Client, slug: str, feed_format: Format
) -> None:
    """RFC 9110 8.7; WebSub 4: the topic is the address of the document itself."""
    chosen = reader.get(f"/feeds/{slug}", headers={"Accept": feed_format.media_type})
    own = reader.get(f"/feeds/{slug}.{feed_format}")
    assert chosen.data == own.data
    for name in ("ETag", "Last-Modified", "Content-Type", "Link", "Cache-Control"):
        assert chosen.headers[name] == own.headers[name]
    topic = SITE.topic(slug, feed_format)
    assert chosen.headers["Content-Location"] == topic
    assert f'<{topic}>; rel="self"' in chosen.headers["Link"]
