"""Which way words run, where ``style`` says it: ``dir``, ``<bdi>`` and ``<bdo>`` say it too."""

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import BLOCKS
from feeds.ingest.bodies.styles import style_of

_OVERRIDES = frozenset({"bidi-override", "isolate-override"})


def interpret_directions(root: Node) -> None:
    """Give elements the direction that their styles declare."""
    for node in tree.find(root, "[style]"):
        style = style_of(node)
        direction, bidi = style.get("direction", ""), style.get("unicode-bidi", "")
        if direction in {"ltr", "rtl"}:
            _turn(node, direction, bidi)
        elif bidi == "plaintext":
            tree.set_attribute(node, "dir", "auto")
        if bidi == "isolate" and node.tag == "span":
            tree.rename(node, "bdi")


def _turn(node: Node, direction: str, bidi: str) -> None:
    if bidi in _OVERRIDES and node.tag not in BLOCKS:
        tree.set_attribute(tree.wrap_content(node, "bdo"), "dir", direction)
    elif _direction_of(node) != direction:
        tree.set_attribute(node, "dir", direction)


def _direction_of(node: Node) -> str | None:
    """What is said of *node* already, by itself or by what it stands in."""
    for one in (node, *tree.ancestors(node)):
        said = tree.attribute(one, "dir")
        if said is not None:
            return said.strip().lower()
    return None


def keep_page_attributes(root: Node) -> None:
    """Let what a whole page says of its language and direction hold for its words.

    A body may be ``<html lang="ar" dir="rtl">…</html>``; only what is in it comes along.
    """
    for page in (root, root.parent):
        said = {} if page is None else tree.attributes(page)
        kept = {name: said[name] for name in ("lang", "dir") if said.get(name)}
        if kept:
            around = tree.wrap_content(root, "div")
            for name, value in kept.items():
                tree.set_attribute(around, name, value)
