"""XML documents, by a parser that forgives nothing and fetches nothing."""

import re
from typing import Any

from lxml import etree

from feeds.render.checks.reading import Unreadable

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
