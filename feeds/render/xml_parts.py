"""Parts that Atom and RSS have in common: authors, links, media, tombstones."""

from collections.abc import Callable, Sequence

from feeds.model.edition import Entry
from feeds.model.feed import Site
from feeds.model.release import Details, Enclosure, Person, Release, SourceFeed
from feeds.render.content import TOMBSTONE, TOMBSTONE_COMMENT
from feeds.render.dates import rfc3339
from feeds.render.feedgen_bridge import Element, add
from feeds.render.namespaces import MEDIA_NAMESPACE

# Authors, adapted to what readers of XML formats can handle.


def as_one_author(people: Sequence[Person]) -> Person | None:
    """Joins *people* to one author with all of their names; None if there are none.

    Tried with 126 entries with several authors in 23 libraries (docs/readers.md). With two author
    elements in Atom or RSS, nine show only the first or the last, npm's feedparser shows the
    feed's instead, XML::FeedPP rejects the document, and Python's feedparser gives the second
    author the first one's e-mail. With one author that has both names, none loses a name. That
    author has no address, since it would belong to one of them. Names are separated by semicolons
    if one of them contains a comma, as names of ministries do.
    """
    if len(people) < 2:
        return next(iter(people), None)
    names = [each.name for each in people]
    return Person(name=("; " if any("," in name for name in names) else ", ").join(names))


# Links from a release's details, the same in Atom and, as ``atom:link``, in RSS.


def add_detail_links(element: Element, name: str, details: Details) -> None:
    """Appends the related links and the licence to *element*, as links called *name*.

    Source: RFC 4287 section 4.2.7.2 for ``related``; RFC 4946 for ``license``.
    """
    for link in details.related:
        add(
            element,
            name,
            rel="related",
            type=link.media_type,
            hreflang=link.language,
            title=link.title,
            href=link.url,
        )
    if details.license:
        add(element, name, rel="license", href=details.license)


def add_atom_source(element: Element, source: SourceFeed | None) -> None:
    """Appends ``atom:source``: the head of the feed that an entry was first in.

    RFC 4287 section 4.2.11: those who carry entries of others "SHOULD include at least the required
    feed-level Metadata elements (atom:id, atom:title, and atom:updated)". An RSS feed has no id,
    but its address is one. JSON Feed has no field for it.
    """
    if source is None:
        return
    made = add(element, "source")
    if feed_id := source.id or source.url:
        add(made, "id", feed_id)
    add(made, "title", source.title, type="text")
    if source.updated is not None:
        add(made, "updated", rfc3339(source.updated))
    if source.url:
        add(made, "link", rel="self", href=source.url)
    if source.site_url:
        add(made, "link", rel="alternate", type=OWN_TYPE, href=source.site_url)


def add_rss_source(element: Element, source: SourceFeed | None) -> None:
    """Appends ``<source>``, whose ``url`` is required (RSS 2.0)."""
    if source is not None and source.url:
        add(element, "source", source.title, url=source.url)


# Media RSS 1.5.1 elements for files, the same in Atom and RSS: what the formats cannot express.
# Source: https://www.rssboard.org/media-rss.

#: "medium is the type of object". It is left out for all other types: a spreadsheet may be a
#: "document", an archive is not.
_IN_MEDIA_NAMESPACE = ("image", "audio", "video")


def main_enclosure(enclosures: Sequence[Enclosure]) -> Enclosure | None:
    """Returns the file for the single place in an item: the first audio file, or the first file.

    A podcast client takes the ``<enclosure>`` of an item for its episode, whatever its type.
    """
    audio_files = (each for each in enclosures if medium(each) == "audio")
    return next(audio_files, next(iter(enclosures), None))


def medium(enclosure: Enclosure) -> str | None:
    """Returns ``image``, ``audio`` or ``video``; None for everything else."""
    kind = enclosure.media_type.partition("/")[0]
    return kind if kind in _IN_MEDIA_NAMESPACE else None


def add_media(element: Element, enclosures: Sequence[Enclosure]) -> None:
    """Appends a ``media:content`` for each file, unless it would add nothing.

    They come last in an entry, where `feeds.render.namespaces` looks for them.

    They are not put into a ``media:group``, which "allows grouping of elements that are
    effectively the same content": ours are different files.
    """
    if not _needs_media_elements(enclosures):
        return
    for enclosure in enclosures:
        duration = None if enclosure.duration_s is None else str(enclosure.duration_s)
        content = add(
            element,
            _media("content"),
            url=enclosure.url,
            fileSize=str(enclosure.length_bytes),
            type=enclosure.media_type,
            medium=medium(enclosure),
            duration=duration,
        )
        if enclosure.title:
            add(content, _media("title"), enclosure.title, type="plain")
        if enclosure.alt:
            add(content, _media("description"), enclosure.alt, type="plain")
        if enclosure.thumbnail:
            add(content, _media("thumbnail"), url=enclosure.thumbnail)
        if enclosure.credit:
            add(content, _media("credit"), enclosure.credit)


def _needs_media_elements(enclosures: Sequence[Enclosure]) -> bool:
    return len(enclosures) > 1 or any(
        each.alt or each.credit or each.thumbnail or each.duration_s for each in enclosures
    )


def _media(name: str) -> str:
    return f"{{{MEDIA_NAMESPACE}}}{name}"


# Links to the pages of a release in all languages, adapted to what readers can handle.

OWN_TYPE = "text/html"

#: Equivalent by media type. feedparser, and all that is built on it, takes the *last* alternate of
#: the type ``text/html`` for the entry's link, whatever its language; others take the first. So the
#: entry's own page is the first of all, and the only one of the bare type.
OTHERS_TYPE = "text/html; charset=utf-8"

#: Language, address and media type of a page.
Alternate = tuple[str, str, str]


def alternates(entry: Entry, site: Site) -> list[Alternate]:
    """Returns the entry's page, then the page of each translation."""
    (language, page), *others = entry.pages(site)
    return [(language, page, OWN_TYPE), *((*other, OTHERS_TYPE) for other in others)]


def last_alternate(entry: Entry, site: Site) -> Alternate:
    """Returns the entry's page again, for readers that take the last link.

    newsboat, Liferea, RSS Guard and npm's feedparser take the last alternate, and feed2imap the
    last link of any kind. The type makes it differ from the first one: "atom:entry elements MUST
    NOT contain more than one atom:link element with a rel attribute value of "alternate" that has
    the same combination of type and hreflang attribute values" (RFC 4287 section 4.1.2).
    """
    return (entry.release.content.language, entry.page_at(site), OTHERS_TYPE)


# Tombstones in XML (RFC 6721), the same in Atom and, as a foreign element, in RSS.


def tombstone(release: Release, entry_id: str) -> Callable[[Element], None] | None:
    """Returns a function that adds the release's tombstone; None if it was not retracted.

    ``at:by``, who retracted it, is left out: it is for operators only.

    Args:
        release: The release.
        entry_id: The id of its entry in this format, by which readers find it.
    """
    retraction = release.retraction
    if retraction is None:
        return None

    def add_to(parent: Element) -> None:
        add(parent, TOMBSTONE, ref=entry_id, when=rfc3339(retraction.at))
        add(parent[-1], TOMBSTONE_COMMENT, retraction.reason)

    return add_to
