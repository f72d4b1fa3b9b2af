"""Host names as browsers and DNS spell them. The only importer of idna.

Python's own ``idna`` codec is IDNA2003: it sends ``straße.example`` to ``strasse.example``, which
is somebody else's. Browsers, curl and registries go by UTS #46 without transitional processing.
"""

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

import idna

#: RFC 1035 section 2.3.4, for the encoded name, which is never shorter.
MAX_HOST_CHARS = 255
_MAX_LABEL_CHARS = 63
#: What an encoded label begins with (RFC 5890 section 2.3.2.1).
_ACE = "xn--"

#: What a name may be made of. The URL Standard lets a few more pass (``!``, ``~``, …), of which no
#: public name is made; the underscore stands in names of services.
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.ASCII)
#: URL Standard section 3.5, "ends in a number": no name ends like this, so it is an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_JOINERS = frozenset("\u200c\u200d")  # ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
#: Within a label that is encoded, these would hide from the look at the whole name.
_FORBIDDEN = re.compile("[\0-,./:-^`{-\x7f]")


def ascii_host(host: str) -> str:
    """*Host* as DNS knows it: lower case, in ASCII, an IPv4 address in its usual four numbers.

    Args:
        host: A name or an address, without port; an IPv6 address without brackets.

    Returns:
        The name or the address. A dot at the end of a name stays.

    Raises:
        ValueError: It is neither.

    Source: URL Standard section 3.5 (host parser); UTS #46 section 4, non-transitional, with
    CheckBidi and CheckJoiners and without CheckHyphens, as browsers have it.
    """
    if ":" in host:
        return str(_ipv6(host))
    if len(host) > MAX_HOST_CHARS:  # to spell out a long one takes seconds
        raise ValueError(f"a host name of {len(host)} characters")
    name = host.lower()
    if not _NAME.fullmatch(name) or _ACE in name:
        name = _to_ascii(unquote(host, errors="strict"))
    if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]):
        return str(_ipv4(name))
    if len(name) > MAX_HOST_CHARS or max(map(len, name.split("."))) > _MAX_LABEL_CHARS:
        raise ValueError(f"too long for a host name: {host!r}")
    return name


def _to_ascii(host: str) -> str:
    """Raises `ValueError` (idna's errors are such) when *host* is no name."""
    labels = [_decoded(label) for label in idna.uts46_remap(host, std3_rules=False).split(".")]
    is_bidi = any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in "".join(labels))
    for label in labels:
        _check(label, is_bidi=is_bidi)
    name = ".".join(map(_encoded, labels))
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a host name: {host!r}")
    return name


def _decoded(label: str) -> str:
    """*Label* in Unicode; one that was encoded already has to be encoded as we would."""
    if not label.startswith(_ACE):
        return label
    decoded = label.removeprefix(_ACE).encode().decode("punycode")
    if decoded.isascii() or idna.uts46_remap(decoded, std3_rules=False) != decoded:
        raise ValueError(f"not an encoded label: {label!r}")
    return decoded


def _check(label: str, *, is_bidi: bool) -> None:
    """Validity criteria, UTS #46 section 4.1; that its characters are valid was seen before.

    ``idna.encode`` would ask for more: IDNA2008 has no ``☕``, and browsers go there all the same.
    """
    if label.isascii():
        return
    if _FORBIDDEN.search(label):
        raise ValueError(f"not a label of a host name: {label!r}")
    idna.check_initial_combiner(label)
    if is_bidi:
        idna.check_bidi(label, check_ltr=True)
    for place, character in enumerate(label):
        if character in _JOINERS and not idna.valid_contextj(label, place):
            raise ValueError(f"a joiner where none may stand: {label!r}")


def _encoded(label: str) -> str:
    return label if label.isascii() else f"{_ACE}{label.encode('punycode').decode('ascii')}"


def _ipv4(text: str) -> IPv4Address:
    """URL Standard section 3.5, the IPv4 parser: ``0x7f.1`` and ``2130706433`` are addresses."""
    numbers = [_number(part) for part in text.removesuffix(".").split(".")]
    *firsts, last = numbers
    if len(numbers) > 4 or any(number > 255 for number in firsts):
        raise ValueError(f"not an IPv4 address: {text!r}")
    if last >= 256 ** (5 - len(numbers)):
        raise ValueError(f"not an IPv4 address: {text!r}")
    return IPv4Address(last + sum(each << 24 - 8 * place for place, each in enumerate(firsts)))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError(f"an address that names a zone: {text!r}")
    return IPv6Address(text)
