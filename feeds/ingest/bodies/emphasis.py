"""Bold and italic as ``style`` has them, and bold that ``style`` takes back.

Google Docs puts all that it copies into ``<b style="font-weight:normal">``; and a word that is not
bold stands in a paragraph that is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import HEADINGS
from feeds.ingest.bodies.marks import mark
from feeds.ingest.bodies.styles import style_of

#: CSS Fonts 4, section 2.2: below it a weight is regular or medium.
_BOLD = 600


@dataclass(frozen=True, slots=True)
class _Emphasis:
    """One kind of it: a property, and the elements that have it by themselves."""

    property: str
    is_on: Callable[[str], bool | None]  #: None for values that say nothing
    elements: frozenset[str]
    others: frozenset[str]  #: that have it as well, but mean something else by it
    tag: str


def _is_bold(value: str) -> bool | None:
    if value in {"bold", "normal"}:
        return value == "bold"
    return int(value) >= _BOLD if value.isascii() and value.isdigit() else None


def _is_italic(value: str) -> bool | None:
    if value == "normal":
        return False
    return True if value.partition(" ")[0] in {"italic", "oblique"} else None


_KINDS = (
    _Emphasis("font-weight", _is_bold, frozenset({"b", "strong"}), HEADINGS | {"th"}, "b"),
    _Emphasis(
        "font-style",
        _is_italic,
        frozenset({"i", "em"}),
        frozenset({"cite", "dfn", "var", "address"}),
        "i",
    ),
)


def interpret_emphasis(root: Node) -> None:
    """Make elements of what styles say of weight and slant."""
    for kind in _KINDS:
        styled = tree.find(root, "[style]")
        said = {node: is_on for node in styled if (is_on := _said(node, kind)) is not None}
        if said:
            _interpret(said, kind)


def _said(node: Node, kind: _Emphasis) -> bool | None:
    value = style_of(node).get(kind.property)
    return None if value is None else kind.is_on(value)


def _interpret(said: dict[Node, bool], kind: _Emphasis) -> None:
    to_mark = [node for node, on in said.items() if on and not _is_on_already(node, said, kind)]
    plain = {node for node, is_on in said.items() if not is_on}
    around_plain = _above(plain)
    natural = [node for node in (*around_plain, *plain) if node.tag in kind.elements]
    for node in to_mark:
        mark(node, kind.tag, but=plain, around_but=around_plain, spared=kind.others)
    for node in natural:
        if node not in plain:
            mark(node, node.tag or kind.tag, but=plain, around_but=around_plain)
    for node in natural:
        tree.rename(node, "span")


def _is_on_already(node: Node, said: dict[Node, bool], kind: _Emphasis) -> bool:
    """True when the words in *node* are bold without its saying so."""
    if node.tag in kind.elements or node.tag in kind.others:
        return True
    for above in tree.ancestors(node):
        if above in said:
            return said[above]
        if above.tag in kind.elements or above.tag in kind.others:
            return True
    return False


def _above(nodes: Iterable[Node]) -> dict[Node, None]:
    """What *nodes* stand in, each once, in no order that matters."""
    above: dict[Node, None] = {}
    for node in nodes:
        for one in tree.ancestors(node):
            if one in above:
                break
            above[one] = None
    return above
