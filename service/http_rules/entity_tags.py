"""Entity tags (RFC 9110 section 8.8.3), and requests for what is new alone (RFC 3229)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from service.http_rules.negotiation import MAX_ACCEPT_CHARS, Coding, read_weights

# Entity tags (RFC 9110 section 8.8.3): ours, and what becomes of them on the way.

#: What servers and proxies append to the tag of a compressed representation: Apache ``-gzip``,
#: Jetty ``--gzip``, others ``;gzip``. Eternal 200s came of comparing without taking it off.
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate|df)$")
_QUOTED_TAG = re.compile(r'([Ww]/)?"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTag:
    """One entity tag as a client sent it."""

    opaque: str  #: without the quotes
    is_weak: bool


def strong_tag(revision: str, coding: Coding) -> str:
    """Return the strong entity tag of a revision, quoted.

    RFC 9110 8.8.3.3: each coding has its own, for its bytes are others.
    """
    return f'"{revision}"' if coding is Coding.IDENTITY else f'"{revision}-{coding}"'


def entity_tags(field: str) -> Iterator[EntityTag]:
    """Read a list of entity tags, in linear time. What is no tag is passed over.

    A field without any quotes is read as bare tags: some readers lose the quotes.
    """
    if '"' in field:
        for found in _QUOTED_TAG.finditer(field):
            yield EntityTag(opaque=found[2], is_weak=bool(found[1]))
    else:
        for bare in field.split(","):
            if bare.strip():
                yield EntityTag(opaque=bare.strip(), is_weak=True)


def revision_of(tag: EntityTag) -> str:
    """Return the tag's text without the suffix that tells a content coding."""
    return _CODING_SUFFIX.sub("", tag.opaque)


def names_exactly(field: str, etag: str) -> bool:
    """True when a list holds the strong tag *etag* itself (RFC 9110 8.8.3.2, strong comparison).

    Nothing is taken off here: a client that says "these bytes only" means the coding, too.
    """
    if etag not in field:  # most long lists end here, at the speed of a search for text
        return False
    return any(not tag.is_weak and f'"{tag.opaque}"' == etag for tag in entity_tags(field))


def names_revision(field: str, revision: str) -> bool:
    """True when a list names a revision in whatever coding.

    RFC 9110 13.1.2: "A recipient MUST use the weak comparison function".
    """
    if revision not in field:  # most long lists end here, at the speed of a search for text
        return False
    return any(revision_of(tag) == revision for tag in entity_tags(field))


# Who asks for what is new alone (RFC 3229, with the instance manipulation ``feed``).

#: The one manipulation that we have: a feed of the entries that are new or changed. It is a custom
#: of feed readers (Bob Wyman, 2004), in no RFC.
FEED_MANIPULATION = "feed"

#: A reader holds one document or two. So many tags of a list are looked up, and no more.
MAX_BASES = 8


def takes_feed_delta(a_im: str | None) -> bool:
    """True when ``A-IM`` names the manipulation ``feed`` (RFC 3229 section 10.5.3)."""
    if a_im is None or len(a_im) > MAX_ACCEPT_CHARS:
        return False
    return read_weights(a_im).get(FEED_MANIPULATION, 0.0) > 0


def bases(if_none_match: str | None) -> dict[str, str]:
    """The revisions that a client holds, each with its tag as the client wrote it, quoted."""
    if if_none_match is None:
        return {}
    return dict(islice(_tags(if_none_match), MAX_BASES))


def _tags(field: str) -> Iterator[tuple[str, str]]:
    for tag in entity_tags(field):
        yield revision_of(tag), f'"{tag.opaque}"'
