"""Who asks, when proxies stand before us (``X-Forwarded-For``)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

#: Nobody has more proxies in a row than this.
_MAX_STEPS = 32

#: What one subscriber of an Internet provider gets of IPv6 (RFC 6177), at the least.
_ONE_CLIENT = 64


def client_address(connected: str, forwarded: str | None, trusted: Sequence[_Network]) -> str:
    """Return the address of who asks.

    Each proxy appends whom it was asked by, so the field is read from its end, for as long as a
    proxy wrote it that we trust. What stands before that may be anybody's invention.

    Args:
        connected: The address at the other end of the connection; not always one, as in tests.
        forwarded: ``X-Forwarded-For``, its lines joined.
        trusted: Networks of our own proxies.
    """
    client = _read(connected)
    if client is None:
        return connected
    steps = forwarded.rsplit(",", _MAX_STEPS)[-_MAX_STEPS:] if forwarded else []
    while steps and _is_in(client, trusted):
        before = _read(_without_port(steps.pop().strip()))
        if before is None:
            break  # no proxy of ours writes such a thing
        client = before
    return str(client)


def counted_as(client: str) -> str:
    """Return what a client is counted by: with IPv6, one client has 2^64 addresses."""
    address = _read(client)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _ONE_CLIENT), strict=False))
    return client


def _read(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens for both kinds shows the older one like this.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(step: str) -> str:
    """Some proxies append the port: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``."""
    if step.startswith("["):
        return step[1:].partition("]")[0]
    return step.partition(":")[0] if step.count(":") == 1 else step


def _is_in(address: _Address, networks: Sequence[_Network]) -> bool:
    return any(each.version == address.version and address in each for each in networks)
