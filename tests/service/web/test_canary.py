"""The callback of our own subscriptions: what a hub may ask of it and push to it, and nobody else.

WebSub 5.2 and 5.3 from the subscriber's side, and 7.1 of the signature.
"""

import hmac
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.model.subscription import CanaryState
from tests.service.web.watched_office import OTHER, SECRET, TOKEN, TOPIC, WatchedOffice
from tests.support.newsrooms import later

CALLBACK = f"/hub/canary/{TOKEN}"
GOOD = {
    "hub.mode": "subscribe",
    "hub.topic": TOPIC,
    "hub.challenge": "ch+ll.en/ge=_-Z9",
    "hub.lease_seconds": "3600",
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[WatchedOffice]:
    """A newsroom of one's own; its canary was not asked for yet."""
    opened = WatchedOffice(tmp_path)
    yield opened
    opened.database.close()


def signature(body: bytes, *, secret: str = SECRET, method: str = "sha256") -> str:
    """What a hub signs a body with."""
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"


def push(office: WatchedOffice, body: bytes, signed: str | None = None) -> int:
    """Push a body; says what that was answered with."""
    fields = {"X-Hub-Signature": signature(body) if signed is None else signed}
    return office.client.post(CALLBACK, data=body, headers=fields).status_code


def arrivals(office: WatchedOffice) -> list[int | None]:
    """Which editions arrived, for each that was expected or came; newest first."""
    with office.database.read() as tx:
        return [one.arrived_edition for one in tx.canaries.pushes(office.canary, limit=10)]


def test_what_we_asked_for_is_confirmed_with_the_challenge_as_mere_bytes(
    office: WatchedOffice,
) -> None:
    answer = office.client.get(CALLBACK, query_string=GOOD)
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, GOOD["hub.challenge"])
    assert answer.content_type == "application/octet-stream"  # WebSub 5.3.1
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    stands = office.now_is()
    assert (stands.state, stands.verified_at) == (CanaryState.VERIFIED, office.now)
    assert stands.expires_at == office.now + timedelta(hours=1)
    assert stands.due_at == office.now + timedelta(minutes=30)


@pytest.mark.parametrize("granted", ["", "ten", "0", "-5", "٣"])
def test_a_lease_that_is_none_is_the_one_we_asked_for(office: WatchedOffice, granted: str) -> None:
    office.client.get(CALLBACK, query_string=GOOD | {"hub.lease_seconds": granted})
    assert office.now_is().expires_at == office.now + timedelta(days=7)


def test_an_absurd_lease_is_cut(office: WatchedOffice) -> None:
    office.client.get(CALLBACK, query_string=GOOD | {"hub.lease_seconds": "9" * 4000})
    expires_at = office.now_is().expires_at
    assert expires_at is not None
    assert expires_at < later(days=3651)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"hub.topic": TOPIC.replace("all", "finance")}, id="another topic"),
        pytest.param({"hub.topic": ""}, id="no topic"),
        pytest.param({"hub.mode": "unsubscribe"}, id="its end"),
        pytest.param({"hub.mode": ""}, id="no mode"),
        pytest.param({"hub.challenge": ""}, id="no challenge"),
        # WebSub 8.2: nobody has us say what a browser could take for a page of ours.
        pytest.param({"hub.challenge": "<script>"}, id="a challenge of other characters"),
        pytest.param({"hub.challenge": "chällenge"}, id="a challenge beyond ASCII"),
        pytest.param({"hub.challenge": "challenge\n"}, id="a challenge with an end of line"),
        pytest.param({"hub.challenge": "a" * 1001}, id="a challenge too long"),
    ],
)
def test_what_we_did_not_ask_for_is_not_found(
    office: WatchedOffice, change: dict[str, str]
) -> None:
    assert office.client.get(CALLBACK, query_string=GOOD | change).status_code == 404
    assert office.state is CanaryState.NEW


@pytest.mark.parametrize("token", ["unknown", "%00", "%C3%A9", "a" * 5000, "t0ken_of-ours%20"])
def test_other_callbacks_are_not_found_and_their_pushes_end(
    office: WatchedOffice, token: str
) -> None:
    """WebSub 7: 410 ends the subscription, for hubs that go by it."""
    answer = office.client.get(f"/hub/canary/{token}", query_string=GOOD)
    assert answer.status_code == 404
    assert GOOD["hub.challenge"] not in answer.get_data(as_text=True)
    assert office.client.post(f"/hub/canary/{token}", data=b"x").status_code == 410


def test_a_denial_is_noted_with_its_reason(office: WatchedOffice) -> None:
    office.verify()
    denied = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "not\r\nyours"}
    assert office.client.get(CALLBACK, query_string=denied).status_code == 200
    stands = office.now_is()
    assert (stands.state, stands.last_result) == (CanaryState.DENIED, "denied: not yours")
    assert stands.due_at == office.now + timedelta(hours=6)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_push_that_is_signed_by_our_secret_counts(office: WatchedOffice, method: str) -> None:
    office.verify()
    edition = office.tell()
    body = office.client.get("/feeds/all.atom").data
    assert push(office, body, signature(body, method=method)) == 204
    assert arrivals(office) == [edition]


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param("", id="none"),
        pytest.param("sha256=", id="empty"),
        pytest.param("md5=" + "0" * 32, id="another method"),
        pytest.param("sha256=é", id="no ascii"),
        pytest.param(signature(b"<feed/>", secret="forged"), id="another secret"),
        pytest.param(signature(b"other"), id="another body"),
    ],
)
def test_a_push_that_is_not_is_refused_and_ops_are_told(office: WatchedOffice, signed: str) -> None:
    office.verify()
    office.tell()
    assert push(office, b"<feed/>", signed) == 403
    assert arrivals(office) == [None]
    assert office.now_is().last_result == "a push came that was not signed by our secret"
    assert office.state is CanaryState.VERIFIED


def test_a_body_beyond_the_cap_is_refused_unread(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.verify()
    monkeypatch.setattr("service.web.canary.MAX_PUSH_BYTES", 10)
    assert push(office, b"x" * 10) == 204
    assert push(office, b"x" * 11) == 413


@settings(
    max_examples=4 * settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    query=st.dictionaries(
        st.sampled_from([*GOOD, "hub.reason"]), st.text(max_size=40) | st.just(TOPIC)
    ),
    body=st.binary(max_size=200),
    signed=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=90),
)
def test_nothing_that_is_sent_is_our_fault(
    office: WatchedOffice, query: dict[str, str], body: bytes, signed: str
) -> None:
    assert office.client.get(CALLBACK, query_string=query).status_code in (200, 404)
    assert office.client.get(CALLBACK, query_string=GOOD | query).status_code in (200, 404)
    assert push(office, body, signed) == 403


def test_the_canary_of_one_hub_says_nothing_of_another(office: WatchedOffice) -> None:
    office.verify()
    office.tell()
    push(office, office.client.get("/feeds/all.atom").data)
    with office.database.read() as tx:
        tallies = tx.hub_tallies.listed()
    assert list(tallies) == [OTHER]
    assert (tallies[OTHER].pushes_expected, tallies[OTHER].pushes_seen) == (1, 1)
