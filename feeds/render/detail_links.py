"""What of a release's details is a link, alike in Atom and, as ``atom:link``, in RSS."""

from feeds.model.release import Details
from feeds.render.feedgen_bridge import Element, add


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
