"""The one door to feedgen. What it does wrong as it comes ends here.

Seen in feedgen 1.0.0, each with the cure:

- Its dates switch the *process's* locale and back, unlocked: files that another thread opens
  meanwhile are read as ASCII. Its formatter is replaced when this module is imported.
- An Atom entry's links keep nothing but ``href``, and RSS loses every link but ``self``: all
  links are written by the *finish* functions of our formats.
- ``updated`` falls back to the clock: our formats always set it.
- Its generator text holds its version, so an upgrade would change every document: ours is fixed.
- One character that XML forbids kills the whole feed: we make entries one by one.
- Asked for CDATA, it writes ``type="CDATA"`` into Atom, which is no type: `in_cdata` makes it.

It takes two functions to write something: *fill* sets what feedgen does well through feedgen's
own methods, *finish* then completes the element that feedgen made. Objects of feedgen live only
inside one call, so any number of threads may render.
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
from feeds.render.namespaces import ALWAYS_IN_RSS, IN_SOME, OF_HISTORY

__all__ = [
    "Element",
    "FeedEntry",
    "FeedGenerator",
    "add",
    "atom_entry",
    "atom_head",
    "in_cdata",
    "plain",
    "replace",
    "rss_head",
    "rss_item",
]

#: The functions are feedgen's own imports of one another, hence three places.
for _module in (feedgen.util, feedgen.feed, feedgen.entry):
    _module.formatRFC2822 = rfc822

#: What fragments may use.
RSS_NAMESPACES = ALWAYS_IN_RSS | OF_HISTORY | IN_SOME
ATOM_NAMESPACES = OF_HISTORY | IN_SOME

#: feedgen writes its own declaration in single quotes; readers that sniff look for double ones.
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

GENERATOR = "Communiqué"

FillEntry = Callable[[FeedEntry], None]
FillFeed = Callable[[FeedGenerator], None]
Finish = Callable[[Element], None]


class _Finishing(BaseExtension):  # type: ignore[misc, unused-ignore]
    """The extension by which feedgen lets us complete a head."""

    def __init__(self, finish: Finish, namespaces: dict[str, str]) -> None:
        self._finish = finish
        self._namespaces = namespaces

    def extend_ns(self) -> dict[str, str]:
        """Say which namespaces the root declares."""
        return self._namespaces

    def extend_atom(self, feed: Element) -> Element:
        """Complete ``<feed>``, whose children have bare names, without a namespace."""
        self._finish(feed)
        return feed

    def extend_rss(self, feed: Element) -> Element:
        """Complete ``<channel>``, the one child of ``<rss>``."""
        self._finish(feed[0])
        return feed


def atom_entry(fill: FillEntry, finish: Finish, *, beside: Finish | None = None) -> bytes:
    """``<entry>…</entry>`` without namespace declarations; *finish* gets the entry.

    Args:
        fill: Sets what feedgen writes.
        finish: Completes the element.
        beside: Gets the parent, to put something before the entry.

    Raises:
        ValueError: A required field is empty, or a text holds what XML forbids.
    """
    made = FeedEntry()
    fill(made)
    entry = _fragment(made.atom_entry(), finish, root="feed", namespaces=ATOM_NAMESPACES)
    return _before(ATOM_NAMESPACES, beside) + entry


def rss_item(fill: FillEntry, finish: Finish, *, beside: Finish | None = None) -> bytes:
    """``<item>…</item>`` without namespace declarations; *finish* gets the item.

    Args:
        fill: Sets what feedgen writes.
        finish: Completes the element.
        beside: Gets the parent, to put something before the item.

    Raises:
        ValueError: A required field is empty, or a text holds what XML forbids.
    """
    made = FeedEntry()
    fill(made)
    item = _fragment(made.rss_entry(), finish, root="rss", namespaces=RSS_NAMESPACES)
    return _before(RSS_NAMESPACES, beside) + item


def atom_head(fill: FillFeed, finish: Finish, *, has_history: bool) -> bytes:
    """An Atom document up to its first entry; *finish* gets ``<feed>``.

    Args:
        fill: Sets what feedgen writes.
        finish: Completes the element.
        has_history: Whether *finish* uses the namespace of feed history.

    Raises:
        ValueError: A required field is empty, or a text holds what XML forbids.
    """
    made = _generator(fill, finish, namespaces=OF_HISTORY if has_history else {})
    return DECLARATION + _without_end(made.atom_str(xml_declaration=False), b"</feed>")


def rss_head(fill: FillFeed, finish: Finish, *, has_history: bool) -> bytes:
    """An RSS document up to its first item; *finish* gets ``<channel>``.

    Args:
        fill: Sets what feedgen writes.
        finish: Completes the element.
        has_history: Whether *finish* uses the namespace of feed history.

    Raises:
        ValueError: A required field is empty, or a text holds what XML forbids.
    """
    namespaces = ALWAYS_IN_RSS | OF_HISTORY if has_history else ALWAYS_IN_RSS
    made = _generator(fill, finish, namespaces=namespaces)
    return DECLARATION + _without_end(made.rss_str(xml_declaration=False), b"</channel></rss>")


def add(parent: Element, name: str, text: str | None = None, **attributes: str | None) -> Element:
    """Append a child to *parent*, with those *attributes* that are not None or empty."""
    child = etree.SubElement(parent, name)
    child.text = text
    for key, value in attributes.items():
        if value:
            child.set(key, value)
    return child


def replace(parent: Element, name: str, text: str) -> None:
    """Give the child *name* that feedgen made another text."""
    for child in parent.iterchildren(name):
        child.text = text


def in_cdata(parent: Element, *names: str) -> None:
    """Have the children *names*, whose text is HTML, written as CDATA.

    A text that CDATA cannot hold as it is stays as it was, and so is escaped: "]]>" would end it,
    and of a carriage return XML makes a line feed.
    """
    for child in parent.iterchildren(*names):
        text = child.text
        if text and "]]>" not in text and "\r" not in text:
            child.text = etree.CDATA(text)


def plain(parent: Element, *names: str) -> None:
    """Say of the children *names* that their text is plain (``type="text"``).

    It is what Atom takes for granted. But feedparser-rs and rss-to-json take a text without a type
    for HTML, and so a "<" in it for markup.
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


def _before(namespaces: dict[str, str], fill: Finish | None) -> bytes:
    """What *fill* puts into a parent that declares *namespaces*, without the parent."""
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
