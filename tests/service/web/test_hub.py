"""The hub's address: what is posted there is taken or refused, and a person is told what it is.

WebSub 5.1 and 5.2. What comes after the 202 is the hub process's.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from feeds.model.subscription import Mode, PendingRequest
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    create_app,
    subscribing,
    wsgi_adapter,
)
from service.websub.hub.callbacks import Callbacks
from tests.service.web.offices import CATALOGUE, SITE, open_office
from tests.support.hub_rooms import HubRoom
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.running_service import wait_for_end, wait_until
from tests.support.wire_server import make_server, port_of, running

FORM = "application/x-www-form-urlencoded"
TOPIC = SITE.topic(ALL, Format.ATOM)
CALLBACK = "http://127.0.0.1:9/told?a=%C3%A9&a=+&b"
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}


class Hub(HubRoom):
    """A hub, and a client of it."""

    def __init__(self, folder: Path) -> None:
        office = open_office(folder)
        office.add(draft())
        office.publish(now=later(minutes=1))
        super().__init__(office, folder)
        self.client: FlaskClient = self.make_app().test_client(use_cookies=False)

    def make_app(self, document_cache: DocumentCache | None = None) -> Flask:
        """An application with this hub."""
        return create_app(self.office.current, document_cache, clock=lambda: NOON, has_hub=True)

    def post(
        self, changes: dict[str, str] | None = None, /, *, address: str = "192.0.2.1", **more: str
    ) -> TestResponse:
        """Post a good form with these changes, from an address; *more* are header fields."""
        return self.client.post(
            "/hub",
            data=urlencode({**GOOD, **(changes or {})}),
            content_type=FORM,
            headers={name.replace("_", "-"): value for name, value in more.items()},
            environ_overrides={"REMOTE_ADDR": address},
        )

    @property
    def pending(self) -> list[PendingRequest]:
        """What was taken."""
        with self.database.read() as tx:
            return tx.subscriptions.pending()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A newsroom of one's own."""
    opened = Hub(tmp_path)
    yield opened
    opened.database.close()


def reason_of(response: TestResponse) -> str:
    """What a client is told, which is one line of plain text."""
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    line = response.get_data(as_text=True)
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    return line[:-1]


def test_5_1_1_a_good_request_is_accepted_and_kept(hub: Hub) -> None:
    response = hub.post({"hub.secret": "geheim", "hub.lease_seconds": "86400", "x": "y"})
    assert response.status_code == 202
    assert reason_of(response).startswith("accepted")
    [pending] = hub.pending
    request = pending.request
    assert (request.mode, request.feed, request.format) == (Mode.SUBSCRIBE, ALL, Format.ATOM)
    assert (request.topic, request.callback, request.host) == (TOPIC, CALLBACK, "127.0.0.1")
    assert (request.secret, request.lease_s) == ("geheim", 86_400)
    assert (request.client, pending.asked_at) == ("192.0.2.1", NOON)


def test_5_1_1_the_answer_does_not_wait_for_the_callback(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        assert hub.post({"hub.callback": f"http://127.0.0.1:{port}/"}).status_code == 202
        nobody.settimeout(0)
        with pytest.raises(BlockingIOError):
            nobody.accept()


def test_5_1_each_request_is_kept_in_its_order(hub: Hub) -> None:
    """A renewal, and a change of mind: the last one counts, once it is confirmed."""
    for mode, secret in (("subscribe", "one"), ("subscribe", "two"), ("unsubscribe", "")):
        assert hub.post({"hub.mode": mode, "hub.secret": secret}).status_code == 202
    kept = [(each.request.mode, each.request.secret) for each in hub.pending]
    assert kept == [(Mode.SUBSCRIBE, "one"), (Mode.SUBSCRIBE, "two"), (Mode.UNSUBSCRIBE, None)]


@pytest.mark.parametrize(
    "content_type",
    [
        f"{FORM}; charset=UTF-8",
        f"{FORM};charset=utf-8;x=y",
        FORM.upper(),
        f"{FORM} ; a",
        f"{FORM};",
    ],
)
def test_5_1_a_form_may_have_parameters(hub: Hub, content_type: str) -> None:
    response = hub.client.post("/hub", data=urlencode(GOOD), content_type=content_type)
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(GOOD)),
        ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="x"\r\n'),
        ("text/plain", urlencode(GOOD)),
        ("", urlencode(GOOD)),
        (f"{FORM}, text/plain", urlencode(GOOD)),
        ("x" * 5000, urlencode(GOOD)),
    ],
)
def test_5_1_other_bodies_are_no_forms(hub: Hub, content_type: str, body: str) -> None:
    response = hub.client.post("/hub", data=body, headers={"Content-Type": content_type})
    assert response.status_code == 415
    assert reason_of(response) == f"this takes forms: {FORM}"
    assert hub.pending == []


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"hub.mode": "publish"}, 400, "only cause of a distribution"),
        ({"hub.mode": ""}, 400, "hub.mode is missing"),
        ({"hub.callback": "nowhere"}, 400, "hub.callback is not an absolute"),
        ({"hub.callback": "http://10.0.0.1/"}, 400, "not public"),
        ({"hub.callback": "http://169.254.169.254/"}, 400, "not public"),
        ({"hub.callback": "http://93.184.216.34:25/"}, 400, "port 25"),
        ({"hub.callback": f"{SITE.base_url}/hub"}, 400, "own address"),
        ({"hub.lease_seconds": "0"}, 400, "hub.lease_seconds"),
        ({"hub.secret": "é" * 100}, 400, "hub.secret"),
        ({"hub.topic": f"{SITE.base_url}/feeds/none.atom"}, 404, "no feed of this newsroom"),
        ({"hub.topic": "https://other.example/feeds/all.atom"}, 404, SITE.opml),
    ],
)
def test_5_2_what_is_refused_is_told_why(
    hub: Hub, changes: dict[str, str], status: int, reason: str
) -> None:
    response = hub.post(changes)
    assert (response.status_code, hub.pending) == (status, [])
    assert reason in reason_of(response)


def test_a_body_that_is_too_large_is_not_read(hub: Hub) -> None:
    for size in (16 * 1024 + 1, 16 * 1024 * 1024):
        response = hub.client.post("/hub", data=b"x" * size, content_type=FORM)
        assert response.status_code == 413
        assert "16384 bytes" in reason_of(response)
    long = {"hub.callback": CALLBACK + "x" * (2000 - len(CALLBACK)), "x": "y" * 12_000}
    assert hub.post(long).status_code == 202


def test_line_breaks_get_nowhere(hub: Hub) -> None:
    for name, value in GOOD.items():
        response = hub.post({name: f"{value}\r\nX-Injected: 1"})
        assert response.status_code in (400, 404)
        assert "X-Injected" not in response.headers
    assert hub.post({"hub.secret": "a\r\nX-Injected: 1", "\r\nX": "\r\n"}).status_code == 202


_FIELDS = st.sampled_from([*GOOD, "hub.secret", "hub.lease_seconds", "hub.verify", "", "\r\n"])
_VALUES = st.one_of(
    st.sampled_from([*GOOD.values(), "unsubscribe", "9" * 30, "http://[::1", "a\0b", "é" * 300]),
    st.text(max_size=30),
    st.binary(max_size=30),
)
_TYPES = st.one_of(st.just(FORM), st.sampled_from([f"{FORM}; charset=\xff", "multipart/form-data"]))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=2 * settings().max_examples,
)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.tuples(_FIELDS, _VALUES), max_size=8).map(
            lambda fields: urlencode(fields, errors="replace").encode()
        ),
    ),
    _TYPES,
)
def test_nothing_that_is_sent_is_our_fault(hub: Hub, body: bytes, content_type: str) -> None:
    before = len(hub.pending)
    response = hub.client.post("/hub", data=body, headers={"Content-Type": content_type})
    assert response.status_code in {202, 400, 404, 413, 415}
    assert len(hub.pending) - before == (response.status_code == 202)
    reason_of(response)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples // 2,
)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=49))
def test_any_secret_is_kept_as_it_is_by_both_databases(
    database: Database, tmp_path: Path, secret: str
) -> None:
    room = HubRoom(Office(database, CATALOGUE), tmp_path)
    form = urlencode({**GOOD, "hub.secret": secret})
    client = create_app(room.office.current, clock=lambda: NOON, has_hub=True).test_client(
        use_cookies=False
    )
    assert client.post("/hub", data=form, content_type=FORM).status_code == 202
    with database.read() as tx:
        assert tx.subscriptions.pending()[-1].request.secret == secret


# Limits


def test_a_client_that_asks_too_often_is_told_to_wait(hub: Hub) -> None:
    hub.configure(own_hub={"requests_per_minute": 2, "burst": 3})
    assert [hub.post().status_code for _ in range(4)] == [202, 202, 202, 429]
    refused = hub.post({"hub.mode": "nonsense"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert "2 times a minute" in reason_of(refused)
    assert hub.post(address="192.0.2.2").status_code == 202


def test_a_client_of_ipv6_is_one_with_all_its_addresses(hub: Hub) -> None:
    hub.configure(own_hub={"requests_per_minute": 1, "burst": 1})
    assert hub.post(address="2001:db8::1").status_code == 202
    assert hub.post(address="2001:db8::2").status_code == 429
    assert hub.post(address="2001:db8:0:1::1").status_code == 202


def test_clients_are_told_apart_behind_a_proxy_that_is_trusted(hub: Hub) -> None:
    limits = {"requests_per_minute": 1, "burst": 1}
    hub.configure(own_hub=limits)

    def ask(forwarded: str) -> int:
        return hub.post(address="127.0.0.1", X_Forwarded_For=forwarded).status_code

    assert [ask("192.0.2.1"), ask("192.0.2.2")] == [202, 429]
    hub.configure(own_hub=limits, http={"trusted_proxies": ["127.0.0.0/8"]})
    assert [ask("192.0.2.1"), ask("192.0.2.2"), ask("192.0.2.9, 192.0.2.2")] == [202, 202, 429]
    assert [each.request.client for each in hub.pending[1:]] == ["192.0.2.1", "192.0.2.2"]


def test_a_host_has_no_more_than_so_many_requests_that_wait(hub: Hub) -> None:
    hub.configure(own_hub={"pending_per_host": 2})
    for number in range(2):
        assert hub.post({"hub.callback": f"http://127.0.0.1:{80 + number}/"}).status_code == 202
    refused = hub.post()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert "127.0.0.1 wait to be confirmed" in reason_of(refused)
    assert hub.post({"hub.callback": "http://127.0.0.2/"}).status_code == 202
    with hub.database.transaction() as tx:
        tx.subscriptions.drop_requests([hub.pending[0].id])
    assert hub.post().status_code == 202


# Where there is none, and when it cannot


def test_a_hub_that_is_not_offered_is_not_there(hub: Hub) -> None:
    hub.configure(own_hub={"offered": False})
    assert hub.post().status_code == 404
    assert hub.client.get("/hub").status_code == 404
    assert create_app(hub.office.current).test_client().get("/hub").status_code == 404
    hub.configure()
    assert hub.post().status_code == 202


def test_a_store_that_is_gone_is_no_fault_of_the_clients(hub: Hub) -> None:
    with hub.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE subscription_requests RENAME TO gone"))
    response = hub.post()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert hub.post({"hub.mode": "publish"}).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_not_allowed(hub: Hub, method: str) -> None:
    response = hub.client.open("/hub", method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_no_page_of_others_may_post_here(hub: Hub) -> None:
    """Callbacks are servers': a browser that is made to subscribe reads no answer."""
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
    preflight = hub.client.options("/hub", headers=asked)
    assert preflight.status_code == 200
    for response in (preflight, hub.post(Origin="https://other.example")):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


# For a person


def test_a_person_is_told_what_it_is(hub: Hub) -> None:
    response = hub.client.get("/hub")
    page = response.get_data(as_text=True)
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    assert f"curl -i {SITE.hub}" in page
    assert f"hub.topic={TOPIC}" in page
    assert "80, 443, 8080, 8443" in page
    assert "from 300 to 2592000 seconds; 864000" in page
    assert SITE.author.name in page
    head = hub.client.head("/hub")
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(response.headers)
    tag = response.headers["ETag"]
    assert hub.client.get("/hub", headers={"If-None-Match": tag}).status_code == 304


def test_pages_say_so_where_a_feed_is_pushed_by_this_hub(hub: Hub) -> None:
    described = hub.catalogue
    for hubs, is_said in (
        (("https://hub.example/",), False),
        ((SITE.hub, "https://x.example/"), True),
    ):
        feeds = [replace(feed, hubs=hubs) for feed in described.feeds.values()]
        pushed = Catalogue(SITE, list(described.categories.values()), feeds)
        hub.office.configure(pushed, now=later(minutes=2))
        for path in ("/", "/feeds/cooperation"):
            page = hub.client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
            assert ('<a href="/hub">' in page) is is_said


def test_the_question_of_another_hub_finds_no_challenge_in_the_page(hub: Hub) -> None:
    """Who makes this address a callback is not confirmed by it: there is no loop."""
    asked = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c" * 32}
    response = hub.client.get("/hub", query_string=asked)
    assert b"c" * 32 not in response.data
    assert response.data == hub.client.get("/hub").data


# Over the wire


class Served:
    """A hub behind the server as it ships."""

    def __init__(self, hub: Hub, port: int) -> None:
        self.hub = hub
        self.port = port

    def post(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Post over a connection of its own."""
        fields = {"Content-Type": FORM, **{k.replace("_", "-"): v for k, v in headers.items()}}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("POST", "/hub", body=body, headers=fields)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def served(hub: Hub) -> Iterator[Served]:
    """A hub, over a socket."""
    with serving(hub) as served:
        yield served


@contextmanager
def serving(hub: Hub) -> Iterator[Served]:
    changes = Changes(hub.database, of_documents=True)
    document_cache = DocumentCache(detector=ChangeDetector(changes, clock=time.monotonic))
    server = make_server(
        CacheMiddleware(
            hub.make_app(document_cache), current=hub.office.current, document_cache=document_cache
        )
    )
    with running(server):
        yield Served(hub, port_of(server))
    changes.close()


def test_hostile_bodies_are_borne_over_the_wire(served: Served) -> None:
    """WebSub in practice: a clean 4xx, never a 5xx."""
    good = urlencode(GOOD).encode()
    cases: list[tuple[bytes, dict[str, str], int]] = [
        (good, {}, 202),
        (b"", {}, 400),
        (b"&" * 10_000, {}, 400),
        (b"%" * 10_000, {}, 400),
        (b"\x00" * 100, {}, 400),
        (b"\xff\xfe" * 100, {}, 400),
        (good + b"&" + good, {}, 400),
        (good + b"&hub.callback=http://127.0.0.2/", {}, 400),
        (urlencode({**GOOD, "hub.callback": CALLBACK + "x" * 20_000}).encode(), {}, 413),
        (urlencode({**GOOD, "hub.callback": CALLBACK + "x" * 5_000}).encode(), {}, 400),
        (b"x" * (16 * 1024 * 1024), {}, 413),
        (json.dumps(GOOD).encode(), {"Content-Type": "application/json"}, 415),
        (good, {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (good, {"Content-Type": f"{FORM}; charset=utf-16"}, 202),
        (good, {"Content-Encoding": "gzip"}, 202),
        (good, {"X-Forwarded-For": "," * 60_000}, 202),
    ]
    for body, headers, expected in cases:
        status, _ = served.post(body, **headers)
        assert status == expected, (body[:80], headers)
    assert {each.request.callback for each in served.hub.pending} == {CALLBACK}


def test_a_storm_holds_up_no_reader(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests whose names hang in the name system wait by themselves; so do those behind them."""
    let_go = threading.Event()
    asked = threading.Semaphore(0)

    def hang(_host: str, _port: int) -> list[Any]:
        asked.release()
        let_go.wait(30)
        return []

    slow = Callbacks(is_own=lambda _: False, resolve=hang, within_s=30)
    monkeypatch.setattr(subscribing, "Callbacks", lambda **_: slow)
    with serving(served.hub) as stormed:
        statuses: list[int] = []

        def storm(number: int) -> None:
            form = {**GOOD, "hub.callback": f"http://{number}.example/"}
            statuses.append(stormed.post(urlencode(form).encode())[0])

        most = wsgi_adapter.MAX_WAITING_SUBSCRIPTIONS + 2
        clients = [threading.Thread(target=storm, args=(n,)) for n in range(most + 20)]
        for each in clients:
            each.start()
        try:
            assert asked.acquire(timeout=10)
            # Those that found the lane full.
            wait_until(lambda: statuses == [429] * 20)
            for path in ("/", "/feeds/all.atom", "/feeds/all", "/livez", "/hub") * 5:
                started = time.perf_counter()
                with closing(HTTPConnection("127.0.0.1", stormed.port, timeout=10)) as reader:
                    reader.request("GET", path)
                    assert reader.getresponse().status == 200
                assert time.perf_counter() - started < 2
        finally:
            let_go.set()
        for each in clients:
            wait_for_end(each, within_s=30)
        assert sorted(set(statuses)) == [202, 429]
        assert statuses.count(202) == most


def test_the_command_on_the_page_works_as_it_stands(served: Served) -> None:
    """But for the callback, which is nobody's."""
    page = served.hub.client.get("/hub").get_data(as_text=True)
    found = re.search(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    assert found is not None
    words = found[1].replace("\\\n", " ").split()
    assert words[:3] == ["curl", "-i", SITE.hub]
    fields = [words[at + 1] for at, word in enumerate(words) if word.startswith(("-d", "--data"))]
    status, said = served.post(urlencode([tuple(each.split("=", 1)) for each in fields]).encode())
    assert (status, said[:8]) == (202, b"accepted")
