"""Links made absolute: a feed is read far from the page that its links were written for."""

import re
from urllib.parse import quote, urljoin, urlsplit

from feeds.model.hosts import ascii_host

#: Where a reader can follow a link to. ``javascript:``, ``data:`` and all others are dropped.
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
#: Where a picture, a film or a cited page can be.
FETCH_SCHEMES = frozenset({"http", "https"})
#: What a browser takes, and what fits an index entry of every database.
MAX_URL_CHARS = 2_000

#: An address that is already what we want: the usual case, decided without taking it apart. Its
#: host is no number and not encoded.
_READY = re.compile(
    r"https?://(?!(?:[^/?#]*\.)?xn--)(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,63}(?::[0-9]{1,4})?"
    r"(?:[/?#](?:[!#$&-;=?-\[\]_a-z~]++|%[0-9A-Fa-f]{2})*+)?\Z"
)
_DRIVE = re.compile("[A-Za-z]:(?:/|\\Z)")
_HOSTLESS = frozenset({"mailto", "tel"})
#: The URL Standard removes these from anywhere in an address before it looks at the scheme, so
#: ``java\tscript:`` is a script to a browser.
_IGNORED_IN_ADDRESS = re.compile(r"[\t\n\r]")
_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
#: In these a backslash is a slash, before query and fragment, and the number of slashes before a
#: host does not count (URL Standard section 4.2, "special schemes"; browsers know no ftp any more).
_SPECIAL = frozenset({"http", "https"})
_QUERY_OR_FRAGMENT = re.compile("[?#]")
#: A percent sign that escapes nothing (RFC 3986 section 2.1).
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
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
        reference: As it stands in the document; absolute, relative or ``//host/path``. A percent
            sign that escapes nothing becomes one that is escaped.
        base: What it is relative to, absolute. An address without a scheme becomes https: it
            was written by somebody whose server speaks that.
        schemes: Those that may come out.

    Source: RFC 3986 section 5.2; the URL Standard, sections 4.4 and 3.5, for what is stripped
    first, for backslashes, and for hosts.
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


def has_broken_escape(reference: str) -> bool:
    """True when a percent sign in *reference* escapes nothing, as in ``100%.pdf``."""
    return _BROKEN_ESCAPE.search(reference) is not None


def _with_slashes(reference: str, base: str) -> str:
    """*Reference* with its slashes as a browser reads them.

    Raises:
        ValueError: Nothing follows those before its host.
    """
    head = _QUERY_OR_FRAGMENT.split(reference, maxsplit=1)[0]
    scheme, colon, path = head.partition(":") if _SCHEME.match(head) else ("", "", head)
    if colon and scheme.lower() not in _SPECIAL:
        return reference
    path = path.replace("\\", "/")
    # "https:page.html" is relative to an https page, and names a host elsewhere.
    if path.startswith("//") or (colon and scheme.lower() != urlsplit(base).scheme):
        host_and_path = path.lstrip("/")
        # "///C:/Users" is what Word makes of a link to its author's disk: no host is called C.
        if not host_and_path or _DRIVE.match(host_and_path):
            raise ValueError(reference)
        path, scheme, colon = f"//{host_and_path}", scheme or "https", ":"
    return f"{scheme}{colon}{path}{reference[len(head) :]}"


def _with_ascii_host(target: str) -> str:
    """*Target* with its host spelled as DNS knows it; a name in ASCII keeps its case.

    Raises:
        ValueError: It has no host, or one that cannot be.
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
    """The candidates of *srcset* with absolute addresses; None when none is left."""
    if len(srcset) > _MAX_SRCSET_CHARS:
        return None
    kept = [
        f"{address}{' ' + descriptor.strip() if descriptor else ''}"
        for found, descriptor in _CANDIDATE.findall(srcset)
        if (address := absolute(found.rstrip(","), base=base, schemes=FETCH_SCHEMES))
    ]
    return ", ".join(kept) or None
