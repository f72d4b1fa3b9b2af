"""Host names as browsers and DNS spell them. The only module that imports idna.

Python's own ``idna`` codec implements IDNA2003: it maps ``straße.example`` to ``strasse.example``,
which may belong to someone else. Browsers, curl and registries use UTS #46 without transitional
processing.
"""

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

import idna

#: RFC 1035 section 2.3.4, for the encoded name, which is never shorter than the Unicode one.
MAX_HOST_CHARS = 255
_MAX_LABEL_CHARS = 63
#: Prefix of an encoded label (RFC 5890 section 2.3.2.1).
_ACE = "xn--"

#: Allowed characters of a name. The URL Standard allows a few more (``!``, ``~``, …), which no
#: public name uses; underscores occur in the names of services.
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.ASCII)
#: URL Standard section 3.5, "ends in a number": a host whose last label matches is an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_JOINERS = frozenset("\u200c\u200d")  # ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
#: Characters that an encoded label could smuggle past the check of the whole name.
_FORBIDDEN = re.compile("[\0-,./:-^`{-\x7f]")


def ascii_host(host: str) -> str:
    """Returns *host* as DNS spells it: lower case, ASCII, IPv4 addresses in dotted decimal.

    Args:
        host: A name or an address, without port; an IPv6 address without brackets.

    Returns:
        The name or the address. A trailing dot of a name is kept.

    Raises:
        ValueError: *host* is neither a name nor an address.

    Source: URL Standard section 3.5 (host parser); UTS #46 section 4, non-transitional, with
    CheckBidi and CheckJoiners and without CheckHyphens, as in browsers.
    """
    if ":" in host:
        return str(_ipv6(host))
    if len(host) > MAX_HOST_CHARS:  # decoding a long one takes seconds
        raise ValueError(f"host name too long: {len(host)} characters")
    name = host.lower()
    if not _NAME.fullmatch(name) or _ACE in name:
        name = _to_ascii(unquote(host, errors="strict"))
    if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]):
        return str(_ipv4(name))
    if len(name) > MAX_HOST_CHARS or max(map(len, name.split("."))) > _MAX_LABEL_CHARS:
        raise ValueError(f"host name too long: {host!r}")
    return name


def _to_ascii(host: str) -> str:
    """Encodes *host*; raises `ValueError` (a base class of idna's errors) when it is not a name."""
    labels = [_decoded(label) for label in idna.uts46_remap(host, std3_rules=False).split(".")]
    is_bidi = any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in "".join(labels))
    for label in labels:
        _check(label, is_bidi=is_bidi)
    name = ".".join(map(_encoded, labels))
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a host name: {host!r}")
    return name


def _decoded(label: str) -> str:
    """Returns *label* in Unicode. An encoded label must be encoded as this module does it."""
    if not label.startswith(_ACE):
        return label
    decoded = label.removeprefix(_ACE).encode().decode("punycode")
    if decoded.isascii() or idna.uts46_remap(decoded, std3_rules=False) != decoded:
        raise ValueError(f"not an encoded label: {label!r}")
    return decoded


def _check(label: str, *, is_bidi: bool) -> None:
    """Applies the validity criteria of UTS #46 section 4.1. The characters were checked before.

    ``idna.encode`` would be stricter: IDNA2008 does not allow ``☕``, but browsers do.
    """
    if label.isascii():
        return
    if _FORBIDDEN.search(label):
        raise ValueError(f"not a label of a host name: {label!r}")
    idna.check_initial_combiner(label)
    if is_bidi:
        idna.check_bidi(label, check_ltr=True)
    for position, character in enumerate(label):
        if character in _JOINERS and not idna.valid_contextj(label, position):
            raise ValueError(f"a joiner is not allowed here: {label!r}")


def _encoded(label: str) -> str:
    return label if label.isascii() else f"{_ACE}{label.encode('punycode').decode('ascii')}"


def _ipv4(text: str) -> IPv4Address:
    """Parses an IPv4 address (URL Standard section 3.5): also ``0x7f.1`` and ``2130706433``."""
    numbers = [_number(part) for part in text.removesuffix(".").split(".")]
    *firsts, last = numbers
    if len(numbers) > 4 or any(number > 255 for number in firsts):
        raise ValueError(f"not an IPv4 address: {text!r}")
    if last >= 256 ** (5 - len(numbers)):
        raise ValueError(f"not an IPv4 address: {text!r}")
    leading = sum(each << 24 - 8 * position for position, each in enumerate(firsts))
    return IPv4Address(last + leading)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError(f"an IPv6 address with a zone is not allowed: {text!r}")
    return IPv6Address(text)
