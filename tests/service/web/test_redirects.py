"""Old addresses: 301 in one step (RFC 9110 15.4.2), or 410 (15.5.11), before anything else."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from feeds.address_patterns import AddressPattern, is_ours
from feeds.model.feed import Format
from feeds.model.redirect import (
    OldAddress,
    RedirectOrigin,
    RedirectTarget,
    ToFeed,
    ToNothing,
    ToPage,
)
from feeds.model.token import Action, Token
from feeds.redirects import RedirectMap, RedirectRule
from feeds.store.changes import Changes
from service.tokens import hash_of
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    RedirectCounter,
    RedirectUseWriter,
    create_app,
)
from service.web.redirect_uses import MAX_COUNTED
from tests.service.test_wire import field, get, serving, statuses
from tests.service.web.offices import open_office
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.wire_server import Forwarded, make_server, port_of, running

BASE = "https://news.example.org"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def rule(old: str, **target: object) -> RedirectRule:
    return RedirectRule(text=old, pattern=AddressPattern.read(old), **target)  # type: ignore[arg-type]


RULES = (
    rule("/feed/", feed="all"),
    rule("/?feed=rss2", feed="all"),
    rule("/category/{slug}/feed", feed="{slug}", format=Format.ATOM),
    rule("/comments/feed/", is_gone=True),
    rule("/{year:digits}/{slug}", release="{slug}"),
    rule("/about", to="https://www.example.org/about"),
    rule("/{slug}", release="{slug}"),
)


class Site:
    """A newsroom with rules, and everything that may answer for it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        office.change(redirects=RedirectMap(RULES, office.catalogue))
        self.counter = RedirectCounter()
        self.writer = RedirectUseWriter(self.counter, office.current, now=lambda: later(hours=1))
        self.changes = Changes(office.database, of_documents=True)
        document_cache = DocumentCache(
            detector=ChangeDetector(self.changes, clock=time.monotonic, poll_every_s=0)
        )
        self.app = create_app(
            office.current, document_cache, has_api=True, has_desk=True, has_hub=True,
            has_search=True, redirects=self.counter, clock=lambda: later(hours=1),
        )  # fmt: skip
        self.through: list[str] = []
        self.front = CacheMiddleware(
            self._counted,
            current=office.current,
            document_cache=document_cache,
            redirects=self.counter,
        )

    def _counted(self, environ, start_response):  # type: ignore[no-untyped-def]
        self.through.append(environ["PATH_INFO"])
        return self.app(environ, start_response)

    def uses(self) -> dict[tuple[RedirectOrigin, str], int]:
        """The uses that are stored."""
        self.writer.write()
        with self.office.database.read() as tx:
            found = {
                (RedirectOrigin.CONFIGURATION, rule): use.uses
                for rule, use in tx.redirect_uses.of_rules().items()
            }
            used = tx.redirect_uses.most_imported(limit=9)
            return found | {(RedirectOrigin.IMPORT, rule): use.uses for rule, use in used.items()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    office = open_office(tmp_path)
    office.add(draft("id:1", "Lessons", title="One"), draft("id:2", title="Two"))
    office.publish(now=later(minutes=1))
    made = Site(office)
    yield made
    made.changes.close()
    office.database.close()


@pytest.fixture(params=["application", "wire"])
def client(request: pytest.FixtureRequest, site: Site) -> Iterator[Client]:
    """Asks the application; and the server, which answers from memory."""
    if request.param == "application":
        yield site.app.test_client(use_cookies=False)
        return
    server = make_server(site.front)
    with running(server):
        yield Client(Forwarded(port_of(server)), use_cookies=False)


def slug_of(site: Site, title: str) -> str:
    [found] = [
        one.release.slug
        for one in site.office.newsroom.releases(limit=10)
        if one.release.content.title == title
    ]
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/feed/", f"{BASE}/feeds/all.rss"),
        ("/feed", f"{BASE}/feeds/all.rss"),
        ("/feed/?paged=2", f"{BASE}/feeds/all.rss"),
        ("/?feed=rss2&x=%0d%0aSet-Cookie:%20a", f"{BASE}/feeds/all.rss"),
        ("/category/lessons/feed/", f"{BASE}/feeds/lessons.atom"),
        ("/%63ategory/lessons/feed", f"{BASE}/feeds/lessons.atom"),
        ("/about/", "https://www.example.org/about"),
    ],
)
def test_an_old_address_leads_to_the_new_one_in_one_step(
    client: Client, asked: str, expected: str
) -> None:
    """Whatever the host, the method and the conditions: RFC 9110 13.2.1 has none for a 301."""
    conditions = {"Host": "evil.example", "If-None-Match": "*", "Range": "bytes=0-1"}
    whole = client.get(asked, headers=conditions)
    head = client.head(asked, headers=conditions)
    for answer in (whole, head):
        assert answer.status_code == 301
        assert answer.headers["Location"] == expected
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
    assert expected in whole.text
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(whole.data))
    assert {name for name, _ in whole.headers} == {name for name, _ in head.headers}


def test_what_was_given_up_is_gone(client: Client) -> None:
    answer = client.get("/comments/feed/")
    page = client.get("/comments/feed/", headers=BROWSER)
    assert (answer.status_code, page.status_code) == (410, 410)
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == 410
    assert page.mimetype == "text/html"
    assert "was given up" in page.text
    assert {one.headers["Cache-Control"] for one in (answer, page)} == {"public, max-age=3600"}
    assert {one.headers["Vary"] for one in (answer, page)} == {"Accept"}


def test_a_release_is_led_to_only_if_it_is_there(client: Client, site: Site) -> None:
    slug = slug_of(site, "One")
    for asked in (f"/2019/{slug}", f"/{slug}/"):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{BASE}/releases/{slug}")
    assert client.get("/2019/nothing").status_code == 404
    assert client.get("/nothing").status_code == 404


def test_imported_addresses_lead_on_and_configured_ones_come_before(
    client: Client, site: Site
) -> None:
    office = site.office
    [one] = office.add(draft("id:3", title="Three"))
    [waiting] = office.newsroom.take_in(
        [replace(draft("id:4"), embargoed_until=later(days=1))], now=NOON
    )
    rows: dict[str, RedirectTarget] = {
        "/old-feed.php": ToFeed("lessons", Format.JSON),
        "/given-up": ToNothing(),
        "/x?id=1": ToPage("/feeds/all"),
        "/elsewhere": ToPage("https://www.example.org/"),
        "/no-feed": ToFeed("none", Format.RSS),
        "/feed": ToNothing(),
        "/livez": ToNothing(),
    }
    with office.database.transaction() as tx:
        tx.redirects.add_for_releases(
            {
                one.release.id: ["http://old.example/2019/05/three/", "/?p=12", "/?page_id=7"],
                waiting.release.id: ["/?p=13"],  # type: ignore[union-attr]
            },
            now=NOON,
        )
        tx.redirects.add(rows, now=NOON)
    page = f"{BASE}/releases/{one.release.slug}"
    for asked, expected in {
        "/2019/05/three": page,
        "/?p=12": page,
        "/?preview=1&p=12": page,
        "/?p=13": None,
        "/?p=14": None,
        "/old-feed.php?a=b": f"{BASE}/feeds/lessons.json",
        "/x?id=1&b=2": f"{BASE}/feeds/all",
        "/elsewhere": "https://www.example.org/",
        "/feed/": f"{BASE}/feeds/all.rss",
    }.items():
        answer = client.get(asked)
        assert answer.headers.get("Location") == expected, asked
        assert answer.status_code == (301 if expected else 200), asked
    assert client.get("/given-up").status_code == 410
    assert client.get("/no-feed").status_code == 404
    assert client.get("/x").status_code == 404
    assert client.get("/livez").status_code == 200
    assert site.uses()[RedirectOrigin.IMPORT, "/?p=12"] == 2


def test_a_retracted_release_keeps_its_old_addresses(client: Client, site: Site) -> None:
    """Its page has the reason. A copy of the 410 in caches would outlive a restoration."""
    [one] = site.office.add(draft("id:3", title="Three"))
    with site.office.database.transaction() as tx:
        tx.redirects.add_for_releases({one.release.id: ["/?p=12"]}, now=NOON)
    site.office.newsroom.retract(one.release.id, reason="Wrong.", by="test", now=later(hours=1))
    answer = client.get("/?p=12")
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        f"{BASE}/releases/{one.release.slug}",
    )


def test_what_is_asked_to_change_something_is_not_redirected(client: Client) -> None:
    for asked in ("/feed/", "/?feed=rss2", "/comments/feed/"):
        answer = client.post(asked, data={"a": "b"})
        assert answer.status_code in (404, 405)


def test_the_front_page_is_no_feed(client: Client, site: Site) -> None:
    """WordPress had feeds there. Readers would take the page for a feed that is broken."""
    assert client.get("/?utm_source=x").status_code == 200
    assert client.get("/?feed=comments-rss2").status_code == 404
    assert client.get("/").status_code == 200
    site.writer.write()
    with site.office.database.read() as tx:
        [missing] = tx.redirect_uses.missing(limit=9)
    assert (missing.address, missing.requests) == ("/?feed=comments-rss2", 1)


def test_uses_and_what_was_missed_are_counted(client: Client, site: Site) -> None:
    for _ in range(3):
        client.get("/feed/")
    client.get("/comments/feed/")
    client.get("/comments/feed/", headers=BROWSER)
    key = RedirectOrigin.CONFIGURATION
    assert site.uses() == {(key, "/feed/"): 3, (key, "/comments/feed/"): 2}
    for asked in ("/a/rss", "/a/rss/", "/b.xml", "/c", "/feeds/none.atom", "/d/feed/atom/"):
        assert client.get(asked).status_code == 404
    client.get("/feed/")
    assert site.uses()[key, "/feed/"] == 4
    with site.office.database.read() as tx:
        missing = {one.address: one.requests for one in tx.redirect_uses.missing(limit=9)}
    assert missing == {"/a/rss": 2, "/b.xml": 1, "/feeds/none.atom": 1, "/d/feed/atom": 1}


def test_a_process_counts_so_many_addresses_between_two_writes(site: Site) -> None:
    for number in range(MAX_COUNTED + 10):
        site.counter.missed(OldAddress.read(f"/{number}.xml"))
    assert len(site.counter.take()[1]) == MAX_COUNTED


def test_a_rule_is_answered_from_memory(site: Site) -> None:
    server = make_server(site.front)
    with running(server):
        client = Client(Forwarded(port_of(server)), use_cookies=False)
        for asked in ("/feed/", "/?feed=rss2", "/category/lessons/feed", "/comments/feed"):
            assert client.get(asked).status_code in (301, 410)
        assert site.through == []
        client.get("/comments/feed", headers=BROWSER)
        client.get("/nothing")
        assert site.through == ["/comments/feed", "/nothing"]
        # A configuration that has no such rule any more.
        site.office.change(redirects=RedirectMap((), site.office.catalogue))
        assert client.get("/feed/").status_code == 404


def test_where_nothing_is_the_application_is_asked_once(site: Site) -> None:
    """Its answer is kept until the configuration changes; what imports bring is seen at once."""
    own = site.app.test_client(use_cookies=False).get("/x.xml")
    server = make_server(site.front)
    with running(server):
        client = Client(Forwarded(port_of(server)), use_cookies=False)
        for path in ("/x.xml", "/a/b.xml", "/x.xml", "/c/d"):
            answer, head = client.get(path), client.head(path)
            assert (answer.status_code, answer.data) == (404, own.data)
            assert (head.status_code, head.data) == (404, b"")
            assert head.headers["Content-Length"] == str(len(own.data))
            for name, value in own.headers:
                assert answer.headers[name] == head.headers[name] == value
        assert site.through == ["/x.xml"]
        assert "text/html" in client.get("/x.xml", headers=BROWSER).headers["Content-Type"]
        assert client.post("/x.xml").status_code in (404, 405)
        with site.office.database.transaction() as tx:
            tx.redirects.add({"/x.xml": ToFeed("lessons", Format.RSS)}, now=NOON)
        assert client.get("/x.xml").headers["Location"] == f"{BASE}/feeds/lessons.rss"
        site.office.change(redirects=RedirectMap((), site.office.catalogue))
        assert client.get("/b.xml").status_code == 404
        assert site.through[-1] == "/b.xml"
    site.writer.write()
    with site.office.database.read() as tx:
        missing = {one.address: one.requests for one in tx.redirect_uses.missing(limit=9)}
    # Twice as HEAD, and the others; the page for a browser too.
    assert missing["/x.xml"] == 1 + 4 + 1
    assert missing["/a/b.xml"] == 2
    assert missing["/b.xml"] == 1


def test_a_store_that_does_not_answer_is_told_where_nothing_is(site: Site) -> None:
    """A redirect might be there: a 404 would be a lie."""
    with site.office.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE redirects RENAME TO gone"))
    with serving(site.office) as served:
        answer = served.ask(get("/nothing", "Connection: close"))
    assert statuses(answer) == [503]


@pytest.mark.parametrize(
    "target",
    ["http://evil.example/feed/", "//feed/", "//evil.example/../feed", "///feed", "/feed//"],
)
def test_other_forms_of_a_target_lead_to_our_own_host_or_nowhere(site: Site, target: str) -> None:
    """RFC 9112 3.2.2: servers accept the absolute form. What follows two slashes is no host."""
    with serving(site.office) as served:
        answer = served.ask(get(target, "Connection: close"))
    [status] = statuses(answer)
    assert status in (301, 400, 404)
    if status == 301:
        assert field(answer, "Location") == f"{BASE}/feeds/all.rss"
    assert b"//evil" not in answer.partition(b"\r\n\r\n")[0]


def test_pipelined_requests_are_answered_in_their_order(site: Site) -> None:
    with serving(site.office) as served:
        asked = get("/livez") + get("/feed/") + get("/nothing") + get("/about", "Connection: close")
        answer = served.ask(asked)
    assert statuses(answer) == [200, 301, 404, 301]


def test_every_route_of_ours_is_reserved(site: Site) -> None:
    """A rule cannot replace it, and no pattern covers it."""
    samples = {
        "digest": "a" * 64,
        "slug": "x-0123abcd",
        "format": "atom",
        "number": "1",
        "month": "2026/03",
        "int": "1",
    }
    for route in site.app.url_map.iter_rules():
        path = re.sub(
            r"<(?:(\w+):)?\w+>", lambda found: samples.get(found[1] or "", "x"), str(route)
        )
        assert is_ours(str(OldAddress.read(path))), f"add {route} to feeds/address_patterns.py"


def test_pages_of_releases_elsewhere_lead_on_from_where_ours_are(
    client: Client, site: Site
) -> None:
    """Drupal and others have them at /releases, too; a page of ours is never replaced."""
    [one] = site.office.add(draft("id:3", title="Three"))
    ours = f"/releases/{one.release.slug}"
    with site.office.database.transaction() as tx:
        old = ["/releases/our-news/", "/releases/2019/our-news", ours]
        tx.redirects.add_for_releases({one.release.id: old}, now=NOON)
    for asked in ("/releases/our-news", "/releases/our-news/", "/releases/2019/our-news"):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers.get("Location")) == (301, f"{BASE}{ours}"), asked
    assert client.get(ours).status_code == 200
    assert client.get("/releases/unknown").status_code == 404
    assert client.get("/releases").status_code == 200


def test_operators_see_what_is_used_and_what_is_missing(client: Client, site: Site) -> None:
    [one] = site.office.add(draft("id:3", title="Three"))
    operator = Token(name="ops", actions=(Action.OPERATE,), categories=None, made_at=NOON)
    with site.office.database.transaction() as tx:
        tx.redirects.add_for_releases({one.release.id: ["/?p=12", "/?p=13"]}, now=NOON)
        tx.tokens.add(operator, hash_hex=hash_of("secret"))
    for asked in ("/?p=12", "/feed/", "/feed/"):
        client.get(asked)
    client.get("/old.rss")
    site.writer.write()
    assert client.get("/redirects").status_code == 401
    headers = {"Authorization": "Bearer secret"}
    answer = client.get("/redirects", headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    used = {row["old"]: row for row in answer.json["redirects"] if row["uses"]}
    assert {old: row["uses"] for old, row in used.items()} == {"/?p=12": 1, "/feed/": 2}
    assert used["/feed/"]["leads_to"] == "feed all.rss"
    assert used["/?p=12"]["leads_to"] == f"{BASE}/releases/{one.release.slug}"
    assert answer.json["imported"] == 2
    assert [row["address"] for row in answer.json["missing"]] == ["/old.rss"]
    page = client.get("/redirects", headers={**headers, **BROWSER})
    assert page.mimetype == "text/html"
    assert "/old.rss" in page.text
    assert "communique_missing_feeds 1" in client.get("/metrics").text
