"""What other systems leave in exported bodies: wrappers, escapes, foreign vocabularies."""

import html
import re
from collections.abc import Collection

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.elements import BLOCKS, OUR_ID, Losses, excerpt, has_prefix, is_loose
from feeds.ingest.nesting import check_nesting

# What systems leave in the bodies that they export: wrappings, escapes, other vocabularies.

#: One by a system that writes HTML as text, another one by each system behind it.
MAX_ESCAPES = 3

_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_BLOCK_NAMES = "p|div|h[1-6]|ul|ol|table|section|article|blockquote|figure"
#: Text that begins and ends as a document does.
_ESCAPED_BODY = re.compile(
    rf"\s*<(?:{_BLOCK_NAMES})(?:\s[^<>]*)?>.*</(?:{_BLOCK_NAMES})>\s*\Z", re.DOTALL | re.IGNORECASE
)
#: Text in which somebody may have meant a tag.
_ESCAPED_TAG = re.compile(rf"</(?:{_BLOCK_NAMES}|b|strong|em|i|a|li|span)>|<br ?/?>", re.IGNORECASE)
#: Where tags are written about.
_QUOTING = frozenset({"code", "pre", "kbd", "samp", "tt", "var"})
#: What WordPress replaces when it shows a post, and leaves as it is when it exports one.
_SHORTCODE = re.compile(
    r"\[(?:caption|gallery|embed|audio|video|playlist|vc_\w+|et_pb_\w+|fusion_\w+)[ \]][^\[\]]*\]?"
)


def without_cdata(source: str, losses: Losses) -> str:
    """*Source* without the section marks of XML: to a parser of HTML they are half a comment."""
    is_wrapped = _CDATA in source
    # Behind a tag it is the rest of a section; behind a word somebody may have meant it.
    if not is_wrapped and not source.rstrip().endswith(f">{_CDATA_END}"):
        return source
    losses.add("removed what an export to XML left", "CDATA")
    if not is_wrapped:
        return source.rstrip().removesuffix(_CDATA_END)
    # An end mark in the text is split over two sections.
    return source.replace("]]]]><![CDATA[>", "]]&gt;").replace(_CDATA, "").replace(_CDATA_END, "")


def unescaped(root: Node, losses: Losses) -> tuple[Node, str | None]:
    """The body with elements, where all there was of it is a text that holds them.

    Returns:
        The body, and what it was parsed from if it is another one than *root*.

    Raises:
        DocumentRefused: It costs too much to read.
    """
    if any(node.tag != TEXT for node in tree.children(root)):
        return root, None
    written = tree.text_of(root)
    for _ in range(MAX_ESCAPES):
        if _ESCAPED_BODY.match(written):
            losses.add("was escaped twice, which is undone", excerpt(written))
            check_nesting(written)
            return tree.parse(written), written
        written = html.unescape(written)
    return root, None


def tell_of_leftovers(root: Node, source: str, losses: Losses) -> None:
    """Warn of text that was meant as markup, most likely: nobody can tell for sure."""
    if not any(sign in source for sign in ("&lt;/", "&lt;br")) and not _SHORTCODE.search(source):
        return
    for node in tree.walk(root):
        if node.tag == TEXT:
            _tell_of_text(node, losses)


def _tell_of_text(node: Node, losses: Losses) -> None:
    text = tree.text_of(node)
    if "<" in text and _ESCAPED_TAG.search(text) and not _is_quoted(node):
        losses.add("holds what looks like a tag, and is kept as text", excerpt(text))
    found = _SHORTCODE.search(text) if "[" in text else None
    if found and not _is_quoted(node):
        losses.add("holds what looks like a shortcode, and is kept as text", excerpt(found[0]))


def _is_quoted(node: Node) -> bool:
    return any(above.tag in _QUOTING for above in tree.ancestors(node))


def remove_foreign_xml(root: Node) -> None:
    """Remove the settings that Word writes for itself: ``<xml>``, ``<w:…>``.

    An ``<xml>`` that is never closed holds all that follows. Then only it goes, and what is Word's.
    """
    for node in tree.find(root, "xml"):
        if any(not has_prefix(inner.tag or "") for inner in tree.find(node, "*")):
            tree.unwrap(node)
        else:
            tree.remove(node)
    for node in tree.find(root, "*"):
        if (node.tag or "").startswith("w:"):
            tree.remove(node)


# Elements that hold words and say nothing of their own: they go, and the words stay apart.

#: Lists by other names.
_LISTS = "menu,dir"


def unwrap_unknown(root: Node, known: Collection[str]) -> None:
    """Put what is in them into the place of elements that are not *known*.

    Of blocks that hold words directly, a ``<div>`` stays: these would run into others else.
    """
    for node in tree.find(root, "*"):
        if node.tag in known:
            continue
        if node.tag in BLOCKS and _holds_words(node):
            tree.rename(node, "div")
            continue
        if place := tree.attribute(node, "id"):
            tree.insert_before(node, tree.new(node, "span", {"id": place}))
        tree.unwrap(node)


def _holds_words(node: Node) -> bool:
    return any(child.tag not in BLOCKS and not is_loose(child) for child in tree.children(node))


def rename_old_lists(root: Node) -> None:
    """Call lists of menus and files lists."""
    for node in tree.find(root, _LISTS):
        tree.rename(node, "ul")


def unwrap_bare(root: Node) -> None:
    """Remove the ``<span>`` that only had a look: editors put one round every second word."""
    for node in tree.find(root, "span"):
        said = tree.attributes(node)
        if not (said.keys() & {"lang", "dir", "title"} or OUR_ID.match(said.get("id", ""))):
            tree.unwrap(node)
