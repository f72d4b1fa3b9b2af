"""When two addresses are spelled differently and are the same (RFC 3986 section 6.2)."""

import re
from urllib.parse import quote

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
