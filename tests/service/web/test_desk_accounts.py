"""Who may enter the desk: accounts, sessions, forms, throttled guesses, a proxy that signs in."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.release import of_user
from feeds.model.user import UserRole
from service.accounts import ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_CLIENT, ATTEMPTS_WITHIN
from service.web import CacheMiddleware, DocumentCache, create_app
from service.web.desk.entrance import Needs, desk
from tests.service.web.desk_room import Desk
from tests.service.web.offices import CATALOGUE
from tests.support.desk_browser import PASSWORD, DeskBrowser
from tests.support.newsrooms import NOON

PROXY = "10.0.0.7"


@pytest.fixture
def real_hashes() -> None:
    """Asked for where passwords are to be hashed as the product does."""


def is_in(browser: DeskBrowser) -> bool:
    """Whether somebody is signed in there."""
    return browser.get("/desk/account").status_code == 200


def test_there_is_no_desk_before_the_first_account_nor_where_it_is_not_offered(
    room: Desk,
) -> None:
    addresses = ("/desk", "/desk/sign-in", "/desk/account")
    assert {room.browser().get(each).status_code for each in addresses} == {404}
    room.add("anna")
    assert room.browser().get("/desk/sign-in").status_code == 200
    room.configure(desk={"offered": False})
    assert {room.browser().get(each).status_code for each in addresses} == {404}


def test_a_page_of_the_desk_is_for_one_person_and_in_no_frame(room: Desk) -> None:
    room.add("anna")
    browser = room.signed_in("anna")
    for answer in (browser.get("/desk"), browser.get("/desk/sign-in"), room.browser().get("/desk")):
        fields = answer.headers
        assert fields["Cache-Control"] == "no-store"
        assert fields["X-Robots-Tag"] == "noindex, nofollow"
        assert "frame-ancestors 'none'" in fields["Content-Security-Policy"]
        assert "script-src 'self'" in fields["Content-Security-Policy"]
        assert fields["X-Frame-Options"] == "DENY"
        assert fields["Referrer-Policy"] == "same-origin"
        assert "ETag" not in fields
    assert '<meta name="robots" content="noindex">' in browser.get("/desk/account").text


@pytest.mark.parametrize(
    ("base_url", "name", "attributes"),
    [
        ("https://news.example.org", "__Host-communique-desk", {"Secure", "Path=/"}),
        ("https://example.org/news", "__Secure-communique-desk", {"Secure", "Path=/news/desk"}),
        ("http://127.0.0.1:8000", "communique-desk", {"Path=/desk"}),
    ],
)
def test_the_cookie_is_bound_as_closely_as_the_address_allows(
    room: Desk, base_url: str, name: str, attributes: set[str]
) -> None:
    room.add("anna")
    site = replace(CATALOGUE.site, base_url=base_url)
    described = Catalogue(site, [*CATALOGUE.categories.values()], [*CATALOGUE.feeds.values()])
    room.office.configure(described, now=NOON)
    cookie = room.browser().get("/desk/sign-in").headers["Set-Cookie"]
    value, *others = cookie.split("; ")
    assert value.startswith(f"{name}=")
    assert set(others) == attributes | {"HttpOnly", "SameSite=Lax"}


def test_whoever_signs_in_gets_an_id_that_nobody_knew_before(room: Desk) -> None:
    room.add("anna")
    browser = room.browser()
    browser.get("/desk/sign-in")
    before = browser.cookies
    assert browser.sign_in("Anna ").status_code == 303  # phones begin names with a capital
    assert before.keys() == browser.cookies.keys()
    assert before != browser.cookies
    again = browser.cookies
    browser.sign_in("anna")
    assert browser.cookies != again

    stranger = room.browser()
    stranger.client.set_cookie(
        "__Host-communique-desk", next(iter(before.values())), domain="news.example.org"
    )
    assert not is_in(stranger)
    made_up = room.browser()
    made_up.client.set_cookie("__Host-communique-desk", "id.signature", domain="news.example.org")
    assert not is_in(made_up)


def test_a_refusal_tells_nobody_which_accounts_there_are(room: Desk) -> None:
    room.add("anna")
    room.add("left")
    room.accounts.disable("left", by="test", now=NOON)
    room.add("elsewhere", password=None)
    bodies = set[str]()
    for name, password in (
        ("anna", "wrong wrong wrong"), ("nobody", PASSWORD), ("left", PASSWORD),
        ("elsewhere", PASSWORD), ("elsewhere", ""), ("anna", ""), ("no name", PASSWORD),
    ):  # fmt: skip
        browser = room.browser()
        answer = browser.sign_in(name, password)
        assert answer.status_code == 403
        assert "do not belong together" in answer.text
        assert not is_in(browser)
        bodies.add(answer.text.replace(browser.form_token, "").replace(f'value="{name}"', ""))
    assert len(bodies) == 1


def test_the_time_of_a_refusal_tells_nobody_which_accounts_there_are(
    real_hashes: None, room: Desk
) -> None:
    """By the processor's time: however busy the machine is, a password is hashed in both."""
    room.add("anna")

    def taken_s(name: str) -> float:
        browser = room.browser(REMOTE_ADDR="192.0.2.1")
        browser.get("/desk/sign-in")
        began = time.thread_time()
        browser.send("/desk/sign-in", {"name": name, "password": "wrong wrong wrong"})
        return time.thread_time() - began

    taken_s("nobody")
    known, unknown = (min(taken_s(name) for _ in range(3)) for name in ("anna", "nobody"))
    assert known / 2 < unknown < known * 2


def test_guesses_at_one_account_end_on_all_machines_however_many_clients_there_are(
    room: Desk,
) -> None:
    room.add("anna")
    room.add("berta")
    machines = [room.app, room.application()]
    for name in ("anna", "nobody"):
        for number in range(ATTEMPTS_PER_ACCOUNT):
            guesser = DeskBrowser(machines[number % 2], REMOTE_ADDR=f"192.0.2.{number}")
            assert guesser.sign_in(name, "wrong wrong wrong").status_code == 403
        late = DeskBrowser(machines[0], REMOTE_ADDR="198.51.100.1").sign_in(name)
        assert late.status_code == 429
        assert late.headers["Retry-After"] == "900"
        assert "Please wait" in late.text
    assert room.browser(REMOTE_ADDR="198.51.100.1").sign_in("berta").status_code == 303
    room.accounts.set_password("anna", PASSWORD, by="test", now=NOON)
    assert room.browser(REMOTE_ADDR="198.51.100.1").sign_in("anna").status_code == 303
    room.now += ATTEMPTS_WITHIN + timedelta(seconds=1)
    assert room.browser(REMOTE_ADDR="198.51.100.1").sign_in("nobody").status_code == 403


def test_guesses_from_one_network_end_whatever_the_account(room: Desk) -> None:
    room.add("anna")

    def of_network(number: int) -> DeskBrowser:
        return room.browser(REMOTE_ADDR=f"2001:db8::{number}")

    assert of_network(1).sign_in("anna").status_code == 303  # counts for nothing
    for number in range(ATTEMPTS_PER_CLIENT):
        assert of_network(number).sign_in(f"a{number}", "x").status_code == 403
    assert of_network(99).sign_in("anna").status_code == 429
    assert room.browser(REMOTE_ADDR="2001:db8:1::1").sign_in("anna").status_code == 303
    stored = b"".join(
        path.read_bytes() for path in Path(room.office.database.file or "").parent.iterdir()
    )
    assert b"2001:db8" not in stored


def test_a_form_is_taken_only_from_the_browser_that_was_shown_it(room: Desk) -> None:
    room.add("anna")
    anna, other = room.signed_in("anna"), room.browser()
    other.get("/desk/sign-in")
    for token in ("", "x", other.form_token, "ä"):
        answer = anna.send("/desk/sign-out-everywhere", {"form_token": token})
        assert answer.status_code == 403
        assert "This form is out of date" in answer.text
    assert is_in(anna)
    # Neither may somebody be signed in without knowing it.
    foreign = room.browser().send("/desk/sign-in", {"name": "anna", "password": PASSWORD})
    assert foreign.status_code == 403
    # A form from before signing in is of another session.
    browser = room.browser()
    browser.get("/desk/sign-in")
    old = browser.form_token
    browser.sign_in("anna")
    assert browser.send("/desk/sign-out", {"form_token": old}).status_code == 403


def test_what_was_written_is_not_lost_with_the_session(room: Desk) -> None:
    room.add("anna")
    browser = room.signed_in("anna")
    room.accounts.sign_out_everywhere("anna")
    text = "A long\r\ntext <b>of an hour</b>."
    answer = browser.send("/desk/account", {"text": text, "password": f"{PASSWORD}\n!"})
    assert answer.status_code == 403
    assert "You are no longer signed in" in answer.text
    assert "text &lt;b&gt;of an hour&lt;/b&gt;." in answer.text
    assert PASSWORD not in answer.text


def _disabled(room: Desk) -> None:
    room.accounts.disable("anna", by="test", now=room.now)


def _reset(room: Desk) -> None:
    room.accounts.set_password("anna", "another horse battery", by="test", now=room.now)


def _idle(room: Desk) -> None:
    room.now += timedelta(hours=12, seconds=1)


def _used_for_a_week(room: Desk) -> None:
    browser = room.signed_in("anna")
    for _ in range(14):
        room.now += timedelta(hours=11, minutes=59)
        assert is_in(browser)
    room.now += timedelta(minutes=15)
    assert not is_in(browser)


@pytest.mark.parametrize("end", [_disabled, _reset, _idle, _used_for_a_week])
def test_a_session_ends_at_once(room: Desk, end: Callable[[Desk], None]) -> None:
    room.add("anna")
    browser = room.signed_in("anna")
    assert is_in(browser)
    end(room)
    answer = browser.get("/desk/account")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk/sign-in?next=/desk/account"


def test_one_signs_out_here_and_everywhere(room: Desk) -> None:
    room.add("anna")
    here, there, other = (room.signed_in("anna") for _ in range(3))
    stolen = Client(room.app)
    for name, value in here.cookies.items():
        stolen.set_cookie(name, value, domain="news.example.org")
    assert here.send("/desk/sign-out").headers["Location"] == "/desk/sign-in"
    assert here.cookies == {}
    assert stolen.get("/desk/account", base_url="https://news.example.org").status_code == 303, (
        "the session is over, and not only forgotten by the browser"
    )
    assert is_in(there)
    there.send("/desk/sign-out-everywhere")
    assert not is_in(there)
    assert not is_in(other)


def test_one_sets_a_new_password_with_the_present_one(room: Desk) -> None:
    room.add("anna")
    browser, other = room.signed_in("anna"), room.signed_in("anna")
    new = {"new_password": "a new password", "new_password_again": "a new password"}
    for fields, status in (
        ({"password": "wrong"} | new, 403),
        ({"password": PASSWORD} | new | {"new_password_again": "another"}, 422),
        ({"password": PASSWORD, "new_password": "short", "new_password_again": "short"}, 422),
    ):
        assert browser.send("/desk/account", fields).status_code == status
    assert browser.send("/desk/account", {"password": PASSWORD} | new).status_code == 303
    assert not is_in(browser)
    assert not is_in(other)
    assert room.browser().sign_in("anna").status_code == 403
    assert room.browser().sign_in("anna", "a new password").status_code == 303
    with room.office.database.read() as tx:
        assert [(event.action.value, event.by) for event in tx.audit_log.of(of_user("anna"))] == [
            ("user added", "test"), ("password set", "anna"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("/desk/account", "/desk/account"),
        ("/desk?before=a.b", "/desk?before=a.b"),
        ("https://evil.example/desk", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("/desk//evil.example", "/desk"),
        ("/desk.evil.example", "/desk"),
        ("/desk@evil.example", "/desk"),
        ("/desk/\\evil.example", "/desk"),
        ("/desk/x\r\nSet-Cookie: a=b", "/desk"),
        ("/feeds/all", "/desk"),
        ("javascript:alert(1)", "/desk"),
    ],
)
def test_signing_in_leads_nowhere_else(room: Desk, wanted: str, location: str) -> None:
    room.add("anna")
    browser = room.browser()
    assert browser.sign_in("anna", next=wanted).headers["Location"] == location
    asked = browser.client.get(
        "/desk/sign-in", query_string={"next": wanted}, base_url="https://news.example.org"
    )
    assert asked.headers["Location"] == location


def test_a_trusted_proxy_says_who_is_signed_in_and_nobody_else_does(room: Desk) -> None:
    room.add("anna", password=None)
    room.configure(
        desk={"user_header": "X-Remote-User"}, http={"trusted_proxies": (ip_network("10.0.0.0/8"),)}
    )
    named = {"X-Remote-User": "anna"}
    behind = room.browser(REMOTE_ADDR=PROXY)
    assert behind.get("/desk/account", **named).status_code == 200
    for browser, headers in (
        (room.browser(REMOTE_ADDR="192.0.2.1"), named),
        (room.browser(REMOTE_ADDR="192.0.2.1"), named | {"X-Forwarded-For": PROXY}),
        (room.browser(REMOTE_ADDR=""), named),
        (room.browser(REMOTE_ADDR=PROXY), {}),
        (room.browser(REMOTE_ADDR=PROXY), {"X-Remote-User": "nobody"}),
        (room.browser(REMOTE_ADDR=PROXY), {"X-Remote-User": "anna, berta"}),
    ):
        answer = browser.get("/desk/account", **headers)
        assert answer.status_code == 403
        assert "did not name you" in answer.text
    # There is one way in, and forms are still ours.
    assert behind.get("/desk/sign-in", **named).status_code == 404
    assert "Sign out" not in behind.get("/desk/account", **named).text
    forged = behind.send("/desk/sign-out-everywhere", {"form_token": "x"}, **named)
    assert forged.status_code == 403
    room.accounts.disable("anna", by="test", now=NOON)
    assert behind.get("/desk/account", **named).status_code == 403


def test_a_header_counts_for_nothing_where_no_setting_names_it(room: Desk) -> None:
    room.add("anna")
    room.configure(http={"trusted_proxies": (ip_network("10.0.0.0/8"),)})
    answer = room.browser(REMOTE_ADDR=PROXY).get("/desk/account", **{"X-Remote-User": "anna"})
    assert answer.status_code == 303


#: Whoever may publish may also write.
MAY = {
    None: set[UserRole](),
    UserRole.WRITE: {UserRole.WRITE},
    UserRole.PUBLISH: {UserRole.WRITE, UserRole.PUBLISH},
    UserRole.OPERATE: {UserRole.OPERATE},
}


def desk_routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every route below ``/desk``: its endpoint, method and address."""
    return [
        (rule.endpoint, method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.rule == "/desk" or rule.rule.startswith("/desk/")
    ]


def test_every_route_says_who_may_use_it(room: Desk) -> None:
    routes = desk_routes(room.app)
    assert {(endpoint, method) for endpoint, method, _ in routes} == desk.needs.keys()
    open_to_all = {rule for endpoint, method, rule in routes
                   if desk.needs[endpoint, method] is Needs.NOBODY}  # fmt: skip
    preview = "/desk/preview/<slug:secret>"
    assert open_to_all == {
        "/desk/sign-in", preview, f"{preview}/media/<digest:digest>/<slug:name>"
    }  # fmt: skip


@pytest.mark.parametrize("role", [None, *UserRole])
def test_nobody_gets_where_their_role_does_not_lead(room: Desk, role: UserRole | None) -> None:
    """All routes for each role, and for nobody; whoever may not is told so, and nothing is done."""
    room.add("root")
    if role is not None:
        room.add("anna", role)
    browser = room.browser()
    for endpoint, method, rule in desk_routes(room.app):
        if role is None:
            browser.get("/desk/sign-in")
        elif not is_in(browser):
            browser.sign_in("anna")
        needs = desk.needs[endpoint, method]
        path = rule.replace("<digest:digest>", "0" * 64).replace("<slug:", "").replace(">", "")
        answer = browser.get(path) if method == "GET" else browser.send(path)
        if role is None and needs is not Needs.NOBODY:
            assert answer.status_code == (303 if method == "GET" else 403), rule
            if method == "GET":
                assert answer.headers["Location"].startswith("/desk/sign-in"), rule
            else:
                assert "no longer signed in" in answer.text, rule
        else:
            is_forbidden = isinstance(needs, UserRole) and needs not in MAY[role]
            assert ("You may not do this" in answer.text) is is_forbidden, rule
            assert answer.status_code < 500, rule


def test_neither_an_export_nor_a_list_of_pages_knows_the_desk(room: Desk) -> None:
    """An export is made by an application without one."""
    room.add("anna")
    assert desk_routes(create_app(room.office.current)) == []
    browser = room.browser()
    lists = ("/sitemap.xml", "/sitemap-1.xml", "/news-sitemap.xml", "/feeds.opml", "/robots.txt")
    for path in ("/", *lists):
        assert "/desk" not in browser.get(path).text


def test_a_route_that_does_not_say_who_may_use_it_is_closed(
    room: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.add("anna")
    browser = room.signed_in("anna")
    monkeypatch.delitem(desk.needs, ("desk.account", "GET"))
    assert browser.get("/desk/account").status_code == 403


def test_caches_before_the_application_hold_no_page_of_the_desk(room: Desk) -> None:
    for name in ("anna", "berta"):
        room.add(name)
    cache = DocumentCache()
    app = create_app(room.office.current, cache, has_desk=True, clock=lambda: NOON)
    stack = CacheMiddleware(app, current=room.office.current, document_cache=cache)
    browsers = {name: DeskBrowser(stack) for name in ("anna", "berta")}
    for name, browser in browsers.items():
        browser.sign_in(name)
    for name, browser in browsers.items():
        assert f"Account of {name}" in browser.get("/desk/account").text
    assert DeskBrowser(stack).get("/desk/account").status_code == 303
    assert app.extensions["communique"].pages.held_bytes == 0
