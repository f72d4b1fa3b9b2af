"""Makes addresses absolute and safe: a feed is read far from the page that its links refer to."""

import re
from urllib.parse import quote, urljoin, urlsplit

from feeds.model.hosts import ascii_host

#: Schemes of links that readers can follow. ``javascript:``, ``data:`` and all others are dropped.
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
#: Schemes of pictures, films and cited pages.
FETCH_SCHEMES = frozenset({"http", "https"})
#: Browsers accept this length, and it fits an index entry of every database.
MAX_URL_CHARS = 2_000

#: An address that needs no change: the usual case, decided without parsing it. Its host is neither
#: a number nor encoded.
_READY = re.compile(
    r"https?://(?!(?:[^/?#]*\.)?xn--)(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,63}(?::[0-9]{1,4})?"
    r"(?:[/?#](?:[!#$&-;=?-\[\]_a-z~]++|%[0-9A-Fa-f]{2})*+)?\Z"
)
_DRIVE = re.compile("[A-Za-z]:(?:/|\\Z)")
_HOSTLESS = frozenset({"mailto", "tel"})
#: The URL Standard removes these characters from an address before it parses the scheme, so a
#: browser reads ``java\tscript:`` as a script.
_IGNORED_IN_ADDRESS = re.compile(r"[\t\n\r]")
_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
#: In these schemes a backslash before the query and the fragment is a slash, and the number of
#: slashes before the host does not matter (URL Standard section 4.2, "special schemes"; ftp is left
#: out, as browsers no longer support it).
_SPECIAL = frozenset({"http", "https"})
_QUERY_OR_FRAGMENT = re.compile("[?#]")
#: A percent sign that escapes nothing (RFC 3986 section 2.1).
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: Characters that `quote` does not escape: the reserved and unreserved characters of RFC 3986
#: section 2, and the percent sign, for what is already escaped.
_SAFE = "!#$%&'()*+,/:;=?@[]-._~"

#: One candidate of ``srcset``: an address, and a width or density (HTML, "srcset attributes").
_CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)(\s+[0-9][0-9.]*[wx])?\s*(?:,|\Z)")
#: Enough for a picture in a dozen sizes. A longer list is ignored.
_MAX_SRCSET_CHARS = 8_192


def absolute(reference: str, *, base: str, schemes: frozenset[str] = LINK_SCHEMES) -> str | None:
    """Returns *reference* as an absolute URL in ASCII; None when it is unsafe or invalid.

    Args:
        reference: As the document has it; absolute, relative or ``//host/path``. A percent sign
            that escapes nothing is escaped.
        base: Absolute base address. An address without a scheme becomes https: its author's server
            supports that.
        schemes: Schemes that are allowed in the result.

    Source: RFC 3986 section 5.2; the URL Standard, sections 4.4 and 3.5, for stripped characters,
    backslashes and hosts.
    """
    if _READY.match(reference):
        return reference
    reference = _IGNORED_IN_ADDRESS.sub("", reference.strip(_CONTROL_OR_SPACE))
    if not reference:
        return None
    try:
        target = urljoin(base, _with_slashes(reference, base))
        scheme = urlsplit(target).scheme
        if scheme not in schemes:
            return None
        target = target if scheme in _HOSTLESS else _with_ascii_host(target)
        return quote(_BROKEN_ESCAPE.sub("%25", target), safe=_SAFE)
    except ValueError:
        return None


def web_address(written: str | None) -> str | None:
    """Returns an absolute http or https address, as `absolute` does; None if it is too long."""
    address = absolute(written, base="", schemes=FETCH_SCHEMES) if written else None
    return address if address is not None and len(address) <= MAX_URL_CHARS else None


def has_broken_escape(reference: str) -> bool:
    """Whether a percent sign in *reference* escapes nothing, as in ``100%.pdf``."""
    return _BROKEN_ESCAPE.search(reference) is not None


def _with_slashes(reference: str, base: str) -> str:
    """Returns *reference* with its slashes as a browser reads them.

    Raises:
        ValueError: No host follows the slashes.
    """
    head = _QUERY_OR_FRAGMENT.split(reference, maxsplit=1)[0]
    scheme, colon, path = head.partition(":") if _SCHEME.match(head) else ("", "", head)
    if colon and scheme.lower() not in _SPECIAL:
        return reference
    path = path.replace("\\", "/")
    # "https:page.html" is relative on an https page, and names a host on other pages.
    if path.startswith("//") or (colon and scheme.lower() != urlsplit(base).scheme):
        host_and_path = path.lstrip("/")
        # Word writes "///C:/Users" for a link to the author's disk; no host is called C.
        if not host_and_path or _DRIVE.match(host_and_path):
            raise ValueError(reference)
        path, scheme, colon = f"//{host_and_path}", scheme or "https", ":"
    return f"{scheme}{colon}{path}{reference[len(head) :]}"


def _with_ascii_host(target: str) -> str:
    """Returns *target* with its host in ASCII as DNS has it; an ASCII name keeps its case.

    Raises:
        ValueError: *target* has no host, or an impossible one.
    """
    parts = urlsplit(target)
    host = parts.hostname or ""
    port = "" if parts.port is None else f":{parts.port}"
    name = ascii_host(host)
    if name == host or ":" in host:
        return target
    user = parts.netloc[: parts.netloc.rfind("@") + 1]
    behind = target[target.index("//") + 2 + len(parts.netloc) :]
    return f"{parts.scheme}://{user}{name}{port}{behind}"


def absolute_srcset(srcset: str, *, base: str) -> str | None:
    """Returns the valid candidates of *srcset* with absolute addresses; None when there is none."""
    if len(srcset) > _MAX_SRCSET_CHARS:
        return None
    kept = [
        f"{address}{' ' + descriptor.strip() if descriptor else ''}"
        for found, descriptor in _CANDIDATE.findall(srcset)
        if (address := absolute(found.rstrip(","), base=base, schemes=FETCH_SCHEMES))
    ]
    return ", ".join(kept) or None
