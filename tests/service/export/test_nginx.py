"""nginx over an export, beside the table of requests that it shares with the service."""

import re
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format, Window
from service.export import ExportResult, ExportRun, Folder
from service.http_rules import choose_coding, choose_type
from service.web import CacheMiddleware, DocumentCache, create_app
from service.web.encoded_variants import SMALLEST_FIRST
from tests.service.export.conftest import Export, by_result
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.history import rebuilt
from tests.support.hub_rooms import HubRoom
from tests.support.newsrooms import Office, draft, later
from tests.support.nginx import Nginx, over_export
from tests.support.pictures import PNG
from tests.support.wire_server import make_server, port_of, running

ATOM = "/feeds/all.atom"

ROOT = Path(__file__).parents[3]


def test_a_new_edition_is_served_without_a_reload(
    office: Office, export: Export, root: Path
) -> None:
    export()
    with over_export(root) as nginx:
        client = Client(nginx)
        before = client.get(ATOM).headers["ETag"]
        office.add(draft("id:3", title="One more"), now=later(minutes=1))
        office.publish(now=later(minutes=1))
        export()
        document = office.newsstand.document(ALL, Format.ATOM)
        assert document is not None
        after = client.get(ATOM, headers={"If-None-Match": before, "Accept-Encoding": "gzip"})
        assert after.status_code == 200
        assert after.headers["ETag"] == f'"{document.digest}-gzip"' != before
        assert after.data == document.gzip
        assert "emerg" not in nginx.complaints


def test_the_configuration_changes_with_the_newsrooms_alone(office: Office, root: Path) -> None:
    """So nginx has to be reloaded when ops changed something, and not for an edition."""

    def is_reload_due() -> bool:
        run = ExportRun(
            office.application, Folder(root, site_url=SITE.base_url), create_app(office.current)
        )
        list(run.outcomes())
        return run.is_reload_due

    assert is_reload_due()
    office.add(draft("id:3", title="One more"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    assert not is_reload_due()


def test_nginx_has_nothing_to_complain_of(export: Export, root: Path) -> None:
    export()
    with over_export(root) as nginx:
        client = Client(nginx)
        for path in (ATOM, "/", "/none", "/feeds/none.atom", "/feeds/all.html", "/index.html"):
            client.get(path)
        assert nginx.complaints == ""


@pytest.mark.parametrize(
    "path",
    ["/.communique/problem", "/.communique/dated-whole", "/index.html", "/feeds/all.html",
     "/communique-export.json", "/nginx/http.conf", "/feeds/all.atom.gz", "/feeds", "/feeds/",
     "/versions", "/profiles.json"],
)  # fmt: skip
def test_nothing_but_the_public_addresses_is_there(export: Export, root: Path, path: str) -> None:
    export()
    with over_export(root) as nginx:
        assert Client(nginx).get(path).status_code == 404


def test_a_base_url_with_a_path_needs_one_line(office: Office, root: Path) -> None:
    """As docs/export.md has it; links between the exported pages have the path."""
    site = replace(SITE, base_url=f"{SITE.base_url}/press")
    described = Catalogue(site, list(CATALOGUE.categories.values()), list(CATALOGUE.feeds.values()))
    office.configure(described, now=later(minutes=1))
    office.publish(now=later(minutes=2))
    list(ExportRun(office.application, Folder(root, site_url=site.base_url),
                   create_app(office.current)).outcomes())  # fmt: skip
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    [line] = re.findall(r"^ +rewrite .*$", page, re.MULTILINE)
    with over_export(root, before=line) as nginx:
        client = Client(nginx, use_cookies=False)
        assert b'href="/press/feeds/all"' in client.get("/press/").data
        assert f'href="{site.base_url}{ATOM}"' in client.get(f"/press{ATOM}").text
        opened = client.get(f"/press{ATOM}", headers={"Sec-Fetch-Mode": "navigate"})
        assert (opened.status_code, opened.headers["Location"]) == (303, site.feed_page(ALL))
        assert client.get("/press/none").status_code == 404
        assert nginx.complaints == ""


def test_moves_and_ends_are_told(office: Office, root: Path) -> None:
    """What the application answers with 301 or 410 is in nginx's maps."""
    app = create_app(office.current)

    def moving(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/feeds/lessons"):
            start_response("301 Moved Permanently", [("Location", f"{SITE.base_url}/feeds/$new")])
            return [b""]
        if path.startswith("/feeds/nothing-yet"):
            start_response("410 Gone", [])
            return [b""]
        return app(environ, start_response)

    folder = Folder(root, site_url=SITE.base_url)
    list(ExportRun(office.application, folder, app).outcomes())
    results = by_result(list(ExportRun(office.application, folder, moving).outcomes(grace_s=0)))
    assert "/feeds/lessons.atom" in results[ExportResult.MOVED]
    assert "/feeds/nothing-yet" in results[ExportResult.GONE]
    with over_export(root) as nginx:
        moved = Client(nginx).get("/feeds/lessons.atom")
        assert moved.status_code == 301
        assert moved.headers["Location"] == f"{SITE.base_url}/feeds/$new"
        assert Client(nginx).get("/feeds/nothing-yet.rss").status_code == 410
        assert Client(nginx).get(ATOM).status_code == 200


def test_archives_are_there_as_soon_as_they_are_closed(office: Office, root: Path) -> None:
    """RFC 5005 section 4, without a reload; what follows the newest leads to the current one."""
    small = Window(entries=4, days=0, bytes=1_000_000)
    feeds = [replace(feed, window=small) for feed in CATALOGUE.feeds.values()]
    office.configure(Catalogue(SITE, list(CATALOGUE.categories.values()), feeds), now=later())

    def publish(hours: range) -> bool:
        for hour in hours:
            office.add(draft(f"id:{hour}", title=f"No {hour}"), now=later(hours=hour))
            office.publish(now=later(hours=hour))
        run = ExportRun(
            office.application, Folder(root, site_url=SITE.base_url), create_app(office.current)
        )
        list(run.outcomes())
        return run.is_reload_due

    publish(range(1, 13))
    with over_export(root) as nginx:
        client = Client(nginx)

        def fetch(url: str) -> bytes:
            body: bytes = client.get(url.removeprefix(SITE.base_url)).data
            return body

        def assert_whole() -> None:
            expected = {one.release.id for one in office.newsroom.releases(limit=100)}
            for each in Format:
                assert set(rebuilt(SITE.topic(ALL, each), each, fetch)) == expected

        assert_whole()
        first = client.get("/feeds/all/archive/1.atom")
        assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        following = f"/feeds/all/archive/{office.newsstand.last_archive(ALL) + 1}.json"
        leads_on = client.get(following)
        assert leads_on.status_code == 307
        assert leads_on.headers["Location"] == f"{SITE.base_url}/feeds/all.json"
        assert not publish(range(13, 20))
        assert client.get(following).status_code == 200
        assert_whole()


def test_a_former_slug_leads_to_the_new_one(office: Office, root: Path) -> None:
    """RFC 9110 15.4.2, by the maps that an export fills."""
    feeds = [
        replace(feed, was=("teachings",)) if feed.slug == "lessons" else feed
        for feed in CATALOGUE.feeds.values()
    ]
    office.configure(Catalogue(SITE, list(CATALOGUE.categories.values()), feeds), now=later())
    office.publish(now=later())
    list(
        ExportRun(
            office.application, Folder(root, site_url=SITE.base_url), create_app(office.current)
        ).outcomes()
    )
    with over_export(root) as nginx:
        for suffix in ("", ".atom", ".rss", ".json"):
            moved = Client(nginx).get(f"/feeds/teachings{suffix}")
            assert moved.status_code == 301
            assert moved.headers["Location"] == f"{SITE.base_url}/feeds/lessons{suffix}"


CODINGS = [
    None, "", "gzip", "br, zstd, gzip", "gzip;q=1, br;q=0.999", "zstd;q=0.10, gzip;q=0.09",
    "GZip ; Q = 0.5 , identity;q=0.6", "identity", "identity;q=0.5, *;q=0.5", "*", "*;q=0",
    "identity;q=0", "identity;q=0, gzip;q=0.001", "br;q=0, *;q=0.3", "x-gzip", "gzip;q=2, br;q=x",
    "gzip;q=0.5;x=1", "deflate", "deflate, gzip;q=1.0, *;q=0.5", "gzip,,br;q=0.", ";q=1", "brotli",
    "gzip;q=1.000", "gzip;q=0.0, br;q=0.000", "*;q=0.2, identity;q=0.3, zstd;q=0.25",
]  # fmt: skip


def test_codings_are_chosen_as_the_service_chooses(export: Export, root: Path) -> None:
    """RFC 9110 12.5.3: each of these gets from nginx what `choose_coding` says."""
    export()
    with over_export(root) as nginx:
        client = Client(nginx)
        for field in CODINGS:
            expected = choose_coding(field, SMALLEST_FIRST)
            answer = client.get(ATOM, headers={} if field is None else {"Accept-Encoding": field})
            told = answer.headers.get("Content-Encoding", "identity")
            assert (None if answer.status_code == 406 else told) == expected, field


TYPES = [
    None,
    "*/*",
    "text/html",
    "application/*",
    "application/rss+xml",
    "text/*, application/*;q=0.9",
    "application/atom+xml;q=0.5, application/rss+xml;q=0.6",
    "application/feed+json, */*;q=0.9",
    "application/atom+xml;type=feed;q=0.3, application/rss+xml;q=0.2",
    "image/png",
    "application/atom+xml;q=0",
    "application/atom+xml;q=0, application/*",
    "*/*;q=0.5, text/html;q=0",
    "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
    "APPLICATION/RSS+XML ; Q=1",
    "application/atom+xml;q=2",
    "application/atom+xml;q=0.123, application/rss+xml;q=0.124",
    "text/html;q=0.9, application/rss+xml;q=0.9",
    "application/atomxxml",
    "a/b;q=0.1,application/*;q=0.2",
]


def test_formats_are_chosen_as_the_service_chooses(export: Export, root: Path) -> None:
    """RFC 9110 12.5.1: each of these gets from nginx what `choose_type` says."""
    export()
    offered = [*(each.media_type for each in Format), "text/html"]
    with over_export(root) as nginx:
        client = Client(nginx)
        for field in TYPES:
            expected = choose_type(field, offered, default="text/html")
            answer = client.get("/feeds/all", headers={} if field is None else {"Accept": field})
            assert answer.headers["Content-Type"].partition(";")[0] == expected, field


HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}


@pytest.fixture
def page(office: Office) -> str:
    """Path of the page of the release that is to be retracted."""
    return f"/releases/{office.newsroom.release('id:1').release.slug}"


def test_a_retracted_page_is_gone_and_says_why_without_a_reload(
    office: Office, export: Export, root: Path, page: str
) -> None:
    """And it comes back in the same way."""
    export()
    with over_export(root) as nginx:
        client = Client(nginx)
        assert client.get(page, headers=HTML).status_code == 200
        office.newsroom.retract("id:1", reason="Wrong figures", by="ann", now=later(hours=1))
        office.publish(now=later(hours=1))
        assert page in export()[ExportResult.GONE]
        assert client.get(page, headers=HTML).status_code == 410
        assert client.get("/feeds/all.atom").data.count(b"Wrong figures") > 0
        office.newsroom.restore("id:1", by="ann", now=later(hours=2))
        office.publish(now=later(hours=2))
        assert page in export()[ExportResult.WRITTEN]
        assert client.get(page, headers=HTML).status_code == 200
        assert nginx.complaints == ""
    assert not list(root.glob("problems/gone/releases/*"))


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_the_notice_is_what_the_service_says(
    office: Office, export: Export, root: Path, page: str, accept: dict[str, str]
) -> None:
    office.newsroom.retract("id:1", reason="Wrong figures", by="ann", now=later(hours=1))
    export()
    own = create_app(office.current).test_client(use_cookies=False).get(page, headers=accept)
    with over_export(root) as nginx:
        told = Client(nginx).get(page, headers=accept)
        assert (told.status_code, told.data) == (410, own.data)
        assert b"Wrong figures" in told.data
        fields = set(own.headers.keys())
        assert {n: told.headers.get(n) for n in fields} == {n: own.headers[n] for n in fields}
        assert Client(nginx).head(page, headers=accept).status_code == 410
        assert nginx.complaints == ""


def test_a_retraction_is_no_reason_to_reload(office: Office, root: Path, page: str) -> None:
    def run() -> ExportRun:
        made = ExportRun(
            office.application, Folder(root, site_url=SITE.base_url), create_app(office.current)
        )
        list(made.outcomes())
        return made

    run()
    office.newsroom.retract("id:1", reason="Wrong figures", by="ann", now=later(hours=1))
    office.publish(now=later(hours=1))
    assert not run().is_reload_due


def test_nothing_in_the_folder_says_what_was_retracted(
    office: Office, root: Path, export: Export
) -> None:
    """Once those have what they ask for who asked a moment ago."""
    office.add(draft("id:3", "cooperation", body="<p>SECRET</p>"), now=later(minutes=5))
    office.publish(now=later(minutes=5))

    def told() -> list[Path]:
        files = [path for path in root.rglob("*") if path.is_file()]
        return [path for path in files if b"SECRET" in path.read_bytes()]

    export()
    assert told()
    office.newsroom.retract("id:3", reason="Wrong figures", by="ann", now=later(hours=1))
    office.publish(now=later(hours=1))
    export()
    export(grace_s=0.0)
    assert told() == []


FORM = urlencode(
    {
        "hub.mode": "subscribe",
        "hub.topic": SITE.topic(ALL, Format.ATOM),
        "hub.callback": "http://127.0.0.1:9/",
    }
)


def test_what_files_cannot_answer_goes_to_a_service_behind(
    office: Office, export: Export, root: Path, tmp_path: Path
) -> None:
    """docs/export.md, "A service behind it": the hub is there, and who asks is known."""
    export()
    room = HubRoom(office, tmp_path)
    room.configure(http={"trusted_proxies": ["127.0.0.0/8"]})
    document_cache = DocumentCache()
    server = make_server(
        CacheMiddleware(
            create_app(office.current, document_cache, has_hub=True),
            current=office.current,
            document_cache=document_cache,
        )
    )
    with running(server), over_export(root, service_port=port_of(server)) as nginx:
        client = Client(nginx)
        assert post(nginx, "/hub", FORM, forwarded="192.0.2.1") == 202
        with office.database.read() as tx:
            [pending] = tx.subscriptions.pending()
        # nginx itself was asked from this machine, which is trusted here.
        assert pending.request.client == "192.0.2.1"
        assert post(nginx, "/hub", "x" * 20_000) == 413
        assert client.get("/hub").status_code == 200
        assert client.get("/hubs").status_code == 404
        assert client.get("/hub/none").headers["Vary"] == "Accept"
        assert client.get(ATOM).status_code == 200
        assert post(nginx, ATOM, FORM) == 405
        assert "[error]" not in nginx.complaints


def test_without_a_service_there_is_no_hub(export: Export, root: Path) -> None:
    export()
    with over_export(root) as nginx:
        assert Client(nginx).get("/hub").status_code == 404
        assert post(nginx, "/hub", FORM) == 405


def post(nginx: Nginx, path: str, form: str, *, forwarded: str | None = None) -> int:
    """Post a form; the status."""
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    if forwarded is not None:
        fields["X-Forwarded-For"] = forwarded
    with closing(HTTPConnection("127.0.0.1", nginx.port, timeout=10)) as connection:
        connection.request("POST", path, body=form, headers=fields)
        return connection.getresponse().status


def test_pictures_and_files_are_served_as_the_service_serves_them(
    office: Office, export: Export, root: Path
) -> None:
    """Only those that a public release names, and without a coding, for ever."""
    sound = b"fLaC" + bytes(range(256)) * 2000
    add = office.application.media.add
    named, hidden = (
        add(BytesIO(sound), name="Rede für alle.flac", by="test"),
        add(BytesIO(PNG), name="photo.png", by="test"),
    )
    made = draft("id:9")
    body = f'<p><a href="{named.url}">The speech</a></p>'
    waiting = replace(draft("id:10"), embargoed_until=later(days=1))
    content = replace(waiting.content, body=f'<p><img src="{hidden.url}"></p>')
    office.add(
        replace(made, content=replace(made.content, body=body)),
        replace(waiting, content=content),
    )
    office.publish()
    export()
    service = Client(create_app(office.current), use_cookies=False)
    path, secret = (each.url.removeprefix(SITE.base_url) for each in (named, hidden))
    told = (
        "Content-Type", "Content-Length", "ETag", "Last-Modified", "Cache-Control", "Vary",
        "Content-Security-Policy", "X-Content-Type-Options", "Content-Encoding", "Content-Range",
        "Accept-Ranges", "Access-Control-Allow-Origin",
    )  # fmt: skip
    asked: list[dict[str, str]] = [
        {},
        {"Accept-Encoding": "gzip, br"},
        {"Range": "bytes=400000-400009"},
        {"Range": "bytes=-1"},
        {"Range": "bytes=99999999-"},
        {"If-None-Match": f'"{named.digest}"'},
    ]
    with over_export(root) as nginx:
        client = Client(nginx)
        for fields in asked:
            here, there = (each.get(path, headers=fields) for each in (service, client))
            assert there.status_code == here.status_code, fields
            if here.status_code < 400:
                assert there.data == here.data, fields
                for name in told[: len(told) if here.data else 0] or ("ETag", "Cache-Control"):
                    assert there.headers.get(name) == here.headers.get(name), (fields, name)
        assert client.get(path).headers["Content-Disposition"] == "inline"
        assert client.get(secret).status_code == service.get(secret).status_code == 404
        assert not any(file.read_bytes() == PNG for file in root.rglob("*") if file.is_file())
        office.newsroom.retract("id:9", reason="In error.", by="test", now=later(minutes=1))
        export()
        assert client.get(path).status_code == service.get(path).status_code == 404
