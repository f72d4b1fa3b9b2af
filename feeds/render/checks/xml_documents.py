"""Parses Atom 1.0 and RSS 2.0 strictly, for the checks."""

import re
from collections import Counter
from typing import Any

from lxml import etree

from feeds.render.checks.reading import ParsedEntry, ParsedFeed, Unreadable, rfc822, rfc3339

# XML documents, parsed strictly and without network access.

#: An element of lxml, which is untyped.
Element = Any

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
MEDIA = "http://search.yahoo.com/mrss/"
PODCAST = "http://www.itunes.com/dtds/podcast-1.0.dtd"
XML = "http://www.w3.org/XML/1998/namespace"

_ENCODING = re.compile(rb"""\A<\?xml[^>]*\bencoding=["']([^"']+)["']""")


def root_of(document: bytes) -> Element:
    """Parses a well-formed document in UTF-8 and returns its root.

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
    """Returns the children of these names: all of the first name, then of the next."""
    prefix = f"{{{namespace}}}" if namespace else ""
    return [child for name in names for child in element.findall(f"{prefix}{name}")]


def text_of(element: Element) -> str:
    """Returns all text of an element, without surrounding white space."""
    return "".join(element.itertext()).strip()


def texts(element: Element, *names: str, namespace: str = "") -> list[str]:
    """Returns the texts of the children of these names."""
    return [text_of(child) for child in named(element, *names, namespace=namespace)]


def has_xml_base(root: Element) -> bool:
    """Whether an element has ``xml:base``, which many readers ignore when they resolve links."""
    return any(f"{{{XML}}}base" in element.attrib for element in root.iter(etree.Element))


# Media RSS and podcast elements of an entry, in Atom and RSS.

#: Apple, "Podcast RSS feed requirements": seconds, or hours, minutes and seconds.
_DURATION = re.compile(r"[0-9]+|(?:[0-9]+:)?[0-9]{1,2}:[0-9]{2}")


def read_media(entry: Element, parsed: ParsedEntry) -> None:
    """Adds the contents of the media elements of *entry* to *parsed*, with their faults."""
    contents = named(entry, "content", namespace=MEDIA)
    for group in named(entry, "group", namespace=MEDIA):
        contents += named(group, "content", namespace=MEDIA)
    for content in contents:
        _read_media_content(content, parsed)
    _read_parts(entry, parsed)
    parsed.findings += [
        f"has the duration {text[:40]!r}, which is not valid"
        for text in texts(entry, "duration", namespace=PODCAST)
        if not _DURATION.fullmatch(text)
    ]


def _read_media_content(content: Element, parsed: ParsedEntry) -> None:
    # Media RSS: "url [...] If not included, a <media:player> element must be specified."
    if content.get("url"):
        parsed.addresses.append(content.get("url"))
    elif not named(content, "player", namespace=MEDIA):
        parsed.findings.append("has a media:content without url")
    parsed.findings += [
        f"has a media:content whose {name} is {content.get(name)[:40]!r}"
        for name in ("fileSize", "duration")
        if content.get(name) is not None and not content.get(name).isdecimal()
    ]
    _read_parts(content, parsed)


def _read_parts(element: Element, parsed: ParsedEntry) -> None:
    parsed.addresses += [
        thumbnail.get("url", "") for thumbnail in named(element, "thumbnail", namespace=MEDIA)
    ]
    for text in named(element, "title", "description", namespace=MEDIA):
        kind = text.get("type", "plain")
        if kind not in ("plain", "html"):
            parsed.findings.append(f"has a media text of type {kind[:40]!r}, which is not valid")
        elif kind == "html":
            parsed.bodies.append(text_of(text))


# Tombstones (RFC 6721) in a feed or a channel.

TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def read_tombstones(parent: Element, parsed: ParsedEntry) -> None:
    """Adds faults and dates of the tombstones in *parent* to *parsed*.

    Source: RFC 6721 section 3: both "ref" and "when" MUST be there, the latter a date of Atom.
    """
    for tombstone in named(parent, "deleted-entry", namespace=TOMBSTONES):
        if not tombstone.get("ref"):
            parsed.findings.append("has a tombstone without ref")
        parsed.moments.append(rfc3339(tombstone.get("when", "")))
        comments = named(tombstone, "comment", namespace=TOMBSTONES)
        if len(comments) > 1:
            parsed.require_one("comment of a tombstone", len(comments))


# Atom 1.0 (RFC 4287).


def read_atom(document: bytes) -> ParsedFeed:
    """Parses a document.

    Raises:
        Unreadable: It is not well-formed, or not an Atom feed.
    """
    root = root_of(document)
    if root.tag != f"{{{ATOM}}}feed":
        raise Unreadable(f"is not an Atom feed: its root is {root.tag}")
    feed = _common_elements(root, "feed")
    read_tombstones(root, feed)
    elements = named(root, "entry", namespace=ATOM)
    entries = [_entry(element, number) for number, element in enumerate(elements, 1)]
    # RFC 4287 4.1.1: an author in the feed, "unless all of the [...] entry elements" have one.
    if not named(root, "author", namespace=ATOM):
        for element, parsed in zip(elements, entries, strict=True):
            if not named(element, "author", namespace=ATOM):
                parsed.findings.append("has no author, and the feed has none either")
    if has_xml_base(root):
        feed.findings.append("uses xml:base, which many readers do not look at")
    return ParsedFeed(self_urls=_hrefs(root, "self"), feed=feed, entries=entries)


def _entry(element: Element, number: int) -> ParsedEntry:
    parsed = _common_elements(element, f"entry {number}")
    contents = named(element, "content", namespace=ATOM)
    if len(contents) > 1:
        parsed.require_one("content", len(contents))
    # 4.1.2: "[entries] that contain no child atom:content element MUST contain at least one
    # atom:link element with a rel attribute value of alternate."
    if not contents and not _hrefs(element, "alternate"):
        parsed.findings.append("has neither content nor an alternate link")
    for content in contents:
        _read_atom_content(content, parsed)
    parsed.moments += [rfc3339(text) for text in texts(element, "published", namespace=ATOM)]
    # 4.1.2: "atom:entry elements MUST NOT contain more than one atom:rights element."
    rights = named(element, "rights", namespace=ATOM)
    if len(rights) > 1:
        parsed.require_one("rights", len(rights))
    read_media(element, parsed)
    return parsed


def _read_atom_content(content: Element, parsed: ParsedEntry) -> None:
    kind = content.get("type", "text")
    if kind == "html":
        parsed.bodies.append(text_of(content))
    # 4.1.3.1: text, html, xhtml, or a MIME type; "CDATA" is what feedgen writes.
    elif kind not in ("text", "xhtml") and "/" not in kind:
        parsed.findings.append(f"has content of type {kind!r}, which is not valid")


def _common_elements(element: Element, place: str) -> ParsedEntry:
    """Reads the elements that feeds and entries have in common."""
    parsed = ParsedEntry(place=place, ids=texts(element, "id", namespace=ATOM))
    for name in ("id", "title", "updated"):
        parsed.require_one(name, len(named(element, name, namespace=ATOM)))
    parsed.moments = [rfc3339(text) for text in texts(element, "updated", namespace=ATOM)]
    parsed.addresses = [link.get("href", "") for link in named(element, "link", namespace=ATOM)]
    parsed.addresses += texts(element, "icon", "logo", namespace=ATOM)
    # 4.2.6: an atom:id "MUST be an IRI".
    parsed.findings += [
        f"has the id {each!r}, which is not an IRI" for each in parsed.ids if ":" not in each
    ]
    for (kind, language), count in _alternates(element).items():
        if count > 1:
            which = " ".join(filter(None, (kind, language)))
            parsed.findings.append(f"has {count} alternate links of one kind ({which})")
    return parsed


def _alternates(element: Element) -> Counter[tuple[str, str]]:
    """Counts the alternate links of each type and language (4.1.1: at most one)."""
    return Counter(
        (link.get("type", ""), link.get("hreflang", ""))
        for link in named(element, "link", namespace=ATOM)
        if link.get("rel", "alternate") == "alternate"
    )


def _hrefs(element: Element, rel: str) -> list[str]:
    links = named(element, "link", namespace=ATOM)
    return [link.get("href", "") for link in links if link.get("rel", "alternate") == rel]


# RSS 2.0 with the RSS Advisory Board's profile.

_PORT = re.compile("[1-9][0-9]{0,4}")
_MAX_PORT = 65_535
_CLOUD_PROTOCOLS = frozenset({"xml-rpc", "soap", "http-post"})


def read_rss(document: bytes) -> ParsedFeed:
    """Parses a document.

    Raises:
        Unreadable: It is not well-formed, or not RSS 2.0.
    """
    root = root_of(document)
    channels = named(root, "channel")
    if root.tag != "rss" or root.get("version") != "2.0" or len(channels) != 1:
        raise Unreadable(f"is not RSS 2.0 with one channel: its root is {root.tag}")
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
    parsed = ParsedEntry(place="feed", addresses=_addresses(channel))
    for name in ("title", "link", "description"):
        parsed.require_one(name, len(named(channel, name)))
    parsed.moments = [rfc822(text) for text in texts(channel, "lastBuildDate", "pubDate")]
    _check_clouds(channel, parsed)
    for image in named(channel, "image"):
        parsed.addresses += texts(image, "url", "link")
    return parsed


def _check_clouds(channel: Element, parsed: ParsedEntry) -> None:
    """Checks RSS 2.0, "<cloud> sub-element of <channel>", from which readers build an address."""
    clouds = named(channel, "cloud")
    if len(clouds) > 1:
        parsed.require_one("cloud", len(clouds))
    for cloud in clouds:
        for name in ("domain", "port", "path", "registerProcedure", "protocol"):
            if cloud.get(name) is None:
                parsed.findings.append(f"has a cloud without {name}")
        if _PORT.fullmatch(port := cloud.get("port", "80")) is None or int(port) > _MAX_PORT:
            parsed.findings.append(f"has a cloud at port {port!r}, which is not valid")
        if not cloud.get("path", "/").startswith("/"):
            parsed.findings.append("has a cloud whose path does not begin with a slash")
        if (protocol := cloud.get("protocol", "soap")) not in _CLOUD_PROTOCOLS:
            parsed.findings.append(
                f"has a cloud of the protocol {protocol!r}, which readers do not support"
            )


def _item(item: Element, number: int) -> ParsedEntry:
    parsed = ParsedEntry(
        place=f"entry {number}", addresses=_addresses(item), ids=texts(item, "guid")
    )
    # RSS requires neither; readers cannot do without them.
    parsed.require_one("guid", len(parsed.ids))
    parsed.require_one("pubDate", len(named(item, "pubDate")))
    if not named(item, "title", "description"):
        parsed.findings.append("has neither title nor description")
    parsed.addresses += [
        guid.text or "" for guid in named(item, "guid") if guid.get("isPermaLink") != "false"
    ]
    parsed.moments = [rfc822(text) for text in texts(item, "pubDate")]
    parsed.moments += [rfc3339(text) for text in texts(item, "updated", namespace=ATOM)]
    parsed.bodies = [*texts(item, "description"), *texts(item, "encoded", namespace=CONTENT)]
    _check_enclosures(item, parsed)
    read_media(item, parsed)
    # "An item's author element provides the e-mail address of the person who wrote it" (profile).
    parsed.findings += [
        f"has the author {author!r}, which is not an e-mail address"
        for author in texts(item, "author")
        if "@" not in author
    ]
    return parsed


def _check_enclosures(item: Element, parsed: ParsedEntry) -> None:
    enclosures = named(item, "enclosure")
    if len(enclosures) > 1:
        # "A publisher should not include more than one enclosure in an item" (profile).
        parsed.require_one("enclosure", len(enclosures))
    for enclosure in enclosures:
        for name in ("url", "length", "type"):
            if not enclosure.get(name):
                parsed.findings.append(f"has an enclosure without {name}")
        parsed.addresses.append(enclosure.get("url", ""))


def _addresses(element: Element) -> list[str]:
    links = named(element, "link", namespace=ATOM)
    return [*texts(element, "link"), *(link.get("href", "") for link in links)]
