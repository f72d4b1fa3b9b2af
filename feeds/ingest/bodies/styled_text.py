"""Text whose meaning is in ``style``: direction, bold, superscript, strikes, line breaks."""

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
    is_blank_text,
    is_loose,
    length,
    mark,
    style_of,
)
from feeds.ingest.nesting import MAX_TAGS

# What was deleted, struck as well: some readers take ``<del>`` away and leave its text.
#
# The sanitiser that most readers in JavaScript use does so by default, and a price that no longer
# holds then stands beside the valid one; ``<s>`` it keeps (``findings/sanitisers-and-meaning.sh``).

_STRUCK = frozenset({"s", "strike"})


def strike_deleted(root: Node) -> None:
    """Strike what is in each ``<del>``, unless it is struck already."""
    for node in tree.find(root, "del"):
        around = (above.tag in _STRUCK for above in tree.ancestors(node))
        if not tree.find(node, "s,strike") and not any(around):
            mark(node, "s")


# Which way words run, where ``style`` says it: ``dir``, ``<bdi>`` and ``<bdo>`` say it too.

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


# Bold and italic as ``style`` has them, and bold that ``style`` takes back.
#
# Google Docs puts all that it copies into ``<b style="font-weight:normal">``; and a word that is
# not bold stands in a paragraph that is.

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


# Superscript, subscript and struck words as ``style`` has them; underlining too.

_SMALL = ("smaller", "small", "x-small", "xx-small")
_FULL_SIZE = {"%": 100, "em": 1}
_STRUCK_STYLE = frozenset({"s", "strike", "del"})
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


# Lines that ``style`` makes, by kept line ends and blocks in text; and old kinds of ``<pre>``.

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
