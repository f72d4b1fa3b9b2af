"""Which addresses are for us to connect to: RFC 6890 and the clouds' metadata services."""

from ipaddress import ip_address, ip_network

import pytest

from service.outbound.addresses import AddressRules


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.178.1", "private"),
        ("fd12:3456::1", "private"),
        ("fec0::1", "private"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("100.64.0.1", "shared (carrier-grade NAT)"),
        ("100.127.255.255", "shared (carrier-grade NAT)"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("ff02::1", "multicast"),
        ("ff0e::1", "multicast"),
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.0.8", "reserved"),
        ("198.18.0.1", "reserved"),
        ("192.88.99.1", "reserved"),
        ("2001::1", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("203.0.113.5", "documentation"),
        ("2001:db8::1", "documentation"),
    ],
)
def test_an_address_that_is_not_public_is_forbidden(address: str, kind: str) -> None:
    assert AddressRules().fault(ip_address(address)) == kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        pytest.param("::ffff:127.0.0.1", "loopback", id="mapped"),
        pytest.param("::ffff:169.254.169.254", "metadata", id="mapped metadata"),
        pytest.param("2002:7f00:1::", "loopback", id="6to4"),
        pytest.param("2002:c0a8:101::1", "private", id="6to4 private"),
        pytest.param("64:ff9b::10.0.0.1", "private", id="NAT64"),
        pytest.param("64:ff9b::a9fe:a9fe", "metadata", id="NAT64 metadata"),
        pytest.param("64:ff9b:1::10.0.0.1", "reserved", id="local NAT64"),
        pytest.param("::127.0.0.1", "reserved", id="compatible"),
        pytest.param("::ffff:0:127.0.0.1", "reserved", id="translated"),
        pytest.param("2001:0:1::", "reserved", id="Teredo"),
    ],
)
def test_an_ipv4_address_does_not_hide_in_an_ipv6_address(address: str, kind: str) -> None:
    assert AddressRules().fault(ip_address(address)) == kind


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "2002:101:101::",
        "64:ff9b::1.1.1.1",
    ],
)
def test_a_public_address_passes(address: str) -> None:
    assert AddressRules().fault(ip_address(address)) is None


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"])
def test_the_operator_may_allow_a_network_in_every_spelling(address: str) -> None:
    rules = AddressRules((ip_network("10.1.0.0/16"), ip_network("::1/128")))
    assert rules.fault(ip_address(address)) is None


def test_what_lies_beside_an_allowed_network_stays_forbidden() -> None:
    rules = AddressRules((ip_network("10.1.0.0/16"), ip_network("::1/128")))
    assert rules.fault(ip_address("10.2.0.1")) == "private"
    assert rules.fault(ip_address("127.0.0.1")) == "loopback"
    assert rules.fault(ip_address("::1")) is None
