"""What Atom and RSS write alike: authors, links, media, tombstones."""

from collections.abc import Callable, Sequence

from feeds.model.edition import Entry
from feeds.model.feed import Site
from feeds.model.release import Details, Enclosure, Person, Release
from feeds.render.content import TOMBSTONE, TOMBSTONE_COMMENT
from feeds.render.dates import rfc3339
from feeds.render.feedgen_bridge import Element, add
from feeds.render.namespaces import MEDIA_NAMESPACE

# Authors, as readers of XML formats bear them.


def in_one(people: Sequence[Person]) -> Person | None:
    """*People* as one author, with all of their names; None if there are none.

    Tried with 126 entries that have several authors, in 23 libraries (docs/readers.md). Of two
    authors by themselves, in Atom or RSS, nine show the first or the last one alone, npm's
    feedparser shows the feed's instead, XML::FeedPP refuses the document, and Python's feedparser
    gives the second the first one's e-mail. Of one author with both names, none loses a name. The
    one has no address then: it would be that of one of them. Semicolons stand between names of
    which one holds a comma, as those of ministries do.
    """
    if len(people) < 2:
        return next(iter(people), None)
    names = [each.name for each in people]
    return Person(name=("; " if any("," in name for name in names) else ", ").join(names))


# What of a release's details is a link, alike in Atom and, as ``atom:link``, in RSS.


def add_detail_links(element: Element, name: str, details: Details) -> None:
    """Append the related links and the licence to *element*, as links called *name*.

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


# Files of a release beyond what Atom and RSS say of them: Media RSS 1.5.1, alike in both.
#
# Source: https://www.rssboard.org/media-rss.

#: "medium is the type of object". For what is none of these it is left out: a spreadsheet may be
#: a "document", an archive is none.
_IN_MEDIA_NAMESPACE = ("image", "audio", "video")


def main_enclosure(enclosures: Sequence[Enclosure]) -> Enclosure | None:
    """The one file that stands where there is room for one: the first sound, else the first file.

    A podcast client takes the ``<enclosure>`` of an item for its episode, whatever it is.
    """
    sounds = (each for each in enclosures if medium(each) == "audio")
    return next(sounds, next(iter(enclosures), None))


def medium(enclosure: Enclosure) -> str | None:
    """``image``, ``audio`` or ``video``; None for everything else."""
    kind = enclosure.media_type.partition("/")[0]
    return kind if kind in _IN_MEDIA_NAMESPACE else None


def add_media(element: Element, enclosures: Sequence[Enclosure]) -> None:
    """Append a ``media:content`` for each file, unless there is nothing that it would add.

    They come last in an entry: `feeds.render.namespaces` looks for them there.

    They are never put into a ``media:group``, which "allows grouping of elements that are
    effectively the same content": ours are different files.
    """
    if not _is_worth_it(enclosures):
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


def _is_worth_it(enclosures: Sequence[Enclosure]) -> bool:
    return len(enclosures) > 1 or any(
        each.alt or each.credit or each.thumbnail or each.duration_s for each in enclosures
    )


def _media(name: str) -> str:
    return f"{{{MEDIA_NAMESPACE}}}{name}"


# Links to the pages of a release in its languages, as readers of XML formats bear them.

OWN_TYPE = "text/html"

#: The same to whoever knows media types. feedparser, and all that is built on it, takes the *last*
#: alternate of the type ``text/html`` for the entry's link, whatever its language; others take the
#: first one. So the entry's own page is the first of all, and the only one of that bare type.
OTHERS_TYPE = "text/html; charset=utf-8"

#: Language, address and media type of a page.
Alternate = tuple[str, str, str]


def alternates(entry: Entry, site: Site) -> list[Alternate]:
    """The entry's page, then each translation's."""
    (language, page), *others = entry.pages(site)
    return [(language, page, OWN_TYPE), *((*other, OTHERS_TYPE) for other in others)]


def last_alternate(entry: Entry, site: Site) -> Alternate:
    """The entry's page once more, for readers who take the last link that there is.

    They are newsboat, Liferea, RSS Guard and npm's feedparser, which take the last alternate, and
    feed2imap, which takes the last link whatever it is. The type keeps it another link than the
    first one: "atom:entry elements MUST NOT contain more than one atom:link element with a rel
    attribute value of "alternate" that has the same combination of type and hreflang attribute
    values" (RFC 4287 section 4.1.2).
    """
    return (entry.release.content.language, entry.page_at(site), OTHERS_TYPE)


# Tombstones in XML (RFC 6721), the same in Atom and, as a foreign element, in RSS.


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
