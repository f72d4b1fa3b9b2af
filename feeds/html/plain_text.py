"""HTML as plain text, block by block or on one line: the only writer of plain text."""

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

# A body's text in pieces: paragraphs, items, rows.


class BlockKind(IntEnum):
    """What a block is to its body; what stands in several of these is the last of them."""

    RUNNING = 0  #: the body's own text
    LISTED = 1
    QUOTED = 2
    HEADING = 3
    OUTSIDE = 4  #: captions, tables, asides, and what frames a page


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that begins and ends a line. It is never empty."""

    text: str  #: its lines are parted by line feeds
    place: BlockKind
    gap: int  #: line feeds between it and what is before it
    start: str = ""  #: what its first line begins with: an indentation, an item's number or dash
    indent: str = ""  #: what its other lines begin with


def line_of(blocks: Iterable[Block]) -> str:
    """The text of *blocks* on one line; of what begins their lines only numbers are left."""
    return " ".join(filter(None, (_on_one_line(block) for block in blocks)))


def _on_one_line(block: Block) -> str:
    number = block.start.strip("-> ")
    text = " ".join(line.strip(" ") for line in block.text.split("\n"))
    return f"{number} {text}" if number else text


# The numbers of a list's items, as HTML's ``type`` has them: 3. c. C. iii. III.

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
#: CSS Counter Styles 3, 6.1 and 6.4: beyond, the numbers are decimal.
_MAX_ROMAN = 3999
_MAX_LETTERED = 10**6


def numeral(number: int, kind: str) -> str:
    """The *number* of an item.

    Args:
        number: Any; what a kind cannot say (no Roman zero) is decimal.
        kind: ``a``, ``A``, ``i`` or ``I``; anything else is decimal.
    """
    if kind in {"a", "A"} and 0 < number <= _MAX_LETTERED:
        letters = _letters(number)
    elif kind in {"i", "I"} and 0 < number <= _MAX_ROMAN:
        letters = _roman(number)
    else:
        return str(number)
    return letters.upper() if kind.isupper() else letters


def _letters(number: int) -> str:
    """Write *number* as a to z, aa, ab and so on."""
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
    """Numbers the items of a list, an ``<ol>``."""

    def __init__(self, node: Node) -> None:
        is_reversed = attribute(node, "reversed") is not None
        start = _whole_number(attribute(node, "start"))
        if start is None:
            start = sum(child.tag == "li" for child in children(node)) if is_reversed else 1
        self._next = start
        self._step = -1 if is_reversed else 1
        self._kind = attribute(node, "type") or ""

    def label(self, item: Node) -> str:
        """What the next *item* begins with."""
        value = _whole_number(attribute(item, "value"))
        number = self._next if value is None else value
        self._next = number + self._step
        return f"{numeral(number, self._kind)}. "


def _whole_number(value: str | None) -> int | None:
    """A number as HTML reads it, unless it is one that no list has."""
    found = re.match(r"\s*([+-]?[0-9]{1,9})(?![0-9])", value or "")
    return int(found[1]) if found else None


# What stands on lines of its own: paragraphs, lists, quotations, tables.

_BULLET = "- "
_DEEPER = "  "
#: Ten levels; what is nested deeper is not moved any further.
_MAX_INDENT_CHARS = 40


class _Around(NamedTuple):
    """What an element says of all that is in it."""

    place: BlockKind = BlockKind.RUNNING
    indent: str = ""
    unit: int = 2  #: line feeds between blocks
    is_pre: bool = False

    def deeper(self, by: str, *, unit: int) -> "_Around":
        """The same, further from the edge, as long as there is room."""
        indent = f"{self.indent}{by}"
        return self._replace(indent=indent[:_MAX_INDENT_CHARS], unit=unit)


class BlockReader(InlineReader):
    """Makes blocks of what stands on lines. One for each body."""

    def __init__(
        self, language: str, *, is_summary: bool, read_cell: Callable[[Node], str]
    ) -> None:
        super().__init__(language, is_summary=is_summary)
        self.finished: list[Block] = []
        self._read_cell = read_cell
        self._around = _Around()
        self._counter: ItemNumbers | None = None  # of the list; None for one without numbers
        self._gap = 0  # line feeds that are due before the next block
        self._start: str | None = None  # what the next block begins with, unless the indentation
        self._rule: _Around | None = None  # that is due before it
        self._is_first = True

    def flush(self) -> None:
        """Make a block of what was gathered."""
        if self.parts and (text := self._take(is_pre=self._around.is_pre)):
            self._finish(text)

    def _finish(self, text: str) -> None:
        place, indent, unit, _ = self._around
        if self._rule is not None and not self._is_first:
            edge = self._rule.indent
            self.finished.append(Block("* * *", BlockKind.OUTSIDE, self._gap, edge, edge))
            self._gap = max(self._rule.unit, unit)
        start = indent if self._start is None else self._start
        gap = 0 if self._is_first else self._gap
        self.finished.append(Block(text, place, gap, start, indent))
        self._gap, self._start, self._is_first, self._rule = 0, None, False, None

    def _boundary(self) -> None:
        self.flush()
        self._gap = max(self._gap, self._around.unit)

    def _line(self) -> None:
        self.flush()
        self._gap = max(self._gap, 1)

    def _open(self, around: _Around, start: str = "") -> Leave:
        """Enter an element that changes how what is in it is read.

        Args:
            around: How that is to be read.
            start: What the first line of it begins with, after what it begins with anyway.
        """
        self._boundary()
        leave = partial(self._close, self._around, self._counter, self._start)
        if start:
            before = self._around.indent if self._start is None else self._start
            self._start = f"{before}{start}" if len(before) < _MAX_INDENT_CHARS else before
        self._around = around
        return leave

    def _close(self, around: _Around, counter: ItemNumbers | None, start: str | None) -> None:
        self.flush()
        if self._start is not None:  # nothing was in it
            self._start = start
        self._around, self._counter = around, counter
        self._gap = max(self._gap, around.unit)

    def _in(self, place: BlockKind) -> _Around:
        return self._around._replace(place=max(place, self._around.place))

    # Blocks

    def block(self, _node: Node) -> Leave:
        """It stands apart from what is around it."""
        self._boundary()
        return self._boundary

    def line(self, _node: Node) -> Leave:
        """It has a line of its own."""
        self._line()
        return self._line

    def heading(self, _node: Node) -> Leave:
        """It tells of what follows."""
        return self._open(self._in(BlockKind.HEADING))

    def outside(self, _node: Node) -> Leave:
        """It is no part of the running text."""
        return self._open(self._in(BlockKind.OUTSIDE))

    def quotation(self, _node: Node) -> Leave:
        """``<blockquote>``, marked as in mails."""
        return self._open(self._in(BlockKind.QUOTED).deeper("> ", unit=2), "> ")

    def preformatted(self, _node: Node) -> Leave:
        """Its white space is what its author meant."""
        return self._open(self._around._replace(is_pre=True))

    def line_break(self, _node: Node) -> Leave:
        """``<br>``."""
        if self._around.is_pre:
            self.parts.append("\n")
        else:
            self._mark(marks.LINE)
        return skip

    def rule(self, _node: Node) -> Leave:
        """``<hr>``: shown where something stands before it, and behind it."""
        self._boundary()
        self._rule = self._around
        return skip

    # Lists and tables

    def bullets(self, _node: Node) -> Leave:
        """``<ul>``."""
        leave = self._open(self._in(BlockKind.LISTED)._replace(unit=1))
        self._counter = None
        return leave

    def numbers(self, node: Node) -> Leave:
        """``<ol>``."""
        leave = self._open(self._in(BlockKind.LISTED)._replace(unit=1))
        self._counter = ItemNumbers(node)
        return leave

    def item(self, node: Node) -> Leave:
        """``<li>``: what is in it stands below the text of its first line."""
        label = _BULLET if self._counter is None else self._counter.label(node)
        return self._open(self._in(BlockKind.LISTED).deeper(" " * len(label), unit=1), label)

    def terms(self, _node: Node) -> Leave:
        """``<dl>``."""
        return self._open(self._in(BlockKind.LISTED)._replace(unit=1))

    def meaning(self, _node: Node) -> Leave:
        """``<dd>``."""
        return self._open(self._in(BlockKind.LISTED).deeper(_DEEPER, unit=1), _DEEPER)

    def table(self, node: Node) -> Leave:
        """Rows, each on a line of its own; but the cells of a layout are running text."""
        rows = rows_of(node)
        if is_layout(rows):
            return self.block(node)
        leave = self._open(self._in(BlockKind.OUTSIDE)._replace(unit=1))
        lines = [self._read_cell(each) for each in captions_of(node)]
        for line in lines + lines_of(rows, self._read_cell):
            self._line()
            if line.strip("|\t "):
                self._finish(line)
        leave()
        return skip


# A body's text, block by block, in the order in which it is read.


def blocks_of(root: Node, *, language: str, is_summary: bool = False) -> Iterator[Block]:
    """All that a person reads in *root*, in the order of reading.

    The blocks are made one by one: whoever needs only the first does not pay for the others.

    Args:
        root: A tree of clean HTML, or a part of one.
        language: Of the release, BCP 47; what its HTML says of a part of it comes first.
        is_summary: Leave out the words that stand for pictures, and the marks of notes.
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
    (BlockReader.unread, "-comment script style template head title datalist svg"),
)
_ENTER = {tag: enter for enter, tags in _TAGS_BY_ENTER for tag in tags.split()}


# HTML for those who show none: the one writer of plain text, on many lines or on one.


def plain_text(html: str, *, language: str) -> str:
    """*Html* as text on lines: blocks parted by a blank line, items by a line's end.

    Args:
        html: A fragment of clean HTML, as `feeds.ingest` leaves it.
        language: Of what it says, BCP 47: its quotations are marked accordingly.
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
    """The line ends before *block*; in a quotation, the empty line is a part of that."""
    if block.gap < 2 or ">" not in block.indent:
        return "\n" * block.gap
    kept = 0
    while block.indent[kept : kept + 2] == before[kept : kept + 2] != "":
        kept += 2
    return f"\n{before[:kept].rstrip()}\n"


def one_line(html: str, *, language: str) -> str:
    """*Html* as text on one line.

    Args:
        html: As `plain_text` takes it.
        language: As there.
    """
    return line_of(blocks_of(parse(html), language=language))
