"""Tables as lines of text: whose cells are columns, and which are only there for the looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from feeds.html.tree import Node, attribute, children, text_of

#: Between the cells of a row. Unlike a tab it outlives readers that collapse white space, as JSON
#: Feed readers do when they make HTML of ``content_text``.
_BAR = " | "
#: In a table that has a bar in a cell. In a cell's text white space is collapsed: it has none.
_TAB = "\t"

#: HTML, 4.9.11: what a span may be at most. A rowspan ends with its rows.
_MAX_SPAN = 1000
#: A table whose empty places are more than this, and more than this times its cells, lies about
#: its spans; they count as one.
_MAX_EMPTY = 1000
_MAX_EMPTY_SHARE = 8

#: A cell of a table without headings that is longer holds prose: the table is there for the looks.
_MAX_CELL_CHARS = 400
#: Nor do these stand in a table of figures.
_NO_FIGURES = "table, h1, h2, h3, h4, h5, h6, blockquote, hr"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, and how many columns and rows it takes."""

    node: Node
    columns: int
    rows: int


def rows_of(table: Node) -> list[list[Cell]]:
    """The rows of *table*, each with its cells; those of tables inside of it are not among them."""
    return [[_cell(cell) for cell in _parts(row, _CELLS)] for row in _rows(table)]


def captions_of(table: Node) -> list[Node]:
    """The captions of *table*; more than one is a mistake, and none is lost by it."""
    return list(_parts(table, frozenset({"caption"})))


def is_layout(rows: list[list[Cell]]) -> bool:
    """True when the cells are no columns: read one after the other, they are running text."""
    if max(map(len, rows), default=0) < 2:
        return True
    cells = [cell.node for row in rows for cell in row]
    if any(cell.css_first(_NO_FIGURES) is not None for cell in cells):
        return True
    if any(cell.tag == "th" for cell in cells):
        return False
    return any(len(text_of(cell)) > _MAX_CELL_CHARS for cell in cells)


def lines_of(rows: list[list[Cell]], text: Callable[[Node], str]) -> list[str]:
    """The *rows* as lines, what stands in one column of the table in one column of each line.

    An empty cell stays an empty place. So do the places of a cell that spans several, after the
    first: said twice, a sum would be counted twice.
    """
    texts = [[text(cell.node) for cell in row] for row in rows]
    part = _TAB if any("|" in each for row in texts for each in row) else _BAR
    lines = []
    for row, places in zip(texts, _places(rows), strict=True):
        line: list[str] = []
        for cell, place in zip(row, places, strict=True):
            line += [""] * (place - len(line))
            line.append(cell)
        lines.append(part.join(line).strip(" "))
    return lines


def _places(rows: list[list[Cell]]) -> list[list[int]]:
    """The column of each cell, counting only columns in which some cell begins."""
    allowance = max(_MAX_EMPTY, _MAX_EMPTY_SHARE * sum(map(len, rows)))
    grid = _grid(rows, allowance)
    ranks = {column: rank for rank, column in enumerate(sorted({at for row in grid for at in row}))}
    places = [[ranks[column] for column in row] for row in grid]
    empty = sum(row[-1] + 1 - len(row) for row in places if row)
    return places if 0 < empty <= allowance else [list(range(len(row))) for row in rows]


def _grid(rows: list[list[Cell]], allowance: int) -> list[list[int]]:
    """The column in which each cell begins; nothing when more than *allowance* places are spanned.

    Source: HTML 4.9.12 "Forming a table".
    """
    taken: dict[int, int] = {}  # columns that cells of rows above reach into, and for how many rows
    grid = []
    for row in rows:
        allowance -= len(taken) + sum(cell.columns for cell in row if cell.rows > 1)
        if allowance < 0:
            return []
        columns = []
        below: dict[int, int] = {}
        column = 0
        for cell in row:
            while column in taken:
                column += 1
            columns.append(column)
            if cell.rows > 1:
                below |= dict.fromkeys(range(column, column + cell.columns), cell.rows)
            column += cell.columns
        grid.append(columns)
        taken = {at: left - 1 for at, left in (taken | below).items() if left > 1}
    return grid


def _rows(table: Node) -> Iterator[Node]:
    for part in children(table):
        if part.tag in {"thead", "tbody", "tfoot"}:
            yield from _parts(part, frozenset({"tr"}))
        elif part.tag == "tr":
            yield part


_CELLS = frozenset({"td", "th"})


def _parts(node: Node, tags: frozenset[str]) -> Iterator[Node]:
    return (child for child in children(node) if child.tag in tags)


def _cell(node: Node) -> Cell:
    return Cell(node, _span(attribute(node, "colspan")), _span(attribute(node, "rowspan")))


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 6
    return min(max(int(digits), 1), _MAX_SPAN) if is_number else 1
