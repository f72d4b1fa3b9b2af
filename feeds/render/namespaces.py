"""The XML namespaces of documents, and which of them a document has to declare.

Fragments declare none, to save space; the root of the document does. Namespaces that nearly every
document uses are always declared. Rare ones are declared only where they are used: feedjira takes
every feed that declares ``itunes`` for a podcast, and validators warn of unknown names.
"""

from collections.abc import Sequence

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_NAMESPACE = "http://purl.org/rss/1.0/modules/content/"
DC_NAMESPACE = "http://purl.org/dc/elements/1.1/"
HISTORY_NAMESPACE = "http://purl.org/syndication/history/1.0"
#: The slash at the end is needed: readers do not recognise the name without it.
MEDIA_NAMESPACE = "http://search.yahoo.com/mrss/"
PODCAST_NAMESPACE = "http://www.itunes.com/dtds/podcast-1.0.dtd"
#: RFC 6721 section 3.
TOMBSTONE_NAMESPACE = "http://purl.org/atompub/tombstones/1.0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

#: Declared in each RSS document. In Atom documents Atom's own is the default namespace.
ALWAYS_IN_RSS = {"atom": ATOM_NAMESPACE, "content": CONTENT_NAMESPACE, "dc": DC_NAMESPACE}

#: Declared in documents that contain a whole feed, or an archive of it.
HISTORY_NAMESPACES = {"fh": HISTORY_NAMESPACE}

#: Declared in documents with an entry that uses it.
OPTIONAL_NAMESPACES = {
    "at": TOMBSTONE_NAMESPACE,
    "itunes": PODCAST_NAMESPACE,
    "media": MEDIA_NAMESPACE,
}

#: How elements of the two namespaces begin or end.
_MEDIA = (b"<media:", b"</media:")
_PODCAST = (b"<itunes:", b"</itunes:")

#: Length of ``</entry>``. ``</item>`` is one byte shorter, and that byte is no "<" either.
_END_TAG = len(b"</entry>")


def used_by(entries: Sequence[bytes]) -> set[str]:
    """Returns the prefixes of media and podcast elements in *entries* without tombstones.

    It reads only the end of each entry, where these elements are: searching whole documents would
    take longer than assembling them.
    """
    prefixes = set()
    for entry in entries:
        last = entry.rfind(b"<", 0, -_END_TAG)
        if entry.startswith(_MEDIA, last):
            prefixes.add("media")
        elif entry.startswith(_PODCAST, last):
            prefixes.add("itunes")
            if b"<media:" in entry:
                prefixes.add("media")
    return prefixes


def declarations(prefixes: set[str]) -> bytes:
    """Returns the declarations of these optional prefixes for the start tag of a root."""
    return b"".join(
        f' xmlns:{each}="{OPTIONAL_NAMESPACES[each]}"'.encode() for each in sorted(prefixes)
    )
