"""Links to the pages of a release in its languages, as readers of XML formats bear them."""

from feeds.model.edition import Entry
from feeds.model.feed import Site

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
