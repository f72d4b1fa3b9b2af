"""Hundreds of other people's servers at once, over real sockets on loopback."""

import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import pytest
import trustme

from service.outbound import (
    AddressForbidden,
    AddressInvalid,
    BulkHttpClient,
    BulkRequest,
    BulkResponse,
    HostUnknown,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    addresses,
    lookups,
)
from service.outbound.addresses import Resolver, find_target, system_resolver
from service.outbound.bulk_http_client import _LARGE_BUFFERS
from service.outbound.transfers import Host, Transfer
from tests.support.descriptors import no_descriptors
from tests.support.raw_server import Answer, Line, RawServer, running_raw_server, saying, well
from tests.support.running_service import wait_until

Network = IPv4Network | IPv6Network
End = BulkResponse | OutboundFailed
MakeClient = Callable[..., BulkHttpClient]

NEXT_DOOR = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

#: For servers that never answer as they should. Everything else has plenty of time.
SHORT_S = 0.4

#: For exchanges in which something has to happen before the time is up, on a busy machine too.
LONGER_S = 2.0


def _speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


HAS_IPV6 = _speaks_ipv6()


@pytest.fixture
def make() -> Iterator[MakeClient]:
    """Makes clients that let through to this machine, unless told otherwise."""
    made: list[BulkHttpClient] = []

    def make(
        allow: Sequence[Network] = NEXT_DOOR,
        *,
        timeout_s: float = 10.0,
        at_once: int = 64,
        ca_file: Path | None = None,
        resolve: Resolver = system_resolver,
    ) -> BulkHttpClient:
        made.append(
            BulkHttpClient(
                allow,
                timeout_s,
                "communique-test",
                at_once=at_once,
                ca_file=ca_file,
                resolve=resolve,
            )
        )
        return made[-1]

    yield make
    for bulk_client in made:
        bulk_client.close()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with running_raw_server() as server:
        yield server


def unexpected(end: End) -> None:
    """For exchanges that must not end."""
    pytest.fail(f"ended: {end}")


def all_ends(
    bulk_client: BulkHttpClient, bulk_requests: Sequence[BulkRequest], *, within_s: float = 60.0
) -> list[End]:
    """Send *bulk_requests* all at once; how they ended, in their order."""
    ends: dict[int, End] = {}
    for number, bulk_request in enumerate(bulk_requests):
        bulk_client.send(bulk_request, partial(ends.__setitem__, number), host="h")
    deadline = time.monotonic() + within_s
    while len(ends) < len(bulk_requests):
        assert time.monotonic() < deadline, (
            f"{len(ends)} of {len(bulk_requests)} within {within_s} s"
        )
        bulk_client.poll(0.05)
    return [ends[number] for number in range(len(bulk_requests))]


def end_of(
    bulk_client: BulkHttpClient, bulk_request: BulkRequest, *, within_s: float = 60.0
) -> End:
    [end] = all_ends(bulk_client, [bulk_request], within_s=within_s)
    return end


def response_of(
    bulk_client: BulkHttpClient, bulk_request: BulkRequest, *, within_s: float = 60.0
) -> BulkResponse:
    end = end_of(bulk_client, bulk_request, within_s=within_s)
    assert isinstance(end, BulkResponse), end
    return end


def answering(*dispatcher: Sequence[str]) -> Resolver:
    """A resolver that gives these addresses, another round each time it is asked."""
    left = list(dispatcher)

    def resolve(_host: str, _port: int) -> list[IPv4Address | IPv6Address]:
        return [ip_address(address) for address in left.pop(0)]

    return resolve


def always(*found: str) -> Resolver:
    return lambda _host, _port: [ip_address(address) for address in found]


class TestARequest:
    def test_with_a_body_is_posted(self, make: MakeClient, server: RawServer) -> None:
        headers = ("Content-Type: application/atom+xml; charset=utf-8", "Link: <a>; rel=hub")
        url = server.url("/cb?a=b")
        bulk_response = response_of(make(), BulkRequest(url=url, body=b"<feed/>", headers=headers))
        assert (bulk_response.status, bulk_response.body, bulk_response.is_success) == (
            204,
            b"",
            True,
        )
        assert 0 < bulk_response.elapsed_s < 10
        [request] = server.requests
        assert request.line == "POST /cb?a=b HTTP/1.1"
        assert request.body == b"<feed/>"
        assert request.headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": "communique-test",
            "accept": "*/*",
            "content-type": "application/atom+xml; charset=utf-8",
            "link": "<a>; rel=hub",
            "content-length": "7",
        }

    def test_without_one_is_a_get(self, make: MakeClient, server: RawServer) -> None:
        server.answer = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsaid")
        bulk_response = response_of(make(), BulkRequest(url=server.url()))
        assert (bulk_response.status, bulk_response.body) == (200, b"said")
        assert server.requests[0].line == "GET /cb HTTP/1.1"
        assert set(server.requests[0].headers) == {"host", "user-agent", "accept"}

    @pytest.mark.parametrize("size", [0, 1, 70_000, 500_000, 5_000_000])
    def test_arrives_whole(self, make: MakeClient, server: RawServer, size: int) -> None:
        body = bytes(range(256)) * (size // 256 + 1)
        response_of(make(), BulkRequest(url=server.url(), body=body[:size]))
        [request] = server.requests
        assert request.body == body[:size]
        assert request.headers["content-length"] == str(size)
        assert "expect" not in request.headers

    def test_arrives_whole_beside_many_others(self, make: MakeClient, server: RawServer) -> None:
        """Not all of them have room for it."""
        count, body = 2 * _LARGE_BUFFERS, bytes(range(256)) * 1200
        bulk_requests = [
            BulkRequest(url=server.url(f"/{number}"), body=body) for number in range(count)
        ]
        ends = all_ends(make(at_once=count), bulk_requests)
        assert {getattr(end, "status", end) for end in ends} == {204}
        assert {request.line for request in server.requests} == {
            f"POST /{number} HTTP/1.1" for number in range(count)
        }
        assert all(request.body == body for request in server.requests)

    def test_takes_nothing_over_from_the_one_before(
        self, make: MakeClient, server: RawServer
    ) -> None:
        """Handles and connections are used again."""
        bulk_client = make(at_once=1)
        server.answer = _that_says(b"X" * 100, b"Set-Cookie: a=b; Path=/\r\n")
        first = response_of(
            bulk_client,
            BulkRequest(url=server.url("/1"), body=b"one", headers=("X-Signature: secret",)),
        )
        server.answer = _that_says(b"Y", b"")
        second = response_of(bulk_client, BulkRequest(url=server.url("/2")))
        third = response_of(bulk_client, BulkRequest(url=server.url("/3"), body=b"3"))
        assert (first.body, second.body, third.body) == (b"X" * 100, b"Y", b"Y")
        assert [each.line for each in server.requests] == [
            "POST /1 HTTP/1.1",
            "GET /2 HTTP/1.1",
            "POST /3 HTTP/1.1",
        ]
        assert [each.body for each in server.requests] == [b"one", b"", b"3"]
        for request in server.requests[1:]:
            assert not {"cookie", "x-signature"} & set(request.headers)
        assert "content-length" not in server.requests[1].headers
        assert {each.connection for each in server.requests} == {0}

    @pytest.mark.parametrize("status", [200, 202, 301, 307, 400, 404, 410, 429, 500, 503])
    def test_gets_a_response_whatever_the_status(
        self, make: MakeClient, server: RawServer, status: int
    ) -> None:
        """A redirect too: where to is for the server to say, so it is not followed."""
        with running_raw_server() as elsewhere:
            answer = f"HTTP/1.1 {status} X\r\nLocation: {elsewhere.url()}\r\n\r\n"
            server.answer = saying(answer.encode())
            bulk_response = response_of(make(), BulkRequest(url=server.url(), body=b"x"))
            assert (bulk_response.status, bulk_response.is_success) == (status, status < 300)
            assert elsewhere.lines == []

    def test_is_not_kept_in_memory_by_a_handle(self, make: MakeClient, server: RawServer) -> None:
        body = bytes(1000)
        held = sys.getrefcount(body)
        bulk_client = make()
        ends = all_ends(bulk_client, [BulkRequest(url=server.url(), body=body) for _ in range(20)])
        assert {getattr(end, "status", end) for end in ends} == {204}
        assert sys.getrefcount(body) == held

    @pytest.mark.parametrize("lines", [("A: b\r\nC: d",), ("A: b\nC: d",), ("A: \0",), ("Ä: b",)])
    def test_with_broken_headers_is_a_bug(
        self, make: MakeClient, server: RawServer, lines: tuple[str, ...]
    ) -> None:
        bulk_client = make()
        with pytest.raises(ValueError, match="printable ASCII"):
            bulk_client.send(BulkRequest(url=server.url(), headers=lines), unexpected, host="h")
        assert (bulk_client.in_flight, server.lines) == (0, [])

    def test_listens_to_no_environment(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / ".netrc").write_text("default login me password secret\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        assert response_of(make(), BulkRequest(url=server.url())).status == 204
        assert "authorization" not in server.requests[0].headers

    def test_is_not_led_elsewhere_by_alt_svc(self, make: MakeClient, server: RawServer) -> None:
        with running_raw_server() as elsewhere:
            field = f'Alt-Svc: http/1.1="127.0.0.1:{elsewhere.port}"; ma=3600\r\n'
            server.answer = _that_says(b"", field.encode())
            bulk_client = make(at_once=1)
            for _ in range(2):
                assert response_of(bulk_client, BulkRequest(url=server.url())).status == 200
            assert (len(server.requests), elsewhere.lines) == (2, [])


def _that_says(body: bytes, fields: bytes) -> Answer:
    """An answer that lets the connection live on."""

    def say(line: Line) -> bool:
        length = str(len(body)).encode()
        line.say(
            b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: " + length + b"\r\n\r\n" + body
        )
        return True

    return say


class TestAUrl:
    @pytest.mark.parametrize(
        ("rest", "sent"),
        [
            ("", "/"),
            ("?a", "/?a"),
            ("/?", "/?"),
            ("/a/../b/./c", "/a/../b/./c"),
            ("//a//b", "//a//b"),
            ("/%7Ea/%2e%2E/%c3%A9", "/%7Ea/%2e%2E/%c3%A9"),
            ("/cb?x=%C3%A9&y=a+b&&z&=1&hub.mode=x&y=2", "/cb?x=%C3%A9&y=a+b&&z&=1&hub.mode=x&y=2"),
            ("/{a,b}[1-3]|^\"<>'`;\\", "/{a,b}[1-3]|^\"<>'`;\\"),
            ("/?a=http://b.example/?c@d:e", "/?a=http://b.example/?c@d:e"),
            ("/ü?ü=日", "/ü?ü=日"),
            ("/a#b", "/a"),
            ("?a#b?c", "/?a"),
            ("/%", "/%"),
            ("/%zz%00%0d%0aX:y", "/%zz%00%0d%0aX:y"),
        ],
    )
    def test_is_sent_byte_for_byte(
        self, make: MakeClient, server: RawServer, rest: str, sent: str
    ) -> None:
        response_of(make(), BulkRequest(url=server.url(rest)))
        [request] = server.requests
        assert request.line == f"GET {sent} HTTP/1.1".encode().decode("latin-1")

    def test_may_be_long(self, make: MakeClient, server: RawServer) -> None:
        rest = "/" + "x" * 20_000 + "?" + "y" * 20_000
        response_of(make(), BulkRequest(url=server.url(rest)))
        assert server.requests[0].line == f"GET {rest} HTTP/1.1"

    @pytest.mark.parametrize("byte", [" ", "\t", "\r", "\n", "\r\nX: y", "\0", "\x7f", "\x1b"])
    def test_with_control_characters_is_refused(
        self, make: MakeClient, server: RawServer, byte: str
    ) -> None:
        for rest in (f"/a{byte}b", f"/?a{byte}b"):
            end = end_of(make(), BulkRequest(url=server.url(rest)))
            assert isinstance(end, AddressInvalid), end
            assert end.reason.isprintable()
        assert server.lines == []

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hub.example/",
            "/hub",
            "//hub.example/",
            "ftp://hub.example/",
            "file:///etc/passwd",
            "gopher://hub.example/_x",
            "javascript:alert(1)",
            "httpx://hub.example/",
            "http:hub.example/",
            "http://",
            "http:///hub",
            "http://hub.example:99999/",
            "http://hub.example:0/",
            "http://hub.example:-1/",
            "http://hub.example:port/",
            "http://[::1/",
            "http://[fe80::1%25lo]/",
            "http://hub example/",
            "http://*.example/",
            "http://hub..example/",
            "http://hub.example../",
            "http://%31%32%37.0.0.1/",
            "http://" + "a" * 70 + ".example/",
            "http://hub.example/\ud800",
        ],
    )
    def test_that_leads_nowhere_is_refused(self, make: MakeClient, url: str) -> None:
        end = end_of(make(resolve=always("127.0.0.1")), BulkRequest(url=url))
        assert isinstance(end, AddressInvalid), end
        assert end.permanent
        assert end.url == url

    @pytest.mark.parametrize(
        "url",
        [
            "http://user:hunter2@hub.example/",
            "http://hunter2@hub.example/",
            "http://1.1.1.1:hunter2@127.0.0.1/",
            "http://127.0.0.1\\@hunter2@127.0.0.2/",
        ],
    )
    def test_with_credentials_is_refused_without_showing_them(
        self, make: MakeClient, url: str
    ) -> None:
        end = end_of(make(), BulkRequest(url=url))
        assert isinstance(end, AddressInvalid)
        assert "user name or password" in end.reason
        assert "hunter2" not in str(end) + end.url

    @pytest.mark.parametrize(
        ("host", "named"),
        [
            ("HUB.Example", "hub.example"),
            ("hub.example.", "hub.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("hub_1.example", "hub_1.example"),
        ],
    )
    def test_names_its_host_in_one_spelling(
        self, make: MakeClient, server: RawServer, host: str, named: str
    ) -> None:
        bulk_client = make(resolve=always("127.0.0.1"))
        response_of(bulk_client, BulkRequest(url=server.url(host=host)))
        assert server.requests[0].headers["host"] == f"{named}:{server.port}"

    @pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
    def test_by_ipv6_is_named_in_brackets(self, make: MakeClient) -> None:
        with running_raw_server("::1") as server:
            response_of(make(), BulkRequest(url=server.url()))
            response_of(
                make(resolve=always("::1")), BulkRequest(url=server.url(host="hub.example"))
            )
            assert server.requests[0].headers["host"] == f"[::1]:{server.port}"


class TestAnAddress:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "LOCALHOST",
            "0.0.0.0",
            "0",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[2002:7f00:1::]",
            "[64:ff9b::7f00:1]",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.1",
            "①②⑦.0.0.1",
            "169.254.169.254",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "10.0.0.1",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
        ],
    )
    def test_that_is_not_public_is_refused_in_every_spelling(
        self, make: MakeClient, server: RawServer, host: str
    ) -> None:
        end = end_of(make([]), BulkRequest(url=server.url().replace("127.0.0.1", host), body=b"x"))
        assert isinstance(end, AddressForbidden | AddressInvalid), end
        assert end.permanent
        assert server.lines == []

    @pytest.mark.parametrize("host", ["127.0.0.1.", "localhost.", "localhost.localdomain"])
    def test_that_is_not_public_is_refused_or_not_found(
        self, make: MakeClient, server: RawServer, host: str
    ) -> None:
        """As the operating system reads such names."""
        assert isinstance(end_of(make([]), BulkRequest(url=server.url(host=host))), OutboundFailed)
        assert server.lines == []

    @pytest.mark.parametrize(
        "found", ["127.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::"]
    )
    def test_that_is_not_public_is_refused_behind_a_name(
        self, make: MakeClient, server: RawServer, found: str
    ) -> None:
        bulk_client = make([], resolve=always(found))
        end = end_of(bulk_client, BulkRequest(url=server.url(host="hub.example")))
        assert isinstance(end, AddressForbidden)
        assert "hub.example is the " in end.reason
        assert server.lines == []

    def test_that_is_not_public_forbids_the_public_ones_beside_it(self, make: MakeClient) -> None:
        bulk_client = make([], resolve=always("1.1.1.1", "10.0.0.1"))
        end = end_of(bulk_client, BulkRequest(url="http://hub.example/"))
        assert isinstance(end, AddressForbidden)
        assert "the private address 10.0.0.1" in end.reason

    def test_of_this_machine_is_refused_though_it_is_public(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As if 127/8 were public; it is this machine's all the same."""
        monkeypatch.setattr(addresses, "_KINDS", ())
        for url in (server.url(), server.url(host="hub.example")):
            end = end_of(make([], resolve=always("127.0.0.1")), BulkRequest(url=url))
            assert isinstance(end, AddressForbidden), end
            assert "is the machine's own address 127.0.0.1" in end.reason
        assert server.lines == []

    def test_is_checked_again_where_the_connection_is_made(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Should the rules change between the look-up and the connection, or the first be wrong."""
        bulk_client = make([])
        monkeypatch.setattr(bulk_client._lookups, "_rules", make().rules)
        monkeypatch.setattr(bulk_client._lookups, "rules_for", lambda _host: bulk_client.rules)
        monkeypatch.setattr(lookups.Lookups, "_resolve_host", _resolve_without_rules)
        end = end_of(bulk_client, BulkRequest(url=server.url(host="hub.example")))
        assert isinstance(end, AddressForbidden)
        assert end.reason == "not sent: 127.0.0.1 is the loopback address"
        assert server.lines == []

    def test_that_only_libcurl_finds_is_refused(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """libcurl itself takes "localhost" for 127.0.0.1, if nobody tells it otherwise."""
        url = server.url(host="localhost")
        with running_raw_server("127.0.0.2", server.port) as found:
            assert (
                response_of(make(resolve=always("127.0.0.2")), BulkRequest(url=url)).status == 204
            )
            monkeypatch.setattr(Transfer, "pin", lambda _exchange: None)
            end = end_of(make(resolve=always("127.0.0.2")), BulkRequest(url=url))
            assert isinstance(end, ServerUnreachable), end
            assert end.reason.endswith(" is none of the addresses that were checked")
            assert (len(found.requests), server.lines) == (1, [])

    def test_is_the_one_that_was_checked(self, make: MakeClient, server: RawServer) -> None:
        """DNS rebinding: the second answer would lead elsewhere, and is not asked for."""
        bulk_client = make(
            [ip_network("127.0.0.1/32")], resolve=answering(["127.0.0.1"], ["127.0.0.2"])
        )
        server.answer = saying(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n")
        bulk_request = BulkRequest(url=server.url(host="hub.example"))
        assert [response_of(bulk_client, bulk_request).status for _ in range(3)] == [204, 204, 204]

    def test_that_a_name_changes_to_is_checked_too(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Although the connection to the former one is still there."""
        monkeypatch.setattr(lookups, "ADDRESSES_KEPT_S", 0.0)
        bulk_client = make(
            [ip_network("127.0.0.1/32")], resolve=answering(["127.0.0.1"], ["127.0.0.2"])
        )
        bulk_request = BulkRequest(url=server.url(host="hub.example"))
        assert response_of(bulk_client, bulk_request).status == 204
        end = end_of(bulk_client, bulk_request)
        assert isinstance(end, AddressForbidden)
        assert "127.0.0.2" in end.reason
        assert len(server.requests) == 1

    def test_that_a_name_has_moved_to_is_the_one_asked(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "ADDRESSES_KEPT_S", 0.0)
        server.answer = saying(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n")
        bulk_client = make(resolve=answering(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]))
        bulk_request = BulkRequest(url=server.url(host="hub.example"))
        with running_raw_server("127.0.0.2", server.port) as moved:
            moved.answer = server.answer
            for _ in range(3):
                response_of(bulk_client, bulk_request)
            assert (len(server.requests), len(moved.requests)) == (2, 1)

    def test_that_is_dead_makes_way_for_the_next(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make(resolve=always("127.0.0.2", "127.0.0.1"))
        assert (
            response_of(bulk_client, BulkRequest(url=server.url(host="hub.example"))).status == 204
        )

    def test_of_our_own_making_may_be_private(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make([], resolve=always("127.0.0.1"))
        for host in ("127.0.0.1", "hub.example"):
            bulk_request = BulkRequest(url=server.url(host=host), is_own=True)
            assert response_of(bulk_client, bulk_request).status == 204

    @pytest.mark.parametrize("host", ["127.0.0.1", "hub.example"])
    def test_of_our_own_making_opens_no_way_for_others(
        self, make: MakeClient, server: RawServer, host: str
    ) -> None:
        """Neither what was found for it nor its connection is used for what others name."""
        bulk_client = make([], at_once=1, resolve=always("127.0.0.1"))
        for is_own in (True, False, True, False):
            end = end_of(bulk_client, BulkRequest(url=server.url(host=host), is_own=is_own))
            assert isinstance(end, BulkResponse if is_own else AddressForbidden), end
        assert len(server.requests) == 2

    def test_of_our_own_making_lends_no_connection(
        self, make: MakeClient, server: RawServer
    ) -> None:
        """The name leads others to where they may go, and nobody is there."""
        bulk_client = make(
            [ip_network("127.0.0.2/32")],
            at_once=1,
            resolve=answering(["127.0.0.1"], ["127.0.0.2"]),
        )
        url = server.url(host="hub.example")
        assert response_of(bulk_client, BulkRequest(url=url, is_own=True)).status == 204
        assert isinstance(end_of(bulk_client, BulkRequest(url=url)), ServerUnreachable)
        assert len(server.requests) == 1

    def test_is_told_libcurl_again_before_it_forgets(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = []
        pin = Transfer.pin

        def record(transfer: Transfer) -> None:
            told.append(transfer.url_base.host.name)
            pin(transfer)

        monkeypatch.setattr(Transfer, "pin", record)
        bulk_client = make(resolve=always("127.0.0.1"))
        bulk_request = BulkRequest(url=server.url(host="hub.example"))
        for _ in range(3):
            response_of(bulk_client, bulk_request)
        assert told == ["hub.example"]
        monkeypatch.setattr("service.outbound.bulk_http_client._PINNED_S", -100.0)
        bulk_client._lookups._hosts["hub.example", server.port].pinned_until = 0.0
        for _ in range(3):
            response_of(bulk_client, bulk_request)
        assert told == ["hub.example"] * 4


def _resolve_without_rules(self: lookups.Lookups, host: Host) -> None:
    """Finds 127.0.0.1 and has nothing against it."""
    found = find_target(host.url, rules=self._rules, resolve=always("127.0.0.1"))
    self._found.append((host, found))
    self._wake()


def _count(ended: Sequence[Line], number: int) -> bool:
    return len(ended) == number


class TestAConnection:
    def test_is_used_again_for_the_same_host(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make(resolve=always("127.0.0.1"))
        bulk_request = BulkRequest(url=server.url(host="hub.example"), body=b"x" * 1000)
        for _ in range(20):
            response_of(bulk_client, bulk_request)
        assert (len(server.requests), len(server.lines)) == (20, 1)

    def test_is_not_used_for_another_host_at_the_same_address(
        self, make: MakeClient, server: RawServer
    ) -> None:
        bulk_client = make(at_once=2, resolve=always("127.0.0.1"))
        hosts = ["a.example", "b.example"] * 5
        for host in hosts:
            response_of(bulk_client, BulkRequest(url=server.url(host=host)))
        assert [r.headers["host"] for r in server.requests] == [f"{h}:{server.port}" for h in hosts]
        by_connection = {(r.connection, r.headers["host"]) for r in server.requests}
        assert len(by_connection) == len(server.lines) == 2

    def test_that_the_server_closed_meanwhile_is_made_anew(
        self, make: MakeClient, server: RawServer
    ) -> None:
        def once(line: Line) -> None:
            well(line)

        server.answer = once
        bulk_client = make()
        for number in range(1, 6):
            assert response_of(bulk_client, BulkRequest(url=server.url(), body=b"x")).status == 204
            wait_until(partial(_count, server.ended, number))
            # Nothing is under way; to see the end of it must not keep the thread busy.
            until = time.monotonic() + 0.1
            turns = 0
            while time.monotonic() < until:
                bulk_client.poll(0.02)
                turns += 1
            assert turns < 20

    def test_that_breaks_the_next_request_is_made_anew(
        self, make: MakeClient, server: RawServer
    ) -> None:
        """The server closes it while the request is on its way; libcurl asks once more."""
        bulk_client = make()
        response_of(bulk_client, BulkRequest(url=server.url(), body=b"x"))

        def breaks_old_ones(line: Line) -> bool:
            return well(line) if line.number else False

        server.answer = breaks_old_ones
        assert response_of(bulk_client, BulkRequest(url=server.url(), body=b"x")).status == 204

    def test_is_watched_with_poll_where_there_is_no_epoll(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr("select.epoll")
        bulk_client = make(resolve=always("127.0.0.1"))
        for host in ("127.0.0.1", "a.example", "127.0.0.1", "b.example") * 5:
            assert (
                response_of(bulk_client, BulkRequest(url=server.url(host=host), body=b"x")).status
                == 204
            )


def _endless(start: bytes, piece: bytes) -> Answer:
    def say(line: Line) -> None:
        line.say(start)
        line.say_for_ever(piece)

    return say


def _drip(start: bytes) -> Answer:
    def say(line: Line) -> None:
        line.say(start)
        line.say_for_ever(b".", pause_s=0.02)

    return say


def _hang_after(start: bytes) -> Answer:
    def say(line: Line) -> None:
        line.say(start)
        line.hang()

    return say


OK = b"HTTP/1.1 200 OK\r\n"


class TestAHostileServer:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(_hang_after(b""), id="no answer at all"),
            pytest.param(_hang_after(b"HTTP/1.1 2"), id="half a status"),
            pytest.param(_hang_after(b"HTTP/1.1 100 Continue\r\n\r\n"), id="to be continued"),
            pytest.param(_drip(b"HTTP/1.1 200"), id="a status a byte at a time"),
            pytest.param(_drip(b""), id="nonsense a byte at a time"),
        ],
    )
    def test_is_given_up_when_the_time_is_up(
        self, make: MakeClient, server: RawServer, answer: Answer
    ) -> None:
        server.answer = answer
        started = time.monotonic()
        end = end_of(make(timeout_s=SHORT_S), BulkRequest(url=server.url(), body=b"x"))
        assert time.monotonic() - started < SHORT_S * 10
        assert isinstance(end, OutboundTimedOut | ServerUnreachable), end
        assert not end.permanent

    def test_that_says_nothing_is_told_so(self, make: MakeClient, server: RawServer) -> None:
        server.answer = _hang_after(b"")
        end = end_of(make(timeout_s=SHORT_S), BulkRequest(url=server.url(), body=b"x"))
        assert isinstance(end, OutboundTimedOut)
        assert end.reason == "no answer within 0.4 s"

    def test_is_known_by_its_status_once_there_is_one(self, make: MakeClient) -> None:
        answers = {
            "no end of the headers": _hang_after(OK),
            "headers a byte at a time": _drip(OK + b"X-Slow: "),
            "no body": _hang_after(OK + b"Content-Length: 5\r\n\r\n"),
            "half a body": _hang_after(OK + b"Content-Length: 5\r\n\r\nab"),
            "a body a byte at a time": _drip(OK + b"\r\n"),
            "half a chunk": _hang_after(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
        }
        with ExitStack() as stack:
            servers = [stack.enter_context(running_raw_server()) for _ in answers]
            for server, answer in zip(servers, answers.values(), strict=True):
                server.answer = answer
            bulk_requests = [BulkRequest(url=each.url(), body=b"x") for each in servers]
            ends = all_ends(make(timeout_s=LONGER_S), bulk_requests, within_s=60)
        for name, end in zip(answers, ends, strict=True):
            assert isinstance(end, BulkResponse), (name, end)
            assert end.status == 200, name
            assert LONGER_S * 0.9 < end.elapsed_s < LONGER_S * 10, name

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(OK + b"Content-Length: 50\r\n\r\nab", id="body broken off"),
            pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nnonsense", id="no chunk"),
            pytest.param(OK + b"Content-Length: -1\r\n\r\nab", id="negative length"),
            pytest.param(
                OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab", id="two lengths"
            ),
            pytest.param(OK + b"Content-Length: 99999999999999999999\r\n\r\nab", id="huge length"),
            pytest.param(OK + b"Transfer-Encoding: magic\r\n\r\nab", id="unknown coding"),
            pytest.param(OK + b"Content-Encoding: gzip\r\n\r\nnot gzip", id="no gzip"),
            pytest.param(OK + b"X: \0\r\n\r\n", id="NUL in a header"),
            pytest.param(OK + b"nonsense\r\n\r\n", id="no header"),
        ],
    )
    def test_is_known_by_its_status_whatever_comes_after(
        self, make: MakeClient, server: RawServer, answer: bytes
    ) -> None:
        server.answer = saying(answer)
        assert response_of(make(), BulkRequest(url=server.url(), body=b"x")).status == 200

    def test_is_read_to_the_cap_and_no_further(self, make: MakeClient, server: RawServer) -> None:
        """10 GB, as fast as they are read."""
        server.answer = _endless(OK + b"Content-Length: 10000000000\r\n\r\n", b"endless " * 8192)
        bulk_response = response_of(make(), BulkRequest(url=server.url(), max_answer_bytes=100))
        assert (bulk_response.status, bulk_response.body) == (200, (b"endless " * 13)[:100])
        wait_until(lambda: server.ended)
        # What the system took from the server on its own account.
        assert server.lines[0].sent < 20_000_000

    @pytest.mark.parametrize("size", [99, 100, 101])
    def test_may_say_as_much_as_is_read(
        self, make: MakeClient, server: RawServer, size: int
    ) -> None:
        server.answer = _that_says(b"x" * size, b"")
        bulk_response = response_of(make(), BulkRequest(url=server.url(), max_answer_bytes=100))
        assert bulk_response.body == b"x" * min(size, 100)

    @pytest.mark.parametrize(
        ("start", "piece"),
        [
            pytest.param(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000, id="headers"),
            pytest.param(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 8192, id="one header"),
            pytest.param(b"", b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" * 100, id="early hints"),
            pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, id="continue"),
            pytest.param(b"HTTP/1.1 ", b"2" * 8192, id="status"),
            pytest.param(b"", b"nonsense" * 1024, id="nonsense"),
            pytest.param(b"", b"\r\n" * 4096, id="empty lines"),
        ],
    )
    def test_that_goes_on_and_on_is_given_up(
        self, make: MakeClient, server: RawServer, start: bytes, piece: bytes
    ) -> None:
        server.answer = _endless(start, piece)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        end = end_of(make(timeout_s=2.0), BulkRequest(url=server.url(), body=b"x"))
        assert time.monotonic() - started < 10
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
        status_came = start.startswith(b"HTTP/1.1 200 OK\r\n")
        assert isinstance(end, BulkResponse if status_came else OutboundFailed), end
        wait_until(lambda: server.ended)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"HTTP/1.1 200", id="half a status"),
            pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="another protocol"),
            pytest.param(b"hello\r\n\r\n", id="another language"),
            pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
            pytest.param(b"HTTP/9.9 200 OK\r\n\r\n", id="of the future"),
            pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="HTTP/2"),
            pytest.param(b"\x1b[31m\r\nHTTP/1.1 200 OK\r\n\r\n", id="colours"),
        ],
    )
    def test_that_speaks_no_http_is_unreachable(
        self, make: MakeClient, server: RawServer, answer: bytes
    ) -> None:
        server.answer = saying(answer)
        end = end_of(make(), BulkRequest(url=server.url(), body=b"x"))
        assert isinstance(end, ServerUnreachable), end
        assert end.reason
        assert end.reason.isprintable()

    @pytest.mark.parametrize("status", [200, 413, 500])
    def test_may_answer_before_it_has_read(
        self, make: MakeClient, server: RawServer, status: int
    ) -> None:
        """A success is waited for to the end; after a refusal nothing more is sent."""
        server.reads_bodies = False
        stop = threading.Event()

        def say(line: Line) -> None:
            line.say(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
            stop.wait(10)

        server.answer = say
        bulk_request = BulkRequest(url=server.url(), body=b"x" * 20_000_000)
        bulk_response = response_of(make(timeout_s=LONGER_S if status == 200 else 10), bulk_request)
        stop.set()
        assert bulk_response.status == status
        assert bulk_response.elapsed_s < 9

    def test_may_hang_up_before_it_has_read(self, make: MakeClient, server: RawServer) -> None:
        server.reads_bodies = False
        server.answer = Line.hang_up
        end = end_of(make(), BulkRequest(url=server.url(), body=b"x" * 20_000_000))
        assert isinstance(end, ServerUnreachable)
        assert end.reason.isprintable()

    def test_that_reads_nothing_is_given_up(self, make: MakeClient, server: RawServer) -> None:
        server.reads_bodies = False
        stop = threading.Event()
        server.answer = lambda _line: stop.wait(10)
        bulk_client = make(timeout_s=SHORT_S)
        end = end_of(bulk_client, BulkRequest(url=server.url(), body=b"x" * 20_000_000))
        stop.set()
        assert isinstance(end, OutboundTimedOut)

    def test_that_is_down_is_unreachable(self, make: MakeClient) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
            end = end_of(make(), BulkRequest(url=url))
        assert isinstance(end, ServerUnreachable)
        assert "onnect" in end.reason
        assert (end.url, end.permanent) == (url, False)

    def test_cannot_be_asked_without_descriptors(self, make: MakeClient, server: RawServer) -> None:
        """That is our trouble, and passes."""
        bulk_client = make(at_once=1)
        response_of(
            bulk_client, BulkRequest(url=server.url())
        )  # has all that it needs but connections
        with running_raw_server() as other, no_descriptors():
            end = end_of(bulk_client, BulkRequest(url=other.url()))
        assert isinstance(end, ServerUnreachable), end
        assert end.reason == "no connection can be made: Too many open files"
        after = end_of(bulk_client, BulkRequest(url=other.url()))  # it has gone
        assert isinstance(after, ServerUnreachable)
        assert "open files" not in after.reason
        assert response_of(bulk_client, BulkRequest(url=server.url())).status == 204

    def test_holds_up_nobody_else(self, make: MakeClient, server: RawServer) -> None:
        with running_raw_server() as bad:
            bad.answer = _hang_after(b"")
            bulk_client = make(at_once=60)
            for _ in range(40):
                bulk_client.send(BulkRequest(url=bad.url(), body=b"x"), unexpected, host="bad")
            for _ in range(10):
                ends = all_ends(bulk_client, [BulkRequest(url=server.url(), body=b"x")] * 20)
                assert {getattr(end, "status", end) for end in ends} == {204}
            assert (bulk_client.in_flight, bulk_client.in_flight_to("bad"), bulk_client.room) == (
                40,
                40,
                20,
            )


class TestALookUp:
    def test_that_hangs_ends_the_exchange_in_time(self, make: MakeClient) -> None:
        with _Names() as names:
            bulk_client = make(timeout_s=SHORT_S, resolve=names.resolve)
            started = time.monotonic()
            end = end_of(bulk_client, BulkRequest(url="http://hang.example/"))
            assert isinstance(end, OutboundTimedOut), end
            assert end.reason == "no answer within 0.4 s"
            assert SHORT_S * 0.9 < time.monotonic() - started < SHORT_S * 10
            assert bulk_client.in_flight == 0

    def test_takes_from_the_time_of_the_exchange(self, make: MakeClient, server: RawServer) -> None:
        server.answer = _hang_after(b"")

        def slow(_host: str, _port: int) -> list[IPv4Address]:
            time.sleep(LONGER_S * 0.6)
            return [IPv4Address("127.0.0.1")]

        started = time.monotonic()
        bulk_client = make(timeout_s=LONGER_S, resolve=slow)
        end = end_of(bulk_client, BulkRequest(url=server.url(host="hub.example")))
        assert isinstance(end, OutboundTimedOut)
        assert time.monotonic() - started < LONGER_S * 1.55
        # The handle has its whole time again afterwards.
        started = time.monotonic()
        end_of(bulk_client, BulkRequest(url=server.url(host="hub.example")))
        assert time.monotonic() - started > LONGER_S * 0.9

    def test_is_one_for_all_who_ask(self, make: MakeClient, server: RawServer) -> None:
        with _Names() as names:
            bulk_client = make(resolve=names.resolve)
            got: list[End] = []
            for number in range(50):
                url = server.url(f"/{number}", host="hang.example")
                bulk_client.send(BulkRequest(url=url, body=b"x"), got.append, host="h")
            bulk_client.poll(0)
            names.gate.set()
            _turn_until(bulk_client, lambda: len(got) == 50)
            assert {getattr(end, "status", end) for end in got} == {204}
            assert len({each.line for each in server.requests}) == 50
            assert names.asked == Counter({"hang.example": 1})

    def test_is_known_to_all_whichever_of_them_libcurl_begins_with(
        self, make: MakeClient, server: RawServer
    ) -> None:
        """Not with the one that was told the addresses, at times."""
        bulk_client = make(resolve=always("127.0.0.1"))
        for number in range(10):
            url = server.url(host=f"h{number}.example")
            ends = all_ends(bulk_client, [BulkRequest(url=url, body=b"x")] * (5 + number * 4))
            assert {getattr(end, "status", end) for end in ends} == {204}

    def test_is_not_repeated_for_a_while(self, make: MakeClient, server: RawServer) -> None:
        with _Names() as names:
            bulk_client = make(resolve=names.resolve)
            for _ in range(5):
                response_of(bulk_client, BulkRequest(url=server.url(host="good.example")))
            assert names.asked == Counter({"good.example": 1})

    def test_is_not_made_for_an_address(self, make: MakeClient, server: RawServer) -> None:
        with _Names() as names:
            response_of(make(resolve=names.resolve), BulkRequest(url=server.url()))
            assert names.asked == Counter()

    def test_that_hangs_holds_up_no_other(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Far more of them than are made at the same time."""
        monkeypatch.setattr(lookups, "SLOW_S", 0.05)
        with _Names() as names:
            bulk_client = make(at_once=256, resolve=names.resolve)
            count = lookups.LOOKUPS_AT_ONCE * 3
            for number in range(count):
                url = f"http://hang{number}.example/"
                bulk_client.send(BulkRequest(url=url), unexpected, host="bad")
            bulk_request = BulkRequest(url=server.url(host="good.example"))
            assert response_of(bulk_client, bulk_request, within_s=5).status == 204
            assert bulk_client.in_flight_to("bad") == count

    def test_that_hung_before_has_little_room(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "SLOW_S", 0.05)
        monkeypatch.setattr(lookups, "MAX_THREADS", 8)
        monkeypatch.setattr(lookups, "_FOR_SLOW_NAMES", 3)
        with _Names() as names:
            bulk_client = make(timeout_s=LONGER_S, resolve=names.resolve)
            bulk_requests = [BulkRequest(url=f"http://hang{n}.example/") for n in range(20)]
            ends = all_ends(bulk_client, bulk_requests)
            assert {type(end) for end in ends} == {OutboundTimedOut}
            assert names.most_at_once == 8
            assert len(names.asked) == 8  # who gave up is not asked for afterwards
            names.gate.set()
            # All eight have ended, and are known by it.
            _turn_until(bulk_client, lambda: not bulk_client._lookups._running)
            names.gate.clear()
            names.most_at_once = 0
            monkeypatch.setattr(lookups, "ADDRESSES_KEPT_S", 0.0)
            for host in bulk_client._lookups._hosts.values():
                host.good_until = 0.0
            assert not bulk_client._lookups.are_queued
            known = [BulkRequest(url=f"http://{name}/") for name in names.asked]
            got: list[End] = []
            for bulk_request in known:
                bulk_client.send(bulk_request, got.append, host="bad")
            assert (
                response_of(bulk_client, BulkRequest(url=server.url(host="good.example"))).status
                == 204
            )
            _turn_until(bulk_client, lambda: len(got) == 8)
            assert names.most_at_once <= 4  # three, and the good one

    def test_that_nobody_waited_for_any_more_is_made_for_the_next(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "MAX_THREADS", 1)
        with _Names() as names:
            bulk_client = make(timeout_s=SHORT_S, resolve=names.resolve)
            bulk_requests = [
                BulkRequest(url=server.url(host=f"{name}.example")) for name in ("hang", "good")
            ]
            for _ in range(2):
                ends = all_ends(bulk_client, bulk_requests)
                assert {type(end) for end in ends} == {OutboundTimedOut}
            assert not bulk_client._lookups.are_queued
            assert names.asked == Counter({"hang.example": 1})
            names.gate.set()
            assert response_of(bulk_client, bulk_requests[1]).status == 204

    def test_that_fails_is_told_to_each_by_its_own_url(self, make: MakeClient) -> None:
        urls = [f"http://unknown.example/{number}" for number in range(3)]
        with _Names() as names:
            bulk_client = make(resolve=names.resolve)
            ends = all_ends(bulk_client, [BulkRequest(url=url) for url in urls])
            assert names.asked == Counter({"unknown.example": 1})
        for url, end in zip(urls, ends, strict=True):
            assert isinstance(end, HostUnknown)
            assert (end.url, end.permanent) == (url, False)
            assert end.reason == "unknown.example does not resolve: Name or service not known"

    def test_does_not_keep_the_process_from_its_end(self) -> None:
        with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE) as process:
            try:
                said, _ = process.communicate(timeout=10)
            finally:
                process.kill()
        assert said == b"asked OutboundTimedOut\n"
        assert process.returncode == 0

    def test_is_one_for_all_spellings_of_a_name(self, make: MakeClient, server: RawServer) -> None:
        """Who names a host in his way changes nothing for who names it in another."""
        with _Names() as names:
            bulk_client = make(resolve=names.resolve)
            spellings = ("good.example", "GOOD.example", "good.example.")
            urls = [server.url(host=each) for each in spellings]
            secure = BulkRequest(url=urls[0].replace("http:", "https:"))
            bulk_client.send(secure, unexpected, host="h")
            ends = all_ends(bulk_client, [BulkRequest(url=url) for url in urls])
            assert {getattr(end, "status", end) for end in ends} == {204}
            assert names.asked == Counter({"good.example": 1})

    def test_that_has_a_bug_ends_the_exchange_and_flies(self, make: MakeClient) -> None:
        def resolve(_host: str, _port: int) -> list[IPv4Address]:
            raise RuntimeError("a bug")

        bulk_client = make(resolve=resolve)
        got: list[End] = []
        bulk_client.send(BulkRequest(url="http://hub.example/"), got.append, host="h")
        with pytest.raises(RuntimeError, match="a bug"):
            _turn_until(bulk_client, lambda: False)
        assert [type(end) for end in got] == [HostUnknown]

    def test_does_not_keep_more_names_than_it_may(
        self, make: MakeClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "MAX_HOSTS_KEPT", 3)
        bulk_client = make(resolve=always("127.0.0.1"))
        bulk_requests = [
            BulkRequest(url=server.url(host=f"h{number}.example")) for number in range(10)
        ]
        for _ in range(2):
            for bulk_request in bulk_requests:
                assert response_of(bulk_client, bulk_request).status == 204
        ends = all_ends(bulk_client, bulk_requests[:2] * 5)
        assert {getattr(end, "status", end) for end in ends} == {204}
        assert len(bulk_client._lookups._hosts) <= 3


HANGING = """
import time
from service.outbound import BulkHttpClient, BulkRequest
def resolve(host, port):
    print("asked", end=" ", flush=True)
    time.sleep(60)
client = BulkHttpClient([], 0.1, "test", at_once=1, resolve=resolve)
request = BulkRequest(url="http://hub.example/")
client.send(request, lambda end: print(type(end).__name__), host="h")
while client.in_flight:
    client.poll(0.05)
client.close()
"""


class _Names:
    """A name server: ``hang…`` hangs until the gate is opened, ``unknown…`` has no address."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: Counter[str] = Counter()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "_Names":
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()

    def resolve(self, host: str, _port: int) -> list[IPv4Address]:
        with self._lock:
            self.asked[host] += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if host.startswith("unknown"):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if host.startswith("hang"):
                self.gate.wait(30)
            return [IPv4Address("127.0.0.1")]
        finally:
            with self._lock:
                self._at_once -= 1


def _turn_until(
    bulk_client: BulkHttpClient, look: Callable[[], object], *, within_s: float = 60.0
) -> None:
    deadline = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < deadline
        bulk_client.poll(0.05)


def _set_once(ends: dict[int, End], number: int, end: End) -> None:
    assert number not in ends
    ends[number] = end


class TestAnEnd:
    def test_is_told_in_a_turn_and_not_before(self, make: MakeClient) -> None:
        bulk_client = make()
        got: list[End] = []
        bulk_client.send(BulkRequest(url="nonsense"), got.append, host="h")
        assert (got, bulk_client.in_flight, bulk_client.in_flight_to("h"), bulk_client.room) == (
            [],
            1,
            1,
            63,
        )
        bulk_client.poll(10)
        assert [type(end) for end in got] == [AddressInvalid]
        assert (bulk_client.in_flight, bulk_client.in_flight_to("h"), bulk_client.room) == (
            0,
            0,
            64,
        )

    def test_makes_room_before_it_is_told(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make(at_once=1)
        got: list[End] = []

        def done(end: End) -> None:
            got.append(end)
            assert bulk_client.room == 1
            if len(got) < 5:
                bulk_client.send(BulkRequest(url=server.url(), body=b"x"), done, host="h")

        bulk_client.send(BulkRequest(url=server.url(), body=b"x"), done, host="h")
        _turn_until(bulk_client, lambda: len(got) == 5)
        assert len(server.lines) == 1

    def test_that_only_leads_to_the_next_failure_lets_a_turn_end(self, make: MakeClient) -> None:
        bulk_client = make()
        told = []

        def again(_end: End) -> None:
            told.append(1)
            bulk_client.send(BulkRequest(url="nonsense"), again, host="h")

        bulk_client.send(BulkRequest(url="nonsense"), again, host="h")
        bulk_client.poll(10)
        assert len(told) == 1
        bulk_client.poll(10)
        assert len(told) == 2

    def test_with_a_bug_in_it_does_not_lose_the_others(
        self, make: MakeClient, server: RawServer
    ) -> None:
        bulk_client = make()
        told: list[End] = []

        def bug(_end: End) -> None:
            raise RuntimeError("a bug")

        for number in range(10):
            done = bug if number == 3 else told.append
            bulk_client.send(BulkRequest(url="nonsense"), done, host="h")
        with pytest.raises(RuntimeError, match="a bug"):
            bulk_client.poll(0)
        assert (len(told), bulk_client.in_flight) == (9, 0)
        for _ in range(2):
            bulk_client.send(BulkRequest(url="nonsense"), bug, host="h")
        with pytest.raises(ExceptionGroup) as failed:
            bulk_client.poll(0)
        assert len(failed.value.exceptions) == 2
        assert response_of(bulk_client, BulkRequest(url=server.url())).status == 204

    def test_does_not_come_after_closing(self, make: MakeClient, server: RawServer) -> None:
        server.answer = _hang_after(b"")
        with _Names() as names:
            bulk_client = make(resolve=names.resolve)
            bulk_client.send(BulkRequest(url=server.url(), body=b"x"), unexpected, host="h")
            bulk_client.send(BulkRequest(url="http://hang.example/"), unexpected, host="h")
            bulk_client.send(BulkRequest(url="nonsense"), lambda _end: None, host="h")
            _turn_until(bulk_client, lambda: server.requests)
            bulk_client.close()
            bulk_client.close()
            assert bulk_client.in_flight == 0
            wait_until(lambda: len(server.ended) == 1)

    def test_may_close_the_client(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make()
        told: list[End] = []

        def done(end: End) -> None:
            told.append(end)
            bulk_client.close()

        bulk_client.send(BulkRequest(url=server.url()), unexpected, host="h")
        for _ in range(3):
            bulk_client.send(BulkRequest(url="nonsense"), done, host="h")
        bulk_client.poll(0)
        assert len(told) == 1

    def test_of_a_thousand_is_told_of_each(self, make: MakeClient, server: RawServer) -> None:
        bulk_client = make(at_once=100, resolve=always("127.0.0.1"))
        ends: dict[int, End] = {}
        count = 0
        while len(ends) < 1000:
            while bulk_client.room and count < 1000:
                host = f"h{count % 7}.example"
                bulk_request = BulkRequest(
                    url=server.url(f"/{count}", host=host), body=str(count).encode()
                )
                bulk_client.send(bulk_request, partial(_set_once, ends, count), host=host)
                count += 1
            bulk_client.poll(0.1)
        assert {getattr(end, "status", end) for end in ends.values()} == {204}
        assert sorted(int(each.body) for each in server.requests) == list(range(1000))
        assert all(each.line == f"POST /{each.body.decode()} HTTP/1.1" for each in server.requests)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class TestTls:
    @pytest.fixture
    def ca_file(self, authority: trustme.CA, tmp_path: Path) -> Path:
        path = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(path))
        return path

    @pytest.fixture
    def asked_names(self) -> list[str | None]:
        """The names that clients asked for by SNI."""
        return []

    @pytest.fixture
    def secure(self, authority: trustme.CA, asked_names: list[str | None]) -> Iterator[RawServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("hub.example").configure_cert(context)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.sni_callback = lambda _socket, name, _context: asked_names.append(name)
        with running_raw_server(tls=context) as server:
            yield server

    def test_goes_by_the_name(
        self,
        make: MakeClient,
        secure: RawServer,
        ca_file: Path,
        asked_names: list[str | None],
    ) -> None:
        bulk_client = make(ca_file=ca_file, resolve=always("127.0.0.1"))
        for host in ("hub.example", "hub.example.", "HUB.example"):
            assert (
                response_of(bulk_client, BulkRequest(url=secure.url(host=host), body=b"x")).status
                == 204
            )
        assert set(asked_names) == {"hub.example"}
        assert secure.requests[0].headers["host"] == f"hub.example:{secure.port}"

    def test_speaks_http_1_1_to_who_could_speak_2(
        self, make: MakeClient, secure: RawServer, ca_file: Path
    ) -> None:
        chosen: list[str | None] = []

        def note(line: Line) -> bool:
            assert isinstance(line._socket, ssl.SSLSocket)
            chosen.append(line._socket.selected_alpn_protocol())
            return well(line)

        secure.answer = note
        bulk_client = make(ca_file=ca_file, resolve=always("127.0.0.1"))
        response_of(bulk_client, BulkRequest(url=secure.url(host="hub.example"), body=b"x"))
        assert chosen == ["http/1.1"]

    @pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
    def test_refuses_a_certificate_of_another_name(
        self, make: MakeClient, secure: RawServer, ca_file: Path, host: str
    ) -> None:
        bulk_client = make(ca_file=ca_file, resolve=always("127.0.0.1"))
        end = end_of(bulk_client, BulkRequest(url=secure.url(host=host), body=b"x"))
        assert isinstance(end, ServerUnreachable)
        assert end.reason.startswith("certificate refused: ")
        assert not end.permanent
        assert secure.requests == []

    def test_refuses_a_certificate_of_an_unknown_authority(
        self, make: MakeClient, secure: RawServer
    ) -> None:
        """Those that are trusted unless told otherwise are the public ones, and are found."""
        bulk_client = make(resolve=always("127.0.0.1"))
        end = end_of(bulk_client, BulkRequest(url=secure.url(host="hub.example"), body=b"x"))
        assert isinstance(end, ServerUnreachable)
        assert end.reason == "certificate refused: unable to get local issuer certificate"
        assert secure.requests == []

    def test_that_never_gets_under_way_is_given_up(
        self, make: MakeClient, server: RawServer
    ) -> None:
        url = server.url().replace("http:", "https:")
        end = end_of(make(timeout_s=SHORT_S), BulkRequest(url=url))
        assert isinstance(end, OutboundTimedOut)

    def test_with_a_server_that_does_not_speak_it_is_told_so(self, make: MakeClient) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def speak() -> None:
                sock, _ = listener.accept()
                with sock:
                    sock.sendall(b"220 mail.example ESMTP\r\n")
                    sock.recv(1000)

            threading.Thread(target=speak, daemon=True).start()
            end = end_of(make(), BulkRequest(url=f"https://127.0.0.1:{listener.getsockname()[1]}/"))
        assert isinstance(end, ServerUnreachable)
        assert end.reason.isprintable()
