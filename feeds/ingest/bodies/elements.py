"""Which elements are blocks, and what else every step has to know of elements."""

import re

from feeds.html import tree
from feeds.html.tree import TEXT, Node

#: Elements that begin on a line of their own. Everything else flows within a line.
BLOCKS = frozenset(
    """
    address article aside blockquote body caption center col colgroup dd details dialog dir div dl
    dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu
    nav ol optgroup option p pre search section summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905
)
#: Those that show something without any text.
MEDIA = frozenset({"img", "video", "audio", "picture"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: Blocks that a paragraph may stand in. In others, and in a paragraph, a link stands by itself.
CONTAINERS = frozenset(
    """
    article aside blockquote body center dd details div figure footer header li main nav section td
    th
    """.split()  # noqa: SIM905
)
#: What is in them stands where they do.
_SEEN_THROUGH = frozenset({"applet", "noscript", "object"})
#: Word's names for what no browser shows: ``w:WordDocument``, ``o:OfficeDocumentSettings``.
_WITH_PREFIX = re.compile("[a-z0-9]+:")


def is_blank_text(node: Node) -> bool:
    """True for a text of white space alone."""
    return node.tag == TEXT and not tree.text_of(node).strip()


def is_loose(node: Node) -> bool:
    """True for what takes no room in a line: white space, and comments."""
    return is_blank_text(node) or not (node.is_element_node or node.is_text_node)


def shows_something(node: Node) -> bool:
    """True when there is a word in *node*, or a picture, film or sound."""
    if tree.text_of(node).strip():
        return True
    return node.tag in MEDIA or (node.is_element_node and bool(tree.find(node, "img,video,audio")))


def has_prefix(tag: str) -> bool:
    """True for a name such as ``o:p``."""
    return _WITH_PREFIX.match(tag) is not None


def stands_in_line(node: Node) -> bool:
    """True when *node* stands in running text: in a paragraph, or beside words."""
    parent = node.parent
    while parent is not None and parent.tag in _SEEN_THROUGH:
        node, parent = parent, parent.parent
    if parent is None or parent.tag not in CONTAINERS:
        return True
    return any(
        child.tag not in BLOCKS and child.tag not in MEDIA and not is_loose(child)
        for child in tree.children(parent)
        if not tree.same(child, node)
    )


def put_words(node: Node, words: str | Node) -> None:
    """Put words into the place of *node*, parted from those around it."""
    before, after = node.prev, node.next
    if before is not None and before.is_text_node and not tree.text_of(before)[-1:].isspace():
        tree.insert_before(node, " ")
    if after is not None and after.is_text_node and _begins_a_word(tree.text_of(after)):
        tree.insert_after(node, " ")
    tree.replace(node, words)


def _begins_a_word(text: str) -> bool:
    return text[:1].isalnum()
