"""Elements that hold words and say nothing of their own: they go, and the words stay apart."""

from collections.abc import Collection

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import BLOCKS, is_loose
from feeds.ingest.bodies.fragments import OUR_ID

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
