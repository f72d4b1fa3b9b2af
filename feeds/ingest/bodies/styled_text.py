"""Makes elements of styles that carry meaning: direction, emphasis, scripts, line breaks."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from feeds.errors import DocumentRefused
from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.bodies.elements import (
    BLOCKS,
    HEADINGS,
    MEDIA,
    Style,
    beside,
    is_blank_text,
    is_loose,
    length,
    mark,
    style_of,
)
from feeds.ingest.nesting import MAX_TAGS

# Deletions: ``<del>`` is also struck. The sanitiser that most JavaScript readers use removes
# ``<del>`` by default and leaves its text, so that a price that no longer holds would stand beside
# the valid one; it keeps ``<s>`` (``findings/sanitisers-and-meaning.sh``).

_STRUCK = frozenset({"s", "strike"})


def strike_deleted(root: Node) -> None:
    """Puts ``<s>`` into each ``<del>`` that is not struck already."""
    for node in tree.find(root, "del"):
        around = (above.tag in _STRUCK for above in tree.ancestors(node))
        if not tree.find(node, "s,strike") and not any(around):
            mark(node, "s")


# Direction: ``dir``, ``<bdi>`` and ``<bdo>`` for what ``style`` declares.

_OVERRIDES = frozenset({"bidi-override", "isolate-override"})


def interpret_directions(root: Node) -> None:
    """Sets the direction that styles declare."""
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
    """Returns the declared direction of *node*, its own or inherited."""
    for one in (node, *tree.ancestors(node)):
        declared = tree.attribute(one, "dir")
        if declared is not None:
            return declared.strip().lower()
    return None


def keep_page_attributes(root: Node) -> None:
    """Keeps the language and direction of a whole page for its words.

    A body may be ``<html lang="ar" dir="rtl">…</html>``, of which only the content is kept.
    """
    for page in (root, root.parent):
        declared = {} if page is None else tree.attributes(page)
        kept = {name: declared[name] for name in ("lang", "dir") if declared.get(name)}
        if kept:
            around = tree.wrap_content(root, "div")
            for name, value in kept.items():
                tree.set_attribute(around, name, value)


# Emphasis: bold and italic in ``style``, and bold that ``style`` undoes. Google Docs puts all that
# it copies into ``<b style="font-weight:normal">``; and a word that is not bold may be in a bold
# paragraph.

#: Lower weights are regular or medium (CSS Fonts 4, section 2.2).
_BOLD = 600


@dataclass(frozen=True, slots=True)
class _Emphasis:
    """One kind of emphasis: a property, and the elements that have it by default."""

    property: str
    is_on: Callable[[str], bool | None]  #: None for values without a meaning
    elements: frozenset[str]
    others: frozenset[str]  #: elements that also have it, but with another meaning
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
    """Replaces styles for weight and slant with elements."""
    for kind in _KINDS:
        styled = tree.find(root, "[style]")
        declared = {node: is_on for node in styled if (is_on := _declared(node, kind)) is not None}
        if declared:
            _interpret(declared, kind)


def _declared(node: Node, kind: _Emphasis) -> bool | None:
    value = style_of(node).get(kind.property)
    return None if value is None else kind.is_on(value)


def _interpret(declared: dict[Node, bool], kind: _Emphasis) -> None:
    to_mark = [
        node for node, on in declared.items() if on and not _is_on_already(node, declared, kind)
    ]
    plain = {node for node, is_on in declared.items() if not is_on}
    around_plain = _above(plain)
    natural = [node for node in (*around_plain, *plain) if node.tag in kind.elements]
    for node in to_mark:
        mark(
            node,
            kind.tag,
            excluded=plain,
            around_excluded=around_plain,
            excluded_blocks=kind.others,
        )
    for node in natural:
        if node not in plain:
            mark(node, node.tag or kind.tag, excluded=plain, around_excluded=around_plain)
    for node in natural:
        tree.rename(node, "span")


def _is_on_already(node: Node, declared: dict[Node, bool], kind: _Emphasis) -> bool:
    """Whether the words in *node* have the emphasis without its own style."""
    if node.tag in kind.elements or node.tag in kind.others:
        return True
    for above in tree.ancestors(node):
        if above in declared:
            return declared[above]
        if above.tag in kind.elements or above.tag in kind.others:
            return True
    return False


def _above(nodes: Iterable[Node]) -> dict[Node, None]:
    """Returns all elements around *nodes*, each once; their order does not matter."""
    above: dict[Node, None] = {}
    for node in nodes:
        for one in tree.ancestors(node):
            if one in above:
                break
            above[one] = None
    return above


# Superscript, subscript, struck and underlined text in ``style``.

_SMALL = ("smaller", "small", "x-small", "xx-small")
_FULL_SIZE = {"%": 100, "em": 1}
_STRUCK_STYLE = frozenset({"s", "strike", "del"})
_UNDERLINED = frozenset({"u", "ins", "a"})
_LIFTED = frozenset({"sup", "sub"})
#: Elements in which ``vertical-align`` aligns a cell or a picture, and not text.
_NOT_IN_LINE = BLOCKS | MEDIA


def interpret_lifting(root: Node) -> None:
    """Replaces styles with ``<s>``, ``<u>``, ``<sup>`` and ``<sub>``."""
    for node in tree.find(root, "[style]"):
        style = style_of(node)
        decoration = style.get("text-decoration-line", style.get("text-decoration", ""))
        words = decoration.split()
        if "line-through" in words:
            _mark_once(node, "s", _STRUCK_STYLE)
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
    """Returns the shift of small letters; full-size letters may be shifted for layout."""
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


# Line breaks: kept line ends and blocks in text, as ``style`` declares them; and old names of
# ``<pre>``.

_KEEPS_LINES = frozenset({"pre", "pre-line", "pre-wrap", "break-spaces"})
_KEEPS_SPACES = _KEEPS_LINES - {"pre-line"}
#: Text aligned with spaces: two in a row within a line, or one at its beginning.
_ALIGNED = re.compile("\t|  |\n ")
_OLD_NAMES = "xmp,listing,plaintext"
#: Values of ``display`` that begin a new line.
_LINES = frozenset({"block", "flex", "grid", "list-item", "table"})


def rename_old_pre(root: Node) -> None:
    """Renames ``<xmp>``, ``<listing>`` and ``<plaintext>`` to ``<pre>``."""
    for node in tree.find(root, _OLD_NAMES):
        tree.rename(node, "pre")


def interpret_line_breaks(root: Node) -> None:
    """Replaces styles for line ends and spaces with ``<br>`` and ``<pre>``.

    Raises:
        DocumentRefused: There are more line ends than a body may have.
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
            _put_on_own_line(node)


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
    """Yields the texts whose line ends *node* controls, not those of elements that declare it."""
    pending = [*tree.children(node)][::-1]
    while pending:
        inner = pending.pop()
        if inner.tag == TEXT:
            yield inner
        elif inner.is_element_node and inner not in declaring and inner.tag != "pre":
            pending += [*tree.children(inner)][::-1]


def _is_aligned(node: Node, texts: list[Node]) -> bool:
    if node.tag not in {"div", "p"} or any(inner.tag in BLOCKS for inner in tree.walk(node)):
        return False
    return any(_ALIGNED.search(tree.text_of(text).strip("\n")) for text in texts)


def _break(text: Node, *, is_first: bool, is_last: bool) -> int:
    """Replaces the line ends in *text* with ``<br>``, and returns how many there were."""
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


def _put_on_own_line(node: Node) -> None:
    """Puts an inline element that is displayed as a block on a line of its own."""
    if not tree.text_of(node).strip():
        return
    if _runs_on(beside(node, is_before=True)):
        tree.insert_before(node, tree.new(node, "br"))
    if _runs_on(beside(node, is_before=False)):
        tree.insert_after(node, tree.new(node, "br"))


def _runs_on(one: Node | None) -> bool:
    return one is not None and one.tag not in BLOCKS and one.tag != "br"
