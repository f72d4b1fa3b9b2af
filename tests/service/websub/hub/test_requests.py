"""What is posted to the hub is read, or refused with a reason (WebSub 5.1 and 5.2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Format
from feeds.model.subscription import Mode, SubscriptionRequest
from service.websub.hub.requests import (
    LeaseTerms,
    MalformedRequest,
    RequestRefused,
    Topics,
    UnknownTopic,
    decode_form,
    read_callback,
    read_request,
)
from tests.support.newsrooms import NOON, OFFICE, SITE, feed, later

TERMS = LeaseTerms(default_s=1000, longest_s=5000, shortest_s=60)
ENDING = FeedClosure(on=later(days=1), gone_at=later(days=30), words="It is over.")
CATALOGUE = Catalogue(
    SITE,
    [Category(slug=slug, title=slug) for slug in ("café", "moved", "over")],
    [
        feed(ALL),
        feed("café"),
        replace(feed("moved"), was=("former",)),
        replace(feed("over"), ending=ENDING),
    ],
)
TOPICS = Topics(CATALOGUE)
TOPIC = "https://news.example.org/feeds/all.atom"
CALLBACK = "https://reader.example/told?a=%C3%A9&a=+&=&b"
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}


def read(changes: Mapping[str, str | None]) -> SubscriptionRequest:
    """Read a good form with these changes; None takes a field away."""
    changed = {**GOOD, **changes}
    form = urlencode({name: value for name, value in changed.items() if value is not None})
    return read_form(form.encode())


def read_form(body: bytes) -> SubscriptionRequest:
    """Read a form as it was sent."""
    return read_request(decode_form(body), topics=TOPICS, terms=TERMS, now=NOON, client="192.0.2.1")


def test_a_good_request_is_read_whole() -> None:
    assert read({"hub.secret": "geheim", "hub.lease_seconds": "600"}) == SubscriptionRequest(
        mode=Mode.SUBSCRIBE,
        feed=ALL,
        format=Format.ATOM,
        topic=TOPIC,
        callback=CALLBACK,
        host="reader.example",
        secret="geheim",
        lease_s=600,
        client="192.0.2.1",
    )


def test_5_1_what_is_not_asked_for_is_granted_by_the_hub() -> None:
    request = read({"hub.mode": "subscribe", "hub.unknown": "x", "foo": "bar"})
    assert (request.lease_s, request.secret) == (TERMS.default_s, None)


@pytest.mark.parametrize("name", GOOD)
def test_5_1_required_fields_are_required(name: str) -> None:
    for changes in ({name: None}, {name: ""}):
        with pytest.raises(MalformedRequest, match=f"{name} is missing"):
            read(changes)


@pytest.mark.parametrize("name", [*GOOD, "hub.secret", "hub.lease_seconds"])
def test_a_repeated_field_is_refused(name: str) -> None:
    """Of two callbacks, one would be verified that the other's owner did not mean."""
    given_once = {**GOOD, "hub.secret": "s", "hub.lease_seconds": "600"}
    body = urlencode([*given_once.items(), (name, given_once[name])]).encode()
    with pytest.raises(MalformedRequest, match=f"{name} is there more than once"):
        read_form(body)


@pytest.mark.parametrize(
    "mode", ["publish", "denied", "Subscribe", "subscribe ", "retrieve", "\r\n"]
)
def test_5_1_there_are_two_modes(mode: str) -> None:
    with pytest.raises(MalformedRequest, match="neither subscribe nor unsubscribe"):
        read({"hub.mode": mode})


def test_an_outside_publisher_is_told_why_not() -> None:
    with pytest.raises(MalformedRequest, match="only cause of a distribution"):
        read({"hub.mode": "publish", "hub.url": TOPIC})


@pytest.mark.parametrize(
    "callback",
    [
        pytest.param("reader.example/told", id="no scheme"),
        pytest.param("/told", id="relative"),
        pytest.param("//reader.example/told", id="relative to the scheme"),
        pytest.param("ftp://reader.example/told", id="ftp"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("http:///told", id="no host"),
        pytest.param("http://?x", id="no host but a query"),
        pytest.param("http://:80/", id="a port alone"),
        pytest.param("http://./", id="a dot alone"),
        pytest.param("http:reader.example", id="no slashes"),
        pytest.param("http:/reader.example", id="one slash"),
        pytest.param("http:\\\\reader.example", id="backslashes"),
        pytest.param("http://reader.example\\@other.example/", id="a backslash in the authority"),
        pytest.param("http://me:secret@reader.example/", id="a user"),
        pytest.param("http://@reader.example/", id="an empty user"),
        pytest.param("http://reader.example/told#part", id="a fragment"),
        pytest.param("http://reader.example/told#", id="an empty fragment"),
        pytest.param("http://reader.example/\r\nX: y", id="a line break"),
        pytest.param("http://reader.example/a b", id="a blank"),
        pytest.param(" http://reader.example/", id="a blank before"),
        pytest.param("http://reader.example/\n", id="a line break behind"),
        pytest.param("http://reader.example/\t", id="a tab"),
        pytest.param("http://reader.example/é", id="not ASCII"),
        pytest.param("http://bücher.example/", id="a host not in ASCII"),
        pytest.param("http://reader.example/\x7f", id="a control character"),
        pytest.param("http://127%2e0%2e0%2e1/", id="an encoded host"),
        pytest.param("http://reader.example:0/", id="port 0"),
        pytest.param("http://reader.example:080/", id="a port with a zero before"),
        pytest.param("http://reader.example:65536/", id="a port too high"),
        pytest.param("http://reader.example:99999/", id="a port much too high"),
        pytest.param("http://reader.example:-1/", id="a port below"),
        pytest.param("http://reader.example:http/", id="a port in letters"),
        pytest.param("http://[::1/", id="half a bracket"),
        pytest.param("http://[::1]x/", id="more behind a bracket"),
        pytest.param("http://[fe80::1%25eth0]/", id="a zone"),
        pytest.param("http://[:::]/", id="colons in brackets"),
        pytest.param("http://[v1.x]/", id="a future kind of address"),
        pytest.param("http://reader.example/" + "x" * 2000, id="too long"),
        pytest.param("x" * 20_000, id="20 kB"),
    ],
)
def test_5_1_a_callback_is_an_address_that_everybody_reads_alike(callback: str) -> None:
    with pytest.raises(MalformedRequest, match=r"hub\.callback"):
        read({"hub.callback": callback})


@pytest.mark.parametrize(
    ("callback", "host"),
    [
        ("http://Reader.Example", "reader.example"),
        ("HTTPS://reader.example./told", "reader.example"),
        ("https://reader.example:/", "reader.example"),
        ("http://reader.example:8080?x=%zz&&hub.mode=x", "reader.example"),
        ("http://reader.example/a@b:c//d;e'(f)*!$,[]{}|^`\"<>", "reader.example"),
        ("http://192.0.2.7:65535/", "192.0.2.7"),
        ("http://2130706433/", "127.0.0.1"),  # its load is counted with all others of that server
        ("http://[2001:DB8:0:0::7]:443/", "2001:db8::7"),
        ("http://my_host.example/", "my_host.example"),
        ("http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ],
)
def test_5_1_a_callback_is_kept_as_it_is(callback: str, host: str) -> None:
    request = read({"hub.callback": callback})
    assert (request.callback, request.host) == (callback, host)


@pytest.mark.parametrize(
    ("wish", "granted"),
    [("1", 60), ("60", 60), ("600", 600), ("0600", 600), ("5001", 5000), ("9" * 30, 5000),
     ("9" * 5000, 5000), ("0" * 5000 + "600", 600), ("", 1000), (None, 1000)],
)  # fmt: skip
def test_5_1_a_lease_is_granted_within_bounds(wish: str | None, granted: int) -> None:
    assert read({"hub.lease_seconds": wish}).lease_s == granted


@pytest.mark.parametrize(
    "wish", ["0", "000", "-1", "+1", "1.5", "1e3", "ten", " 60", "60 ", "0x10", "٣٠٠", "²", "1_000"]
)
def test_5_1_a_lease_is_a_positive_decimal_number(wish: str) -> None:
    with pytest.raises(MalformedRequest, match=r"hub\.lease_seconds"):
        read({"hub.lease_seconds": wish})


def test_5_1_a_secret_has_less_than_200_bytes() -> None:
    """Bytes, not letters."""
    for good in ("s" * 199, "é" * 99 + "s", "\r\n"):
        assert read({"hub.secret": good}).secret == good
    for long in ("s" * 200, "é" * 100, "€" * 67):
        with pytest.raises(MalformedRequest, match=r"hub\.secret") as caught:
            read({"hub.secret": long})
        assert long not in str(caught.value)
    assert read({"hub.secret": ""}).secret is None


@pytest.mark.parametrize("lease", ["0", "-1", "for ever", "", "9" * 99])
def test_5_1_who_leaves_needs_no_lease(lease: str) -> None:
    changes = {"hub.mode": "unsubscribe", "hub.lease_seconds": lease, "hub.secret": "s" * 500}
    request = read(changes)
    assert (request.mode, request.lease_s, request.secret) == (Mode.UNSUBSCRIBE, 0, None)


@pytest.mark.parametrize(
    ("topic", "slug", "each"),
    [
        ("https://news.example.org/feeds/all.rss", ALL, Format.RSS),
        ("HTTPS://NEWS.example.org:443/feeds/all.json", ALL, Format.JSON),
        ("https://news.example.org/feeds/%61ll%2eatom", ALL, Format.ATOM),
        ("https://news.example.org/feeds/caf%C3%A9.atom", "café", Format.ATOM),
        ("https://news.example.org/feeds/caf%c3%a9.atom", "café", Format.ATOM),
        ("https://news.example.org/feeds/café.atom", "café", Format.ATOM),
    ],
)
def test_a_topic_is_known_in_every_spelling(topic: str, slug: str, each: Format) -> None:
    """RFC 3986 6.2: and what its callback is asked repeats the subscriber's own."""
    request = read({"hub.topic": topic})
    assert (request.feed, request.format, request.topic) == (slug, each, topic)


@pytest.mark.parametrize(
    "topic",
    [
        "https://news.example.org/feeds/none.atom",
        "https://news.example.org/feeds/all",
        "https://news.example.org/feeds/all.xml",
        "https://news.example.org/feeds/all.atom/",
        "https://news.example.org/feeds/all.atom?x=1",
        "https://news.example.org/feeds/all.atom#x",
        "https://news.example.org/feeds/ALL.atom",
        "https://news.example.org//feeds/all.atom",
        "https://news.example.org/feeds/all.atom\r\n",
        "https://news.example.org/feeds/all/archive/1.atom",
        "https://news.example.org/feeds/all%2Fx.atom",
        "https://news.example.org/",
        "http://news.example.org/feeds/all.atom",
        "https://news.example.org:8443/feeds/all.atom",
        "https://me@news.example.org/feeds/all.atom",
        "https://other.example/feeds/all.atom",
        "https://news.example.org.other.example/feeds/all.atom",
        "/feeds/all.atom",
        "all",
        "\r\n",
        "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
@pytest.mark.parametrize("mode", ["subscribe", "unsubscribe"])
def test_other_topics_are_not_ours(topic: str, mode: str) -> None:
    with pytest.raises(UnknownTopic, match="no feed of this newsroom"):
        read({"hub.topic": topic, "hub.mode": mode})


def test_a_feed_that_moved_is_found_where_it_is() -> None:
    former = "https://news.example.org/feeds/former.rss"
    with pytest.raises(UnknownTopic, match=r"now at https://news\.example\.org/feeds/moved\.rss"):
        read({"hub.topic": former})
    # Who subscribed when it was there has to be able to leave.
    left = read({"hub.topic": former, "hub.mode": "unsubscribe"})
    assert (left.feed, left.topic) == ("moved", former)


def test_a_feed_that_ended_takes_nobody_and_lets_everybody_go() -> None:
    topic = "https://news.example.org/feeds/over.atom"
    form = decode_form(urlencode({**GOOD, "hub.topic": topic}).encode())
    leaving = decode_form(
        urlencode({**GOOD, "hub.topic": topic, "hub.mode": "unsubscribe"}).encode()
    )
    for now, is_over in (
        (ENDING.on - timedelta(seconds=1), False),
        (ENDING.on, True),
        (ENDING.gone_at, True),
    ):
        assert read_request(leaving, topics=TOPICS, terms=TERMS, now=now).feed == "over"
        if is_over:
            with pytest.raises(UnknownTopic, match="ended on 2026-03-03"):
                read_request(form, topics=TOPICS, terms=TERMS, now=now)
        else:
            assert read_request(form, topics=TOPICS, terms=TERMS, now=now).feed == "over"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"hub.mode=%FF", "UTF-8"),
        (b"hub.mode=\xff", "UTF-8"),
        (b"hub.secret=%ED%A0%80", "UTF-8"),
        (b"%C3=x", "UTF-8"),
        (b"hub.secret=a%00b", "NUL"),
        (b"hub.secret=a\x00b", "NUL"),
        (b"%00=", "NUL"),
        (b"a=b&" * 65, "fields"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedRequest, match=reason):
        decode_form(body)


def test_the_callback_of_another_protocol_is_called_by_its_name() -> None:
    with pytest.raises(MalformedRequest, match=r"^path "):
        read_callback("http://reader.example/\n", name="path")


_TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [*GOOD.values(), "unsubscribe", "0", "\r\nX: y", "http://[", "http://a:b@c", "%", "&=;"]
    ),
)
_NAMES = st.sampled_from([*GOOD, "hub.secret", "hub.lease_seconds", "hub.\r\n", ""])


@given(st.lists(st.tuples(_NAMES, _TEXTS), max_size=8))
def test_whatever_a_form_holds_is_read_or_refused(fields: list[tuple[str, str]]) -> None:
    body = urlencode(fields, errors="replace").encode()
    try:
        request = read_form(body)
    except RequestRefused:
        return
    assert request.callback.isascii()
    assert request.callback.isprintable()
    assert request.host
    assert "\0" not in (request.secret or "")


@given(st.binary(max_size=200))
def test_whatever_is_sent_as_a_form_is_decoded_or_refused(body: bytes) -> None:
    try:
        form = decode_form(body)
    except MalformedRequest:
        return
    assert all(isinstance(value, str) for values in form.values() for value in values)


@given(st.text(alphabet="http:/[]@#?%.\\ax09\n ", max_size=30))
def test_whatever_a_callback_looks_like_it_is_read_or_refused(rest: str) -> None:
    for callback in (rest, f"http://{rest}"):
        try:
            host = read_callback(callback, name="hub.callback")
        except MalformedRequest:
            continue
        assert host
        assert OFFICE.name not in host
