"""Tables as lines of text: tells data tables from layout tables, and aligns cells in columns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from feeds.html.tree import Node, attribute, children, text_of

#: Separates the cells of a row. Unlike a tab it survives readers that collapse white space, as JSON
#: Feed readers do when they make HTML of ``content_text``.
_BAR = " | "
#: Separates cells where one of them contains a bar. It occurs in no cell: their white space is
#: collapsed.
_TAB = "\t"

#: Largest span (HTML 4.9.11). A rowspan also ends with its row group.
_MAX_SPAN = 1000
#: A table whose spans leave more empty positions than this, and more than this many times its
#: number of cells, has wrong spans; each span then counts as one.
_MAX_EMPTY = 1000
_MAX_EMPTY_SHARE = 8

#: In a table without headings a longer cell holds prose: the table is there for layout.
_MAX_CELL_CHARS = 400
#: Elements that do not occur in a data table.
_NOT_IN_DATA_TABLE = "table, h1, h2, h3, h4, h5, h6, blockquote, hr"


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell, with the number of columns and rows that it spans."""

    node: Node
    columns: int
    rows: int


def rows_of(table: Node) -> list[list[Cell]]:
    """Returns the rows of *table* as lists of cells, without those of nested tables."""
    return [[_cell(cell) for cell in _children_named(row, _CELLS)] for row in _rows(table)]


def captions_of(table: Node) -> list[Node]:
    """Returns the captions of *table*. More than one is an error in the source; all are kept."""
    return list(_children_named(table, frozenset({"caption"})))


def is_layout(rows: list[list[Cell]]) -> bool:
    """Whether the table is only a layout: its cells, read one after the other, are running text."""
    if max(map(len, rows), default=0) < 2:
        return True
    cells = [cell.node for row in rows for cell in row]
    if any(cell.css_first(_NOT_IN_DATA_TABLE) is not None for cell in cells):
        return True
    if any(cell.tag == "th" for cell in cells):
        return False
    return any(len(text_of(cell)) > _MAX_CELL_CHARS for cell in cells)


def lines_of(rows: list[list[Cell]], text: Callable[[Node], str]) -> list[str]:
    """Returns the *rows* as lines in which the cells of one column stand in one position.

    An empty cell leaves its position empty. So do the other positions of a cell that spans several:
    repeated, its value would be counted twice in a sum.
    """
    texts = [[text(cell.node) for cell in row] for row in rows]
    separator = _TAB if any("|" in each for row in texts for each in row) else _BAR
    lines = []
    for row, columns in zip(texts, _columns(rows), strict=True):
        line: list[str] = []
        for cell, column in zip(row, columns, strict=True):
            line += [""] * (column - len(line))
            line.append(cell)
        lines.append(separator.join(line).strip(" "))
    return lines


def _columns(rows: list[list[Cell]]) -> list[list[int]]:
    """Returns the column of each cell, counting only columns in which some cell begins."""
    allowance = max(_MAX_EMPTY, _MAX_EMPTY_SHARE * sum(map(len, rows)))
    grid = _grid(rows, allowance)
    ranks = {column: rank for rank, column in enumerate(sorted({at for row in grid for at in row}))}
    columns = [[ranks[column] for column in row] for row in grid]
    empty = sum(row[-1] + 1 - len(row) for row in columns if row)
    return columns if 0 < empty <= allowance else [list(range(len(row))) for row in rows]


def _grid(rows: list[list[Cell]], allowance: int) -> list[list[int]]:
    """Returns the column in which each cell begins.

    Empty when more than *allowance* positions are spanned. Source: HTML 4.9.12 "Forming a table".
    """
    occupied: dict[int, int] = {}  # columns occupied by cells of rows above -> number of rows left
    grid = []
    for row in rows:
        allowance -= len(occupied) + sum(cell.columns for cell in row if cell.rows > 1)
        if allowance < 0:
            return []
        columns = []
        below: dict[int, int] = {}
        column = 0
        for cell in row:
            while column in occupied:
                column += 1
            columns.append(column)
            if cell.rows > 1:
                below |= dict.fromkeys(range(column, column + cell.columns), cell.rows)
            column += cell.columns
        grid.append(columns)
        occupied = {at: left - 1 for at, left in (occupied | below).items() if left > 1}
    return grid


def _rows(table: Node) -> Iterator[Node]:
    for child in children(table):
        if child.tag in {"thead", "tbody", "tfoot"}:
            yield from _children_named(child, frozenset({"tr"}))
        elif child.tag == "tr":
            yield child


_CELLS = frozenset({"td", "th"})


def _children_named(node: Node, tags: frozenset[str]) -> Iterator[Node]:
    return (child for child in children(node) if child.tag in tags)


def _cell(node: Node) -> Cell:
    return Cell(node, _span(attribute(node, "colspan")), _span(attribute(node, "rowspan")))


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 6
    return min(max(int(digits), 1), _MAX_SPAN) if is_number else 1
