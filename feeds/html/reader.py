"""What stands on lines of its own: paragraphs, lists, quotations, tables."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from feeds.html import marks
from feeds.html.blocks import Block, Place
from feeds.html.inline import InlineReader, Leave, skip
from feeds.html.numbering import Counter
from feeds.html.tables import captions_of, is_layout, lines_of, rows_of
from feeds.html.tree import Node

_BULLET = "- "
_DEEPER = "  "
#: Ten levels; what is nested deeper is not moved any further.
_MAX_INDENT_CHARS = 40


class _Around(NamedTuple):
    """What an element says of all that is in it."""

    place: Place = Place.RUNNING
    indent: str = ""
    unit: int = 2  #: line feeds between blocks
    is_pre: bool = False

    def deeper(self, by: str, *, unit: int) -> "_Around":
        """The same, further from the edge, as long as there is room."""
        indent = f"{self.indent}{by}"
        return self._replace(indent=indent[:_MAX_INDENT_CHARS], unit=unit)


class Reader(InlineReader):
    """Makes blocks of what stands on lines. One for each body."""

    def __init__(
        self, language: str, *, is_summary: bool, read_cell: Callable[[Node], str]
    ) -> None:
        super().__init__(language, is_summary=is_summary)
        self.finished: list[Block] = []
        self._read_cell = read_cell
        self._around = _Around()
        self._counter: Counter | None = None  # of the list; None for one without numbers
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
            self.finished.append(Block("* * *", Place.OUTSIDE, self._gap, edge, edge))
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

    def _close(self, around: _Around, counter: Counter | None, start: str | None) -> None:
        self.flush()
        if self._start is not None:  # nothing was in it
            self._start = start
        self._around, self._counter = around, counter
        self._gap = max(self._gap, around.unit)

    def _in(self, place: Place) -> _Around:
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
        return self._open(self._in(Place.HEADING))

    def outside(self, _node: Node) -> Leave:
        """It is no part of the running text."""
        return self._open(self._in(Place.OUTSIDE))

    def quotation(self, _node: Node) -> Leave:
        """``<blockquote>``, marked as in mails."""
        return self._open(self._in(Place.QUOTED).deeper("> ", unit=2), "> ")

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
        leave = self._open(self._in(Place.LISTED)._replace(unit=1))
        self._counter = None
        return leave

    def numbers(self, node: Node) -> Leave:
        """``<ol>``."""
        leave = self._open(self._in(Place.LISTED)._replace(unit=1))
        self._counter = Counter(node)
        return leave

    def item(self, node: Node) -> Leave:
        """``<li>``: what is in it stands below the text of its first line."""
        label = _BULLET if self._counter is None else self._counter.label(node)
        return self._open(self._in(Place.LISTED).deeper(" " * len(label), unit=1), label)

    def terms(self, _node: Node) -> Leave:
        """``<dl>``."""
        return self._open(self._in(Place.LISTED)._replace(unit=1))

    def meaning(self, _node: Node) -> Leave:
        """``<dd>``."""
        return self._open(self._in(Place.LISTED).deeper(_DEEPER, unit=1), _DEEPER)

    def table(self, node: Node) -> Leave:
        """Rows, each on a line of its own; but the cells of a layout are running text."""
        rows = rows_of(node)
        if is_layout(rows):
            return self.block(node)
        leave = self._open(self._in(Place.OUTSIDE)._replace(unit=1))
        lines = [self._read_cell(each) for each in captions_of(node)]
        for line in lines + lines_of(rows, self._read_cell):
            self._line()
            if line.strip("|\t "):
                self._finish(line)
        leave()
        return skip
