"""Superscript, subscript and struck words as ``style`` has them; underlining too."""

from collections.abc import Callable

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import BLOCKS, MEDIA, is_loose
from feeds.ingest.bodies.marks import mark
from feeds.ingest.bodies.styles import Style, length, style_of

_SMALL = ("smaller", "small", "x-small", "xx-small")
_FULL_SIZE = {"%": 100, "em": 1}
_STRUCK = frozenset({"s", "strike", "del"})
_UNDERLINED = frozenset({"u", "ins", "a"})
_LIFTED = frozenset({"sup", "sub"})
#: What is aligned there is a cell or a picture, not a word in its line.
_NOT_IN_LINE = BLOCKS | MEDIA


def interpret_lifting(root: Node) -> None:
    """Make ``<s>``, ``<u>``, ``<sup>`` and ``<sub>`` of what styles declare."""
    for node in tree.find(root, "[style]"):
        style = style_of(node)
        decoration = style.get("text-decoration-line", style.get("text-decoration", ""))
        words = decoration.split()
        if "line-through" in words:
            _mark_once(node, "s", _STRUCK)
        if "underline" in words and not tree.find(node, "a"):
            _mark_once(node, "u", _UNDERLINED)
        if decoration == "none" and node.tag in {"s", "strike", "u"}:
            tree.rename(node, "span")
        elif lift := _lift(style, node):
            _lift_words(node, lift)


def _mark_once(node: Node, tag: str, alike: frozenset[str]) -> None:
    if not _is_in(node, alike):
        mark(node, tag)


def _is_in(node: Node, names: frozenset[str]) -> bool:
    return node.tag in names or any(above.tag in names for above in tree.ancestors(node))


def _lift(style: Style, node: Node) -> str | None:
    if node.tag in _NOT_IN_LINE:
        return None
    lifts: tuple[Callable[[Style], str | None], ...] = (_by_name, _by_length, _by_offset)
    return next((lift for read in lifts if (lift := read(style))), None)


def _by_name(style: Style) -> str | None:
    for name in ("vertical-align", "font-variant-position"):
        if style.get(name) in {"super", "sub"}:
            return "sup" if style[name] == "super" else "sub"
    return None


def _by_length(style: Style) -> str | None:
    """A shift of small letters: what is moved in full size may be there for its looks."""
    return _shifted(style.get("vertical-align", "")) if _is_small(style) else None


def _by_offset(style: Style) -> str | None:
    if style.get("position") != "relative" or not _is_small(style):
        return None
    by_bottom = _shifted(style.get("bottom", ""))
    by_top = {"sup": "sub", "sub": "sup"}.get(_shifted(style.get("top", "")) or "")
    return by_bottom or by_top


def _shifted(value: str) -> str | None:
    found = length(value)
    if found is None or found[0] == 0:
        return None
    return "sup" if found[0] > 0 else "sub"


def _is_small(style: Style) -> bool:
    size = style.get("font-size", "")
    if size in _SMALL:
        return True
    found = length(size)
    return found is not None and found[0] < _FULL_SIZE.get(found[1], 0)


def _lift_words(node: Node, tag: str) -> None:
    inside = [child for child in tree.children(node) if not is_loose(child)]
    if _is_in(node, _LIFTED) or (len(inside) == 1 and inside[0].tag in _LIFTED):
        return
    mark(node, tag)
