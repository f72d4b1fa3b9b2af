"""WebSub section 8, and practice: nothing of the hub can be turned against others.

A trap listens at addresses that are not public, at a port that callbacks may have. It counts who
connects: nobody ever may. A friend listens at the one address that is allowed, so that it is seen
that the hub does its work meanwhile.

That a name cannot change its answer between the check and the connection is shown where the
connection is made: ``tests/service/outbound/test_bulk_http_client.py``.
"""

import json
import socket
import time
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.hub_newsroom import SETTLED_S, HubNewsroom, running_hub_newsroom
from tests.support.running_service import Answer, wait_until
from tests.support.subscriber import Subscriber, redirects, running_subscriber

#: Where the trap listens, in ways that a check could fail to understand and a resolver or a
#: kernel would.
TRAPS = {
    "loopback": "127.0.0.1",
    "another loopback": "127.0.0.2",
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "upper-case hexadecimal": "0X7F000001",
    "octal": "017700000001",
    "hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "octal parts": "0177.0.0.01",
    "short": "127.1",
    "three parts": "127.0.1",
    "mixed": "0x7f.1",
    "dot at the end": "127.0.0.1.",
    "IPv6": "[::1]",
    "IPv6 in full": "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped in hexadecimals": "[::ffff:7f00:1]",
    "compatible": "[::127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "scoped": "[::1%25lo]",
    "unspecified": "0.0.0.0",
    "unspecified, short": "0",
    "unspecified IPv6": "[::]",
    "unspecified, mapped": "[::ffff:0.0.0.0]",
    "by name": "localhost",
    "by name in capitals": "LOCALHOST",
    "by name with a dot": "localhost.",
    "behind a user": "example.org@127.0.0.1",
    "behind a friend": "127.0.0.3@127.0.0.1",
    "behind a user and a password": "127.0.0.3:80@127.0.0.1",
    "behind a backslash": "127.0.0.3\\@127.0.0.1",
    "before a backslash": "127.0.0.1\\@127.0.0.3",
    "behind a fragment": "127.0.0.3#@127.0.0.1",
    "encoded": "%31%32%37.0.0.1",
    "encoded dots": "127%2e0%2e0%2e1",
    "wide digits": "１２７.0.0.1",
    "ideographic dots": "127。0。0。1",
    "circled": "①②⑦.⓪.⓪.①",
}

#: Where nobody of ours listens, and nobody may be asked.
PLACES = {
    "10/8": "10.0.0.1",
    "172.16/12": "172.16.0.1",
    "192.168/16": "192.168.0.1",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "metadata, decimal": "2852039166",
    "metadata, mapped": "[::ffff:169.254.169.254]",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Azure": "168.63.129.16",
    "metadata of Amazon, IPv6": "[fd00:ec2::254]",
    "carrier-grade NAT": "100.64.0.1",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
    "benchmarks": "198.18.0.1",
    "reserved": "240.0.0.1",
    "link-local IPv6": "[fe80::1]",
    "unique local IPv6": "[fc00::1]",
    "multicast IPv6": "[ff02::1]",
    "private, mapped": "[::ffff:10.0.0.1]",
    "Teredo": "[2001:0:7f00:1::]",
}


@pytest.fixture(scope="session")
def trap() -> Iterator[Subscriber]:
    """Whom nobody may connect to; looked at once more at the end."""
    with running_subscriber("127.0.0.1", "127.0.0.2", "::1") as trap:
        yield trap
        assert trap.connections == 0


@pytest.fixture(scope="session")
def friend() -> Iterator[Subscriber]:
    """A subscriber at the one address that is allowed."""
    with running_subscriber("127.0.0.3") as friend:
        yield friend


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, trap: Subscriber, friend: Subscriber
) -> Iterator[HubNewsroom]:
    """A newsroom that may ask the friend, and the public at the trap's port."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_hub_newsroom(
        folder,
        friend,
        own_hub={"callback_ports": [80, 443, trap.port]},
        outbound={"allow_networks": ["127.0.0.3/32"]},
    ) as newsroom:
        yield newsroom


def is_refused(answer: Answer) -> bool:
    """4xx, with a reason as plain text."""
    is_told = answer.headers["content-type"].startswith("text/plain") and answer.body.strip()
    return 400 <= answer.status < 500 and bool(is_told)


def assert_untouched(newsroom: HubNewsroom, trap: Subscriber) -> None:
    """Nobody connected to the trap, while a request that came later was served."""
    newsroom.subscribe(newsroom.callback())
    newsroom.wait_until_decided()
    assert trap.connections == 0, trap.calls


def test_section_8_addresses_of_this_machine_are_never_connected_to(
    guarded: HubNewsroom, trap: Subscriber
) -> None:
    """Practice: in decimal, hex, octal, short and mapped spelling, behind a user, by name."""
    for spelling, host in TRAPS.items():
        for path in ("/", "/callback?a=b"):
            answer = guarded.ask(f"http://{host}:{trap.port}{path}")
            assert is_refused(answer), (spelling, answer)
    assert_untouched(guarded, trap)


def test_section_8_addresses_that_are_not_public_are_refused(guarded: HubNewsroom) -> None:
    """Practice: private, link-local, CGNAT, multicast, metadata."""
    for place, host in PLACES.items():
        for scheme in ("http", "https"):
            answer = guarded.ask(f"{scheme}://{host}/callback")
            assert is_refused(answer), (place, answer)


def test_section_8_the_name_of_this_machine_is_refused(
    guarded: HubNewsroom, trap: Subscriber
) -> None:
    """Practice: "or our own": a name that means this machine, whatever its address is."""
    answer = guarded.ask(f"http://{socket.gethostname()}:{trap.port}/")
    assert is_refused(answer), answer
    assert_untouched(guarded, trap)


def test_section_8_a_name_that_nobody_has_is_asked_nothing(
    guarded: HubNewsroom, trap: Subscriber
) -> None:
    """RFC 6761: a name in ``.invalid`` has no address; the answer need not wait for that."""
    began = time.monotonic()
    answer = guarded.ask("http://nobody.invalid/callback")
    assert time.monotonic() - began < 5
    assert answer.status == 202 or is_refused(answer)
    assert_untouched(guarded, trap)
    assert guarded.held("http://nobody.invalid/callback") is None


@pytest.mark.parametrize("port", [22, 25, 6379, 65_535])
def test_section_8_other_ports_of_the_public_are_refused(guarded: HubNewsroom, port: int) -> None:
    """Practice: the hub talks to web servers, and to nothing else."""
    answer = guarded.ask(f"http://9.9.9.9:{port}/callback")
    assert is_refused(answer), answer
    assert str(port) in answer.body.decode()


@pytest.mark.parametrize(
    ("status", "host"),
    [
        (301, "127.0.0.1"),
        (302, "[::1]"),
        (303, "localhost"),
        (307, "127.0.0.1"),
        (307, "0.0.0.0"),
        (308, "[::ffff:127.0.0.1]"),
    ],
)
def test_section_8_a_redirect_leads_nowhere(
    guarded: HubNewsroom, trap: Subscriber, friend: Subscriber, status: int, host: str
) -> None:
    """Practice: neither when a callback is asked, nor when it is sent something."""
    led = redirects(f"http://{host}:{trap.port}/inner", status)
    asked, sent = guarded.path(), guarded.path()
    friend.behave(asked, verify=led)
    assert guarded.ask(friend.url(asked)).status == 202
    friend.wait_for_verifications(1, asked)
    friend.behave(sent, deliver=led)
    guarded.subscribe(friend.url(sent))
    guarded.publish(f"Redirected by {status} to {host}")
    friend.wait_for_deliveries(2, sent)
    guarded.leave()
    assert_untouched(guarded, trap)
    assert guarded.held(friend.url(asked)) is None


def test_section_8_what_is_no_longer_allowed_is_no_longer_connected_to(
    guarded: HubNewsroom, friend: Subscriber
) -> None:
    """Practice: the address is checked at each connection, not only when somebody subscribes."""
    service, path = guarded.service, guarded.path()
    without = service.main.read_text(encoding="utf-8")
    settings = json.loads(without)
    settings["outbound"]["allow_networks"].append("127.0.0.4/32")
    with running_subscriber("127.0.0.4") as former:
        assert is_refused(guarded.ask(former.url()))
        service.main.write_text(json.dumps(settings), encoding="utf-8")
        wait_until(partial(takes, guarded, former.url()))
        guarded.subscribe(friend.url(path))
        service.stop()
        service.main.write_text(without, encoding="utf-8")
        service.start()
        before = former.connections
        guarded.publish("After the allowance")
        friend.wait_for_deliveries(1, path)
        wait_until(lambda: guarded.delivery(former.url()).attempts > 1)
        assert former.connections == before
        assert former.deliveries() == []


def takes(newsroom: HubNewsroom, callback: str) -> bool:
    """Whether a callback is subscribed when it asks for it: a new configuration was taken."""
    newsroom.ask(callback)
    newsroom.wait_until_decided()
    return newsroom.held(callback) is not None


def test_section_8_the_newsroom_itself_is_no_callback(guarded: HubNewsroom) -> None:
    """Practice: the hub asks nobody at its own address, so that nobody can make it."""
    for url in (guarded.hub, guarded.topic(), f"{guarded.service.base_url}/?a=b"):
        assert is_refused(guarded.ask(url)), url


def test_section_8_a_topic_is_never_fetched(guarded: HubNewsroom, trap: Subscriber) -> None:
    """Only our own topics: whatever else is named as one is refused unseen."""
    for topic in (trap.url("/feed.atom"), f"http://localhost:{trap.port}/feeds/finance.atom"):
        assert is_refused(guarded.ask(guarded.callback(), topic=topic))
        for name in ("hub.url", "hub.topic"):
            assert is_refused(guarded.post([("hub.mode", "publish"), (name, topic)]))
    time.sleep(SETTLED_S)
    assert_untouched(guarded, trap)
