"""Who asks, behind proxies of ours, and behind those that somebody makes up."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http_rules.addresses import client_address, rate_limit_key

TRUSTED = tuple(ip_network(each) for each in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("connected", "forwarded", "client"),
    [
        pytest.param("192.0.2.1", None, "192.0.2.1", id="directly"),
        pytest.param("192.0.2.1", "198.51.100.1", "192.0.2.1", id="a claim of one's own"),
        pytest.param("127.0.0.1", None, "127.0.0.1", id="a proxy that says nothing"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="a proxy that says nothing at all"),
        pytest.param("127.0.0.1", "192.0.2.1", "192.0.2.1", id="through a proxy"),
        pytest.param("127.0.0.1", "192.0.2.1, 10.1.2.3", "192.0.2.1", id="through two"),
        pytest.param(
            "127.0.0.1", "198.51.100.1, 192.0.2.1", "192.0.2.1", id="a claim before the proxy"
        ),
        pytest.param("127.0.0.1", "10.9.9.9", "10.9.9.9", id="from our own network"),
        pytest.param("127.0.0.1", "unknown", "127.0.0.1", id="garbage"),
        pytest.param(
            "127.0.0.1", "192.0.2.1, garbage", "127.0.0.1", id="what is behind garbage is nobody's"
        ),
        pytest.param("127.0.0.1", "192.0.2.1,", "127.0.0.1", id="an empty end"),
        pytest.param("127.0.0.1", "garbage,192.0.2.1", "192.0.2.1", id="garbage before"),
        pytest.param("127.0.0.1", "192.0.2.1:4711", "192.0.2.1", id="a port"),
        pytest.param("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1", id="a port of IPv6"),
        pytest.param("127.0.0.1", "[2001:db8::1]", "2001:db8::1", id="brackets"),
        pytest.param("127.0.0.1", "2001:DB8:0::1", "2001:db8::1", id="IPv6"),
        pytest.param("fd00::1", "192.0.2.1", "192.0.2.1", id="a proxy with IPv6"),
        pytest.param("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1", id="a mapped proxy"),
        pytest.param("::ffff:192.0.2.1", None, "192.0.2.1", id="mapped"),
        pytest.param("127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1", id="mapped, forwarded"),
        pytest.param("127.0.0.1", "10.0.0.1, " * 100 + "10.0.0.2", "10.0.0.1", id="a long row"),
        pytest.param("", None, "", id="no address"),
        pytest.param("unix:", "192.0.2.1", "unix:", id="no address either"),
    ],
)
def test_a_client_is_who_asked_the_first_of_our_proxies(
    connected: str, forwarded: str | None, client: str
) -> None:
    assert client_address(connected, forwarded, TRUSTED) == client


def test_nobody_is_believed_where_no_proxy_is_trusted() -> None:
    assert client_address("127.0.0.1", "192.0.2.1", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_one_client_has_a_whole_network_of_ipv6(client: str, counted: str) -> None:
    assert rate_limit_key(client) == counted


@given(st.text(alphabet="0123456789abcdef.:, []%xé", max_size=60))
def test_whatever_is_forwarded_is_borne(forwarded: str) -> None:
    rate_limit_key(client_address("127.0.0.1", forwarded, TRUSTED))


def test_a_field_of_128_kb_is_borne() -> None:
    assert client_address("127.0.0.1", "," * 131_072, TRUSTED) == "127.0.0.1"
