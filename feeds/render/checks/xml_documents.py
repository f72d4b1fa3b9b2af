"""Atom 1.0 and RSS 2.0 as a reader meets them, by a parser that forgives nothing."""

import re
from collections import Counter
from typing import Any

from lxml import etree

from feeds.render.checks.reading import ParsedEntry, ParsedFeed, Unreadable, rfc822, rfc3339

# XML documents, by a parser that forgives nothing and fetches nothing.

#: An element of lxml, which has no types of its own.
Element = Any

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
MEDIA = "http://search.yahoo.com/mrss/"
PODCAST = "http://www.itunes.com/dtds/podcast-1.0.dtd"
XML = "http://www.w3.org/XML/1998/namespace"

_ENCODING = re.compile(rb"""\A<\?xml[^>]*\bencoding=["']([^"']+)["']""")


def root_of(document: bytes) -> Element:
    """The root of a well-formed document in UTF-8.

    Raises:
        Unreadable: It is not well-formed, declares an encoding other than UTF-8, or has a
            document type: readers refuse those, or should.
    """
    declared = _ENCODING.match(document)
    if declared and declared[1].lower() != b"utf-8":
        raise Unreadable(f"declares the encoding {declared[1].decode('ascii', 'replace')}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=False, encoding="utf-8"
    )
    try:
        root: Element = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"is not well-formed: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("has a document type declaration")
    return root


def named(element: Element, *names: str, namespace: str = "") -> list[Element]:
    """The children of these names, in their order."""
    prefix = f"{{{namespace}}}" if namespace else ""
    return [child for name in names for child in element.findall(f"{prefix}{name}")]


def text_of(element: Element) -> str:
    """All text of an element, without white space around it."""
    return "".join(element.itertext()).strip()


def texts(element: Element, *names: str, namespace: str = "") -> list[str]:
    """The texts of the children of these names."""
    return [text_of(child) for child in named(element, *names, namespace=namespace)]


def has_xml_base(root: Element) -> bool:
    """True when some address is relative to something that many readers do not look at."""
    return any(f"{{{XML}}}base" in element.attrib for element in root.iter(etree.Element))


# Media RSS and podcast elements of an entry, as a reader meets them in Atom and RSS.

#: Apple, "Podcast RSS feed requirements": seconds, or a clock.
_DURATION = re.compile(r"[0-9]+|(?:[0-9]+:)?[0-9]{1,2}:[0-9]{2}")


def read_media(entry: Element, said: ParsedEntry) -> None:
    """Add to *said* what the media elements of *entry* say, and which of their rules are broken."""
    contents = named(entry, "content", namespace=MEDIA)
    for group in named(entry, "group", namespace=MEDIA):
        contents += named(group, "content", namespace=MEDIA)
    for content in contents:
        _read_media_content(content, said)
    _read_parts(entry, said)
    said.findings += [
        f"has the duration {text[:40]!r}, which is none"
        for text in texts(entry, "duration", namespace=PODCAST)
        if not _DURATION.fullmatch(text)
    ]


def _read_media_content(content: Element, said: ParsedEntry) -> None:
    # Media RSS: "url [...] If not included, a <media:player> element must be specified."
    if content.get("url"):
        said.addresses.append(content.get("url"))
    elif not named(content, "player", namespace=MEDIA):
        said.findings.append("has a media:content without url")
    said.findings += [
        f"has a media:content whose {name} is {content.get(name)[:40]!r}"
        for name in ("fileSize", "duration")
        if content.get(name) is not None and not content.get(name).isdecimal()
    ]
    _read_parts(content, said)


def _read_parts(element: Element, said: ParsedEntry) -> None:
    said.addresses += [
        thumbnail.get("url", "") for thumbnail in named(element, "thumbnail", namespace=MEDIA)
    ]
    for text in named(element, "title", "description", namespace=MEDIA):
        kind = text.get("type", "plain")
        if kind not in ("plain", "html"):
            said.findings.append(f"has a media text of type {kind[:40]!r}, which is none")
        elif kind == "html":
            said.bodies.append(text_of(text))


# Tombstones (RFC 6721), in a feed or a channel.

TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def read_tombstones(parent: Element, said: ParsedEntry) -> None:
    """Note what is wrong with the tombstones in *parent*, of which *said* tells.

    Source: RFC 6721 section 3: both "ref" and "when" MUST be there, the latter a date of Atom.
    """
    for tombstone in named(parent, "deleted-entry", namespace=TOMBSTONES):
        if not tombstone.get("ref"):
            said.findings.append("has a tombstone without ref")
        said.moments.append(rfc3339(tombstone.get("when", "")))
        comments = named(tombstone, "comment", namespace=TOMBSTONES)
        if len(comments) > 1:
            said.require_one("comment of a tombstone", len(comments))


# Atom 1.0 (RFC 4287), as a reader meets it.


def read_atom(document: bytes) -> ParsedFeed:
    """Read a document.

    Raises:
        Unreadable: It is not well-formed, or no Atom feed.
    """
    root = root_of(document)
    if root.tag != f"{{{ATOM}}}feed":
        raise Unreadable(f"is no Atom feed: its root is {root.tag}")
    feed = _said(root, "feed")
    read_tombstones(root, feed)
    elements = named(root, "entry", namespace=ATOM)
    entries = [_entry(element, number) for number, element in enumerate(elements, 1)]
    # RFC 4287 4.1.1: an author in the feed, "unless all of the [...] entry elements" have one.
    if not named(root, "author", namespace=ATOM):
        for element, said in zip(elements, entries, strict=True):
            if not named(element, "author", namespace=ATOM):
                said.findings.append("has no author, and the feed has none either")
    if has_xml_base(root):
        feed.findings.append("uses xml:base, which many readers do not look at")
    return ParsedFeed(self_urls=_hrefs(root, "self"), feed=feed, entries=entries)


def _entry(element: Element, number: int) -> ParsedEntry:
    said = _said(element, f"entry {number}")
    contents = named(element, "content", namespace=ATOM)
    if len(contents) > 1:
        said.require_one("content", len(contents))
    # 4.1.2: "[entries] that contain no child atom:content element MUST contain at least one
    # atom:link element with a rel attribute value of alternate."
    if not contents and not _hrefs(element, "alternate"):
        said.findings.append("has neither content nor an alternate link")
    for content in contents:
        _read_atom_content(content, said)
    said.moments += [rfc3339(text) for text in texts(element, "published", namespace=ATOM)]
    # 4.1.2: "atom:entry elements MUST NOT contain more than one atom:rights element."
    rights = named(element, "rights", namespace=ATOM)
    if len(rights) > 1:
        said.require_one("rights", len(rights))
    read_media(element, said)
    return said


def _read_atom_content(content: Element, said: ParsedEntry) -> None:
    kind = content.get("type", "text")
    if kind == "html":
        said.bodies.append(text_of(content))
    # 4.1.3.1: text, html, xhtml, or a MIME type; "CDATA" is what feedgen writes.
    elif kind not in ("text", "xhtml") and "/" not in kind:
        said.findings.append(f"has content of type {kind!r}, which is none")


def _said(element: Element, place: str) -> ParsedEntry:
    """What feeds and entries have alike."""
    said = ParsedEntry(place=place, ids=texts(element, "id", namespace=ATOM))
    for name in ("id", "title", "updated"):
        said.require_one(name, len(named(element, name, namespace=ATOM)))
    said.moments = [rfc3339(text) for text in texts(element, "updated", namespace=ATOM)]
    said.addresses = [link.get("href", "") for link in named(element, "link", namespace=ATOM)]
    said.addresses += texts(element, "icon", "logo", namespace=ATOM)
    # 4.2.6: an atom:id "MUST be an IRI".
    said.findings += [
        f"has the id {each!r}, which is no IRI" for each in said.ids if ":" not in each
    ]
    for (kind, language), count in _alternates(element).items():
        if count > 1:
            which = " ".join(filter(None, (kind, language)))
            said.findings.append(f"has {count} alternate links of one kind ({which})")
    return said


def _alternates(element: Element) -> Counter[tuple[str, str]]:
    """How many alternate links there are of each type and language (4.1.1: one at the most)."""
    return Counter(
        (link.get("type", ""), link.get("hreflang", ""))
        for link in named(element, "link", namespace=ATOM)
        if link.get("rel", "alternate") == "alternate"
    )


def _hrefs(element: Element, rel: str) -> list[str]:
    links = named(element, "link", namespace=ATOM)
    return [link.get("href", "") for link in links if link.get("rel", "alternate") == rel]


# RSS 2.0 with the RSS Advisory Board's profile, as a reader meets it.

_PORT = re.compile("[1-9][0-9]{0,4}")
_MAX_PORT = 65_535
_CLOUD_PROTOCOLS = frozenset({"xml-rpc", "soap", "http-post"})


def read_rss(document: bytes) -> ParsedFeed:
    """Read a document.

    Raises:
        Unreadable: It is not well-formed, or no RSS 2.0.
    """
    root = root_of(document)
    channels = named(root, "channel")
    if root.tag != "rss" or root.get("version") != "2.0" or len(channels) != 1:
        raise Unreadable(f"is no RSS 2.0 with one channel: its root is {root.tag}")
    [channel] = channels
    feed = _channel(channel)
    read_tombstones(channel, feed)
    if has_xml_base(root):
        feed.findings.append("uses xml:base, which many readers do not look at")
    items = enumerate(named(channel, "item"), 1)
    return ParsedFeed(
        self_urls=[
            link.get("href", "")
            for link in named(channel, "link", namespace=ATOM)
            if link.get("rel") == "self"
        ],
        feed=feed,
        entries=[_item(item, number) for number, item in items],
    )


def _channel(channel: Element) -> ParsedEntry:
    said = ParsedEntry(place="feed", addresses=_addresses(channel))
    for name in ("title", "link", "description"):
        said.require_one(name, len(named(channel, name)))
    said.moments = [rfc822(text) for text in texts(channel, "lastBuildDate", "pubDate")]
    _check_clouds(channel, said)
    for image in named(channel, "image"):
        said.addresses += texts(image, "url", "link")
    return said


def _check_clouds(channel: Element, said: ParsedEntry) -> None:
    """RSS 2.0, "<cloud> sub-element of <channel>"; rssCloud readers put an address together."""
    clouds = named(channel, "cloud")
    if len(clouds) > 1:
        said.require_one("cloud", len(clouds))
    for cloud in clouds:
        for name in ("domain", "port", "path", "registerProcedure", "protocol"):
            if cloud.get(name) is None:
                said.findings.append(f"has a cloud without {name}")
        if _PORT.fullmatch(port := cloud.get("port", "80")) is None or int(port) > _MAX_PORT:
            said.findings.append(f"has a cloud at port {port!r}, which is none")
        if not cloud.get("path", "/").startswith("/"):
            said.findings.append("has a cloud whose path does not begin with a slash")
        if (protocol := cloud.get("protocol", "soap")) not in _CLOUD_PROTOCOLS:
            said.findings.append(f"has a cloud of the protocol {protocol!r}, which readers lack")


def _item(item: Element, number: int) -> ParsedEntry:
    said = ParsedEntry(place=f"entry {number}", addresses=_addresses(item), ids=texts(item, "guid"))
    # RSS leaves both out of what must be; readers cannot do without them.
    said.require_one("guid", len(said.ids))
    said.require_one("pubDate", len(named(item, "pubDate")))
    if not named(item, "title", "description"):
        said.findings.append("has neither title nor description")
    said.addresses += [
        guid.text or "" for guid in named(item, "guid") if guid.get("isPermaLink") != "false"
    ]
    said.moments = [rfc822(text) for text in texts(item, "pubDate")]
    said.moments += [rfc3339(text) for text in texts(item, "updated", namespace=ATOM)]
    said.bodies = [*texts(item, "description"), *texts(item, "encoded", namespace=CONTENT)]
    _check_enclosures(item, said)
    read_media(item, said)
    # "An item's author element provides the e-mail address of the person who wrote it" (profile).
    said.findings += [
        f"has the author {author!r}, which is no e-mail address"
        for author in texts(item, "author")
        if "@" not in author
    ]
    return said


def _check_enclosures(item: Element, said: ParsedEntry) -> None:
    enclosures = named(item, "enclosure")
    if len(enclosures) > 1:
        # "A publisher should not include more than one enclosure in an item" (profile).
        said.require_one("enclosure", len(enclosures))
    for enclosure in enclosures:
        for name in ("url", "length", "type"):
            if not enclosure.get(name):
                said.findings.append(f"has an enclosure without {name}")
        said.addresses.append(enclosure.get("url", ""))


def _addresses(element: Element) -> list[str]:
    links = named(element, "link", namespace=ATOM)
    return [*texts(element, "link"), *(link.get("href", "") for link in links)]
