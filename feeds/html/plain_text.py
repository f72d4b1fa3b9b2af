"""Converts HTML to plain text, block by block or on one line. All plain text is written here."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from feeds.html import marks
from feeds.html.inline import InlineReader, Leave, skip
from feeds.html.tables import captions_of, is_layout, lines_of, rows_of
from feeds.html.tree import TEXT, Node, attribute, children, parse

# Blocks: paragraphs, list items, table rows.


class BlockKind(IntEnum):
    """The role of a block in its body. A block inside several of these has the highest value."""

    RUNNING = 0  #: running text
    LISTED = 1
    QUOTED = 2
    HEADING = 3
    OUTSIDE = 4  #: captions, tables, asides, page headers and footers


@dataclass(frozen=True, slots=True)
class Block:
    """A text with line breaks around it. It is never empty."""

    text: str  #: lines are separated by line feeds
    kind: BlockKind
    gap: int  #: number of line feeds between it and the block before
    start: str = ""  #: prefix of the first line: an indentation, a number or a dash
    indent: str = ""  #: prefix of the other lines


def line_of(blocks: Iterable[Block]) -> str:
    """Returns the text of *blocks* on one line. Of the prefixes only item numbers remain."""
    return " ".join(filter(None, (_on_one_line(block) for block in blocks)))


def _on_one_line(block: Block) -> str:
    number = block.start.strip("-> ")
    text = " ".join(line.strip(" ") for line in block.text.split("\n"))
    return f"{number} {text}" if number else text


# Item numbers of lists, in the styles of HTML's ``type``: 3. c. C. iii. III.

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
#: Above these limits the numbers are decimal (CSS Counter Styles 3, 6.1 and 6.4).
_MAX_ROMAN = 3999
_MAX_LETTERED = 10**6


def numeral(number: int, kind: str) -> str:
    """Returns the *number* of an item as text.

    Args:
        number: Any integer. A number that *kind* cannot express, such as zero in Roman numerals, is
            decimal.
        kind: ``a``, ``A``, ``i`` or ``I``; anything else means decimal.
    """
    if kind in {"a", "A"} and 0 < number <= _MAX_LETTERED:
        letters = _letters(number)
    elif kind in {"i", "I"} and 0 < number <= _MAX_ROMAN:
        letters = _roman(number)
    else:
        return str(number)
    return letters.upper() if kind.isupper() else letters


def _letters(number: int) -> str:
    """Returns *number* as a to z, aa, ab and so on."""
    letters = ""
    while number:
        number, last = divmod(number - 1, 26)
        letters = chr(ord("a") + last) + letters
    return letters


def _roman(number: int) -> str:
    letters = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        letters += sign * count
    return letters


class ItemNumbers:
    """Numbers the items of an ``<ol>``."""

    def __init__(self, node: Node) -> None:
        is_reversed = attribute(node, "reversed") is not None
        start = _whole_number(attribute(node, "start"))
        if start is None:
            start = sum(child.tag == "li" for child in children(node)) if is_reversed else 1
        self._next = start
        self._step = -1 if is_reversed else 1
        self._kind = attribute(node, "type") or ""

    def label(self, item: Node) -> str:
        """Returns the prefix of the next *item*."""
        value = _whole_number(attribute(item, "value"))
        number = self._next if value is None else value
        self._next = number + self._step
        return f"{numeral(number, self._kind)}. "


def _whole_number(value: str | None) -> int | None:
    """Returns an integer as HTML parses it; None for other text, or more than nine digits."""
    found = re.match(r"\s*([+-]?[0-9]{1,9})(?![0-9])", value or "")
    return int(found[1]) if found else None


# Block elements: paragraphs, lists, quotations, tables.

_BULLET = "- "
_DEEPER = "  "
#: About ten levels; deeper content is not indented any further.
_MAX_INDENT_CHARS = 40


class _Context(NamedTuple):
    """What an element declares for all of its content."""

    kind: BlockKind = BlockKind.RUNNING
    indent: str = ""
    unit: int = 2  #: number of line feeds between blocks
    is_pre: bool = False

    def deeper(self, by: str, *, unit: int) -> "_Context":
        """Returns the same with *by* added to the indentation, as long as there is room."""
        indent = f"{self.indent}{by}"
        return self._replace(indent=indent[:_MAX_INDENT_CHARS], unit=unit)


class BlockReader(InlineReader):
    """Makes blocks of block elements. Each body has its own reader."""

    def __init__(
        self, language: str, *, is_summary: bool, read_cell: Callable[[Node], str]
    ) -> None:
        super().__init__(language, is_summary=is_summary)
        self.finished: list[Block] = []
        self._read_cell = read_cell
        self._context = _Context()
        self._counter: ItemNumbers | None = None  # numbers of the current list; None for bullets
        self._gap = 0  # number of line feeds before the next block
        self._start: str | None = None  # prefix of the next block, if it is not the indentation
        self._rule: _Context | None = None  # a pending ``<hr>``, shown before the next block
        self._is_first = True

    def flush(self) -> None:
        """Makes a block of the collected text."""
        if self.parts and (text := self._drain(is_pre=self._context.is_pre)):
            self._finish(text)

    def _finish(self, text: str) -> None:
        kind, indent, unit, _ = self._context
        if self._rule is not None and not self._is_first:
            edge = self._rule.indent
            self.finished.append(Block("* * *", BlockKind.OUTSIDE, self._gap, edge, edge))
            self._gap = max(self._rule.unit, unit)
        start = indent if self._start is None else self._start
        gap = 0 if self._is_first else self._gap
        self.finished.append(Block(text, kind, gap, start, indent))
        self._gap, self._start, self._is_first, self._rule = 0, None, False, None

    def _boundary(self) -> None:
        self.flush()
        self._gap = max(self._gap, self._context.unit)

    def _line(self) -> None:
        self.flush()
        self._gap = max(self._gap, 1)

    def _open(self, context: _Context, start: str = "") -> Leave:
        """Enters an element that changes how its content is read.

        Args:
            context: The context of its content.
            start: Added to the prefix of its first line.
        """
        self._boundary()
        leave = partial(self._close, self._context, self._counter, self._start)
        if start:
            before = self._context.indent if self._start is None else self._start
            self._start = f"{before}{start}" if len(before) < _MAX_INDENT_CHARS else before
        self._context = context
        return leave

    def _close(self, context: _Context, counter: ItemNumbers | None, start: str | None) -> None:
        self.flush()
        if self._start is not None:  # the element was empty
            self._start = start
        self._context, self._counter = context, counter
        self._gap = max(self._gap, context.unit)

    def _of_kind(self, kind: BlockKind) -> _Context:
        return self._context._replace(kind=max(kind, self._context.kind))

    # Blocks

    def block(self, _node: Node) -> Leave:
        """Enters an element that is separated from the text around it."""
        self._boundary()
        return self._boundary

    def line(self, _node: Node) -> Leave:
        """Enters an element that has a line of its own."""
        self._line()
        return self._line

    def heading(self, _node: Node) -> Leave:
        """Enters a heading."""
        return self._open(self._of_kind(BlockKind.HEADING))

    def outside(self, _node: Node) -> Leave:
        """Enters an element that is not part of the running text."""
        return self._open(self._of_kind(BlockKind.OUTSIDE))

    def quotation(self, _node: Node) -> Leave:
        """Enters ``<blockquote>``, whose lines begin with ``>`` as in mails."""
        return self._open(self._of_kind(BlockKind.QUOTED).deeper("> ", unit=2), "> ")

    def preformatted(self, _node: Node) -> Leave:
        """Enters an element whose white space is kept."""
        return self._open(self._context._replace(is_pre=True))

    def line_break(self, _node: Node) -> Leave:
        """Adds a line break for ``<br>``."""
        if self._context.is_pre:
            self.parts.append("\n")
        else:
            self._mark(marks.LINE)
        return skip

    def rule(self, _node: Node) -> Leave:
        """Records ``<hr>``, which is shown only between two blocks."""
        self._boundary()
        self._rule = self._context
        return skip

    # Lists and tables

    def bullets(self, _node: Node) -> Leave:
        """Enters ``<ul>``."""
        leave = self._open(self._of_kind(BlockKind.LISTED)._replace(unit=1))
        self._counter = None
        return leave

    def numbers(self, node: Node) -> Leave:
        """Enters ``<ol>``."""
        leave = self._open(self._of_kind(BlockKind.LISTED)._replace(unit=1))
        self._counter = ItemNumbers(node)
        return leave

    def item(self, node: Node) -> Leave:
        """Enters ``<li>``, whose other lines are indented to the text of the first."""
        label = _BULLET if self._counter is None else self._counter.label(node)
        return self._open(self._of_kind(BlockKind.LISTED).deeper(" " * len(label), unit=1), label)

    def terms(self, _node: Node) -> Leave:
        """Enters ``<dl>``."""
        return self._open(self._of_kind(BlockKind.LISTED)._replace(unit=1))

    def meaning(self, _node: Node) -> Leave:
        """Enters ``<dd>``."""
        return self._open(self._of_kind(BlockKind.LISTED).deeper(_DEEPER, unit=1), _DEEPER)

    def table(self, node: Node) -> Leave:
        """Writes each row on a line of its own. The cells of a layout table are running text."""
        rows = rows_of(node)
        if is_layout(rows):
            return self.block(node)
        leave = self._open(self._of_kind(BlockKind.OUTSIDE)._replace(unit=1))
        lines = [self._read_cell(each) for each in captions_of(node)]
        for line in lines + lines_of(rows, self._read_cell):
            self._line()
            if line.strip("|\t "):
                self._finish(line)
        leave()
        return skip


# Traversal: the blocks of a body in reading order.


def blocks_of(root: Node, *, language: str, is_summary: bool = False) -> Iterator[Block]:
    """Yields the readable text in *root* as blocks, in reading order.

    The blocks are made lazily: a caller that needs only the first does not pay for the others.

    Args:
        root: A tree of clean HTML, or a part of one.
        language: BCP 47 tag of the release; ``lang`` attributes in the HTML take precedence.
        is_summary: Whether to leave out alt texts and references to notes.
    """

    def read_cell(cell: Node) -> str:
        return line_of(blocks_of(cell, language=language, is_summary=is_summary))

    reader = BlockReader(language, is_summary=is_summary, read_cell=read_cell)
    parts, finished = reader.parts, reader.finished
    stack: list[tuple[Node | None, Leave | None]] = []
    node = root.first_child
    while True:
        while node is None:
            if not stack:
                reader.flush()
                yield from finished
                return
            node, leave = stack.pop()
            if leave is not None:
                leave()
        if finished:
            yield from finished
            finished.clear()
        tag = node.tag or ""
        if tag == TEXT:
            parts.append(node.text_content or "")
            node = node.next
            continue
        enter = _ENTER.get(tag)
        leave = None if enter is None else enter(reader, node)
        if leave is skip:
            node = node.next
        else:
            stack.append((node.next, leave))
            node = node.first_child


_Enter = Callable[[BlockReader, Node], Leave | None]

_TAGS_BY_ENTER: tuple[tuple[_Enter, str], ...] = (
    (
        BlockReader.block,
        """
        article center details dialog div fieldset form hgroup main menu optgroup p search section
        tbody td tfoot th thead
        """,
    ),
    (BlockReader.line, "dt option tr"),
    (BlockReader.heading, "h1 h2 h3 h4 h5 h6 legend summary"),
    (
        BlockReader.outside,
        "address aside audio caption figcaption figure footer header nav object video",
    ),
    (BlockReader.quotation, "blockquote"),
    (BlockReader.preformatted, "pre listing xmp"),
    (BlockReader.line_break, "br"),
    (BlockReader.rule, "hr"),
    (BlockReader.bullets, "ul dir"),
    (BlockReader.numbers, "ol"),
    (BlockReader.item, "li"),
    (BlockReader.terms, "dl"),
    (BlockReader.meaning, "dd"),
    (BlockReader.table, "table"),
    (BlockReader.raised, "sup"),
    (BlockReader.lowered, "sub"),
    (BlockReader.link, "a"),
    (BlockReader.quoted, "q"),
    (BlockReader.struck, "del s strike"),
    (BlockReader.picture, "img"),
    (BlockReader.reading, "rt"),
    (BlockReader.formula, "math"),
    (BlockReader.ignored, "-comment script style template head title datalist svg"),
)
_ENTER = {tag: enter for enter, tags in _TAGS_BY_ENTER for tag in tags.split()}


# The public functions: HTML to text on several lines, or on one.


def plain_text(html: str, *, language: str) -> str:
    """Returns *html* as text: blocks separated by blank lines, list items by line ends.

    Args:
        html: A fragment of clean HTML, as `feeds.ingest` produces it.
        language: BCP 47 tag of its text; decides the quotation marks.
    """
    written: list[str] = []
    before = ""
    for block in blocks_of(parse(html), language=language):
        written += (_gap(block, before), block.start)
        written.append(
            block.text.replace("\n", f"\n{block.indent}") if block.indent else block.text
        )
        before = block.indent
    return "".join(written)


def _gap(block: Block, before: str) -> str:
    """Returns the line ends before *block*; a blank line in a quotation gets the ``>`` prefix."""
    if block.gap < 2 or ">" not in block.indent:
        return "\n" * block.gap
    kept = 0
    while block.indent[kept : kept + 2] == before[kept : kept + 2] != "":
        kept += 2
    return f"\n{before[:kept].rstrip()}\n"


def one_line(html: str, *, language: str) -> str:
    """Returns *html* as text on one line.

    Args:
        html: As for `plain_text`.
        language: As for `plain_text`.
    """
    return line_of(blocks_of(parse(html), language=language))
