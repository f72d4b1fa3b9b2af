"""Writes Atom 1.0 (RFC 4287)."""

from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Format, Site
from feeds.model.release import Person
from feeds.render.content import feed_body
from feeds.render.dates import entry_date, rfc3339
from feeds.render.feedgen_bridge import (
    Element,
    FeedEntry,
    FeedGenerator,
    add,
    as_cdata,
    atom_entry,
    atom_head,
    mark_plain,
    replace,
)
from feeds.render.frame import HISTORY_NAMES, Frame
from feeds.render.namespaces import HISTORY_NAMESPACE, XML_LANG
from feeds.render.xml_parts import (
    Alternate,
    add_atom_source,
    add_detail_links,
    add_media,
    alternates,
    as_one_author,
    last_alternate,
    tombstone,
)


def fragment(entry: Entry, site: Site) -> bytes:
    """Renders one ``<entry>``.

    Source: RFC 4287 section 4.1.2. The body is ``type="html"``, as CDATA. A
    retracted release has ``<at:deleted-entry>`` before it (RFC 6721).
    """
    release, content = entry.release, entry.release.content

    def fill(made: FeedEntry) -> None:
        made.id(release.atom_id)
        made.title(content.title)
        made.updated(release.updated)
        made.published(content.published)
        made.content(feed_body(release), type="html")
        made.summary(content.summary or None)
        # An entry without an author has the feed's (section 4.2.1).
        author = as_one_author(content.authors)
        made.author(None if author is None else _person(author))
        # No scheme: it would be a URL on our host, and change when the host does.
        made.category([{"term": each.slug, "label": each.title} for each in entry.categories])

    def finish(element: Element) -> None:
        element.set(XML_LANG, content.language)
        replace(element, "updated", rfc3339(entry_date(release.updated)))
        replace(element, "published", rfc3339(entry_date(content.published)))
        as_cdata(element, "content")
        _add_links(element, entry, site)
        if content.details.rights:
            add(element, "rights", content.details.rights)
        mark_plain(element, "title", "summary", "rights")
        add_atom_source(element, content.details.source)
        add_media(element, content.enclosures)

    return atom_entry(fill, finish, beside=tombstone(release, release.atom_id))


def frame(head: FeedHead, site: Site) -> Frame:
    """Renders ``<feed>`` around the entries.

    Source: RFC 4287 section 4.1.1; WebSub section 4 for ``self`` and ``hub``; RFC 5005 for
    ``fh:complete``, ``fh:archive`` and the links between the documents of a feed.
    """
    feed = head.feed

    def fill(made: FeedGenerator) -> None:
        made.id(head.id)
        made.title(feed.title)
        made.subtitle(feed.description or None)
        made.updated(head.updated)
        made.language(feed.language)
        made.author(_person(feed.author))
        made.rights(site.rights or None)
        made.icon(site.icon)
        made.logo(site.logo)

    def finish(element: Element) -> None:
        replace(element, "updated", rfc3339(head.updated))
        page = head.page_at(site)
        add(element, "link", rel="alternate", type="text/html", href=page)
        for link in head.links:
            media_type = None if link.rel == "hub" else Format.ATOM.media_type
            add(element, "link", rel=link.rel, type=media_type, href=link.href)
        if head.history in HISTORY_NAMES:
            add(element, f"{{{HISTORY_NAMESPACE}}}{HISTORY_NAMES[head.history]}")
        mark_plain(element, "title", "subtitle", "rights")

    start = atom_head(fill, finish, has_history=head.history in HISTORY_NAMES)
    return Frame(head=start, between=b"\n", tail=b"\n</feed>\n", root=b"<feed")


def _add_links(element: Element, entry: Entry, site: Site) -> None:
    content, before = entry.release.content, len(element)
    for alternate in alternates(entry, site):
        _add_alternate(element, alternate)
    if content.url:
        add(element, "link", rel="via", href=content.url)
    for enclosure in content.enclosures:
        add(
            element,
            "link",
            rel="enclosure",
            type=enclosure.media_type,
            length=str(enclosure.length_bytes),
            title=enclosure.title,
            href=enclosure.url,
        )
    add_detail_links(element, "link", content.details)
    if len(element) - before > 1:
        _add_alternate(element, last_alternate(entry, site))


def _add_alternate(element: Element, alternate: Alternate) -> None:
    language, page, media_type = alternate
    add(element, "link", rel="alternate", type=media_type, hreflang=language, href=page)


def _person(person: Person) -> dict[str, str | None]:
    return {"name": person.name, "email": person.email, "uri": person.uri}
