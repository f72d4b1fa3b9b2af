"""WebSub as a subscriber: hubs of upstreams are asked, verified, and believed if they sign."""

import hmac
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from feeds.model.token import Action, Token
from feeds.model.upstream import UpstreamSubscription
from feeds.store.upstream_pushes import MAX_WAITING
from service.tokens import hash_of
from service.upstreams.fetching import MAX_BODY_BYTES
from service.web import create_app
from service.wiring import upstream_poller
from tests.service.upstreams.conftest import CarryingOffice
from tests.support.newsrooms import NOON, SITE, later
from tests.support.raw_server import RawServer, running_raw_server, saying
from tests.support.upstream_server import Page, UpstreamServer, atom, entry

TOPIC = "https://council.example.org/news.atom"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def hub() -> RawServer:  # type: ignore[misc]
    """A hub that accepts, and does nothing."""
    with running_raw_server() as running:
        running.answer = saying(ACCEPTED)
        yield running


@pytest.fixture
def client(office: CarryingOffice) -> FlaskClient:
    """Whoever reaches the newsroom's callbacks."""
    app = create_app(office.current, clock=lambda: office.now, has_hub=True)
    return app.test_client(use_cookies=False)


def feed(hub: RawServer, *entries: str) -> bytes:
    """A document that names the hub and its topic."""
    links = f'<link rel="hub" href="{hub.url("/hub")}"/><link rel="self" href="{TOPIC}"/>'
    return atom(*(entries or (entry(1),)), head=links)


def held(office: CarryingOffice) -> UpstreamSubscription:
    """Our subscription."""
    with office.database.read() as tx:
        found = tx.upstream_subscriptions.of("council")
    assert found is not None
    return found


def work(office: CarryingOffice) -> None:
    """What the jobs process does every second."""
    upstream_poller(office.application, worker="test").subscriber.run()


def subscribed(office: CarryingOffice, server: UpstreamServer, hub: RawServer) -> str:
    """Subscribe; returns the path of the callback."""
    server.pages["/feed"] = Page(body=feed(hub), etag='"a"')
    office.poll("council")
    work(office)
    return f"/hub/upstream/{held(office).token}"


def verification(**changes: str) -> dict[str, str]:
    """What a hub asks a callback."""
    usual = {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "Ch4ll/en+ge=",
        "hub.lease_seconds": "86400",
    }
    return usual | changes


def signature(office: CarryingOffice, body: bytes, method: str = "sha256") -> dict[str, str]:
    """The header that the hub makes of a body."""
    made = hmac.new(held(office).secret.encode(), body, method).hexdigest()
    return {"X-Hub-Signature": f"{method}={made}", "Content-Type": "application/atom+xml"}


def test_the_hub_of_a_feed_is_asked_with_an_address_that_nobody_guesses(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer
) -> None:
    callback = subscribed(office, server, hub)
    [request] = hub.requests
    form = request.body.decode()
    assert request.line == "POST /hub HTTP/1.1"
    assert "hub.mode=subscribe" in form
    assert "hub.topic=https%3A%2F%2Fcouncil.example.org%2Fnews.atom" in form
    assert SITE.base_url.replace(":", "%3A").replace("/", "%2F") in form
    assert len(callback.rpartition("/")[2]) >= 40
    assert len(held(office).secret.encode()) < 200
    assert held(office).last_result == "accepted (202), not verified yet"
    # Asked again with growing pauses, and not at each run.
    work(office)
    assert len(hub.requests) == 1
    for asked in (2, 3):
        office.pass_time(minutes=5)
        work(office)
        assert len(hub.requests) == asked
    assert held(office).is_ignored
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll("council")
    with office.database.read() as tx:
        assert tx.upstream_subscriptions.listed() == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "callback: https://a/hub/upstream/{token} has\nno public address",
            "callback: https://a/hub/upstream/… has no public address",
        ),
        ("<html>No</html>", ""),
        ("", ""),
    ],
)
def test_a_hub_that_refuses_is_not_one_that_ignores(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, body: str, told: str
) -> None:
    """It was said to take requests and never to verify, and why it refuses was told nowhere."""
    server.pages["/feed"] = Page(body=feed(hub))
    office.poll("council")
    said = body.format(token=held(office).token).encode()
    hub.answer = saying(
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    )
    for _ in range(3):
        work(office)
        office.pass_time(minutes=5)
    assert held(office).attempts == 3
    assert not held(office).is_ignored
    assert held(office).last_result == f"refused: 400 {told}".rstrip()


def test_link_headers_come_before_links_in_the_document(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer
) -> None:
    field = f'<{hub.url("/other")}>; rel="hub", <https://x.example/t>; rel=self'
    server.pages["/feed"] = Page(body=feed(hub), headers={"Link": field})
    office.poll("council")
    assert (held(office).hub, held(office).topic) == (hub.url("/other"), "https://x.example/t")


def test_hubs_at_private_addresses_are_never_asked(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    field = '<http://10.0.0.1/hub>; rel="hub"'
    server.pages["/feed"] = Page(body=atom(entry(1)), headers={"Link": field})
    office.poll("council")
    work(office)
    assert "private address" in (held(office).last_result or "")


def test_what_was_asked_for_is_confirmed_and_nothing_else(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    callback = subscribed(office, server, hub)
    for changes in (
        {"hub.topic": "https://else.example/"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
        {"hub.challenge": ""},
        {"hub.challenge": "a" * 5000},
    ):
        answer = client.get(callback, query_string=verification(**changes))
        assert answer.status_code == 404, changes
    assert client.get(f"{callback}x", query_string=verification()).status_code == 404
    answer = client.get(callback, query_string=verification())
    assert (answer.status_code, answer.data) == (200, b"Ch4ll/en+ge=")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert held(office).expires_at == later(days=1)
    assert held(office).due_at == later(hours=12)
    assert held(office).attempts == 0


@pytest.mark.parametrize(
    ("granted", "renewed_after"),
    [
        pytest.param("1", timedelta(minutes=5), id="a second"),
        pytest.param("99999999999999999999", timedelta(days=5), id="for ever"),
        pytest.param("soon", timedelta(days=5), id="no number"),
    ],
)
def test_leases_are_clamped_and_renewed_in_good_time(
    office: CarryingOffice,
    server: UpstreamServer,
    hub: RawServer,
    client: FlaskClient,
    granted: str,
    renewed_after: timedelta,
) -> None:
    callback = subscribed(office, server, hub)
    client.get(callback, query_string=verification(**{"hub.lease_seconds": granted}))
    assert held(office).due_at == NOON + renewed_after
    office.now = NOON + renewed_after
    work(office)
    assert len(hub.requests) == 2


def test_a_denial_is_recorded_and_the_hub_left_alone_for_hours(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    callback = subscribed(office, server, hub)
    denial = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "members only"}
    assert client.get(callback, query_string=denial).status_code == 200
    assert held(office).last_result == "denied: members only"
    office.pass_time(hours=1)
    work(office)
    assert len(hub.requests) == 1


def test_a_signed_push_is_taken_in_and_does_not_postpone_the_poll(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    callback = subscribed(office, server, hub)
    client.get(callback, query_string=verification())
    before = office.state()
    # Only what is new, as hubs of the first generation send it; complete, as it is not.
    body = atom(entry(2), head="<fh:complete/>")
    answer = client.post(callback, data=body, headers=signature(office, body))
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Decision 2" not in office.releases()
    work(office)
    assert set(office.releases()) == {"Decision 1", "Decision 2"}
    assert office.releases()["Decision 1"].retraction is None
    assert (held(office).pushes, held(office).came_by_push) == (1, 1)
    after = office.state()
    assert (after.due_at, after.validators) == (before.due_at, before.validators)
    assert after.taken == before.taken + 1
    # What no push brought is missed.
    server.pages["/feed"] = Page(body=feed(hub, entry(1), entry(2), entry(3)))
    assert office.poll_next().taken == 1
    assert held(office).missed == 1


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({}, id="none"),
        pytest.param({"X-Hub-Signature": "sha256=00"}, id="wrong"),
        pytest.param({"X-Hub-Signature": "md5=00"}, id="weak"),
        pytest.param({"X-Hub-Signature": "sha256=é"}, id="no hex"),
    ],
)
def test_a_push_that_is_not_signed_by_our_secret_is_ignored(
    office: CarryingOffice,
    server: UpstreamServer,
    hub: RawServer,
    client: FlaskClient,
    header: dict[str, str],
) -> None:
    callback = subscribed(office, server, hub)
    answer = client.post(callback, data=atom(entry(2)), headers=header)
    assert answer.status_code == 204  # WebSub 7.1.2
    work(office)
    assert set(office.releases()) == {"Decision 1"}
    assert held(office).pushes == 0
    assert held(office).last_result == "a push came that our secret did not sign"


def test_callbacks_that_nobody_has_are_gone_and_large_bodies_refused(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    assert client.post("/hub/upstream/none", data=b"x").status_code == 410
    callback = subscribed(office, server, hub)
    assert client.post(callback, data=b" " * (MAX_BODY_BYTES + 1)).status_code == 413


def test_a_hub_that_runs_wild_fills_no_store_and_stops_no_other(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    callback = subscribed(office, server, hub)
    for number in range(MAX_WAITING + 5):
        body = b"<html>" if number % 2 else atom(entry(100 + number))
        client.post(callback, data=body, headers=signature(office, body))
    work(office)
    assert "Decision 100" not in office.releases()
    assert "Decision 124" in office.releases()
    with office.database.read() as tx:
        assert not tx.upstream_subscriptions.has_pushes()


# What operators are shown.

OPERATOR = {"Authorization": "Bearer cq_operator"}


def numbers(office: CarryingOffice, *, headers: dict[str, str] = OPERATOR) -> dict[str, float]:
    """The metrics of upstreams, by name without ``communique_upstream_``, and by label."""
    app = create_app(office.current, clock=lambda: office.now, has_hub=True)
    answer = app.test_client(use_cookies=False).get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        " ".join([sample.name.removeprefix("communique_upstream_"), *sample.labels.values()]): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
        if sample.name.startswith("communique_upstream_")
    }


@pytest.fixture
def operator(office: CarryingOffice) -> None:
    """A token for `OPERATOR`."""
    token = Token(name="ops", actions=(Action.OPERATE,), categories=None, made_at=NOON)
    with office.database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of("cq_operator"))


@pytest.mark.usefixtures("operator")
def test_metrics_tell_what_polls_and_pushes_came_to(
    office: CarryingOffice, server: UpstreamServer, hub: RawServer, client: FlaskClient
) -> None:
    office.carry({"without": {"titles": ["vacancy"]}})
    at_hub = hub.url("/hub")
    assert numbers(office) == {
        "polls_total council": 0,
        "not_modified_total council": 0,
        "taken_total council": 0,
        "corrected_total council": 0,
        "failures council": 0,
    }
    vacancy = entry(2, title="Vacancy")
    server.pages["/feed"] = Page(body=feed(hub, entry(1), vacancy), etag='"a"')
    office.poll("council")
    work(office)
    first = {
        "polls_total council": 1,
        "not_modified_total council": 0,
        "taken_total council": 1,
        "corrected_total council": 0,
        "left_out_total not wanted by the filters council": 1,
        "failures council": 0,
        "last_success_timestamp_seconds council": NOON.timestamp(),
        f"pushes_total {at_hub}": 0,
        f"came_by_push_total {at_hub}": 0,
        f"missed_total {at_hub}": 0,
    }
    assert numbers(office) == first
    # Unchanged; then by push, by a poll that the hub did not push, and by a correction.
    office.poll_next()
    callback = f"/hub/upstream/{held(office).token}"
    client.get(callback, query_string=verification())
    body = atom(entry(3))
    client.post(callback, data=body, headers=signature(office, body))
    work(office)
    changed = entry(1, body="<p>Something else.</p>")
    server.pages["/feed"] = Page(body=feed(hub, changed, vacancy, entry(3), entry(4)))
    office.poll_next()
    succeeded_at = office.now.timestamp()
    server.pages["/feed"] = Page(status=500)
    office.poll_next()
    office.poll_next()
    assert numbers(office) == first | {
        "polls_total council": 3,
        "not_modified_total council": 1,
        "taken_total council": 3,
        "corrected_total council": 1,
        "failures council": 2,
        "last_success_timestamp_seconds council": succeeded_at,
        f"pushes_total {at_hub}": 1,
        f"came_by_push_total {at_hub}": 1,
        f"missed_total {at_hub}": 1,
    }
    # Whom a newsroom carries is public; how that goes is not.
    assert numbers(office, headers={}) == {}
