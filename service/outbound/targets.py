"""Where a request goes: a URL read once, its host resolved once, every address checked."""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from feeds.model.hosts import ascii_host
from service.outbound.addresses import Address, AddressRules
from service.outbound.errors import AddressForbidden, AddressInvalid, HostUnknown, ServerUnreachable

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


def place_of(url: str) -> tuple[str, int]:
    """The host that a URL names, as `ascii_host` spells it, and the port.

    Raises:
        AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
    """
    _scheme, host, port = _read(url)
    return host, port


def with_ascii_host(url: str) -> str:
    """*url* as browsers read it, for libraries that would each spell its host as they know it.

    Raises:
        AddressInvalid: As for `place_of`.
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
