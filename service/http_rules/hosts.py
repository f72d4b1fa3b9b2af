"""The host that a request is for (RFC 9112 section 3.2)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

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
