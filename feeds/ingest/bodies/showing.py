"""What a body shows: whether anything, and whether its title once more."""

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.characters import is_blank
from feeds.model.text import fold


def drop_heading(root: Node, title: str) -> None:
    """Drop an ``<h1>`` at the head that only repeats *title*.

    Feed readers and our pages show the title above the body.
    """
    first = root.first_child
    while first is not None and first.tag == TEXT and not tree.text_of(first).strip():
        first = first.next
    if first is not None and first.tag == "h1":
        line = " ".join(tree.text_of(first).split())
        if fold(line) == fold(title):
            tree.remove(first)


def is_empty(root: Node) -> bool:
    """True when nothing of it can be seen: no word, picture, film or sound."""
    texts = (tree.text_of(node) for node in tree.walk(root) if node.tag == TEXT)
    return all(map(is_blank, texts)) and not tree.find(root, "img,video,audio")
