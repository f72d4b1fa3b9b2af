"""Other people's servers, over real sockets on loopback."""

import socket
import time
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from service.outbound import (
    AddressForbidden,
    AddressInvalid,
    HostUnknown,
    HttpClient,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    addresses,
)
from service.outbound.addresses import Address, Resolver, system_resolver
from tests.support.hub_server import HubServer, Manner, running_hub
from tests.support.media_server import File, running_media_server

NEXT_DOOR = [ip_network("127.0.0.1/32"), ip_network("::1/128")]
FIELDS = [("hub.mode", "publish"), ("hub.url", "https://example.com/feeds/all.atom")]

#: For servers that never answer as they should. Everything else has plenty of time.
SHORT_S = 0.4


def _speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


HAS_IPV6 = _speaks_ipv6()


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with running_hub() as hub:
        yield hub


def neighbourly(*, timeout_s: float = 10.0, resolve: Resolver = system_resolver) -> HttpClient:
    """A door that lets through to this machine."""
    return HttpClient(NEXT_DOOR, timeout_s, 1000, "communique-test", resolve=resolve)


def strict(*, resolve: Resolver = system_resolver) -> HttpClient:
    """A door as it comes."""
    return HttpClient([], 10.0, 1000, "communique-test", resolve=resolve)


def answering(*dispatcher: Sequence[str]) -> Resolver:
    """A resolver that gives these addresses, another round each time it is asked."""
    left = list(dispatcher)

    def resolve(_host: str, _port: int) -> list[IPv4Address | IPv6Address]:
        return [ip_address(address) for address in left.pop(0)]

    return resolve


class TestAForm:
    def test_arrives_with_its_fields_in_order(self, hub: HubServer) -> None:
        answer = neighbourly().post_form(hub.url, [*FIELDS, ("hub.url", "ü & =")])
        assert answer.status == 204
        assert answer.is_success
        [arrival] = hub.arrivals
        assert arrival.path == "/hub"
        assert arrival.fields == [*FIELDS, ("hub.url", "ü & =")]
        assert arrival.headers["content-type"] == "application/x-www-form-urlencoded"
        assert arrival.headers["user-agent"] == "communique-test"
        assert arrival.headers["host"] == f"127.0.0.1:{hub.port}"

    @pytest.mark.parametrize("status", [200, 202, 400, 404, 410, 429, 500, 503])
    def test_gets_an_answer_whatever_its_status(self, hub: HubServer, status: int) -> None:
        hub.manner = Manner(status=status, body=b"said\r\nso \xff\x1b[31m", headers={"X-A": "b"})
        answer = neighbourly().post_form(hub.url, FIELDS)
        assert (answer.status, answer.is_success) == (status, status < 300)
        assert answer.headers["x-a"] == "b"
        assert answer.excerpt == "said so \N{REPLACEMENT CHARACTER} [31m"

    def test_carries_no_cookie_that_an_answer_set(self, hub: HubServer) -> None:
        hub.manner = Manner(headers={"Set-Cookie": "seen=1; Path=/"})
        door = neighbourly()
        door.post_form(hub.url, FIELDS)
        door.post_form(hub.url, FIELDS)
        assert [arrival.headers.get("cookie") for arrival in hub.arrivals] == [None, None]

    def test_ignores_proxies_and_credentials_of_the_environment(
        self,
        hub: HubServer,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        netrc = tmp_path_factory.mktemp("home") / "netrc"
        netrc.write_text("default login me password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
        monkeypatch.setenv("all_proxy", "http://127.0.0.1:9/")
        assert neighbourly().post_form(hub.url, FIELDS).status == 204
        assert "authorization" not in hub.arrivals[0].headers


class TestAFile:
    def test_is_asked_for_without_being_fetched(self) -> None:
        with running_media_server() as media:
            media.files["/a.mp3"] = File(length=5_000_000)
            answer = neighbourly().head(media.url("/a.mp3"))
            assert answer.status == 200
            assert answer.headers["content-length"] == "5000000"
            assert answer.headers["content-type"] == "audio/mpeg"
            assert answer.excerpt == ""
            assert media.asked == [("HEAD", "/a.mp3")]

    def test_gives_one_byte_where_ranges_are_known(self) -> None:
        with running_media_server() as media:
            media.files["/a.mp3"] = File(length=5_000_000)
            answer = neighbourly().first_byte(media.url("/a.mp3"))
            assert (answer.status, answer.excerpt) == (206, "x")
            assert answer.headers["content-range"] == "bytes 0-0/5000000"

    def test_is_not_read_to_its_end_where_they_are_not(self, hub: HubServer) -> None:
        hub.manner = Manner(status=200, is_endless=True)
        answer = neighbourly().first_byte(hub.url)
        assert answer.status == 200
        assert len(answer.excerpt) <= 1000
        assert hub.arrivals[0].headers["range"] == "bytes=0-0"
        assert hub.arrivals[0].headers["accept-encoding"] == "identity"

    def test_is_not_looked_for_where_a_redirect_leads(self, hub: HubServer) -> None:
        with running_media_server() as media:
            elsewhere = {"Location": hub.url}
            media.files["/a.mp3"] = File(head_status=301, headers=elsewhere)
            answer = neighbourly().head(media.url("/a.mp3"))
        assert (answer.status, answer.headers["location"]) == (301, hub.url)
        assert hub.arrivals == []

    def test_is_not_asked_for_at_a_forbidden_address(self) -> None:
        with running_media_server() as media:
            for ask in (strict().head, strict().first_byte):
                with pytest.raises(AddressForbidden):
                    ask(media.url("/a.mp3"))
            assert media.asked == []


class TestALimit:
    """The time and the size of an exchange are ours to set, not the server's."""

    @pytest.mark.parametrize(
        "manner",
        [
            pytest.param(Manner(hangs=True), id="no answer at all"),
            pytest.param(Manner(drips="headers"), id="headers a byte at a time"),
        ],
    )
    def test_ends_an_answer_that_does_not_come(self, hub: HubServer, manner: Manner) -> None:
        hub.manner = manner
        started = time.monotonic()
        with pytest.raises(OutboundTimedOut) as failed:
            neighbourly(timeout_s=SHORT_S).post_form(hub.url, FIELDS)
        assert SHORT_S * 0.9 < time.monotonic() - started < SHORT_S * 10
        assert failed.value.reason == "no answer within 0.4 s"
        assert not failed.value.permanent

    def test_ends_a_dripping_body_and_keeps_the_status(self, hub: HubServer) -> None:
        hub.manner = Manner(status=202, drips="body")
        answer = neighbourly(timeout_s=SHORT_S).post_form(hub.url, FIELDS)
        assert answer.status == 202
        assert SHORT_S * 0.9 < answer.elapsed_s < SHORT_S * 10

    def test_ends_an_endless_body_when_enough_is_read(self, hub: HubServer) -> None:
        hub.manner = Manner(status=200, is_endless=True)
        answer = neighbourly(timeout_s=60).post_form(hub.url, FIELDS)
        assert answer.status == 200
        assert 0 < len(answer.excerpt) <= 1000
        assert answer.elapsed_s < 30

    def test_ends_a_handshake_that_does_not_come(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
            with pytest.raises(OutboundTimedOut):
                neighbourly(timeout_s=SHORT_S).post_form(url, FIELDS)


class TestAServer:
    def test_that_is_down_is_unreachable(self, hub: HubServer) -> None:
        hub.go_down()
        with pytest.raises(ServerUnreachable) as failed:
            neighbourly().post_form(hub.url, FIELDS)
        assert failed.value.reason == "Connection refused"
        assert failed.value.url == hub.url
        assert not failed.value.permanent

    def test_that_hangs_up_is_unreachable(self, hub: HubServer) -> None:
        hub.manner = Manner(closes=True)
        with pytest.raises(ServerUnreachable, match="closed connection"):
            neighbourly().post_form(hub.url, FIELDS)

    def test_that_comes_back_is_reached_again(self, hub: HubServer) -> None:
        hub.go_down()
        hub.come_up()
        assert neighbourly().post_form(hub.url, FIELDS).status == 204

    def test_whose_redirect_is_not_followed(self, hub: HubServer) -> None:
        """Not even to an allowed address: where to is for the server to say, so never."""
        with running_hub() as elsewhere:
            hub.manner = Manner(status=307, headers={"Location": elsewhere.url})
            answer = neighbourly().post_form(hub.url, FIELDS)
            assert (answer.status, answer.headers["location"]) == (307, elsewhere.url)
            assert not answer.is_success
            assert elsewhere.arrivals == []

    def test_whose_name_is_unknown(self) -> None:
        def resolve(_host: str, _port: int) -> list[IPv4Address]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        with pytest.raises(HostUnknown, match=r"hub\.example does not resolve: Name or service"):
            neighbourly(resolve=resolve).post_form("http://hub.example/", FIELDS)


class TestAnAddress:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "0.0.0.0",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "①②⑦.0.0.1",
            "169.254.169.254",
        ],
    )
    def test_of_our_own_is_refused_in_every_spelling(self, hub: HubServer, host: str) -> None:
        with pytest.raises(OutboundFailed) as failed:
            strict().post_form(f"http://{host}:{hub.port}/hub", FIELDS)
        assert isinstance(failed.value, AddressForbidden | AddressInvalid)
        assert failed.value.permanent
        assert hub.arrivals == []

    def test_of_our_own_is_refused_behind_a_name(self, hub: HubServer) -> None:
        door = strict(resolve=answering(["127.0.0.1"]))
        with pytest.raises(AddressForbidden, match=r"hub\.example is the loopback address 127\.0"):
            door.post_form(f"http://hub.example:{hub.port}/", FIELDS)
        assert hub.arrivals == []

    def test_of_our_own_is_refused_among_public_ones(self) -> None:
        door = strict(resolve=answering(["1.1.1.1", "10.0.0.1"]))
        with pytest.raises(AddressForbidden, match="the private address 10"):
            door.post_form("http://hub.example/", FIELDS)

    def test_is_the_one_that_was_checked(self, hub: HubServer) -> None:
        """DNS rebinding: the second answer would lead elsewhere, and is never asked for."""
        door = neighbourly(resolve=answering(["127.0.0.1"], ["127.0.0.2"]))
        url = f"http://hub.example:{hub.port}/hub"
        assert door.post_form(url, FIELDS).status == 204
        assert hub.arrivals[0].headers["host"] == f"hub.example:{hub.port}"
        with pytest.raises(AddressForbidden, match=r"127\.0\.0\.2"):
            door.post_form(url, FIELDS)

    def test_that_is_dead_makes_way_for_the_next(self, hub: HubServer) -> None:
        """Nothing listens at the first one; the hub is there with 127.0.0.1 only."""
        resolve = answering(["127.0.0.2", "127.0.0.1"])
        door = HttpClient([ip_network("127.0.0.0/8")], 10.0, 1000, "test", resolve=resolve)
        assert door.post_form(hub.url_at("hub.example"), FIELDS).status == 204

    @pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
    def test_by_ipv6_is_named_in_brackets(self) -> None:
        with running_hub("::1") as hub:
            assert neighbourly().post_form(hub.url, FIELDS).status == 204
            assert hub.arrivals[0].headers["host"] == f"[::1]:{hub.port}"


class TestAUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hub.example/",
            "/hub",
            "ftp://hub.example/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "httpx://hub.example/",
            "http://",
            "http:///hub",
            "http://hub.example:99999/",
            "http://hub.example:port/",
            "http://[::1/",
            "http://hub example/",
            "http://*.example/",
            "http://" + "a" * 70 + ".example/",
        ],
    )
    def test_that_leads_nowhere_is_refused(self, url: str) -> None:
        with pytest.raises(AddressInvalid) as failed:
            neighbourly().post_form(url, FIELDS)
        assert failed.value.permanent

    @pytest.mark.parametrize(
        "url",
        [
            "http://user:hunter2@hub.example/",
            "http://hunter2@hub.example/",
            "http://1.1.1.1:hunter2@127.0.0.1/",
        ],
    )
    def test_with_credentials_is_refused_without_showing_them(self, url: str) -> None:
        with pytest.raises(AddressInvalid, match="user name or password") as failed:
            neighbourly().post_form(url, FIELDS)
        assert "hunter2" not in str(failed.value) + failed.value.url

    def test_with_a_backslash_cannot_mean_two_hosts(self, hub: HubServer) -> None:
        """Parsers differ on such URLs; the host that was checked is the one connected to."""
        url = f"http://127.0.0.1:{hub.port}\\@127.0.0.2:{hub.port}/"
        neighbourly().post_form(url, FIELDS)
        assert hub.arrivals[0].headers["host"] == f"127.0.0.1:{hub.port}"

    @pytest.mark.parametrize(
        ("host", "asked"),
        [
            ("bücher.example", "xn--bcher-kva.example"),
            # IDNA2003 would ask another server: strasse.example.
            ("straße.example", "xn--strae-oqa.example"),
            # IDNA2008 would ask none.
            ("☕.example", "xn--53h.example"),
        ],
    )
    def test_in_other_letters_is_asked_in_ascii(
        self, hub: HubServer, host: str, asked: str
    ) -> None:
        resolved: list[str] = []

        def resolve(name: str, _port: int) -> list[Address]:
            resolved.append(name)
            return [ip_address("127.0.0.1")]

        neighbourly(resolve=resolve).post_form(f"http://{host}:{hub.port}/", FIELDS)
        assert hub.arrivals[0].headers["host"] == f"{asked}:{hub.port}"
        assert resolved == [asked]


def test_this_machine_is_not_asked_though_its_address_were_public(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if 127/8 were public; it is this machine's all the same."""
    monkeypatch.setattr(addresses, "_KINDS", ())
    with pytest.raises(AddressForbidden, match=r"is the machine's own address 127\.0\.0\.1"):
        strict().post_form(hub.url, FIELDS)
    assert hub.arrivals == []
