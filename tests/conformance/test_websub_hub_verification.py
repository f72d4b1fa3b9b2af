"""WebSub for hubs: section 5.3 (verification of intent), over real sockets."""

import re
import ssl
import threading
import time
from functools import partial
from http import HTTPStatus

import pytest
import trustme

from tests.support.hub_newsroom import HubNewsroom
from tests.support.running_service import wait_until
from tests.support.subscriber import (
    CLOSES,
    DRIPS_BODY,
    DRIPS_HEAD,
    ENDLESS,
    HANGS,
    UNCONFIRMED,
    WELL,
    Manner,
    Subscriber,
    answers,
    challenge,
    redirects,
    running_subscriber,
)

#: What the hub adds to a callback's own query.
OURS = ["hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds"]

#: Queries that a hub which parses and writes them anew would change.
QUERIES = {
    "plain": "?a=b",
    "two": "?foo=bar&red=fish",
    "encoded": "?name=%C3%A9",
    "lower-case hexadecimals": "?name=%c3%a9",
    "encoded without need": "?%61=%62",
    "plus": "?a=b+c",
    "encoded plus": "?a=b%2Bc",
    "encoded space": "?a=b%20c",
    "repeated": "?a=1&a=2&a=1",
    "out of order": "?z=1&a=2",
    "empty value": "?a=",
    "empty name": "?=a",
    "without a value": "?token",
    "several without a value": "?a&b&c",
    "semicolon": "?a=1;b=2",
    "slash and question mark": "?to=/a?b",
    "equals signs": "?a=b=c==",
    "reserved": "?a=:@!$'()*,/",
    "tilde and dash": "?a=-._~",
    "broken percent": "?a=%zz%",
    "ampersands": "?a=1&&b=2",
    "ampersand at the end": "?a=1&",
    "hub.mode is there": "?hub.mode=mine",
    "hub.challenge is there": "?hub.challenge=mine&x=y",
    "all of ours are there": "?hub.topic=t&hub.lease_seconds=1&hub.mode=denied&hub.challenge=c",
    "another URL": "?next=https%3A%2F%2Fexample.org%2F%3Fa%3Db",
    "long": "?" + "&".join(f"n{number}={'x' * 40}" for number in range(35)),
}

#: Paths that a client which tidies addresses would change.
PATHS = ("/", "/a%20b", "/a%2Fb", "/%7Eu/~u", "/a;b=c", "/a//b", "/%c3%A9", "/a/../b", "/a:b@c")


def test_section_5_1_1_the_callbacks_query_goes_first_and_byte_for_byte(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST preserve the query, appending with &; names that overlap are not overwritten."""
    paths = {newsroom.path(): query for query in QUERIES.values()}
    for path, query in paths.items():
        assert newsroom.ask(subscriber.url(path + query)).status == 202, query
    for path, query in paths.items():
        [call] = subscriber.wait_for_verifications(1, path)
        assert call.target.startswith(f"{path}{query}&")
        appended = call.target.removeprefix(f"{path}{query}&").split("&")
        assert [field.partition("=")[0] for field in appended] == OURS
        wait_until(partial(newsroom.held, subscriber.url(path + query)))


def test_section_5_1_1_documents_go_to_the_callback_with_its_whole_query(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """A POST to the callback "including any query string parameters in the URL portion"."""
    path = newsroom.path()
    for query in QUERIES.values():
        newsroom.subscribe(subscriber.url(path + query))
    newsroom.publish("To each query")
    calls = subscriber.wait_for_deliveries(len(QUERIES), path)
    assert sorted(call.target for call in calls) == sorted(path + own for own in QUERIES.values())


def test_section_5_1_1_without_a_query_of_its_own_ours_is_the_query(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Query string arguments are appended."""
    without, empty = newsroom.path(), newsroom.path()
    newsroom.subscribe(subscriber.url(without))
    newsroom.subscribe(subscriber.url(f"{empty}?"))
    for path in (without, empty):
        [call] = subscriber.verifications(path)
        assert [name for name, _ in call.fields] == OURS
    newsroom.publish("To no query")
    for path in (without, empty):
        [call] = subscriber.wait_for_deliveries(1, path)
        assert call.target.rstrip("?") == path


def test_section_8_3_the_callbacks_path_is_used_as_it_is(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The Hub MUST use the exact callback used by the subscriber."""
    for path in PATHS:
        newsroom.subscribe(subscriber.url(path))
        assert subscriber.verifications(path), path
    newsroom.publish("To each path")
    for path in PATHS:
        subscriber.wait_for_deliveries(1, path)
        subscriber.behave(path, deliver=answers(410))


def test_section_5_3_a_challenge_has_no_character_that_means_anything(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST consist of + - . / 0-9 = A-Z _ a-z (June 2026), for unsubscribing too."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    newsroom.ask(subscriber.url(path), mode="unsubscribe")
    wait_until(lambda: len(subscriber.verifications(path)) == 2)
    calls = subscriber.verifications(path)
    assert [call.field("hub.mode") for call in calls] == ["subscribe", "unsubscribe"]
    for call in calls:
        assert re.fullmatch(r"[-+./0-9=A-Z_a-z]{16,200}", call.field("hub.challenge"))


def test_section_5_3_a_callback_is_asked_by_get(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """REQUIRED: hub.mode, hub.topic, hub.challenge; hub.lease_seconds when it is subscribe."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path), lease_seconds=4321)
    [call] = subscriber.verifications(path)
    assert (call.method, call.body) == ("GET", b"")
    assert call.field("hub.mode") == "subscribe"
    assert call.field("hub.topic") == newsroom.topic()
    assert call.field("hub.lease_seconds") == "4321"
    assert call.header("Host") == subscriber.url("").removeprefix("http://")


def test_section_5_3_the_lease_is_said_as_it_is_kept(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The hub-determined number of seconds that the subscription will stay active."""
    path = newsroom.path()
    held = newsroom.subscribe(subscriber.url(path), lease_seconds=10**9)
    [call] = subscriber.verifications(path)
    granted_s = int(call.field("hub.lease_seconds"))
    assert held.lease_s == granted_s
    assert (held.expires_at - held.confirmed_at).total_seconds() == granted_s


def test_section_5_3_challenges_are_random_and_used_once(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The hub SHOULD use a random, single-use hub.challenge (8.2); practice: 16 characters."""
    path = newsroom.path()
    for _ in range(5):
        newsroom.subscribe(subscriber.url(path))
    for suffix in ("rss", "json"):
        newsroom.subscribe(subscriber.url(path), topic=newsroom.topic(suffix=suffix))
    challenges = [call.field("hub.challenge") for call in subscriber.verifications(path)]
    assert len(set(challenges)) == len(challenges) == 7
    assert all(len(given) >= 16 for given in challenges)
    # No two have a beginning or an end in common that a counter or a clock would leave.
    assert (
        len({given[:8] for given in challenges}) == len({given[-8:] for given in challenges}) == 7
    )


def test_section_5_3_an_old_challenge_confirms_nothing(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Random and single-use: what was right once is wrong the next time."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path), lease_seconds=3600)
    [call] = subscriber.verifications(path)
    old = challenge(call)
    subscriber.behave(path, verify=Manner(body=lambda _: old))
    before = newsroom.held(subscriber.url(path))
    assert newsroom.ask(subscriber.url(path), lease_seconds=7200).status == 202
    subscriber.wait_for_verifications(2, path)
    newsroom.wait_until_decided()
    assert newsroom.held(subscriber.url(path)) == before


def test_section_5_3_1_any_2xx_with_the_challenge_confirms(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST respond with an HTTP success (2xx) code, and a body equal to the challenge."""
    for status in (200, 201, 202, 203, 206, 299):
        path = newsroom.path()
        subscriber.behave(path, verify=answers(status, Content_Type="text/html"))
        newsroom.subscribe(subscriber.url(path))


def test_section_5_3_1_nothing_else_confirms(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """Other codes, and a body that does not match the challenge: verification has failed."""
    paths = {manner: newsroom.path() for manner in UNCONFIRMED}
    for manner, path in paths.items():
        subscriber.behave(path, verify=UNCONFIRMED[manner])
        assert newsroom.ask(subscriber.url(path)).status == 202
    for path in paths.values():
        subscriber.wait_for_verifications(1, path)
    newsroom.wait_until_decided()
    held = {manner: newsroom.held(subscriber.url(path)) for manner, path in paths.items()}
    assert held == dict.fromkeys(UNCONFIRMED)


def test_section_5_3_1_a_redirect_is_not_followed(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST consider other response codes (3xx, 4xx, 5xx) to mean that it has failed."""
    led = {newsroom.path(): newsroom.path() for _ in range(5)}
    for (path, target), status in zip(led.items(), (301, 302, 303, 307, 308), strict=True):
        subscriber.behave(path, verify=redirects(subscriber.url(target), status))
        assert newsroom.ask(subscriber.url(path)).status == 202
    for path in led:
        [call] = subscriber.wait_for_verifications(1, path)
        assert challenge(call), "it would have been answered well"
    newsroom.wait_until_decided()
    newsroom.subscribe(newsroom.callback())
    for path, target in led.items():
        assert subscriber.verifications(target) == []
        assert newsroom.held(subscriber.url(path)) is None


def test_section_5_3_1_who_disagrees_is_not_asked_again(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """404 is the answer of whoever does not agree: it is final."""
    path = newsroom.path()
    subscriber.behave(path, verify=answers(404))
    assert newsroom.ask(subscriber.url(path)).status == 202
    subscriber.wait_for_verifications(1, path)
    wait_until(lambda: not newsroom.is_pending(subscriber.url(path)))


def test_section_5_3_a_later_request_counts_whichever_is_answered_first(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Each subsequent request MUST override the previous state (5.1)."""
    path = newsroom.path()
    gate = threading.Event()
    subscriber.behave(path, verify=[Manner(gate=gate), WELL])
    assert newsroom.ask(subscriber.url(path), lease_seconds=1000).status == 202
    subscriber.wait_for_verifications(1, path)
    assert newsroom.ask(subscriber.url(path), lease_seconds=2000).status == 202
    subscriber.wait_for_verifications(2, path)
    gate.set()
    newsroom.wait_until_decided()
    held = wait_until(lambda: newsroom.held(subscriber.url(path)))
    assert held is not None
    wait_until(lambda: not newsroom.is_pending(subscriber.url(path)))
    held = newsroom.held(subscriber.url(path))
    assert held is not None
    assert held.lease_s == 2000


@pytest.mark.parametrize(
    "manner",
    [HANGS, DRIPS_HEAD, DRIPS_BODY, ENDLESS, CLOSES],
    ids=["hang", "drip heads", "drip bodies", "answer without an end", "close"],
)
def test_section_5_3_twenty_callbacks_that_are_ill_hold_up_nobody(
    newsroom: HubNewsroom, subscriber: Subscriber, manner: Manner
) -> None:
    """Practice: bodies are read to a small cap, with a limit for the whole time."""
    ill = [newsroom.path() for _ in range(20)]
    for number, path in enumerate(ill):
        subscriber.behave(path, verify=manner)
        host = subscriber.hosts[number % 4]
        assert newsroom.ask(subscriber.url(path, host)).status == 202
    for path in ill:
        subscriber.wait_for_verifications(1, path)
    began = time.monotonic()
    well = newsroom.path()
    # From another host, and from one of those that hang.
    newsroom.subscribe(subscriber.url(well, subscriber.hosts[9]))
    newsroom.subscribe(subscriber.url(well, subscriber.hosts[0]))
    took_s = time.monotonic() - began
    # One after the other, those of one host alone would take five time limits of a second.
    assert took_s < 4.0, took_s
    # They are given up, and little was read of them.
    wait_until(lambda: subscriber.unanswered == 0)
    for number, path in enumerate(ill):
        assert newsroom.held(subscriber.url(path, subscriber.hosts[number % 4])) is None
        assert subscriber.sent_bytes(path) < 20_000_000


def test_section_5_3_who_did_not_answer_is_asked_again(newsroom: HubNewsroom) -> None:
    """Practice: a subscriber that is just starting loses no subscription."""
    # One that nobody was connected to: a request that a kept connection does not take is sent
    # once more by another one, and that is no second question.
    with running_subscriber() as starting:
        starting.behave("/", verify=[CLOSES, WELL], deliver=answers(410))
        assert newsroom.ask(starting.url("/")).status == 202
        starting.wait_for_verifications(1)
        assert newsroom.held(starting.url("/")) is None
        wait_until(lambda: newsroom.held(starting.url("/")))
        first, second = starting.verifications()
        assert challenge(first) != challenge(second)
        newsroom.publish("To who answered late")
        starting.wait_for_deliveries(1)
        wait_until(lambda: newsroom.held(starting.url("/")) is None)


def test_section_5_3_over_tls_by_the_callbacks_own_name(newsroom: HubNewsroom) -> None:
    """Callbacks MAY be https; one whose certificate is nobody's is not asked."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with running_subscriber(tls=tls) as stranger:
        assert newsroom.ask(stranger.url("/callback")).status == 202
        wait_until(lambda: stranger.connections)
        newsroom.wait_until_decided()
        assert stranger.calls == []
        assert newsroom.held(stranger.url("/callback")) is None


# 5.2 Subscription validation


def test_section_5_2_who_is_denied_later_on_is_told(restless: HubNewsroom) -> None:
    """MAY be denied at any point; the hub MUST inform the subscriber by GET to its callback."""
    path, subscriber, topic = restless.path(), restless.subscriber, restless.topic("weather")
    callback = subscriber.url(f"{path}?own=%C3%A9")
    restless.subscribe(callback, topic=topic)
    categories = restless.service.categories
    over = "slug: weather\n    ended: {on: '2020-01-01T00:00:00Z', words: Over}"
    categories.write_text(categories.read_text().replace("slug: weather", over))
    call = subscriber.wait_for_verifications(2, path)[1]
    assert call.target.startswith(f"{path}?own=%C3%A9&hub.mode=denied&")
    assert call.field("hub.topic") == topic
    assert call.field("hub.reason")
    wait_until(lambda: restless.held(callback, topic) is None)
    # Web workers take a new configuration each in its own time.
    wait_until(lambda: restless.ask(callback, topic=topic).status != HTTPStatus.ACCEPTED)
    answer = restless.ask(callback, topic=topic)
    assert 400 <= answer.status < 500
    assert "ended" in answer.body.decode()
