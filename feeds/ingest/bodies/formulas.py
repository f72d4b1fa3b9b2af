"""Replaces formulas: MathML as text, ``<sup>`` and ``<sub>``, or as its alternative text."""

from collections.abc import Callable, Mapping

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import Losses, excerpt, is_loose, replace_with_text

_TEX = ("application/x-tex", "application/x-latex", "text/x-tex", "tex", "latex")
#: Elements that can be written as their characters in a row.
_IN_A_ROW = frozenset(
    "math mrow mstyle mpadded merror semantics mn mi mo mtext ms mspace mphantom".split()  # noqa: SIM905
)
#: Elements that can be written in a line if they have this number of children.
_BUILT = {"msup": 2, "msub": 2, "msubsup": 3, "mfrac": 2, "msqrt": None, "mroot": 2}
_TOKENS = frozenset({"mn", "mi", "mo", "mtext", "ms"})
#: Invisible operators: function application, times, separator and plus.
_UNSEEN = dict.fromkeys(range(0x2061, 0x2065))
_ROOTS = {"2": "√", "3": "∛", "4": "∜"}
_SCRIPT = "script[type^='math/']"


def write_formulas(root: Node, losses: Losses) -> None:
    """Replaces each formula with text, ``<sup>`` and ``<sub>``.

    MathML itself is not kept: readers display it correctly, wrongly, or not at all.
    """
    for script in tree.find(root, _SCRIPT):
        replace_with_text(script, tree.text_of(script).strip())
    for math in tree.find(root, "math"):
        if tree.is_in(math, root):  # it was not in a formula that has been replaced
            _write(math, losses)


def _write(math: Node, losses: Losses) -> None:
    _remove_twin(math)
    written = tree.new(math, "span")
    if _can_be_written(math):
        _Writer(written).write(math)
    else:
        tree.append(written, _words(math))
    words = tree.text_of(written).strip()
    if not words:
        losses.add_removed(["math"])
        tree.remove(math)
        return
    losses.add("a formula became text", excerpt(words))
    replace_with_text(math, written)


def _remove_twin(math: Node) -> None:
    """Removes KaTeX's second copy of a formula, which is meant for display."""
    holder = math.parent
    if holder is not None and "katex-mathml" in (tree.attribute(holder, "class") or ""):
        for beside in tree.children(holder.parent or holder):
            if (
                not tree.same(beside, holder)
                and beside.is_element_node
                and ("katex-html" in (tree.attribute(beside, "class") or ""))
            ):
                tree.remove(beside)


def _words(math: Node) -> str:
    alt = (tree.attribute(math, "alttext") or "").strip()
    if alt:
        return alt
    for annotation in tree.find(math, "annotation"):
        if (tree.attribute(annotation, "encoding") or "").strip().lower() in _TEX:
            return tree.text_of(annotation).strip()
    for annotation in tree.find(math, "annotation,annotation-xml"):
        tree.remove(annotation)
    return " ".join(tree.text_of(math).split())


def _can_be_written(node: Node) -> bool:
    if any(child.is_text_node and not is_loose(child) for child in tree.children(node)):
        return False  # characters outside all elements of MathML
    for child in _elements(node):
        tag = child.tag or ""
        if tag not in _IN_A_ROW and not _is_built(child, tag):
            return False
        if tag not in _TOKENS and not _can_be_written(child):
            return False
    return True


def _is_built(node: Node, tag: str) -> bool:
    return tag in _BUILT and _BUILT[tag] in {None, len(_elements(node))}


def _elements(node: Node) -> list[Node]:
    """Returns the child elements without annotations, which repeat the formula."""
    return [
        child
        for child in tree.children(node)
        if child.is_element_node and child.tag not in {"annotation", "annotation-xml"}
    ]


class _Writer:
    """Writes a formula into an element."""

    def __init__(self, into: Node) -> None:
        self._into = into
        self._builders: Mapping[str, Callable[[list[Node]], None]] = {
            "msup": lambda parts: self._scripts(parts, "sup"),
            "msub": lambda parts: self._scripts(parts, "sub"),
            "msubsup": lambda parts: self._scripts(parts, "sub", "sup"),
            "mfrac": self._fraction,
            "msqrt": lambda parts: self._root(parts, "√"),
            "mroot": self._nth_root,
        }

    def write(self, node: Node) -> None:
        """Writes *node* and its content."""
        tag = node.tag or ""
        if tag in self._builders:
            self._builders[tag](_elements(node))
        elif tag in _TOKENS:
            self._text(" ".join(tree.text_of(node).translate(_UNSEEN).split()), tag)
        elif tag == "mspace":
            self._text(" ", tag)
        elif tag != "mphantom":
            for child in _elements(node):
                self.write(child)

    def _text(self, text: str, tag: str) -> None:
        # As in print, an operator between two terms has spaces around it, but not before the first
        # term.
        is_between = tag == "mo" and text in "=<>≤≥≠≈≡→±×·+−-" and tree.text_of(self._into).strip()
        tree.append(self._into, f" {text} " if is_between and text else text)

    def _scripts(self, parts: list[Node], *tags: str) -> None:
        self.write(parts[0])
        for tag, part in zip(tags, parts[1:], strict=True):
            lifted = tree.new(self._into, tag)
            _Writer(lifted).write(part)
            tree.append(self._into, lifted)

    def _fraction(self, parts: list[Node]) -> None:
        self._term(parts[0])
        tree.append(self._into, "/")
        self._term(parts[1])

    def _root(self, parts: list[Node], sign: str) -> None:
        tree.append(self._into, sign)
        if len(parts) == 1:
            self._term(parts[0])
            return
        tree.append(self._into, "(")
        for part in parts:
            self.write(part)
        tree.append(self._into, ")")

    def _nth_root(self, parts: list[Node]) -> None:
        index = tree.text_of(parts[1]).strip()
        if index not in _ROOTS:
            self._scripts([tree.new(self._into, "mrow"), parts[1]], "sup")
        self._root(parts[:1], _ROOTS.get(index, "√"))

    def _term(self, node: Node) -> None:
        """Writes *node*, in brackets if it is more than one number or letter."""
        is_one = node.tag in _TOKENS or [each.tag in _TOKENS for each in _elements(node)] == [True]
        if not is_one:
            tree.append(self._into, "(")
        self.write(node)
        if not is_one:
            tree.append(self._into, ")")
