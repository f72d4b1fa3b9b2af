"""Host fields, client addresses, ``Link`` fields, and the normalisation of URLs."""

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

#: RFC 9110 7.2 and RFC 3986 3.2.2: ``uri-host [ ":" port ]``. A name may have any length. It may be
#: empty: a client must send an empty one when its request target names no host.
_HOST = re.compile(
    rb"(?:\[(?P<literal>[^\]]*)\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_FUTURE = re.compile(rb"[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+")

#: A server has a handful of names; the other entries hold values from probing clients.
_CACHED_HOSTS = 256


def names_one_host(hosts: Sequence[bytes], *, http_version: str) -> bool:
    """Whether a request names exactly one host; otherwise a server must answer 400.

    RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    request message that lacks a Host header field and to any request message that contains more
    than one Host header field line or a Host header field with an invalid field value."

    Args:
        hosts: The values of all lines of ``Host``, as sent.
        http_version: ``1.1``, or an earlier version, in which the field did not exist.
    """
    if len(hosts) != 1:
        return not hosts and http_version < "1.1"
    return _is_host(hosts[0])


@lru_cache(maxsize=_CACHED_HOSTS)
def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value.strip(b" \t"))
    if found is None:
        return False
    literal = found["literal"]
    return literal is None or _is_literal(literal)


def _is_literal(literal: bytes) -> bool:
    """Whether this is an IPv6 address without a zone, or an ``IPvFuture`` (RFC 3986 3.2.2)."""
    if _FUTURE.fullmatch(literal):
        return True
    if b"%" in literal:
        return False
    try:
        IPv6Address(literal.decode("latin-1"))
    except AddressValueError:
        return False
    return True


# The path below the base URL.


def split_base(path: str, base: str) -> tuple[str, str]:
    """Splits a request's path into that of the base URL and the rest, as PEP 3333 has them.

    A proxy may pass the base URL's path on, or remove it. If the path begins with it, it was passed
    on.

    Args:
        path: The decoded path, each byte as one character.
        base: The decoded path of the base URL, without a slash at the end; empty if it has none.

    Returns:
        ``SCRIPT_NAME``, which is *base* or empty, and ``PATH_INFO``. The latter is empty for the
        base URL without its slash.
    """
    if base and path.startswith(base) and path[len(base) : len(base) + 1] in ("", "/"):
        return base, path[len(base) :]
    return "", path


# The client's address behind proxies (``X-Forwarded-For``).

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

#: Longest chain of proxies that is followed.
_MAX_STEPS = 32

#: Prefix length of the smallest IPv6 network that a provider gives to one customer (RFC 6177).
_CLIENT_PREFIX = 64


def client_address(connected: str, forwarded: str | None, trusted: Sequence[_Network]) -> str:
    """Returns the address of the client.

    Each proxy appends the address that its request came from. So the field is read from its end,
    as long as a trusted proxy wrote the entry. Any entry before that may be forged.

    Args:
        connected: The peer of the connection. Returned as it is when it is not an IP address.
        forwarded: ``X-Forwarded-For``, its lines joined.
        trusted: Networks of our own proxies.
    """
    client = _parse_address(connected)
    if client is None:
        return connected
    steps = forwarded.rsplit(",", _MAX_STEPS)[-_MAX_STEPS:] if forwarded else []
    while steps and _is_in(client, trusted):
        previous = _parse_address(_without_port(steps.pop().strip()))
        if previous is None:
            break  # not written by one of our proxies
        client = previous
    return str(client)


def is_from_proxy(connected: str, trusted: Sequence[_Network]) -> bool:
    """Whether a request comes from a trusted proxy itself, whatever its fields say."""
    peer = _parse_address(connected)
    return peer is not None and _is_in(peer, trusted)


def rate_limit_key(client: str) -> str:
    """Returns the key of a client for rate limits: its network with IPv6, else its address.

    One IPv6 client has 2^64 addresses.
    """
    address = _parse_address(client)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _CLIENT_PREFIX), strict=False))
    return client


def _parse_address(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 clients as IPv4-mapped IPv6 addresses.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(step: str) -> str:
    """Removes the port that some proxies append: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``."""
    if step.startswith("["):
        return step[1:].partition("]")[0]
    return step.partition(":")[0] if step.count(":") == 1 else step


def _is_in(address: _Address, networks: Sequence[_Network]) -> bool:
    return any(each.version == address.version and address in each for each in networks)


# The ``Link`` header field (RFC 8288 section 3).

#: Printable ASCII without the characters that end or break a ``<URI-Reference>``. ``%`` stays: an
#: address that is already encoded must not be encoded again.
_URI_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '<>"\\^`{|}')


def uri(address: str) -> str:
    """Returns an address encoded for a header field: safe ASCII only."""
    return quote(address, safe=_URI_SAFE)


#: Relations of a document's links that the header repeats, as WebSub section 4 requires. Links to
#: archives are in the body only, so that the header changes with the configuration only.
HEADER_LINKS = ("self", "hub")


def link_field(links: Sequence[Link]) -> str:
    """Returns the value of a document's ``Link`` header field."""
    return ", ".join(f'<{uri(link.href)}>; rel="{link.rel}"' for link in links)


# Normalisation: equal addresses that are spelled differently (RFC 3986 section 6.2).

_PARTS = re.compile(r"(?i)(https?)://([^/?#]*)(.*)", re.DOTALL)
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": ":80", "https": ":443"}

#: All characters that are allowed in a URI, and ``%``: encoded text is not encoded again.
_URI = ":/?#[]@!$&'()*+,;=%~"


def normalise_url(address: str) -> str:
    """Returns the normal form of an http or https address.

    Differences in these parts vanish: letter case in scheme, host and percent-encodings;
    characters encoded without need, or not encoded although they should be; the scheme's default
    port. An address of another scheme is returned unchanged.
    """
    found = _PARTS.fullmatch(address)
    if found is None:
        return address
    scheme, authority = found[1].lower(), found[2].lower()
    # RFC 3986 6.2.3: "normalizers should remove the port component and its ':' delimiter if port
    # is empty or if its value would be the same as that of the scheme's default".
    authority = authority.removesuffix(_PORTS[scheme]).removesuffix(":")
    # RFC 3987 3.1: characters outside ASCII stand for their percent-encoded UTF-8.
    rest = quote(found[3], safe=_URI, errors="replace") or "/"
    return f"{scheme}://{authority}{_ENCODED.sub(_encoding, rest)}"


def _encoding(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else f"%{found[1].upper()}"
