"""Cleans up what other systems leave in exported bodies: wrappers, escapes, foreign elements."""

import html
import re
from collections.abc import Collection

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.elements import BLOCKS, OUR_ID, Losses, excerpt, has_prefix, is_loose
from feeds.ingest.nesting import check_nesting

# CDATA sections, escaped markup, shortcodes, and XML of Word.

#: One escape by a system that writes HTML as text, and one by each further system.
MAX_ESCAPES = 3

_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_BLOCK_NAMES = "p|div|h[1-6]|ul|ol|table|section|article|blockquote|figure"
#: A text that begins and ends with the tags of a block element.
_ESCAPED_BODY = re.compile(
    rf"\s*<(?:{_BLOCK_NAMES})(?:\s[^<>]*)?>.*</(?:{_BLOCK_NAMES})>\s*\Z", re.DOTALL | re.IGNORECASE
)
#: Text that probably contains an escaped tag.
_ESCAPED_TAG = re.compile(rf"</(?:{_BLOCK_NAMES}|b|strong|em|i|a|li|span)>|<br ?/?>", re.IGNORECASE)
#: Elements in which tags are quoted as text.
_QUOTING = frozenset({"code", "pre", "kbd", "samp", "tt", "var"})
#: Shortcodes, which WordPress replaces in a page, but not in an export.
_SHORTCODE = re.compile(
    r"\[(?:caption|gallery|embed|audio|video|playlist|vc_\w+|et_pb_\w+|fusion_\w+)[ \]][^\[\]]*\]?"
)


def without_cdata(source: str, losses: Losses) -> str:
    """Returns *source* without CDATA marks, which an HTML parser reads as broken comments."""
    is_wrapped = _CDATA in source
    # After a tag the end mark is the rest of a section; after a word it may be meant as text.
    if not is_wrapped and not source.rstrip().endswith(f">{_CDATA_END}"):
        return source
    losses.add("removed remains of an XML export", "CDATA")
    if not is_wrapped:
        return source.rstrip().removesuffix(_CDATA_END)
    # In CDATA, an end mark in the text is split over two sections.
    return source.replace("]]]]><![CDATA[>", "]]&gt;").replace(_CDATA, "").replace(_CDATA_END, "")


def unescaped(root: Node, losses: Losses) -> tuple[Node, str | None]:
    """Returns a body that was escaped as text, parsed as elements.

    Returns:
        The body, and the source that it was parsed from; *root* and None if it was not escaped.

    Raises:
        DocumentRefused: The body would cost too much to parse.
    """
    if any(node.tag != TEXT for node in tree.children(root)):
        return root, None
    written = tree.text_of(root)
    for _ in range(MAX_ESCAPES):
        if _ESCAPED_BODY.match(written):
            losses.add("was escaped twice; the second escape was undone", excerpt(written))
            check_nesting(written)
            return tree.parse(written), written
        written = html.unescape(written)
    return root, None


def warn_of_leftovers(root: Node, source: str, losses: Losses) -> None:
    """Warns of text that was probably meant as markup. It stays, because this is uncertain."""
    if not any(sign in source for sign in ("&lt;/", "&lt;br")) and not _SHORTCODE.search(source):
        return
    for node in tree.walk(root):
        if node.tag == TEXT:
            _warn_of_text(node, losses)


def _warn_of_text(node: Node, losses: Losses) -> None:
    text = tree.text_of(node)
    if "<" in text and _ESCAPED_TAG.search(text) and not _is_quoted(node):
        losses.add("holds what looks like a tag, and is kept as text", excerpt(text))
    found = _SHORTCODE.search(text) if "[" in text else None
    if found and not _is_quoted(node):
        losses.add("holds what looks like a shortcode, and is kept as text", excerpt(found[0]))


def _is_quoted(node: Node) -> bool:
    return any(above.tag in _QUOTING for above in tree.ancestors(node))


def remove_foreign_xml(root: Node) -> None:
    """Removes settings of Word: ``<xml>``, ``<w:…>``.

    An unclosed ``<xml>`` contains all of the following text. It is then unwrapped, and only Word's
    own elements are removed.
    """
    for node in tree.find(root, "xml"):
        if any(not has_prefix(inner.tag or "") for inner in tree.find(node, "*")):
            tree.unwrap(node)
        else:
            tree.remove(node)
    for node in tree.find(root, "*"):
        if (node.tag or "").startswith("w:"):
            tree.remove(node)


# Elements without a meaning of their own: they are unwrapped, and their words stay separate.

#: Old names of lists.
_LISTS = "menu,dir"


def unwrap_unknown(root: Node, known: Collection[str]) -> None:
    """Replaces elements that are not *known* with their content.

    A block that contains words directly becomes a ``<div>``, so that its words do not join others.
    """
    for node in tree.find(root, "*"):
        if node.tag in known:
            continue
        if node.tag in BLOCKS and _holds_words(node):
            tree.rename(node, "div")
            continue
        if anchor := tree.attribute(node, "id"):
            tree.insert_before(node, tree.new(node, "span", {"id": anchor}))
        tree.unwrap(node)


def _holds_words(node: Node) -> bool:
    return any(child.tag not in BLOCKS and not is_loose(child) for child in tree.children(node))


def rename_old_lists(root: Node) -> None:
    """Renames ``<menu>`` and ``<dir>`` to ``<ul>``."""
    for node in tree.find(root, _LISTS):
        tree.rename(node, "ul")


def unwrap_bare(root: Node) -> None:
    """Unwraps each ``<span>`` without meaning: editors put one around every second word."""
    for node in tree.find(root, "span"):
        attributes = tree.attributes(node)
        if not (
            attributes.keys() & {"lang", "dir", "title"} or OUR_ID.match(attributes.get("id", ""))
        ):
            tree.unwrap(node)
