"""Who asks for what is new alone (RFC 3229, with the instance manipulation ``feed``)."""

from collections.abc import Iterator
from itertools import islice

from service.http_rules.codings import MAX_ACCEPT_CHARS, read_weights
from service.http_rules.entity_tags import entity_tags, revision_of

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
