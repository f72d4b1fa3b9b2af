"""RSS 2.0, as the RSS Advisory Board's Best Practices Profile wants it."""

from html import escape

from feeds.model.edition import Entry, FeedHead, History
from feeds.model.feed import Format, Site
from feeds.model.release import Content, Enclosure, Release
from feeds.render.content import in_feeds
from feeds.render.dates import of_entry, rfc3339
from feeds.render.feedgen_bridge import (
    Element,
    FeedEntry,
    FeedGenerator,
    add,
    in_cdata,
    rss_head,
    rss_item,
)
from feeds.render.frame import HISTORY_NAMES, Frame
from feeds.render.namespaces import (
    ATOM_NAMESPACE,
    CONTENT_NAMESPACE,
    DC_NAMESPACE,
    HISTORY_NAMESPACE,
    PODCAST_NAMESPACE,
    XML_LANG,
)
from feeds.render.xml_parts import (
    add_detail_links,
    add_media,
    alternates,
    in_one,
    main_enclosure,
    medium,
    tombstone,
)

SPECIFICATION = "https://www.rssboard.org/rss-specification"

_ATOM_LINK = f"{{{ATOM_NAMESPACE}}}link"
_ATOM_UPDATED = f"{{{ATOM_NAMESPACE}}}updated"
_CONTENT = f"{{{CONTENT_NAMESPACE}}}encoded"
_DC_CREATOR = f"{{{DC_NAMESPACE}}}creator"
_DC_LANGUAGE = f"{{{DC_NAMESPACE}}}language"
_DC_RIGHTS = f"{{{DC_NAMESPACE}}}rights"
_PODCAST_TITLE = f"{{{PODCAST_NAMESPACE}}}title"
_PODCAST_DURATION = f"{{{PODCAST_NAMESPACE}}}duration"


def fragment(entry: Entry, site: Site) -> bytes:
    """One ``<item>``; before a retracted one, Atom's ``<at:deleted-entry>``."""
    release, content = entry.release, entry.release.content
    main = main_enclosure(content.enclosures)

    def fill(made: FeedEntry) -> None:
        made.id(release.id)  # <guid isPermaLink="false">
        made.title(content.title)
        made.link(href=entry.page_at(site), rel="alternate")
        made.published(of_entry(content.published))
        # "The description must be suitable for presentation as HTML" (profile), and ours is
        # plain text. Without a summary feedgen puts the body into the description, where
        # readers that know nothing of content:encoded find it.
        made.description(escape(content.summary, quote=False), isSummary=True)
        made.content(in_feeds(release) or None)
        # Without a domain: that "identifies a categorization taxonomy" (RSS 2.0) and is no place
        # for a slug; and rss-parser gives an object for a text that has attributes.
        made.category([{"term": each.slug, "label": each.title} for each in entry.categories])
        if main is not None:
            made.enclosure(main.url, main.length_bytes, main.media_type)

    def finish(element: Element) -> None:
        # With no summary, the description is the body.
        in_cdata(element, _CONTENT if content.summary else "description")
        _add_modules(element, release, site)
        if release.translations:
            _add_alternates(element, entry, site)
        # "A publisher should not include more than one enclosure in an item" (profile).
        for enclosure in content.enclosures:
            if enclosure is not main:
                _add_enclosure_link(element, enclosure)
        add_detail_links(element, _ATOM_LINK, content.details)
        add_media(element, content.enclosures)
        if main is not None and medium(main) == "audio":
            _add_episode(element, content, main)

    return rss_item(fill, finish, beside=tombstone(release))


def frame(head: FeedHead, site: Site) -> Frame:
    """``<rss>`` and ``<channel>`` around the items; everything in them is plain text.

    Source: RSS 2.0, "Required channel elements"; WebSub section 4 for ``self`` and ``hub``; RFC
    5005, appendix "Use in RSS", for the rest of the links.
    """
    feed, page = head.feed, site.feed_page(head.feed.slug)

    def fill(made: FeedGenerator) -> None:
        made.title(feed.title)
        made.link(href=page)  # The page for a person, never the feed.
        made.description(feed.description or feed.title)  # It must be there, and not empty.
        made.updated(head.updated)
        made.language(feed.language)
        made.copyright(site.rights or None)
        made.docs(SPECIFICATION)
        made.ttl(feed.ttl_minutes)
        if feed.cloud is not None and head.history is not History.ARCHIVE:
            cloud = feed.cloud
            # No procedure is called by name over HTTP, but the attribute has to be there. Readers
            # tell TLS by port 443: the specification has no other word for the protocol.
            made.cloud(cloud.domain, str(cloud.port), cloud.path, "", "http-post")
        made.image(site.logo or site.icon)  # title and link: the channel's
        if feed.author.email:
            made.managingEditor(f"{feed.author.email} ({feed.author.name})")

    def finish(channel: Element) -> None:
        # The feed's own address before its page: rss-parser takes the first link for it.
        for link in head.links:
            media_type = None if link.rel == "hub" else Format.RSS.media_type
            add(channel, _ATOM_LINK, rel=link.rel, type=media_type, href=link.href)
        add(channel, _ATOM_LINK, rel="alternate", type="text/html", href=page)
        if head.history in HISTORY_NAMES:
            add(channel, f"{{{HISTORY_NAMESPACE}}}{HISTORY_NAMES[head.history]}")

    start = rss_head(fill, finish, has_history=head.history in HISTORY_NAMES)
    return Frame(head=start, between=b"\n", tail=b"\n</channel></rss>\n", root=b"<rss")


def _add_modules(element: Element, release: Release, site: Site) -> None:
    """Say in other namespaces what RSS itself cannot."""
    content = release.content
    element.set(XML_LANG, content.language)
    add(element, _DC_LANGUAGE, content.language)
    # RSS has no author of a channel for all of its items, as Atom and JSON Feed have: rss2email
    # then makes a sender up.
    author = in_one(content.authors) or site.author
    # <author> must be an e-mail address; a name alone is dc:creator (profile).
    add(element, _DC_CREATOR, author.name)
    if release.updated != content.published:
        add(element, _ATOM_UPDATED, rfc3339(of_entry(release.updated)))
    if content.details.rights:
        add(element, _DC_RIGHTS, content.details.rights)
    if content.url:
        add(element, _ATOM_LINK, rel="via", href=content.url)


def _add_episode(element: Element, content: Content, sound: Enclosure) -> None:
    """Say of an item with sound what podcast clients look for, after all else.

    Its author is left out: dc:creator says it, and readers that know both would count two.
    Source: Apple, "Podcast RSS feed requirements".
    """
    add(element, _PODCAST_TITLE, content.title)
    if sound.duration_s:
        add(element, _PODCAST_DURATION, str(sound.duration_s))


def _add_alternates(element: Element, entry: Entry, site: Site) -> None:
    # Its own page is among them, though <link> has it already: some (SimplePie) take the first
    # atom:link before they look at <link>.
    for language, page, media_type in alternates(entry, site):
        add(
            element,
            _ATOM_LINK,
            rel="alternate",
            type=media_type,
            hreflang=language,
            href=page,
        )


def _add_enclosure_link(element: Element, enclosure: Enclosure) -> None:
    add(
        element,
        _ATOM_LINK,
        rel="enclosure",
        type=enclosure.media_type,
        length=str(enclosure.length_bytes),
        title=enclosure.title,
        href=enclosure.url,
    )
