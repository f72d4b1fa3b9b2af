"""WebSub for hubs: sections 5.1 (requests) and 5.2 (validation), over real sockets."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import quote_plus, urlencode

import pytest

from tests.support.hub_newsroom import FORM, SETTLED_S, HubNewsroom, tells_of
from tests.support.running_service import Answer, free_port, wait_until
from tests.support.subscriber import HANGS, UNCONFIRMED, Subscriber, answers

DAY_S = 86_400


def is_refused(answer: Answer) -> bool:
    """4xx, with a reason as plain text."""
    is_told = answer.headers["content-type"].startswith("text/plain") and answer.body.strip()
    return 400 <= answer.status < 500 and bool(is_told)


def asked_paths(newsroom: HubNewsroom) -> set[str]:
    """The paths of all callbacks that were touched, once all that is under way has arrived."""
    newsroom.wait_until_decided()
    newsroom.subscribe(newsroom.callback())
    return {call.path for call in newsroom.subscriber.calls}


# 5.1 Subscriber sends subscription request


#: Ways to say of a form that it is one.
CONTENT_TYPES = (
    FORM,
    f"{FORM}; charset=utf-8",
    f"{FORM};charset=UTF-8",
    f'{FORM}; charset="utf-8"',
    "Application/X-WWW-Form-URLEncoded",
)


def test_section_5_1_a_form_is_taken(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """The request MUST be application/x-www-form-urlencoded and UTF-8; it may say so."""
    paths = {content_type: newsroom.path() for content_type in CONTENT_TYPES}
    for content_type, path in paths.items():
        fields = [
            ("hub.callback", subscriber.url(path)),
            ("hub.mode", "subscribe"),
            ("hub.topic", newsroom.topic()),
        ]
        assert newsroom.post(fields, content_type).status == 202, content_type
    for path in paths.values():
        subscriber.wait_for_verifications(1, path)


def test_section_5_1_each_self_url_is_a_topic(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """hub.topic MUST be the self URL found during discovery."""
    named = {
        newsroom.path(): newsroom.topic(slug, suffix)
        for slug in ("all", "finance", "cooperation")
        for suffix in ("atom", "rss", "json")
    }
    for path, topic in named.items():
        assert newsroom.ask(subscriber.url(path), topic=topic).status == 202, topic
    for path, topic in named.items():
        [call] = subscriber.wait_for_verifications(1, path)
        assert call.field("hub.topic") == topic
        wait_until(partial(newsroom.held, subscriber.url(path), topic))


def test_section_5_1_parameters_that_are_not_known_are_ignored(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Hubs MUST ignore additional request parameters they do not understand."""
    path = newsroom.path()
    fields = [
        ("hub.verify", "sync"),
        ("hub.verify_token", "a token"),
        ("hub.callback", subscriber.url(path)),
        ("hub.mode", "subscribe"),
        ("hub.topic", newsroom.topic()),
        ("foo", "bar"),
        ("foo", "again"),
        ("", ""),
        ("hub.", "x"),
        ("hub.é", "é"),
    ]
    assert newsroom.post(fields).status == 202
    [call] = subscriber.wait_for_verifications(1, path)
    assert {name for name, _ in call.fields} == {
        "hub.mode",
        "hub.topic",
        "hub.challenge",
        "hub.lease_seconds",
    }


def test_section_5_1_what_is_required_is_asked_for(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """REQUIRED: hub.callback, hub.mode, hub.topic; whether one is missing or empty."""
    paths = set()
    for missing in ("hub.callback", "hub.mode", "hub.topic"):
        for instead in ({}, {missing: ""}):
            paths.add(path := newsroom.path())
            given = {
                "hub.callback": subscriber.url(path),
                "hub.mode": "subscribe",
                "hub.topic": newsroom.topic(),
            }
            del given[missing]
            answer = newsroom.post(list({**given, **instead}.items()))
            assert is_refused(answer), answer
            assert missing in answer.body.decode()
    assert not paths & asked_paths(newsroom)


#: No addresses of anything on the web.
NO_URLS = (
    "callback",
    "/callback",
    "//127.0.0.1/callback",
    "127.0.0.1/callback",
    "ftp://127.0.0.1/callback",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "mailto:a@example.org",
    "gopher://127.0.0.1:70/",
    "http:",
    "http://",
    "http:///callback",
    "http:callback",
    "http://:8080/callback",
    "http://?x",
    "http://[::1/callback",
    "http://127.0.0.1:port/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:-1/callback",
    "http://exa mple.org/callback",
    "http://127.0.0.1/call back",
    "http://127.0.0.1/\x00",
    "http://127.0.0.1/\ttab",
    "http://a..b/callback",
    "http://" + "a" * 300 + ".example/callback",
    "%",
    "\x00",
)


def test_section_5_1_2_a_callback_that_is_no_url_is_refused(newsroom: HubNewsroom) -> None:
    """If a hub finds any errors: 4xx or 5xx, with a description as plain text."""
    for callback in NO_URLS:
        answer = newsroom.ask(callback)
        assert is_refused(answer), (callback, answer)


def test_section_5_1_2_a_mode_that_is_not_supported_is_refused(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The literal string "subscribe" or "unsubscribe"."""
    modes = ("publish", "denied", "SUBSCRIBE", "Subscribe", "subscribe ", "list", "x" * 5000, "é")
    paths = {newsroom.path(): mode for mode in modes}
    for path, mode in paths.items():
        assert is_refused(newsroom.ask(subscriber.url(path), mode=mode)), mode
    assert not paths.keys() & asked_paths(newsroom)


def test_section_5_1_2_a_fragment_is_refused_or_takes_no_parameter(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: a fragment in a callback must not swallow what is appended."""
    path = newsroom.path()
    answer = newsroom.ask(subscriber.url(f"{path}?a=b#fragment"))
    if answer.status == 202:
        [call] = subscriber.wait_for_verifications(1, path)
        assert call.field("hub.challenge")
        assert "fragment" not in call.target
    else:
        assert is_refused(answer)
        assert path not in asked_paths(newsroom)


def test_section_5_1_a_secret_below_200_bytes_is_taken(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """hub.secret MUST be less than 200 bytes in length."""
    # The third one has 199 bytes in 100 characters.
    secrets = ("s", "x" * 199, "é" * 99 + "x", "with space & sign=+%", "𝕊ecret", "tab\tand\x01")
    paths = {newsroom.path(): secret for secret in secrets}
    for path, secret in paths.items():
        newsroom.subscribe(subscriber.url(path), secret=secret)
    newsroom.publish("With secrets of all kinds")
    for path, secret in paths.items():
        [call] = subscriber.wait_for_deliveries(1, path)
        assert call.is_signed_with(secret), secret


def test_section_5_1_a_secret_of_200_bytes_is_refused(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Bytes, not characters."""
    paths = {newsroom.path(): secret for secret in ("x" * 200, "é" * 100, "x" * 10_000)}
    for path, secret in paths.items():
        assert is_refused(newsroom.ask(subscriber.url(path), secret=secret)), len(secret)
    assert not paths.keys() & asked_paths(newsroom)


def test_section_5_1_a_lease_within_the_limits_is_granted(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Hubs MAY choose to respect this value."""
    for asked_s in (300, 3600, 10 * DAY_S, 30 * DAY_S):
        path = newsroom.path()
        newsroom.subscribe(subscriber.url(path), lease_seconds=asked_s)
        [call] = subscriber.verifications(path)
        assert call.field("hub.lease_seconds") == str(asked_s)


def test_section_5_1_without_a_wish_there_is_a_lease_of_ours(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Hubs MAY set a default value if the subscriber omits the parameter."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    [call] = subscriber.verifications(path)
    assert call.field("hub.lease_seconds") == str(10 * DAY_S)


def test_section_5_3_1_no_lease_is_perpetual(newsroom: HubNewsroom, subscriber: Subscriber) -> None:
    """Hubs MUST enforce lease expirations, and MUST NOT issue perpetual lease durations."""
    for asked in ("1", str(31 * DAY_S), str(10**10), str(10**30), "9" * 5000):
        path = newsroom.path()
        answer = newsroom.ask(subscriber.url(path), lease_seconds=asked)
        if answer.status == 202:
            [call] = subscriber.wait_for_verifications(1, path)
            assert 300 <= int(call.field("hub.lease_seconds")) <= 30 * DAY_S, asked
        else:
            assert is_refused(answer), asked


#: They look like a number of seconds to some programming language.
NO_LEASES = (
    *("0", "-1", "x", "1.5", "1e3", "0x10", "", " "),
    *("inf", "NaN", "٣", "1_000", "+5", "\x00"),
)


def test_section_5_1_a_lease_that_is_no_positive_number_is_refused_or_replaced(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Given as a positive decimal integer."""
    refused = set()
    for asked in NO_LEASES:
        path = newsroom.path()
        answer = newsroom.ask(subscriber.url(path), lease_seconds=asked)
        if answer.status == 202:
            [call] = subscriber.wait_for_verifications(1, path)
            lease = call.field("hub.lease_seconds")
            assert lease.isascii(), asked
            assert lease.isdecimal(), asked
            assert 0 < int(lease) <= 30 * DAY_S, asked
        else:
            assert is_refused(answer), asked
            refused.add(path)
    assert not refused & asked_paths(newsroom)


def test_section_5_1_unsubscribing_ignores_the_lease(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The lease MAY be present for unsubscription, and MUST be ignored by the hub."""
    callbacks = {newsroom.callback(): lease for lease in ("0", "-5", "never", "1e400", "")}
    for callback, lease in callbacks.items():
        newsroom.subscribe(callback)
        answer = newsroom.ask(callback, mode="unsubscribe", lease_seconds=lease)
        assert answer.status == 202, lease
    wait_until(lambda: not any(newsroom.held(callback) for callback in callbacks))


def test_section_5_1_each_topic_and_callback_is_a_subscription_of_its_own(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """The state of "a specific topic URL and callback URL combination": the query belongs to it."""
    path = newsroom.path()
    one, other = (subscriber.url(f"{path}?id={number}") for number in (1, 2))
    json_topic = newsroom.topic(suffix="json")
    newsroom.subscribe(one)
    newsroom.subscribe(other)
    newsroom.subscribe(one, topic=json_topic)
    newsroom.publish("Three subscriptions")
    calls = subscriber.wait_for_deliveries(3, path)
    time.sleep(SETTLED_S)
    assert len(subscriber.deliveries(path)) == 3
    kinds = [(call.query, (call.header("Content-Type") or "").split(";")[0]) for call in calls]
    assert sorted(kinds) == [
        ("id=1", "application/atom+xml"),
        ("id=1", "application/feed+json"),
        ("id=2", "application/atom+xml"),
    ]
    assert newsroom.ask(one, mode="unsubscribe").status == 202
    wait_until(lambda: newsroom.held(one) is None)
    assert newsroom.held(other) is not None
    assert newsroom.held(one, json_topic) is not None


def test_section_5_1_a_renewal_is_verified_and_gives_no_second_notification(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Hubs MUST allow subscribers to re-request subscriptions that are already activated."""
    path = newsroom.path()
    callback = subscriber.url(path)
    first = newsroom.subscribe(callback, lease_seconds=3600)
    second = newsroom.subscribe(callback, lease_seconds=7200)
    assert len(subscriber.verifications(path)) == 2
    assert second.expires_at > first.expires_at
    newsroom.publish("After a renewal")
    subscriber.wait_for_deliveries(1, path)
    time.sleep(SETTLED_S)
    assert len(subscriber.deliveries(path)) == 1


@pytest.mark.parametrize("new_secret", ["new secret", None])
def test_section_5_1_a_new_secret_counts_once_it_is_verified(
    newsroom: HubNewsroom, subscriber: Subscriber, new_secret: str | None
) -> None:
    """MUST override the previous state, but only once the action is verified."""
    path = newsroom.path()
    callback = subscriber.url(path)
    newsroom.subscribe(callback, secret="old secret")
    # While the callback has not confirmed the renewal, the old secret signs.
    subscriber.behave(path, verify=answers(500))
    assert newsroom.ask(callback, secret=new_secret).status == 202
    subscriber.wait_for_verifications(2, path)
    newsroom.publish("Signed with the old secret")
    [call] = subscriber.wait_for_deliveries(1, path)
    assert call.is_signed_with("old secret")
    subscriber.behave(path, verify=answers(200))
    newsroom.subscribe(callback, secret=new_secret)
    newsroom.publish("Signed with the new secret")
    call = subscriber.wait_for_deliveries(2, path)[1]
    if new_secret is None:
        assert call.header("X-Hub-Signature") is None
    else:
        assert call.is_signed_with(new_secret)


def test_section_5_1_a_renewal_that_fails_changes_nothing(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """If verification fails, the subscription state MUST be left unchanged."""
    before = {}
    for manner in UNCONFIRMED.values():
        path = newsroom.path()
        callback = subscriber.url(path)
        before[path] = newsroom.subscribe(callback, secret="kept", lease_seconds=3600)
        subscriber.behave(path, verify=manner)
        assert newsroom.ask(callback, secret="foreign", lease_seconds=300).status == 202
    for path in before:
        subscriber.wait_for_verifications(2, path)
    newsroom.wait_until_decided()
    held = {path: newsroom.held(subscriber.url(path)) for path in before}
    assert dict(zip(UNCONFIRMED, held.values(), strict=True)) == dict(
        zip(UNCONFIRMED, before.values(), strict=True)
    )


def test_section_5_1_unsubscribing_that_is_not_confirmed_changes_nothing(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Anybody may ask for it; only the callback's answer ends the subscription."""
    before = {}
    for manner in UNCONFIRMED.values():
        path = newsroom.path()
        callback = subscriber.url(path)
        before[path] = newsroom.subscribe(callback)
        subscriber.behave(path, verify=manner)
        assert newsroom.ask(callback, mode="unsubscribe").status == 202
    for path in before:
        call = subscriber.wait_for_verifications(2, path)[1]
        assert call.field("hub.mode") == "unsubscribe"
    newsroom.wait_until_decided()
    held = {path: newsroom.held(subscriber.url(path)) for path in before}
    assert dict(zip(UNCONFIRMED, held.values(), strict=True)) == dict(
        zip(UNCONFIRMED, before.values(), strict=True)
    )


def test_section_5_1_who_unsubscribed_gets_nothing_more(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """MUST override the previous state, once it is verified."""
    path, other = newsroom.path(), newsroom.path()
    callback = subscriber.url(path)
    newsroom.subscribe(callback)
    newsroom.subscribe(subscriber.url(other))
    assert newsroom.ask(callback, mode="unsubscribe").status == 202
    call = subscriber.wait_for_verifications(2, path)[1]
    assert call.field("hub.mode") == "unsubscribe"
    assert call.field("hub.topic") == newsroom.topic()
    wait_until(lambda: newsroom.held(callback) is None)
    newsroom.publish("After the end")
    subscriber.wait_for_deliveries(1, other)
    time.sleep(SETTLED_S)
    assert subscriber.deliveries(path) == []


def test_section_5_1_unsubscribing_what_was_never_subscribed_does_no_harm(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: 202 and a question, or a refusal; never 5xx."""
    path = newsroom.path()
    answer = newsroom.ask(subscriber.url(path), mode="unsubscribe")
    assert answer.status == 202 or is_refused(answer)
    newsroom.wait_until_decided()
    assert newsroom.held(subscriber.url(path)) is None


# 5.1.2 Subscription response details


@pytest.mark.parametrize("fate", ["confirms", "hangs", "404", "500", "nobody listens"])
def test_section_5_1_2_the_answer_does_not_depend_on_verification(
    newsroom: HubNewsroom, subscriber: Subscriber, fate: str
) -> None:
    """The HTTP response MUST NOT depend on the process or outcome of verification."""
    path = newsroom.path()
    callback = subscriber.url(path)
    if fate == "nobody listens":
        callback = f"http://127.0.0.1:{free_port()}/"
    elif fate != "confirms":
        manners = {"hangs": HANGS, "404": answers(404), "500": answers(500)}
        subscriber.behave(path, verify=manners[fate])
    began = time.monotonic()
    answer = newsroom.ask(callback)
    took_s = time.monotonic() - began
    reference = newsroom.ask(newsroom.callback())
    assert answer.status == 202
    assert (answer.status, answer.body) == (reference.status, reference.body)
    assert took_s < 0.9  # a verification that hangs takes a second


def test_section_5_1_2_a_topic_that_is_not_ours_is_refused(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Hubs MAY reject some topic URLs based on their own policies; never in silence."""
    base = newsroom.service.base_url
    paths = []
    for topic in (
        f"{base}/feeds/unknown.atom",
        f"{base}/feeds/finance",
        f"{base}/feeds/finance.xml",
        f"{base}/feeds/finance.atom?x=1",
        f"{base}/feeds/finance.atom/",
        f"{base}/feeds/finance/archive/1.atom",
        f"{base}/",
        base,
        f"{base}/hub",
        f"{base}/feeds.opml",
        f"{base}/api/v1/releases",
        f"https{base[4:]}/feeds/finance.atom",
        f"http://example.org:{newsroom.service.port}/feeds/finance.atom",
        f"http://localhost:{newsroom.service.port}/feeds/finance.atom",
        "http://127.0.0.1/feeds/finance.atom",
        "/feeds/finance.atom",
        "finance",
        "finance.atom",
        "file:///etc/passwd",
        "https://example.org/feed",
        "\x00",
        "é",
        "x" * 8000,
    ):
        path = newsroom.path()
        answer = newsroom.ask(subscriber.url(path), topic=topic)
        assert is_refused(answer) or answer.status == 202, (topic, answer)
        if answer.status == 202:
            [call] = subscriber.wait_for_verifications(1, path)
            assert call.field("hub.mode") == "denied", topic
            assert call.field("hub.topic") == topic
        else:
            paths.append(path)
    assert not set(paths) & asked_paths(newsroom)


def test_section_5_1_2_nobody_else_can_publish(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Our releases are the only cause of a distribution."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    for name in ("hub.url", "hub.topic"):
        answer = newsroom.post([("hub.mode", "publish"), (name, newsroom.topic())])
        assert is_refused(answer), answer
    time.sleep(SETTLED_S)
    assert subscriber.deliveries(path) == []


# Practice: what hubs in the field get wrong


def repeated(newsroom: HubNewsroom, name: str, *values: str) -> list[tuple[str, str]]:
    """A request in which one parameter is said more than once."""
    once = {"hub.mode": "subscribe", "hub.topic": newsroom.topic(), "hub.callback": "none"}
    others = [(given, value) for given, value in once.items() if given != name]
    return [*others, *((name, value) for value in values)]


def test_section_5_1_two_callbacks_are_never_both_verified(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: repeated parameters are refused, or one of them counts."""
    one, other = newsroom.path(), newsroom.path()
    urls = [subscriber.url(one), subscriber.url(other)]
    answer = newsroom.post(repeated(newsroom, "hub.callback", *urls))
    assert answer.status == 202 or is_refused(answer)
    assert len({one, other} & asked_paths(newsroom)) <= 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("hub.mode", ["subscribe", "unsubscribe"]),
        ("hub.topic", ["here", "there"]),
        ("hub.secret", ["one", "two"]),
        ("hub.lease_seconds", ["600", "700"]),
    ],
)
def test_section_5_1_other_parameters_said_twice_are_never_5xx(
    newsroom: HubNewsroom, subscriber: Subscriber, name: str, values: list[str]
) -> None:
    """Practice: 4xx or clean handling."""
    path = newsroom.path()
    fields = [
        pair if pair[0] != "hub.callback" else ("hub.callback", subscriber.url(path))
        for pair in repeated(newsroom, name, *values)
    ]
    answer = newsroom.post(fields)
    assert answer.status == 202 or is_refused(answer), answer


#: Bodies that are no request.
NO_REQUESTS: tuple[tuple[str, bytes], ...] = (
    ("application/json", b'{"hub.mode": "subscribe"}'),
    ("application/json", b"[" * 100_000),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="hub.mode"\r\n\r\nsubscribe\r\n--x--\r\n',
    ),
    ("multipart/form-data", b"no boundary"),
    ("text/plain", b"hub.mode=subscribe"),
    ("", b"hub.mode=subscribe"),
    (FORM, b""),
    (FORM, b"\x00"),
    (FORM, b"hub.mode=%ff%fe&hub.topic=%ff&hub.callback=%ff"),
    (FORM, b"\xff\xfe=\xff"),
    (FORM, b"hub.mode=sub%00scribe"),
    (FORM, b"%"),
    (FORM, b"&&&===&;"),
    (FORM, b"&".join(b"a=b" for _ in range(50_000))),
    (f"{FORM}; charset=utf-16", "hub.mode=subscribe".encode("utf-16")),
    (f"{FORM}; charset=no-such", b"hub.mode=subscribe"),
)


def test_section_5_1_other_bodies_are_4xx(newsroom: HubNewsroom) -> None:
    """Practice: JSON, multipart, broken UTF-8, NUL, empty bodies: never 5xx."""
    for content_type, body in NO_REQUESTS:
        assert is_refused(newsroom.post(body, content_type)), (content_type, body[:100])


def test_section_5_1_a_body_of_16_mib_is_refused(newsroom: HubNewsroom) -> None:
    """Practice: it is not read whole, and nobody else waits for it."""
    callback = newsroom.callback()
    start = urlencode(
        {"hub.mode": "subscribe", "hub.topic": newsroom.topic(), "hub.callback": callback}
    ).encode()
    try:
        status = newsroom.post(start + b"&x=" + b"x" * (16 << 20)).status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # told, and closed before all of it was sent
    assert 400 <= status < 500
    assert newsroom.service.get("/readyz").status == 200
    assert newsroom.held(callback) is None


def test_section_5_1_a_callback_of_20_kb_is_refused_or_asked(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: 4xx or clean handling, never 5xx."""
    path = newsroom.path()
    answer = newsroom.ask(subscriber.url(f"{path}?x={'x' * 20_000}"))
    if answer.status == 202:
        subscriber.wait_for_verifications(1, path)
    else:
        assert is_refused(answer)
        assert path not in asked_paths(newsroom)


def test_section_5_1_a_line_break_injects_no_header(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Practice: CR LF in any value reaches no head, of ours or of a callback's."""
    taken, paths = [], []
    for breaks in ("\r\nX-Injected: yes", "\nX-Injected: yes", "\r\n\r\nGET / HTTP/1.1"):
        for name in ("callback", "topic", "secret", "mode", "lease_seconds"):
            paths.append(path := newsroom.path())
            given = {
                "callback": subscriber.url(path),
                "mode": "subscribe",
                "topic": newsroom.topic(),
                "secret": "s",
                "lease_seconds": "600",
            }
            given[name] += breaks
            answer = newsroom.post([(f"hub.{key}", value) for key, value in given.items()])
            assert answer.status == 202 or is_refused(answer), (name, answer)
            assert "x-injected" not in answer.headers
            if answer.status == 202:
                taken.append(path)
    newsroom.wait_until_decided()
    newsroom.publish("With line breaks")
    for path in taken:
        subscriber.wait_for_deliveries(1, path)
    calls = [call for call in subscriber.calls if call.path.startswith(tuple(paths))]
    assert all(call.header("X-Injected") is None for call in calls)


def test_section_5_1_the_hub_itself_as_a_callback_makes_no_loop(newsroom: HubNewsroom) -> None:
    """Practice: no hub asks itself to ask itself."""
    port = newsroom.service.port
    for callback in (
        newsroom.hub,
        f"{newsroom.hub}?hub.mode=subscribe",
        newsroom.topic(),
        f"http://127.0.0.1:{port}/anything",
        f"http://localhost:{port}/hub",
        f"http://127.1:{port}/hub",
        f"http://2130706433:{port}/hub",
        f"http://0x7f000001:{port}/hub",
    ):
        answer = newsroom.ask(callback)
        assert is_refused(answer) or answer.status == 202, (callback, answer)
        newsroom.wait_until_decided()
        assert newsroom.held(callback) is None
    newsroom.subscribe(newsroom.callback())


def test_section_5_1_2_sixty_requests_at_once_are_all_taken_and_verified(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """SHOULD perform the verification as soon as possible."""
    paths = [newsroom.path() for _ in range(60)]
    hosts = [subscriber.hosts[number % len(subscriber.hosts)] for number in range(60)]
    callbacks = [subscriber.url(path, host) for path, host in zip(paths, hosts, strict=True)]
    with ThreadPoolExecutor(20) as threads:
        taken = list(threads.map(newsroom.ask, callbacks))
    assert {answer.status for answer in taken} == {202}
    wait_until(lambda: all(newsroom.held(callback) for callback in callbacks))
    title = newsroom.publish("To sixty at once")
    for path in paths:
        # On a machine that is full one may answer too late, and is told again.
        calls = subscriber.wait_for_deliveries(1, path)
        assert all(tells_of(call, title) for call in calls)


def test_section_5_1_a_get_of_the_hub_asks_for_nothing(
    newsroom: HubNewsroom, subscriber: Subscriber
) -> None:
    """Requests are POST: a link that somebody follows subscribes nobody."""
    path = newsroom.path()
    query = urlencode(
        {
            "hub.mode": "subscribe",
            "hub.topic": newsroom.topic(),
            "hub.callback": subscriber.url(path),
        },
        quote_via=lambda text, *_: quote_plus(text),
    )
    assert newsroom.service.get(f"/hub?{query}").status < 500
    assert newsroom.request("PUT", "/hub", query.encode(), Content_Type=FORM).status == 405
    assert path not in asked_paths(newsroom)
