"""Tombstones in XML (RFC 6721), the same in Atom and, as a foreign element, in RSS."""

from collections.abc import Callable

from feeds.model.release import Release
from feeds.render.dates import rfc3339
from feeds.render.feedgen_bridge import Element, add
from feeds.render.stand_ins import TOMBSTONE, TOMBSTONE_COMMENT


def tombstone(release: Release) -> Callable[[Element], None] | None:
    """What puts the release's tombstone into a parent; None when it was not retracted.

    Who retracted it (``at:by``) is for ops and not said.
    """
    retraction = release.retraction
    if retraction is None:
        return None

    def put(parent: Element) -> None:
        add(parent, TOMBSTONE, ref=release.id, when=rfc3339(retraction.at))
        add(parent[-1], TOMBSTONE_COMMENT, retraction.reason)

    return put
