"""Which IP addresses of other people's servers we are willing to connect to. Pure: no sockets."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# The list is written out rather than asked of ``ipaddress.is_global``: that answer differs between
# patch releases of Python, calls multicast global, and knows no metadata services. Source: the
# IANA special-purpose address registries (RFC 6890) as of 2025, and the clouds' manuals.
_FORBIDDEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "metadata",
        (
            "169.254.169.254/32",  # nearly every cloud
            "100.100.100.200/32",  # Alibaba Cloud
            "168.63.129.16/32",  # Azure's wire server: a public address, answered by the host
            "192.0.0.192/32",  # Oracle Cloud
            "fd00:ec2::254/128",  # Amazon, by IPv6
            "fd20:ce::254/128",  # Google, by IPv6
        ),
    ),
    ("unspecified", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("shared (carrier-grade NAT)", ("100.64.0.0/10",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("documentation", ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")),
    (
        "reserved",
        (
            "192.0.0.0/24",  # RFC 6890, IETF protocol assignments
            "192.88.99.0/24",  # RFC 7526, former 6to4 relays
            "198.18.0.0/15",  # RFC 2544, benchmarks
            "240.0.0.0/4",  # RFC 1112, and the broadcast address
            "2001::/23",  # RFC 2928, IETF protocol assignments; Teredo is among them
            "3fff::/20",  # RFC 9637, documentation
        ),
    ),
)
_KINDS: tuple[tuple[str, Network], ...] = tuple(
    (kind, ip_network(network)) for kind, networks in _FORBIDDEN for network in networks
)

#: RFC 4291 section 2.4 and RFC 3513: all of IPv6 that has been given out for the public.
_GLOBAL_UNICAST = IPv6Network("2000::/3")

#: RFC 6052 section 2.1: an IPv4 address behind the well-known prefix of a NAT64.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Decides about one address; every address that a name resolves to has to pass."""

    allow_networks: tuple[Network, ...] = ()  #: the operator's exceptions, such as a hub next door
    is_own: Callable[[Address], bool] = lambda _address: False  #: knows this machine's addresses

    def fault(self, address: Address) -> str | None:
        """Say why we do not connect to *address*: ``loopback``, ``private``, …; None when we do.

        It reads as "is the … address".
        """
        if self.is_allowed(address):
            return None
        meant = _meant(address)
        for kind, network in _KINDS:
            if _holds(network, meant):
                return kind
        if isinstance(meant, IPv6Address) and meant not in _GLOBAL_UNICAST:
            return "reserved"
        return "machine's own" if self.is_own(meant) else None

    def is_allowed(self, address: Address) -> bool:
        """True for one of the operator's exceptions."""
        meant = _meant(address)
        return any(_holds(network, meant) for network in self.allow_networks)


def _meant(address: Address) -> Address:
    """Where packets to *address* would go: to the IPv4 address in it, if it carries one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    # RFC 4291 section 2.5.5.2 (mapped) and RFC 3056 section 2 (6to4).
    return address.ipv4_mapped or address.sixtofour or address


def _holds(network: Network, address: Address) -> bool:
    # Asking an IPv6 network about an IPv4 address is an error in some versions of Python.
    return network.version == address.version and address in network
