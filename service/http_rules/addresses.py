"""Hosts, client addresses, links, and URLs that mean the same."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import quote

from feeds.model.feed import Link

# The host that a request is for (RFC 9112 section 3.2).

#: RFC 9110 7.2 and RFC 3986 3.2.2: ``uri-host [ ":" port ]``. A name may be of any length, and
#: empty, which is what a client has to write whose target names no host.
_HOST = re.compile(
    rb"(?:\[(?P<literal>[^\]]*)\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_FUTURE = re.compile(rb"[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+")

#: A server has a handful of names; the rest of the room is for those who try.
_REMEMBERED = 256


def names_one_host(hosts: Sequence[bytes], *, http_version: str) -> bool:
    """True when a request says for which host it is; else a server must answer 400.

    RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    request message that lacks a Host header field and to any request message that contains more
    than one Host header field line or a Host header field with an invalid field value."

    Args:
        hosts: The values of all lines of ``Host``, as sent.
        http_version: ``1.1`` or what came before it, when there was no such field.
    """
    if len(hosts) != 1:
        return not hosts and http_version < "1.1"
    return _is_host(hosts[0])


@lru_cache(maxsize=_REMEMBERED)
def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value.strip(b" \t"))
    if found is None:
        return False
    literal = found["literal"]
    return literal is None or _is_literal(literal)


def _is_literal(literal: bytes) -> bool:
    """RFC 3986 3.2.2: an address of IPv6, without a zone, or of what may come after it."""
    if _FUTURE.fullmatch(literal):
        return True
    if b"%" in literal:
        return False
    try:
        IPv6Address(literal.decode("latin-1"))
    except AddressValueError:
        return False
    return True


# Who asks, when proxies stand before us (``X-Forwarded-For``).

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


# The ``Link`` header field (RFC 8288 section 3).

#: Printable ASCII without what ends or breaks a ``<URI-Reference>``; ``%`` stays, as an address
#: that is already encoded must not be encoded again.
_URI_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '<>"\\^`{|}')


def uri(address: str) -> str:
    """Return an address as it may stand in a header field: ASCII, without what breaks one."""
    return quote(address, safe=_URI_SAFE)


#: Links of a document that the header repeats: what WebSub asks for (section 4). Those to archives
#: stand in the body alone, and so the header changes with the configuration only.
TOLD_LINKS = ("self", "hub")


def link_field(links: Sequence[Link]) -> str:
    """Write the ``Link`` header of a document."""
    return ", ".join(f'<{uri(link.href)}>; rel="{link.rel}"' for link in links)


# When two addresses are spelled differently and are the same (RFC 3986 section 6.2).

_PARTS = re.compile(r"(?i)(https?)://([^/?#]*)(.*)", re.DOTALL)
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": ":80", "https": ":443"}

#: All that may stand in a URI, with ``%``: what is encoded is not encoded again.
_URI = ":/?#[]@!$&'()*+,;=%~"


def normal(address: str) -> str:
    """Return the one spelling of an http address that others of the same address share.

    Letters in scheme, host and percent-encodings, letters that are encoded without need or not
    though they should be, and the scheme's own port make no difference. What is no http address is
    returned as it is.
    """
    found = _PARTS.fullmatch(address)
    if found is None:
        return address
    scheme, authority = found[1].lower(), found[2].lower()
    # RFC 3986 6.2.3: "normalizers should remove the port component and its ':' delimiter if port
    # is empty or if its value would be the same as that of the scheme's default".
    authority = authority.removesuffix(_PORTS[scheme]).removesuffix(":")
    # RFC 3987 3.1: an address that is written in all letters stands for its UTF-8, encoded.
    rest = quote(found[3], safe=_URI, errors="replace") or "/"
    return f"{scheme}://{authority}{_ENCODED.sub(_encoding, rest)}"


def _encoding(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else f"%{found[1].upper()}"
