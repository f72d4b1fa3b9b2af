"""The XML namespaces of our documents, and which of them a document has to declare.

A fragment declares nothing, so that it takes no room for it; the root of its document does. What
nearly every document uses is always declared. What few use is declared where it is used: feedjira
takes whatever declares ``itunes`` for a podcast, and validators warn of names that they do not
know.
"""

from collections.abc import Sequence

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_NAMESPACE = "http://purl.org/rss/1.0/modules/content/"
DC_NAMESPACE = "http://purl.org/dc/elements/1.1/"
HISTORY_NAMESPACE = "http://purl.org/syndication/history/1.0"
#: "with slash": without it, no reader knows it.
MEDIA_NAMESPACE = "http://search.yahoo.com/mrss/"
PODCAST_NAMESPACE = "http://www.itunes.com/dtds/podcast-1.0.dtd"
#: RFC 6721 section 3.
TOMBSTONE_NAMESPACE = "http://purl.org/atompub/tombstones/1.0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

#: Declared by each RSS document. Atom's own is the default namespace there.
ALWAYS_IN_RSS = {"atom": ATOM_NAMESPACE, "content": CONTENT_NAMESPACE, "dc": DC_NAMESPACE}

#: Declared by documents that are the whole of a feed, or an archive of it.
OF_HISTORY = {"fh": HISTORY_NAMESPACE}

#: Declared by documents with an entry that uses it.
IN_SOME = {"at": TOMBSTONE_NAMESPACE, "itunes": PODCAST_NAMESPACE, "media": MEDIA_NAMESPACE}

#: How their elements begin or end.
_MEDIA = (b"<media:", b"</media:")
_PODCAST = (b"<itunes:", b"</itunes:")

#: Of an entry, ``</entry>``. An item's is shorter by a sign, which is no "<" either.
_END_TAG = len(b"</entry>")


def used_by(entries: Sequence[bytes]) -> set[str]:
    """The prefixes of media and podcast elements that *entries* use, without their tombstones.

    It is read off the end of each entry, where these elements stand: to search a whole document
    would take longer than to assemble it.
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
    """What declares those of `IN_SOME` in the start tag of a root."""
    return b"".join(f' xmlns:{each}="{IN_SOME[each]}"'.encode() for each in sorted(prefixes))
