"""Atom 1.0 (RFC 4287), as a reader meets it."""

from collections import Counter

from feeds.render.checks.media import read_media
from feeds.render.checks.moments import rfc3339
from feeds.render.checks.reading import Reading, Said, Unreadable
from feeds.render.checks.tombstones import read_tombstones
from feeds.render.checks.xml import ATOM, Element, has_xml_base, named, root_of, text_of, texts


def read(document: bytes) -> Reading:
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
    return Reading(self_urls=_hrefs(root, "self"), feed=feed, entries=entries)


def _entry(element: Element, number: int) -> Said:
    said = _said(element, f"entry {number}")
    contents = named(element, "content", namespace=ATOM)
    if len(contents) > 1:
        said.require_one("content", len(contents))
    # 4.1.2: "[entries] that contain no child atom:content element MUST contain at least one
    # atom:link element with a rel attribute value of alternate."
    if not contents and not _hrefs(element, "alternate"):
        said.findings.append("has neither content nor an alternate link")
    for content in contents:
        _read_content(content, said)
    said.moments += [rfc3339(text) for text in texts(element, "published", namespace=ATOM)]
    # 4.1.2: "atom:entry elements MUST NOT contain more than one atom:rights element."
    rights = named(element, "rights", namespace=ATOM)
    if len(rights) > 1:
        said.require_one("rights", len(rights))
    read_media(element, said)
    return said


def _read_content(content: Element, said: Said) -> None:
    kind = content.get("type", "text")
    if kind == "html":
        said.bodies.append(text_of(content))
    # 4.1.3.1: text, html, xhtml, or a MIME type; "CDATA" is what feedgen writes.
    elif kind not in ("text", "xhtml") and "/" not in kind:
        said.findings.append(f"has content of type {kind!r}, which is none")


def _said(element: Element, place: str) -> Said:
    """What feeds and entries have alike."""
    said = Said(place=place, ids=texts(element, "id", namespace=ATOM))
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
