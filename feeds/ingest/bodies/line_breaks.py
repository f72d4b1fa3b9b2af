"""Lines that ``style`` makes, by kept line ends and blocks in text; and old kinds of ``<pre>``."""

import re
from collections.abc import Iterator

from feeds.errors import DocumentRefused
from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.elements import BLOCKS, is_blank_text, is_loose
from feeds.ingest.bodies.styles import style_of
from feeds.ingest.nesting import MAX_TAGS

_KEEPS_LINES = frozenset({"pre", "pre-line", "pre-wrap", "break-spaces"})
_KEEPS_SPACES = _KEEPS_LINES - {"pre-line"}
#: What is aligned by spaces: two in a row within a line, or at the beginning of a line.
_ALIGNED = re.compile("\t|  |\n ")
_OLD_NAMES = "xmp,listing,plaintext"
#: As for a list: each item begins a line.
_LINES = frozenset({"block", "flex", "grid", "list-item", "table"})


def rename_old_pre(root: Node) -> None:
    """Call ``<xmp>`` and its kin what they have been called since 1999."""
    for node in tree.find(root, _OLD_NAMES):
        tree.rename(node, "pre")


def interpret_line_breaks(root: Node) -> None:
    """Make ``<br>`` and ``<pre>`` of what styles say of lines and spaces.

    Raises:
        DocumentRefused: These are more lines than a body may have.
    """
    styled = tree.find(root, "[style]")
    declaring = {node: value for node in styled if (value := style_of(node).get("white-space"))}
    count = 0
    for node, value in declaring.items():
        if node.tag == "pre":
            if value in {"normal", "nowrap"}:
                tree.rename(node, "div")
        elif value in _KEEPS_LINES:
            count += _keep_lines(node, value, declaring)
            if count > MAX_TAGS:
                raise DocumentRefused(
                    f"the body keeps more than {MAX_TAGS} line ends",
                    remedy="shorten the body",
                    field="body",
                )
    for node in tree.find(root, "[style]"):
        if node.tag not in BLOCKS and style_of(node).get("display") in _LINES:
            _part(node)


def _keep_lines(node: Node, value: str, declaring: dict[Node, str]) -> int:
    texts = list(_texts_of(node, declaring))
    if not any("\n" in tree.text_of(text) for text in texts):
        return 0
    if value in _KEEPS_SPACES and _is_aligned(node, texts):
        tree.rename(node, "pre")
        return 0
    is_block, last = node.tag in BLOCKS, len(texts) - 1
    return sum(
        _break(text, is_first=is_block and number == 0, is_last=is_block and number == last)
        for number, text in enumerate(texts)
    )


def _texts_of(node: Node, declaring: dict[Node, str]) -> Iterator[Node]:
    """The texts whose line ends are for *node* to say: not what says it by itself."""
    waiting = [*tree.children(node)][::-1]
    while waiting:
        inner = waiting.pop()
        if inner.tag == TEXT:
            yield inner
        elif inner.is_element_node and inner not in declaring and inner.tag != "pre":
            waiting += [*tree.children(inner)][::-1]


def _is_aligned(node: Node, texts: list[Node]) -> bool:
    if node.tag not in {"div", "p"} or any(inner.tag in BLOCKS for inner in tree.walk(node)):
        return False
    return any(_ALIGNED.search(tree.text_of(text).strip("\n")) for text in texts)


def _break(text: Node, *, is_first: bool, is_last: bool) -> int:
    """Put ``<br>`` for the line ends in *text*; say how many."""
    if is_blank_text(text) and _stands_between_blocks(text):
        return 0
    words = tree.text_of(text)
    words = words.lstrip() if is_first else words
    words = words.rstrip() if is_last else words
    lines = words.split("\n")
    for line in lines[:-1]:
        tree.insert_before(text, line)
        tree.insert_before(text, tree.new(text, "br"))
    tree.replace(text, lines[-1])
    return len(lines) - 1


def _stands_between_blocks(text: Node) -> bool:
    beside = (text.prev, text.next)
    return any(one is not None and one.tag in BLOCKS for one in beside)


def _part(node: Node) -> None:
    """Let an element of running text that is shown as a block stand on a line of its own."""
    if not tree.text_of(node).strip():
        return
    if _runs_on(_beside(node, is_before=True)):
        tree.insert_before(node, tree.new(node, "br"))
    if _runs_on(_beside(node, is_before=False)):
        tree.insert_after(node, tree.new(node, "br"))


def _beside(node: Node, *, is_before: bool) -> Node | None:
    one = node.prev if is_before else node.next
    while one is not None and is_loose(one):
        one = one.prev if is_before else one.next
    return one


def _runs_on(one: Node | None) -> bool:
    return one is not None and one.tag not in BLOCKS and one.tag != "br"
