"""Ids that releases had before they came here, as readers of their old feeds know them."""

import re
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

#: RFC 3987 section 2.2: a scheme, then characters that an IRI may have, with whole escapes.
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    r"(?:[^\x00-\x20\x7f-\xa0<>\"{}|\\^`%#]|%[0-9A-Fa-f]{2})+"
    r"(?:\#(?:[^\x00-\x20\x7f-\xa0<>\"{}|\\^`%#]|%[0-9A-Fa-f]{2})*)?"
)
#: Longer ids are replaced: an index of PostgreSQL takes no longer text (2,704 bytes with its head).
MAX_ID_BYTES = 2_600
_WEB_ADDRESS = re.compile("https?://[^/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedId:
    """The id under which readers know a release that was public before it came here.

    It is decided once and never corrected: readers take an entry with another id for a new one.
    """

    value: str  #: RSS ``guid`` and JSON Feed ``id``, byte for byte
    iri: str  #: ``atom:id``, which has to be an IRI: the value, or what stands for it in Atom
    is_permalink: bool = False  #: ``isPermaLink`` of the guid


def known_as(value: str, *, source_key: str, is_permalink: bool | None = None) -> PublishedId:
    """Returns the ids in each format of a release that readers know under one id.

    Args:
        value: The id as readers have it. It need not be an IRI: RSS and JSON Feed allow any text.
        source_key: The key of its document. In Atom, an id derived from it stands for a value that
            is no IRI, the same one each time; and in all formats for one longer than
            `MAX_ID_BYTES`.
        is_permalink: ``isPermaLink`` as the old feed stated it; None if it did not, which means
            true (RSS 2.0, "<guid> sub-element of <item>"). What is no web address is not one.
    """
    if len(value.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        return stand_in_for(source_key)
    is_iri = _IRI.fullmatch(value) is not None
    is_link = _WEB_ADDRESS.match(value) is not None and is_iri
    return PublishedId(
        value=value,
        iri=value if is_iri else stand_in_for(source_key).iri,
        is_permalink=is_link and is_permalink is not False,
    )


def stand_in_for(source_key: str) -> PublishedId:
    """Returns the id of a release whose own id belongs to another release here already.

    Exports of test installations all say ``http://localhost/?p=1``, and no two entries of a feed
    may have one id.
    """
    minted = uuid5(NAMESPACE_URL, source_key).urn
    return PublishedId(value=minted, iri=minted)
