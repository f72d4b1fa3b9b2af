"""Marks on running text: an element put round all the words in another one, and round no block."""

from collections.abc import Collection

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import BLOCKS, is_loose

_NOBODY: frozenset[Node] = frozenset()


def mark(
    node: Node,
    tag: str,
    *,
    but: Collection[Node] = _NOBODY,
    around_but: Collection[Node] = _NOBODY,
    spared: Collection[str] = frozenset(),
) -> None:
    """Put *tag* round the words in *node*: one element for each run that no block interrupts.

    Args:
        node: Its own place in the tree stays as it is.
        tag: The new elements' name.
        but: Elements that are left alone, with all that is in them.
        around_but: All elements that one of those stands in.
        spared: Names of blocks that are left alone as well.
    """
    waiting = [node]
    while waiting:
        run: list[Node] = []
        for child in tree.children(waiting.pop()):
            if child in but:
                _wrap(run, tag)
            elif child in around_but or child.tag in BLOCKS or _holds_block(child):
                _wrap(run, tag)
                if child.tag not in spared:
                    waiting.append(child)
            else:
                run.append(child)
                continue
            run = []
        _wrap(run, tag)


def _holds_block(node: Node) -> bool:
    """True for an element of running text with a block in it, which some editors write."""
    return node.is_element_node and any(inner.tag in BLOCKS for inner in tree.walk(node))


def _wrap(run: list[Node], tag: str) -> None:
    while run and is_loose(run[0]):
        run = run[1:]
    while run and is_loose(run[-1]):
        run = run[:-1]
    if not any(tree.text_of(node).strip() for node in run):
        return
    around = tree.new(run[0], tag)
    tree.insert_before(run[0], around)
    for node in run:
        tree.append(around, node)
