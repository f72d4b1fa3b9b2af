"""How often a hub is asked, what it is asked for, and which callbacks are ours."""

from datetime import timedelta

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import Canary
from service.websub.canary import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    is_signed,
    pause_after,
    subscription_fields,
    token_of,
)
from tests.support.newsrooms import NOON, SITE

CANARY = Canary(
    hub="https://hub.example/",
    feed="all",
    format=Format.ATOM,
    topic=SITE.topic("all", Format.ATOM),
    token="t0ken",
    secret="s3cret",
    due_at=NOON,
)


def test_a_hub_is_asked_for_what_the_recommendation_names() -> None:
    """WebSub 5.1."""
    fields = dict(subscription_fields(CANARY, SITE, lease_s=60))
    assert fields.pop("hub.verify") == "async"
    assert fields == {
        "hub.mode": "subscribe",
        "hub.topic": "https://news.example.org/feeds/all.atom",
        "hub.callback": "https://news.example.org/hub/canary/t0ken",
        "hub.lease_seconds": "60",
        "hub.secret": "s3cret",
    }


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [pause_after(number) for number in range(1, 12)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE == pause_after(10**9)
    assert pause_after(0) == FIRST_PAUSE > timedelta(0)


@pytest.mark.parametrize(
    ("callback", "token"),
    [
        ("https://news.example.org/hub/canary/t0ken_of-ours", "t0ken_of-ours"),
        ("https://news.example.org/hub/canary/", None),
        ("https://news.example.org/hub/canary/a/b", None),
        ("https://news.example.org/hub/canary/a?b", None),
        ("https://news.example.org/hub/canary/a#b", None),
        ("https://news.example.org/hub/canary/a\n", None),
        ("https://news.example.org/hub/canary/é", None),
        ("https://news.example.org/hub/canary/" + "a" * 101, None),
        ("https://news.example.org:443/hub/canary/a", None),
        ("http://news.example.org/hub/canary/a", None),
        ("https://NEWS.example.org/hub/canary/a", None),
        ("https://user@news.example.org/hub/canary/a", None),
        ("https://elsewhere.example/hub/canary/a", None),
    ],
)
def test_only_exactly_our_own_callbacks_are_ours(callback: str, token: str | None) -> None:
    assert token_of(callback, SITE) == token


def test_no_secret_stands_in_what_is_printed_of_a_canary() -> None:
    assert "s3cret" not in repr(CANARY)


def test_a_signature_is_read_as_hubs_write_it() -> None:
    """Some write the method or the digits in capitals. WebSub 7.1."""
    made = "d03c169add0b605f4187621de525067c33baa64f"
    assert is_signed(b"x", f"sha1={made}", secret="s3cret")
    assert is_signed(b"x", f" SHA1={made.upper()} ", secret="s3cret")
    assert not is_signed(b"x", f"sha256={made}", secret="s3cret")
    assert not is_signed(b"x", made, secret="s3cret")
    assert not is_signed(b"x", None, secret="s3cret")
