"""The ``Link`` header field (RFC 8288 section 3)."""

from collections.abc import Sequence
from urllib.parse import quote

from feeds.model.feed import Link

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
