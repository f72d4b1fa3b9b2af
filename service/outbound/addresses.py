"""Checks of outgoing addresses: each host is resolved once, and every address is checked."""

import errno
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

from feeds.model.hosts import ascii_host
from service.outbound.errors import AddressForbidden, AddressInvalid, HostUnknown, ServerUnreachable

# The IP addresses to which connections are allowed. Pure: no sockets.

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# The list does not rely on ``ipaddress.is_global``, which differs between patch releases of Python,
# calls multicast global, and knows no metadata services. Source: the IANA special-purpose address
# registries (RFC 6890) as of 2025, and the manuals of the cloud providers.
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

#: RFC 4291 section 2.4 and RFC 3513: the part of IPv6 that is allocated for public use.
_GLOBAL_UNICAST = IPv6Network("2000::/3")

#: RFC 6052 section 2.1: an IPv4 address behind the well-known prefix of a NAT64.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Decides about one address; every address that a name resolves to has to pass."""

    allow_networks: tuple[Network, ...] = ()  #: the operator's exceptions, such as an internal hub
    is_own: Callable[[Address], bool] = lambda _address: False  #: whether it is this machine's

    def fault(self, address: Address) -> str | None:
        """Returns why connections to *address* are forbidden; None when they are allowed.

        The text is the kind of address, such as ``loopback`` or ``private``. It completes the
        phrase "is the … address".
        """
        if self.is_allowed(address):
            return None
        target = _unwrapped(address)
        for kind, network in _KINDS:
            if _contains(network, target):
                return kind
        if isinstance(target, IPv6Address) and target not in _GLOBAL_UNICAST:
            return "reserved"
        return "machine's own" if self.is_own(target) else None

    def is_allowed(self, address: Address) -> bool:
        """Whether the address is one of the operator's exceptions."""
        target = _unwrapped(address)
        return any(_contains(network, target) for network in self.allow_networks)


def _unwrapped(address: Address) -> Address:
    """Returns where packets to *address* would go: the IPv4 address that it embeds, if any."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    # RFC 4291 section 2.5.5.2 (mapped) and RFC 3056 section 2 (6to4).
    return address.ipv4_mapped or address.sixtofour or address


def _contains(network: Network, address: Address) -> bool:
    # Some versions of Python raise an error when an IPv4 address is tested in an IPv6 network.
    return network.version == address.version and address in network


# This machine's own addresses. They may be public ones, which are in no list of networks.

#: RFC 5737: an address for documentation, which no machine has.
_UNASSIGNED = ip_address("192.0.2.1")


def rules_of_this_machine(allow_networks: tuple[Network, ...]) -> AddressRules:
    """Returns rules that forbid addresses that are not public, and those of this machine.

    Users who may enter an address must not reach services that listen on this machine for local
    use. A proxy in front of this machine that has an address of its own is not recognised.
    """
    return AddressRules(allow_networks, is_own=is_own)


def is_own(address: Address) -> bool:
    """Whether an address is one of this machine's: a socket can be bound only to those.

    Raises:
        OSError: No file descriptors are left for the test.
    """
    # Not cached: addresses change, and the system answers within microseconds.
    return _is_own_source(address) if _binds_anything() else _is_bindable(address)


@cache
def _binds_anything() -> bool:
    """Whether ``net.ipv4.ip_nonlocal_bind`` is set, so that any address can be bound."""
    return _is_bindable(_UNASSIGNED)


def _is_bindable(address: Address) -> bool:
    try:
        with _socket_for(address) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        _reraise_if_no_descriptors(error)
        return False
    return True


def _is_own_source(address: Address) -> bool:
    """Whether packets to *address* would have it as their source address.

    A second address in the same network is not recognised.
    """
    try:
        with _socket_for(address) as probe:
            probe.connect((str(address), 9))  # selects the route; UDP sends nothing yet
            return bool(ip_address(probe.getsockname()[0]) == address)
    except OSError as error:
        _reraise_if_no_descriptors(error)
        return False


def _reraise_if_no_descriptors(error: OSError) -> None:
    # Other errors mean that the address is not this machine's. EADDRNOTAVAIL: another machine's.
    # EAFNOSUPPORT: there is no IPv6 here, so no connection can be made to it either.
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise error


def _socket_for(address: Address) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return socket.socket(family, socket.SOCK_DGRAM)


# Targets of requests: the URL is parsed once, its host resolved once, every address checked.

#: Returns all addresses of a host name, the preferred one first. Raises OSError when it has none.
Resolver = Callable[[str, int], Sequence[Address]]

_PORTS = {"http": 80, "https": 443}

_QUERY_OR_FRAGMENT = re.compile("[?#]")
_USER = re.compile(r"//[^/?#]*@")

#: Number of addresses of a name that are tried, so that each gets a fair share of the time.
_MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server to which requests may be sent, with its checked addresses."""

    url: str  #: as given, for messages
    host: str  #: name or literal address, without brackets and port; for TLS
    port: int
    authority: str  #: the ``Host`` header: host, and port unless it is the scheme's default
    addresses: tuple[Address, ...]  #: never empty; in the resolver's order


def system_resolver(host: str, port: int) -> list[Address]:
    """Resolves a host name by the operating system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A zone (fe80::1%eth0) is dropped: such addresses are link-local and forbidden anyway.
    texts = [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]
    return [ip_address(text) for text in dict.fromkeys(texts)]


def find_target(url: str, *, rules: AddressRules, resolve: Resolver) -> Target:
    """Parses *url*, resolves its host once, and checks every address it has.

    One forbidden address among several forbids them all: a legitimate name has none.

    Raises:
        AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
        HostUnknown: The name does not resolve.
        AddressForbidden: An address is private, loopback, … and not allowed by *rules*.
        ServerUnreachable: An address could not be checked.
    """
    scheme, host, port = _parse(url)
    addresses = tuple(_resolved(url, host, port, resolve))
    for address in addresses:
        try:
            fault = rules.fault(address)
        except OSError as error:
            reason = f"not sent: {host} could not be checked: {error.strerror}"
            raise ServerUnreachable(url, reason) from error
        if fault:
            reason = f"not sent: {host} is the {fault} address {address}"
            raise AddressForbidden(url, f"{reason}; outbound.allow_networks can allow it")
    bracketed = f"[{host}]" if ":" in host else host
    return Target(
        url=url,
        host=host.rstrip("."),
        port=port,
        authority=bracketed if port == _PORTS[scheme] else f"{bracketed}:{port}",
        addresses=addresses[:_MAX_ADDRESSES],
    )


def host_and_port(url: str) -> tuple[str, int]:
    """Returns the host of a URL, as `ascii_host` spells it, and the port.

    Raises:
        AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
    """
    _scheme, host, port = _parse(url)
    return host, port


def with_ascii_host(url: str) -> str:
    """Returns *url* as browsers parse it, with its host in ASCII.

    HTTP libraries would each convert the host in their own way.

    Raises:
        AddressInvalid: As for `host_and_port`.
    """
    head = _QUERY_OR_FRAGMENT.split(url, maxsplit=1)[0]
    url = head.replace("\\", "/") + url[len(head) :]
    _scheme, host, _port = _parse(url)
    parts = urlsplit(url)
    if ":" in host or host == parts.hostname:
        return url
    port = "" if parts.port is None else f":{parts.port}"
    return url.replace(parts.netloc, f"{host}{port}", 1)


def without_user(url: str) -> str:
    """Returns *url* without the user information in its authority, for messages."""
    return _USER.sub("//", url, count=1)


def _parse(url: str) -> tuple[str, str, int]:
    """Returns scheme, host and port; the host in the normal form of browsers and DNS."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise AddressInvalid(url, f"is not a URL: {error}") from error
    if parts.username is not None or parts.password is not None:
        # Credentials in a URL would appear in the log, in `hub pings` and in error pages.
        reason = "carries a user name or password; these are not supported"
        raise AddressInvalid(without_user(url), reason)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressInvalid(url, "is not an absolute http or https URL")
    if parts.port == 0:
        raise AddressInvalid(url, "names port 0, where nothing can listen")
    try:
        if "%" in parts.hostname:  # browsers decode it; other clients look it up as it is
            raise ValueError
        host = ascii_host(parts.hostname)
    except ValueError as error:
        raise AddressInvalid(url, f"{parts.hostname!r} is not a host name") from error
    return parts.scheme, host, port


def _resolved(url: str, host: str, port: int, resolve: Resolver) -> Sequence[Address]:
    try:
        addresses = resolve(host, port)
    except UnicodeError as error:
        raise AddressInvalid(url, f"{host!r} is not a host name") from error
    except OSError as error:
        raise HostUnknown(url, f"{host} does not resolve: {error.strerror}") from error
    if not addresses:
        raise HostUnknown(url, f"{host} has no address")
    return addresses
