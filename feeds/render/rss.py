"""Writes RSS 2.0, following the RSS Advisory Board's Best Practices Profile."""

from html import escape

from feeds.model.edition import Entry, FeedHead, History
from feeds.model.feed import Format, Site
from feeds.model.release import Content, Enclosure, Release
from feeds.render.content import feed_body
from feeds.render.dates import entry_date, rfc3339
from feeds.render.feedgen_bridge import (
    Element,
    FeedEntry,
    FeedGenerator,
    add,
    as_cdata,
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
    add_rss_source,
    alternates,
    as_one_author,
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
    """Renders one ``<item>``; a retracted one has Atom's ``<at:deleted-entry>`` before it."""
    release, content = entry.release, entry.release.content
    main = main_enclosure(content.enclosures)

    def fill(made: FeedEntry) -> None:
        known = release.published_id
        made.guid(release.guid, permalink=known is not None and known.is_permalink)
        made.title(content.title)
        made.link(href=entry.page_at(site), rel="alternate")
        made.published(entry_date(content.published))
        # "The description must be suitable for presentation as HTML" (profile), and ours is
        # plain text. Without a summary feedgen puts the body into the description, where
        # readers that do not support content:encoded find it.
        made.description(escape(content.summary, quote=False), isSummary=True)
        made.content(feed_body(release) or None)
        # Without a domain: that "identifies a categorization taxonomy" (RSS 2.0) and is not for a
        # slug; and rss-parser returns an object for a text with attributes.
        made.category([{"term": each.slug, "label": each.title} for each in entry.categories])
        if main is not None:
            made.enclosure(main.url, main.length_bytes, main.media_type)

    def finish(element: Element) -> None:
        # Without a summary, the description is the body.
        as_cdata(element, _CONTENT if content.summary else "description")
        add_rss_source(element, content.details.source)
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

    return rss_item(fill, finish, beside=tombstone(release, release.guid))


def frame(head: FeedHead, site: Site) -> Frame:
    """Renders ``<rss>`` and ``<channel>`` around the items; all texts in them are plain.

    Source: RSS 2.0, "Required channel elements"; WebSub section 4 for ``self`` and ``hub``; RFC
    5005, appendix "Use in RSS", for the other links.
    """
    feed, page = head.feed, head.page_at(site)

    def fill(made: FeedGenerator) -> None:
        made.title(feed.title)
        made.link(href=page)  # The HTML page, never the feed.
        made.description(feed.description or feed.title)  # Required, and not empty.
        made.updated(head.updated)
        made.language(feed.language)
        made.copyright(site.rights or None)
        made.docs(SPECIFICATION)
        made.ttl(feed.ttl_minutes)
        if feed.cloud is not None and head.history is not History.ARCHIVE:
            cloud = feed.cloud
            # The HTTP protocol has no procedure name, but the attribute is required. Readers
            # recognise TLS by port 443: the specification has no other value for the protocol.
            made.cloud(cloud.domain, str(cloud.port), cloud.path, "", "http-post")
        made.image(site.logo or site.icon)  # title and link are the channel's
        if feed.author.email:
            made.managingEditor(f"{feed.author.email} ({feed.author.name})")

    def finish(channel: Element) -> None:
        # The feed's own address before its page: rss-parser takes the first link for its own.
        for link in head.links:
            media_type = None if link.rel == "hub" else Format.RSS.media_type
            add(channel, _ATOM_LINK, rel=link.rel, type=media_type, href=link.href)
        add(channel, _ATOM_LINK, rel="alternate", type="text/html", href=page)
        if head.history in HISTORY_NAMES:
            add(channel, f"{{{HISTORY_NAMESPACE}}}{HISTORY_NAMES[head.history]}")

    start = rss_head(fill, finish, has_history=head.history in HISTORY_NAMES)
    return Frame(head=start, between=b"\n", tail=b"\n</channel></rss>\n", root=b"<rss")


def _add_modules(element: Element, release: Release, site: Site) -> None:
    """Adds, in other namespaces, what RSS itself cannot express."""
    content = release.content
    element.set(XML_LANG, content.language)
    add(element, _DC_LANGUAGE, content.language)
    # RSS has no channel author that applies to all items, as Atom and JSON Feed have: rss2email
    # then invents a sender.
    author = as_one_author(content.authors) or site.author
    # <author> must be an e-mail address; a name alone is dc:creator (profile).
    add(element, _DC_CREATOR, author.name)
    if release.updated != content.published:
        add(element, _ATOM_UPDATED, rfc3339(entry_date(release.updated)))
    if content.details.rights:
        add(element, _DC_RIGHTS, content.details.rights)
    if content.url:
        add(element, _ATOM_LINK, rel="via", href=content.url)


def _add_episode(element: Element, content: Content, audio: Enclosure) -> None:
    """Adds what podcast clients look for to an item with audio, after all other elements.

    Its author is left out: dc:creator names the author, and readers that support both would count
    two. Source: Apple, "Podcast RSS feed requirements".
    """
    add(element, _PODCAST_TITLE, content.title)
    if audio.duration_s:
        add(element, _PODCAST_DURATION, str(audio.duration_s))


def _add_alternates(element: Element, entry: Entry, site: Site) -> None:
    # Its own page is included although <link> has it: some readers (SimplePie) use the first
    # atom:link before <link>.
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
