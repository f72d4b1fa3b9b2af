"""Entity tags (RFC 9110 section 8.8.3), and requests for feed deltas (RFC 3229)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from service.http_rules.negotiation import MAX_ACCEPT_CHARS, Coding, read_weights

# Entity tags (RFC 9110 section 8.8.3), and what proxies change in them.

#: Suffixes that servers and proxies append to the tag of a compressed representation: Apache
#: ``-gzip``, Jetty ``--gzip``, others ``;gzip``. A comparison that does not remove them answers
#: 200 every time.
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate|df)$")
_QUOTED_TAG = re.compile(r'([Ww]/)?"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTag:
    """One entity tag as a client sent it."""

    opaque: str  #: without the quotes
    is_weak: bool


def strong_tag(revision: str, coding: Coding) -> str:
    """Returns the strong entity tag of a revision, quoted.

    RFC 9110 8.8.3.3: each coding has its own tag, because its bytes differ.
    """
    return f'"{revision}"' if coding is Coding.IDENTITY else f'"{revision}-{coding}"'


def entity_tags(field: str) -> Iterator[EntityTag]:
    """Parses a list of entity tags, in linear time. Text that is not a tag is skipped.

    A field without any quotes is parsed as bare tags: some readers lose the quotes.
    """
    if '"' in field:
        for found in _QUOTED_TAG.finditer(field):
            yield EntityTag(opaque=found[2], is_weak=bool(found[1]))
    else:
        for bare in field.split(","):
            if bare.strip():
                yield EntityTag(opaque=bare.strip(), is_weak=True)


def revision_of(tag: EntityTag) -> str:
    """Returns the tag's text without the suffix of a content coding."""
    return _CODING_SUFFIX.sub("", tag.opaque)


def names_exactly(field: str, etag: str) -> bool:
    """Whether a list holds the strong tag *etag* itself (RFC 9110 8.8.3.2, strong comparison).

    The suffix of the coding counts: a client that asks for exactly these bytes means the coding,
    too.
    """
    if etag not in field:  # most long lists end here: a substring search is fast
        return False
    return any(not tag.is_weak and f'"{tag.opaque}"' == etag for tag in entity_tags(field))


def names_revision(field: str, revision: str) -> bool:
    """Whether a list names a revision in any coding.

    RFC 9110 13.1.2: "A recipient MUST use the weak comparison function".
    """
    if revision not in field:  # most long lists end here: a substring search is fast
        return False
    return any(revision_of(tag) == revision for tag in entity_tags(field))


# Requests for new entries only (RFC 3229, with the instance manipulation ``feed``).

#: The one supported manipulation: a feed of the entries that are new or changed. It is a
#: convention of feed readers (Bob Wyman, 2004), in no RFC.
FEED_MANIPULATION = "feed"

#: Number of tags of a list that are looked up. A reader holds one document or two.
MAX_HELD_REVISIONS = 8


def accepts_feed_delta(a_im: str | None) -> bool:
    """Whether ``A-IM`` names the manipulation ``feed`` (RFC 3229 section 10.5.3)."""
    if a_im is None or len(a_im) > MAX_ACCEPT_CHARS:
        return False
    return read_weights(a_im).get(FEED_MANIPULATION, 0.0) > 0


def held_revisions(if_none_match: str | None) -> dict[str, str]:
    """Returns the revisions that a client holds, each with its tag as sent, quoted."""
    if if_none_match is None:
        return {}
    tags = islice(entity_tags(if_none_match), MAX_HELD_REVISIONS)
    return {revision_of(tag): f'"{tag.opaque}"' for tag in tags}
