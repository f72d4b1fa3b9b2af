"""Removes what is invisible on the page, with its content, and warns about it.

Content that the page itself can show (a picture that loads late, a block that fades in,
``<details>``, ``hidden="until-found"``) does not count as hidden: it is meant to be read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from functools import lru_cache

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.elements import (
    Losses,
    Style,
    declarations,
    excerpt,
    is_at_most,
    length,
    shows_something,
    style_of,
)

_SELECTOR = "[hidden],[style],dialog"
#: An element that the page animates is meant to be shown.
_MOVING = ("animation", "transition", "transform", "will-change")
#: Positions beyond this are outside any screen.
_FAR_AWAY_PX = -900
_BY_CLIP = re.compile(r"rect\((?:[01](?:px)?[, ]*){4}\)")
_ROOM = ("height", "max-height", "width", "max-width")
_ONE_PIXEL = ((1.0, "px"), (1.0, "pt"))
_LAZY = ("data-src", "data-srcset", "data-original", "data-lazy-src")


class _Hides(Enum):
    """How an element is hidden."""

    ALL = auto()
    UNLESS_VISIBLE = auto()  #: elements inside may be visible again
    WORDS = auto()  #: letters have no size; pictures do, and elements with a font size of their own


def remove_hidden(root: Node, losses: Losses) -> None:
    """Removes hidden elements from the tree, and records those with visible content in *losses*."""
    # Innermost first, so that nested hidden elements are examined before their parents are removed.
    with losses.in_reverse() as found:
        for node in reversed(tree.find(root, _SELECTOR)):
            how = _how_hidden(node)
            if how is not None:
                _REMOVERS[how](node, found)


def _how_hidden(node: Node) -> _Hides | None:
    attributes = tree.attributes(node)
    if "hidden" in attributes and attributes["hidden"].strip().lower() != "until-found":
        return _Hides.ALL
    if node.tag == "dialog" and "open" not in attributes:
        return _Hides.ALL
    how = _how_hidden_by_style(attributes.get("style", ""))
    if how is not None and any(name in attributes for name in _LAZY):
        return None
    return how


@lru_cache(maxsize=1024)
def _how_hidden_by_style(written: str) -> _Hides | None:
    style = declarations(written)
    if style.get("display") == "none" or style.get("mso-hide") == "all":
        return _Hides.ALL
    if _is_off_screen(style):
        return _Hides.ALL
    if not any(name.startswith(_MOVING) for name in style):
        if is_at_most(style.get("opacity"), 0) or _is_cut_away(style):
            return _Hides.ALL
        if style.get("visibility") in {"hidden", "collapse"}:
            return _Hides.UNLESS_VISIBLE
    return _Hides.WORDS if is_at_most(style.get("font-size"), 0) else None


def _is_cut_away(style: Style) -> bool:
    """Whether the element is clipped to nothing, or has no size and clips its content."""
    if _BY_CLIP.match(style.get("clip", "")) and style.get("position") in {"absolute", "fixed"}:
        return True
    if style.get("overflow", style.get("overflow-y")) not in {"hidden", "clip"}:
        return False
    return any(_is_no_room(style.get(name)) for name in _ROOM)


def _is_no_room(value: str | None) -> bool:
    found = length(value) if value else None
    return found is not None and (found[0] <= 0 or found in _ONE_PIXEL)


def _is_off_screen(style: Style) -> bool:
    if style.get("position") not in {"absolute", "fixed"}:
        return False
    return any(is_at_most(style.get(side), _FAR_AWAY_PX) for side in ("left", "top", "right"))


def _remove(node: Node, losses: Losses) -> None:
    _record_loss(node, losses)
    tree.remove(node)


def _remove_but_visible(node: Node, losses: Losses) -> None:
    visible = [
        inner
        for inner in tree.find(node, "[style]")
        if style_of(inner).get("visibility") == "visible"
    ]
    for inner in visible:
        if tree.is_in(inner, node):  # it has not been moved with an outer one
            tree.insert_before(node, inner)
    _remove(node, losses)


def _remove_words(node: Node, losses: Losses) -> None:
    words = list(_words_without_size(node))
    text_removed = "".join(tree.text_of(text) for text in words)
    if text_removed.strip():
        losses.add("removed what is hidden", excerpt(text_removed))
        for text in words:
            tree.remove(text)


_REMOVERS: Mapping[_Hides, Callable[[Node, Losses], None]] = {
    _Hides.ALL: _remove,
    _Hides.UNLESS_VISIBLE: _remove_but_visible,
    _Hides.WORDS: _remove_words,
}


def _words_without_size(node: Node) -> Iterator[Node]:
    pending = [*tree.children(node)][::-1]
    while pending:
        inner = pending.pop()
        if inner.tag == TEXT:
            yield inner
        elif not _has_size(inner):
            pending += [*tree.children(inner)][::-1]


def _has_size(node: Node) -> bool:
    """Whether letters in *node* have a size of their own; a percentage of nothing is nothing."""
    if not node.is_element_node:
        return True
    size = length(style_of(node).get("font-size", ""))
    return size is not None and size[0] > 0 and size[1] not in {"%", "em"}


def _record_loss(node: Node, losses: Losses) -> None:
    if not shows_something(node):
        return
    alts = [tree.attribute(image, "alt") or "a picture" for image in tree.find(node, "img")]
    losses.add("removed what is hidden", excerpt(tree.text_of(node).strip() or ", ".join(alts)))
