"""Tombstones (RFC 6721), in a feed or a channel."""

from feeds.render.checks.moments import rfc3339
from feeds.render.checks.reading import Said
from feeds.render.checks.xml import Element, named

TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def read_tombstones(parent: Element, said: Said) -> None:
    """Note what is wrong with the tombstones in *parent*, of which *said* tells.

    Source: RFC 6721 section 3: both "ref" and "when" MUST be there, the latter a date of Atom.
    """
    for tombstone in named(parent, "deleted-entry", namespace=TOMBSTONES):
        if not tombstone.get("ref"):
            said.findings.append("has a tombstone without ref")
        said.moments.append(rfc3339(tombstone.get("when", "")))
        comments = named(tombstone, "comment", namespace=TOMBSTONES)
        if len(comments) > 1:
            said.require_one("comment of a tombstone", len(comments))
