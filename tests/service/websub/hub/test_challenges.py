"""What a callback is asked and told (WebSub 5.2, 5.3): its own query stays as it is."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.feed import Format
from feeds.model.subscription import Mode, PendingRequest, SubscriptionRequest
from service.websub.hub.protocols import (
    CHALLENGE_BYTES,
    challenge,
    denial_url,
    verification_url,
    with_fields,
)
from tests.support.newsrooms import NOON

TOPIC = "https://news.example.org/feeds/a%20b.atom?x=1&y=2"


def pending(callback: str, mode: Mode = Mode.SUBSCRIBE, **terms: object) -> PendingRequest:
    """A request that waits."""
    request = SubscriptionRequest(
        mode=mode,
        feed="finance",
        format=Format.ATOM,
        topic=TOPIC,
        callback=callback,
        host="reader.example.com",
        **terms,  # type: ignore[arg-type]
    )
    return PendingRequest(id=1, request=request, asked_at=NOON, attempts=0)


def asked(url: str) -> list[tuple[str, str]]:
    """What a subscriber reads in the query, in the order sent."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def test_a_subscription_is_asked_for_with_all_that_was_granted() -> None:
    url = verification_url(pending("https://reader.example.com/push", lease_s=864_000), "abc")
    assert url.startswith("https://reader.example.com/push?")
    assert asked(url) == [
        ("hub.mode", "subscribe"),
        ("hub.topic", TOPIC),
        ("hub.challenge", "abc"),
        ("hub.lease_seconds", "864000"),
    ]


def test_an_end_has_no_lease() -> None:
    url = verification_url(pending("https://reader.example.com/push", Mode.UNSUBSCRIBE), "abc")
    assert asked(url) == [
        ("hub.mode", "unsubscribe"),
        ("hub.topic", TOPIC),
        ("hub.challenge", "abc"),
    ]


def test_a_denial_says_why() -> None:
    refused = pending("https://reader.example.com/push", Mode.DENIED, reason="it has ended\r\nX: y")
    assert asked(denial_url(refused)) == [
        ("hub.mode", "denied"),
        ("hub.topic", TOPIC),
        ("hub.reason", "it has ended\r\nX: y"),
    ]
    assert not set("\r\n ") & set(denial_url(refused))


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        pytest.param("http://r.example/cb", "http://r.example/cb?a=1", id="no query"),
        pytest.param("http://r.example/cb?", "http://r.example/cb?a=1", id="an empty query"),
        pytest.param("http://r.example", "http://r.example?a=1", id="no path"),
        pytest.param("http://r.example/cb?x", "http://r.example/cb?x&a=1", id="a valueless name"),
        pytest.param("http://r.example/cb?x=", "http://r.example/cb?x=&a=1", id="an empty value"),
        pytest.param(
            "http://r.example/cb?x=1&x=1", "http://r.example/cb?x=1&x=1&a=1", id="a repeated name"
        ),
        pytest.param(
            "http://r.example/cb?q=%C3%A9+%2b;&", "http://r.example/cb?q=%C3%A9+%2b;&&a=1", id="odd"
        ),
        pytest.param(
            "http://r.example/cb?hub.mode=mine",
            "http://r.example/cb?hub.mode=mine&a=1",
            id="names of the hub's",
        ),
        pytest.param("http://r.example/cb?x=1#y", "http://r.example/cb?x=1&a=1", id="a fragment"),
        pytest.param("http://r.example/cb?x=?", "http://r.example/cb?x=?&a=1", id="a second mark"),
    ],
)
def test_the_callbacks_own_query_comes_first_byte_for_byte(callback: str, expected: str) -> None:
    assert with_fields(callback, [("a", "1")]) == expected


@given(
    query=st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E)).filter(
        lambda text: "#" not in text
    ),
    value=st.text(alphabet=st.characters(codec="utf-8")),
)
def test_any_query_and_any_value_survive(query: str, value: str) -> None:
    url = with_fields(f"http://reader.example.com/cb?{query}", [("hub.topic", value)])
    assert url.startswith(f"http://reader.example.com/cb?{query}")
    assert asked(url)[-1] == ("hub.topic", value)
    assert url.isascii()


def test_challenges_are_long_and_need_no_encoding() -> None:
    """WebSub 5.3: random; at 32 bytes nobody guesses one."""
    written = challenge(bytes(range(CHALLENGE_BYTES)))
    assert len(written) >= 32
    assert written.isalnum()
    assert written != challenge(bytes(CHALLENGE_BYTES))
