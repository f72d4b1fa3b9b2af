"""Links to the pages of a release in other languages, as readers of XML formats bear them."""

from feeds.model.edition import Entry
from feeds.model.feed import Site

OWN_TYPE = "text/html"

#: The same to whoever knows media types. feedparser, and all that is built on it, takes the *last*
#: alternate of the type ``text/html`` for the entry's link, whatever its language; others take the
#: first one. So the entry's own page is the first of all, and the only one of that bare type.
OTHERS_TYPE = "text/html; charset=utf-8"


def alternates(entry: Entry, site: Site) -> list[tuple[str, str, str]]:
    """Language, address and media type of the entry's page, then of each translation's."""
    (language, page), *others = entry.pages(site)
    return [(language, page, OWN_TYPE), *((*other, OTHERS_TYPE) for other in others)]
