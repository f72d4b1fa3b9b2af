"""What was deleted, struck as well: some readers take ``<del>`` away and leave its text.

The sanitiser that most readers in JavaScript use does so by default, and a price that no longer
holds then stands beside the valid one; ``<s>`` it keeps (``findings/sanitisers-and-meaning.sh``).
"""

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.marks import mark

_STRUCK = frozenset({"s", "strike"})


def strike_deleted(root: Node) -> None:
    """Strike what is in each ``<del>``, unless it is struck already."""
    for node in tree.find(root, "del"):
        around = (above.tag in _STRUCK for above in tree.ancestors(node))
        if not tree.find(node, "s,strike") and not any(around):
            mark(node, "s")
