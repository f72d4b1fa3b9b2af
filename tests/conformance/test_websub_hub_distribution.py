"""WebSub for hubs: section 7 (content distribution) and leases, over real sockets."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest

from tests.support.hub_newsroom import SETTLED_S, HubNewsroom, tells_of
from tests.support.running_service import wait_until
from tests.support.subscriber import (
    CLOSES,
    DRIPS_BODY,
    DRIPS_HEAD,
    ENDLESS,
    HANGS,
    WELL,
    Call,
    Manner,
    Manners,
    Subscriber,
    answers,
    redirects,
    running_subscriber,
)

FORMATS = ("atom", "rss", "json")

#: All that a subscriber is sent. Whatever else a topic's own answers carry stays there.
HEADERS = {
    "host",
    "user-agent",
    "accept",
    "content-type",
    "content-length",
    "link",
    "x-hub-signature",
}

SUCCESSES = (200, 201, 202, 203, 204, 206, 299)

#: Ways to fail, which all are tried again.
FAILURES = {
    "500": answers(500),
    "503": answers(503, Retry_After="1"),
    "404": answers(404),
    "400": answers(400),
    "401": answers(401),
    "429": answers(429),
    "304": answers(304),
    "999": answers(999),
    "closes": CLOSES,
    "hangs": HANGS,
    "drips": DRIPS_HEAD,
}


def first_telling(subscriber: Subscriber, path: str, title: str) -> Call:
    """The first delivery to a callback that tells of this release."""
    return wait_until(
        lambda: [call for call in subscriber.deliveries(path) if tells_of(call, title)]
    )[0]


def assert_nothing_more(subscriber: Subscriber, path: str, count: int) -> None:
    """Wait for whatever may be under way, and see that no further delivery came."""
    time.sleep(SETTLED_S)
    assert len(subscriber.deliveries(path)) == count


def test_section_7_the_whole_content_is_posted_as_the_topic_serves_it(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST contain the full contents of the topic URL, under its Content-Type."""
    paths = {suffix: newsroom.path() for suffix in FORMATS}
    for suffix, path in paths.items():
        newsroom.subscribe(subscriber.url(path), topic=newsroom.topic(suffix=suffix))
    title = newsroom.publish("Whole in each format")
    for suffix, path in paths.items():
        call = first_telling(subscriber, path, title)
        served = newsroom.service.get(f"/feeds/finance.{suffix}")
        assert call.method == "POST"
        assert call.body == served.body
        assert call.header("Content-Length") == str(len(served.body))
        assert call.header("Content-Type") == served.headers["content-type"]
        assert call.header("Content-Encoding") is None


def test_section_7_one_link_header_names_hubs_and_self(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST include rel=hub and rel=self; SHOULD combine these into a single Link header."""
    paths = {suffix: newsroom.path() for suffix in FORMATS}
    for suffix, path in paths.items():
        newsroom.subscribe(subscriber.url(path), topic=newsroom.topic(suffix=suffix))
    title = newsroom.publish("Links in each format")
    for suffix, path in paths.items():
        [link] = first_telling(subscriber, path, title).all_headers("Link")
        assert link == newsroom.service.get(f"/feeds/finance.{suffix}").headers["link"]
        assert f'<{newsroom.hub}>; rel="hub"' in link
        assert link.count(f'<{newsroom.topic(suffix=suffix)}>; rel="self"') == 1


def test_section_7_one_update_is_one_delivery(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: one for each subscription, in each format and feed that changed."""
    path = newsroom.path()
    for slug in ("all", "finance", "cooperation"):
        for suffix in FORMATS:
            newsroom.subscribe(
                subscriber.url(f"{path}?of={slug}.{suffix}"), topic=newsroom.topic(slug, suffix)
            )
    newsroom.publish("One delivery each")
    subscriber.wait_for_deliveries(6, path)
    assert_nothing_more(subscriber, path, 6)
    changed = [f"of={slug}.{suffix}" for slug in ("all", "finance") for suffix in FORMATS]
    assert sorted(call.query for call in subscriber.deliveries(path)) == sorted(changed)


def test_section_7_no_other_headers_go_along(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """Practice: no cookie, validator or date of the topic's answer is sent on."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path), secret="with a secret")
    newsroom.publish("No other headers")
    [call] = subscriber.wait_for_deliveries(1, path)
    assert {name.lower() for name, _ in call.headers} <= HEADERS
    [asked] = subscriber.verifications(path)
    assert {name.lower() for name, _ in asked.headers} <= HEADERS - {"link", "content-type"}


def test_section_7_1_the_secret_is_in_no_request_and_no_log(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: it signs, and is said to nobody."""
    path, secret = newsroom.path(), "nobody-may-see-this"
    callback = subscriber.url(path)
    newsroom.subscribe(callback, secret=secret)
    subscriber.behave(path, deliver=[answers(500), WELL])
    newsroom.publish("With a secret that is kept")
    calls = subscriber.wait_for_deliveries(2, path)
    assert all(call.is_signed_with(secret) for call in calls)
    assert newsroom.ask(callback, secret=secret + "x" * 200).status == 400
    subscriber.behave(path, verify=answers(404))
    assert newsroom.ask(callback, secret=secret, mode="unsubscribe").status == 202
    subscriber.wait_for_verifications(2, path)
    newsroom.wait_until_decided()
    for call in subscriber.calls:
        assert secret not in f"{call.target} {call.headers}"
        assert secret.encode() not in call.body
    assert secret not in newsroom.service.log


def test_section_7_1_the_signature_is_over_the_body(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """If there is a hub.secret: X-Hub-Signature: method=signature, over the request body."""
    path = newsroom.path()
    for suffix in FORMATS:
        newsroom.subscribe(
            subscriber.url(f"{path}?{suffix}"), topic=newsroom.topic(suffix=suffix), secret="a & b"
        )
    newsroom.publish("Signed")
    for call in subscriber.wait_for_deliveries(3, path):
        assert call.is_signed_with("a & b", "sha256")


def test_section_7_1_without_a_secret_there_is_no_signature(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """If not supplied, the HMAC digest will not be present (5.1)."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    newsroom.publish("Not signed")
    [call] = subscriber.wait_for_deliveries(1, path)
    assert call.header("X-Hub-Signature") is None


def test_section_7_1_1_by_each_recognized_method(restless: HubNewsroom) -> None:
    """The algorithm names are sha1, sha256 (as a rule, here), sha384 and sha512."""
    path, subscriber, secret = restless.path(), restless.subscriber, "of each method"
    restless.subscribe(subscriber.url(path), secret=secret)
    main = restless.service.main
    before = main.read_text(encoding="utf-8")
    settings = json.loads(before)
    try:
        for method in ("sha1", "sha384", "sha512"):
            settings["own_hub"]["signature"] = method
            main.write_text(json.dumps(settings), encoding="utf-8")
            wait_until(partial(signs_by, restless, path, secret, method))
    finally:
        main.write_text(before, encoding="utf-8")
    wait_until(partial(signs_by, restless, path, secret, "sha256"))


def signs_by(newsroom: HubNewsroom, path: str, secret: str, method: str) -> bool:
    """Whether the next delivery is signed by this method: a new configuration was taken."""
    title = newsroom.publish("Signed by another method")
    return first_telling(newsroom.subscriber, path, title).is_signed_with(secret, method)


def test_section_7_any_2xx_is_success(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """The callback MUST return a 2xx response code to indicate a success."""
    paths = subscribe_all(newsroom, {str(status): answers(status) for status in SUCCESSES})
    newsroom.publish("Taken with any 2xx")
    for path in paths.values():
        subscriber.wait_for_deliveries(1, path)
    wait_until(lambda: all(is_delivered(newsroom, path) for path in paths.values()))
    time.sleep(SETTLED_S)
    counts = {status: len(subscriber.deliveries(path)) for status, path in paths.items()}
    assert counts == dict.fromkeys(paths, 1)


def test_section_7_a_redirect_is_a_failure_and_not_followed(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Subscribers MUST NOT use HTTP redirects for moving subscriptions."""
    target = newsroom.path()
    led = {
        str(status): [redirects(subscriber.url(target), status), WELL]
        for status in (300, 301, 302, 303, 307, 308)
    }
    paths = subscribe_all(newsroom, led)
    title = newsroom.publish("Redirected")
    for path in paths.values():
        first, second = subscriber.wait_for_deliveries(2, path)
        assert tells_of(first, title)
        assert second.body == first.body
        assert newsroom.held(subscriber.url(path)) is not None
    assert [call for call in subscriber.calls if call.path == target] == []


def test_section_7_a_delivery_that_failed_is_tried_again(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST consider all other codes as failures; SHOULD retry; the subscription stays."""
    twice = {name: [failure, failure, WELL] for name, failure in FAILURES.items()}
    paths = subscribe_all(newsroom, twice, secret="again")
    title = newsroom.publish("Tried again")
    for name, path in paths.items():
        calls = subscriber.wait_for_deliveries(3, path)
        told = [tells_of(call, title) and call.is_signed_with("again") for call in calls]
        assert told == [True] * 3, name
    wait_until(lambda: all(is_delivered(newsroom, path) for path in paths.values()))
    time.sleep(SETTLED_S)
    counts = {name: len(subscriber.deliveries(path)) for name, path in paths.items()}
    assert counts == dict.fromkeys(paths, 3)


def subscribe_all(
    newsroom: HubNewsroom, manners: Mapping[str, Manners], *, secret: str | None = None
) -> dict[str, str]:
    """Subscribe a callback for each of these manners of taking documents; says their paths."""
    paths = {}
    for name, manner in manners.items():
        paths[name] = path = newsroom.path()
        newsroom.subscribe(newsroom.subscriber.url(path), secret=secret)
        newsroom.subscriber.behave(path, deliver=manner)
    return paths


def is_delivered(newsroom: HubNewsroom, path: str) -> bool:
    """Whether the callback at this path is owed nothing."""
    return newsroom.delivery(newsroom.subscriber.url(path)).state == "delivered"


def test_section_7_pauses_grow_between_tries(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """Up to self-imposed limits: here 0.2 s at first, and never more than 0.5 s."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    subscriber.behave(path, deliver=answers(500))
    newsroom.publish("With pauses")
    calls = subscriber.wait_for_deliveries(4, path)
    pauses_s = [later.at - call.at for call, later in pairwise(calls)]
    assert all(pause_s > 0.1 for pause_s in pauses_s), pauses_s
    assert pauses_s[-1] > 0.3, pauses_s


def test_section_7_who_failed_is_sent_the_next_update(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """If a new update is published, MUST continue to retry to the previously-failing one."""
    path = newsroom.path()
    callback = subscriber.url(path)
    newsroom.subscribe(callback)
    subscriber.behave(path, deliver=answers(500))
    first = newsroom.publish("Before it is mended")
    subscriber.wait_for_deliveries(2, path)
    second = newsroom.publish("While it is ill")
    wait_until(lambda: newsroom.has(second))
    subscriber.behave(path, deliver=WELL)
    call = first_telling(subscriber, path, second)
    assert tells_of(call, first)
    wait_until(lambda: newsroom.delivery(callback).state == "delivered")
    # What is behind gets the newest state, and that once.
    count = len(subscriber.deliveries(path))
    assert_nothing_more(subscriber, path, count)
    assert subscriber.deliveries(path)[-1].body == newsroom.service.get("/feeds/finance.atom").body


def test_section_7_410_ends_the_subscription(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """The hub MAY terminate the subscription if it receives that code."""
    path = newsroom.path()
    callback = subscriber.url(path)
    newsroom.subscribe(callback)
    newsroom.subscribe(callback, topic=newsroom.topic(suffix="json"))
    subscriber.behave(path, deliver=[answers(410), WELL])
    newsroom.publish("Gone")
    subscriber.wait_for_deliveries(2, path)
    both = (newsroom.topic(), newsroom.topic(suffix="json"))
    # One of the two was answered 410: it ended, and the other one stands.
    wait_until(lambda: [newsroom.held(callback, topic) for topic in both].count(None) == 1)
    title = newsroom.publish("After it was gone")
    first_telling(subscriber, path, title)
    assert_nothing_more(subscriber, path, 3)


@pytest.mark.parametrize("manner", [DRIPS_BODY, ENDLESS], ids=["drips", "endless"])
def test_section_7_the_body_of_an_answer_is_ignored(
    newsroom: HubNewsroom, subscriber: Subscriber, manner: Manner
) -> None:
    """The response body from the subscriber MUST be ignored by the hub; here to a small cap."""
    path = newsroom.path()
    callback = subscriber.url(path)
    newsroom.subscribe(callback)
    subscriber.behave(path, deliver=manner)
    newsroom.publish("Answered at length")
    subscriber.wait_for_deliveries(1, path)
    wait_until(lambda: newsroom.delivery(callback).state == "delivered")
    wait_until(lambda: subscriber.unanswered == 0)
    assert subscriber.sent_bytes(path) < 20_000_000
    assert_nothing_more(subscriber, path, 1)


def test_section_7_updates_in_quick_succession_end_in_the_last_state(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: whatever is left out in between, the newest document reaches everyone."""
    paths = [newsroom.path() for _ in range(12)]
    for number, path in enumerate(paths):
        newsroom.subscribe(subscriber.url(path, subscriber.hosts[number]))
        if number % 3 == 1:
            subscriber.behave(path, deliver=Manner(delay_s=0.3))
        if number % 3 == 2:
            subscriber.behave(path, deliver=[answers(500), WELL])
    titles = set()
    for _ in range(12):
        titles.add(newsroom.publish("In quick succession"))
        time.sleep(0.07)
    wait_until(lambda: titles <= set(newsroom.service.titles("finance")))

    def all_have_the_last() -> bool:
        last = newsroom.service.get("/feeds/finance.atom").body
        return all(
            [call.body for call in subscriber.deliveries(path)][-1:] == [last] for path in paths
        )

    wait_until(all_have_the_last)
    time.sleep(SETTLED_S)
    assert all_have_the_last()
    # Twelve updates, one of them twice for who failed once.
    assert all(len(subscriber.deliveries(path)) <= 13 for path in paths)


# 5.3.1 and 8.2: leases


def is_over(newsroom: HubNewsroom, callback: str) -> bool:
    """Whether the lease is over, or the subscription is already forgotten."""
    held = newsroom.held(callback)
    return held is None or held.expires_at <= datetime.now(UTC)


def test_section_5_3_1_an_expired_lease_gets_nothing(
    restless: HubNewsroom, websub_subscriber: Subscriber
) -> None:
    """Hubs MUST enforce lease expirations."""
    path, other = "/of-one-second", "/of-an-hour"
    callback = websub_subscriber.url(path)
    restless.subscribe(websub_subscriber.url(other), lease_seconds=3600)
    restless.subscribe(callback, lease_seconds=1)
    [call] = websub_subscriber.verifications(path)
    assert call.field("hub.lease_seconds") == "1"
    wait_until(lambda: is_over(restless, callback))
    restless.publish("After the lease")
    websub_subscriber.wait_for_deliveries(1, other)
    assert_nothing_more(websub_subscriber, path, 0)


def test_section_5_3_1_a_renewed_lease_goes_on(
    restless: HubNewsroom, websub_subscriber: Subscriber
) -> None:
    """To sustain a subscription, the subscriber MUST re-request it in time."""
    path = "/renewed"
    callback = websub_subscriber.url(path)
    first = restless.subscribe(callback, lease_seconds=2)
    restless.subscribe(callback, lease_seconds=3600)
    wait_until(lambda: datetime.now(UTC) > first.expires_at)
    title = restless.publish("After a renewed lease")
    first_telling(websub_subscriber, path, title)
    assert_nothing_more(websub_subscriber, path, 1)


def test_section_5_3_1_after_its_end_one_can_subscribe_anew(
    restless: HubNewsroom, websub_subscriber: Subscriber
) -> None:
    """Practice: an expired subscription is no obstacle."""
    path = "/anew"
    callback = websub_subscriber.url(path)
    restless.subscribe(callback, lease_seconds=1)
    wait_until(lambda: is_over(restless, callback))
    restless.subscribe(callback, lease_seconds=3600)
    title = restless.publish("Subscribed anew")
    first_telling(websub_subscriber, path, title)


@pytest.mark.parametrize("manner", [HANGS, answers(404), CLOSES], ids=["hangs", "404", "closes"])
def test_section_5_1_a_renewal_without_an_answer_changes_nothing(
    restless: HubNewsroom, websub_subscriber: Subscriber, manner: Manner
) -> None:
    """If verification fails, the state MUST be left unchanged: lease and secret stay."""
    path = restless.path()
    callback = websub_subscriber.url(path)
    first = restless.subscribe(callback, lease_seconds=4, secret="first")
    websub_subscriber.behave(path, verify=manner)
    assert restless.ask(callback, lease_seconds=3600, secret="second").status == 202
    websub_subscriber.wait_for_verifications(2, path)
    title = restless.publish("With a renewal that is not answered")
    call = first_telling(websub_subscriber, path, title)
    assert call.is_signed_with("first")
    restless.wait_until_decided()
    assert restless.held(callback) == first
    wait_until(lambda: is_over(restless, callback))
    title = restless.publish("After a renewal that was not answered")
    wait_until(lambda: restless.has(title))
    assert_nothing_more(websub_subscriber, path, 1)


# Practice: who is slow, and what outlives a restart


@pytest.mark.parametrize(
    "manner",
    [HANGS, DRIPS_HEAD, DRIPS_BODY, ENDLESS],
    ids=["hang", "drip heads", "drip", "endless"],
)
def test_section_7_twenty_callbacks_that_are_ill_hold_up_no_other(
    newsroom: HubNewsroom, subscriber: Subscriber, manner: Manner
) -> None:
    """Practice: another subscriber has the news within a second or so, twice."""
    for number in range(20):
        path = newsroom.path()
        newsroom.subscribe(subscriber.url(path, subscriber.hosts[number % 4]))
        subscriber.behave(path, deliver=manner)
    well = newsroom.path()
    # At a host of its own, and at one of the hosts that are ill.
    callbacks = [subscriber.url(f"{well}?{host}", host) for host in subscriber.hosts[3:5]]
    for callback in callbacks:
        newsroom.subscribe(callback)
    for _ in range(2):
        began = time.monotonic()
        title = newsroom.publish("With twenty that are ill")
        tellings = partial(told_of, subscriber, well, title, len(callbacks))
        calls = wait_until(tellings)
        took_s = max(call.at for call in calls) - began
        # One after the other, the ill ones take 20 s. On a quiet machine this takes one.
        assert took_s < 8, took_s


def told_of(subscriber: Subscriber, path: str, title: str, count: int) -> list[Call]:
    """The first so many deliveries that tell of a release; none, while there are fewer."""
    calls = [call for call in subscriber.deliveries(path) if tells_of(call, title)]
    return calls[:count] if len(calls) >= count else []


def test_section_7_what_nobody_answers_for_is_given_up_in_time(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: one that drips a byte a second does not hold a connection for ever."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    subscriber.behave(path, deliver=[Manner(drips="head", drip_s=0.2), HANGS, WELL])
    newsroom.publish("Given up in time")
    calls = subscriber.wait_for_deliveries(3, path)
    for call, later in pairwise(calls):
        # The limit is a second, the pause half a second at most.
        assert 0.9 < later.at - call.at < 4.0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_section_7_subscriptions_and_what_is_owed_outlive_a_restart(
    restless: HubNewsroom, end: str
) -> None:
    """Practice: a subscriber need not know that the hub was away."""
    service, path = restless.service, "/faithful"
    with running_subscriber() as subscriber:
        callback = subscriber.url(f"{path}?a=%C3%A9")
        before = restless.subscribe(callback, secret="outlives")
        subscriber.go_down()
        title = restless.publish("Owed over a restart")
        wait_until(lambda: restless.delivery(callback).attempts > 0)
        if end == "stop":
            service.stop()
        else:
            service.kill()
        subscriber.come_up()
        service.start()
        [call] = subscriber.wait_for_deliveries(1, path)
        assert tells_of(call, title)
        assert call.is_signed_with("outlives")
        assert call.target == f"{path}?a=%C3%A9"
        assert restless.held(callback) == before
        subscriber.behave(path, deliver=answers(410))
        title = restless.publish("After the restart")
        first_telling(subscriber, path, title)
        assert len(subscriber.deliveries(path)) == 2
        wait_until(lambda: restless.held(callback) is None)
