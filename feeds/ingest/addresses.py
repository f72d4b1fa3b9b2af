"""Links made absolute: a feed is read far from the page that its links were written for."""

import re
from urllib.parse import quote, urljoin, urlsplit

#: Where a reader can follow a link to. ``javascript:``, ``data:`` and all others are dropped.
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
#: Where a picture, a film or a cited page can be.
FETCH_SCHEMES = frozenset({"http", "https"})
#: What a browser takes, and what fits an index entry of every database.
MAX_URL_CHARS = 2_000

#: An address that is already what we want: the usual case, decided without taking it apart.
_READY = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!#-;=?-\[\]_a-z~]*)?\Z")
_HOSTLESS = frozenset({"mailto", "tel"})
#: RFC 1035 section 2.3.4, for the encoded name, which is never shorter.
_MAX_HOST_CHARS = 255
#: A name, or an IP address of either version.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-f:.]+")
#: The URL Standard removes these from anywhere in an address before it looks at the scheme, so
#: ``java\tscript:`` is a script to a browser.
_IGNORED_IN_ADDRESS = re.compile(r"[\t\n\r]")
_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))
#: What `quote` leaves as it is: the reserved and unreserved characters of RFC 3986 section 2,
#: and the percent sign of what is escaped already.
_SAFE = "!#$%&'()*+,/:;=?@[]-._~"

#: One candidate of ``srcset``: an address, and a width or density (HTML, "srcset attributes").
_CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)(\s+[0-9][0-9.]*[wx])?\s*(?:,|\Z)")
#: A picture in a dozen sizes. A longer list is not read at all.
_MAX_SRCSET_CHARS = 8_192


def absolute(reference: str, *, base: str, schemes: frozenset[str] = LINK_SCHEMES) -> str | None:
    """*Reference* as an absolute URL in ASCII, or None when it is unsafe or makes no sense.

    Args:
        reference: As it stands in the document; absolute, relative or ``//host/path``.
        base: What it is relative to, absolute. An address without a scheme becomes https: it
            was written by somebody whose server speaks that.
        schemes: Those that may come out.

    Source: RFC 3986 section 5.2; WHATWG URL Standard for what is stripped first.
    """
    if _READY.match(reference):
        return reference
    reference = _IGNORED_IN_ADDRESS.sub("", reference.strip(_CONTROL_OR_SPACE))
    if not reference:
        return None
    if reference.startswith("//"):
        reference = f"https:{reference}"
    try:
        target = urljoin(base, reference)
        scheme = urlsplit(target).scheme
        if scheme not in schemes:
            return None
        return quote(target if scheme in _HOSTLESS else _with_ascii_host(target), safe=_SAFE)
    except ValueError:
        return None


def _with_ascii_host(target: str) -> str:
    """*Target* with its host spelled as DNS knows it.

    Raises:
        ValueError: It has no host, or one that cannot be.
    """
    parts = urlsplit(target)
    host = parts.hostname or ""
    if len(host) > _MAX_HOST_CHARS:  # to spell out a long one takes seconds
        raise ValueError(host)
    name = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(name):
        raise ValueError(host)
    if host.isascii():
        return target
    return target.replace(parts.netloc, name if parts.port is None else f"{name}:{parts.port}", 1)


def absolute_srcset(srcset: str, *, base: str) -> str | None:
    """The candidates of *srcset* with absolute addresses; None when none is left."""
    if len(srcset) > _MAX_SRCSET_CHARS:
        return None
    kept = [
        f"{address}{' ' + descriptor.strip() if descriptor else ''}"
        for found, descriptor in _CANDIDATE.findall(srcset)
        if (address := absolute(found.rstrip(","), base=base, schemes=FETCH_SCHEMES))
    ]
    return ", ".join(kept) or None
