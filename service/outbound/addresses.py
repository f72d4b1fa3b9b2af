"""Which addresses are public, and where a request goes: resolved once, every address checked."""

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

# Which IP addresses of other people's servers we are willing to connect to. Pure: no sockets.

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


# Which addresses are those of this machine: public ones too, which no list of networks knows.

#: RFC 5737: an address for documentation, which no machine has.
_NOBODYS = ip_address("192.0.2.1")


def rules_of_this_machine(allow_networks: tuple[Network, ...]) -> AddressRules:
    """The rules for asking from here: what is not public is refused, and so is this machine.

    Whoever may name an address to us must not reach by it what listens here for its neighbours
    only. What stands before us (a proxy with an address of its own) is not seen from here.
    """
    return AddressRules(allow_networks, is_own=is_own)


def is_own(address: Address) -> bool:
    """True for an address of this machine: only to those can a socket be bound.

    Raises:
        OSError: It cannot be told, since no descriptors are left.
    """
    # The system is asked each time: addresses come and go, and it answers within microseconds.
    return _is_reached_from_itself(address) if _binds_anything() else _is_bindable(address)


@cache
def _binds_anything() -> bool:
    """True where ``net.ipv4.ip_nonlocal_bind`` is set: being bindable then tells nothing."""
    return _is_bindable(_NOBODYS)


def _is_bindable(address: Address) -> bool:
    try:
        with _socket_for(address) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        _see_that_it_tells(error)
        return False
    return True


def _is_reached_from_itself(address: Address) -> bool:
    """True when the way to *address* begins there; misses a second address of the same network."""
    try:
        with _socket_for(address) as probe:
            probe.connect((str(address), 9))  # looks for the way; UDP sends nothing yet
            return bool(ip_address(probe.getsockname()[0]) == address)
    except OSError as error:
        _see_that_it_tells(error)
        return False


def _see_that_it_tells(error: OSError) -> None:
    # EADDRNOTAVAIL: somebody else's. EAFNOSUPPORT: no IPv6 here, so it is not asked either.
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise error


def _socket_for(address: Address) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return socket.socket(family, socket.SOCK_DGRAM)


# Where a request goes: a URL read once, its host resolved once, every address checked.

#: Gives all addresses of a host name, the preferred one first. Raises OSError when there is none.
Resolver = Callable[[str, int], Sequence[Address]]

_PORTS = {"http": 80, "https": 443}

_QUERY_OR_FRAGMENT = re.compile("[?#]")
_USER = re.compile(r"//[^/?#]*@")

#: A name with more addresses than this is tried at these only, so that each gets a fair time.
_MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that may be asked, and the checked addresses at which it may be asked."""

    url: str  #: as given, for messages
    host: str  #: name or literal address, without brackets and port; for TLS
    port: int
    authority: str  #: the ``Host`` header: host, and port unless it is the scheme's own
    addresses: tuple[Address, ...]  #: never empty; in the resolver's order


def system_resolver(host: str, port: int) -> list[Address]:
    """Ask the operating system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A zone (fe80::1%eth0) is dropped: such addresses are link-local and refused all the same.
    texts = [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]
    return [ip_address(text) for text in dict.fromkeys(texts)]


def find_target(url: str, *, rules: AddressRules, resolve: Resolver) -> Target:
    """Read *url*, resolve its host once, and check every address it has.

    One forbidden address among several forbids them all: an honest name has none.

    Raises:
        AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
        HostUnknown: The name does not resolve.
        AddressForbidden: An address is private, loopback, … and not allowed by *rules*.
        ServerUnreachable: An address could not be checked.
    """
    scheme, host, port = _read(url)
    addresses = tuple(_resolved(url, host, port, resolve))
    for address in addresses:
        try:
            fault = rules.fault(address)
        except OSError as error:
            reason = f"not asked: {host} could not be checked: {error.strerror}"
            raise ServerUnreachable(url, reason) from error
        if fault:
            reason = f"not asked: {host} is the {fault} address {address}"
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
    """The host that a URL names, as `ascii_host` spells it, and the port.

    Raises:
        AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
    """
    _scheme, host, port = _read(url)
    return host, port


def with_ascii_host(url: str) -> str:
    """*url* as browsers read it, for libraries that would each spell its host as they know it.

    Raises:
        AddressInvalid: As for `host_and_port`.
    """
    head = _QUERY_OR_FRAGMENT.split(url, maxsplit=1)[0]
    url = head.replace("\\", "/") + url[len(head) :]
    _scheme, host, _port = _read(url)
    parts = urlsplit(url)
    if ":" in host or host == parts.hostname:
        return url
    port = "" if parts.port is None else f":{parts.port}"
    return url.replace(parts.netloc, f"{host}{port}", 1)


def without_user(url: str) -> str:
    """*url* as it may be shown: without what stands before an ``@`` in the authority."""
    return _USER.sub("//", url, count=1)


def _read(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; the host in one spelling, that of browsers and DNS."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise AddressInvalid(url, f"is not a URL: {error}") from error
    if parts.username is not None or parts.password is not None:
        # Credentials in a URL would stand in the log, in `hub pings` and in error pages.
        reason = "carries a user name or password; these are not supported"
        raise AddressInvalid(without_user(url), reason)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressInvalid(url, "is not an absolute http or https URL")
    if parts.port == 0:
        raise AddressInvalid(url, "names port 0, where nothing can listen")
    try:
        if "%" in parts.hostname:  # browsers decode it; others look up what stands there
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
