"""The only module that uses feedgen; it corrects feedgen's faults.

Faults seen in feedgen 1.0.0, with the correction of each:

- Formatting dates switches the *process's* locale and back without a lock: files that other threads
  open in the meantime are read as ASCII. Importing this module replaces the formatter.
- Links of Atom entries keep only ``href``, and RSS loses every link except ``self``: the *finish*
  functions of our formats write all links.
- ``updated`` defaults to the current time: our formats always set it.
- The generator text contains feedgen's version, so an upgrade would change every document: ours is
  constant.
- One character that XML forbids breaks the whole feed: entries are rendered one by one.
- For CDATA it writes the invalid ``type="CDATA"`` into Atom: `as_cdata` does it instead.

Rendering takes two functions: *fill* sets what feedgen does well, through feedgen's own methods;
*finish* then completes the element that feedgen made. Objects of feedgen live only inside one call,
so any number of threads may render.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import feedgen.entry
import feedgen.feed
import feedgen.util
from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree
from lxml.etree import _Element as Element

from feeds.render.dates import rfc822
from feeds.render.namespaces import ALWAYS_IN_RSS, HISTORY_NAMESPACES, OPTIONAL_NAMESPACES

__all__ = [
    "Element",
    "FeedEntry",
    "FeedGenerator",
    "add",
    "as_cdata",
    "atom_entry",
    "atom_head",
    "mark_plain",
    "replace",
    "rss_head",
    "rss_item",
]

#: feedgen's modules import the function by name from one another, hence three places.
for _module in (feedgen.util, feedgen.feed, feedgen.entry):
    _module.formatRFC2822 = rfc822

#: Namespaces that fragments may use.
RSS_NAMESPACES = ALWAYS_IN_RSS | HISTORY_NAMESPACES | OPTIONAL_NAMESPACES
ATOM_NAMESPACES = HISTORY_NAMESPACES | OPTIONAL_NAMESPACES

#: feedgen writes the declaration with single quotes; readers that sniff expect double quotes.
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

GENERATOR = "Communiqué"

FillEntry = Callable[[FeedEntry], None]
FillFeed = Callable[[FeedGenerator], None]
Finish = Callable[[Element], None]


class _Finishing(BaseExtension):  # type: ignore[misc, unused-ignore]
    """A feedgen extension that completes the head of a document."""

    def __init__(self, finish: Finish, namespaces: dict[str, str]) -> None:
        self._finish = finish
        self._namespaces = namespaces

    def extend_ns(self) -> dict[str, str]:
        """Returns the namespaces that the root declares."""
        return self._namespaces

    def extend_atom(self, feed: Element) -> Element:
        """Completes ``<feed>``, whose children have no namespace yet."""
        self._finish(feed)
        return feed

    def extend_rss(self, feed: Element) -> Element:
        """Completes ``<channel>``, the only child of ``<rss>``."""
        self._finish(feed[0])
        return feed


def atom_entry(fill: FillEntry, finish: Finish, *, beside: Finish | None = None) -> bytes:
    """Renders ``<entry>…</entry>`` without namespace declarations.

    Args:
        fill: Sets the fields that feedgen writes.
        finish: Completes the ``<entry>`` element.
        beside: Adds elements before the entry; receives their parent.

    Raises:
        ValueError: A required field is empty, or a text contains characters that XML forbids.
    """
    made = FeedEntry()
    fill(made)
    entry = _fragment(made.atom_entry(), finish, root="feed", namespaces=ATOM_NAMESPACES)
    return _siblings_before(ATOM_NAMESPACES, beside) + entry


def rss_item(fill: FillEntry, finish: Finish, *, beside: Finish | None = None) -> bytes:
    """Renders ``<item>…</item>`` without namespace declarations.

    Args:
        fill: Sets the fields that feedgen writes.
        finish: Completes the ``<item>`` element.
        beside: Adds elements before the item; receives their parent.

    Raises:
        ValueError: A required field is empty, or a text contains characters that XML forbids.
    """
    made = FeedEntry()
    fill(made)
    item = _fragment(made.rss_entry(), finish, root="rss", namespaces=RSS_NAMESPACES)
    return _siblings_before(RSS_NAMESPACES, beside) + item


def atom_head(fill: FillFeed, finish: Finish, *, has_history: bool) -> bytes:
    """Renders an Atom document up to its first entry.

    Args:
        fill: Sets the fields that feedgen writes.
        finish: Completes the ``<feed>`` element.
        has_history: Whether *finish* uses the namespace of feed history.

    Raises:
        ValueError: A required field is empty, or a text contains characters that XML forbids.
    """
    made = _generator(fill, finish, namespaces=HISTORY_NAMESPACES if has_history else {})
    return DECLARATION + _without_end(made.atom_str(xml_declaration=False), b"</feed>")


def rss_head(fill: FillFeed, finish: Finish, *, has_history: bool) -> bytes:
    """Renders an RSS document up to its first item.

    Args:
        fill: Sets the fields that feedgen writes.
        finish: Completes the ``<channel>`` element.
        has_history: Whether *finish* uses the namespace of feed history.

    Raises:
        ValueError: A required field is empty, or a text contains characters that XML forbids.
    """
    namespaces = ALWAYS_IN_RSS | HISTORY_NAMESPACES if has_history else ALWAYS_IN_RSS
    made = _generator(fill, finish, namespaces=namespaces)
    return DECLARATION + _without_end(made.rss_str(xml_declaration=False), b"</channel></rss>")


def add(parent: Element, name: str, text: str | None = None, **attributes: str | None) -> Element:
    """Appends a child to *parent*, with those *attributes* that are neither None nor empty."""
    child = etree.SubElement(parent, name)
    child.text = text
    for key, value in attributes.items():
        if value:
            child.set(key, value)
    return child


def replace(parent: Element, name: str, text: str) -> None:
    """Replaces the text of the child *name* that feedgen wrote."""
    for child in parent.iterchildren(name):
        child.text = text


def as_cdata(parent: Element, *names: str) -> None:
    """Writes the children *names*, whose text is HTML, as CDATA.

    A text that CDATA cannot represent stays escaped: "]]>" would end it, and XML turns a carriage
    return into a line feed.
    """
    for child in parent.iterchildren(*names):
        text = child.text
        if text and "]]>" not in text and "\r" not in text:
            child.text = etree.CDATA(text)


def mark_plain(parent: Element, *names: str) -> None:
    """Marks the text of the children *names* as plain (``type="text"``).

    That is Atom's default. But feedparser-rs and rss-to-json take a text without a type for HTML,
    and a "<" in it for markup.
    """
    for child in parent.iterchildren(*names):
        child.set("type", "text")


def _fragment(entry: Element, finish: Finish, *, root: str, namespaces: dict[str, str]) -> bytes:
    # Under a root that declares the prefixes, lxml does not repeat the declarations.
    parent = etree.Element(root, nsmap=namespaces)
    parent.append(entry)
    finish(entry)
    document = _bytes(parent)
    return document[document.index(b">") + 1 : document.rindex(b"</")]


def _generator(fill: FillFeed, finish: Finish, *, namespaces: dict[str, str]) -> FeedGenerator:
    made = FeedGenerator()
    made.generator(GENERATOR)
    made.register_extension("communique", partial(_Finishing, finish, namespaces))
    fill(made)
    return made


def _siblings_before(namespaces: dict[str, str], fill: Finish | None) -> bytes:
    """Renders what *fill* adds to a parent that declares *namespaces*, without the parent."""
    if fill is None:
        return b""
    parent = etree.Element("parent", nsmap=namespaces)
    fill(parent)
    document = _bytes(parent)
    return document[document.index(b">") + 1 : document.rindex(b"</parent>")] + b"\n"


def _bytes(element: Element) -> bytes:
    written: Any = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return bytes(written)


def _without_end(document: bytes, end: bytes) -> bytes:
    if not document.endswith(end):
        raise ValueError(f"feedgen's document does not end with {end!r}")
    return document[: -len(end)]
