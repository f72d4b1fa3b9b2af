"""This machine's own addresses, as the operating system knows them."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from service.outbound import ServerUnreachable, addresses
from service.outbound.addresses import find_target, is_own, rules_of_this_machine
from tests.support.descriptors import no_descriptors


@pytest.fixture(params=["as usual", "where anything can be bound"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways to find out."""
    if request.param == "where anything can be bound":
        # What can be bound here for certain stands for what could not be elsewhere.
        monkeypatch.setattr(addresses, "_UNASSIGNED", ip_address("127.0.0.1"))
    addresses._binds_anything.cache_clear()
    yield
    addresses._binds_anything.cache_clear()


def _first_address() -> str:
    """By which this machine speaks to others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:  # it has no network at all
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.mark.usefixtures("_way")
class TestAnAddress:
    @pytest.mark.parametrize("address", ["127.0.0.1", _first_address()])
    def test_that_packets_do_not_leave_for_is_our_own(self, address: str) -> None:
        assert is_own(ip_address(address))

    @pytest.mark.parametrize("address", ["1.1.1.1", "192.0.2.7", "2001:db8::1", "2606:4700::1111"])
    def test_of_others_is_not(self, address: str) -> None:
        assert not is_own(ip_address(address))


def test_rules_of_this_machine_refuse_it_and_heed_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "is_own", lambda address: str(address) == "1.1.1.1")
    strict = rules_of_this_machine(())
    assert strict.fault(ip_address("1.1.1.1")) == "machine's own"
    assert strict.fault(ip_address("::ffff:1.1.1.1")) == "machine's own"
    assert strict.fault(ip_address("1.1.1.2")) is None
    assert strict.fault(ip_address("127.0.0.1")) == "loopback"
    assert rules_of_this_machine((ip_network("1.1.1.0/24"),)).fault(ip_address("1.1.1.1")) is None


def test_without_descriptors_nothing_is_told_and_nothing_asked() -> None:
    """No reason to give up the host for good."""
    rules = rules_of_this_machine(())
    with no_descriptors(), pytest.raises(ServerUnreachable, match="could not be checked: Too many"):
        find_target("http://1.1.1.1/", rules=rules, resolve=lambda *_: [ip_address("1.1.1.1")])
