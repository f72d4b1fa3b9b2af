"""Where callbacks may be, as far as can be said when somebody subscribes (WebSub 8)."""

import threading
import time
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from service.outbound.addresses import Address, is_own, system_resolver
from service.websub.hub.callbacks import CallbackRules, Callbacks
from service.websub.hub.requests import CallbackForbidden, MalformedRequest, RequestRefused

RULES = CallbackRules(own_url="https://news.example.org", allow_networks=(), ports=(80, 443))
PUBLIC = ip_address("93.184.216.34")
OWN = ip_address("93.184.216.99")
NAMES: dict[str, list[Address]] = {
    "public.example": [PUBLIC],
    "private.example": [ip_address("10.0.0.7")],
    "both.example": [PUBLIC, ip_address("127.0.0.1")],
    "mapped.example": [ip_address("::ffff:169.254.169.254")],
    "own.example": [PUBLIC, OWN],
    "news.example.org": [PUBLIC],
}


def resolve(host: str, port: int) -> Sequence[Address]:
    """A name server, which knows these names alone; numbers are the system's."""
    if host in NAMES:
        return NAMES[host]
    if host.endswith(".example"):
        raise OSError(-2, "Name or service not known")
    return system_resolver(host, port)


def check(callback: str, rules: CallbackRules = RULES) -> None:
    """Check a callback on a machine that has the address OWN."""
    Callbacks(is_own=lambda address: address == OWN, resolve=resolve).check(callback, rules)


@pytest.mark.parametrize(
    "callback",
    [
        "http://public.example/told",
        "https://public.example/",
        "https://public.example:80/",
        "http://93.184.216.34/",
        "http://nobody.example/",
    ],
)
def test_public_places_are_fine_and_names_that_are_unknown_are_not_judged(callback: str) -> None:
    """The callback of a name that is unknown will not answer the challenge."""
    check(callback)


@pytest.mark.parametrize(
    "callback",
    [
        pytest.param("http://127.0.0.1/", id="loopback"),
        pytest.param("http://127.1/", id="short"),
        pytest.param("http://2130706433/", id="decimal"),
        pytest.param("http://0x7f000001/", id="hexadecimal"),
        pytest.param("http://0177.0.0.1/", id="octal"),
        pytest.param("http://0/", id="nothing"),
        pytest.param("http://0.0.0.0/", id="unspecified"),
        pytest.param("http://[::]/", id="unspecified 6"),
        pytest.param("http://[::1]/", id="loopback 6"),
        pytest.param("http://[::ffff:127.0.0.1]/", id="mapped"),
        pytest.param("http://[::ffff:7f00:1]/", id="mapped in hexadecimal"),
        pytest.param("http://[fe80::1]/", id="link-local 6"),
        pytest.param("http://[fd00::1]/", id="private 6"),
        pytest.param("http://[64:ff9b::a00:1]/", id="behind NAT64"),
        pytest.param("http://10.0.0.1/", id="private"),
        pytest.param("http://192.168.1.1/", id="private, at home"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="metadata"),
        pytest.param("http://100.64.0.1/", id="carrier-grade NAT"),
        pytest.param("http://224.0.0.1/", id="multicast"),
        pytest.param("http://private.example/", id="a name"),
        pytest.param("http://both.example/", id="a name with one good address"),
        pytest.param("http://mapped.example/", id="a name with a mapped address"),
        pytest.param("http://own.example/", id="this machine by name"),
        pytest.param("http://93.184.216.99/", id="this machine"),
        pytest.param("http://localhost/", id="localhost"),
    ],
)
def test_8_a_callback_that_is_not_public_is_refused_without_a_word_of_where(callback: str) -> None:
    with pytest.raises(CallbackForbidden) as caught:
        check(callback)
    assert str(caught.value) == "the callback is at an address that is not public"


@pytest.mark.parametrize("callback", ["http://public.example:22/", "http://nobody.example:8080/"])
def test_8_other_ports_are_refused(callback: str) -> None:
    with pytest.raises(CallbackForbidden, match="possible are 80, 443"):
        check(callback)


def test_8_networks_that_are_allowed_may_have_any_port_and_be_this_machine() -> None:
    allowed = tuple(ip_network(each) for each in ("10.0.0.0/8", f"{OWN}/32"))
    rules = CallbackRules(own_url=RULES.own_url, allow_networks=allowed, ports=RULES.ports)
    for callback in ("http://private.example:5000/", "http://10.1.2.3:25/", f"http://{OWN}:5000/"):
        check(callback, rules)
    for callback in ("http://own.example:5000/", "http://public.example:5000/"):
        with pytest.raises(CallbackForbidden):
            check(callback, rules)


@pytest.mark.parametrize(
    ("own_url", "callback"),
    [
        ("https://news.example.org", "https://news.example.org/hub"),
        ("https://news.example.org", "https://NEWS.example.org.:443/anything"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/hub"),
        ("http://[::1]:8000/sub", "http://[0::1]:8000/"),
    ],
)
def test_the_newsroom_itself_is_no_callback(own_url: str, callback: str) -> None:
    """Not even where its address is allowed: it would be asked about what it asks."""
    allowed = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    rules = CallbackRules(own_url=own_url, allow_networks=allowed, ports=(80, 443, 8000))
    with pytest.raises(CallbackForbidden, match="own address"):
        check(callback, rules)


def test_another_port_of_the_newsrooms_host_is_another_server() -> None:
    check("http://news.example.org/told")


@pytest.mark.parametrize("host", ["a" * 70 + ".example.org", "a..example.org", "." * 9 + "x"])
def test_a_host_that_can_be_no_name_is_refused(host: str) -> None:
    with pytest.raises(RequestRefused):
        Callbacks(is_own=is_own).check(f"http://{host}/", RULES)


def test_this_machine_is_known_by_its_addresses() -> None:
    assert is_own(ip_address("127.0.0.1"))
    assert is_own(ip_address("127.9.9.9"))
    assert not is_own(PUBLIC)
    assert not is_own(ip_address("2606:2800:220:1::1"))


def test_what_this_machine_cannot_tell_now_is_left_to_the_client() -> None:
    """Storms are when descriptors run out; it is no fault of who asks."""

    def is_own_of_all(_address: Address) -> bool:
        raise OSError(24, "Too many open files")

    Callbacks(is_own=is_own_of_all, resolve=resolve).check("http://public.example/", RULES)


class Hanging:
    """A name server that does not answer before it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str, _port: int) -> Sequence[Address]:
        self.asked.append(host)
        self.let_go.wait(30)
        return [PUBLIC]


def test_a_name_server_that_hangs_is_not_waited_for_and_does_not_clog() -> None:
    """The HTTP client checks the address later; here the look-up takes no longer than its limit."""
    hanging = Hanging()
    callbacks = Callbacks(is_own=is_own, resolve=hanging, within_s=0.05, at_once=3)
    started = time.monotonic()
    try:
        for number in range(50):
            callbacks.check(f"http://{number}.example/", RULES)
        assert hanging.asked == ["0.example", "1.example", "2.example"]
        assert time.monotonic() - started < 2
        # What needs no look-up is judged all the same, and so are ports.
        with pytest.raises(CallbackForbidden, match="not public"):
            callbacks.check("http://10.0.0.1/", RULES)
        with pytest.raises(CallbackForbidden, match="port 22"):
            callbacks.check("http://51.example:22/", RULES)
    finally:
        hanging.let_go.set()
    # And when it answers again, names are looked up again.
    deadline = time.monotonic() + 10
    while len(hanging.asked) < 4:
        assert time.monotonic() < deadline
        callbacks.check("http://again.example/", RULES)


def test_many_names_are_looked_up_at_the_same_time() -> None:
    met = threading.Barrier(8)

    def resolve_together(_host: str, _port: int) -> Sequence[Address]:
        met.wait(10)
        return [ip_address("10.0.0.1")]

    callbacks = Callbacks(is_own=is_own, resolve=resolve_together, within_s=10)
    refused: list[RequestRefused] = []

    def ask(number: int) -> None:
        try:
            callbacks.check(f"http://{number}.example/", RULES)
        except RequestRefused as error:
            refused.append(error)

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert [type(each) for each in refused] == [CallbackForbidden] * 8


def test_what_is_no_name_is_malformed_and_not_forbidden() -> None:
    with pytest.raises(MalformedRequest, match="no name"):
        Callbacks(is_own=is_own).check(f"http://{'a' * 64}.example.org/", RULES)
